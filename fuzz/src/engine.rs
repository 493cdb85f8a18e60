//! What both ends of a connection are driven with.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use kitex_codec::{Bytes, BytesMut, Envelope, Form, Frame, Limits, Output, Protocol, flags};
use kitex_core::{
    BoxFuture, ConnectionInfo, Error, MethodDescriptor, Peer, Request, Response, ServiceDescriptor, Status,
};
use tower_service::Service;

use crate::echo::echo_svc_calls;
use crate::rich::{other_svc_calls, rich_svc_calls};

pub(crate) static ECHO: &ServiceDescriptor = &echo_svc_calls::SERVICE;
pub(crate) static OTHER: &ServiceDescriptor = &other_svc_calls::SERVICE;
pub(crate) static RICH: &ServiceDescriptor = &rich_svc_calls::SERVICE;

/// All methods of both services: a number chooses one.
pub(crate) fn methods() -> impl Iterator<Item = &'static MethodDescriptor> + Clone {
    ECHO.methods.iter().chain(RICH.methods)
}

/// A service whose calls the target answers by itself.
#[derive(Clone)]
pub(crate) struct Nothing;

impl Service<Request> for Nothing {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        Box::pin(async { Ok(Response::empty(Status::Ok)) })
    }
}

pub(crate) fn info(limits: &Arc<Limits>) -> Arc<ConnectionInfo> {
    ConnectionInfo::new(Peer::Memory, Arc::clone(limits))
}

/// True if white space that stands behind a message is no part of the next one.
pub(crate) fn is_behind_white_space(frame: &Frame) -> bool {
    (frame.form, frame.protocol) == (Form::Buffered, Protocol::Json)
}

/// Takes white space off the front; true if more of it may come.
pub(crate) fn pass_white_space(input: &mut BytesMut) -> bool {
    let white = input.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    drop(input.split_to(white));
    input.is_empty()
}

/// A clock that is moved by hand.
pub(crate) struct Clock(Duration);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Duration::ZERO)
    }

    pub(crate) fn now(&self) -> Instant {
        static START: OnceLock<Instant> = OnceLock::new();
        *START.get_or_init(Instant::now) + self.0
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.0 += by;
    }

    /// Goes on to `at`, unless that has passed.
    pub(crate) fn go_to(&mut self, at: Instant) {
        self.0 += at.saturating_duration_since(self.now());
    }
}

pub(crate) const PROTOCOLS: [Protocol; 3] = [Protocol::Binary, Protocol::Compact, Protocol::Json];

/// A whole message without a TTHeader.
pub(crate) fn bare(protocol: Protocol, envelope: &Envelope<'_>, framed: bool, body: &[u8]) -> Bytes {
    let mut message = Output::new();
    // What cannot be written is left away.
    let _ = protocol.encode_envelope(envelope, &mut message);
    message.tail().extend_from_slice(body);
    message.tail().extend_from_slice(protocol.trailer());
    let message = message.take_segments().into_bytes();
    if !framed {
        return message;
    }
    Bytes::from([&(message.len() as u32).to_be_bytes()[..], &message].concat())
}

/// The struct of a message.
pub(crate) fn body(frame: &Frame, limits: &Limits) -> Bytes {
    let (_, body) = frame.envelope(limits).expect("a message that is served has an envelope");
    frame.payload().slice(body)
}

/// Moves at most `len` bytes from the output to what was sent.
pub(crate) fn send(output: &mut Output, len: usize, sent: &mut Vec<u8>) {
    let mut left = len;
    while left > 0 && !output.is_empty() {
        let (front, _) = output.front();
        let taken = front.len().min(left);
        sent.extend_from_slice(&front[..taken]);
        output.advance(taken);
        left -= taken;
    }
    output.release();
}

/// The length and the sequence id of a multiplexed message that cannot be read, if its head tells where the next begins.
pub(crate) fn passes(message: &[u8]) -> Option<(usize, i32)> {
    let head: &[u8; 12] = message.first_chunk()?;
    let word = u16::from_be_bytes([head[6], head[7]]);
    let multiplexed =
        head[4..6] == [0x10, 0] && word & flags::OUT_OF_ORDER != 0 && word & flags::STREAMING == 0;
    let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    // The shortest has the rest of its head, and four bytes of header info.
    let sequence = i32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    (multiplexed && length >= 14).then_some((length + 4, sequence))
}
