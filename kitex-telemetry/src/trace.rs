//! Spans: held until their call has ended, then kept or not.

mod current;
mod held;
mod layer;
mod sampling;
mod span;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use kitex_middleware::{EndedCall, SpanOutcome, SpanScope, SpanSink};
use metrics::CounterFn;
use tokio::sync::mpsc::Sender;

use crate::metrics::{Counter, Recorder};
use crate::otlp::EncodedSpan;

pub use sampling::SamplingConfig;

pub(crate) use layer::SpanLayer;
pub(crate) use sampling::Sampler;

use held::Held;

/// Counts spans that were to be exported and are not, by `reason`.
pub(crate) const DROPPED: &str = "kitex.telemetry.spans.dropped";

/// Where spans go that are kept.
#[derive(Debug)]
pub(crate) struct Outlet {
    sampler: Sampler,
    queue: Sender<EncodedSpan>,
    /// Spans and events that wait for the end of their calls.
    held: AtomicUsize,
    dropped_held: Arc<Counter>,
    dropped_queue: Arc<Counter>,
}

impl Outlet {
    pub(crate) fn new(sampler: Sampler, queue: Sender<EncodedSpan>, recorder: &Recorder) -> Self {
        Self {
            sampler,
            queue,
            held: AtomicUsize::new(0),
            dropped_held: recorder.counter(DROPPED, Some(("reason", "held"))),
            dropped_queue: recorder.counter(DROPPED, Some(("reason", "queue"))),
        }
    }

    /// Queues a span for export. Never waits: a full queue drops it.
    fn send(&self, span: EncodedSpan) {
        if self.queue.try_send(span).is_err() {
            self.dropped_queue.increment(1);
        }
    }

    /// Takes a place among what is held.
    fn hold(&self) -> bool {
        let taken = self.held.fetch_add(1, Ordering::Relaxed);
        if taken >= self.sampler.held {
            self.held.fetch_sub(1, Ordering::Relaxed);
        }
        taken < self.sampler.held
    }

    fn release(&self, places: usize) {
        self.held.fetch_sub(places, Ordering::Relaxed);
    }

    fn dropped_held(&self) {
        self.dropped_held.increment(1);
    }

    #[cold]
    fn take(self: &Arc<Self>, call: &EndedCall<'_>, held: Option<Arc<Held>>, why: Why) {
        let within = current::is_within(call.scope.place.trace_id());
        let outer = within.then(|| current::current(self)).flatten().map(|(_, outer)| outer);
        if let (Why::Urgent, Some(outer)) = (why, &outer) {
            outer.set_urgent();
        }
        let decides = outer.filter(|_| why == Why::Within);
        let mut told = held.map(|held| held.end(decides.is_none())).unwrap_or_default();
        let spans = std::mem::take(&mut told.spans).into_iter().chain([span::of_call(call, &told)]);
        match decides {
            Some(outer) => spans.for_each(|span| outer.span(span)),
            None => spans.for_each(|span| self.send(span)),
        }
    }
}

/// Why the span of a call is not forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The call, or one within, failed or was slow.
    Urgent,
    /// Its trace is among the chosen ones.
    Chosen,
    /// It was made within another call of this process, whose end decides.
    Within,
}

/// Takes the spans of calls.
#[derive(Debug)]
pub(crate) struct CallSink {
    pub(crate) outlet: Arc<Outlet>,
}

impl CallSink {
    /// Whether a call failed or was slow. The time is added and compared: that costs less than to take the difference.
    fn is_urgent(&self, began: Instant, ended: Instant, outcome: &SpanOutcome<'_>) -> bool {
        let late = began.checked_add(self.outlet.sampler.slow_call);
        !matches!(outcome, SpanOutcome::Answered(_)) || late.is_some_and(|late| ended >= late)
    }
}

impl SpanSink for CallSink {
    fn samples(&self, trace_id: u128) -> bool {
        self.outlet.sampler.chooses(trace_id)
    }

    fn enter(&self, scope: &mut SpanScope) {
        current::enter(scope);
    }

    fn leave(&self, scope: &mut SpanScope) {
        current::leave(scope);
    }

    fn wants(&self, scope: &SpanScope, began: Instant, ended: Instant, outcome: &SpanOutcome<'_>) -> bool {
        // What is held is to be told, too, that it is not kept.
        scope.held.is_some()
            || self.outlet.sampler.keeps(&scope.place)
            || self.is_urgent(began, ended, outcome)
            || current::is_within(scope.place.trace_id())
    }

    fn end(&self, mut call: EndedCall<'_>) {
        let sampler = &self.outlet.sampler;
        let held: Option<Arc<Held>> = call.scope.held.take().and_then(|held| held.downcast().ok());
        let urgent = self.is_urgent(call.began, call.ended, &call.outcome);
        let why = if urgent || held.as_ref().is_some_and(|held| held.is_urgent()) {
            Why::Urgent
        } else if sampler.keeps(&call.scope.place) {
            Why::Chosen
        } else if current::is_within(call.scope.place.trace_id()) {
            Why::Within
        } else {
            drop(held.map(|held| held.end(false)));
            return;
        };
        self.outlet.take(&call, held, why);
    }
}

#[cfg(test)]
mod tests;
