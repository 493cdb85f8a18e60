//! Runs the stacks against each other and reports.

mod collector;
mod contender;
mod idle;
mod processes;
mod report;
mod results;
mod scenario;
mod targets;
mod wire;

use anyhow::{Context, ensure};
use clap::Args;

use crate::options::{Mode, Pinning};
use contender::Contender;
use results::Table;
use scenario::Scenario;

/// The options of `run`.
#[derive(Args)]
pub(crate) struct Options {
    /// Only the rows that have a target, 3 rounds of 1 s; for a first look.
    #[arg(long)]
    quick: bool,
    /// Every payload, number of callers, mode and pinning.
    #[arg(long, conflicts_with = "quick")]
    full: bool,
    /// A group (pooled, mux, one-caller, idle) or one row (mode-payload-callers-pinning).
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The stacks to run; volo-best is Volo's further row.
    #[arg(long, value_delimiter = ',')]
    stack: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    mode: Vec<Mode>,
    /// Bytes of the echoed string; chooses from every row.
    #[arg(long, value_delimiter = ',')]
    payload: Vec<usize>,
    /// Concurrent callers; chooses from every row.
    #[arg(long, value_delimiter = ',')]
    callers: Vec<usize>,
    /// Where the processes run; chooses from every row.
    #[arg(long, value_delimiter = ',')]
    pinning: Vec<Pinning>,
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds measured in each round.
    #[arg(long)]
    seconds: Option<f64>,
    /// Seconds of load before what is measured, in each round.
    #[arg(long)]
    warm_up: Option<f64>,
    /// Builds every stack with mimalloc instead of the system's allocator (handled by the run script).
    #[arg(long)]
    mimalloc: bool,
}

/// How often and how long each row is measured.
#[derive(Clone, Copy)]
struct Pace {
    rounds: usize,
    seconds: f64,
    warm_up: f64,
}

impl Pace {
    fn of(options: &Options) -> Self {
        let (rounds, seconds, warm_up) = if options.quick { (3, 1.0, 0.3) } else { (5, 2.0, 1.0) };
        Self {
            rounds: options.rounds.unwrap_or(rounds).max(1),
            seconds: options.seconds.unwrap_or(seconds),
            warm_up: options.warm_up.unwrap_or(warm_up),
        }
    }
}

/// Measures what the options ask for, prints the tables and writes the results.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(
        options.mimalloc == cfg!(feature = "mimalloc"),
        "start this through benches/versus/run, which builds for --mimalloc"
    );
    let contenders = contender::choose(options)?;
    let scenarios = scenario::choose(options)?;
    let pace = Pace::of(options);
    report::heading(pace, options.mimalloc);
    let wire = wire::measure(&contenders)?;
    report::wire(&wire);
    let mut tables = Vec::new();
    for scenario in scenarios {
        let table = measure(scenario, &contenders, pace, &wire)?;
        report::table(&table);
        tables.push(table);
        // Written after each table, so that a run that is broken off leaves what it has.
        results::write(&tables)?;
    }
    if scenario::includes_idle(options) {
        report::idle(&idle::measure(&contenders)?);
    }
    report::limits(&contenders);
    report::targets(&tables);
    let void = tables.iter().map(Table::void_rows).sum::<usize>();
    ensure!(void == 0, "{void} rows are void, for the reason that stands beneath each");
    Ok(())
}

/// Measures all contenders in turn, round by round, each in fresh processes.
fn measure(
    scenario: Scenario,
    contenders: &[Contender],
    pace: Pace,
    wire: &wire::Sizes,
) -> anyhow::Result<Table> {
    let mut table = Table::new(scenario, contenders);
    for round in 0..pace.rounds {
        // Another contender begins each round, so that none always runs on a warmer machine.
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            let measurement = processes::measure(&contenders[index], scenario, pace, wire)
                .with_context(|| format!("{} in {}", contenders[index].name, scenario.name()))?;
            table.rows[index].rounds.push(measurement);
        }
    }
    Ok(table)
}
