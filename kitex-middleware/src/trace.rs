//! A span for each call, and the trace carried from service to service.

mod ids;
mod parent;
mod sink;
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
pub use sink::{EndedCall, SpanOutcome, SpanScope, SpanSink, set_span_sink};

use ids::Ids;
use sink::Watched;

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
/// While nobody listens to these spans, and no [`SpanSink`] takes them, a call costs a check, and a trace that came is passed on as it came. A trace
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
    sink: Option<&'static dyn SpanSink>,
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
        Self { shared: Arc::new(Shared { side, ids: Ids::new(), server, sink: None }) }
    }

    /// Gives spans to a sink of its own, in place of the one that [`set_span_sink`] has named.
    pub fn sink(&self, sink: &'static dyn SpanSink) -> Self {
        let Shared { side, server, .. } = &*self.shared;
        let shared = Shared { side: *side, ids: Ids::new(), server: server.clone(), sink: Some(sink) };
        Self { shared: Arc::new(shared) }
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
        let sink = self.sink.or_else(sink::installed);
        let (span, mut watched) = match self.side {
            Side::Client => self.begin_client(&mut request, sink),
            Side::Server => self.begin_server(&mut request, sink),
        };
        if span.is_disabled() && watched.is_none() {
            return inner.call(request);
        }
        let deadline = request.context.deadline;
        let answer = {
            let _entered = (span.enter(), watched.as_mut().map(Watched::enter));
            inner.call(request)
        };
        Box::pin(Traced { answer, running: Running { span: Some(span), watched, deadline, polled: false } })
    }

    fn begin_client(
        &self,
        request: &mut Request,
        sink: Option<&'static dyn SpanSink>,
    ) -> (Span, Option<Watched>) {
        let span = span::client(request);
        let parent = TraceContext::of(&request.context);
        if span.is_disabled() && sink.is_none() {
            if let Some(parent) = parent {
                send(&mut request.context, &parent);
            }
            return (span, None);
        }
        let own = self.own(parent.as_ref(), sink);
        if !span.is_disabled() {
            span::record_server(&span, self.server.as_ref());
            span::record_ids(&span, own.parent, None);
        }
        send(&mut request.context, &own);
        let parent = parent.map(|parent| parent.parent);
        let watched = sink.map(|sink| Watched::client(sink, request, own, parent, self.server.clone()));
        (span, watched)
    }

    fn begin_server(
        &self,
        request: &mut Request,
        sink: Option<&'static dyn SpanSink>,
    ) -> (Span, Option<Watched>) {
        let span = span::server(request);
        if span.is_disabled() && sink.is_none() {
            let context = &mut request.context;
            // What came in a header stays there for the calls that the handler makes; only what did not is noted.
            if context.metadata.wire().is_empty()
                && let Some(parent) = TraceContext::of(context)
            {
                context.set_inherited_extension(parent);
            }
            return (span, None);
        }
        let parent = TraceContext::of(&request.context);
        let own = self.own(parent.as_ref(), sink);
        let parent = parent.map(|parent| parent.parent);
        if !span.is_disabled() {
            span::record_ids(&span, own.parent, parent);
        }
        request.context.set_inherited_extension(own.clone());
        let watched = sink.map(|sink| Watched::server(sink, request, own, parent));
        (span, watched)
    }

    /// The place of a new span: below its parent, or at the root of a trace of its own.
    fn own(&self, parent: Option<&TraceContext>, sink: Option<&'static dyn SpanSink>) -> TraceContext {
        if let Some(TraceContext { parent, state }) = parent {
            return TraceContext { parent: parent.child(self.ids.span()), state: state.clone() };
        }
        loop {
            let trace = self.ids.trace();
            let sampled = sink.is_none_or(|sink| sink.samples(trace));
            if let Some(parent) = TraceParent::new(trace, self.ids.span(), sampled) {
                return TraceContext { parent, state: Str::new() };
            }
        }
    }
}

fn send(context: &mut Context, trace: &TraceContext) {
    context.metadata.set(Scope::Transient, PARENT, trace.parent.text());
    if !trace.state.is_empty() {
        context.metadata.set(Scope::Transient, STATE, trace.state.clone());
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
            let Running { span, watched, .. } = &mut *this.running;
            let _entered = (span.as_ref().map(Span::enter), watched.as_mut().map(Watched::enter));
            this.answer.poll(task)
        };
        this.running.polled = false;
        let mut result = ready!(polled);
        if let Some(mut watched) = this.running.watched.take() {
            watched.end(&mut result);
        }
        if let Some(span) = this.running.span.take().filter(|span| !span.is_disabled()) {
            span::record_end(&span, &result);
        }
        Poll::Ready(result)
    }
}

/// The span of a call until the call has ended.
struct Running {
    span: Option<Span>,
    watched: Option<Watched>,
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
        let Some(span) = &self.span else { return };
        let why = self.why();
        span::record_given_up(span, why);
        if let Some(watched) = &mut self.watched {
            watched.give_up(why);
        }
    }
}

/// Tokio's clock, by which deadlines are kept.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
