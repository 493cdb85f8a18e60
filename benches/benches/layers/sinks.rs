//! Who gets what metrics and traces give: no more than what any recorder and any sampler has to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kitex_middleware::{EndedCall, SpanScope, SpanSink};
use metrics::{
    Counter, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

/// Installs the recorder.
pub(crate) fn install() {
    // A second time, it is there already.
    let _ = metrics::set_global_recorder(Cells);
}

/// Gives each instrument a cell of its own.
struct Cells;

impl Recorder for Cells {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Value::default()))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Buckets::default()))
    }
}

/// A floating-point number.
#[derive(Default)]
struct Value(AtomicU64);

impl Value {
    fn add(&self, more: f64) {
        let add = |bits| Some((f64::from_bits(bits) + more).to_bits());
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

impl GaugeFn for Value {
    fn increment(&self, more: f64) {
        self.add(more);
    }

    fn decrement(&self, less: f64) {
        self.add(-less);
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

/// A histogram by powers of two, with its sum.
#[derive(Default)]
struct Buckets {
    counts: [AtomicU64; 32],
    sum: Value,
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let power = (value.to_bits() >> 52) as usize % self.counts.len();
        self.counts[power].fetch_add(1, Ordering::Relaxed);
        self.sum.add(value);
    }
}

/// Keeps the spans of one trace in a hundred, by counting them.
#[derive(Debug)]
pub(crate) struct OneInAHundred;

static KEPT: AtomicU64 = AtomicU64::new(0);

impl SpanSink for OneInAHundred {
    fn samples(&self, trace_id: u128) -> bool {
        trace_id.is_multiple_of(100)
    }

    fn enter(&self, _: &mut SpanScope) {}

    fn leave(&self, _: &mut SpanScope) {}

    fn end(&self, call: EndedCall<'_>) {
        if call.scope.place.is_sampled() {
            KEPT.fetch_add(1, Ordering::Relaxed);
        }
    }
}
