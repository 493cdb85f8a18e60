//! Spans of calls, named and filled as OpenTelemetry's conventions for RPC have it.

use std::fmt;

use kitex_codec::Str;
use kitex_core::{Error, ErrorKind, Method, Peer, Request, Response, Status};
use tracing::field::{Empty, display};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Span, info_span};

use super::Side;

/// `EchoSvc/Echo`: how the conventions write a method.
struct Name<'a>(&'a Method);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.service(), self.0.name())
    }
}

/// The span of a call, if somebody listens: else nothing is formatted, and nothing is there to be entered and left. It is
/// in a box, so that most calls, which have none, keep no room for it.
#[inline]
pub(super) fn of(side: Side, request: &Request) -> Option<Box<Span>> {
    if LevelFilter::current() < Level::INFO {
        return None;
    }
    let span = match side {
        Side::Client => client(request),
        Side::Server => server(request),
    };
    (!span.is_disabled()).then(|| Box::new(span))
}

/// A span that is entered, until this is dropped: what is done on this thread meanwhile belongs to it. It may be forgotten,
/// and made once more by whoever leaves the span.
pub(super) struct Entered<'a>(pub(super) &'a Span);

impl<'a> Entered<'a> {
    pub(super) fn new(span: &'a Span) -> Self {
        span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
        Self(span)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.with_subscriber(|(id, subscriber)| subscriber.exit(id));
    }
}

/// The span of an outgoing call.
fn client(request: &Request) -> Span {
    let name = Name(&request.method);
    info_span!(
        target: "kitex",
        "rpc.client",
        otel.name = %name,
        otel.kind = "client",
        otel.status_code = Empty,
        otel.status_description = Empty,
        rpc.system.name = "kitex",
        rpc.method = %name,
        rpc.response.status_code = Empty,
        server.address = Empty,
        server.port = Empty,
        network.peer.address = Empty,
        network.peer.port = Empty,
        "error.type" = Empty,
        kitex.exception.id = Empty,
        trace_id = Empty,
        span_id = Empty,
    )
}

/// The span of a call that is being served.
fn server(request: &Request) -> Span {
    let name = Name(&request.method);
    let span = info_span!(
        target: "kitex",
        "rpc.server",
        otel.name = %name,
        otel.kind = "server",
        otel.status_code = Empty,
        otel.status_description = Empty,
        rpc.system.name = "kitex",
        rpc.method = %name,
        rpc.response.status_code = Empty,
        client.address = Empty,
        client.port = Empty,
        "error.type" = Empty,
        kitex.caller = Empty,
        kitex.exception.id = Empty,
        trace_id = Empty,
        span_id = Empty,
        parent_span_id = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    if let Some(peer) = request.context.peer() {
        record_peer(&span, ["client.address", "client.port"], peer);
    }
    if !request.context.caller().is_empty() {
        span.record("kitex.caller", request.context.caller());
    }
    span
}

/// Where an outgoing call goes.
pub(super) fn record_server(span: &Span, server: Option<&(Str, Option<u16>)>) {
    if let Some((address, port)) = server {
        span.record("server.address", &**address);
        port.map(|port| span.record("server.port", port));
    }
}

/// The ids of a span, for those who look for a trace in the log.
pub(super) fn record_ids(span: &Span, trace: u128, id: u64) {
    span.record("trace_id", display(format_args!("{trace:032x}")));
    span.record("span_id", display(format_args!("{id:016x}")));
}

/// The id of the span that a call was made in, if it came with one.
pub(super) fn record_parent(span: &Span, parent: Option<u64>) {
    if let Some(id) = parent {
        span.record("parent_span_id", display(format_args!("{id:016x}")));
    }
}

fn record_peer(span: &Span, [address, port]: [&'static str; 2], peer: &Peer) {
    match peer {
        Peer::Ip(ip) => {
            span.record(address, display(ip.ip()));
            span.record(port, ip.port());
        }
        Peer::Unix(Some(path)) => {
            span.record(address, &**path);
        }
        _ => {}
    }
}

/// How the call ended. A declared exception and a business status are answers: they are noted, and are no error.
pub(super) fn record_end(span: &Span, result: &Result<Response, Error>) {
    match result {
        Ok(response) => match &response.status {
            Status::Ok => {}
            Status::Exception(id) => {
                span.record("kitex.exception.id", id);
            }
            Status::Business(status) => {
                span.record("rpc.response.status_code", display(status.code));
            }
        },
        Err(error) => record_error(span, error),
    }
}

#[cold]
fn record_error(span: &Span, error: &Error) {
    if let Some(code) = error.code() {
        span.record("rpc.response.status_code", display(code));
    }
    match (error.kind(), error.code()) {
        (ErrorKind::Remote, Some(code)) => span.record("error.type", display(code)),
        (kind, _) => span.record("error.type", kind.name()),
    };
    if let Some(peer) = error.peer() {
        record_peer(span, ["network.peer.address", "network.peer.port"], peer);
    }
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_description", display(error));
}

/// The call ended without an outcome.
#[cold]
pub(super) fn record_given_up(span: &Span, kind: ErrorKind) {
    let description = match kind {
        ErrorKind::Panic => "it panicked",
        ErrorKind::Deadline => "it was given up after its deadline",
        _ => "it was given up before it ended",
    };
    span.record("error.type", kind.name());
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_description", description);
}
