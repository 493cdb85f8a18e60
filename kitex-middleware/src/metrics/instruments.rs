//! The instruments of one method.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kitex_core::{ErrorKind, Status};
use metrics::{Gauge, Histogram, Label, Unit, describe_gauge, describe_histogram};

use super::Side;
use super::meter::{self, CallMeter, CallSeries};

/// How a call has ended, as far as it is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Value,
    Exception,
    Business,
    Failed(ErrorKind),
}

impl Outcome {
    /// That of a call that was answered.
    #[inline]
    pub(super) fn of(status: &Status) -> Self {
        match status {
            Status::Ok => Self::Value,
            Status::Exception(_) => Self::Exception,
            Status::Business(_) => Self::Business,
        }
    }
}

/// What the calls of one method tell, found once: handles of outcomes that are rare when they first come.
#[derive(Debug)]
pub(super) struct Instruments {
    means: Means,
    names: &'static Names,
    /// `EchoSvc/Echo`.
    method: String,
    exceptions: OnceLock<Histogram>,
    statuses: OnceLock<Histogram>,
    failures: [OnceLock<Histogram>; ErrorKind::ALL.len()],
}

/// How calls are told.
#[derive(Debug)]
enum Means {
    Meter(Arc<dyn CallMeter>),
    Handles(Handles),
}

#[derive(Debug)]
struct Handles {
    active: Gauge,
    requests: Histogram,
    responses: Histogram,
    queue: Option<Histogram>,
    values: Histogram,
}

#[derive(Debug)]
struct Names {
    duration: &'static str,
    active: &'static str,
    request: &'static str,
    response: &'static str,
    queue: Option<&'static str>,
}

const QUEUE: &str = "rpc.server.queue.duration";

static CLIENT: Names = Names {
    duration: "rpc.client.call.duration",
    active: "rpc.client.active_calls",
    request: "rpc.client.request.size",
    response: "rpc.client.response.size",
    queue: None,
};

static ATTEMPT: Names = Names {
    duration: "rpc.client.attempt.duration",
    active: "rpc.client.active_attempts",
    request: "rpc.client.attempt.request.size",
    response: "rpc.client.attempt.response.size",
    queue: None,
};

static SERVER: Names = Names {
    duration: "rpc.server.call.duration",
    active: "rpc.server.active_calls",
    request: "rpc.server.request.size",
    response: "rpc.server.response.size",
    queue: Some(QUEUE),
};

impl Instruments {
    pub(super) fn new(side: Side, method: String) -> Self {
        let names = match side {
            Side::Client => &CLIENT,
            Side::Attempt => &ATTEMPT,
            Side::Server => &SERVER,
        };
        Self {
            means: Means::of(names, &method),
            names,
            exceptions: OnceLock::new(),
            statuses: OnceLock::new(),
            failures: [const { OnceLock::new() }; ErrorKind::ALL.len()],
            method,
        }
    }

    /// A call begins, after it waited if it is served, with so many bytes of arguments.
    #[inline]
    pub(super) fn begin(&self, waited: Option<Duration>, request: Option<usize>) {
        match &self.means {
            Means::Meter(meter) => meter.begin(waited, request),
            Means::Handles(handles) => handles.begin(waited, request),
        }
    }

    /// A call is over, with so many bytes of results.
    #[inline]
    pub(super) fn end(&self, took: Duration, outcome: Outcome, response: Option<usize>) {
        let is_value = outcome == Outcome::Value;
        match &self.means {
            Means::Meter(meter) => meter.end(is_value.then_some(took), response),
            Means::Handles(handles) => handles.end(is_value.then_some(took), response),
        }
        if !is_value {
            self.end_otherwise(took, outcome);
        }
    }

    #[inline(never)]
    fn end_otherwise(&self, took: Duration, outcome: Outcome) {
        let (once, key, value) = match outcome {
            Outcome::Value => return,
            Outcome::Exception => (&self.exceptions, ANSWER, "exception"),
            Outcome::Business => (&self.statuses, ANSWER, "status"),
            Outcome::Failed(kind) => (&self.failures[kind.index()], "error.type", kind.name()),
        };
        let labels = || labels(&self.method).into_iter().chain([(key, value)]);
        once.get_or_init(|| metrics::histogram!(self.names.duration, owned(labels()))).record(took);
    }
}

/// The label of answers that are no values.
const ANSWER: &str = "kitex.answer";

impl Means {
    fn of(names: &Names, method: &str) -> Self {
        let Names { duration, active, request, response, queue } = *names;
        let labels = labels(method);
        let series = CallSeries { duration, active, request, response, queue, labels };
        match meter::of(&series) {
            Some(meter) => Self::Meter(meter),
            None => Self::Handles(Handles::of(&series)),
        }
    }
}

impl Handles {
    fn of(series: &CallSeries<'_>) -> Self {
        let labels = || owned(series.labels);
        Self {
            active: metrics::gauge!(series.active, labels()),
            requests: metrics::histogram!(series.request, labels()),
            responses: metrics::histogram!(series.response, labels()),
            queue: series.queue.map(|queue| metrics::histogram!(queue, labels())),
            values: metrics::histogram!(series.duration, labels()),
        }
    }

    fn begin(&self, waited: Option<Duration>, request: Option<usize>) {
        if let (Some(queue), Some(waited)) = (&self.queue, waited) {
            queue.record(waited);
        }
        if let Some(bytes) = request {
            self.requests.record(bytes as f64);
        }
        self.active.increment(1.0);
    }

    fn end(&self, took: Option<Duration>, response: Option<usize>) {
        if let Some(bytes) = response {
            self.responses.record(bytes as f64);
        }
        self.active.decrement(1.0);
        if let Some(took) = took {
            self.values.record(took);
        }
    }
}

/// What all series of a method have.
fn labels(method: &str) -> [(&str, &str); 2] {
    [("rpc.system.name", "kitex"), ("rpc.method", method)]
}

fn owned<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Label> {
    labels.into_iter().map(|(key, value)| Label::new(key.to_owned(), value.to_owned())).collect()
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
