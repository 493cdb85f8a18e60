//! Target `client`: the client's end of a connection with a hostile peer.
//!
//! Any bytes come, and answers that are right but for a detail, while calls are made, given up and run out of time.
//! A model follows the connection by the rules of the wire: each call ends exactly once, as its own answer says or for
//! a reason of this side; what is queued stays within its limit; what was sent is the requests and nothing else.

mod asked;
mod calls;
mod end;
mod model;
mod peer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kitex_codec::{BytesMut, Form, Frame, Limits};
use kitex_core::{Answer, CallId, ClientConfig, ClientConnection, ErrorKind, MethodDescriptor};

use crate::engine::{Clock, PROTOCOLS, info, send};
use crate::heap::measure;
use crate::script::Script;

use asked::Asked;
use model::{Came, Model, State, Waits};

const MAX_IN_FLIGHT: usize = 4;
const MAX_QUEUED: usize = 4 << 10;
const MAX_HEADER: usize = 2 << 10;

/// The largest request: a header as large as the format has them, and an argument.
const LARGEST_REQUEST: usize = MAX_HEADER + LARGEST_ARGUMENT as usize + 100;
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
    model: Model,
    config: Arc<ClientConfig>,
    limits: Arc<Limits>,
    clock: Clock,
    input: BytesMut,
    /// All calls that were begun, by their token.
    calls: Vec<Call>,
    /// What is to be sent, in order.
    asked: Vec<Asked>,
    sent: Vec<u8>,
    sequence: i32,
    answered: usize,
}

struct Call {
    method: &'static MethodDescriptor,
    sequence: i32,
    id: CallId,
    deadline: Option<Instant>,
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
        if !config.form.has_header() {
            config.protocol = PROTOCOLS[usize::from(settings >> 5 & 3) % 3];
            config.service_prefix = (settings & 128 != 0).then(|| "Svc".into());
        }
        config.caller = "caller".into();
        config.service = (settings & 16 != 0).then(|| "callee".into());
        let mut limits = Limits::default();
        limits.max_header = MAX_HEADER;
        let (config, limits) = (Arc::new(config), Arc::new(limits));
        Self {
            connection: ClientConnection::new(Arc::clone(&config), info(&limits)),
            model: Model::new(&config),
            config,
            limits,
            clock: Clock::new(),
            input: BytesMut::new(),
            calls: Vec::new(),
            asked: Vec::new(),
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
                let bytes = peer::answer(script, &self.config, sequence, name);
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

    /// The calls under way.
    fn waits(&self) -> Vec<Waits> {
        let under_way = self.calls.iter().filter(|call| !call.ended);
        under_way.map(|call| Waits { sequence: call.sequence, method: call.method }).collect()
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
        let token = self.calls.iter().position(|call| call.id == id && !call.ended);
        assert_eq!(self.connection.cancel(id), token);
        if let Some(token) = token {
            self.end_call(token);
            self.break_unshared();
        }
        assert_eq!(self.connection.cancel(id), None);
    }

    /// The answer to a call that was given up would be taken for that of the next.
    fn break_unshared(&mut self) {
        if !self.model.multiplexed {
            self.model.state = State::Broken;
        }
    }

    fn take_answers(&mut self) {
        loop {
            let before = self.input.clone();
            let (taken, heap) = measure(|| self.connection.handle_input(&mut self.input));
            assert!(heap <= HEAP + 8 * before.len(), "{heap} bytes taken for {}", before.len());
            let came = self.follow(before, !matches!(taken, Ok(None)));
            match (taken, came) {
                (Ok(Some(answer)), Some(came)) => self.take(answer, came),
                (Ok(None), None) => return,
                (Err(error), Some(Came::Bad)) => {
                    assert!(!error.to_string().is_empty());
                    return;
                }
                (taken, came) => panic!("{taken:?} where there is {came:?}"),
            }
        }
    }

    /// Follows the connection through what it has taken: no message of it was an answer, but for the last. Of one that
    /// cannot be read nothing may have been taken, though it gives `something`.
    fn follow(&mut self, mut input: BytesMut, something: bool) -> Option<Came> {
        while input.len() > self.input.len() || something {
            match self.model.next(&mut input, &self.waits(), &self.limits) {
                Some(Came::Nothing) => {}
                Some(came) => {
                    assert_eq!(input.len(), self.input.len(), "an answer ends elsewhere");
                    return Some(came);
                }
                None => break,
            }
        }
        assert_eq!(input.len(), self.input.len(), "a message ends elsewhere");
        if self.model.state != State::Broken {
            let next = Frame::decode(&mut input, &self.limits);
            assert!(matches!(next, Ok(None)), "a message is not taken");
        }
        None
    }

    /// Holds an answer against the message that it came as.
    fn take(&mut self, answer: Answer<usize>, came: Came) {
        let Came::Answer(sequence, verdict) = came else { panic!("an answer where there is {came:?}") };
        assert_eq!(self.calls[answer.token].sequence, sequence, "the answer is another call's");
        self.end_call(answer.token);
        verdict.check(&answer.result, &self.limits);
        self.answered += usize::from(answer.result.is_ok());
    }

    fn handle_timeout(&mut self) {
        let now = self.clock.now();
        while let Some(answer) = self.connection.handle_timeout(now) {
            assert_eq!(answer.result.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Deadline));
            let due = self.calls[answer.token].deadline;
            assert!(due.is_some_and(|due| due <= now), "a call expires before its deadline");
            self.end_call(answer.token);
            self.break_unshared();
        }
        let late = |call: &Call| !call.ended && call.deadline.is_some_and(|due| due <= now);
        assert!(!self.calls.iter().any(late), "a call outlives its deadline");
        assert!(self.connection.poll_timeout().is_none_or(|due| due > now), "a timeout that never goes away");
    }

    fn fail_all(&mut self) {
        while let Some((method, token)) = self.connection.next_failed() {
            assert_eq!(method.name(), self.calls[token].method.name);
            self.end_call(token);
        }
        self.model.state = State::Broken;
    }
}
