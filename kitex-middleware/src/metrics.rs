//! Measurements of calls, named as OpenTelemetry's conventions for RPC have them.

mod instruments;

use std::sync::Arc;
use std::time::Instant;

use tower_layer::Layer;
use tower_service::Service;

use kitex_core::{
    Body, BoxError, BoxFuture, CallResult, ErrorKind, Method, Request, Response, SharedService, Status,
};

use crate::clock::{began_at, ended_at, now};
use crate::limit::{Ending, Held};
use crate::methods::PerMethod;

use instruments::{Instruments, Outcome, describe};

/// Measures calls through the `metrics` facade: whatever recorder the program has installed gets the figures.
///
/// | name | kind | of |
/// |---|---|---|
/// | `rpc.client.call.duration`, `rpc.server.call.duration` | histogram, seconds | each call |
/// | `rpc.client.attempt.duration` | histogram, seconds | each attempt, where [`attempts`](Self::attempts) is beneath a retry |
/// | `rpc.client.active_calls`, `rpc.server.active_calls` | gauge | calls under way |
/// | `rpc.client.request.size`, `rpc.server.request.size` | histogram, bytes | encoded arguments |
/// | `rpc.client.response.size`, `rpc.server.response.size` | histogram, bytes | encoded results |
/// | `rpc.server.queue.duration` | histogram, seconds | from a request's arrival to the layer: what it waited |
///
/// Each has the labels `rpc.system.name` (`kitex`) and `rpc.method` (`EchoSvc/Echo`). A duration has `error.type`, an
/// [`ErrorKind`] by its name, if the call failed; and `kitex.answer`, `exception` or `status`, if it was answered by a
/// declared exception or a business status, which are no errors. A call that nobody waits for any more is `cancelled`.
/// A call that is answered by a stream ends with the stream; its messages are not among the sizes.
///
/// Handles are resolved once for a method and outcome, so that a call looks up no label: install the recorder before
/// the first call. After 1 024 methods all further ones are measured as `_OTHER`. Costs a call one allocation.
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
        let methods = PerMethod::new(move |method| Instruments::new(side, name(method)));
        Self { shared: Arc::new(Shared { side, methods }) }
    }
}

impl<S> Layer<S> for MetricsLayer
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Service = SharedService;

    fn layer(&self, inner: S) -> SharedService {
        let (inner, shared) = (SharedService::new(inner), Arc::clone(&self.shared));
        SharedService::from_fn(move |request| shared.call(&inner, request))
    }
}

impl Shared {
    fn call(&self, inner: &SharedService, mut request: Request) -> BoxFuture<CallResult> {
        let instruments = Arc::clone(self.methods.get(&request.method));
        let began = match self.side {
            // An attempt begins here, and not where its call began.
            Side::Attempt => now(),
            Side::Client => began_at(&mut request),
            Side::Server => {
                let began = began_at(&mut request);
                instruments.queued(now().saturating_duration_since(began));
                began
            }
        };
        if let Body::Message(payload) = &request.body {
            instruments.request(payload.len());
        }
        instruments.begin();
        Box::pin(Held::new(inner.call(request), Measured { instruments, began, ended: None }))
    }
}

/// A call that is measured until it is over.
struct Measured {
    instruments: Arc<Instruments>,
    began: Instant,
    /// Of a call that has an answer.
    ended: Option<(Instant, Outcome)>,
}

impl Ending for Measured {
    fn answered(&mut self, result: &mut CallResult) {
        let ended = ended_at(result);
        let outcome = match result {
            Ok(Response { body: Body::Stream(_), .. }) => Outcome::Stream,
            Ok(response) => {
                self.instruments.response(response.body.message().map_or(0, |payload| payload.len()));
                match response.status {
                    Status::Ok => Outcome::Value,
                    Status::Exception(_) => Outcome::Exception,
                    Status::Business(_) => Outcome::Business,
                }
            }
            Err(error) => Outcome::Failed(error.kind()),
        };
        self.ended = Some((ended, outcome));
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let (ended, outcome) = match self.ended {
            Some((_, Outcome::Stream)) => (now(), Outcome::Value),
            Some(ended) => ended,
            None => (now(), Outcome::Failed(ErrorKind::Cancelled)),
        };
        self.instruments.end(ended.saturating_duration_since(self.began), outcome);
    }
}
