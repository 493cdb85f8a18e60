//! Plays a recorded conversation from the client's side: our client makes the recorded calls, and is answered with the
//! recorded bytes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, Instant};

use golden::{Case, Difference, Facts, Message, Side, body_difference, oracle};
use kitex_codec::Limits;
use kitex_core::{ClientConfig, Deadline, Response, Scope};

use super::calls::{Outcome, Pending, start};
use super::line::{Ended, Line};
use super::setup;
use super::wire::Wire;

/// One conversation.
pub(crate) struct Replay<'a> {
    case: &'a Case,
    /// Bytes of the server's that come at once.
    piece: usize,
    config: Arc<ClientConfig>,
    limits: Arc<Limits>,
    now: Instant,
    lines: BTreeMap<u32, Line>,
    /// All calls, in the order in which they were made.
    pub(crate) calls: Vec<Made>,
    /// In what our client does otherwise.
    pub(crate) found: Vec<Difference>,
}

/// A call of ours.
pub(crate) struct Made {
    conn: u32,
    /// The argument that tells the call from others, if it is such a one.
    pub(crate) word: Option<String>,
    wire: Wire,
    pending: Option<Pending>,
    /// How it ended.
    pub(crate) outcome: Option<Outcome>,
    /// The backward metadata that came.
    pub(crate) backward: BTreeMap<String, String>,
}

impl<'a> Replay<'a> {
    /// Plays a case to its end; what the server sent comes in pieces of at most `piece` bytes.
    pub(crate) fn of(case: &'a Case, piece: usize) -> Self {
        let mut replay = Self {
            case,
            piece,
            config: Arc::new(setup::config(case)),
            limits: Arc::new(setup::limits(case)),
            now: Instant::now(),
            lines: BTreeMap::new(),
            calls: Vec::new(),
            found: Vec::new(),
        };
        case.messages.iter().for_each(|message| replay.play(message));
        replay.end_all(true);
        replay.compare_last();
        replay
    }

    fn play(&mut self, message: &Message) {
        if message.from == Side::Server {
            return message.bytes.chunks(self.piece).for_each(|piece| self.feed(message.conn, piece));
        }
        let requests = oracle::split(&message.bytes);
        if requests.is_empty() {
            self.found.extend(Difference::of("request", "no message, or one too deep", None::<&str>));
        }
        for read in requests {
            if !setup::is_parallel(self.case) {
                self.end_all(false);
            }
            self.choose_line(message.conn);
            self.call(message.conn, &read);
        }
    }

    fn feed(&mut self, conn: u32, bytes: &[u8]) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        let ended = line.feed(bytes);
        self.settle(ended);
    }

    /// Takes the line that the recorded client took, and notes if ours would have taken another.
    fn choose_line(&mut self, conn: u32) {
        let is_free = setup::is_parallel(self.case) || setup::takes_turns(self.case);
        let last = self.calls.last().map(|call| call.conn).filter(|_| !is_free);
        if let (Some(last), Some(line)) = (last, self.lines.get(&conn)) {
            self.found.extend(Difference::of("reused", last == conn, line.is_usable()));
            if !line.is_usable() {
                self.lines.remove(&conn);
            }
        } else if let Some(last) = last.filter(|last| !self.ends_by_server(*last)) {
            self.found.extend(Difference::of("reused", false, self.lines[&last].is_usable()));
        }
        let (config, limits) = (&self.config, &self.limits);
        self.lines.entry(conn).or_insert_with(|| Line::new(config, limits));
    }

    fn call(&mut self, conn: u32, recorded: &oracle::Read<'_>) {
        let wire = Wire::default();
        let settings = setup::settings(self.case, recorded.decoded.header.as_ref());
        let method = &recorded.decoded.method;
        let pending = start(method, recorded.body, settings, &wire);
        let word = oracle::tree(recorded.body).and_then(|args| args.field(1)?.field(1)?.text());
        let word = word.filter(|_| method == "Echo");
        let made = Made { conn, word, wire, pending, outcome: None, backward: BTreeMap::new() };
        self.calls.push(made);
        let sent = self.send(conn, recorded.decoded.seq);
        match sent.as_deref().and_then(oracle::read) {
            Some(ours) => self.found.extend(self.request_differences(recorded, &ours)),
            None => self.found.extend(Difference::of("request", Some(method), sent)),
        }
    }

    /// Sends the last call's request, unless it is refused before that.
    fn send(&mut self, conn: u32, sequence: i32) -> Option<Vec<u8>> {
        let number = self.calls.len() - 1;
        self.poll(number);
        let mut request = self.calls[number].wire.take_request()?;
        if let Some(timeout) = request.context.timeout {
            request.context.deadline = Some(Deadline::after(self.now, timeout));
        }
        let line = self.lines.get_mut(&conn)?;
        let is_oneway = request.method.is_oneway();
        match line.call(self.now, sequence, &request, number) {
            Ok(sent) => {
                if is_oneway {
                    self.settle(vec![(number, Ok(Response::empty(Default::default())))]);
                }
                Some(sent)
            }
            Err(error) => {
                self.settle(vec![(number, Err(error))]);
                None
            }
        }
    }

    fn request_differences(&self, recorded: &oracle::Read<'_>, ours: &oracle::Read<'_>) -> Vec<Difference> {
        let mut decoded = ours.decoded.clone();
        if self.case.client_switch("meta").is_none() {
            setup::without_handler(&mut decoded);
        }
        let mut found = golden::differences(&recorded.decoded, &decoded, Facts::OfTwoAnswers);
        found.extend(body_difference(recorded.body, ours.body));
        found
    }

    fn settle(&mut self, ended: Vec<Ended>) {
        for (number, answer) in ended {
            let metadata = match &answer {
                Ok(response) => &response.metadata,
                Err(error) => error.metadata(),
            };
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let pairs = metadata.iter(Scope::Backward).map(|(key, value)| (text(key), text(value)));
            self.calls[number].backward = pairs.collect();
            self.calls[number].wire.answer(answer);
            self.poll(number);
        }
    }

    fn poll(&mut self, number: usize) {
        let call = &mut self.calls[number];
        let Some(pending) = &mut call.pending else { return };
        if let Poll::Ready(outcome) = pending.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
            call.outcome = Some(outcome);
            call.pending = None;
        }
    }

    /// Ends the calls that have ended by now on record: their connection has ended, or their time is over. The last ones
    /// end with the conversation.
    fn end_all(&mut self, is_over: bool) {
        let waiting: Vec<u32> =
            self.calls.iter().filter(|call| call.pending.is_some()).map(|call| call.conn).collect();
        for conn in waiting {
            let was_closed = self.ends_by_server(conn);
            let Some(line) = self.lines.get_mut(&conn) else { continue };
            let ended = match line.next_deadline() {
                Some(deadline) if !was_closed => {
                    self.now = self.now.max(deadline);
                    line.expire(self.now)
                }
                _ if was_closed || is_over => line.end_of_file(),
                _ => continue,
            };
            self.settle(ended);
        }
    }

    fn ends_by_server(&self, conn: u32) -> bool {
        self.case.closed_by.get(&conn) == Some(&Side::Server)
    }

    /// Whether the connection of the last call is kept.
    fn compare_last(&mut self) {
        let Some(conn) = self.calls.last().map(|call| call.conn) else { return };
        if self.ends_by_server(conn) || setup::is_parallel(self.case) || setup::takes_turns(self.case) {
            return;
        }
        let is_kept = !self.case.closed_by.contains_key(&conn);
        self.found.extend(Difference::of("reused", is_kept, self.lines[&conn].is_usable()));
    }

    /// Makes a call that is not on record with a request.
    pub(crate) fn call_unsent(&mut self, method: &str, args: &[u8]) {
        let wire = Wire::default();
        let pending = start(method, args, setup::settings(self.case, None), &wire);
        let conn = self.lines.keys().next_back().map_or(1, |last| last + 1);
        self.calls.push(Made { conn, word: None, wire, pending, outcome: None, backward: BTreeMap::new() });
        self.lines.insert(conn, Line::new(&self.config, &self.limits));
        let sent = self.send(conn, 1);
        if !self.ends_by_server(conn) {
            self.found.extend(Difference::of("request", None::<&str>, sent.map(|_| method)));
        }
        self.end_all(true);
    }
}

/// How long a recorded time is.
pub(crate) fn duration(text: &str) -> Duration {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let number = digits.parse().expect("a recorded time");
    if text.ends_with("ms") { Duration::from_millis(number) } else { Duration::from_secs(number) }
}
