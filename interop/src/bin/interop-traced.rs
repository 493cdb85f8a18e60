//! Serves `EchoSvc`, or calls it, with telemetry: `--serve` or `--call`, `--addr`, `--name`, `--collector` (a URL),
//! `--percent` (of traces that are kept), `--page` (an address for Prometheus), `--messages` (of the calls, with commas).
//!
//! The message `fail` is answered by an error, and `slow` after 300 ms, which is above what counts as slow here.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use interop::Options;
use interop::echo::{EchoSvc, EchoSvcClient, EchoSvcServer, Req, Resp};
use kitex::layer::MetricsLayer;
use kitex::{CallError, Context, Server};
use kitex_telemetry::{OtlpConfig, SamplingConfig, Telemetry};
use serde_json::json;

const SWITCHES: [&str; 2] = ["serve", "call"];
const VALUES: [&str; 6] = ["addr", "name", "collector", "percent", "page", "messages"];

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("interop-traced: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::read(&SWITCHES, &VALUES)?;
    let telemetry = telemetry(&options).await?;
    if options.has("serve") {
        serve(&options, &telemetry).await?;
    } else {
        call(&options).await?;
    }
    telemetry.shutdown().await;
    Ok(())
}

async fn telemetry(options: &Options) -> Result<Telemetry, Box<dyn Error>> {
    let mut sampling = SamplingConfig::default();
    sampling.percent = options.get("percent", 100.0)?;
    sampling.slow_call = Duration::from_millis(250);
    let mut builder = Telemetry::builder(options.text("name").unwrap_or("traced")).sampling(sampling);
    if let Some(collector) = options.text("collector") {
        builder = builder.otlp(OtlpConfig::new(collector));
    }
    if let Some(page) = options.text("page") {
        builder = builder.page(page.parse()?);
    }
    Ok(builder.install().await?)
}

async fn serve(options: &Options, telemetry: &Telemetry) -> Result<(), Box<dyn Error>> {
    let server = Server::new().layer(MetricsLayer::server()).add(EchoSvcServer::new(Echo));
    let bound = server.bind(options.text("addr").unwrap_or("127.0.0.1:0")).await?;
    let mut out = std::io::stdout();
    if let Some(page) = telemetry.page_address() {
        writeln!(out, "page {page}")?;
    }
    writeln!(out, "listening {}", bound.address())?;
    Ok(bound.serve_until_signal().await?)
}

async fn call(options: &Options) -> Result<(), Box<dyn Error>> {
    let address = options.text("addr").ok_or("--call needs --addr")?;
    let builder = EchoSvcClient::builder(address).caller(options.text("name").unwrap_or("traced"));
    let client = builder.layer(MetricsLayer::client()).connect().await?;
    for message in options.text("messages").unwrap_or("hello").split(',') {
        let answer = client.echo(Req { msg: message.into() }).await;
        let said = answer.as_ref().map_or_else(ToString::to_string, |answer| answer.msg.to_string());
        let line = json!({"message": message, "ok": answer.is_ok(), "said": said});
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}

struct Echo;

impl EchoSvc for Echo {
    async fn echo(&self, _: &mut Context, req: Req) -> Result<Resp, CallError> {
        match &*req.msg {
            "fail" => return Err(kitex::Error::handler("out of order").into()),
            "slow" => tokio::time::sleep(Duration::from_millis(300)).await,
            _ => {}
        }
        Ok(Resp { msg: req.msg })
    }
}
