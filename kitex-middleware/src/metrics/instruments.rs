//! The instruments of one method.

use std::sync::OnceLock;
use std::time::Duration;

use kitex_core::ErrorKind;
use metrics::{Gauge, Histogram, Label, Unit, describe_gauge, describe_histogram};

use super::Side;

/// How a call has ended, as far as it is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Value,
    Exception,
    Business,
    Failed(ErrorKind),
}

/// Handles that are resolved once: those of outcomes that are rare when they first come.
#[derive(Debug)]
pub(super) struct Instruments {
    names: &'static Names,
    /// `EchoSvc/Echo`.
    method: String,
    active: Gauge,
    requests: Histogram,
    responses: Histogram,
    queue: Option<Histogram>,
    values: Histogram,
    exceptions: OnceLock<Histogram>,
    statuses: OnceLock<Histogram>,
    failures: [OnceLock<Histogram>; ErrorKind::ALL.len()],
}

#[derive(Debug)]
struct Names {
    duration: &'static str,
    active: &'static str,
    request: &'static str,
    response: &'static str,
}

const QUEUE: &str = "rpc.server.queue.duration";

static CLIENT: Names = Names {
    duration: "rpc.client.call.duration",
    active: "rpc.client.active_calls",
    request: "rpc.client.request.size",
    response: "rpc.client.response.size",
};

static ATTEMPT: Names = Names {
    duration: "rpc.client.attempt.duration",
    active: "rpc.client.active_attempts",
    request: "rpc.client.attempt.request.size",
    response: "rpc.client.attempt.response.size",
};

static SERVER: Names = Names {
    duration: "rpc.server.call.duration",
    active: "rpc.server.active_calls",
    request: "rpc.server.request.size",
    response: "rpc.server.response.size",
};

impl Instruments {
    pub(super) fn new(side: Side, method: String) -> Self {
        let names = match side {
            Side::Client => &CLIENT,
            Side::Attempt => &ATTEMPT,
            Side::Server => &SERVER,
        };
        let labels = || labels(&method, None);
        Self {
            names,
            active: metrics::gauge!(names.active, labels()),
            requests: metrics::histogram!(names.request, labels()),
            responses: metrics::histogram!(names.response, labels()),
            queue: (side == Side::Server).then(|| metrics::histogram!(QUEUE, labels())),
            values: metrics::histogram!(names.duration, labels()),
            exceptions: OnceLock::new(),
            statuses: OnceLock::new(),
            failures: [const { OnceLock::new() }; ErrorKind::ALL.len()],
            method,
        }
    }

    #[inline]
    pub(super) fn begin(&self) {
        self.active.increment(1.0);
    }

    #[inline]
    pub(super) fn queued(&self, time: Duration) {
        if let Some(queue) = &self.queue {
            queue.record(time);
        }
    }

    #[inline]
    pub(super) fn request(&self, bytes: usize) {
        self.requests.record(bytes as f64);
    }

    #[inline]
    pub(super) fn response(&self, bytes: usize) {
        self.responses.record(bytes as f64);
    }

    #[inline]
    pub(super) fn end(&self, took: Duration, outcome: Outcome) {
        self.active.decrement(1.0);
        self.duration(outcome).record(took);
    }

    #[inline(always)]
    fn duration(&self, outcome: Outcome) -> &Histogram {
        match outcome {
            Outcome::Value => &self.values,
            Outcome::Exception => self.resolved(&self.exceptions, "kitex.answer", "exception"),
            Outcome::Business => self.resolved(&self.statuses, "kitex.answer", "status"),
            Outcome::Failed(kind) => self.resolved(&self.failures[kind.index()], "error.type", kind.name()),
        }
    }

    /// The handle of durations with one further label.
    #[inline(never)]
    fn resolved<'a>(
        &self,
        once: &'a OnceLock<Histogram>,
        key: &'static str,
        value: &'static str,
    ) -> &'a Histogram {
        once.get_or_init(|| {
            metrics::histogram!(self.names.duration, labels(&self.method, Some((key, value))))
        })
    }
}

fn labels(method: &str, further: Option<(&'static str, &'static str)>) -> Vec<Label> {
    let mut labels = vec![
        Label::from_static_parts("rpc.system.name", "kitex"),
        Label::new("rpc.method", method.to_owned()),
    ];
    labels.extend(further.map(|(key, value)| Label::from_static_parts(key, value)));
    labels
}

/// Tells the recorder what the names mean. Once more does no harm.
pub(super) fn describe() {
    for names in [&CLIENT, &ATTEMPT, &SERVER] {
        describe_histogram!(names.duration, Unit::Seconds, "How long calls took.");
        describe_gauge!(names.active, Unit::Count, "Calls under way.");
        describe_histogram!(names.request, Unit::Bytes, "Bytes of encoded arguments.");
        describe_histogram!(names.response, Unit::Bytes, "Bytes of encoded results.");
    }
    describe_histogram!(QUEUE, Unit::Seconds, "How long requests waited before they were begun.");
}
