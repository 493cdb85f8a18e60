//! Services as trait objects: what a router holds, and what a stub calls.

mod in_place;

use std::any::Any;
use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use tower_service::Service;

use crate::{BoxError, Error, Request, Response, ServiceDescriptor};

pub use in_place::{
    Beneath, BoxCall, CallRef, Layered, Outermost, StackRef, Within, boxed_call, poll_future, polled,
    refused_call,
};

/// A boxed future that can be sent between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A service that says what its IDL calls it. Implemented by generated servers.
pub trait NamedService {
    /// The IDL's description of the service.
    const SERVICE: &'static ServiceDescriptor;
}

/// A service without its type. Cheap to clone.
///
/// Each call clones the service behind it, waits until the clone is ready, and calls it, as tower asks for.
#[derive(Clone)]
pub struct SharedService(Arc<dyn CallOnce>);

impl SharedService {
    /// Takes the type off a service. One without its type stays the same.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        let any: &dyn Any = &service;
        match any.downcast_ref::<Self>() {
            Some(shared) => shared.clone(),
            None => Self(Arc::new(Typed { service, returns_requests: false })),
        }
    }

    /// Takes the type off a service that gives requests back: see [`returns_requests`](Self::returns_requests).
    pub fn returning<S>(service: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self(Arc::new(Typed { service, returns_requests: true }))
    }

    /// A service that is called by reference and always ready: nothing is cloned for a call.
    pub fn from_fn<F>(call: F) -> Self
    where
        F: Fn(Request) -> BoxFuture<Result<Response, Error>> + Send + Sync + 'static,
    {
        Self(Arc::new(Function(call)))
    }

    /// Takes the type off a service that is called by reference. One without its type stays the same.
    pub fn by_ref<S: CallRef>(service: S) -> Self {
        let any: &dyn Any = &service;
        match any.downcast_ref::<Self>() {
            Some(shared) => shared.clone(),
            None => Self(Arc::new(ByRef(Arc::new(service)))),
        }
    }

    /// Whether a request that is [asked back](crate::Context::ask_back) comes with each error after which the call can be
    /// made again without being served twice, as it was when the service was called.
    pub fn returns_requests(&self) -> bool {
        self.0.returns_requests()
    }

    /// Calls the service.
    pub fn call(&self, request: Request) -> BoxFuture<Result<Response, Error>> {
        self.0.call_once(request)
    }

    /// Calls the service for whoever keeps it until the call has ended: a stack of layers needs no count for it. A shared
    /// service further down in the stack, such as one that a layer of tower's is put on, is counted as ever.
    pub fn call_borrowed(&self, request: Request) -> BoxCall<'_> {
        self.0.call_borrowed(request)
    }
}

impl std::fmt::Debug for SharedService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedService")
    }
}

impl Service<Request> for SharedService {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.0.call_once(request)
    }
}

trait CallOnce: Send + Sync {
    fn call_once(&self, request: Request) -> BoxFuture<Result<Response, Error>>;

    fn call_borrowed(&self, request: Request) -> BoxCall<'_> {
        self.call_once(request)
    }

    fn returns_requests(&self) -> bool {
        false
    }
}

struct Typed<S> {
    service: S,
    returns_requests: bool,
}

impl<S> CallOnce for Typed<S>
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn call_once(&self, request: Request) -> BoxFuture<Result<Response, Error>> {
        let mut service = self.service.clone();
        // Nearly every service is ready at once: then the box holds the answer's future and nothing else.
        match service.poll_ready(&mut TaskContext::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => boxed(service.call(request)),
            Poll::Ready(Err(error)) => Box::pin(ready(Err(into_error(error)))),
            Poll::Pending => Box::pin(async move {
                poll_fn(|task| service.poll_ready(task)).await.map_err(into_error)?;
                service.call(request).await.map_err(into_error)
            }),
        }
    }

    fn returns_requests(&self) -> bool {
        self.returns_requests
    }
}

/// The service by a count of its own, for its calls to hold.
struct ByRef<S>(Arc<S>);

impl<S: CallRef> CallOnce for ByRef<S> {
    fn call_once(&self, request: Request) -> BoxFuture<Result<Response, Error>> {
        S::call_within::<Outermost<S>, _>(&self.0, request)
    }

    fn call_borrowed(&self, request: Request) -> BoxCall<'_> {
        S::call_within::<Outermost<S>, &S>(&&*self.0, request)
    }

    fn returns_requests(&self) -> bool {
        self.0.returns_requests()
    }
}

struct Function<F>(F);

impl<F> CallOnce for Function<F>
where
    F: Fn(Request) -> BoxFuture<Result<Response, Error>> + Send + Sync,
{
    fn call_once(&self, request: Request) -> BoxFuture<Result<Response, Error>> {
        (self.0)(request)
    }
}

/// Boxes the future of an answer, unless it is in such a box already: that of a generated server is.
fn boxed<F, E>(answer: F) -> BoxFuture<Result<Response, Error>>
where
    F: Future<Output = Result<Response, E>> + Send + 'static,
    E: Into<BoxError>,
{
    let mut answer = Some(answer);
    let same: &mut dyn Any = &mut answer;
    if let Some(same) = same.downcast_mut::<Option<BoxFuture<Result<Response, Error>>>>()
        && let Some(same) = same.take()
    {
        return same;
    }
    Box::pin(async move {
        match answer {
            Some(answer) => answer.await.map_err(into_error),
            None => Err(Error::handler("the service gave no answer")),
        }
    })
}

fn into_error<E: Into<BoxError>>(error: E) -> Error {
    Error::from_box(error.into())
}
