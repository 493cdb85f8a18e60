//! The server that is attacked, and clients that speak to it by hand.

use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::BytesMut;
use kitex_codec::{Bytes, Form, Limits};
use kitex_core::*;
use kitex_transport::{Address, Addresses, Bound, ServerHandle, ServerSettings};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

use crate::service::{METHODS, Service, State};

/// A server of one [`Service`] on threads of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    pub(crate) state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves on so many threads; one is a current-thread runtime.
    pub(crate) fn start(settings: ServerSettings, threads: usize) -> Self {
        let (tell, told) = channel();
        let thread = std::thread::spawn(move || serve(settings, threads, &tell));
        let (address, handle, state) = told.recv().unwrap();
        Self { address, handle, state, thread: Some(thread) }
    }

    pub(crate) fn connections(&self) -> usize {
        self.handle.stats().connections
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Waits until so many connections are left: nothing tells when one ends but the server's statistics.
    pub(crate) async fn left_with(&self, connections: usize) {
        let fewer = async {
            while self.connections() > connections {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(10), fewer).await;
        assert!(waited.is_ok(), "{} connections are left, not {connections}", self.connections());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.abort();
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            assert!(std::thread::panicking(), "the server panicked");
        }
    }
}

type Started = (SocketAddr, ServerHandle, Arc<State>);

fn serve(settings: ServerSettings, threads: usize, tell: &Sender<Started>) {
    let mut builder = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    let runtime = builder.worker_threads(threads).enable_all().build().unwrap();
    let service = Service::default();
    let state = Arc::clone(&service.0);
    let mut router = Router::new();
    router.add(service);
    let any = Addresses::from(SocketAddr::from(([127, 0, 0, 1], 0)));
    let bound = runtime.block_on(Bound::bind(any, router, settings)).unwrap();
    let &[Address::Ip(address)] = bound.addresses() else { panic!("one address was asked for") };
    tell.send((address, bound.handle(), state)).unwrap();
    runtime.block_on(bound.serve()).unwrap();
}

/// A bare request: envelope and arguments, `args` with its STOP.
pub(crate) fn buffered(method: usize, args: &[u8]) -> Vec<u8> {
    let method = &METHODS[method];
    let kind = if method.oneway { 4 } else { 1 };
    let name = method.name.as_bytes();
    [&[0x80, 1, 0, kind][..], &(name.len() as u32).to_be_bytes(), name, &[0, 0, 0, 1], args].concat()
}

/// The beginning of a bare request in Compact and in JSON, up to its arguments.
pub(crate) fn begun(method: usize) -> [Vec<u8>; 2] {
    let name = METHODS[method].name;
    let compact = [&[0x82, 0x21, 1, name.len() as u8], name.as_bytes()].concat();
    [compact, format!(r#"[1,"{name}",1,1,"#).into_bytes()]
}

/// A request behind its length.
pub(crate) fn framed(method: usize, args: &[u8]) -> Vec<u8> {
    let message = buffered(method, args);
    [&(message.len() as u32).to_be_bytes()[..], &message].concat()
}

/// Arguments: one binary field.
pub(crate) fn binary(argument: &[u8]) -> Vec<u8> {
    [&[0x0b, 0, 1][..], &(argument.len() as u32).to_be_bytes(), argument, &[0]].concat()
}

/// Closes a connection with a reset.
pub(crate) fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Waits until the server has closed a connection, whatever it sends before.
pub(crate) async fn until_closed(stream: &mut TcpStream) {
    let mut bytes = [0; 64];
    let closed = async { while matches!(stream.read(&mut bytes).await, Ok(read) if read > 0) {} };
    assert!(tokio::time::timeout(Duration::from_secs(10), closed).await.is_ok(), "still open");
}

/// Sends `bytes` again and again until the server takes no more; gives how many it took.
pub(crate) async fn pour(stream: &mut TcpStream, bytes: &[u8]) -> usize {
    let mut poured = 0;
    let pouring = async {
        while stream.write_all(bytes).await.is_ok() {
            poured += bytes.len();
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), pouring).await.is_ok(), "taken without end");
    poured
}

/// A client's end of a connection, moved by hand.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) engine: ClientConnection<u32>,
    input: BytesMut,
}

impl Client {
    pub(crate) async fn connect(server: &Server, form: Form, multiplexed: bool) -> Self {
        static LIMITS: LazyLock<Arc<Limits>> = LazyLock::new(Arc::default);
        let mut config = ClientConfig::default();
        (config.form, config.multiplexed) = (form, multiplexed);
        config.max_in_flight = usize::MAX;
        let info = ConnectionInfo::new(Peer::Ip(server.address), Arc::clone(&LIMITS));
        let engine = ClientConnection::new(Arc::new(config), info);
        Self { stream: server.connect().await, engine, input: BytesMut::new() }
    }

    /// The bytes of a call of a method with one binary argument.
    pub(crate) fn request(&mut self, method: usize, argument: &[u8], token: u32) -> Bytes {
        let payload = Payload::new(Protocol::Binary, Bytes::from(binary(argument)));
        let request = Request::new(&METHODS[method], payload);
        let now = tokio::time::Instant::now().into_std();
        self.engine.call(now, &request, token).map_err(|refusal| refusal.error).unwrap();
        self.engine.output().take_segments().into_bytes()
    }

    pub(crate) async fn call(&mut self, method: usize, argument: &[u8], token: u32) {
        let bytes = self.request(method, argument, token);
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// The next answer; `None` at the end of the connection.
    pub(crate) async fn answer(&mut self) -> Option<(u32, Result<Bytes, Error>)> {
        loop {
            if let Some(Answer { token, result }) = self.engine.handle_input(&mut self.input).unwrap() {
                let result = result.map(|response| response.body.message().unwrap().clone().into_bytes());
                return Some((token, result));
            }
            let read = self.stream.read_buf(&mut self.input);
            let read = tokio::time::timeout(Duration::from_secs(10), read).await.unwrap();
            if read.unwrap() == 0 {
                assert!(self.input.is_empty(), "half an answer");
                return None;
            }
        }
    }
}
