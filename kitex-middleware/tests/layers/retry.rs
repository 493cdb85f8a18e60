//! Retries and backup requests, by a mock service and paused time.

mod configured;
mod failure;
mod hedge;
mod panics;
mod simulation;
mod time;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::mock::OnShared;
use kitex_core::{
    CallResult, Context, Error, ErrorKind, Method, MethodDescriptor, Payload, Protocol, Registry, Request,
    Response, SharedService, Stage, Status, Tried,
};
use kitex_middleware::{RetryConfig, RetryLayer, RetryPolicy};

use crate::mock::{ECHO, Mock};

const MS: Duration = Duration::from_millis(1);

/// A method whose calls may be made twice.
static FIND: MethodDescriptor = MethodDescriptor {
    service: "EchoSvc",
    name: "Find",
    index: 1,
    oneway: false,
    idempotent: true,
    streaming: ECHO.streaming,
    exceptions: &[1],
    annotations: &[],
};

/// What an attempt looked like where it arrived.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    /// The address of the message's bytes.
    bytes: usize,
    retry: Option<String>,
    at: Instant,
    began: Option<Instant>,
    left: Option<Duration>,
    tried: Option<Vec<usize>>,
}

type SeenAll = Arc<Mutex<Vec<Seen>>>;

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn see(request: &Request) -> Seen {
    let context = &request.context;
    let payload = request.body.message().map(|payload| payload.clone().into_bytes());
    Seen {
        bytes: payload.map_or(0, |bytes| bytes.as_ptr().addr()),
        retry: context.persistent("RetryReq").map(str::to_owned),
        at: now(),
        began: context.began,
        left: context.deadline.map(|deadline| deadline.remaining(now())),
        tried: context.extension::<Tried>().map(Tried::places),
    }
}

/// A service that answers the first attempt with `answer(0)`, the second with `answer(1)`, and so on.
fn backend<A>(answer: impl Fn(usize) -> A + Send + Sync + 'static) -> (Mock, SeenAll)
where
    A: Future<Output = CallResult> + Send + 'static,
{
    let seen = SeenAll::default();
    let noted = Arc::clone(&seen);
    let mock = Mock::new(move |request| {
        let mut noted = noted.lock().unwrap();
        noted.push(see(&request));
        answer(noted.len() - 1)
    });
    (mock, seen)
}

/// One that answers at once.
fn at_once(answer: impl Fn(usize) -> CallResult + Send + Sync + 'static) -> (Mock, SeenAll) {
    backend(move |at| std::future::ready(answer(at)))
}

fn ok() -> CallResult {
    Ok(Response::empty(Status::Ok))
}

/// A failure of a request that never left.
fn refused() -> CallResult {
    Err(Error::new(ErrorKind::Connect, Stage::Dial, "refused").with_setting("connect_timeout"))
}

/// A failure of one that may have been served.
fn closed() -> CallResult {
    Err(Error::new(ErrorKind::Closed, Stage::Read, "the connection ended"))
}

fn layered(config: RetryConfig, service: Mock) -> SharedService {
    RetryLayer::new(config).unwrap().layer(service)
}

fn request_of(method: &'static MethodDescriptor, context: Context) -> Request {
    let payload = Payload::new(Protocol::Binary, kitex_codec::Bytes::from(vec![0; 64]));
    let mut request = Request::new(Method::from(method), payload);
    request.context = context;
    request
}

fn within(left: Duration) -> Context {
    let mut context = Context::new();
    context.deadline = Some(kitex_core::Deadline::after(now(), left));
    context
}

/// Makes a call with a policy: the result, and the attempts that arrived.
async fn tried(
    policy: RetryPolicy,
    method: &'static MethodDescriptor,
    context: Context,
    answer: impl Fn(usize) -> CallResult + Send + Sync + 'static,
) -> (CallResult, Vec<Seen>) {
    let (mock, seen) = at_once(answer);
    let result = layered(RetryConfig::new(policy), mock).call(request_of(method, context)).await;
    let seen = seen.lock().unwrap().clone();
    (result, seen)
}

/// The state of the only layer in a registry, for one method.
fn shown(registry: &Registry, method: &str) -> serde_json::Value {
    registry.states()[0].inspect()["methods"][method].clone()
}
