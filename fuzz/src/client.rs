//! Target `client`: the client's end of a connection with a hostile peer.
//!
//! Any bytes come, and answers that are right but for a detail, while calls are made, given up and run out of time.
//! Each call ends exactly once; an answer goes to the call that it is for; what is queued stays within its limit.

mod peer;

use std::sync::Arc;
use std::time::Duration;

use kitex_codec::{Bytes, BytesMut, Form, Limits, MAX_HEADER_INFO, MessageType};
use kitex_core::{
    Answer, CallId, ClientConfig, ClientConnection, Deadline, ErrorKind, MethodDescriptor, Payload, Protocol,
    Request, Scope,
};

use crate::engine::{Clock, Mark, info, marks, methods, send};
use crate::heap::measure;
use crate::script::Script;

const MAX_IN_FLIGHT: usize = 4;
const MAX_QUEUED: usize = 4 << 10;

/// The largest request: a header as large as the format has them, and an argument.
const LARGEST_REQUEST: usize = MAX_HEADER_INFO + LARGEST_ARGUMENT as usize + 100;
const LARGEST_ARGUMENT: u16 = 6 << 10;

/// What taking input may take beside its share: texts of errors.
const HEAP: usize = 32 << 10;

/// Plays a script: a byte of settings, then steps. True if a call was answered and the connection is still good.
pub fn run(data: &[u8]) -> bool {
    let mut script = Script::new(data);
    let mut client = Client::new(script.byte());
    while !script.is_over() {
        client.step(&mut script);
        client.check();
    }
    let good = client.answered > 0 && client.connection.accepts_calls() && client.input.is_empty();
    client.end();
    good
}

struct Client {
    connection: ClientConnection<usize>,
    multiplexed: bool,
    form: Form,
    limits: Arc<Limits>,
    clock: Clock,
    input: BytesMut,
    /// All calls that were begun, by their token.
    calls: Vec<Call>,
    sent: Vec<u8>,
    sequence: i32,
    answered: usize,
}

struct Call {
    method: &'static MethodDescriptor,
    sequence: i32,
    id: CallId,
    ended: bool,
}

impl Client {
    fn new(settings: u8) -> Self {
        let mut config = ClientConfig::default();
        config.multiplexed = settings & 1 != 0;
        config.checksum = settings & 2 != 0;
        config.form = match (settings >> 2 & 3, config.multiplexed) {
            (0, false) => Form::Buffered,
            (1, false) => Form::Framed,
            (2, _) => Form::TTHeader,
            _ => Form::TTHeaderFramed,
        };
        (config.max_in_flight, config.max_queued_output) = (MAX_IN_FLIGHT, MAX_QUEUED);
        let (multiplexed, form, limits) = (config.multiplexed, config.form, Arc::new(Limits::default()));
        Self {
            connection: ClientConnection::new(Arc::new(config), info(&limits)),
            multiplexed,
            form,
            limits,
            clock: Clock::new(),
            input: BytesMut::new(),
            calls: Vec::new(),
            sent: Vec::new(),
            sequence: 0,
            answered: 0,
        }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        match script.byte() % 16 {
            0..=3 => self.call(script),
            4..=6 => {
                let bytes = script.sized();
                self.input.extend_from_slice(bytes);
            }
            7..=11 => {
                let call = self.choose(script.byte());
                let (sequence, name) = call.map_or((0, ""), |call| (call.sequence, call.method.name));
                let bytes = peer::answer(script, self.form, sequence, name);
                self.input.extend_from_slice(&bytes);
            }
            12 => self.cancel(script.byte()),
            13 => {
                self.clock.advance(Duration::from_millis(script.short().into()));
                self.handle_timeout();
            }
            14 => send(self.connection.output(), script.short().into(), &mut self.sent),
            _ => self.fail_all(),
        }
        self.take_answers();
    }

    fn call(&mut self, script: &mut Script<'_>) {
        let choice = script.byte();
        let method = methods().cycle().nth(usize::from(choice & 31)).expect("a cycle does not end");
        let args = argument(if choice & 32 == 0 { 2 } else { script.short() % LARGEST_ARGUMENT });
        let mut request = Request::new(method, Payload::new(Protocol::ThriftBinary, args));
        if choice & 128 != 0 {
            let timeout = Duration::from_millis(script.byte().into());
            request.context.deadline = Some(Deadline::after(self.clock.now(), timeout));
        }
        if choice & 64 != 0 {
            let text = |script: &mut Script<'_>| String::from_utf8_lossy(script.sized()).into_owned();
            request.context.metadata.set(Scope::Persistent, text(script), text(script));
        }
        let (token, open) = (self.calls.len(), self.connection.accepts_calls());
        match self.connection.call(self.clock.now(), &request, token) {
            Ok(id) => {
                assert!(open);
                self.begun(method, id);
            }
            Err(refusal) => {
                assert_eq!(refusal.token, token);
                self.refused(refusal.error.kind(), open);
            }
        }
    }

    fn refused(&mut self, why: ErrorKind, open: bool) {
        match why {
            // A sequence id was taken before it showed that the request cannot be written.
            ErrorKind::Encode => self.sequence += 1,
            ErrorKind::Closed => assert!(!open),
            why => assert!(matches!(why, ErrorKind::Limit | ErrorKind::Deadline), "{why:?}"),
        }
    }

    fn begun(&mut self, method: &'static MethodDescriptor, id: Option<CallId>) {
        self.sequence += 1;
        assert_eq!(id.is_none(), method.oneway);
        if let Some(id) = id {
            self.calls.push(Call { method, sequence: self.sequence, id, ended: false });
        }
    }

    /// A call, preferably one under way.
    fn choose(&self, which: u8) -> Option<&Call> {
        let under_way: Vec<_> = self.calls.iter().filter(|call| !call.ended).collect();
        let chosen = under_way.get(usize::from(which) % under_way.len().max(1)).copied();
        if which & 128 == 0 { chosen } else { self.calls.get(usize::from(which & 127)) }.or(chosen)
    }

    fn end_call(&mut self, token: usize) {
        let call = &mut self.calls[token];
        assert!(!call.ended, "call {token} has ended twice");
        call.ended = true;
    }

    fn cancel(&mut self, which: u8) {
        let Some(id) = self.choose(which).map(|call| call.id) else { return };
        if let Some(token) = self.connection.cancel(id) {
            assert_eq!(self.calls[token].id, id);
            self.end_call(token);
        }
        assert_eq!(self.connection.cancel(id), None);
    }

    fn take_answers(&mut self) {
        loop {
            let before = self.input.clone();
            let (taken, heap) = measure(|| self.connection.handle_input(&mut self.input));
            assert!(heap <= HEAP + 8 * before.len(), "{heap} bytes taken for {}", before.len());
            let consumed = &before[..before.len() - self.input.len()];
            match taken {
                Ok(Some(answer)) => self.take(answer, consumed),
                Ok(None) => return,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    assert!(!self.connection.accepts_calls());
                    return;
                }
            }
        }
    }

    /// Holds an answer against the call that gets it: it is the last message of what was consumed for it.
    fn take(&mut self, answer: Answer<usize>, consumed: &[u8]) {
        self.end_call(answer.token);
        let Ok(response) = answer.result else { return };
        self.answered += 1;
        let call = &self.calls[answer.token];
        let body = response.body.message().map(|payload| payload.clone().into_bytes()).unwrap_or_default();
        let mark = Mark::of_last(consumed, call.method.name, &body, &self.limits);
        assert!(matches!(mark.kind, MessageType::REPLY | MessageType::STREAM));
        assert_eq!((mark.sequence, &mark.name[..]), (call.sequence, call.method.name.as_bytes()));
    }

    fn handle_timeout(&mut self) {
        let now = self.clock.now();
        while let Some(answer) = self.connection.handle_timeout(now) {
            assert_eq!(answer.result.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Deadline));
            self.end_call(answer.token);
        }
        assert!(self.connection.poll_timeout().is_none_or(|due| due > now), "a timeout that never goes away");
    }

    fn fail_all(&mut self) {
        while let Some((method, token)) = self.connection.next_failed() {
            assert_eq!(method.name(), self.calls[token].method.name);
            self.end_call(token);
        }
        assert!(!self.connection.accepts_calls());
    }

    fn check(&mut self) {
        let under_way = self.calls.iter().filter(|call| !call.ended).count();
        assert_eq!(self.connection.in_flight(), under_way);
        assert!(under_way <= if self.multiplexed { MAX_IN_FLIGHT } else { 1 });
        let reusable = self.connection.is_reusable(self.input.len());
        assert!(!reusable || (under_way == 0 && self.input.is_empty() && self.connection.accepts_calls()));
        assert!(self.connection.output().len() <= MAX_QUEUED + LARGEST_REQUEST, "{:?}", self.connection);
    }

    /// Every call ends when the connection does, and all that was sent is whole requests.
    fn end(mut self) {
        self.fail_all();
        assert!(self.calls.iter().all(|call| call.ended));
        send(self.connection.output(), usize::MAX, &mut self.sent);
        let mut marks = marks(&self.sent).into_iter();
        for call in &self.calls {
            let sent =
                marks.any(|mark| mark.sequence == call.sequence && mark.name == call.method.name.as_bytes());
            assert!(sent, "call {} was not sent", call.sequence);
        }
    }
}

/// An args struct with a string of `len` bytes.
fn argument(len: u16) -> Bytes {
    let text = vec![b'x'; usize::from(len)];
    Bytes::from([&[11, 0, 1, 0, 0], &len.to_be_bytes()[..], &text, &[0]].concat())
}
