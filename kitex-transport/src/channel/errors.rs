//! How a call fails when its connection does.

use std::borrow::Cow;
use std::io;

use kitex_core::{ConnectionInfo, Error, ErrorKind, Request, Stage};

use crate::clock;

/// A call's failure, with what is known of the call, and the request if it is wanted back.
///
/// A server that keeps deadlines gives a call up at the same moment as its caller: its exception may come before the
/// caller's own timer goes off, and is the same failure.
#[cold]
pub(super) fn of_call(error: Error, request: &mut Request) -> Error {
    let late = request.context.deadline.is_some_and(|deadline| deadline.has_passed(clock::now()));
    if !late || error.kind() != ErrorKind::Remote {
        return error.with_method(&request.method).with_deadline_of(&request.context).with_request(request);
    }
    let deadline =
        Error::deadline(Stage::Read).with_method(&request.method).with_deadline_of(&request.context);
    match error.peer().cloned() {
        Some(peer) => deadline.with_peer(&peer).with_source(error),
        None => deadline.with_source(error),
    }
}

/// A connection was closed or broke while a call was under way on it.
#[cold]
pub(super) fn closed(info: &ConnectionInfo, stage: Stage, text: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Closed, stage, text).with_peer(info.peer())
}

/// Reading or writing failed.
#[cold]
pub(super) fn broken(info: &ConnectionInfo, stage: Stage, error: io::Error) -> Error {
    closed(info, stage, "the connection broke").with_source(error)
}

/// The peer sends no more; `left_over` bytes of an answer came before.
#[cold]
pub(super) fn ended(info: &ConnectionInfo, left_over: usize) -> Error {
    let text = match left_over {
        0 => "the peer closed the connection before it answered",
        _ => "the peer closed the connection in the middle of its answer",
    };
    closed(info, Stage::Read, text)
}

/// The same failure for one more call.
#[cold]
pub(super) fn again(error: &Error) -> Error {
    let copy = Error::new(error.kind(), error.stage(), error.message().to_owned());
    let copy = match error.cause() {
        Some(source) => copy.with_source(source.to_string()),
        None => copy,
    };
    match error.setting() {
        Some(setting) => copy.with_setting(setting),
        None => copy,
    }
}

/// The channel was closed.
#[cold]
pub(super) fn shutdown() -> Error {
    Error::new(ErrorKind::Shutdown, Stage::Pick, "the channel is closed")
}

/// Connections are made by a runtime.
#[cold]
pub(super) fn no_runtime() -> Error {
    Error::new(ErrorKind::Connect, Stage::Dial, "no connection: the call runs outside a Tokio runtime")
}

/// Calls that share a connection are told apart by what a TTHeader says.
#[cold]
pub(super) fn no_header() -> Error {
    let text = "multiplexed connections need a form with a TTHeader";
    Error::new(ErrorKind::Encode, Stage::Local, text).with_setting("form")
}
