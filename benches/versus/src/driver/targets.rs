//! What the project promises against its rivals.

use super::scenario::{Scenario, row};
use crate::options::{Mode, Pinning};

/// Calls per second of one stack as a multiple of another's, in one row.
pub(super) struct Target {
    pub(super) scenario: Scenario,
    pub(super) stack: &'static str,
    pub(super) rival: &'static str,
    pub(super) least: f64,
}

const POOLED_ONE: Scenario = row(Mode::Pooled, 1024, 100, Pinning::One);
const POOLED_TWO: Scenario = row(Mode::Pooled, 1024, 100, Pinning::Two);
const POOLED_FREE: Scenario = row(Mode::Pooled, 1024, 100, Pinning::Free);
const MUX_ONE: Scenario = row(Mode::Mux, 128, 100, Pinning::One);
const MUX_TWO: Scenario = row(Mode::Mux, 128, 100, Pinning::Two);
const POOLED_SMALL: Scenario = row(Mode::Pooled, 128, 100, Pinning::One);
const ONE_CALLER: Scenario = row(Mode::Pooled, 1024, 1, Pinning::One);

/// Every promise about calls per second.
pub(super) const TARGETS: [Target; 10] = [
    target(POOLED_ONE, "volo", 2.3),
    target(POOLED_ONE, "raw", 0.62),
    target(POOLED_TWO, "volo", 1.6),
    target(POOLED_TWO, "raw", 0.75),
    target(POOLED_FREE, "volo", 1.5),
    target(MUX_ONE, "volo", 8.0),
    target(MUX_TWO, "volo", 4.0),
    target(ONE_CALLER, "raw", 0.70),
    standard(POOLED_ONE, 0.92),
    standard(POOLED_SMALL, 0.92),
];

/// The most CPU time that the standard suite and its observation may add to a multiplexed call, in µs, both ends together.
pub(super) const STANDARD_CPU_US: (Scenario, f64) = (MUX_ONE, 0.5);

/// The most that a server with 10 000 used, idle connections may have in memory, in bytes.
pub(super) const IDLE_BYTES: u64 = 40_000_000;

const fn target(scenario: Scenario, rival: &'static str, least: f64) -> Target {
    Target { scenario, stack: "kitex", rival, least }
}

const fn standard(scenario: Scenario, least: f64) -> Target {
    Target { scenario, stack: "kitex-standard", rival: "kitex", least }
}

/// Returns whether a row has a target.
pub(super) fn has(scenario: Scenario) -> bool {
    TARGETS.iter().any(|target| target.scenario == scenario)
}

/// Returns the least that this ratio should be, if anything is promised about it.
pub(super) fn least(scenario: Scenario, stack: &str, rival: &str) -> Option<f64> {
    let same =
        |target: &&Target| target.scenario == scenario && target.stack == stack && target.rival == rival;
    TARGETS.iter().find(same).map(|target| target.least)
}
