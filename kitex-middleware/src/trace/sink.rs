//! Who takes the spans of calls without `tracing`: when they have ended, with their outcome.

use std::any::Any;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use kitex_codec::Str;
use kitex_core::{CallResult, Context, Error, ErrorKind, Method, Peer, Request, Response, TraceParent};

use super::Address;
use super::caller::CallerName;
use crate::clock::{began_at, ended_at, now};

/// Takes the spans of calls when they have ended, and decides then which to keep.
///
/// A span that nobody keeps costs a call no more than its ids and two reads of the clock that other layers share. It
/// stands beside the spans of `tracing`, has the same ids, and is there if nobody listens to those.
pub trait SpanSink: fmt::Debug + Send + Sync {
    /// Whether a trace that begins here is marked as sampled for all who come after.
    fn samples(&self, trace_id: u128) -> bool;

    /// The call goes on, on this thread. Calls may nest: what is done until [`leave`](Self::leave) belongs to this one.
    fn enter(&self, scope: &mut SpanScope);

    /// The call rests, or has ended. Told once for each [`enter`](Self::enter), in the reverse order, on the same thread.
    fn leave(&self, scope: &mut SpanScope);

    /// Whether to be told of a call that has ended, by [`end`](Self::end): asked of each, before what that is told is put
    /// together. One that is not wanted is over, and what was held in its scope is dropped. True if it is not written.
    fn wants(&self, scope: &SpanScope, began: Instant, ended: Instant, outcome: &SpanOutcome<'_>) -> bool {
        let _ = (scope, began, ended, outcome);
        true
    }

    /// The call has ended.
    fn end(&self, call: EndedCall<'_>);
}

/// Where a call stands, and what its sink keeps for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct SpanScope {
    /// The call's own place in its trace.
    pub place: TraceParent,
    /// Whatever the sink likes. Nothing at first.
    pub held: Option<Arc<dyn Any + Send + Sync>>,
}

/// A call that has ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct EndedCall<'a> {
    /// Whether it was served here; else it was made.
    pub served: bool,
    /// What was called.
    pub method: &'a Method,
    /// The call's own place, and what the sink keeps.
    pub scope: SpanScope,
    /// The place of whoever made it, if it belongs to a trace that began elsewhere.
    pub parent: Option<TraceParent>,
    /// The value of `tracestate`; may be empty.
    pub state: &'a str,
    /// When it began.
    pub began: Instant,
    /// When it had ended.
    pub ended: Instant,
    /// Of a call that was served: where it came from.
    pub peer: Option<&'a Peer>,
    /// Of a call that was made: where it went, if the layer was told.
    pub server: Option<(&'a str, Option<u16>)>,
    /// How it ended.
    pub outcome: SpanOutcome<'a>,
    /// Of a call that was served: the service that made it, as it names itself; may be empty.
    pub caller: &'a str,
}

/// How a call has ended.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum SpanOutcome<'a> {
    /// With an answer: a value, a declared exception or a business status.
    Answered(&'a Response),
    /// With an error.
    Failed(&'a Error),
    /// With neither, for a reason: nobody waited any more, or it panicked.
    GivenUp(ErrorKind),
}

static SINK: OnceLock<&'static dyn SpanSink> = OnceLock::new();

/// Gives the spans of all calls of this process to a sink, from now on. Errors, with the sink, if there is one already.
pub fn set_span_sink(sink: &'static dyn SpanSink) -> Result<(), &'static dyn SpanSink> {
    SINK.set(sink).map_err(|_| sink)
}

#[inline]
pub(super) fn installed() -> Option<&'static dyn SpanSink> {
    SINK.get().copied()
}

/// A call under way whose span a sink gets: no more than what is told at the end, and is not known of the layer.
///
/// A call that is made waits, and finds nothing of itself near when it goes on: what it has stands together, and what it
/// has not, it does not look at.
#[repr(C)]
pub(super) struct Watched {
    /// Until it is told of the end, which it is once, even if it panics.
    sink: Option<&'static dyn SpanSink>,
    scope: SpanScope,
    method: Method,
    /// The span of whoever made the call.
    parent: Option<NonZeroU64>,
    began: Instant,
    /// The value of `tracestate`. Few traces have one: a box of its own keeps the others small.
    state: Option<Box<Str>>,
    /// Of a call that is served.
    served: Option<Served>,
}

/// Where a call comes from that is served.
#[repr(C)]
struct Served {
    /// The address is copied: the count of what a connection's calls share is where its threads meet.
    peer: Option<Peer>,
    caller: CallerName,
}

impl Watched {
    #[inline(always)]
    pub(super) fn begin(
        sink: &'static dyn SpanSink,
        request: &mut Request,
        place: TraceParent,
        state: Option<Box<Str>>,
        parent: Option<TraceParent>,
    ) -> Self {
        // What might panic comes first: then nothing has to be kept elsewhere, to be dropped if it does.
        let (began, method) = (began_at(request), request.method.clone());
        Self {
            sink: Some(sink),
            scope: SpanScope { place, held: None },
            method,
            parent: parent.and_then(|parent| NonZeroU64::new(parent.span_id())),
            began,
            state,
            served: None,
        }
    }

    /// Notes who calls, where that stays: see [`Guard::admit`](crate::guard::Guard::admit).
    #[inline(always)]
    pub(super) fn note_caller(&mut self, context: &Context) {
        let served = self.served.get_or_insert_with(|| Served { peer: None, caller: CallerName::NONE });
        if let Some(peer) = context.peer() {
            served.peer = Some(peer.clone());
        }
        served.caller.set(context.caller_bytes());
    }

    /// What is done from here until it is left belongs to this call.
    #[inline]
    pub(super) fn enter(&mut self) {
        if let Some(sink) = self.sink {
            sink.enter(&mut self.scope);
        }
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        if let Some(sink) = self.sink {
            sink.leave(&mut self.scope);
        }
    }

    #[inline]
    pub(super) fn end(&mut self, server: Option<&Address>, result: &mut CallResult) {
        let ended = ended_at(result);
        let outcome = match result {
            Ok(response) => SpanOutcome::Answered(response),
            Err(error) => SpanOutcome::Failed(error),
        };
        self.offer(server, ended, outcome);
    }

    #[cold]
    pub(super) fn give_up(&mut self, server: Option<&Address>, kind: ErrorKind) {
        self.offer(server, now(), SpanOutcome::GivenUp(kind));
    }

    #[inline(always)]
    fn offer(&mut self, server: Option<&Address>, ended: Instant, outcome: SpanOutcome<'_>) {
        if let Some(sink) = self.sink.take()
            && sink.wants(&self.scope, self.began, ended, &outcome)
        {
            self.tell(sink, server, ended, outcome);
        }
    }

    #[cold]
    fn tell(
        &mut self,
        sink: &dyn SpanSink,
        server: Option<&Address>,
        ended: Instant,
        outcome: SpanOutcome<'_>,
    ) {
        let scope = SpanScope { place: self.scope.place, held: self.scope.held.take() };
        sink.end(EndedCall {
            served: self.served.is_some(),
            method: &self.method,
            parent: self.parent.map(|id| scope.place.child(id)),
            scope,
            state: self.state.as_ref().map_or("", |state| state),
            began: self.began,
            ended,
            peer: self.served.as_ref().and_then(|served| served.peer.as_ref()),
            caller: self.served.as_ref().map_or("", |served| served.caller.get()),
            server: server.map(|(host, port)| (&**host, *port)),
            outcome,
        });
    }
}
