//! Tasks that export: off the path of calls, and one request at a time.

use std::sync::Arc;
use std::time::Duration;

use metrics::CounterFn;
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use super::failures::Failures;
use super::http::Client;
use super::wire::{self, EncodedSpan};
use super::{Destination, OtlpConfig, cut};
use crate::metrics::{Counter, Recorder};
use crate::trace::DROPPED;

/// What an exporter is told to do at once.
#[derive(Debug)]
pub(crate) struct Order {
    /// Gets a word when it is done.
    pub(crate) done: oneshot::Sender<()>,
    /// Whether to stop after it.
    pub(crate) stop: bool,
}

/// What exports one signal.
#[derive(Debug)]
pub(crate) struct Exporter {
    client: Client,
    resource: Resource,
    failures: Failures,
    recorder: Recorder,
    exported: Arc<Counter>,
    dropped: Arc<Counter>,
}

impl Exporter {
    pub(crate) fn new(
        signal: &'static str,
        to: Destination,
        resource: Resource,
        recorder: &Recorder,
    ) -> Self {
        Self {
            client: Client::new(to),
            resource,
            failures: Failures::new(signal, recorder),
            exported: recorder.counter("kitex.telemetry.spans.exported", None),
            dropped: recorder.counter(DROPPED, Some(("reason", "export"))),
            recorder: recorder.clone(),
        }
    }

    /// Exports spans as they come, until it is told to stop or nobody is left to tell it.
    pub(crate) async fn run_traces(
        mut self,
        config: OtlpConfig,
        mut spans: mpsc::Receiver<EncodedSpan>,
        mut orders: mpsc::Receiver<Order>,
    ) {
        let mut batch = Vec::new();
        loop {
            let order = tokio::select! {
                order = orders.recv() => Some(order),
                () = gather(&mut spans, &mut batch, &config) => None,
            };
            if order.is_none() {
                self.send_spans(&mut batch).await;
                continue;
            }
            // What is there now goes out now; what comes meanwhile waits.
            let mut left = spans.len();
            while left > 0 || !batch.is_empty() {
                while batch.len() < config.batch
                    && let Ok(span) = spans.try_recv()
                {
                    batch.push(span);
                    left = left.saturating_sub(1);
                }
                self.send_spans(&mut batch).await;
            }
            if order.is_none_or(done) {
                return;
            }
        }
    }

    async fn send_spans(&mut self, batch: &mut Vec<EncodedSpan>) {
        if batch.is_empty() {
            return;
        }
        let count = batch.len() as u64;
        let request = wire::request(&self.resource, &scope(), batch);
        batch.clear();
        let rejected = match self.client.post(request.into()).await {
            Ok(answer) => {
                let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
                let partial = answer.partial_success.unwrap_or_default();
                self.tell_rejected(partial.rejected_spans, &partial.error_message).min(count)
            }
            Err(why) => {
                self.failures.tell(&why);
                count
            }
        };
        self.dropped.increment(rejected);
        self.exported.increment(count - rejected);
    }

    /// Exports metrics from time to time, until it is told to stop or nobody is left to tell it.
    pub(crate) async fn run_metrics(mut self, interval: Duration, mut orders: mpsc::Receiver<Order>) {
        let mut ticks = interval_at(Instant::now() + interval, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let order = tokio::select! {
                order = orders.recv() => Some(order),
                _ = ticks.tick() => None,
            };
            self.send_metrics().await;
            if order.is_some_and(done) {
                return;
            }
        }
    }

    async fn send_metrics(&mut self) {
        let metrics = self.recorder.to_otlp();
        let scope_metrics = vec![ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() }];
        let resource = Some(self.resource.clone());
        let resource_metrics =
            vec![ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }];
        let request = ExportMetricsServiceRequest { resource_metrics };
        match self.client.post(request.encode_to_vec().into()).await {
            Ok(answer) => {
                let answer = ExportMetricsServiceResponse::decode(answer).unwrap_or_default();
                let partial = answer.partial_success.unwrap_or_default();
                self.tell_rejected(partial.rejected_data_points, &partial.error_message);
            }
            Err(why) => self.failures.tell(&why),
        }
    }

    fn tell_rejected(&mut self, rejected: i64, why: &str) -> u64 {
        let rejected = u64::try_from(rejected).unwrap_or(0);
        if rejected > 0 {
            self.failures.tell(&format!("{rejected} were rejected: {}", cut(why)));
        }
        rejected
    }
}

/// Waits for a first span, and then for more until the batch is full or its time has come. Dropped before, it leaves in
/// the batch what came.
async fn gather(spans: &mut mpsc::Receiver<EncodedSpan>, batch: &mut Vec<EncodedSpan>, config: &OtlpConfig) {
    if batch.is_empty() && spans.recv_many(batch, config.batch).await == 0 {
        // Nobody is left to send one: an order ends the task, or the end of those who give them.
        return std::future::pending().await;
    }
    let end = Instant::now() + config.delay;
    while batch.len() < config.batch {
        let room = config.batch - batch.len();
        tokio::select! {
            came = spans.recv_many(batch, room) => if came == 0 { return },
            () = sleep_until(end) => return,
        }
    }
}

/// Says that an order is carried out. True if that was the last.
fn done(order: Option<Order>) -> bool {
    let Some(order) = order else { return true };
    // Whoever asked may have gone.
    let _ = order.done.send(());
    order.stop
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
