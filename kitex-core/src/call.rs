//! Calls as generated clients make them.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use kitex_codec::{ApplicationException, Limits, Message, Str};
use tower_service::Service;

use crate::{
    Body, BoxCall, BoxError, BusinessStatus, Context, Error, ErrorKind, Metadata, Method, MethodDescriptor,
    Payload, Peer, Protocol, Request, Response, Scope, ServiceDescriptor, SharedService, Stage, Status,
    catch_panic,
};

/// The struct that a method's calls end with. Generated.
pub trait MethodResult: Message {
    /// What the method returns.
    type Success;
    /// What the method declares to throw.
    type Exception;

    /// The result of an outcome.
    fn from_outcome(outcome: Result<Self::Success, Self::Exception>) -> Self;

    /// The outcome of a result; `None` if it holds nothing.
    fn into_outcome(self) -> Option<Result<Self::Success, Self::Exception>>;
}

/// A client that can be made from a handle. Implemented by generated clients.
pub trait GeneratedClient: Sized {
    /// The IDL's description of the service.
    const SERVICE: &'static ServiceDescriptor;

    /// The client over `handle`.
    fn from_handle(handle: ClientHandle) -> Self;
}

/// The exception of a method that declares none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoException {}

impl fmt::Display for NoException {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for NoException {}

/// How a call ended without a value; for handlers, how to end one.
#[derive(Debug)]
pub enum CallError<E = NoException> {
    /// An exception that the method declares.
    Exception(E),
    /// A business status.
    Status(Box<BusinessStatus>),
    /// The call failed.
    Failed(Error),
}

impl<E> CallError<E> {
    /// What a handler returns when it fails; the caller gets the text as an application exception.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::Failed(Error::handler(message.to_string()))
    }

    /// The error, if the call failed.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// The business status, if the call ended with one.
    pub fn status(&self) -> Option<&BusinessStatus> {
        match self {
            Self::Status(status) => Some(status),
            _ => None,
        }
    }

    /// The declared exception, if the call ended with one.
    pub fn exception(&self) -> Option<&E> {
        match self {
            Self::Exception(exception) => Some(exception),
            _ => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception(exception) => exception.fmt(f),
            Self::Status(status) => status.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for CallError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Exception(exception) => Some(exception),
            Self::Status(status) => Some(status),
            Self::Failed(error) => error.source(),
        }
    }
}

impl<E> From<Error> for CallError<E> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<E> From<BusinessStatus> for CallError<E> {
    fn from(status: BusinessStatus) -> Self {
        Self::Status(Box::new(status))
    }
}

/// What all calls of a client begin with.
#[derive(Debug, Clone, Default)]
pub struct CallDefaults {
    /// Bounds on arguments and results.
    pub limits: Limits,
    /// Metadata of every call.
    pub metadata: Metadata,
    /// What arguments are encoded in.
    pub protocol: Protocol,
    /// Who is at each place that calls go to, as far as it is known: an answer that cannot be read names it.
    pub peers: Vec<Peer>,
}

/// What a generated client holds: the service behind it. Cheap to clone.
///
/// A server is such a service too, so that a test calls it without a wire: `ClientHandle::new(server)`.
///
/// ```
/// use std::time::Duration;
///
/// use kitex_codec::Message;
/// use kitex_core::{CallError, ClientHandle, MethodDescriptor, MethodResult};
///
/// /// What the method of a generated client does, and what its caller may add.
/// async fn call<R: MethodResult>(
///     handle: &ClientHandle,
///     method: &'static MethodDescriptor,
///     arguments: &impl Message,
/// ) -> Result<R::Success, CallError<R::Exception>> {
///     let call = handle.call::<_, R>(method, arguments);
///     call.timeout(Duration::from_millis(50)).persistent("USER", "ada").await
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ClientHandle {
    service: SharedService,
    defaults: std::sync::Arc<CallDefaults>,
}

impl ClientHandle {
    /// A client of any service of requests.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self::with_defaults(SharedService::new(service), CallDefaults::default())
    }

    /// A client whose calls begin with `defaults`.
    pub fn with_defaults(service: SharedService, mut defaults: CallDefaults) -> Self {
        defaults.metadata.share();
        Self { service, defaults: std::sync::Arc::new(defaults) }
    }

    /// Prepares a call. Nothing is sent before it is awaited.
    pub fn call<A: Message, R>(&self, method: &'static MethodDescriptor, args: &A) -> Call<'_, R> {
        let CallDefaults { limits, protocol, .. } = &*self.defaults;
        let payload = match catch_panic(|| Payload::encode_in(*protocol, args, limits)) {
            Ok(payload) => payload.map_err(|error| Error::from(error).with_method(&Method::from(method))),
            Err(said) => Err(panicked(&Method::from(method), &said)),
        };
        let request = payload.map(|payload| {
            let mut request = Request::new(method, payload);
            if !self.defaults.metadata.is_empty() {
                request.context.metadata = self.defaults.metadata.clone();
            }
            request
        });
        Call { handle: self, request, result: PhantomData }
    }
}

/// A call that is not made yet: await it, after setting what it shall have of its own.
#[must_use = "a call is made when it is awaited"]
pub struct Call<'a, R> {
    handle: &'a ClientHandle,
    request: Result<Request, Error>,
    result: PhantomData<fn() -> R>,
}

impl<'a, R> Call<'a, R> {
    /// How long the call may take, in place of the client's timeout.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.edit(|context| context.timeout = Some(timeout))
    }

    /// Sends a pair to the callee, and no further.
    pub fn transient(self, key: impl Into<Str>, value: impl Into<Str>) -> Self {
        self.edit(|context| context.metadata.set(Scope::Transient, key, value))
    }

    /// Sends a pair to the callee and to all whom it calls for this call.
    pub fn persistent(self, key: impl Into<Str>, value: impl Into<Str>) -> Self {
        self.edit(|context| context.metadata.set(Scope::Persistent, key, value))
    }

    /// Makes the call on behalf of one that is being served: it inherits that one's deadline and persistent metadata.
    pub fn context(self, served: &Context) -> Self {
        self.edit(|context| {
            let own = std::mem::replace(context, served.inherited());
            context.metadata.merge(&own.metadata);
            context.timeout = own.timeout;
        })
    }

    /// Asks for the metadata of the answer too, whatever the answer is.
    pub fn reply(self) -> ReplyCall<'a, R> {
        ReplyCall(self)
    }

    fn edit(mut self, edit: impl FnOnce(&mut Context)) -> Self {
        if let Ok(request) = &mut self.request {
            edit(&mut request.context);
        }
        self
    }

    fn start(self) -> Started<'a> {
        let handle = self.handle;
        match self.request {
            Ok(request) => {
                let method = request.method.clone();
                let state = match catch_panic(|| handle.service.call_borrowed(request)) {
                    Ok(answer) => State::Called { answer: Guarded(Some(answer)), method },
                    Err(said) => State::Refused(Some(panicked(&method, &said))),
                };
                Started { handle, state }
            }
            Err(error) => Started { handle, state: State::Refused(Some(error)) },
        }
    }
}

impl<R> fmt::Debug for Call<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("request", &self.request).finish_non_exhaustive()
    }
}

impl<'a, R: MethodResult> IntoFuture for Call<'a, R> {
    type Output = Result<R::Success, CallError<R::Exception>>;
    type IntoFuture = CallFuture<'a, R>;

    fn into_future(self) -> Self::IntoFuture {
        CallFuture { started: self.start(), result: PhantomData }
    }
}

/// A call under way. Dropping it gives the call up.
#[must_use = "a call that is dropped is given up"]
pub struct CallFuture<'a, R> {
    started: Started<'a>,
    result: PhantomData<fn() -> R>,
}

impl<R: MethodResult> Future for CallFuture<'_, R> {
    type Output = Result<R::Success, CallError<R::Exception>>;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.started.poll::<R>(task).map(|reply| reply.result)
    }
}

impl<R> fmt::Debug for CallFuture<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallFuture")
    }
}

/// An answer with its metadata.
#[derive(Debug)]
pub struct Reply<T, E> {
    /// What the call ended with.
    pub result: Result<T, CallError<E>>,
    /// What came with it, under [`Scope::Backward`]; empty if nothing came from the callee.
    pub metadata: Metadata,
}

/// A [`Call`] whose answer comes with its metadata.
#[must_use = "a call is made when it is awaited"]
#[derive(Debug)]
pub struct ReplyCall<'a, R>(Call<'a, R>);

impl<'a, R: MethodResult + 'a> IntoFuture for ReplyCall<'a, R> {
    type Output = Reply<R::Success, R::Exception>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let mut started = self.0.start();
        Box::pin(std::future::poll_fn(move |task| started.poll::<R>(task)))
    }
}

struct Started<'a> {
    handle: &'a ClientHandle,
    state: State<'a>,
}

enum State<'a> {
    Called { answer: Guarded<'a>, method: Method },
    Refused(Option<Error>),
}

/// The future of an answer. What panics while it is dropped has been reported by the panic hook, and is no matter of
/// whoever gives the call up.
struct Guarded<'a>(Option<BoxCall<'a>>);

impl Drop for Guarded<'_> {
    fn drop(&mut self) {
        let answer = self.0.take();
        let _ = catch_panic(|| drop(answer));
    }
}

impl Started<'_> {
    fn poll<R: MethodResult>(&mut self, task: &mut TaskContext<'_>) -> Poll<ReplyOf<R>> {
        match &mut self.state {
            State::Called { answer, method } => {
                let Some(future) = &mut answer.0 else { return Poll::Pending };
                let defaults = &self.handle.defaults;
                let polled = catch_panic(|| {
                    future.as_mut().poll(task).map(|result| match result {
                        Ok(response) => open::<R>(response, method, defaults),
                        Err(error) => failed(error.with_method(method)),
                    })
                });
                polled.unwrap_or_else(|said| {
                    *answer = Guarded(None);
                    Poll::Ready(failed(panicked(method, &said)))
                })
            }
            State::Refused(error) => {
                let error = error.take().unwrap_or_else(|| Error::handler("the call has ended"));
                Poll::Ready(failed(error))
            }
        }
    }
}

type ReplyOf<R> = Reply<<R as MethodResult>::Success, <R as MethodResult>::Exception>;

fn open<R: MethodResult>(response: Response, method: &Method, defaults: &CallDefaults) -> ReplyOf<R> {
    let Response { status, metadata, body, .. } = response;
    let result = match status {
        Status::Business(status) => Err(CallError::Status(status)),
        _ => value::<R>(&body, method, &defaults.limits),
    };
    let result = result.map_err(|error| match error {
        CallError::Failed(error) => CallError::Failed(unreadable(error, &body, &defaults.peers)),
        other => other,
    });
    Reply { result, metadata }
}

/// An answer that gives no value: who gave it, and over what, if that may be why.
#[cold]
fn unreadable(error: Error, body: &Body, peers: &[Peer]) -> Error {
    let Some((place, bare)) = body.message().and_then(Payload::sent) else { return error };
    let error = match peers.get(place) {
        Some(peer) => error.with_peer(peer),
        None => error,
    };
    match error.kind() {
        ErrorKind::MissingResult if bare => error.with_hint(NO_HEADER),
        _ => error,
    }
}

/// Without a header a business status is an empty result, from Kitex as from this project (spec: kitex-wire 9.1).
const NO_HEADER: &str = "; it came without a TTHeader, over which alone a business status is sent: if the handler answered \
     with one, choose a framing with a TTHeader";

/// What the result struct of a response holds.
fn value<R: MethodResult>(
    body: &Body,
    method: &Method,
    limits: &Limits,
) -> Result<R::Success, CallError<R::Exception>> {
    let Some(payload) = body.message() else {
        let error = Error::new(ErrorKind::Protocol, Stage::Decode, "a stream came for a message");
        return Err(CallError::Failed(error.with_method(method)));
    };
    let result = payload.decode::<R>(limits).map_err(|error| Error::from(error).with_method(method))?;
    match result.into_outcome() {
        Some(Ok(value)) => Ok(value),
        Some(Err(exception)) => Err(CallError::Exception(exception)),
        None => Err(CallError::Failed(missing(method))),
    }
}

#[cold]
fn failed<T, E>(error: Error) -> Reply<T, E> {
    let metadata = error.metadata().clone();
    Reply { result: Err(CallError::Failed(error)), metadata }
}

/// What a client's own code has panicked with, from encoding the arguments to decoding the result, ends that call.
#[cold]
fn panicked(method: &Method, said: &str) -> Error {
    let text = format!("a layer or a message of this client panicked: {said}");
    Error::new(ErrorKind::Panic, Stage::Layer, text).with_method(method)
}

#[cold]
fn missing(method: &Method) -> Error {
    Error::new(ErrorKind::MissingResult, Stage::Decode, "the reply holds neither a value nor an exception")
        .with_code(ApplicationException::MISSING_RESULT)
        .with_method(method)
}
