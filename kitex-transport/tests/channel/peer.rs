//! The other side of a channel: a peer in memory that says what a test tells it to say.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kitex_codec::Descriptor;
use kitex_core::{
    Body, ConnectionInfo, Deadline, Error, MethodDescriptor, Payload, Protocol, Request, Response, Router,
    ServerConfig, ServerConnection, ServerRequest, ServiceDescriptor, SharedService, Status, Streaming,
};
use kitex_transport::{Address, Channel, ChannelConfig, Io, Memory};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tower_service::Service;

static ECHO: ServiceDescriptor = ServiceDescriptor {
    name: "Echo",
    methods: &[method("echo", 0, false), method("fire", 1, true)],
    idl: &Descriptor::new("Echo", &[], &[]),
};

const fn method(name: &'static str, index: u16, oneway: bool) -> MethodDescriptor {
    MethodDescriptor {
        service: "Echo",
        name,
        index,
        oneway,
        idempotent: false,
        streaming: Streaming::None,
        exceptions: &[],
        annotations: &[],
    }
}

/// A struct whose only field is a string.
fn payload(text: &str) -> Payload {
    let len = u32::try_from(text.len()).unwrap().to_be_bytes();
    Payload::new(Protocol::Binary, Bytes::from([&[11, 0, 0], &len[..], text.as_bytes(), &[0]].concat()))
}

/// A two-way call.
pub(crate) fn request(text: &str) -> Request {
    Request::new(&ECHO.methods[0], payload(text))
}

/// A call that is not answered.
pub(crate) fn oneway(text: &str) -> Request {
    Request::new(&ECHO.methods[1], payload(text))
}

/// The string in a message.
pub(crate) fn text(body: &Body) -> String {
    let Body::Message(payload) = body else { panic!("a stream") };
    let bytes = payload.clone().into_bytes();
    String::from_utf8(bytes[7..bytes.len() - 1].to_vec()).unwrap()
}

/// The answer to a call that has so long.
pub(crate) async fn call_within(channel: &Channel, said: &str, timeout: Duration) -> Result<String, Error> {
    let mut request = request(said);
    let now = tokio::time::Instant::now().into_std();
    request.context.deadline = Some(Deadline::after(now, timeout));
    channel.clone().call(request).await.map(|response| text(&response.body))
}

/// The answer to a call that has a minute.
pub(crate) async fn call(channel: &Channel, said: &str) -> Result<String, Error> {
    call_within(channel, said, Duration::from_secs(60)).await
}

/// Begins a call in a task of its own.
pub(crate) fn begin(channel: &Channel, said: &str) -> JoinHandle<Result<String, Error>> {
    let (channel, said) = (channel.clone(), said.to_owned());
    tokio::spawn(async move { call(&channel, &said).await })
}

/// Lets the other tasks run until something holds.
pub(crate) async fn eventually(mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it does not become true");
}

/// A channel to one listener in memory.
pub(crate) fn channel(memory: &Memory, config: ChannelConfig) -> Channel {
    Channel::new(vec![Address::Memory(memory.clone())], config)
}

/// The far end of a connection.
pub(crate) struct Peer<S = DuplexStream> {
    pub(crate) stream: S,
    engine: ServerConnection,
    input: BytesMut,
}

impl Peer {
    pub(crate) async fn accept(memory: &Memory) -> Self {
        Self::over(memory.accept().await.unwrap())
    }

    /// Accepts the connection of a call that has to be driven.
    pub(crate) async fn accept_for<F: Future + Unpin>(memory: &Memory, call: &mut F) -> Self {
        tokio::select! {
            peer = Self::accept(memory) => peer,
            _ = call => panic!("the call ended without an answer"),
        }
    }

    /// What a server that goes away says on a multiplexed connection.
    pub(crate) async fn farewell() -> Vec<u8> {
        let memory = Memory::new();
        let (mut near, mut peer) = (memory.connect().unwrap(), Self::accept(&memory).await);
        let mut config = kitex_core::ClientConfig::default();
        config.multiplexed = true;
        let info = ConnectionInfo::new(kitex_core::Peer::Memory, Arc::default());
        let mut engine = kitex_core::ClientConnection::new(Arc::new(config), info);
        let now = tokio::time::Instant::now().into_std();
        engine.call(now, &request(""), ()).unwrap();
        near.write_all(engine.output().front().0).await.unwrap();
        let taken = peer.take().await.unwrap();
        peer.echo_of(&taken);
        peer.shutdown()
    }
}

impl<S: Io> Peer<S> {
    pub(crate) fn over(stream: S) -> Self {
        let mut router = Router::new();
        // Requests are answered by hand: no service is ever called.
        router.add_shared(&ECHO, SharedService::new(Unused));
        let info = ConnectionInfo::new(kitex_core::Peer::Memory, Arc::default());
        let config = Arc::new(ServerConfig::default());
        let now = tokio::time::Instant::now().into_std();
        let engine = ServerConnection::new(Arc::new(router), config, info, now);
        Self { stream, engine, input: BytesMut::new() }
    }

    /// The next request; `None` when the client has closed.
    pub(crate) async fn take(&mut self) -> Option<ServerRequest> {
        let now = tokio::time::Instant::now().into_std();
        loop {
            if let Some(request) = self.engine.handle_input(now, &mut self.input).unwrap() {
                return Some(request);
            }
            if self.stream.read_buf(&mut self.input).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// The bytes of an answer that repeats the request.
    pub(crate) fn echo_of(&mut self, taken: &ServerRequest) -> Vec<u8> {
        let Body::Message(payload) = &taken.request.body else { panic!("a stream") };
        self.reply(taken.id, Ok(Response::new(Status::Ok, payload.clone())))
    }

    /// The bytes of an answer.
    pub(crate) fn reply(&mut self, id: kitex_core::CallId, result: Result<Response, Error>) -> Vec<u8> {
        self.engine.reply(tokio::time::Instant::now().into_std(), id, result);
        self.written()
    }

    /// The next request, read when the shutdown has begun.
    pub(crate) async fn take_while_shutting_down(&mut self) -> ServerRequest {
        assert!(self.shutdown().is_empty());
        self.take().await.unwrap()
    }

    /// The bytes that the shutdown of a server with nothing under way says.
    pub(crate) fn shutdown(&mut self) -> Vec<u8> {
        self.engine.shutdown(tokio::time::Instant::now().into_std());
        self.written()
    }

    fn written(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let output = self.engine.output();
        while !output.is_empty() {
            let front = output.front().0.to_vec();
            output.advance(front.len());
            bytes.extend(front);
        }
        bytes
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).await.unwrap();
    }

    pub(crate) async fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Answers the next request; false when the client has closed.
    pub(crate) async fn echo(&mut self) -> bool {
        let Some(taken) = self.take().await else { return false };
        let answer = self.echo_of(&taken);
        self.stream.write_all(&answer).await.is_ok()
    }

    /// Answers until the client closes.
    pub(crate) async fn echo_all(mut self) {
        while self.echo().await {}
    }
}

/// Accepts and answers for as long as the test lasts.
pub(crate) fn serve(memory: &Memory) {
    let memory = memory.clone();
    tokio::spawn(async move {
        loop {
            tokio::spawn(Peer::accept(&memory).await.echo_all());
        }
    });
}

/// Answers on one connection until the client closes it.
pub(crate) async fn serve_stream<S: Io>(stream: S) {
    Peer::over(stream).echo_all().await;
}

/// A listener whose backlog is full: further connections are never made.
pub(crate) fn deaf() -> (socket2::Socket, Vec<TcpStream>, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(1).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let waiting = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
    (socket, waiting, address)
}

#[derive(Clone)]
struct Unused;

impl Service<Request> for Unused {
    type Response = Response;
    type Error = Error;
    type Future = std::future::Ready<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        unreachable!("requests are answered by hand")
    }
}
