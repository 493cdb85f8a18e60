//! Target `server`: the server's end of a connection with a hostile peer.
//!
//! Any bytes come in any pieces, between answers, timeouts, writes, shutdown and the end of input. Calls under way and
//! output stay within their limits; each answer that was given goes out, in order, in the form of its request; and
//! when all is answered, the connection ends by itself.

mod answer;
mod echo;
mod peer;

use std::sync::Arc;
use std::time::Duration;

use kitex_codec::{Bytes, BytesMut, Limits, MAX_HEADER_INFO, MessageType};
use kitex_core::{
    CallId, Error, Request, Response, Router, ServerConfig, ServerConnection, ServerRequest, SharedService,
    Status, Target,
};

use crate::echo::EchoSvcServer;
use crate::engine::{Clock, Mark, Nothing, RICH, info, marks, send};
use crate::heap::measure;
use crate::script::Script;

const MAX_IN_FLIGHT: usize = 3;
const MAX_QUEUED: usize = 4 << 10;

const MAX_FRAME: usize = 32 << 10;

/// What taking input may take beside its share: chunks for output, and texts of errors.
const HEAP: usize = 256 << 10;

/// The largest answer: a header as large as the format has them, and a frame.
const LARGEST_ANSWER: usize = MAX_HEADER_INFO + MAX_FRAME + 100;

/// Plays a script: a byte of settings, then steps. True if the peer sent whole requests and nothing else.
pub fn run(data: &[u8]) -> bool {
    let mut script = Script::new(data);
    let settings = script.byte();
    let mut server = Server::new(settings);
    while !script.is_over() && !server.connection.is_finished() {
        server.step(&mut script);
        server.check();
    }
    let good = server.served > 0 && !server.failed && server.input.is_empty();
    if settings & 8 == 0 {
        server.end_by_time()
    } else {
        server.end_by_close()
    }
    good
}

struct Server {
    connection: ServerConnection,
    router: Arc<Router>,
    limits: Arc<Limits>,
    clock: Clock,
    input: BytesMut,
    live: Vec<Live>,
    /// What has been answered, in order.
    answered: Vec<Mark>,
    sent: Vec<u8>,
    served: usize,
    /// What the peer sent was refused.
    failed: bool,
    /// The peer sends no more.
    ended: bool,
}

struct Live {
    id: CallId,
    /// Of a method that is here.
    mark: Option<Mark>,
    oneway: bool,
    target: Target,
    request: Request,
}

impl Live {
    fn args(&self) -> Bytes {
        self.request.body.message().map(|payload| payload.clone().into_bytes()).unwrap_or_default()
    }
}

impl Server {
    fn new(settings: u8) -> Self {
        let mut limits = Limits::default();
        limits.max_frame = MAX_FRAME;
        let limits = Arc::new(limits);
        let mut config = ServerConfig::default();
        (config.max_in_flight, config.max_queued_output) = (MAX_IN_FLIGHT, MAX_QUEUED);
        config.checksum = settings & 1 != 0;
        let mut router = Router::new();
        router.add_shared(RICH, SharedService::new(Nothing));
        router.add(EchoSvcServer::new(echo::Echo));
        router.set_strict(settings & 2 != 0);
        if settings & 4 != 0 {
            router.set_unknown(SharedService::new(Nothing));
        }
        let (router, clock) = (Arc::new(router), Clock::new());
        let connection =
            ServerConnection::new(Arc::clone(&router), Arc::new(config), info(&limits), clock.now());
        Self {
            connection,
            router,
            limits,
            clock,
            input: BytesMut::new(),
            live: Vec::new(),
            answered: Vec::new(),
            sent: Vec::new(),
            served: 0,
            failed: false,
            ended: false,
        }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        match script.byte() % 16 {
            0..=3 => {
                let bytes = script.sized();
                self.feed(bytes);
            }
            4..=6 => {
                let bytes = peer::request(script);
                self.feed(&bytes);
            }
            7..=9 => self.reply(script),
            10 => {
                if let Some(live) = self.choose(script.byte()) {
                    self.connection.cancel(live.id);
                }
            }
            11 => self.wait(script.short()),
            12 => send(self.connection.output(), script.short().into(), &mut self.sent),
            13 => self.connection.shutdown(self.clock.now()),
            14 => self.end_input(),
            _ => self.connection.close(),
        }
        self.take_requests();
    }

    fn feed(&mut self, bytes: &[u8]) {
        if !self.ended {
            self.input.extend_from_slice(bytes);
        }
    }

    fn end_input(&mut self) {
        self.ended = true;
        self.connection.handle_eof();
        self.live.retain(|live| live.oneway);
    }

    fn take_requests(&mut self) {
        loop {
            let before = self.input.clone();
            let full = self.connection.output().len() > MAX_QUEUED;
            let took_input = self.connection.takes_input() && !full;
            let now = self.clock.now();
            let (taken, heap) = measure(|| self.connection.handle_input(now, &mut self.input));
            assert!(heap <= HEAP + 8 * before.len(), "{heap} bytes taken for {}", before.len());
            let consumed = &before[..before.len() - self.input.len()];
            assert!(took_input || consumed.is_empty());
            match taken {
                Ok(Some(request)) => self.begin(request, consumed),
                Ok(None) => return,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    self.failed = true;
                    return;
                }
            }
        }
    }

    /// Notes a request: it is the last message of what was consumed for it.
    fn begin(&mut self, request: ServerRequest, consumed: &[u8]) {
        let ServerRequest { id, target, concurrent, request, .. } = request;
        let mut live = Live { id, mark: None, oneway: request.method.is_oneway(), target, request };
        // A method that is not here may have a name that is no text.
        if live.request.method.descriptor().is_some() {
            let name = live.request.method.name();
            live.mark = Some(Mark::of_last(consumed, name, &live.args(), &self.limits));
        }
        self.live.push(live);
        assert!(self.router.service(target).is_some());
        assert_eq!(self.live.iter().filter(|live| live.id == id).count(), 1);
        assert!(concurrent || !self.connection.takes_input());
        self.served += 1;
    }

    fn choose(&mut self, which: u8) -> Option<Live> {
        if self.live.is_empty() { None } else { Some(self.live.remove(usize::from(which) % self.live.len())) }
    }

    fn reply(&mut self, script: &mut Script<'_>) {
        let Some(live) = self.choose(script.byte()) else { return };
        let answer = match script.byte() % 10 {
            8.. => {
                let service =
                    self.router.service(live.target).expect("requests are for services that are here");
                echo::call(service, live.request.try_clone().expect("a message can be sent once more"))
            }
            number => answer::answer(number, script, live.args()),
        };
        self.give(live, answer);
    }

    fn give(&mut self, live: Live, answer: Result<Response, Error>) {
        self.connection.reply(self.clock.now(), live.id, answer);
        self.note(live);
    }

    fn note(&mut self, live: Live) {
        self.answered.extend(live.mark.filter(|_| !live.oneway));
    }

    /// Lets so many milliseconds pass, or the time to what is due next.
    fn wait(&mut self, millis: u16) {
        match self.connection.poll_timeout().filter(|_| millis == 0) {
            Some(due) => self.clock.go_to(due),
            None => self.clock.advance(Duration::from_millis(millis.into())),
        }
        self.handle_timeout();
    }

    fn handle_timeout(&mut self) {
        let now = self.clock.now();
        while let Ok(Some(expired)) = self.connection.handle_timeout(now) {
            let at = self.live.iter().position(|live| live.id == expired);
            let live = self.live.remove(at.expect("only calls under way expire"));
            self.note(live);
        }
        let due = self.connection.poll_timeout();
        assert!(
            due.is_none_or(|due| due > now) || self.connection.is_finished(),
            "a timeout that never goes away"
        );
    }

    fn check(&mut self) {
        assert_eq!(self.connection.in_flight(), self.live.len());
        assert!(self.live.len() <= MAX_IN_FLIGHT);
        // What is over the limit by the last request taken, and what its calls under way were answered with since.
        let most = MAX_QUEUED + (MAX_IN_FLIGHT + 1) * LARGEST_ANSWER;
        assert!(self.connection.output().len() <= most, "{:?}", self.connection);
    }

    fn answer_all(&mut self) {
        while let Some(live) = self.choose(0) {
            self.give(live, Ok(Response::empty(Status::Ok)));
        }
        send(self.connection.output(), usize::MAX, &mut self.sent);
    }

    /// A connection that takes no further request ends with its last answer.
    fn end_by_close(mut self) {
        self.connection.close();
        self.answer_all();
        assert!(self.connection.is_finished(), "{:?}", self.connection);
        self.check_sent();
    }

    /// A connection whose peer says nothing more ends when its timeouts are over.
    fn end_by_time(mut self) {
        self.connection.shutdown(self.clock.now());
        for _ in 0..10_000 {
            self.answer_all();
            self.take_requests();
            if self.connection.is_finished() {
                return self.check_sent();
            }
            if self.live.is_empty() && self.connection.output().is_empty() {
                let due = self.connection.poll_timeout();
                self.clock.go_to(due.expect("a connection without a timeout never ends"));
                self.handle_timeout();
            }
        }
        panic!("the connection does not end: {:?}", self.connection);
    }

    /// All that was sent is whole messages, and the answers are among them in their order.
    fn check_sent(&self) {
        let mut marks = marks(&self.sent).into_iter();
        for answered in &self.answered {
            let same = |mark: Mark| {
                assert!(matches!(mark.kind, MessageType::REPLY | MessageType::EXCEPTION));
                (mark.sequence, &mark.name) == (answered.sequence, &answered.name)
                    && answered.form.is_none_or(|form| mark.form == Some(form))
            };
            assert!(marks.any(same), "no answer to {answered:?}");
        }
    }
}
