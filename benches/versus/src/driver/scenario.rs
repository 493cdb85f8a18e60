//! The rows there are, and which are run.

use anyhow::{bail, ensure};
use clap::ValueEnum;

use super::{Options, targets};
use crate::options::{Mode, Pinning};

const PAYLOADS: [usize; 3] = [128, 1024, 16384];
const CALLERS: [usize; 4] = [1, 50, 100, 200];
const GROUPS: [&str; 4] = ["pooled", "mux", "one-caller", IDLE];
const IDLE: &str = "idle";

/// One row of the table, for every contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) mode: Mode,
    pub(super) payload: usize,
    pub(super) callers: usize,
    pub(super) pinning: Pinning,
}

/// Run besides the rows with a target: how payload and callers bend the curve.
const BESIDES: [Scenario; 5] = [
    row(Mode::Pooled, 128, 100, Pinning::One),
    row(Mode::Pooled, 16384, 100, Pinning::One),
    row(Mode::Pooled, 1024, 200, Pinning::One),
    row(Mode::Mux, 1024, 100, Pinning::One),
    row(Mode::Mux, 128, 1, Pinning::One),
];

pub(super) const fn row(mode: Mode, payload: usize, callers: usize, pinning: Pinning) -> Scenario {
    Scenario { mode, payload, callers, pinning }
}

impl Scenario {
    /// Returns what `--only` calls this row.
    pub(super) fn name(self) -> String {
        format!("{}-{}-{}-{}", self.mode, self.payload, self.callers, self.pinning)
    }

    fn group(self) -> &'static str {
        match (self.callers, self.mode) {
            (1, _) => "one-caller",
            (_, Mode::Pooled) => "pooled",
            (_, Mode::Mux) => "mux",
        }
    }
}

/// Returns whether idle connections are to be measured.
pub(super) fn includes_idle(options: &Options) -> bool {
    let narrowed = !options.mode.is_empty() || chooses_from_every_row(options);
    if options.only.is_empty() { !narrowed } else { options.only.iter().any(|only| only == IDLE) }
}

/// Returns the rows that the options ask for, in a fixed order.
pub(super) fn choose(options: &Options) -> anyhow::Result<Vec<Scenario>> {
    let names: Vec<_> = every_row().map(Scenario::name).collect();
    let known = |only: &&String| GROUPS.contains(&only.as_str()) || names.contains(only);
    if let Some(unknown) = options.only.iter().find(|only| !known(only)) {
        bail!("--only {unknown}: there are the groups {} and rows such as {}", GROUPS.join(", "), names[0]);
    }
    let chosen: Vec<_> = every_row().filter(|scenario| is_chosen(*scenario, options)).collect();
    ensure!(!chosen.is_empty() || includes_idle(options), "no row is left: there are {}", names.join(", "));
    Ok(chosen)
}

fn every_row() -> impl Iterator<Item = Scenario> {
    let modes = Mode::value_variants().iter();
    modes.flat_map(|mode| {
        let payloads = PAYLOADS.into_iter();
        payloads.flat_map(move |payload| {
            let pinnings = Pinning::value_variants().iter();
            pinnings.flat_map(move |pinning| CALLERS.map(|callers| row(*mode, payload, callers, *pinning)))
        })
    })
}

fn is_chosen(scenario: Scenario, options: &Options) -> bool {
    let name = scenario.name();
    let named = options.only.contains(&name);
    let grouped = options.only.is_empty() || options.only.iter().any(|only| only == scenario.group());
    let usual = match (options.quick, options.full || chooses_from_every_row(options)) {
        (_, true) => true,
        (true, _) => targets::has(scenario),
        (false, _) => targets::has(scenario) || BESIDES.contains(&scenario),
    };
    named
        || grouped
            && usual
            && matches(&options.mode, &scenario.mode)
            && matches(&options.payload, &scenario.payload)
            && matches(&options.callers, &scenario.callers)
            && matches(&options.pinning, &scenario.pinning)
}

fn chooses_from_every_row(options: &Options) -> bool {
    !(options.payload.is_empty() && options.callers.is_empty() && options.pinning.is_empty())
}

fn matches<T: PartialEq>(wanted: &[T], value: &T) -> bool {
    wanted.is_empty() || wanted.contains(value)
}
