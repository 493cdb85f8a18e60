//! The server's end of a connection.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use kitex_codec::{
    BytesMut, DecodeError, DecodeReason, Envelope, Form, Frame, FrameDecoder, MessageType, Output, Segments,
};

use super::ServerConfig;
use super::slots::{CallId, Slots};
use crate::head::{self, Shell};
use crate::router::Routed;
use crate::{
    Body, ConnectionInfo, Error, ErrorKind, Metadata, Method, Payload, Protocol, Request, Response, Router,
    Sent, Stage, Target,
};

/// The server's end of a connection: requests out of bytes, and answers into bytes.
///
/// Ping-pong and multiplexed requests are told apart one by one: a request that says that it may be answered out of
/// order runs beside others; any other is answered before the next is taken (spec: kitex-wire 7.2, 12).
pub struct ServerConnection {
    router: Arc<Router>,
    config: Arc<ServerConfig>,
    info: Arc<ConnectionInfo>,
    decoder: FrameDecoder,
    output: Output,
    calls: Slots<Pending>,
    /// The call that must be answered before another request is taken.
    serial: Option<CallId>,
    /// No later than the earliest deadline of a call under way.
    earliest: Option<Instant>,
    /// When the message that is not whole yet began.
    partial_since: Option<Instant>,
    last_activity: Instant,
    state: State,
    /// Whether the last request might be answered out of order.
    multiplexed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Shutting down: what comes is served, and the peer is told.
    Draining,
    /// A multiplexed peer was told; it may close until then.
    Told {
        until: Instant,
    },
    /// No request is taken any more; the connection ends with its last answer.
    Closing,
}

/// What is known of a call until it is answered.
#[derive(Debug)]
struct Pending {
    method: Method,
    form: Form,
    sequence: i32,
    deadline: Option<Instant>,
    /// Answered before the next request is taken.
    serial: bool,
    /// Read after the shutdown had begun.
    late: bool,
}

/// A request for the driver to call a service with.
#[derive(Debug)]
pub struct ServerRequest {
    /// What to answer to.
    pub id: CallId,
    /// Where in the router its service stands.
    pub target: Target,
    /// True if other requests of the connection may run beside it.
    pub concurrent: bool,
    /// The request.
    pub request: Request,
}

impl ServerConnection {
    /// A connection that begins at `now`.
    pub fn new(
        router: Arc<Router>,
        config: Arc<ServerConfig>,
        info: Arc<ConnectionInfo>,
        now: Instant,
    ) -> Self {
        Self {
            router,
            config,
            info,
            decoder: FrameDecoder::default(),
            output: Output::new(),
            calls: Slots::new(),
            serial: None,
            earliest: None,
            partial_since: None,
            last_activity: now,
            state: State::Open,
            multiplexed: false,
        }
    }

    /// Takes the next request off the front of `input`; `None` if there is none to take now.
    ///
    /// Errors if the peer has sent what is no request. The connection then takes no more input and ends when the calls
    /// under way are answered; the error is for a log.
    pub fn handle_input(
        &mut self,
        now: Instant,
        input: &mut BytesMut,
    ) -> Result<Option<ServerRequest>, Error> {
        while self.takes_input() && !input.is_empty() {
            let Some(frame) =
                self.decoder.decode(input, self.info.limits()).map_err(|error| self.fail(error))?
            else {
                self.partial_since.get_or_insert(now);
                return Ok(None);
            };
            self.partial_since = None;
            self.last_activity = now;
            if let Some(request) = self.accept(now, frame)? {
                return Ok(Some(request));
            }
        }
        Ok(None)
    }

    /// Bytes of the message that is not whole yet, if its beginning tells.
    pub fn expected_input(&self) -> Option<usize> {
        self.decoder.expected()
    }

    /// False while nothing is to be read: a call is to be answered first, too much output is queued, or the
    /// connection is closing.
    pub fn takes_input(&self) -> bool {
        self.state != State::Closing
            && self.serial.is_none()
            && self.output.len() <= self.config.max_queued_output
    }

    /// Answers a call. An answer to a call that has ended is dropped.
    pub fn reply(&mut self, now: Instant, id: CallId, result: Result<Response, Error>) {
        let Some(call) = self.take(id) else { return };
        self.last_activity = now;
        let undecodable = matches!(&result, Err(error) if error.kind() == ErrorKind::Arguments);
        let closes = undecodable && call.serial;
        if !call.method.is_oneway() {
            self.write_answer(&call, result, closes);
        }
        if closes {
            self.state = State::Closing;
        }
        self.settle(now);
    }

    /// Forgets a call that nobody waits for: nothing is written for it.
    pub fn cancel(&mut self, id: CallId) {
        self.take(id);
    }

    /// The peer sends no more. Calls that it waits for have no one to answer to and are forgotten; oneway calls
    /// go on.
    pub fn handle_eof(&mut self) {
        self.state = State::Closing;
        let waiting: Vec<_> =
            self.calls.iter().filter(|(_, call)| !call.method.is_oneway()).map(|(id, _)| id).collect();
        waiting.into_iter().for_each(|id| self.cancel(id));
    }

    /// Begins to shut down: what comes still is served, the peer is told not to use the connection again, and the
    /// connection ends when nothing is under way.
    pub fn shutdown(&mut self, now: Instant) {
        if self.state == State::Open {
            self.state = State::Draining;
            self.settle(now);
        }
    }

    /// Takes no further request: the connection ends with the answers to those under way.
    pub fn close(&mut self) {
        self.state = State::Closing;
    }

    /// What is to be written to the peer.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Calls under way.
    pub fn in_flight(&self) -> usize {
        self.calls.len()
    }

    /// True if the connection is between messages: nothing is under way, half read or unsent.
    pub fn is_idle(&self) -> bool {
        self.calls.len() == 0 && self.partial_since.is_none() && self.output.is_empty()
    }

    /// True if the peer was told that this side goes away and has a moment to close first.
    pub fn awaits_close(&self) -> bool {
        matches!(self.state, State::Told { .. })
    }

    /// True once there is nothing left to do: the driver closes.
    pub fn is_finished(&self) -> bool {
        self.state == State::Closing && self.calls.len() == 0 && self.output.is_empty()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let idle = self.is_idle().then(|| self.last_activity + self.config.idle_timeout);
        let partial = self.partial_since.map(|since| since + self.config.message_timeout);
        let told = match self.state {
            State::Told { until } => Some(until),
            _ => None,
        };
        [self.earliest, idle, partial, told].into_iter().flatten().min()
    }

    /// Does what is due at `now`. Gives a call whose deadline has passed: it is answered already, and the driver drops
    /// its handler. To be called until it gives none.
    ///
    /// Errors if the peer was too slow; the connection then ends as after an error of
    /// [`handle_input`](Self::handle_input).
    pub fn handle_timeout(&mut self, now: Instant) -> Result<Option<CallId>, Error> {
        if let Some(expired) = self.expire(now) {
            return Ok(Some(expired));
        }
        if self.partial_since.is_some_and(|since| since + self.config.message_timeout <= now) {
            return Err(self.slow());
        }
        let idle = self.is_idle() && self.last_activity + self.config.idle_timeout <= now;
        let told = matches!(self.state, State::Told { until } if until <= now);
        if idle || told {
            self.state = State::Closing;
        }
        Ok(None)
    }

    /// Answers the next call whose deadline has passed.
    fn expire(&mut self, now: Instant) -> Option<CallId> {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return None;
        }
        let expired =
            self.calls.iter().find(|(_, call)| call.deadline.is_some_and(|deadline| deadline <= now));
        if let Some((id, call)) = expired {
            let error = Error::deadline(Stage::Handle).with_method(&call.method);
            self.reply(now, id, Err(error));
            return Some(id);
        }
        self.earliest = self.calls.iter().filter_map(|(_, call)| call.deadline).min();
        None
    }

    fn accept(&mut self, now: Instant, mut frame: Frame) -> Result<Option<ServerRequest>, Error> {
        self.check(&frame).map_err(|error| self.fail(error))?;
        let payload = frame.payload();
        // `check` has read the same envelope.
        let Ok((envelope, args_at)) = Envelope::decode(&payload) else { return Ok(None) };
        let serial = !head::is_out_of_order(&frame);
        self.multiplexed = !serial;
        let refused = |method: &[u8]| Refused {
            form: frame.form,
            sequence: envelope.sequence,
            serial,
            name: method.to_vec(),
        };
        let routed = match self.router.route(head::service_name(&frame), envelope.name) {
            Ok(routed) => routed,
            Err(error) => {
                let refused = refused(envelope.name);
                return self.refuse(&refused, error, serial).map(|()| None);
            }
        };
        if self.calls.len() >= self.config.max_in_flight {
            let error = self.overloaded(&routed.method);
            if !routed.method.is_oneway() {
                let refused = refused(envelope.name);
                self.refuse(&refused, error, false)?;
            }
            return Ok(None);
        }
        let (form, sequence) = (frame.form, envelope.sequence);
        let context = head::context(&mut frame, &self.info, now, self.config.max_call_timeout);
        let body = Body::Message(Payload::new(Protocol::ThriftBinary, payload.slice(args_at..)));
        let Routed { target, method } = routed;
        let deadline = context.deadline.map(|deadline| deadline.instant());
        let late = self.state != State::Open;
        let id =
            self.calls.insert(Pending { method: method.clone(), form, sequence, deadline, serial, late });
        self.earliest = [self.earliest, deadline].into_iter().flatten().min();
        if serial {
            self.serial = Some(id);
        }
        Ok(Some(ServerRequest {
            id,
            target,
            concurrent: !serial,
            request: Request { method, context, body },
        }))
    }

    /// Errors if a whole message is no request that could be answered (spec: kitex-wire 4.2, 4.3, 10.3).
    fn check(&self, frame: &Frame) -> Result<(), DecodeError> {
        if frame.protobuf {
            let mut head = [0; 8];
            let payload = frame.payload_bytes();
            let len = payload.len().min(8);
            head[..len].copy_from_slice(&payload[..len]);
            return Err(DecodeError::new(DecodeReason::WrongProtocol {
                name: "a payload that is not Thrift Binary",
                head,
            }));
        }
        if self.config.checksum {
            frame.verify_checksum()?;
        }
        let (envelope, _) = Envelope::decode(frame.payload_bytes())?;
        if !matches!(envelope.kind, MessageType::CALL | MessageType::ONEWAY | MessageType::STREAM) {
            return Err(DecodeError::envelope(format!("message type {} is no request", envelope.kind.0)));
        }
        if envelope.name.is_empty() {
            return Err(DecodeError::envelope("the method name is empty"));
        }
        Ok(())
    }

    /// Answers a request that reaches no handler.
    fn refuse(&mut self, refused: &Refused, error: Error, closes: bool) -> Result<(), Error> {
        let reset = refused.serial && (closes || self.state != State::Open);
        self.write_exception(refused.form, &refused.name, refused.sequence, &error, reset);
        if closes {
            self.state = State::Closing;
        }
        Ok(())
    }

    #[cold]
    fn overloaded(&self, method: &Method) -> Error {
        let text = format!("{} calls are under way on this connection, which is the limit", self.calls.len());
        Error::limit("max_in_flight", Stage::Local, text).with_method(method).with_peer(self.info.peer())
    }

    #[cold]
    fn slow(&mut self) -> Error {
        self.partial_since = None;
        self.state = State::Closing;
        let text = format!("a message was not whole {:?} after its first byte", self.config.message_timeout);
        Error::limit("message_timeout", Stage::Read, text).with_peer(self.info.peer())
    }

    #[cold]
    fn fail(&mut self, error: DecodeError) -> Error {
        self.state = State::Closing;
        self.partial_since = None;
        let setting = match error.reason() {
            DecodeReason::Limit { setting, .. } => Some(*setting),
            _ => None,
        };
        let kind = if setting.is_some() { ErrorKind::Limit } else { ErrorKind::Protocol };
        let error = Error::new(kind, Stage::Decode, "the peer sent what is no request").with_source(error);
        let error = error.with_peer(self.info.peer()).with_sent(Sent::Never);
        match setting {
            Some(setting) => error.with_setting(setting),
            None => error,
        }
    }

    fn take(&mut self, id: CallId) -> Option<Pending> {
        let call = self.calls.remove(id)?;
        if self.serial == Some(id) {
            self.serial = None;
        }
        if self.calls.len() == 0 {
            self.earliest = None;
        }
        Some(call)
    }

    fn write_answer(&mut self, call: &Pending, result: Result<Response, Error>, closes: bool) {
        let reset = call.serial && (closes || call.late);
        let written = match result {
            Ok(Response { status, metadata, body: Body::Message(payload) }) => {
                let shell =
                    self.shell(call.form, MessageType::REPLY, call.method.name().as_bytes(), call.sequence);
                let limits = self.info.limits();
                shell.write(&mut self.output, payload.segments(), limits, None, |header| {
                    head::reply_pairs(header, Some(&status), &metadata, reset);
                })
            }
            Ok(Response { body: Body::Stream(_), .. }) => {
                let error =
                    Error::new(ErrorKind::Encode, Stage::Handle, "a stream is no answer to this call");
                return self.write_exception(
                    call.form,
                    call.method.name().as_bytes(),
                    call.sequence,
                    &error,
                    reset,
                );
            }
            Err(error) => {
                return self.write_exception(
                    call.form,
                    call.method.name().as_bytes(),
                    call.sequence,
                    &error,
                    reset,
                );
            }
        };
        if let Err(error) = written {
            let error = Error::from(error).with_method(&call.method);
            self.write_exception(call.form, call.method.name().as_bytes(), call.sequence, &error, reset);
        }
    }

    fn write_exception(&mut self, form: Form, name: &[u8], sequence: i32, error: &Error, reset: bool) {
        let mut exception = error.to_exception();
        if exception.message.len() > MAX_EXCEPTION_TEXT {
            exception.message = shortened(&exception.message);
        }
        let limits = self.info.limits();
        let Ok(segments) = kitex_codec::encode(&exception, limits) else { return self.close() };
        let shell = self.shell(form, MessageType::EXCEPTION, name, sequence);
        let none = Metadata::new();
        let write = |out: &mut Output, metadata: &Metadata| {
            shell.write(out, &segments, limits, None, |header| {
                head::reply_pairs(header, None, metadata, reset)
            })
        };
        let written = write(&mut self.output, error.metadata()).or_else(|_| write(&mut self.output, &none));
        if written.is_err() {
            self.close();
        }
    }

    fn shell<'a>(&self, form: Form, kind: MessageType, name: &'a [u8], sequence: i32) -> Shell<'a> {
        let envelope = Envelope { kind, name, sequence };
        Shell { form, flags: 0, envelope, checksum: self.config.checksum }
    }

    /// Tells a multiplexed peer that the connection is going away, once nothing is under way: a Kitex client fails
    /// its running calls when it hears it (spec: kitex-wire 12.4). A ping-pong connection just ends.
    fn settle(&mut self, now: Instant) {
        if self.state != State::Draining
            || self.calls.len() > 0
            || self.partial_since.is_some()
            || !self.multiplexed
        {
            return;
        }
        let envelope = Envelope { kind: MessageType::REPLY, name: b"none", sequence: 0 };
        let shell = Shell { form: Form::TTHeader, flags: 0, envelope, checksum: false };
        let stop = Segments::from(kitex_codec::Bytes::from_static(&[0]));
        let written = shell.write(&mut self.output, &stop, self.info.limits(), None, head::control_pairs);
        self.state = match written {
            Ok(()) => State::Told { until: now + self.config.linger },
            Err(_) => State::Closing,
        };
    }
}

impl fmt::Debug for ServerConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConnection")
            .field("peer", self.info.peer())
            .field("state", &self.state)
            .field("in_flight", &self.calls.len())
            .field("queued", &self.output.len())
            .finish_non_exhaustive()
    }
}

/// A request that reaches no handler.
struct Refused {
    form: Form,
    sequence: i32,
    serial: bool,
    name: Vec<u8>,
}

/// Bytes of an exception's text: what a handler's error or a panic says is for people, not for carrying data.
const MAX_EXCEPTION_TEXT: usize = 16 << 10;

fn shortened(text: &str) -> kitex_codec::Str {
    let mut end = MAX_EXCEPTION_TEXT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    kitex_codec::Str::from(format!("{}… ({} bytes in all)", &text[..end], text.len()))
}
