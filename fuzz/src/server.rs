//! Target `server`: the server's end of a connection with a hostile peer.
//!
//! Any bytes come in any pieces, between answers, timeouts, writes, shutdown and the end of input. A model follows the
//! connection by the rules of the wire: what is served, refused or passed over, what is due when, and what is to be
//! sent. What was sent is that and nothing else, in order, and when all is answered the connection ends by itself.

mod answer;
mod echo;
mod end;
mod input;
mod model;
mod owed;
mod peer;
mod time;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kitex_codec::{BytesMut, Limits};
use kitex_core::{
    Body, CallId, Error, ErrorKind, Request, Response, Router, ServerConfig, ServerConnection, SharedService,
    Status, Target,
};

use crate::echo::EchoSvcServer;
use crate::engine::{Clock, ECHO, Nothing, OTHER, RICH, info, send};
use crate::script::Script;

use model::{Model, Rules, Served};
use owed::{Owed, Says};

const MAX_QUEUED: usize = 4 << 10;

/// The longest text of an exception has room in it, though each byte of it may take six in JSON.
const MAX_FRAME: usize = 128 << 10;
const MAX_HEADER: usize = 16 << 10;

/// The largest answer: no message is larger than this side would take itself.
const LARGEST_ANSWER: usize = MAX_FRAME + 4;

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
    model: Model,
    config: Arc<ServerConfig>,
    router: Arc<Router>,
    limits: Arc<Limits>,
    clock: Clock,
    input: BytesMut,
    live: Vec<Live>,
    /// Calls that have ended.
    ended_calls: Vec<CallId>,
    /// What is to be sent, in order.
    owed: Vec<Owed>,
    sent: Vec<u8>,
    served: usize,
    /// What the peer sent was refused.
    failed: bool,
    /// The peer sends no more.
    ended: bool,
}

struct Live {
    id: CallId,
    target: Target,
    request: Request,
    served: Box<Served>,
    deadline: Instant,
    /// The deadline is the caller's.
    granted: bool,
}

impl Live {
    fn is_oneway(&self) -> bool {
        self.served.method.is_some_and(|method| method.oneway)
    }
}

fn config(settings: u8) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.max_in_flight = if settings & 16 == 0 { 3 } else { 6 };
    config.max_in_flight_bytes = if settings & 32 == 0 { 4 << 10 } else { 60 };
    config.max_queued_output = MAX_QUEUED;
    // As short as what the peer of the target grants, and soon over.
    config.max_call_timeout = Duration::from_millis(200);
    config.idle_timeout = Duration::from_secs(15);
    config.checksum = settings & 1 != 0;
    config
}

fn router(rules: Rules) -> Router {
    let mut router = Router::new();
    router.add_shared(RICH, SharedService::new(Nothing));
    router.add(EchoSvcServer::new(echo::Echo));
    router.add_shared(OTHER, SharedService::new(Nothing));
    router.set_fallback(RICH.name).expect("the service is here");
    router.set_strict(rules.strict);
    if rules.unknown {
        router.set_unknown(SharedService::new(Nothing));
    }
    router
}

impl Server {
    fn new(settings: u8) -> Self {
        let mut limits = Limits::default();
        (limits.max_frame, limits.max_header) = (MAX_FRAME, MAX_HEADER);
        let limits = Arc::new(limits);
        let config = Arc::new(config(settings));
        let rules = Rules { strict: settings & 2 != 0, unknown: settings & 4 != 0 };
        let (router, clock) = (Arc::new(router(rules)), Clock::new());
        let connection =
            ServerConnection::new(Arc::clone(&router), Arc::clone(&config), info(&limits), clock.now());
        Self {
            connection,
            model: Model::new(rules, &config, clock.now()),
            config,
            router,
            limits,
            clock,
            input: BytesMut::new(),
            live: Vec::new(),
            ended_calls: Vec::new(),
            owed: Vec::new(),
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
            10 => self.cancel(script.byte()),
            11 => self.wait(script.short()),
            12 => send(self.connection.output(), script.short().into(), &mut self.sent),
            13 => self.shutdown(),
            14 => self.end_input(),
            _ => self.close(),
        }
        self.take_requests();
    }

    fn feed(&mut self, bytes: &[u8]) {
        if !self.ended {
            self.input.extend_from_slice(bytes);
        }
    }

    /// The second time, the shutdown has taken long enough.
    fn shutdown(&mut self) {
        let now = self.clock.now();
        if self.model.draining {
            self.connection.refuse(now);
            self.model.refusing |= self.model.told.is_none() && !self.model.closing;
        } else {
            self.connection.shutdown(now);
            self.model.draining |= !self.model.closing;
        }
        self.settle();
    }

    fn close(&mut self) {
        self.connection.close();
        self.model.close();
    }

    fn end_input(&mut self) {
        self.ended = true;
        self.connection.handle_eof();
        self.model.close();
        self.live.retain(Live::is_oneway);
    }

    fn cancel(&mut self, which: u8) {
        if which & 128 != 0 {
            return self.answer_the_ended(which & 127);
        }
        if let Some(live) = self.choose(which) {
            self.connection.cancel(live.id);
            self.settle();
        }
    }

    /// Nothing comes of what is done to a call that has ended.
    fn answer_the_ended(&mut self, which: u8) {
        let Some(id) = self.ended_calls.get(usize::from(which)) else { return };
        self.connection.cancel(*id);
        self.connection.reply(self.clock.now(), *id, Ok(Response::empty(Status::Ok)));
    }

    fn choose(&mut self, which: u8) -> Option<Live> {
        if self.live.is_empty() {
            return None;
        }
        let live = self.live.remove(usize::from(which) % self.live.len());
        self.ended_calls.push(live.id);
        Some(live)
    }

    fn reply(&mut self, script: &mut Script<'_>) {
        let Some(live) = self.choose(script.byte()) else { return };
        let answer = match script.byte() % 10 {
            8.. => self.serve(&live),
            number => {
                answer::answer(number, script, live.served.args(&self.limits), live.served.frame.protocol)
            }
        };
        self.give(live, answer);
    }

    /// What the service answers.
    fn serve(&self, live: &Live) -> Result<Response, Error> {
        let service = self.router.service(live.target).expect("requests are for services that are here");
        let answer = echo::call(service, live.request.try_clone().expect("a message can be sent once more"));
        let echoed = match &answer {
            Ok(Response { body: Body::Message(payload), .. }) => payload.len() > 1,
            Ok(_) => false,
            Err(error) => error.kind() == ErrorKind::Arguments,
        };
        let echo = live.served.method.is_some_and(|method| method.service == ECHO.name);
        assert_eq!(echoed, echo, "the request went to another service: {answer:?}");
        answer
    }

    fn give(&mut self, live: Live, answer: Result<Response, Error>) {
        let says = Says::of(&answer, live.served.frame.protocol, &self.limits);
        let undecodable = matches!(&answer, Err(error) if error.kind() == ErrorKind::Arguments);
        self.connection.reply(self.clock.now(), live.id, answer);
        self.note(live, says, undecodable);
        self.settle();
    }

    /// Notes that a call was answered.
    fn note(&mut self, live: Live, says: Says, undecodable: bool) {
        let ends = undecodable && live.served.serial;
        self.model.last_activity = self.clock.now();
        if !live.is_oneway() {
            self.owed.push(live.served.owed.saying(says, ends));
        }
        if ends {
            self.model.close();
        }
    }
}
