//! Kitex as a service in production runs it: its standard suite on both sides, a page for Prometheus, and spans and
//! measurements on their way to a collector.

use std::net::SocketAddr;

use ::kitex::Suite;
use kitex_telemetry::{OtlpConfig, SamplingConfig, Telemetry};
use tokio::sync::OnceCell;

use super::kitex::{self, KitexCaller};
use crate::options::{Observed, Target, loopback};

/// There is one of a process.
static TELEMETRY: OnceCell<Telemetry> = OnceCell::const_new();

async fn observe(observed: Observed) -> anyhow::Result<()> {
    let mut sampling = SamplingConfig::default();
    sampling.percent = observed.sample;
    let collector = OtlpConfig::new(format!("http://{}", loopback(observed.collector)));
    let telemetry = Telemetry::builder("versus").page(loopback(0)).otlp(collector).sampling(sampling);
    TELEMETRY.get_or_try_init(|| telemetry.install()).await?;
    Ok(())
}

pub(super) async fn serve(address: SocketAddr, observed: Observed) -> anyhow::Result<()> {
    observe(observed).await?;
    Ok(kitex::server().suite(Suite::standard()).serve(address).await?)
}

pub(super) async fn callers(target: Target) -> anyhow::Result<Vec<KitexCaller>> {
    observe(target.observed).await?;
    kitex::connect(kitex::builder(target).suite(Suite::standard()), target).await
}
