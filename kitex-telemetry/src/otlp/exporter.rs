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
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use super::failures::Failures;
use super::http::{Client, GivenUp};
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

/// What the last request has shown of the collector.
#[derive(Debug, Clone, Copy)]
enum Reach {
    There,
    /// All attempts have failed.
    Away,
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
            let (order, reach) = match order {
                Some(order) => (order, Reach::There),
                None => {
                    let reach = self.send_spans(&mut batch).await;
                    // Whoever gave an order meanwhile has waited for this request too.
                    let Some(order) = given(&mut orders) else { continue };
                    (order, reach)
                }
            };
            self.drain(&mut spans, &mut batch, config.batch, reach).await;
            if done(order) {
                return;
            }
        }
    }

    /// Sends what is there now; what comes meanwhile waits. Once the collector is away, the rest is dropped: each further
    /// request would take all its attempts, one after the other, and whoever waits is told how long that is at most.
    async fn drain(
        &mut self,
        spans: &mut mpsc::Receiver<EncodedSpan>,
        batch: &mut Vec<EncodedSpan>,
        size: usize,
        mut reach: Reach,
    ) {
        let mut left = spans.len();
        while left > 0 || !batch.is_empty() {
            while batch.len() < size
                && let Ok(span) = spans.try_recv()
            {
                batch.push(span);
                left = left.saturating_sub(1);
            }
            match reach {
                Reach::There => reach = self.send_spans(batch).await,
                Reach::Away => {
                    self.dropped.increment(batch.len() as u64);
                    batch.clear();
                }
            }
        }
    }

    async fn send_spans(&mut self, batch: &mut Vec<EncodedSpan>) -> Reach {
        if batch.is_empty() {
            return Reach::There;
        }
        let count = batch.len() as u64;
        let request = wire::request(&self.resource, &scope(), batch);
        batch.clear();
        let (rejected, reach) = match self.client.post(request.into()).await {
            Ok(answer) => {
                let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
                let partial = answer.partial_success.unwrap_or_default();
                let rejected = self.tell_rejected(partial.rejected_spans, &partial.error_message);
                (rejected.min(count), Reach::There)
            }
            Err(given_up) => (count, self.tell_given_up(&given_up)),
        };
        self.dropped.increment(rejected);
        self.exported.increment(count - rejected);
        reach
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
            let reach = self.send_metrics().await;
            let order = match (order, reach) {
                (None, Reach::Away) => given(&mut orders),
                (order, _) => order,
            };
            if order.is_some_and(done) {
                return;
            }
        }
    }

    async fn send_metrics(&mut self) -> Reach {
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
                Reach::There
            }
            Err(given_up) => self.tell_given_up(&given_up),
        }
    }

    fn tell_given_up(&mut self, given_up: &GivenUp) -> Reach {
        self.failures.tell(&given_up.why);
        if given_up.away { Reach::Away } else { Reach::There }
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

/// An order that was given while something was sent, if one was. The inner `None` says that nobody is left to give one.
fn given(orders: &mut mpsc::Receiver<Order>) -> Option<Option<Order>> {
    match orders.try_recv() {
        Ok(order) => Some(Some(order)),
        Err(TryRecvError::Disconnected) => Some(None),
        Err(TryRecvError::Empty) => None,
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
