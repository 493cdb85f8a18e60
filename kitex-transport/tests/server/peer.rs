//! A service whose methods do what the tests need, and a client made of the engine alone.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use kitex_codec::{Bytes, Descriptor, Form, Limits};
use kitex_core::*;
use kitex_transport::{Bound, Memory, ServerHandle, ServerSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

macro_rules! method {
    ($index:expr, $name:expr, $oneway:expr) => {
        MethodDescriptor {
            service: "Test",
            name: $name,
            index: $index,
            oneway: $oneway,
            idempotent: false,
            streaming: Streaming::None,
            exceptions: &[],
            annotations: &[],
        }
    };
}

pub(crate) static METHODS: [MethodDescriptor; 7] = [
    method!(0, "Echo", false),
    method!(1, "Wait", false),
    method!(2, "Panic", false),
    method!(3, "Burn", false),
    method!(4, "Tell", true),
    method!(5, "Where", false),
    method!(6, "Block", false),
];

pub(crate) static SERVICE: ServiceDescriptor =
    ServiceDescriptor { name: "Test", methods: &METHODS, idl: &Descriptor::new("Test", &[], &[]) };

/// `Echo` answers at once, `Wait` and `Tell` when they are let go, `Panic` never, `Burn` after keeping its thread,
/// `Where` with the task it runs in after it had to wait, `Block` keeps its thread until it is let go.
#[derive(Clone, Default)]
pub(crate) struct Service(pub(crate) Arc<State>);

pub(crate) struct State {
    pub(crate) gate: Semaphore,
    pub(crate) open: (Mutex<bool>, Condvar),
    pub(crate) begun: AtomicU32,
    pub(crate) ended: AtomicU32,
    pub(crate) dropped: AtomicU32,
    pub(crate) changed: Notify,
}

impl Default for State {
    fn default() -> Self {
        let (open, begun, ended, dropped) = Default::default();
        Self { gate: Semaphore::new(0), open, begun, ended, dropped, changed: Notify::new() }
    }
}

impl State {
    /// Waits until a counter has reached a value.
    pub(crate) async fn reached(&self, counter: &AtomicU32, value: u32) {
        loop {
            let changed = self.changed.notified();
            if counter.load(Ordering::SeqCst) >= value {
                return;
            }
            changed.await;
        }
    }

    /// Lets go what keeps its thread.
    pub(crate) fn unblock(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }

    fn block(&self) {
        let open = self.open.0.lock().unwrap();
        drop(self.open.1.wait_while(open, |open| !*open).unwrap());
    }

    fn count(&self, counter: &AtomicU32) {
        counter.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
    }
}

/// Counts a handler that is dropped before its end.
struct Running(Arc<State>, bool);

impl Drop for Running {
    fn drop(&mut self) {
        let counter = if self.1 { &self.0.ended } else { &self.0.dropped };
        self.0.count(counter);
    }
}

impl NamedService for Service {
    const SERVICE: &'static ServiceDescriptor = &SERVICE;
}

impl tower_service::Service<Request> for Service {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let state = Arc::clone(&self.0);
        Box::pin(async move {
            match request.method.name() {
                "Panic" => panic!("as asked"),
                "Burn" => {
                    let begin = std::time::Instant::now();
                    while begin.elapsed() < Duration::from_millis(5) {}
                }
                "Wait" | "Tell" => {
                    state.count(&state.begun);
                    let mut running = Running(Arc::clone(&state), false);
                    state.gate.acquire().await.unwrap().forget();
                    running.1 = true;
                }
                "Where" => {
                    tokio::task::yield_now().await;
                    let task = tokio::task::try_id().map(|id| id.to_string()).unwrap_or_default();
                    let payload = Payload::new(Protocol::Binary, Bytes::from(echoed(task.as_bytes())));
                    return Ok(Response::new(Status::Ok, payload));
                }
                "Block" => {
                    state.count(&state.begun);
                    state.block();
                }
                _ => {}
            }
            Ok(Response { body: request.body, ..Response::empty(Status::Ok) })
        })
    }
}

/// A server of one [`Service`].
pub(crate) struct Server {
    pub(crate) memory: Memory,
    pub(crate) state: Arc<State>,
    pub(crate) handle: ServerHandle,
    pub(crate) serving: JoinHandle<()>,
}

pub(crate) async fn serve(settings: ServerSettings) -> Server {
    serve_with(settings, |_| {}).await
}

pub(crate) async fn serve_with(settings: ServerSettings, edit: impl FnOnce(&mut Router)) -> Server {
    let service = Service::default();
    let state = Arc::clone(&service.0);
    let mut router = Router::new();
    router.add(service);
    edit(&mut router);
    let memory = Memory::new();
    let bound = Bound::bind((&memory).into(), router, settings).await.unwrap();
    let handle = bound.handle();
    let serving = tokio::spawn(async move { bound.serve().await.unwrap() });
    Server { memory, state, handle, serving }
}

/// A client's end of a connection, moved by hand.
pub(crate) struct Client {
    pub(crate) stream: DuplexStream,
    pub(crate) engine: ClientConnection<u32>,
    input: BytesMut,
}

pub(crate) type Got = (u32, Result<Bytes, Error>);

impl Client {
    pub(crate) fn new(server: &Server, form: Form, multiplexed: bool) -> Self {
        static LIMITS: LazyLock<Arc<Limits>> = LazyLock::new(Arc::default);
        let mut config = ClientConfig::default();
        (config.form, config.multiplexed) = (form, multiplexed);
        let info = ConnectionInfo::new(Peer::Memory, Arc::clone(&LIMITS));
        let engine = ClientConnection::new(Arc::new(config), info);
        Self { stream: server.memory.connect().unwrap(), engine, input: BytesMut::new() }
    }

    /// The bytes of a call of a method with one binary argument.
    pub(crate) fn request(&mut self, method: usize, argument: &[u8], token: u32) -> Vec<u8> {
        self.request_within(method, argument, token, None)
    }

    pub(crate) fn request_within(
        &mut self,
        method: usize,
        argument: &[u8],
        token: u32,
        within: Option<u64>,
    ) -> Vec<u8> {
        let args = [&[0x0b, 0, 1][..], &(argument.len() as u32).to_be_bytes(), argument, &[0]].concat();
        let payload = Payload::new(Protocol::Binary, Bytes::from(args));
        let mut request = Request::new(&METHODS[method], payload);
        let now = tokio::time::Instant::now().into_std();
        request.context.deadline = within.map(|millis| Deadline::after(now, Duration::from_millis(millis)));
        self.engine.call(now, &request, token).map_err(|refusal| refusal.error).unwrap();
        let bytes = self.engine.output().take_segments().into_bytes();
        bytes.to_vec()
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn call(&mut self, method: usize, argument: &[u8], token: u32) {
        let bytes = self.request(method, argument, token);
        self.send(&bytes).await;
    }

    /// The next answer; `None` at the end of the connection.
    pub(crate) async fn answer(&mut self) -> Option<Got> {
        loop {
            if let Some(Answer { token, result }) = self.engine.handle_input(&mut self.input).unwrap() {
                let result = result.map(|response| response.body.message().unwrap().clone().into_bytes());
                return Some((token, result));
            }
            if self.stream.read_buf(&mut self.input).await.unwrap() == 0 {
                assert!(self.input.is_empty(), "half an answer");
                return None;
            }
        }
    }
}

/// The result that a method has with an argument.
pub(crate) fn echoed(argument: &[u8]) -> Vec<u8> {
    [&[0x0b, 0, 1][..], &(argument.len() as u32).to_be_bytes(), argument, &[0]].concat()
}
