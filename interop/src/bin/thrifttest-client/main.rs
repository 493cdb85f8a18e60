//! Calls every method of Apache's `ThriftTest` and holds what comes back: `--addr`, `--values` (a file of what is sent), `--protocol`,
//! `--transport`, `--multiplexed`.
//!
//! Prints a line of JSON for each case, `{"case":NAME,"ok":BOOL,"error":TEXT}`.

mod cases;
mod echo;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use interop::thrifttest::{SecondServiceClient, ThriftTestClient};
use interop::{Options, framing};
use kitex::{ClientBuilder, GeneratedClient, Protocol};
use serde_json::{Value, json};

/// Nothing, or what was wrong.
type Checked = Result<(), String>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("thrifttest-client: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<bool, Box<dyn Error>> {
    let options = Options::read(&["multiplexed"], &["addr", "values", "protocol", "transport"])?;
    let values = std::fs::read(options.text("values").ok_or("--values is missing")?)?;
    let values: serde_json::Map<String, Value> = serde_json::from_slice(&values)?;
    let session = Session::connect(&options).await?;
    let mut good = note("testVoid", cases::void(&session).await);
    for (row, values) in &values {
        good &= note(row, echo::run(&session, row, values).await);
    }
    good &= note("testMapMap", cases::map_map(&session).await);
    good &= note("testInsanity", cases::insanity(&session).await);
    good &= note("testMulti", cases::multi(&session).await);
    good &= note("testException", cases::exception(&session).await);
    good &= note("testMultiException", cases::multi_exception(&session).await);
    if options.has("multiplexed") {
        good &= note("SecondService", cases::second(&session).await);
    }
    Ok(good & note("testOneway", cases::oneway(&session).await))
}

/// The clients, which share nothing: each has one connection.
struct Session {
    first: ThriftTestClient,
    second: SecondServiceClient,
}

impl Session {
    async fn connect(options: &Options) -> Result<Self, Box<dyn Error>> {
        let address = options.text("addr").ok_or("--addr is missing")?;
        Ok(Self {
            first: set_up(ThriftTestClient::builder(address), "ThriftTest", options)?.connect().await?,
            second: set_up(SecondServiceClient::builder(address), "SecondService", options)?
                .connect()
                .await?,
        })
    }
}

fn set_up<C: GeneratedClient>(
    builder: ClientBuilder<C>,
    service: &str,
    options: &Options,
) -> Result<ClientBuilder<C>, String> {
    let protocol = match options.text("protocol").unwrap_or("binary") {
        "binary" => Protocol::Binary,
        "compact" => Protocol::Compact,
        "json" => Protocol::Json,
        other => return Err(format!("protocol {other}: binary, compact or json")),
    };
    let builder =
        builder.protocol(protocol).framing(framing(options.text("transport").unwrap_or("buffered"))?);
    let builder = builder.pool(1).timeout(Duration::from_secs(10));
    Ok(if options.has("multiplexed") { builder.service_prefix(service) } else { builder })
}

#[expect(clippy::print_stdout, reason = "the runner reads the results there")]
fn note(case: &str, checked: Checked) -> bool {
    let problem = checked.err();
    println!("{}", json!({"case": case, "ok": problem.is_none(), "error": problem}));
    problem.is_none()
}
