//! Settings of a process's telemetry.

use std::net::SocketAddr;
use std::sync::Arc;

use kitex_core::{Registry, SettingError};
use kitex_middleware::{set_call_meters, set_span_sink};
use opentelemetry_proto::tonic::resource::v1::Resource;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::metrics::{MetricsConfig, Recorder};
use crate::otlp::{Exporter, Order, OtlpConfig, pairs, text};
use crate::trace::{CallSink, Outlet, Sampler, SamplingConfig};
use crate::{Telemetry, TelemetryError, page};

/// Settings of a process's telemetry. From [`Telemetry::builder`].
#[derive(Debug, Clone)]
pub struct TelemetryBuilder {
    resource: Vec<(String, String)>,
    metrics: MetricsConfig,
    sampling: SamplingConfig,
    page: Option<SocketAddr>,
    otlp: Option<OtlpConfig>,
    states: Vec<Registry>,
}

impl TelemetryBuilder {
    pub(crate) fn new(service: String) -> Self {
        Self {
            resource: vec![("service.name".to_owned(), service)],
            metrics: MetricsConfig::default(),
            sampling: SamplingConfig::default(),
            page: None,
            otlp: None,
            states: Vec::new(),
        }
    }

    /// Says more of the process in all that OTLP exports, such as `service.version`.
    pub fn resource(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let (key, value) = (key.into(), value.into());
        self.resource.retain(|(there, _)| *there != key);
        self.resource.push((key, value));
        self
    }

    /// Takes what `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say of the process, over what was said here. Errors
    /// if they cannot be read.
    pub fn resource_from_env(self) -> Result<Self, SettingError> {
        self.resource_from(|name| std::env::var(name).ok())
    }

    fn resource_from(mut self, get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
        for (key, value) in pairs(ATTRIBUTES, &get(ATTRIBUTES).unwrap_or_default())? {
            self = self.resource(key, value);
        }
        match get("OTEL_SERVICE_NAME").filter(|name| !name.is_empty()) {
            Some(name) => Ok(self.resource("service.name", name)),
            None => Ok(self),
        }
    }

    /// What of the metrics is recorded.
    pub fn metrics(mut self, config: MetricsConfig) -> Self {
        self.metrics = config;
        self
    }

    /// Shows the states in a registry as metrics too, as [`StateMetrics`](kitex_middleware::StateMetrics) names them:
    /// give the same registry to servers and clients. Can be called several times: figures of one name and labels are
    /// summed over all registries, and what several list counts once.
    pub fn states(mut self, registry: &Registry) -> Self {
        self.states.push(registry.clone());
        self
    }

    /// Which spans are kept.
    pub fn sampling(mut self, config: SamplingConfig) -> Self {
        self.sampling = config;
        self
    }

    /// Serves the page for Prometheus, `http://address/metrics`. Whoever can reach the address can read it. Port 0 takes
    /// one that is free: [`Telemetry::page_address`].
    ///
    /// A connection is closed after one request. At most 16 are served at a time, for at most 30 s each, of which the
    /// request's head may take 10 s; further ones wait.
    pub fn page(mut self, address: SocketAddr) -> Self {
        self.page = Some(address);
        self
    }

    /// Exports traces and metrics over OTLP.
    pub fn otlp(mut self, config: OtlpConfig) -> Self {
        self.otlp = Some(config);
        self
    }

    /// Begins, for the whole process: makes its recorder the `metrics` facade's, and gives it the spans of all calls if
    /// traces are exported. Before servers and clients are made, in tokio's runtime, which goes on to export.
    ///
    /// Errors at a setting without sense, at an address that cannot be had, and if the process has a recorder, meters of
    /// calls or a sink of spans already.
    pub async fn install(self) -> Result<Telemetry, TelemetryError> {
        let telemetry = self.start().await?;
        metrics::set_global_recorder(telemetry.recorder().clone())
            .map_err(|_| TelemetryError::Installed("a recorder for metrics"))?;
        // As long as the process lives, as its recorder does.
        set_call_meters(Box::leak(Box::new(telemetry.recorder().clone())))
            .map_err(|_| TelemetryError::Installed("meters of calls"))?;
        if let Some(sink) = telemetry.sink() {
            set_span_sink(sink).map_err(|_| TelemetryError::Installed("a sink for spans"))?;
        }
        Ok(telemetry)
    }

    /// Begins, and leaves the process's recorder and sink as they are: for those who install their own, which hand on to
    /// [`Telemetry::recorder`] and [`Telemetry::sink`].
    pub async fn start(self) -> Result<Telemetry, TelemetryError> {
        let recorder = Recorder::new(self.metrics.clone())?;
        self.states.iter().for_each(|registry| recorder.watch(registry));
        let sampler = Sampler::new(&self.sampling)?;
        if let Some(otlp) = &self.otlp {
            otlp.check()?;
            otlp.traces_to().and(otlp.metrics_to())?;
        }
        let page = match self.page {
            Some(address) => Some(begin_page(address, recorder.clone()).await?),
            None => None,
        };
        let mut telemetry = Telemetry { sink: None, page, exporters: Vec::new(), recorder };
        if let Some(otlp) = &self.otlp {
            if otlp.traces {
                self.begin_traces(otlp, sampler, &mut telemetry)?;
            }
            if otlp.metrics {
                telemetry.exporters.push(self.begin_metrics(otlp, &telemetry.recorder)?);
            }
        }
        Ok(telemetry)
    }

    fn begin_traces(
        &self,
        otlp: &OtlpConfig,
        sampler: Sampler,
        telemetry: &mut Telemetry,
    ) -> Result<(), SettingError> {
        let (queue, spans) = mpsc::channel(otlp.queue);
        let (orders, ordered) = mpsc::channel(1);
        let recorder = &telemetry.recorder;
        let exporter = Exporter::new("traces", otlp.traces_to()?, self.resource_message(), recorder);
        let outlet = Arc::new(Outlet::new(sampler, queue, recorder));
        tokio::spawn(exporter.run_traces(otlp.clone(), spans, ordered));
        telemetry.exporters.push(orders);
        // As long as the process lives, as do the calls that it takes the spans of.
        telemetry.sink = Some(Box::leak(Box::new(CallSink { outlet })));
        Ok(())
    }

    fn begin_metrics(
        &self,
        otlp: &OtlpConfig,
        recorder: &Recorder,
    ) -> Result<mpsc::Sender<Order>, SettingError> {
        let (orders, ordered) = mpsc::channel(1);
        let exporter = Exporter::new("metrics", otlp.metrics_to()?, self.resource_message(), recorder);
        tokio::spawn(exporter.run_metrics(otlp.interval, ordered));
        Ok(orders)
    }

    fn resource_message(&self) -> Resource {
        let library = [
            ("telemetry.sdk.language", "rust"),
            ("telemetry.sdk.name", env!("CARGO_PKG_NAME")),
            ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
        ];
        let own = self.resource.iter().map(|(key, value)| text(key, value));
        let attributes = library.into_iter().map(|(key, value)| text(key, value)).chain(own).collect();
        Resource { attributes, ..Resource::default() }
    }
}

async fn begin_page(
    address: SocketAddr,
    recorder: Recorder,
) -> Result<(SocketAddr, AbortHandle), TelemetryError> {
    let bound = page::bind(address).await;
    let (listener, address) = bound.map_err(|source| TelemetryError::Page { address, source })?;
    Ok((address, tokio::spawn(page::serve(listener, recorder)).abort_handle()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_speaks_of_the_process() {
        let variables = |name: &str| match name {
            "OTEL_SERVICE_NAME" => Some("other".to_owned()),
            "OTEL_RESOURCE_ATTRIBUTES" => Some("service.name=third,zone=a%2Fb".to_owned()),
            _ => None,
        };
        let builder = TelemetryBuilder::new("own".to_owned()).resource_from(variables).unwrap();
        let expected = [("zone", "a/b"), ("service.name", "other")];
        assert_eq!(builder.resource, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
