//! Failures of an export, counted and told from time to time.

use std::sync::Arc;
use std::time::Duration;

use metrics::CounterFn;
use tokio::time::Instant;

use crate::metrics::{Counter, Recorder};

/// A collector that is away fails every export: the log has it once in this time.
const SILENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Failures {
    signal: &'static str,
    counter: Arc<Counter>,
    told: Option<Instant>,
    untold: u64,
}

impl Failures {
    pub(super) fn new(signal: &'static str, recorder: &Recorder) -> Self {
        let counter = recorder.counter("kitex.telemetry.export.failures", Some(("signal", signal)));
        Self { signal, counter, told: None, untold: 0 }
    }

    pub(super) fn tell(&mut self, why: &str) {
        self.counter.increment(1);
        self.untold += 1;
        if self.told.is_some_and(|told| told.elapsed() < SILENCE) {
            return;
        }
        let (signal, failures) = (self.signal, self.untold);
        tracing::warn!(target: "kitex.telemetry", signal, failures, "an export failed: {why}");
        (self.told, self.untold) = (Some(Instant::now()), 0);
    }
}
