//! What is printed.
#![expect(clippy::print_stdout, reason = "printing is what this is for")]

use std::process::ExitCode;

use crate::counts::Counts;
use crate::places::Place;
use crate::scene::Costs;
use crate::{LONGER, TEXT};

/// Allocations that a call may cost one side.
const ALLOCATIONS: f64 = 4.0;

/// Allocations that the standard suite may add to a call, both sides together.
const SUITE: f64 = 2.0;

/// Bytes of heap that an idle connection may cost the server.
const IDLE: f64 = 2048.0;

pub(crate) struct Table {
    missed: usize,
}

impl Table {
    pub(crate) fn new() -> Self {
        println!("per call, an echo of {TEXT} bytes over TCP:");
        println!(
            "{:36} {:6} {:>11} {:>6} {:>7} {:>10} {:>6} {:>6} {:>6}",
            "", "", "allocations", "bytes", "copied", "each byte", "reads", "writes", "waits"
        );
        Self { missed: 0 }
    }

    /// What calls cost in turns; `most` is how many reads and writes one may cost a side.
    pub(crate) fn costs(&mut self, name: &str, costs: &Costs, longer: &Costs, most: f64) {
        self.side(name, "client", costs.each(costs.client), longer.each(longer.client), most);
        self.side(name, "server", costs.each(costs.server), longer.each(longer.server), most);
    }

    fn side(&mut self, name: &str, side: &str, each: Each, longer: Each, most: f64) {
        let Each { allocations, allocated, copied, reads, writes, .. } = each;
        let times = (longer.copied - copied) / (LONGER - TEXT) as f64;
        println!(
            "{name:36} {side:6} {allocations:11.2} {allocated:6.0} {copied:7.0} {times:10.2} {reads:6.2} {writes:6.2}"
        );
        self.check("allocations", allocations, ALLOCATIONS);
        self.check("reads and writes", reads + writes, most);
    }

    /// How often both sides read, write and wait when they run as they like.
    pub(crate) fn freely(&self, name: &str, costs: &Costs) {
        for (side, counts) in [("client", costs.client), ("server", costs.server)] {
            let Each { reads, writes, waits, .. } = costs.each(counts);
            println!("{name:36} {side:6} {:>37} {reads:6.2} {writes:6.2} {waits:6.2}", "not in turns");
        }
    }

    /// What the standard suite, observed or not, adds to a call on both sides.
    pub(crate) fn suite(&mut self, name: &str, bare: &Costs, layered: &Costs) {
        let both =
            |costs: &Costs| costs.each(costs.client).allocations + costs.each(costs.server).allocations;
        let more = both(layered) - both(bare);
        println!("  {name} adds {more:.2} allocations to a call, both sides together");
        // What is made once in a while differs from run to run by less than that.
        self.check(&format!("allocations of {name}"), more, SUITE + 0.1);
    }

    /// Where allocations and copies are made.
    pub(crate) fn places(&self, name: &str, (client, server, calls): (Vec<Place>, Vec<Place>, u64)) {
        for (side, places) in [("client", client), ("server", server)] {
            println!("{name}, {side}:");
            for Place { what, times, bytes, frames } in places {
                let (each, size) = (times as f64 / calls as f64, bytes / times);
                println!("  {what:?} {each:6.3} of {size:5} bytes  {frames}");
            }
        }
    }

    /// What an idle connection costs the server.
    pub(crate) fn idle(&mut self, bytes: f64) {
        println!("an idle connection, after a call: {bytes:.0} bytes of the server's heap");
        self.check("bytes of heap", bytes, IDLE);
    }

    fn check(&mut self, what: &str, is: f64, most: f64) {
        if is > most {
            println!("  MISS: {what} are to be {most} at most");
            self.missed += 1;
        }
    }

    pub(crate) fn end(self) -> ExitCode {
        match self.missed {
            0 => println!("every target is met"),
            missed => println!("{missed} targets are missed"),
        }
        if self.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Counts by the call.
struct Each {
    allocations: f64,
    allocated: f64,
    copied: f64,
    reads: f64,
    writes: f64,
    waits: f64,
}

impl Costs {
    fn each(&self, counts: Counts) -> Each {
        let each = |count: u64| count as f64 / self.calls as f64;
        Each {
            allocations: each(counts.allocations),
            allocated: each(counts.allocated),
            copied: each(counts.copied),
            reads: each(counts.reads),
            writes: each(counts.writes),
            waits: each(counts.waits),
        }
    }
}
