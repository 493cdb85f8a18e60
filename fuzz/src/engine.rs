//! What both ends of a connection are driven with.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use kitex_codec::{
    BytesMut, Envelope, Form, Frame, FrameDecoder, Limits, MAX_HEADER_INFO, MessageType, Output,
};
use kitex_core::{
    BoxFuture, ConnectionInfo, Error, MethodDescriptor, Peer, Request, Response, ServiceDescriptor, Status,
};
use tower_service::Service;

use crate::echo::echo_svc_calls;
use crate::rich::rich_svc_calls;

pub(crate) static ECHO: &ServiceDescriptor = &echo_svc_calls::SERVICE;
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

/// What tells messages of one connection apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) kind: MessageType,
    pub(crate) sequence: i32,
    pub(crate) name: Vec<u8>,
    /// The outer form, if what stands before the message can be read.
    pub(crate) form: Option<Form>,
}

impl Mark {
    fn new(envelope: &Envelope<'_>, form: Option<Form>) -> Self {
        let Envelope { kind, name, sequence } = *envelope;
        Self { kind, sequence, name: name.to_vec(), form }
    }

    fn of(frame: &Frame) -> Option<Self> {
        let payload = frame.payload();
        let (envelope, _) = Envelope::decode(&payload).ok()?;
        Some(Self::new(&envelope, Some(frame.form)))
    }

    /// The mark of the message that `consumed` ends with, whose struct is `body`. What stands before it may have been
    /// passed over, so that the envelope is found from behind.
    pub(crate) fn of_last(consumed: &[u8], name: &str, body: &[u8], limits: &Limits) -> Self {
        let at = consumed.len().checked_sub(12 + name.len() + body.len()).expect("a message has an envelope");
        let (envelope, len) =
            Envelope::decode(&consumed[at..]).expect("the envelope stands before the struct");
        assert_eq!(&consumed[at + len..], body);
        let (frames, left) = messages(consumed, limits);
        Self::new(&envelope, frames.last().filter(|_| left == 0).map(|frame| frame.form))
    }
}

/// The marks of messages that were sent.
pub(crate) fn marks(sent: &[u8]) -> Vec<Mark> {
    let mut limits = Limits::default();
    limits.max_header = MAX_HEADER_INFO;
    let (frames, left) = messages(sent, &limits);
    assert_eq!(left, 0, "what was sent is not whole messages");
    frames.iter().map(|frame| Mark::of(frame).expect("a message that was sent has an envelope")).collect()
}

/// The messages at the front of `bytes`, and how many bytes are left behind them.
fn messages(bytes: &[u8], limits: &Limits) -> (Vec<Frame>, usize) {
    let (mut decoder, mut buffer, mut found) = (FrameDecoder::default(), BytesMut::from(bytes), Vec::new());
    while let Ok(Some(frame)) = decoder.decode(&mut buffer, limits) {
        found.push(frame);
    }
    (found, buffer.len())
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
