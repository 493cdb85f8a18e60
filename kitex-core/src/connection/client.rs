//! The client's end of a connection.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Instant;

use kitex_codec::{
    ApplicationException, BytesMut, Envelope, Frame, FrameDecoder, MessageType, Output, Pairs, first_field,
    flags,
};

use super::ClientConfig;
use super::slots::CallId;
use crate::head::{self, Names, Shell};
use crate::{
    Body, ConnectionInfo, Error, ErrorKind, Metadata, Method, Payload, Protocol, Request, Response, Sent,
    Stage, Status,
};

/// The client's end of a connection: requests into bytes, and answers out of bytes. `T` is what the driver wants back
/// with an answer.
///
/// A multiplexed connection has many calls under way and finds the one that an answer is for by its sequence id. Any
/// other has one, and can be used again only while [`is_reusable`](Self::is_reusable).
pub struct ClientConnection<T> {
    config: Arc<ClientConfig>,
    info: Arc<ConnectionInfo>,
    decoder: FrameDecoder,
    output: Output,
    sequence: i32,
    waiting: HashMap<i32, Waiting<T>, BuildHasherDefault<SequenceHasher>>,
    /// The call under way on a connection that is not multiplexed.
    only: Option<(i32, Waiting<T>)>,
    earliest: Option<Instant>,
    state: State,
    dropped: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The peer said that it goes away: calls under way end, new ones go elsewhere.
    Draining,
    /// Nothing can be made of what comes any more.
    Broken,
}

#[derive(Debug)]
struct Waiting<T> {
    method: Method,
    deadline: Option<Instant>,
    token: T,
}

/// A call that has ended.
#[derive(Debug)]
pub struct Answer<T> {
    /// What the call was made with.
    pub token: T,
    /// How it ended.
    pub result: Result<Response, Error>,
}

impl<T> ClientConnection<T> {
    /// A connection that no call was made on.
    pub fn new(config: Arc<ClientConfig>, info: Arc<ConnectionInfo>) -> Self {
        Self {
            config,
            info,
            decoder: FrameDecoder::default(),
            output: Output::new(),
            sequence: 0,
            waiting: HashMap::default(),
            only: None,
            earliest: None,
            state: State::Open,
            dropped: 0,
        }
    }

    /// Writes a request to the output. A oneway call has no answer: `None`, and the token is dropped.
    ///
    /// Errors if the request cannot be written, or if there is no room for it: nothing of it was sent.
    pub fn call(&mut self, now: Instant, request: &Request, token: T) -> Result<Option<CallId>, Refusal<T>> {
        let sequence = match self.begin(now, request) {
            Ok(sequence) => sequence,
            Err(error) => return Err(Refusal { token, error }),
        };
        if request.method.is_oneway() {
            return Ok(None);
        }
        let deadline = request.context.deadline.map(|deadline| deadline.instant());
        let waiting = Waiting { method: request.method.clone(), deadline, token };
        self.earliest = [self.earliest, deadline].into_iter().flatten().min();
        if self.config.multiplexed {
            self.waiting.insert(sequence, waiting);
        } else {
            self.only = Some((sequence, waiting));
        }
        Ok(Some(CallId::of_sequence(sequence)))
    }

    /// Forgets a call and gives back its token. On a connection that is not multiplexed its answer would be taken for
    /// that of the next, so that the connection cannot be used again.
    pub fn cancel(&mut self, id: CallId) -> Option<T> {
        let token = self.take(id.sequence()).map(|waiting| waiting.token);
        if token.is_some() && !self.config.multiplexed {
            self.state = State::Broken;
        }
        token
    }

    /// Takes the next answer off the front of `input`; `None` if there is none yet.
    ///
    /// Errors if what the peer has sent cannot be read: every call under way is then to be ended with
    /// [`next_failed`](Self::next_failed).
    pub fn handle_input(&mut self, input: &mut BytesMut) -> Result<Option<Answer<T>>, Error> {
        while self.state != State::Broken && !input.is_empty() {
            let frame = match self.decoder.decode(input, self.info.limits()) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(None),
                Err(error) => {
                    self.state = State::Broken;
                    return Err(Error::from(error).with_peer(self.info.peer()).with_sent(Sent::Maybe));
                }
            };
            if let Some(answer) = self.accept(frame) {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// Bytes of the message that is not whole yet, if its beginning tells.
    pub fn expected_input(&self) -> Option<usize> {
        self.decoder.expected()
    }

    /// Ends one of the calls under way with no answer, for the driver to fail. To be called until it gives none, when
    /// the connection has ended.
    pub fn next_failed(&mut self) -> Option<(Method, T)> {
        self.state = State::Broken;
        let sequence = self
            .only
            .as_ref()
            .map(|(sequence, _)| *sequence)
            .or_else(|| self.waiting.keys().next().copied())?;
        self.take(sequence).map(|waiting| (waiting.method, waiting.token))
    }

    /// What is to be written to the peer.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Calls under way.
    pub fn in_flight(&self) -> usize {
        self.waiting.len() + usize::from(self.only.is_some())
    }

    /// Answers that no call waited for.
    pub fn dropped_answers(&self) -> u64 {
        self.dropped
    }

    /// True if a further call can be made: the peer has not said that it goes away, and nothing went wrong.
    pub fn accepts_calls(&self) -> bool {
        self.state == State::Open
    }

    /// True if the connection can go back to a pool with `left_over` bytes of input: the last answer was read whole,
    /// nothing stands behind it, and nothing is half written.
    pub fn is_reusable(&self, left_over: usize) -> bool {
        self.state == State::Open && self.in_flight() == 0 && left_over == 0 && self.output.is_empty()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.earliest
    }

    /// Ends the next call whose deadline has passed at `now`. To be called until it gives none.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Answer<T>> {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return None;
        }
        let due = |waiting: &Waiting<T>| waiting.deadline.is_some_and(|deadline| deadline <= now);
        let only = self.only.as_ref().filter(|(_, waiting)| due(waiting)).map(|(sequence, _)| *sequence);
        let mut many = self.waiting.iter().filter(|(_, waiting)| due(waiting)).map(|(sequence, _)| *sequence);
        let Some(sequence) = only.or_else(|| many.next()) else {
            self.earliest = self.waiting.values().filter_map(|waiting| waiting.deadline).min();
            return None;
        };
        let waiting = self.take(sequence)?;
        if !self.config.multiplexed {
            self.state = State::Broken;
        }
        let error = Error::deadline(Stage::Read).with_method(&waiting.method).with_peer(self.info.peer());
        Some(Answer { token: waiting.token, result: Err(error) })
    }

    /// Who is at the other end.
    pub fn info(&self) -> &Arc<ConnectionInfo> {
        &self.info
    }

    fn begin(&mut self, now: Instant, request: &Request) -> Result<i32, Error> {
        let Request { method, context, body } = request;
        let info = Arc::clone(&self.info);
        let refuse = |error: Error| error.with_method(method).with_peer(info.peer());
        let Body::Message(payload) = body else {
            return Err(refuse(Error::new(
                ErrorKind::Encode,
                Stage::Local,
                "a stream cannot be sent this way",
            )));
        };
        if self.in_flight() >= self.room() {
            let text =
                format!("{} calls are under way on this connection, which is the limit", self.in_flight());
            return Err(refuse(Error::limit("max_in_flight", Stage::Pick, text)));
        }
        if self.output.len() > self.config.max_queued_output {
            let text = format!("{} bytes wait to be sent on this connection", self.output.len());
            return Err(refuse(Error::limit("max_queued_output", Stage::Pick, text)));
        }
        let sequence = self.next_sequence();
        let config = &*self.config;
        let kind = if method.is_oneway() { MessageType::ONEWAY } else { MessageType::CALL };
        let envelope = Envelope { kind, name: method.name().as_bytes(), sequence };
        let flags = if config.multiplexed { flags::OUT_OF_ORDER } else { 0 };
        let shell = Shell { form: config.form, flags, envelope, checksum: config.checksum };
        let names = Names { caller: &config.caller, service: config.service.as_deref() };
        let acl = head::acl_token(&context.metadata);
        shell
            .write(&mut self.output, payload.segments(), self.info.limits(), acl, |header| {
                head::request_pairs(header, &names, config.form, method, context, now);
            })
            .map_err(|error| refuse(error.into()))?;
        Ok(sequence)
    }

    fn room(&self) -> usize {
        if self.config.multiplexed { self.config.max_in_flight } else { 1 }
    }

    /// Never 0, which is the control frame's, and none that a call under way has.
    fn next_sequence(&mut self) -> i32 {
        loop {
            self.sequence = self.sequence.wrapping_add(1);
            if self.sequence != 0 && !self.waiting.contains_key(&self.sequence) {
                return self.sequence;
            }
        }
    }

    fn take(&mut self, sequence: i32) -> Option<Waiting<T>> {
        if self.only.as_ref().is_some_and(|(only, _)| *only == sequence) {
            self.earliest = None;
            return self.only.take().map(|(_, waiting)| waiting);
        }
        let waiting = self.waiting.remove(&sequence)?;
        if self.waiting.is_empty() {
            self.earliest = None;
            if self.waiting.capacity() > KEPT {
                self.waiting = HashMap::default();
            }
        }
        Some(waiting)
    }

    /// The answer that a whole message is; `None` if no call waits for it.
    fn accept(&mut self, mut frame: Frame) -> Option<Answer<T>> {
        let pairs = frame.header.as_mut().map(|header| header.take_pairs()).unwrap_or_default();
        let sequence = match (&frame.header, self.config.multiplexed) {
            (Some(header), true) => {
                if header.sequence == 0 {
                    self.handle_control(&pairs);
                    return None;
                }
                header.sequence
            }
            (None, true) => {
                self.state = State::Broken;
                self.dropped += 1;
                return None;
            }
            (_, false) => self.only.as_ref().map_or(0, |(sequence, _)| *sequence),
        };
        let Some(waiting) = self.take(sequence) else {
            self.dropped += 1;
            if !self.config.multiplexed {
                self.state = State::Broken;
            }
            return None;
        };
        let result = self.read(&frame, pairs, sequence, &waiting.method);
        let result = result.map_err(|error| error.with_method(&waiting.method).with_peer(self.info.peer()));
        Some(Answer { token: waiting.token, result })
    }

    /// The frame that stands for no call: its sender goes away, or it says nothing (spec: kitex-wire 12.4).
    fn handle_control(&mut self, pairs: &Pairs) {
        if head::is_reset(pairs) && self.state == State::Open {
            self.state = State::Draining;
        }
    }

    fn read(
        &mut self,
        frame: &Frame,
        pairs: Pairs,
        sequence: i32,
        method: &Method,
    ) -> Result<Response, Error> {
        if head::is_reset(&pairs) && !self.config.multiplexed {
            self.state = State::Draining;
        }
        let result = self.interpret(frame, pairs, sequence, method);
        if let Err(error) = &result {
            // Only an exception over TTHeader shows by its header whether the peer keeps the connection
            // (spec: kitex-wire 10.5).
            let kept =
                self.config.multiplexed || (error.kind() == ErrorKind::Remote && frame.form.has_header());
            if !kept {
                self.state = State::Broken;
            }
        }
        result
    }

    fn interpret(
        &self,
        frame: &Frame,
        pairs: Pairs,
        sequence: i32,
        method: &Method,
    ) -> Result<Response, Error> {
        if frame.protobuf {
            return Err(violation("the answer is not Thrift Binary"));
        }
        if self.config.checksum {
            frame.verify_checksum()?;
        }
        let payload = frame.payload();
        let (envelope, at) = Envelope::decode(&payload)?;
        let body = payload.slice(at..);
        match envelope.kind {
            MessageType::EXCEPTION => {
                let exception: ApplicationException = kitex_codec::decode(&body, self.info.limits())?;
                Err(Error::remote(exception).with_metadata(Metadata::received(pairs)))
            }
            MessageType::REPLY | MessageType::STREAM => {
                check_reply(&envelope, sequence, method)?;
                let status = match head::business_status(&pairs)? {
                    Some(status) => Status::Business(status),
                    None => skim(&body, method),
                };
                let body = Body::Message(Payload::new(Protocol::ThriftBinary, body));
                Ok(Response { status, metadata: Metadata::received(pairs), body })
            }
            other => Err(violation(format!("message type {} is no answer", other.0))),
        }
    }
}

/// Errors if a reply is to another call (spec: kitex-wire 4.1, 4.2).
fn check_reply(envelope: &Envelope<'_>, sequence: i32, method: &Method) -> Result<(), Error> {
    if envelope.sequence != sequence {
        let text = format!("the reply has sequence id {}, the call had {sequence}", envelope.sequence);
        return Err(violation(text).with_code(ApplicationException::BAD_SEQUENCE_ID));
    }
    if envelope.name != method.name().as_bytes() {
        let name = String::from_utf8_lossy(envelope.name);
        let text = format!("the reply is to the method `{name}`");
        return Err(violation(text).with_code(ApplicationException::WRONG_METHOD_NAME));
    }
    Ok(())
}

#[cold]
fn violation(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Protocol, Stage::Decode, text)
}

/// What a result is, told by its first field.
fn skim(result: &[u8], method: &Method) -> Status {
    let declared = method.descriptor().map_or(&[][..], |descriptor| descriptor.exceptions);
    match first_field(result) {
        Some(field) if declared.contains(&field.id) => Status::Exception(field.id),
        _ => Status::Ok,
    }
}

/// A call that could not be begun: nothing of it was sent.
#[derive(Debug)]
pub struct Refusal<T> {
    /// What the call was made with.
    pub token: T,
    /// Why.
    pub error: Error,
}

impl<T> fmt::Debug for ClientConnection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConnection")
            .field("peer", self.info.peer())
            .field("state", &self.state)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

/// Waiting calls that an idle connection keeps room for.
const KEPT: usize = 128;

/// Sequence ids are counted up by this side: no peer chooses them, so that spreading them is enough.
#[derive(Debug, Default)]
struct SequenceHasher(u64);

impl Hasher for SequenceHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_i32(i32::from(*byte));
        }
    }

    fn write_i32(&mut self, value: i32) {
        self.0 = (self.0 ^ u64::from(value as u32)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}
