//! The server's end of a connection.

mod answer;
mod life;
mod stopped;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use kitex_codec::{
    BytesMut, DecodeError, DecodeReason, Envelope, Form, Frame, FrameDecoder, MessageType, Output, Protocol,
};

use super::ServerConfig;
use super::prefix::{Prefix, Skip};
use super::slots::{CallId, Slots};
use crate::error::NOT_SERVED;
use crate::head;
use crate::router::Routed;
use crate::{
    Body, ConnectionInfo, Context, Deadline, Error, ErrorKind, Execution, Method, Payload, Request, Router,
    Sent, Stage, Target,
};

use answer::Addressee;

/// The server's end of a connection: requests out of bytes, and answers into bytes.
///
/// Ping-pong and multiplexed requests are told apart one by one: a request that says that it may be answered out of
/// order runs beside others; any other is answered before the next is taken (spec: kitex-wire 7.2, 12).
#[doc = include_str!("example.md")]
pub struct ServerConnection {
    router: Arc<Router>,
    config: Arc<ServerConfig>,
    info: Arc<ConnectionInfo>,
    decoder: FrameDecoder,
    skip: Skip,
    /// The first message since the last look that was passed over.
    complaint: Option<Error>,
    output: Output,
    calls: Slots<Pending>,
    /// Bytes of the requests of these calls.
    held: usize,
    /// The call that must be answered before another request is taken.
    serial: Option<CallId>,
    /// No later than the earliest deadline of a call under way.
    earliest: Option<Instant>,
    /// Calls whose deadline had passed at the last look at the clock.
    expired: Vec<CallId>,
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
    /// The same, but multiplexed calls are refused: while they keep coming there may be no moment to tell the peer.
    Refusing,
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
    protocol: Protocol,
    sequence: i32,
    /// Bytes of the request.
    size: usize,
    began: Instant,
    deadline: Option<Instant>,
    /// The deadline is what the caller granted, not the longest time that any call may take.
    granted: bool,
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
    /// Where it is to run.
    pub execution: Execution,
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
            skip: Skip::default(),
            complaint: None,
            output: Output::new(),
            calls: Slots::new(),
            held: 0,
            serial: None,
            earliest: None,
            expired: Vec::new(),
            partial_since: None,
            last_activity: now,
            state: State::Open,
            multiplexed: false,
        }
    }

    /// Takes the next request off the front of `input`; `None` if there is none to take now.
    ///
    /// Errors if the peer has sent what is no request; the error is for a log. The connection then takes no more input
    /// and ends when the calls under way are answered. Only a multiplexed message that cannot be read is passed over:
    /// all that came behind it was taken before the error is given, and [`takes_input`](Self::takes_input) stays true.
    pub fn handle_input(
        &mut self,
        now: Instant,
        input: &mut BytesMut,
    ) -> Result<Option<ServerRequest>, Error> {
        while self.takes_input() {
            let Some(frame) = self.next_frame(input)? else {
                if input.is_empty() && self.pass(input) {
                    break;
                }
                self.partial_since.get_or_insert(now);
                return self.no_request();
            };
            self.last_activity = now;
            self.partial_since = None;
            if let Some(request) = self.accept(now, frame)? {
                return Ok(Some(request));
            }
        }
        self.settle(now);
        self.no_request()
    }

    /// Bytes of the message that is not whole yet, if its beginning tells.
    pub fn expected_input(&self) -> Option<usize> {
        self.decoder.expected()
    }

    /// False while nothing is to be read: a call is to be answered first, the requests under way or the output that is
    /// queued are too large, or the connection is closing.
    pub fn takes_input(&self) -> bool {
        self.state != State::Closing
            && self.serial.is_none()
            && self.held <= self.config.max_in_flight_bytes
            && self.output.len() <= self.config.max_queued_output
    }

    /// Forgets a call that nobody waits for: nothing is written for it.
    pub fn cancel(&mut self, id: CallId) {
        self.take(id);
    }

    /// What is to be written to the peer.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Who is at the other end.
    pub fn info(&self) -> &Arc<ConnectionInfo> {
        &self.info
    }

    /// Calls under way.
    pub fn in_flight(&self) -> usize {
        self.calls.len()
    }

    /// Bytes of the requests under way.
    pub fn in_flight_bytes(&self) -> usize {
        self.held
    }

    /// The next whole message that can be read. Errors if there cannot be one any more.
    fn next_frame(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, Error> {
        while self.pass(input) && !input.is_empty() {
            let (prefix, before) = (Prefix::of(input), input.len());
            let error = match self.decoder.decode(input, self.info.limits()) {
                Ok(Some(frame)) => {
                    self.skip.behind(&frame, input);
                    return Ok(Some(frame));
                }
                Ok(None) => return Ok(None),
                Err(error) => error,
            };
            let multiplexed = prefix.filter(|prefix| prefix.is_out_of_order());
            let Some(total) = multiplexed.and_then(Prefix::total) else { return Err(self.fail(error)) };
            self.decoder = FrameDecoder::default();
            self.skip.begin(total, before - input.len());
            self.partial_since = None;
            self.pass_over(error);
        }
        Ok(None)
    }

    /// Passes over the rest of a message; false while there is more of it to come.
    fn pass(&mut self, input: &mut BytesMut) -> bool {
        if self.skip.is_over() {
            return true;
        }
        let ended = self.skip.pass(input);
        if ended {
            // What was half here is over; what follows has a time of its own.
            self.partial_since = None;
        }
        ended
    }

    fn no_request(&mut self) -> Result<Option<ServerRequest>, Error> {
        self.complaint.take().map_or(Ok(None), Err)
    }

    /// Makes a whole message a request, or answers it, or passes it over.
    fn accept(&mut self, now: Instant, mut frame: Frame) -> Result<Option<ServerRequest>, Error> {
        let serial = !head::is_out_of_order(&frame);
        let payload = frame.payload();
        let (envelope, args) = match self.open(&frame, &payload) {
            Ok(envelope) => envelope,
            Err(error) if serial => return Err(self.fail(error)),
            Err(error) => {
                self.pass_over(error);
                return Ok(None);
            }
        };
        let Envelope { kind, name, sequence } = envelope;
        if !matches!(kind, MessageType::CALL | MessageType::ONEWAY | MessageType::STREAM) {
            // A multiplexed connection ends too (spec: kitex-wire 10.3).
            return Err(self.fail(DecodeError::envelope(format!("message type {} is no request", kind.0))));
        }
        self.multiplexed = !serial;
        let Frame { form, protocol, .. } = frame;
        let to = Addressee { form, protocol, name, sequence, reset: false };
        let service = head::service_name(&frame);
        let routed = match self.router.route(service, name) {
            Ok(routed) => routed,
            Err(error) => {
                self.write_unknown(&Addressee { reset: serial, ..to }, service, error);
                if serial {
                    self.close();
                }
                return Ok(None);
            }
        };
        if !self.admit(to, serial, &routed.method) {
            return Ok(None);
        }
        let Routed { target, method, execution } = routed;
        let context = head::context(&mut frame, &self.info, now, self.config.max_call_timeout);
        let body = Body::Message(Payload::new(protocol, payload.slice(args)));
        let (deadline, granted) = self.deadline(now, &context);
        let id = self.begin(Pending {
            method: method.clone(),
            form,
            protocol,
            sequence,
            size: payload.len(),
            began: now,
            deadline: Some(deadline),
            granted,
            serial,
            late: self.state != State::Open,
        });
        let request = Request { method, context, body };
        Ok(Some(ServerRequest { id, target, concurrent: !serial, execution, request }))
    }

    /// True if a request is to be served; one that is not is answered here.
    fn admit(&mut self, to: Addressee<'_>, serial: bool, method: &Method) -> bool {
        let oneway = method.is_oneway();
        let (error, reset) = if self.calls.len() >= self.config.max_in_flight {
            (self.overloaded(method), serial && self.state != State::Open)
        } else if self.is_too_late(serial) && !oneway {
            (Error::not_served(method), false)
        } else {
            return true;
        };
        if !oneway {
            self.write_exception(&Addressee { name: method.name().as_bytes(), reset, ..to }, &error);
        }
        false
    }

    /// When a call is ended here, and whether by its caller's wish: one that grants no time does not grant all time.
    fn deadline(&self, now: Instant, context: &Context) -> (Instant, bool) {
        let longest = Deadline::after(now, self.config.max_call_timeout).instant();
        let granted = context.deadline.map(|deadline| deadline.later(self.config.deadline_slack).instant());
        match granted.filter(|granted| *granted < longest) {
            Some(granted) => (granted, true),
            None => (longest, false),
        }
    }

    /// Notes a call that is under way from now on.
    fn begin(&mut self, call: Pending) -> CallId {
        self.held += call.size;
        self.earliest = [self.earliest, call.deadline].into_iter().flatten().min();
        let serial = call.serial;
        let id = self.calls.insert(call);
        self.serial = serial.then_some(id);
        id
    }

    /// The envelope of a whole message, if it is one that could be answered (spec: kitex-wire 4.2, 6.3, 10.3).
    fn open<'a>(
        &self,
        frame: &Frame,
        payload: &'a [u8],
    ) -> Result<(Envelope<'a>, Range<usize>), DecodeError> {
        if frame.protobuf {
            let mut head = [0; 8];
            head.iter_mut().zip(payload).for_each(|(head, byte)| *head = *byte);
            let name = "a payload that is not Thrift Binary";
            return Err(DecodeError::new(DecodeReason::WrongProtocol { name, head }));
        }
        if self.config.checksum {
            frame.verify_checksum()?;
        }
        let (envelope, args) = frame.protocol.decode_message(payload, self.info.limits())?;
        if envelope.name.is_empty() {
            return Err(DecodeError::envelope("the method name is empty"));
        }
        Ok((envelope, args))
    }

    /// True if the shutdown has come too far for a request to be served.
    fn is_too_late(&self, serial: bool) -> bool {
        match self.state {
            State::Refusing => !serial,
            // A Kitex client gives up all its calls when it is told, and would never know that this one was served.
            State::Told { .. } => true,
            State::Open | State::Draining | State::Closing => false,
        }
    }

    #[cold]
    fn overloaded(&self, method: &Method) -> Error {
        let calls = self.calls.len();
        let text = format!(
            "{NOT_SERVED}{calls} calls are under way on this connection, which is all that max_in_flight allows"
        );
        Error::limit("max_in_flight", Stage::Local, text).with_method(method).with_peer(self.info.peer())
    }

    /// Ends the connection for what the peer has sent.
    #[cold]
    fn fail(&mut self, error: DecodeError) -> Error {
        self.close();
        self.complain("the peer sent what is no request", error)
    }

    /// Notes a multiplexed message that is not served.
    #[cold]
    fn pass_over(&mut self, error: DecodeError) {
        let error = self.complain("a multiplexed message was passed over: it is no request", error);
        self.complaint.get_or_insert(error);
    }

    fn complain(&self, text: &'static str, error: DecodeError) -> Error {
        let setting = match error.reason() {
            DecodeReason::Limit { setting, .. } => Some(*setting),
            _ => None,
        };
        let kind = if setting.is_some() { ErrorKind::Limit } else { ErrorKind::Protocol };
        let error = Error::new(kind, Stage::Decode, text).with_source(error);
        let error = error.with_peer(self.info.peer()).with_sent(Sent::Never);
        match setting {
            Some(setting) => error.with_setting(setting),
            None => error,
        }
    }

    fn take(&mut self, id: CallId) -> Option<Pending> {
        let call = self.calls.remove(id)?;
        self.held -= call.size;
        if self.serial == Some(id) {
            self.serial = None;
        }
        if self.calls.len() == 0 {
            self.earliest = None;
        }
        Some(call)
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
