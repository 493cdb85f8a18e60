//! Spans of calls, written as OTLP has them.

use std::fmt::Display;
use std::time::{Instant, SystemTime};

use kitex_core::{Error, ErrorKind, Peer, Response, Status as Answer};
use kitex_middleware::{EndedCall, SpanOutcome, TraceParent};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use super::held::Told;
use crate::otlp::{EncodedSpan, Fields, unix_nanos};

/// Bits of a span's flags beside those of W3C: whether it is known where the parent was, and that it was elsewhere.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// The fields of a span, by their numbers.
mod field {
    pub(super) const TRACE_ID: u32 = 1;
    pub(super) const SPAN_ID: u32 = 2;
    pub(super) const TRACE_STATE: u32 = 3;
    pub(super) const PARENT: u32 = 4;
    pub(super) const NAME: u32 = 5;
    pub(super) const KIND: u32 = 6;
    pub(super) const START: u32 = 7;
    pub(super) const END: u32 = 8;
    pub(super) const ATTRIBUTES: u32 = 9;
    pub(super) const EVENTS: u32 = 11;
    pub(super) const DROPPED_EVENTS: u32 = 12;
    pub(super) const STATUS: u32 = 15;
    pub(super) const FLAGS: u32 = 16;

    pub(super) const STATUS_MESSAGE: u32 = 2;
    pub(super) const STATUS_CODE: u32 = 3;
}

fn flags(place: TraceParent, remote: bool) -> u32 {
    u32::from(place.is_sampled()) | if remote { HAS_IS_REMOTE | IS_REMOTE } else { HAS_IS_REMOTE }
}

/// A span of this process at its place, below a parent.
pub(super) fn at(place: TraceParent, parent: u64) -> Span {
    Span {
        trace_id: place.trace_id().to_be_bytes().to_vec(),
        span_id: place.span_id().to_be_bytes().to_vec(),
        parent_span_id: parent.to_be_bytes().to_vec(),
        flags: flags(place, false),
        ..Span::default()
    }
}

/// The span of a call, with what was told within it.
pub(super) fn of_call(call: &EndedCall<'_>, told: &Told) -> EncodedSpan {
    let now = (now(), SystemTime::now());
    let (place, parent) = (call.scope.place, call.parent.map(|parent| parent.span_id()));
    let began = unix_nanos(wall(call.began, now));
    let kind = if call.served { SpanKind::Server } else { SpanKind::Client };
    EncodedSpan::write(|span| {
        span.bytes(field::TRACE_ID, &place.trace_id().to_be_bytes());
        span.bytes(field::SPAN_ID, &place.span_id().to_be_bytes());
        span.text(field::TRACE_STATE, call.state);
        if let Some(parent) = parent {
            span.bytes(field::PARENT, &parent.to_be_bytes());
        }
        let name = Name(call);
        span.shown(field::NAME, &name);
        span.number(field::KIND, kind as i64);
        span.fixed64(field::START, began);
        span.fixed64(field::END, unix_nanos(wall(call.ended, now)).max(began));
        span.text_attribute(field::ATTRIBUTES, "rpc.system.name", "kitex");
        span.shown_attribute(field::ATTRIBUTES, "rpc.method", &name);
        add_other(span, call);
        add_outcome(span, &call.outcome);
        told.events.iter().for_each(|event| span.made(field::EVENTS, event));
        if told.dropped_events > 0 {
            span.number(field::DROPPED_EVENTS, i64::from(told.dropped_events));
        }
        span.fixed32(field::FLAGS, flags(place, call.served && parent.is_some()));
    })
}

/// `EchoSvc/Echo`.
struct Name<'a>(&'a EndedCall<'a>);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let method = self.0.method;
        [method.service(), "/", method.name()].into_iter().try_for_each(|part| f.write_str(part))
    }
}

/// Who is at the other end.
fn add_other(span: &mut Fields<'_>, call: &EndedCall<'_>) {
    if let Some((host, port)) = call.server {
        span.text_attribute(field::ATTRIBUTES, "server.address", host);
        if let Some(port) = port {
            span.number_attribute(field::ATTRIBUTES, "server.port", i64::from(port));
        }
    }
    if let Some(peer) = call.peer {
        add_peer(span, ["client.address", "client.port"], peer);
    }
    if !call.caller.is_empty() {
        span.text_attribute(field::ATTRIBUTES, "kitex.caller", call.caller);
    }
}

fn add_outcome(span: &mut Fields<'_>, outcome: &SpanOutcome<'_>) {
    match outcome {
        SpanOutcome::Answered(response) => add_answer(span, response),
        SpanOutcome::Failed(error) => add_error(span, error),
        SpanOutcome::GivenUp(kind) => add_given_up(span, *kind),
        _ => {}
    }
}

/// A declared exception and a business status are answers: they are noted, and are no error.
fn add_answer(span: &mut Fields<'_>, response: &Response) {
    match &response.status {
        Answer::Ok => {}
        Answer::Exception(id) => {
            span.number_attribute(field::ATTRIBUTES, "kitex.exception.id", i64::from(*id));
        }
        Answer::Business(status) => {
            span.shown_attribute(field::ATTRIBUTES, "rpc.response.status_code", status.code);
        }
    }
}

fn add_error(span: &mut Fields<'_>, error: &Error) {
    if let Some(code) = error.code() {
        span.shown_attribute(field::ATTRIBUTES, "rpc.response.status_code", code);
    }
    match (error.kind(), error.code()) {
        (ErrorKind::Remote, Some(code)) => span.shown_attribute(field::ATTRIBUTES, "error.type", code),
        (kind, _) => span.text_attribute(field::ATTRIBUTES, "error.type", kind.name()),
    }
    if let Some(peer) = error.peer() {
        add_peer(span, ["network.peer.address", "network.peer.port"], peer);
    }
    add_failure(span, &error.to_string());
}

fn add_given_up(span: &mut Fields<'_>, kind: ErrorKind) {
    span.text_attribute(field::ATTRIBUTES, "error.type", kind.name());
    add_failure(
        span,
        match kind {
            ErrorKind::Panic => "it panicked",
            ErrorKind::Deadline => "it was given up after its deadline",
            _ => "it was given up before it ended",
        },
    );
}

fn add_failure(span: &mut Fields<'_>, message: &str) {
    span.message(field::STATUS, |status| {
        status.text(field::STATUS_MESSAGE, message);
        status.number(field::STATUS_CODE, StatusCode::Error as i64);
    });
}

fn add_peer(span: &mut Fields<'_>, [address, port]: [&'static str; 2], peer: &Peer) {
    match peer {
        Peer::Ip(ip) => {
            span.shown_attribute(field::ATTRIBUTES, address, ip.ip());
            span.number_attribute(field::ATTRIBUTES, port, i64::from(ip.port()));
        }
        Peer::Unix(Some(path)) => span.text_attribute(field::ATTRIBUTES, address, path),
        _ => {}
    }
}

/// When an instant was, by the wall clock as it is now.
fn wall(instant: Instant, (now, wall): (Instant, SystemTime)) -> SystemTime {
    let back = now.saturating_duration_since(instant);
    wall.checked_sub(back).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Tokio's clock, by which calls are measured.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
