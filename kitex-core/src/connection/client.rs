//! The client's end of a connection.

mod reply;
mod templates;
mod waiting;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use kitex_codec::{BytesMut, DecodeError, Envelope, Frame, FrameDecoder, MessageType, Output, flags};

use super::ClientConfig;
use super::prefix::{Prefix, Skip};
use super::slots::CallId;
use crate::head::{self, Names, Shell};
use crate::{Body, ConnectionInfo, Error, ErrorKind, Method, Payload, Request, Response, Sent, Stage};

use reply::violation;
use templates::Templates;
use waiting::{Calls, Waiting};

/// The client's end of a connection: requests into bytes, and answers out of bytes. `T` is what the driver wants back
/// with an answer.
///
/// A multiplexed connection has many calls under way and finds the one that an answer is for by its sequence id. Any
/// other has one, and can be used again only while [`is_reusable`](Self::is_reusable).
#[doc = include_str!("example.md")]
pub struct ClientConnection<T> {
    config: Arc<ClientConfig>,
    info: Arc<ConnectionInfo>,
    decoder: FrameDecoder,
    skip: Skip,
    output: Output,
    templates: Templates,
    sequence: i32,
    calls: Calls<T>,
    /// Oneway calls right before the call under way, or before the next, on a connection that is not multiplexed: a
    /// server that does not know their method answers them.
    oneway: u32,
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

/// A call that has ended.
#[derive(Debug)]
pub struct Answer<T> {
    /// What the call was made with.
    pub token: T,
    /// How it ended.
    pub result: Result<Response, Error>,
}

/// A call that could not be begun: nothing of it was sent.
#[derive(Debug)]
pub struct Refusal<T> {
    /// What the call was made with.
    pub token: T,
    /// Why.
    pub error: Error,
}

impl<T> ClientConnection<T> {
    /// A connection that no call was made on.
    pub fn new(config: Arc<ClientConfig>, info: Arc<ConnectionInfo>) -> Self {
        Self {
            calls: Calls::new(config.multiplexed),
            config,
            info,
            decoder: FrameDecoder::default(),
            skip: Skip::default(),
            output: Output::new(),
            templates: Templates::default(),
            sequence: 0,
            oneway: 0,
            state: State::Open,
            dropped: 0,
        }
    }

    /// Writes a request to the output. A oneway call has no answer: `None`, and the token is dropped.
    ///
    /// Errors if the request cannot be written, if there is no room for it, if its deadline has passed, or if the
    /// connection [takes no further calls](Self::accepts_calls): nothing of it was sent.
    pub fn call(&mut self, now: Instant, request: &Request, token: T) -> Result<Option<CallId>, Refusal<T>> {
        let sequence = match self.begin(now, request) {
            Ok(sequence) => sequence,
            Err(error) => {
                let error = error.with_method(&request.method).with_peer(self.info.peer());
                return Err(Refusal { token, error });
            }
        };
        if request.method.is_oneway() {
            self.oneway = self.oneway.saturating_add(u32::from(!self.config.multiplexed));
            return Ok(None);
        }
        let deadline = request.context.deadline.map(|deadline| deadline.instant());
        self.calls.insert(sequence, Waiting { method: request.method.clone(), deadline, token });
        Ok(Some(CallId::of_sequence(sequence)))
    }

    /// Forgets a call and gives back its token. On a connection that is not multiplexed its answer would be taken for
    /// that of the next, so that the connection cannot be used again.
    pub fn cancel(&mut self, id: CallId) -> Option<T> {
        let token = self.calls.remove(id.sequence()).map(|waiting| waiting.token);
        if token.is_some() && !self.config.multiplexed {
            self.state = State::Broken;
        }
        token
    }

    /// Takes the next answer off the front of `input`; `None` if there is none yet.
    ///
    /// Errors if what the peer has sent cannot be read: every call under way is then to be ended with
    /// [`next_failed`](Self::next_failed). Of a multiplexed connection one unreadable answer ends its call alone.
    pub fn handle_input(&mut self, input: &mut BytesMut) -> Result<Option<Answer<T>>, Error> {
        while self.state != State::Broken && self.skip.pass(input) && !input.is_empty() {
            let (prefix, before) = (Prefix::of(input), input.len());
            let answer = match self.decoder.decode(input, self.info.limits()) {
                Ok(Some(frame)) => {
                    self.skip.behind(&frame, input);
                    self.accept(frame)?
                }
                Ok(None) => return Ok(None),
                Err(error) => {
                    let taken = before - input.len();
                    self.pass_over(prefix.filter(|_| self.config.multiplexed), taken, error)?
                }
            };
            if answer.is_some() {
                return Ok(answer);
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
        self.calls.next().map(|waiting| (waiting.method, waiting.token))
    }

    /// What is to be written to the peer.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Calls under way.
    pub fn in_flight(&self) -> usize {
        self.calls.len()
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
        self.calls.earliest()
    }

    /// Ends the next call whose deadline has passed at `now`. To be called until it gives none.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Answer<T>> {
        let waiting = self.calls.next_expired(now)?;
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

    /// Writes a request; gives its sequence id.
    fn begin(&mut self, now: Instant, request: &Request) -> Result<i32, Error> {
        let Request { method, context, body } = request;
        let Body::Message(payload) = body else {
            return Err(Error::new(ErrorKind::Encode, Stage::Local, "a stream cannot be sent this way"));
        };
        self.check_room()?;
        if context.deadline.is_some_and(|deadline| deadline.has_passed(now)) {
            return Err(Error::deadline(Stage::Local));
        }
        let sequence = self.next_sequence();
        if payload.protocol() != self.config.protocol || self.config.service_prefix.is_some() {
            return self.write_other(now, request, payload, sequence);
        }
        self.write(now, request, payload, method.name(), sequence)
    }

    /// Writes a request in another protocol than its payload's, or under another name than its method's.
    #[cold]
    fn write_other(
        &mut self,
        now: Instant,
        request: &Request,
        payload: &Payload,
        sequence: i32,
    ) -> Result<i32, Error> {
        let name = request.method.name();
        let name = match &self.config.service_prefix {
            Some(prefix) if !self.config.form.has_header() => Cow::Owned(format!("{prefix}:{name}")),
            _ => Cow::Borrowed(name),
        };
        let payload = payload.transcode(self.config.protocol, self.info.limits())?;
        self.write(now, request, &payload, &name, sequence)
    }

    #[inline(always)]
    fn write(
        &mut self,
        now: Instant,
        request: &Request,
        payload: &Payload,
        name: &str,
        sequence: i32,
    ) -> Result<i32, Error> {
        let Request { method, context, .. } = request;
        let config = &*self.config;
        let kind = if method.is_oneway() { MessageType::ONEWAY } else { MessageType::CALL };
        let envelope = Envelope { kind, name: name.as_bytes(), sequence };
        let flags = if config.multiplexed { flags::OUT_OF_ORDER } else { 0 };
        let (form, protocol) = (config.form, config.protocol);
        let shell = Shell { form, protocol, flags, envelope, checksum: config.checksum };
        let names = Names { caller: &config.caller, service: config.service.as_deref() };
        let acl = head::acl_token(&context.metadata);
        let template = match config.form.has_header() {
            true => Some(self.templates.of(request, &names, config.form)?),
            false => None,
        };
        shell.write(&mut self.output, payload.segments(), self.info.limits(), acl, |header| {
            template.map_or(0, |template| template.write(header, context, now))
        })?;
        Ok(sequence)
    }

    fn check_room(&self) -> Result<(), Error> {
        if self.state != State::Open {
            let text = "the connection takes no further calls";
            return Err(Error::new(ErrorKind::Closed, Stage::Pick, text));
        }
        let room = if self.config.multiplexed { self.config.max_in_flight } else { 1 };
        if self.in_flight() >= room {
            let text =
                format!("{} calls are under way on this connection, which is the limit", self.in_flight());
            return Err(Error::limit("max_in_flight", Stage::Pick, text));
        }
        if self.output.len() > self.config.max_queued_output {
            let (bytes, most) = (self.output.len(), self.config.max_queued_output);
            let text = format!("{bytes} bytes wait to be sent on this connection, more than {most}");
            return Err(Error::limit("max_queued_output", Stage::Pick, text));
        }
        Ok(())
    }

    /// Never 0, which is the control frame's, and none that a call under way has.
    fn next_sequence(&mut self) -> i32 {
        loop {
            self.sequence = self.sequence.wrapping_add(1);
            if self.sequence != 0 && !self.calls.contains(self.sequence) {
                return self.sequence;
            }
        }
    }

    /// The answer that a whole message is; `None` if no call waits for it. Errors if there is no telling.
    fn accept(&mut self, frame: Frame) -> Result<Option<Answer<T>>, Error> {
        let sequence = match (&frame.header, self.config.multiplexed) {
            (Some(header), true) if header.sequence == 0 => {
                self.handle_control(&frame);
                return Ok(None);
            }
            (Some(header), true) => header.sequence,
            (None, true) => {
                self.state = State::Broken;
                let error = violation("a message without a TTHeader came over a multiplexed connection");
                return Err(error.with_peer(self.info.peer()));
            }
            (_, false) if self.is_of_oneway(&frame) => {
                // Its server closes the connection behind it.
                self.state = State::Draining;
                self.dropped += 1;
                return Ok(None);
            }
            (_, false) => self.calls.only().unwrap_or_default(),
        };
        let Some(waiting) = self.calls.remove(sequence) else {
            self.dropped += 1;
            if !self.config.multiplexed {
                self.state = State::Broken;
            }
            return Ok(None);
        };
        let result = self.read(frame, sequence, &waiting.method);
        self.oneway = 0;
        let result = result.map_err(|error| error.with_method(&waiting.method).with_peer(self.info.peer()));
        Ok(Some(Answer { token: waiting.token, result }))
    }

    /// True if a message has the sequence id of a oneway call that was made right before the call under way.
    fn is_of_oneway(&self, frame: &Frame) -> bool {
        let Some(only) = self.calls.only().filter(|_| self.oneway > 0) else { return false };
        frame.envelope(self.info.limits()).is_ok_and(|(envelope, _)| {
            let before = only.wrapping_sub(envelope.sequence);
            envelope.sequence != 0 && before > 0 && before.unsigned_abs() <= self.oneway
        })
    }

    /// The frame that stands for no call: its sender goes away, or it says nothing (spec: kitex-wire 12.4).
    fn handle_control(&mut self, frame: &Frame) {
        let readable = frame.envelope(self.info.limits()).is_ok();
        if readable && head::is_reset(frame) && self.state == State::Open {
            self.state = State::Draining;
        }
    }

    /// Goes on behind an answer that cannot be read, and gives the call that it was for. Errors if there is no going on.
    #[cold]
    fn pass_over(
        &mut self,
        prefix: Option<Prefix>,
        taken: usize,
        error: DecodeError,
    ) -> Result<Option<Answer<T>>, Error> {
        let error = Error::from(error).with_peer(self.info.peer()).with_sent(Sent::Maybe);
        let passed = prefix.and_then(|prefix| Some((prefix.total()?, prefix.sequence())));
        let Some((total, sequence)) = passed else {
            self.state = State::Broken;
            return Err(error);
        };
        self.decoder = FrameDecoder::default();
        self.skip.begin(total, taken);
        let Some(waiting) = self.calls.remove(sequence) else {
            self.dropped += 1;
            return Ok(None);
        };
        let error = error.with_method(&waiting.method);
        Ok(Some(Answer { token: waiting.token, result: Err(error) }))
    }
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
