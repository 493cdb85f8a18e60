//! The same echo service in several RPC stacks, measured side by side. See `README.md`.

mod driver;
mod histogram;
mod idle;
mod load;
mod options;
mod process;
mod stack;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "The same echo service in several RPC stacks, measured side by side")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures stacks against each other and writes target/versus.json.
    Run(driver::Options),
    /// Serves the echo service of one stack until it is killed.
    Serve(options::Serve),
    /// Loads a running server and prints one measurement as JSON.
    Load(options::Load),
    /// Makes one call to a running server and prints what went over the wire as JSON.
    Wire(options::Load),
    /// Opens many connections, makes one call on each, and prints the server's memory as JSON.
    Idle(idle::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(options) => driver::run(&options),
        Command::Serve(options) => stack::serve(&options),
        Command::Load(options) => load::run(&options),
        Command::Wire(options) => wire::run(&options),
        Command::Idle(options) => idle::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("versus: {error:#}");
            ExitCode::FAILURE
        }
    }
}
