//! A process's telemetry while it runs.

use std::net::SocketAddr;
use std::sync::Arc;

use kitex_middleware::SpanSink;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::TelemetryBuilder;
use crate::metrics::Recorder;
use crate::otlp::Order;
use crate::trace::{CallSink, SpanLayer};

/// A process's telemetry while it runs.
///
/// [`shutdown`](Self::shutdown) sends what is left; call it after the server's. Dropped without it, the page closes and
/// the exporters send what is left as long as tokio's runtime lets them, which at the end of `main` it does not.
#[derive(Debug)]
#[must_use = "telemetry ends when this is dropped"]
pub struct Telemetry {
    pub(crate) recorder: Recorder,
    pub(crate) sink: Option<&'static CallSink>,
    pub(crate) page: Option<(SocketAddr, AbortHandle)>,
    pub(crate) exporters: Vec<mpsc::Sender<Order>>,
}

impl Telemetry {
    /// Settings for a process that calls itself `service`.
    pub fn builder(service: impl Into<String>) -> TelemetryBuilder {
        TelemetryBuilder::new(service.into())
    }

    /// The recorder, for a page that you serve yourself.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Where the page is, if there is one.
    pub fn page_address(&self) -> Option<SocketAddr> {
        self.page.as_ref().map(|(address, _)| *address)
    }

    /// A layer for your `tracing` subscriber: spans and events of your own within calls go along with those of the calls.
    /// `None`, which is a layer too, if no traces are exported.
    ///
    /// The spans of calls themselves come by another way. If nobody else wants them either, they cost nothing: leave
    /// them out of the log by a filter such as `info,kitex=warn`.
    pub fn layer<S>(&self) -> Option<impl Layer<S> + Send + Sync + 'static + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let outlet = Arc::clone(&self.sink?.outlet);
        Some(SpanLayer::new(outlet).with_filter(filter_fn(SpanLayer::wants)))
    }

    /// The sink for spans of calls, for a [`TraceLayer`](kitex_middleware::TraceLayer) of your own. `None` if no traces
    /// are exported.
    pub fn sink(&self) -> Option<&'static dyn SpanSink> {
        self.sink.map(|sink| sink as &dyn SpanSink)
    }

    /// Sends what is there now. Returns when it has arrived, or was given up: with a collector that is away, after all
    /// attempts of [`OtlpConfig::attempts`](crate::OtlpConfig::attempts) for one request of spans, and as many for one of
    /// metrics. Spans that wait for a further request are dropped then, and counted.
    pub async fn flush(&self) {
        self.order(false).await;
    }

    /// Sends what is there now, and stops. Returns when it has arrived, or was given up, as [`flush`](Self::flush) does.
    /// Put a timeout around it for less.
    pub async fn shutdown(self) {
        self.order(true).await;
    }

    /// Of traces first, so that the metrics say what became of them.
    async fn order(&self, stop: bool) {
        for exporter in &self.exporters {
            let (done, told) = oneshot::channel();
            // An exporter that is gone has nothing left to send.
            if exporter.send(Order { done, stop }).await.is_ok() {
                let _ = told.await;
            }
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some((_, page)) = &self.page {
            page.abort();
        }
    }
}
