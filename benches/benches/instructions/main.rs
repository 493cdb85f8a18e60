//! How many instructions a call costs, both sides together: `cargo bench -p benches --bench instructions`.
//!
//! Times differ between machines, and on one that others share from second to second; what a processor is told to do
//! differs by a few in a hundred calls. So this is where a layer that has become dearer shows, and a suite that is over its
//! target ends this with an error.
//!
//! The echo of 128 bytes of the other benches, one call after another over a pipe in memory, both sides on one thread: once
//! without layers, once with `Suite::standard()` on both sides, and once with that, a recorder installed and 1 % of the spans
//! exported. Each is run under valgrind twice, with more calls the second time; what those take more is told by call.
//!
//! Needs valgrind (Debian's package of that name).
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this is for")]

mod calls;

use std::env::{args, current_exe};
use std::io;
use std::process::{Command, ExitCode};

/// The first run, and how many calls more the second makes.
const CALLS: (u64, u64) = (500, 2000);

/// What the suite may add with telemetry.
const SUITE: f64 = 4540.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--calls") {
        let number = |at: usize| arguments.get(at).and_then(|text| text.parse().ok());
        calls::make(number(at + 1).unwrap_or_default(), arguments.get(at + 2).map(String::as_str));
        return ExitCode::SUCCESS;
    }
    match compare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<(), String> {
    println!("instructions of a call of 128 bytes, both sides together");
    let bare = each(None)?;
    println!("  {:<36}{bare:8.0}", "without layers");
    let mut more = 0.0;
    for (case, name) in [("suite", "the standard suite"), ("observed", "the standard suite with telemetry")] {
        let all = each(Some(case))?;
        more = all - bare;
        println!("  {name:<36}{all:8.0}, {more:.0} more");
    }
    if more > SUITE {
        return Err(format!("MISS: the suite with telemetry adds {more:.0} instructions, above {SUITE}"));
    }
    Ok(())
}

/// Instructions of a call.
fn each(case: Option<&str>) -> Result<f64, String> {
    let (few, more) = CALLS;
    Ok((count(few + more, case)? - count(few, case)?) as f64 / more as f64)
}

/// Instructions of a whole process that makes so many calls.
fn count(calls: u64, case: Option<&str>) -> Result<i64, String> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(current_exe().map_err(|error| error.to_string())?);
    valgrind.args(["--calls", &calls.to_string()]).args(case);
    let output = valgrind.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no valgrind: install it (Debian: apt-get install valgrind)".to_owned()
        }
        _ => format!("valgrind cannot be run: {error}"),
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let number = collected.and_then(|(_, number)| number.trim().parse().ok());
    match number {
        Some(number) if output.status.success() => Ok(number),
        _ => Err(format!("valgrind has counted nothing: {said}")),
    }
}
