//! A span for each call, and the trace carried from service to service.

mod ids;
mod parent;
mod span;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Instant;

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;

use kitex_codec::Str;
use kitex_core::{
    BoxError, BoxFuture, Context, Deadline, Error, ErrorKind, Request, Response, Scope, SharedService,
};

pub use parent::{TraceContext, TraceParent};

use ids::Ids;

/// The key of the trace's place in metadata.
///
/// It is a transient key, as Kitex's own OpenTelemetry suite has it: each hop writes one of its own, and a hop that
/// knows nothing of traces must not pass on the place of another.
const PARENT: &str = "traceparent";

/// The key of what tracing systems add.
const STATE: &str = "tracestate";

/// A `tracing` span for each call, and W3C's trace context in its metadata.
///
/// Spans have the level `INFO`, the target `kitex`, and the field names of OpenTelemetry's conventions for RPC:
/// `rpc.system.name`, `rpc.method`, `server.address`, `client.address`, `error.type` (an [`ErrorKind`] or, from the
/// peer, the exception's code), `rpc.response.status_code`; besides, `trace_id` and `span_id`. A call that failed has
/// `otel.status_code = "ERROR"`. A declared exception (`kitex.exception.id`) and a business status are answers, and no
/// errors.
///
/// While nobody listens to these spans a call costs a check, and a trace that came is passed on as it came. A trace
/// is begun where a span has no parent. [`TraceContext::of`] tells a handler where it stands; the calls made with its
/// context go on from there.
///
/// [`ErrorKind`]: kitex_core::ErrorKind
#[derive(Debug, Clone)]
pub struct TraceLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    side: Side,
    ids: Ids,
    server: Option<(Str, Option<u16>)>,
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Client,
    Server,
}

impl TraceLayer {
    /// For clients.
    pub fn client() -> Self {
        Self::of(Side::Client, None)
    }

    /// For clients that know where their calls go: a host, an IP address or a path, and a port if it has one.
    pub fn client_of(address: impl Into<Str>, port: Option<u16>) -> Self {
        Self::of(Side::Client, Some((address.into(), port)))
    }

    /// For servers.
    pub fn server() -> Self {
        Self::of(Side::Server, None)
    }

    fn of(side: Side, server: Option<(Str, Option<u16>)>) -> Self {
        Self { shared: Arc::new(Shared { side, ids: Ids::new(), server }) }
    }
}

impl<S> Layer<S> for TraceLayer
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    /// Gives the future that the service beneath has boxed already, while nobody listens.
    type Service = SharedService;

    fn layer(&self, inner: S) -> SharedService {
        let (inner, shared) = (SharedService::new(inner), Arc::clone(&self.shared));
        SharedService::from_fn(move |request| shared.call(&inner, request))
    }
}

impl Shared {
    fn call(&self, inner: &SharedService, mut request: Request) -> BoxFuture<Result<Response, Error>> {
        let span = match self.side {
            Side::Client => self.begin_client(&mut request),
            Side::Server => self.begin_server(&mut request),
        };
        if span.is_disabled() {
            return inner.call(request);
        }
        let deadline = request.context.deadline;
        let answer = span.in_scope(|| inner.call(request));
        Box::pin(Traced { answer, running: Running { span: Some(span), deadline, polled: false } })
    }

    fn begin_client(&self, request: &mut Request) -> Span {
        let span = span::client(request);
        let context = &mut request.context;
        let parent = TraceContext::of(context);
        if span.is_disabled() {
            if let Some(parent) = parent {
                send(context, parent.parent, parent.state);
            }
            return span;
        }
        if let Some((address, port)) = &self.server {
            span.record("server.address", &**address);
            port.map(|port| span.record("server.port", port));
        }
        let (own, state) = self.own(parent.as_ref());
        span::record_ids(&span, own, None);
        send(context, own, state);
        span
    }

    fn begin_server(&self, request: &mut Request) -> Span {
        let span = span::server(request);
        let context = &mut request.context;
        if span.is_disabled() {
            // What came in a header stays there for the calls that the handler makes; only what did not is noted.
            if context.metadata.wire().is_empty()
                && let Some(parent) = TraceContext::of(context)
            {
                context.set_inherited_extension(parent);
            }
            return span;
        }
        let parent = TraceContext::of(context);
        let (own, state) = self.own(parent.as_ref());
        span::record_ids(&span, own, parent.map(|parent| parent.parent));
        context.set_inherited_extension(TraceContext { parent: own, state });
        span
    }

    /// The place of a new span: below its parent, or at the root of a trace of its own.
    fn own(&self, parent: Option<&TraceContext>) -> (TraceParent, Str) {
        if let Some(TraceContext { parent, state }) = parent {
            return (parent.child(self.ids.span()), state.clone());
        }
        loop {
            if let Some(root) = TraceParent::new(self.ids.trace(), self.ids.span(), true) {
                return (root, Str::new());
            }
        }
    }
}

fn send(context: &mut Context, parent: TraceParent, state: Str) {
    context.metadata.set(Scope::Transient, PARENT, parent.to_string());
    if !state.is_empty() {
        context.metadata.set(Scope::Transient, STATE, state);
    }
}

pin_project! {
    /// An answer that is waited for inside a span.
    struct Traced<F> {
        #[pin]
        answer: F,
        running: Running,
    }
}

impl<F> Future for Traced<F>
where
    F: Future<Output = Result<Response, Error>>,
{
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.running.polled = true;
        let polled = {
            let _entered = this.running.span.as_ref().map(Span::enter);
            this.answer.poll(task)
        };
        this.running.polled = false;
        let result = ready!(polled);
        if let Some(span) = this.running.span.take() {
            span::record_end(&span, &result);
        }
        Poll::Ready(result)
    }
}

/// The span of a call until the call has ended.
struct Running {
    span: Option<Span>,
    deadline: Option<Deadline>,
    /// Stays set if polling does not come back.
    polled: bool,
}

impl Running {
    /// Why a call ends that has no outcome. A server drops the calls that have run out of time, and so does one whose
    /// caller has left for that.
    fn why(&self) -> ErrorKind {
        match self.deadline {
            _ if self.polled => ErrorKind::Panic,
            Some(deadline) if deadline.has_passed(now()) => ErrorKind::Deadline,
            _ => ErrorKind::Cancelled,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(span) = &self.span {
            span::record_given_up(span, self.why());
        }
    }
}

/// Tokio's clock, by which deadlines are kept.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
