//! The cases of `kitex/README.md`, in its order.

mod failures;
mod headers;
mod methods;
mod mux;
mod types;

use std::pin::Pin;

use crate::session::Setting;
use crate::trial::{Checked, Trial};

/// One row of the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The settings that the case is meant for.
    holds: fn(&Setting) -> bool,
    pub(crate) run: for<'t> fn(&'t mut Trial<'_>) -> Pin<Box<dyn Future<Output = Checked> + 't>>,
}

macro_rules! cases {
    ($($module:ident::$name:ident, $holds:expr;)*) => {
        [$(Case {
            name: stringify!($name),
            holds: $holds,
            run: |trial| Box::pin($module::$name(trial)),
        }),*]
    };
}

static CASES: [Case; 31] = cases! {
    types::all_types, always;
    types::all_empty, always;
    types::all_extreme, always;
    types::keys, always;
    types::base_types, always;
    types::containers, always;
    types::options, always;
    types::union, always;
    types::r#enum, always;
    types::recursive, always;
    types::big, always;
    methods::several_arguments, always;
    methods::void, always;
    methods::oneway, always;
    methods::extends, always;
    methods::routing, Setting::named;
    methods::routing_unnamed, |setting| !setting.named();
    failures::exception, always;
    failures::exception_void, always;
    failures::error, always;
    failures::panic, always;
    failures::status, always;
    failures::unknown_method, always;
    failures::unknown_service, always;
    headers::metadata, Setting::named;
    headers::deadline_sent, Setting::named;
    headers::deadline_passes, always;
    headers::metadata_relayed, |setting| setting.relayed;
    headers::deadline_relayed, |setting| setting.relayed;
    mux::mux_many, |setting| setting.mux;
    mux::mux_out_of_order, |setting| setting.mux && !setting.in_order;
};

/// The case for servers that write wrong checksums.
static TAMPERED: [Case; 1] = cases! { failures::crc_wrong_answer, always; };

fn always(_: &Setting) -> bool {
    true
}

/// The cases of a setting: `all`, or some by name. Errors at a name that is none of this setting's.
pub(crate) fn chosen(names: &str, setting: &Setting) -> Result<Vec<&'static Case>, String> {
    let list: &'static [Case] = if setting.tamper { &TAMPERED } else { &CASES };
    let all: Vec<_> = list.iter().filter(|case| (case.holds)(setting)).collect();
    if names == "all" {
        return Ok(all);
    }
    let find = |name| {
        let found = all.iter().find(|case| case.name == name);
        found.copied().ok_or_else(|| format!("case {name} is none of this setting's"))
    };
    names.split(',').map(find).collect()
}
