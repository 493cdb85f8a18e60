//! The two engines and what lies between them.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use kitex_codec::{Bytes, BytesMut, Descriptor, Form, Limits, Output};

use super::super::{CallId, ClientConfig, ClientConnection, ServerConfig, ServerConnection, ServerRequest};
use crate::{
    BoxFuture, ConnectionInfo, Error, MethodDescriptor, Payload, Peer, Protocol, Request, Response, Router,
    ServiceDescriptor, SharedService, Status, Streaming,
};

/// The service of most tests.
pub(super) static SERVICE: ServiceDescriptor =
    ServiceDescriptor { name: "EchoSvc", methods: &METHODS, idl: &Descriptor::new("EchoSvc", &[], &[]) };
pub(super) static ECHO: &MethodDescriptor = &METHODS[0];
pub(super) static FIRE: &MethodDescriptor = &METHODS[1];
pub(super) static RISKY: &MethodDescriptor = &METHODS[2];

static METHODS: [MethodDescriptor; 3] = [
    method("EchoSvc", "Echo", 0, false, &[]),
    method("EchoSvc", "Fire", 1, true, &[]),
    method("EchoSvc", "Risky", 2, false, &[1, 2]),
];

pub(super) const fn method(
    service: &'static str,
    name: &'static str,
    index: u16,
    oneway: bool,
    exceptions: &'static [i16],
) -> MethodDescriptor {
    MethodDescriptor {
        service,
        name,
        index,
        oneway,
        idempotent: false,
        streaming: Streaming::None,
        exceptions,
        annotations: &[],
    }
}

/// When every test begins.
#[expect(clippy::disallowed_methods, reason = "a test may begin at any time; the clock is moved by hand")]
pub(super) fn base() -> Instant {
    static BASE: OnceLock<Instant> = OnceLock::new();
    *BASE.get_or_init(Instant::now)
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The default limits but for what is set.
pub(super) fn limited(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}

/// A service that nobody calls: what is tested here ends before it.
pub(super) fn unused() -> SharedService {
    #[derive(Clone)]
    struct Unused;
    impl tower_service::Service<Request> for Unused {
        type Response = Response;
        type Error = Error;
        type Future = BoxFuture<Result<Response, Error>>;
        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
            std::task::Poll::Ready(Ok(()))
        }
        fn call(&mut self, request: Request) -> Self::Future {
            Box::pin(std::future::ready(Err(Error::unknown_method(&request.method))))
        }
    }
    SharedService::new(Unused)
}

pub(super) fn router(services: &[&'static ServiceDescriptor]) -> Router {
    let mut router = Router::new();
    services.iter().for_each(|service| router.add_shared(service, unused()));
    router
}

/// A struct with one string.
pub(super) fn struct_of(id: i16, value: &str) -> Payload {
    let mut bytes = vec![0x0b];
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(&(value.len() as u32).to_be_bytes());
    bytes.extend_from_slice(value.as_bytes());
    bytes.push(0);
    Payload::new(Protocol::Binary, Bytes::from(bytes))
}

/// The string of such a struct, and its field's id.
pub(super) fn field_of(payload: &Payload) -> (i16, String) {
    let bytes = payload.segments().to_bytes();
    assert_eq!((bytes[0], bytes.last()), (0x0b, Some(&0)));
    let text = String::from_utf8(bytes[7..bytes.len() - 1].to_vec()).unwrap();
    (i16::from_be_bytes([bytes[1], bytes[2]]), text)
}

/// What a request's arguments say.
pub(super) fn text(request: &Request) -> String {
    let (id, text) = field_of(request.body.message().unwrap());
    assert_eq!(id, 1);
    text
}

/// What a response's result says.
pub(super) fn result_text(response: &Response) -> String {
    let (id, text) = field_of(response.body.message().unwrap());
    assert_eq!(id, 0);
    text
}

pub(super) fn request(method: &'static MethodDescriptor, text: &str) -> Request {
    Request::new(method, struct_of(1, text))
}

/// A response with a value.
pub(super) fn value(text: &str) -> Response {
    Response::new(Status::Ok, struct_of(0, text))
}

/// One direction of the wire.
#[derive(Default)]
pub(super) struct Wire {
    /// Sent and not arrived.
    pub(super) under_way: BytesMut,
    /// Arrived and not taken.
    pub(super) input: BytesMut,
}

impl Wire {
    fn send(&mut self, output: &mut Output) -> bool {
        let before = self.under_way.len();
        while !output.is_empty() {
            let (front, _) = output.front();
            let sent = front.len();
            self.under_way.extend_from_slice(front);
            output.advance(sent);
        }
        self.under_way.len() > before
    }

    /// Lets up to `most` bytes arrive.
    fn arrive(&mut self, most: usize) -> bool {
        let some = self.under_way.len().min(most);
        self.input.unsplit(self.under_way.split_to(some));
        some > 0
    }
}

pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) server: ServerConnection,
    pub(super) client: ClientConnection<u32>,
    /// To the server.
    pub(super) up: Wire,
    /// To the client.
    pub(super) down: Wire,
    /// Bytes that arrive at a time.
    pub(super) step: usize,
    /// Taken by the server and not answered.
    pub(super) requests: Vec<ServerRequest>,
    /// What the calls ended with, by token, in that order.
    pub(super) answers: Vec<(u32, Result<Response, Error>)>,
    next: u32,
}

impl Pair {
    pub(super) fn with(server: ServerConfig, client: ClientConfig, limits: Limits) -> Self {
        Self::between(router(&[&SERVICE]), server, client, limits.clone(), limits)
    }

    pub(super) fn between(
        router: Router,
        server: ServerConfig,
        client: ClientConfig,
        server_limits: Limits,
        client_limits: Limits,
    ) -> Self {
        let now = base();
        let at_server = ConnectionInfo::new(Peer::Memory, Arc::new(server_limits));
        let at_client = ConnectionInfo::new(Peer::Memory, Arc::new(client_limits));
        Self {
            now,
            server: ServerConnection::new(Arc::new(router), Arc::new(server), at_server, now),
            client: ClientConnection::new(Arc::new(client), at_client),
            up: Wire::default(),
            down: Wire::default(),
            step: usize::MAX,
            requests: Vec::new(),
            answers: Vec::new(),
            next: 0,
        }
    }

    pub(super) fn new(form: Form) -> Self {
        let client = ClientConfig { form, ..ClientConfig::default() };
        Self::with(ServerConfig::default(), client, Limits::default())
    }

    pub(super) fn mux() -> Self {
        Self::mux_with(ServerConfig::default())
    }

    pub(super) fn mux_with(server: ServerConfig) -> Self {
        let client = ClientConfig { multiplexed: true, ..ClientConfig::default() };
        Self::with(server, client, Limits::default())
    }

    /// Makes a call; its token counts up from 0.
    pub(super) fn call(&mut self, method: &'static MethodDescriptor, text: &str) -> Option<CallId> {
        self.send(request(method, text)).unwrap()
    }

    pub(super) fn send(&mut self, request: Request) -> Result<Option<CallId>, Error> {
        let token = self.next;
        self.next += 1;
        self.client.call(self.now, &request, token).map_err(|refusal| {
            assert_eq!(refusal.token, token);
            refusal.error
        })
    }

    /// Lets everything flow that can.
    pub(super) fn flow(&mut self) {
        while self.flow_up().unwrap() | self.flow_down().unwrap() {}
    }

    /// Moves the next piece to the server; false if nothing happened.
    pub(super) fn flow_up(&mut self) -> Result<bool, Error> {
        let sent = self.up.send(self.client.output());
        let arrived = self.up.arrive(self.step);
        let mut taken = false;
        while let Some(request) = self.server.handle_input(self.now, &mut self.up.input)? {
            self.requests.push(request);
            taken = true;
        }
        Ok(sent | arrived | taken)
    }

    /// Moves the next piece to the client; false if nothing happened.
    pub(super) fn flow_down(&mut self) -> Result<bool, Error> {
        let sent = self.down.send(self.server.output());
        let arrived = self.down.arrive(self.step);
        let mut taken = false;
        while let Some(answer) = self.client.handle_input(&mut self.down.input)? {
            self.answers.push((answer.token, answer.result));
            taken = true;
        }
        Ok(sent | arrived | taken)
    }

    /// Answers the request at `at` among those that are not answered.
    pub(super) fn answer(&mut self, at: usize, result: Result<Response, Error>) {
        let id = self.requests.remove(at).id;
        self.server.reply(self.now, id, result);
    }

    /// Answers the first request that is not answered with what it says.
    pub(super) fn echo(&mut self) {
        let said = text(&self.requests[0].request);
        self.answer(0, Ok(value(&said)));
    }

    /// Makes a call and serves it with `result`.
    pub(super) fn served(&mut self, request: Request, result: Result<Response, Error>) -> Answered {
        self.send(request).unwrap();
        self.flow();
        self.answer(0, result);
        self.flow();
        self.answers.pop().unwrap().1
    }

    /// What was answered, as token and text; errors if a call failed.
    pub(super) fn values(&mut self) -> Vec<(u32, String)> {
        self.answers.drain(..).map(|(token, answer)| (token, result_text(&answer.unwrap()))).collect()
    }

    /// Ends the connection for both.
    pub(super) fn cut(&mut self) -> Vec<u32> {
        self.server.handle_eof();
        std::iter::from_fn(|| self.client.next_failed()).map(|(_, token)| token).collect()
    }
}

pub(super) type Answered = Result<Response, Error>;
