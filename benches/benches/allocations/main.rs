//! What a call costs in allocations, copies and system calls, on either side: `cargo bench -p benches --bench allocations`.
//!
//! An echo of 128 bytes over TCP, with TTHeader, a deadline, metadata and names, as in production. Both sides have a thread
//! with a runtime of its own, and take turns, so that the same happens in every run: the figures are counts, and one that is
//! over its target ends this with an error. How often both sides read, write and wait when they run as they like is printed
//! for comparison.
//!
//! `bytes` are those of the allocations. `copied` is all that goes through `memcpy`, values that move included; `each byte` is
//! how often a byte of the text is copied, told by what a longer text costs more. `-- --places` prints where both are done.
//!
//! The rows `+ suite` are the same with `Suite::standard()` on both sides; those that are `observed`, besides, with a recorder
//! installed and spans exported of which 1 % is kept. What the exporter does for a batch of them is not among the figures.
//!
//! Needs Linux and glibc.

mod counts;
mod heap;
mod places;
mod scene;
mod side;
mod system;
mod table;
mod telemetry;

use std::process::ExitCode;

use scene::{Case, Costs, Scene, held_while_idle};
use table::Table;

/// Bytes of the text that is echoed.
const TEXT: usize = 128;

/// Bytes of a longer one: by the difference shows how often each byte of a text is copied.
const LONGER: usize = 256;

/// Connections of which the last many show what each takes.
const IDLE: (u64, u64) = (50, 250);

/// A scene's name, how many call in it, whether they share a connection, and reads and writes that a call may cost a side.
const SCENES: [(&str, u64, bool, f64); 3] =
    [("pooled", 1, false, 2.0), ("pooled", 100, false, 2.0), ("multiplexed", 100, true, 0.2)];

fn main() -> ExitCode {
    let places = std::env::args().any(|argument| argument == "--places");
    let mut table = Table::new();
    let mut alone = Vec::new();
    for (name, callers, multiplexed, calls) in SCENES {
        let [bare, layered] = [false, true].map(|suite| {
            let name = format!("{name}{}, callers: {callers}", if suite { " + suite" } else { "" });
            measure(&mut table, &name, Case { callers, multiplexed, suite, text: TEXT }, calls, places)
        });
        table.suite("the suite", &bare, &layered);
        alone.push(bare);
    }
    let held = held_while_idle(IDLE.1) - held_while_idle(IDLE.0);
    telemetry::begin();
    // Of few calls, how many are kept is a matter of luck.
    for ((name, callers, multiplexed, calls), bare) in
        SCENES.into_iter().zip(alone).filter(|(scene, _)| scene.1 > 1)
    {
        let name = format!("{name} + suite, observed, callers: {callers}");
        let case = Case { callers, multiplexed, suite: true, text: TEXT };
        // What the exporter reads and writes now and then is among the system calls of the process.
        let observed = measure(&mut table, &name, case, calls + 0.1, places);
        table.suite("the suite with telemetry", &bare, &observed);
    }
    table.idle(held as f64 / (IDLE.1 - IDLE.0) as f64);
    table.end()
}

/// Prints what calls cost.
fn measure(table: &mut Table, name: &str, case: Case, calls: f64, places: bool) -> Costs {
    let scene = Scene::of(case);
    let costs = scene.in_turns();
    let longer = Scene::of(Case { text: LONGER, ..case }).in_turns();
    table.costs(name, &costs, &longer, calls);
    if places {
        table.places(name, scene.places());
    }
    table.freely(name, &scene.freely());
    costs
}
