//! The cases of `kitex/README.md`, in its order.

mod failures;
mod headers;
mod methods;
mod mux;
mod retries;
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
    ($($name:literal, $module:ident::$run:ident, $holds:expr;)*) => {
        [$(Case {
            name: $name,
            holds: $holds,
            run: |trial| Box::pin($module::$run(trial)),
        }),*]
    };
}

static CASES: [Case; 31] = cases! {
    "all_types", types::all_types, always;
    "all_empty", types::all_empty, always;
    "all_extreme", types::all_extreme, always;
    "keys", types::keys, always;
    "base_types", types::base_types, always;
    "containers", types::containers, always;
    "options", types::options, always;
    "union", types::union, always;
    "enum", types::enums, always;
    "recursive", types::recursive, always;
    "big", types::big, always;
    "several_arguments", methods::several_arguments, always;
    "void", methods::void, always;
    "oneway", methods::oneway, always;
    "extends", methods::extends, always;
    "routing", methods::routing, Setting::named;
    "routing_unnamed", methods::routing_unnamed, |setting| !setting.named();
    "exception", failures::exception, always;
    "exception_void", failures::exception_void, always;
    "error", failures::error, always;
    "panic", failures::panic, always;
    "status", failures::status, always;
    "unknown_method", failures::unknown_method, always;
    "unknown_service", failures::unknown_service, always;
    "metadata", headers::metadata, Setting::named;
    "deadline_sent", headers::deadline_sent, Setting::named;
    "deadline_passes", headers::deadline_passes, always;
    "metadata_relayed", headers::metadata_relayed, |setting| setting.relayed;
    "deadline_relayed", headers::deadline_relayed, |setting| setting.relayed;
    "mux_many", mux::mux_many, |setting| setting.mux;
    "mux_out_of_order", mux::mux_out_of_order, |setting| setting.mux && !setting.in_order;
};

/// The case for servers that write wrong checksums.
static TAMPERED: [Case; 1] = cases! { "crc_wrong_answer", failures::crc_wrong_answer, always; };

/// The cases for two hops whose middle makes calls again.
static RETRYING: [Case; 5] = cases! {
    "retry_seen", retries::retry_seen, always;
    "retry_relayed", retries::retry_relayed, always;
    "chain_stop", retries::chain_stop, always;
    "chain_stop_backup", retries::chain_stop_backup, always;
    "deadline_over_attempts", retries::deadline_over_attempts, always;
};

fn always(_: &Setting) -> bool {
    true
}

/// The cases of a setting: `all`, or some by name. Errors at a name that is none of this setting's.
pub(crate) fn chosen(names: &str, setting: &Setting) -> Result<Vec<&'static Case>, String> {
    let list: &'static [Case] = match setting {
        Setting { tamper: true, .. } => &TAMPERED,
        Setting { retrying: true, .. } => &RETRYING,
        _ => &CASES,
    };
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
