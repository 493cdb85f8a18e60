//! Spans as OTLP has them.

use std::fmt::Display;
use std::time::{Instant, SystemTime};

use kitex_core::{Error, ErrorKind, Peer, Response, Status as Answer};
use kitex_middleware::{EndedCall, SpanOutcome, TraceParent};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use crate::otlp::{cut, int, text, unix_nanos};

/// Bits of a span's flags beside those of W3C: whether it is known where the parent was, and that it was elsewhere.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// A span at its place, below a parent.
pub(super) fn at(place: TraceParent, parent: Option<u64>, remote: bool) -> Span {
    let remote = if remote { HAS_IS_REMOTE | IS_REMOTE } else { HAS_IS_REMOTE };
    Span {
        trace_id: place.trace_id().to_be_bytes().to_vec(),
        span_id: place.span_id().to_be_bytes().to_vec(),
        parent_span_id: parent.map(|id| id.to_be_bytes().to_vec()).unwrap_or_default(),
        flags: u32::from(place.is_sampled()) | remote,
        ..Span::default()
    }
}

pub(super) fn of_call(call: &EndedCall<'_>) -> Span {
    let now = (now(), SystemTime::now());
    let parent = call.parent.map(|parent| parent.span_id());
    let mut span = at(call.scope.place, parent, call.served && parent.is_some());
    call.state.clone_into(&mut span.trace_state);
    span.name = format!("{}/{}", call.method.service(), call.method.name());
    span.kind = if call.served { SpanKind::Server } else { SpanKind::Client } as i32;
    span.start_time_unix_nano = unix_nanos(wall(call.began, now));
    span.end_time_unix_nano = unix_nanos(wall(call.ended, now)).max(span.start_time_unix_nano);
    span.attributes = vec![text("rpc.system.name", "kitex"), text("rpc.method", span.name.clone())];
    if let Some((host, port)) = call.server {
        span.attributes.push(text("server.address", host));
        span.attributes.extend(port.map(|port| int("server.port", i64::from(port))));
    }
    if let Some(peer) = call.peer {
        add_peer(&mut span.attributes, ["client.address", "client.port"], peer);
    }
    let caller = call.caller();
    if !caller.is_empty() {
        span.attributes.push(text("kitex.caller", caller));
    }
    match call.outcome {
        SpanOutcome::Answered(response) => span.attributes.extend(of_answer(response)),
        SpanOutcome::Failed(error) => add_error(&mut span, error),
        SpanOutcome::GivenUp(kind) => add_given_up(&mut span, kind),
        _ => {}
    }
    span
}

/// A declared exception and a business status are answers: they are noted, and are no error.
fn of_answer(response: &Response) -> Option<KeyValue> {
    match &response.status {
        Answer::Ok => None,
        Answer::Exception(id) => Some(int("kitex.exception.id", i64::from(*id))),
        Answer::Business(status) => Some(text("rpc.response.status_code", status.code.to_string())),
    }
}

fn add_error(span: &mut Span, error: &Error) {
    let code = error.code().map(|code| code.to_string());
    let kind = match (error.kind(), &code) {
        (ErrorKind::Remote, Some(code)) => code.clone(),
        (kind, _) => kind.name().to_owned(),
    };
    span.attributes.extend(code.map(|code| text("rpc.response.status_code", code)));
    span.attributes.push(text("error.type", kind));
    if let Some(peer) = error.peer() {
        add_peer(&mut span.attributes, ["network.peer.address", "network.peer.port"], peer);
    }
    span.status = Some(failed(error));
}

fn add_given_up(span: &mut Span, kind: ErrorKind) {
    span.attributes.push(text("error.type", kind.name()));
    span.status = Some(failed(match kind {
        ErrorKind::Panic => "it panicked",
        ErrorKind::Deadline => "it was given up after its deadline",
        _ => "it was given up before it ended",
    }));
}

fn failed(message: impl Display) -> Status {
    Status { code: StatusCode::Error as i32, message: cut(&message.to_string()).to_owned() }
}

fn add_peer(attributes: &mut Vec<KeyValue>, [address, port]: [&'static str; 2], peer: &Peer) {
    match peer {
        Peer::Ip(ip) => {
            attributes.push(text(address, ip.ip().to_string()));
            attributes.push(int(port, i64::from(ip.port())));
        }
        Peer::Unix(Some(path)) => attributes.push(text(address, &**path)),
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
