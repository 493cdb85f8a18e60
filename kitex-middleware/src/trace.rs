//! A span for each call, and the trace carried from service to service.

mod caller;
mod ids;
mod sink;
mod span;

use std::mem;
use std::sync::Arc;

use tracing::Span;

use kitex_codec::Str;
use kitex_core::{
    Body, CallResult, Context, Deadline, Error, ErrorKind, Request, Response, Status, TraceContext,
    TraceParent,
};

pub use sink::{EndedCall, SpanOutcome, SpanScope, SpanSink, set_span_sink};

use crate::clock::now;
use crate::guard::{Guard, guard_layer};
use sink::Watched;

/// A `tracing` span for each call, and W3C's trace context in its metadata.
///
/// Spans have the level `INFO`, the target `kitex`, and the field names of OpenTelemetry's conventions for RPC:
/// `rpc.system.name`, `rpc.method`, `server.address`, `client.address`, `error.type` (an [`ErrorKind`] by its name or, from
/// the peer, the exception's code), `rpc.response.status_code`; besides, `trace_id` and `span_id`. A call that failed has
/// `otel.status_code = "ERROR"`. A declared exception (`kitex.exception.id`) and a business status are answers, and no
/// errors. A call that is answered by a stream ends with the stream, and fails if that does.
///
/// While nobody listens to these spans, and no [`SpanSink`] takes them, a call costs a check, and a trace that came is
/// passed on as it came. A trace is begun where a span has no parent. [`TraceContext::of`] tells a handler where it stands;
/// the calls made with its context go on from there.
///
/// [`ErrorKind`]: kitex_core::ErrorKind
#[derive(Debug, Clone)]
pub struct TraceLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    side: Side,
    server: Option<Address>,
    sink: Option<&'static dyn SpanSink>,
}

/// A host, an IP address or a path, and a port if it has one.
type Address = (Str, Option<u16>);

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

    fn of(side: Side, server: Option<Address>) -> Self {
        Self { shared: Arc::new(Shared { side, server, sink: None }) }
    }

    /// Gives spans to a sink of its own, in place of the one that [`set_span_sink`] has named.
    pub fn sink(&self, sink: &'static dyn SpanSink) -> Self {
        let Shared { side, server, .. } = &*self.shared;
        let shared = Shared { side: *side, server: server.clone(), sink: Some(sink) };
        Self { shared: Arc::new(shared) }
    }
}

guard_layer!(TraceLayer);

impl Guard for TraceLayer {
    type Held = Running;

    #[inline]
    fn holds(&self) -> bool {
        self.shared.sink().is_some()
    }

    #[inline]
    fn admit(&self, request: &mut Request, held: &mut Option<Running>) -> Result<(), Error> {
        let shared = &*self.shared;
        let sink = shared.sink();
        let span = span::of(shared.side, request);
        if span.is_none() && sink.is_none() {
            shared.pass_on(&mut request.context);
            return Ok(());
        }
        let (own, parent, state) = match request.context.place_in_trace() {
            Ok(parent) => (shared.begin(&mut request.context, parent, sink), parent, None),
            Err(_) => *shared.begin_with_state(&mut request.context, sink),
        };
        if let Some(span) = &span {
            shared.record(span, own.trace_id(), own.span_id(), parent.map(|parent| parent.span_id()));
        }
        let deadline = request.context.deadline;
        let running = held.get_or_insert_with(|| Running { span, watched: None, deadline, polled: false });
        if let Some(sink) = sink {
            let begin = || Watched::begin(sink, request, own, state, parent);
            let watched = running.watched.get_or_insert_with(begin);
            if matches!(shared.side, Side::Server) {
                watched.note_caller(&request.context);
            }
        }
        Ok(())
    }

    /// The span of a call that is answered by a stream ends with the stream.
    #[inline]
    fn answered(&self, running: &mut Running, result: &mut CallResult) -> bool {
        if let Ok(Response { body: Body::Stream(_), status: Status::Ok, .. }) = result {
            return true;
        }
        self.shared.end(running, result);
        false
    }

    fn stream_ended(&self, running: &mut Running, error: Option<Error>) -> Option<Error> {
        let mut result = error.map_or_else(|| Ok(Response::empty(Status::Ok)), Err);
        self.shared.end(running, &mut result);
        result.err()
    }

    #[inline]
    fn over(&self, running: &mut Running, has_ended: bool) {
        if !has_ended {
            self.shared.give_up(running);
        }
    }

    #[inline]
    fn enter(&self, running: &mut Running) {
        running.polled = true;
        let entered = running.span.as_deref().map(span::Entered::new);
        if let Some(watched) = &mut running.watched {
            watched.enter();
        }
        mem::forget(entered);
    }

    #[inline]
    fn leave(&self, running: &mut Running, came_back: bool) {
        running.polled = !came_back;
        let _entered = running.span.as_deref().map(span::Entered);
        if let Some(watched) = &mut running.watched {
            watched.leave();
        }
    }
}

impl Shared {
    /// Who takes spans: one that is there once stays.
    #[inline]
    fn sink(&self) -> Option<&'static dyn SpanSink> {
        self.sink.or_else(sink::installed)
    }

    /// Begins a span in a trace that has nothing but a place, or in one of its own. In line, so that its numbers stay in
    /// registers.
    #[inline(always)]
    fn begin(
        &self,
        context: &mut Context,
        parent: Option<TraceParent>,
        sink: Option<&'static dyn SpanSink>,
    ) -> TraceParent {
        let own = own(parent, sink);
        match self.side {
            Side::Client => context.send_place_in_trace(own),
            Side::Server => context.set_place_in_trace(own),
        }
        own
    }

    /// In a box: a place that is returned where it is to be would not be in registers for other traces either.
    #[cold]
    fn begin_with_state(&self, context: &mut Context, sink: Option<&'static dyn SpanSink>) -> Box<Begun> {
        let (parent, state) = match TraceContext::of(context) {
            Some(TraceContext { parent, state }) => (Some(parent), state),
            None => (None, Str::new()),
        };
        let trace = TraceContext { parent: own(parent, sink), state };
        match self.side {
            Side::Client => context.send_trace(&trace),
            Side::Server => context.set_trace(&trace),
        }
        let TraceContext { parent: own, state } = trace;
        Box::new((own, parent, (!state.is_empty()).then(|| Box::new(state))))
    }

    /// The call has ended.
    #[inline(always)]
    fn end(&self, running: &mut Running, result: &mut CallResult) {
        if let Some(watched) = &mut running.watched {
            watched.end(self.server.as_ref(), result);
        }
        if let Some(span) = running.span.take() {
            span::record_end(&span, result);
        }
    }

    /// Nobody waits for the call any more.
    #[cold]
    fn give_up(&self, running: &mut Running) {
        let why = running.why();
        if let Some(span) = &running.span {
            span::record_given_up(span, why);
        }
        if let Some(watched) = &mut running.watched {
            watched.give_up(self.server.as_ref(), why);
        }
    }

    /// Nobody listens: a trace that came is passed on as it came.
    #[inline]
    fn pass_on(&self, context: &mut Context) {
        // What came in a header stays there for the calls that the handler makes; only what did not is noted.
        if matches!(self.side, Side::Server) && !context.metadata.wire().is_empty() {
            return;
        }
        if let Some(trace) = TraceContext::of(context) {
            match self.side {
                Side::Client => context.send_trace(&trace),
                Side::Server => context.set_trace(&trace),
            }
        }
    }

    /// By its numbers: a place that is handed on as a whole is one that is not in registers.
    #[cold]
    fn record(&self, span: &Span, trace: u128, id: u64, parent: Option<u64>) {
        span::record_ids(span, trace, id);
        match self.side {
            Side::Client => span::record_server(span, self.server.as_ref()),
            Side::Server => span::record_parent(span, parent),
        }
    }
}

/// The place of a span that has begun, that of its parent, and the value of `tracestate` if there is one.
type Begun = (TraceParent, Option<TraceParent>, Option<Box<Str>>);

/// The place of a new span: below its parent, or at the root of a trace of its own.
#[inline(always)]
fn own(parent: Option<TraceParent>, sink: Option<&'static dyn SpanSink>) -> TraceParent {
    if let Some(parent) = parent {
        return parent.child(ids::span());
    }
    loop {
        let (trace, span) = ids::root();
        let sampled = sink.is_none_or(|sink| sink.samples(trace));
        if let Some(place) = TraceParent::new(trace, span, sampled) {
            return place;
        }
    }
}

/// The span of a call until the call has ended. What only a call has that is served is at the end: see [`Watched`].
#[repr(C)]
pub struct Running {
    /// `None` if nobody listens.
    span: Option<Box<Span>>,
    /// Stays set if polling does not come back.
    polled: bool,
    deadline: Option<Deadline>,
    watched: Option<Watched>,
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
