//! A server of every service of `interop/idl` that keeps a log of what its handlers saw. `kitex/README.md` has its options.

mod control;
mod echo;
mod record;
mod rich;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use interop::Options;
use interop::control::{ControlSvcClient, ControlSvcServer};
use interop::echo::{EchoSvcServer, OtherSvcServer};
use interop::rich::RichSvcServer;
use kitex::Server;
use kitex::layer::{RetryConfig, RetryLayer, RetryPolicy, from_fn};

use control::Control;
use echo::{Echo, Other};
use record::Record;
use rich::Rich;

/// `--meta` and `--mux` are for peers that need them: here the TTHeader is always understood, and any connection may
/// be multiplexed.
const SWITCHES: [&str; 3] = ["meta", "mux", "crc"];
const VALUES: [&str; 6] = ["addr", "node", "svcs", "relay", "relay-transport", "relay-retry"];

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("interop-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::read(&SWITCHES, &VALUES)?;
    let record = Arc::new(Record::default());
    let server = services(&options, &record).await?.checksum(options.has("crc")).layer(from_fn({
        let record = Arc::clone(&record);
        move |request, next| record::watch(Arc::clone(&record), request, next)
    }));
    let bound = server.bind(options.text("addr").unwrap_or("127.0.0.1:0")).await?;
    let mut out = std::io::stdout();
    writeln!(out, "listening {}", bound.address())?;
    bound.serve_until_signal().await?;
    Ok(out.write_all(record.lines().as_bytes())?)
}

async fn services(options: &Options, record: &Arc<Record>) -> Result<Server, Box<dyn Error>> {
    let mut server = Server::new();
    for name in options.text("svcs").unwrap_or("rich,echo,other,control").split(',') {
        server = match name {
            "rich" => server.add(RichSvcServer::new(Rich)),
            "echo" => server.add(EchoSvcServer::new(Echo)),
            "other" => server.add(OtherSvcServer::new(Other)).fallback("OtherSvc"),
            "control" => {
                let node = options.text("node").unwrap_or("server").to_owned();
                let next = next(options, &node).await?;
                server.add(ControlSvcServer::new(Control { node, record: Arc::clone(record), next }))
            }
            _ => return Err(format!("service {name}: rich, echo, other or control").into()),
        };
    }
    Ok(server)
}

/// Makes calls again that have no answer after some time, two times at most.
fn retry(after: Duration) -> Result<RetryLayer, Box<dyn Error>> {
    let mut policy = RetryPolicy::failure();
    (policy.attempt_timeout, policy.assume_idempotent) = (Some(after), true);
    Ok(RetryLayer::new(RetryConfig::new(policy))?)
}

/// The server behind this one.
async fn next(options: &Options, node: &str) -> Result<Option<ControlSvcClient>, Box<dyn Error>> {
    let Some(address) = options.text("relay") else { return Ok(None) };
    let transport = options.text("relay-transport").unwrap_or("ttheader-framed");
    let mut builder = ControlSvcClient::builder(address)
        .framing(interop::framing(transport)?)
        .connect_timeout(Duration::from_secs(2))
        .checksum(options.has("crc"))
        .service_name("interop.server")
        .caller(node);
    if transport == "mux" {
        builder = builder.mux(1);
    }
    if let after @ 1.. = options.get("relay-retry", 0)? {
        builder = builder.layer(retry(Duration::from_millis(after))?);
    }
    Ok(Some(builder.connect().await?))
}
