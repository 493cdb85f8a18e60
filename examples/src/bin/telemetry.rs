//! A server to look at: `cargo run -p examples --bin telemetry`, and `--bin client` beside it. Stop it with Ctrl-C.
//!
//! <http://127.0.0.1:9464/metrics> is for Prometheus. Traces and metrics go to the collector that
//! `OTEL_EXPORTER_OTLP_ENDPOINT` names, if it is set.

use examples::greeter::GreeterServer;
use examples::service::Service;
use kitex::{Registry, Server, Suite};
use kitex_telemetry::{OtlpConfig, Telemetry};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, fmt, registry};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What is listed here is on the page as well: connections, limits, breakers.
    let states = Registry::new();
    let builder = Telemetry::builder("greeter").page("127.0.0.1:9464".parse()?).states(&states);
    let mut builder = builder.resource_from_env()?;
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
        builder = builder.otlp(OtlpConfig::from_env()?);
    }
    let telemetry = builder.install().await?;
    // The log leaves the spans of calls out, which then cost nothing; what happens within calls goes along with them.
    let log = fmt::layer().with_filter(EnvFilter::new("info,kitex=warn"));
    registry().with(telemetry.layer()).with(log).init();

    let server = Server::new().suite(Suite::standard()).registry(&states);
    server.add(GreeterServer::new(Service::default())).serve("127.0.0.1:8888").await?;
    telemetry.shutdown().await;
    Ok(())
}
