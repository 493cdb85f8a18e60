//! A client that runs the cases of `kitex/README.md` against a server and checks what comes back.

mod cases;
mod load;
mod session;
mod trial;
mod values;

use std::error::Error;
use std::process::ExitCode;

use interop::Options;
use serde_json::Value;

use session::Session;
use trial::Trial;

/// `--meta` is for peers that need it: here metadata are sent wherever there is a TTHeader.
const SWITCHES: [&str; 8] = ["meta", "bare", "crc", "tamper", "in-order", "relayed", "retrying", "load"];
const VALUES: [&str; 8] =
    ["addr", "transport", "case", "connections", "timeout", "callers", "limit", "abandon"];

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("interop-client: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<bool, Box<dyn Error>> {
    let options = Options::read(&SWITCHES, &VALUES)?;
    if options.has("load") {
        load::run(&options).await?;
        return Ok(true);
    }
    let session = Session::connect(&options).await?;
    let chosen = cases::chosen(options.text("case").unwrap_or("all"), &session.setting)?;
    // What an earlier client has left in the log is not this one's. If this fails, so do the cases.
    let _ = session.control.take(0).await;
    let mut good = true;
    for case in chosen {
        let result = Trial::new(&session).run(case).await;
        good &= result["ok"] == true;
        print(&result);
    }
    Ok(good)
}

#[expect(clippy::print_stdout, reason = "the runner reads the results there")]
fn print(line: &Value) {
    println!("{line}");
}
