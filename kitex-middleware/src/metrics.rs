//! Measurements of calls, named as OpenTelemetry's conventions for RPC have them.

mod instruments;
mod meter;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kitex_core::{Body, CallResult, Deadline, Error, ErrorKind, Method, Payload, Request, Response};

use crate::clock::{began_at, ended_at, now};
use crate::guard::{Guard, guard_layer};
use crate::methods::{PerMethod, Spot};

use instruments::{Instruments, Outcome, describe};

pub use meter::{CallMeter, CallMeters, CallSeries, set_call_meters};

/// Measures calls through the `metrics` facade: whatever recorder the program has installed gets the figures.
///
/// | name | kind | of |
/// |---|---|---|
/// | `rpc.client.call.duration`, `rpc.server.call.duration` | histogram, seconds | each call |
/// | `rpc.client.attempt.duration` | histogram, seconds | each attempt, where [`attempts`](Self::attempts) is beneath a retry |
/// | `rpc.client.active_calls`, `rpc.server.active_calls` | gauge | calls under way |
/// | `rpc.client.request.size`, `rpc.server.request.size` | histogram, bytes | encoded arguments |
/// | `rpc.client.response.size`, `rpc.server.response.size` | histogram, bytes | encoded results |
/// | `rpc.server.queue.duration` | histogram, seconds | from a request's arrival until it was taken up: what it waited |
///
/// Each has the labels `rpc.system.name` (`kitex`) and `rpc.method` (`EchoSvc/Echo`). A duration has `error.type`, an
/// [`ErrorKind`] by its name, if the call failed; and `kitex.answer`, `exception` or `status`, if it was answered by a
/// declared exception or a business status, which are no errors. A call that nobody waits for any more is `cancelled`,
/// `deadline exceeded` if that has passed, or `handler panic` if one was caught above the layer. A call that is answered by a
/// stream ends with the stream, and fails if that does; its messages are not among the sizes.
///
/// Handles are resolved once for a method and outcome, so that a call looks up no label: install the recorder before
/// the first call. A recorder may take what a call measures at once, in place of handles: see [`CallMeters`]. After 1 024 methods all further ones are measured as `_OTHER`, and so are those that no IDL is known of,
/// as in a proxy, if service and name have more than 256 bytes together.
///
/// ```
/// use kitex_middleware::MetricsLayer;
///
/// let layer = MetricsLayer::server();
/// ```
#[derive(Debug, Clone)]
pub struct MetricsLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    side: Side,
    methods: PerMethod<Instruments>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Attempt,
    Server,
}

impl MetricsLayer {
    /// For clients: each call, however many attempts it takes.
    pub fn client() -> Self {
        Self::of(Side::Client)
    }

    /// For clients that make further attempts: each of them, if the layer stands beneath the one that makes them.
    pub fn attempts() -> Self {
        Self::of(Side::Attempt)
    }

    /// For servers.
    pub fn server() -> Self {
        Self::of(Side::Server)
    }

    fn of(side: Side) -> Self {
        describe();
        let name = |method: Option<&Method>| {
            method.map_or_else(
                || "_OTHER".to_owned(),
                |method| format!("{}/{}", method.service(), method.name()),
            )
        };
        let methods = PerMethod::new(move |method| {
            // To the recorder that its handles are of, which may have come after the layer was made: by what is told of a
            // histogram some choose its buckets.
            describe();
            Instruments::new(side, name(method))
        });
        Self { shared: Arc::new(Shared { side, methods }) }
    }
}

guard_layer!(MetricsLayer);

impl Guard for MetricsLayer {
    type Held = Measured;

    const PASSES: bool = true;

    #[inline]
    fn admit(&self, request: &mut Request, held: &mut Option<Measured>) -> Result<(), Error> {
        let Shared { side, methods } = &*self.shared;
        let (spot, instruments) = methods.find(&request.method);
        let (began, waited) = match side {
            // An attempt begins here, and not where its call began.
            Side::Attempt => (now(), None),
            Side::Client => (began_at(request), None),
            Side::Server => {
                let began = began_at(request);
                (began, Some(waited(request, began)))
            }
        };
        instruments.begin(waited, request.body.message().map(Payload::len));
        *held = Some(Measured { spot, began, deadline: request.context.deadline, panicked: false });
        Ok(())
    }

    #[inline]
    fn answered(&self, measured: &mut Measured, result: &mut CallResult) -> bool {
        let (outcome, bytes) = match result {
            Ok(Response { body: Body::Stream(_), .. }) => return true,
            Ok(response) => (Outcome::of(&response.status), response.body.message().map(Payload::len)),
            Err(error) => (Outcome::Failed(error.kind()), None),
        };
        let took = ended_at(result).saturating_duration_since(measured.began);
        self.shared.methods.at(measured.spot).end(took, outcome, bytes);
        false
    }

    fn stream_ended(&self, measured: &mut Measured, error: Option<Error>) -> Option<Error> {
        let outcome = error.as_ref().map_or(Outcome::Value, |error| Outcome::Failed(error.kind()));
        self.end(measured, now(), outcome);
        error
    }

    #[inline]
    fn over(&self, measured: &mut Measured, has_ended: bool) {
        if !has_ended {
            self.give_up(measured);
        }
    }

    #[inline(always)]
    fn leave(&self, measured: &mut Measured, came_back: bool) {
        measured.panicked = !came_back;
    }
}

impl MetricsLayer {
    fn end(&self, measured: &Measured, at: Instant, outcome: Outcome) {
        let instruments = self.shared.methods.at(measured.spot);
        instruments.end(at.saturating_duration_since(measured.began), outcome, None);
    }

    /// The call has no outcome.
    #[cold]
    fn give_up(&self, measured: &Measured) {
        let now = now();
        self.end(measured, now, Outcome::Failed(measured.why(now)));
    }
}

/// How long a request that is served has waited.
#[inline]
fn waited(request: &Request, began: Instant) -> Duration {
    match request.context.taken_up() {
        // Of requests that are read together the first has waited for none: nothing is to be subtracted.
        Some(at) if at == began => Duration::ZERO,
        Some(at) => at.saturating_duration_since(began),
        None => now().saturating_duration_since(began),
    }
}

/// A call that is measured until it is over.
#[derive(Debug)]
pub struct Measured {
    spot: Spot,
    began: Instant,
    deadline: Option<Deadline>,
    /// What is beneath did not come back when it was last called or polled.
    panicked: bool,
}

impl Measured {
    /// Why a call ends that has no outcome, as the call's span says it: whoever gives one up after its deadline does so for
    /// that.
    fn why(&self, now: Instant) -> ErrorKind {
        match self.deadline {
            _ if self.panicked => ErrorKind::Panic,
            Some(deadline) if deadline.has_passed(now) => ErrorKind::Deadline,
            _ => ErrorKind::Cancelled,
        }
    }
}
