//! What was measured, and the files it is written to.

use std::{fs, path::Path};

use anyhow::Context;
use serde::Serialize;

use super::{contender::Contender, scenario::Scenario};
use crate::{
    load::Measurement,
    options::{Mode, Pinning},
};

/// All contenders in one row, round by round.
pub(super) struct Table {
    pub(super) scenario: Scenario,
    pub(super) rows: Vec<Row>,
}

/// One contender's rounds.
pub(super) struct Row {
    pub(super) contender: Contender,
    pub(super) rounds: Vec<Measurement>,
}

/// A median and how far the rounds lay apart.
#[derive(Clone, Copy)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Spread {
    /// Returns the spread of these values; `None` if there are none.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let median = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
        Some(Self { median, least, most })
    }
}

impl Table {
    pub(super) fn new(scenario: Scenario, contenders: &[Contender]) -> Self {
        let rows = contenders.iter().cloned().map(|contender| Row { contender, rounds: Vec::new() });
        Self { scenario, rows: rows.collect() }
    }

    /// Returns how many rows an error has made worthless.
    pub(super) fn void_rows(&self) -> usize {
        self.rows.iter().filter(|row| row.errors() > 0).count()
    }

    /// Returns one stack's calls per second as multiples of another's, round by round.
    pub(super) fn ratio(&self, stack: &str, rival: &str) -> Option<Spread> {
        let row = |name| self.rows.iter().find(|row| row.contender.name == name && row.errors() == 0);
        let rounds = row(stack)?.rounds.iter().zip(&row(rival)?.rounds);
        Spread::of(rounds.map(|(ours, theirs)| ours.calls_per_s / theirs.calls_per_s))
    }

    /// Returns how much more CPU time one stack takes for a call than another, both ends together, round by round, in µs.
    pub(super) fn cpu_above(&self, stack: &str, other: &str) -> Option<Spread> {
        let row = |name| self.rows.iter().find(|row| row.contender.name == name && row.errors() == 0);
        let rounds = row(stack)?.rounds.iter().zip(&row(other)?.rounds);
        let cost = |round: &Measurement| round.server_cpu_us + round.client_cpu_us;
        Spread::of(rounds.map(|(ours, theirs)| cost(ours) - cost(theirs)))
    }
}

impl Row {
    pub(super) fn errors(&self) -> u64 {
        self.rounds.iter().map(|round| round.errors).sum()
    }

    pub(super) fn median(&self, figure: impl Fn(&Measurement) -> f64) -> f64 {
        Spread::of(self.rounds.iter().map(figure)).map_or(0.0, |spread| spread.median)
    }
}

#[derive(Serialize)]
struct Document {
    rows: Vec<Record>,
}

#[derive(Serialize)]
struct Record {
    stack: &'static str,
    mode: Mode,
    payload: usize,
    callers: usize,
    pinning: Pinning,
    calls_per_s: f64,
    p50_us: f64,
    p99_us: f64,
    server_cpu_us: f64,
    client_cpu_us: f64,
    errors: u64,
}

impl Record {
    fn of(scenario: Scenario, row: &Row) -> Self {
        let Scenario { mode, payload, callers, pinning } = scenario;
        Self {
            stack: row.contender.name,
            mode,
            payload,
            callers,
            pinning,
            calls_per_s: rounded(row.median(|round| round.calls_per_s)),
            p50_us: rounded(row.median(|round| round.p50_us)),
            p99_us: rounded(row.median(|round| round.p99_us)),
            server_cpu_us: rounded(row.median(|round| round.server_cpu_us)),
            client_cpu_us: rounded(row.median(|round| round.client_cpu_us)),
            errors: row.errors(),
        }
    }
}

/// Three decimals: a nanosecond is beyond what is measured.
fn rounded(figure: f64) -> f64 {
    (figure * 1_000.0).round() / 1_000.0
}

/// Writes the compared rows to `target/versus.json` at the root of the repository, and every round of
/// every row, further ones too, to `target/versus-rounds.json`.
pub(super) fn write(tables: &[Table]) -> anyhow::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    let compared = |row: &&Row| !row.contender.further;
    let records = |table: &Table| -> Vec<Record> {
        table.rows.iter().filter(compared).map(|row| Record::of(table.scenario, row)).collect()
    };
    let document = Document { rows: tables.iter().flat_map(records).collect() };
    fs::write(directory.join("versus.json"), serde_json::to_vec(&document)?)?;
    let rounds: Vec<_> = tables.iter().flat_map(rounds).collect();
    fs::write(directory.join("versus-rounds.json"), serde_json::to_vec(&rounds)?)?;
    Ok(())
}

#[derive(Serialize)]
struct Round<'a> {
    row: String,
    stack: &'static str,
    round: usize,
    #[serde(flatten)]
    measurement: &'a Measurement,
}

fn rounds(table: &Table) -> Vec<Round<'_>> {
    let name = table.scenario.name();
    let mut rounds = Vec::new();
    for row in &table.rows {
        let stack = row.contender.name;
        for (round, measurement) in row.rounds.iter().enumerate() {
            rounds.push(Round { row: name.clone(), stack, round, measurement });
        }
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0].into_iter()).unwrap();
        assert_eq!((spread.median, spread.least, spread.most), (2.5, 1.0, 4.0));
    }

    #[test]
    fn nothing_measured_has_no_spread() {
        assert!(Spread::of(std::iter::empty()).is_none());
    }
}
