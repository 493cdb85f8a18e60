//! The printed tables.

use super::{
    Pace,
    contender::Contender,
    results::{Row, Spread, Table},
    targets::{self, IDLE_BYTES, TARGETS},
    wire::Sizes,
};
use crate::{idle::Footprint, options::Stack};

const MEBIBYTE: f64 = 1_048_576.0;

pub(super) fn heading(pace: Pace, mimalloc: bool) {
    let allocator = if mimalloc { "mimalloc" } else { "the system's" };
    println!(
        "{} rounds of {} s after {} s of warm-up, stacks in turn; allocator for all: {allocator}",
        pace.rounds, pace.seconds, pace.warm_up
    );
}

/// Prints what one call is on the wire.
pub(super) fn wire(sizes: &Sizes) {
    println!("\none call of 1024 B on the wire");
    println!("  {:<18} {:>9} {:>9}  header", "stack", "request B", "reply B");
    for (name, summary) in &sizes.calls {
        let header = summary.header.join(" ");
        println!("  {name:<18} {:>9} {:>9}  {header}", summary.request_bytes, summary.reply_bytes);
    }
    println!(
        "  the raw echo is as large as {}: {} + payload, {} + payload",
        sizes.model, sizes.request_overhead, sizes.reply_overhead
    );
}

/// Prints one row's contenders and their ratios.
pub(super) fn table(table: &Table) {
    let rounds = table.rows.first().map_or(0, |row| row.rounds.len());
    println!("\n{}  ({rounds} rounds: median, and the least and most)", table.scenario.name());
    println!(
        "  {:<18} {:>10} {:>21} {:>9} {:>9} {:>10} {:>10} {:>6} {:>6}",
        "stack", "calls/s", "", "p50 µs", "p99 µs", "server µs", "client µs", "conns", "errors"
    );
    table.rows.iter().for_each(row);
    above_the_floor(table);
    above_kitex(table);
    ratios(table);
}

fn row(row: &Row) {
    let calls = Spread::of(row.rounds.iter().map(|round| round.calls_per_s));
    let Some(Spread { median, least, most }) = calls else { return };
    println!(
        "  {:<18} {median:>10.0} {:>21} {:>9.1} {:>9.1} {:>10.2} {:>10.2} {:>6} {:>6}",
        row.contender.name,
        format!("{least:.0}–{most:.0}"),
        row.median(|round| round.p50_us),
        row.median(|round| round.p99_us),
        row.median(|round| round.server_cpu_us),
        row.median(|round| round.client_cpu_us),
        row.median(|round| round.connections as f64),
        row.errors()
    );
    if let Some(error) = row.rounds.iter().find_map(|round| round.first_error.as_ref()) {
        println!("  {:<18} VOID: {error}", "");
    }
}

/// Prints the CPU time that is the stacks' own: the kernel's share is in the raw echo's too.
fn above_the_floor(table: &Table) {
    let cost = |row: &Row| row.median(|round| round.server_cpu_us + round.client_cpu_us);
    let Some(floor) = table.rows.iter().find(|row| row.contender.name == "raw").map(cost) else { return };
    let others = table.rows.iter().filter(|row| row.contender.name != "raw");
    let costs: Vec<_> =
        others.map(|row| format!("{} {:.2}", row.contender.name, cost(row) - floor)).collect();
    if !costs.is_empty() {
        println!("  CPU µs a call above the raw echo's, both sides: {}", costs.join(", "));
    }
}

/// Prints what the standard suite adds to a call.
fn above_kitex(table: &Table) {
    for row in table.rows.iter().filter(|row| row.contender.stack == Stack::KitexStandard) {
        let name = row.contender.name;
        let Some(Spread { median, least, most }) = table.cpu_above(name, "kitex") else { continue };
        let line =
            format!("  {name}: {median:.2} µs of CPU a call above kitex, both sides ({least:.2}–{most:.2})");
        match targets::STANDARD_CPU_US {
            (scenario, most) if scenario == table.scenario && name == "kitex-standard" => {
                println!("{line}  target ≤ {most:.2}: {}", mark(median <= most));
            }
            _ => println!("{line}"),
        }
    }
}

fn ratios(table: &Table) {
    for ours in &table.rows {
        for theirs in table.rows.iter().filter(|row| is_compared(ours, row)) {
            let (stack, rival) = (ours.contender.name, theirs.contender.name);
            if let Some(ratio) = table.ratio(stack, rival) {
                let least = targets::least(table.scenario, stack, rival);
                println!("  {}", ratio_line(stack, rival, ratio, least));
            }
        }
    }
}

/// Kitex is compared with all, all with the raw echo, and Kitex with its standard suite with Kitex alone.
fn is_compared(ours: &Row, theirs: &Row) -> bool {
    let (ours, theirs) = (ours.contender.name, theirs.contender.name);
    let governed = ours.starts_with("kitex-standard") && theirs == "kitex";
    let kin = theirs.starts_with("kitex-standard");
    ours != theirs && ours != "raw" && !kin && (ours == "kitex" || theirs == "raw" || governed)
}

fn ratio_line(stack: &str, rival: &str, ratio: Spread, least: Option<f64>) -> String {
    let Spread { median, least: lowest, most } = ratio;
    let name = format!("{stack} / {rival}");
    let line = format!("{name:<28} {median:>6.2}  ({lowest:.2}–{most:.2})");
    match least {
        Some(least) => format!("{line}  target ≥ {least:.2}: {}", mark(median >= least)),
        None => line,
    }
}

fn mark(met: bool) -> &'static str {
    if met { "pass" } else { "MISS" }
}

/// Prints what idle connections cost each server.
pub(super) fn idle(footprints: &[(&'static str, Footprint)]) {
    println!("\nidle connections, after one call of 1024 B on each: the server's resident memory");
    println!(
        "  {:<18} {:>11} {:>11} {:>11} {:>17}",
        "stack", "connections", "before MiB", "after MiB", "bytes/connection"
    );
    for (name, Footprint { connections, before, after }) in footprints {
        let each = after.saturating_sub(*before) / (*connections).max(1) as u64;
        let (before, after_mib) = (*before as f64 / MEBIBYTE, *after as f64 / MEBIBYTE);
        let target = match *name {
            "kitex" => format!("  target < {} MB: {}", IDLE_BYTES / 1_000_000, mark(*after < IDLE_BYTES)),
            _rival => String::new(),
        };
        println!("  {name:<18} {connections:>11} {before:>11.1} {after_mib:>11.1} {each:>17}{target}");
    }
}

/// Prints what the contenders do not do.
pub(super) fn limits(contenders: &[Contender]) {
    println!("\nwhat they do not do");
    for contender in contenders.iter().filter(|contender| !contender.limits.is_empty()) {
        println!("  {:<18} {}", contender.name, contender.limits);
    }
}

/// Prints every target that this run has measured.
pub(super) fn targets(tables: &[Table]) {
    let mut lines = Vec::new();
    for target in &TARGETS {
        let table = tables.iter().find(|table| table.scenario == target.scenario);
        if let Some(ratio) = table.and_then(|table| table.ratio(target.stack, target.rival)) {
            let line = ratio_line(target.stack, target.rival, ratio, Some(target.least));
            lines.push(format!("  {:<22} {line}", target.scenario.name()));
        }
    }
    if !lines.is_empty() {
        println!("\ntargets\n{}", lines.join("\n"));
    }
}
