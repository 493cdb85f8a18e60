//! Layers as async functions.

use std::fmt;
use std::future::Future;
use std::task::{Context as TaskContext, Poll};

use tower_layer::Layer;
use tower_service::Service;

use kitex_core::{BoxError, BoxFuture, Error, Request, Response, SharedService};

/// A layer that is an async function of the request and of what comes next.
///
/// ```
/// use kitex_core::{Error, ErrorKind, Request, Response, Stage};
/// use kitex_middleware::{Next, from_fn};
///
/// async fn need_token(request: Request, next: Next) -> Result<Response, Error> {
///     if request.context.transient("TOKEN").is_none() {
///         return Err(Error::application(401, "the call has no TOKEN"));
///     }
///     next.run(request).await
/// }
///
/// let layer = from_fn(need_token);
/// ```
///
/// The function may call [`Next::run`] not at all, once, or, with [`Request::try_clone`], again.
pub fn from_fn<F, A, E>(function: F) -> FromFnLayer<F>
where
    F: Fn(Request, Next) -> A + Clone,
    A: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
{
    FromFnLayer { function }
}

/// The layer of [`from_fn`].
#[derive(Clone)]
pub struct FromFnLayer<F> {
    function: F,
}

impl<F> fmt::Debug for FromFnLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FromFnLayer({})", std::any::type_name::<F>())
    }
}

impl<F, S> Layer<S> for FromFnLayer<F>
where
    F: Clone,
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Service = FromFn<F>;

    fn layer(&self, inner: S) -> FromFn<F> {
        FromFn { function: self.function.clone(), next: Next(SharedService::new(inner)) }
    }
}

/// The service of [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F> {
    function: F,
    next: Next,
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FromFn({})", std::any::type_name::<F>())
    }
}

impl<F, A, E> Service<Request> for FromFn<F>
where
    F: Fn(Request, Next) -> A,
    A: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
{
    type Response = Response;
    type Error = E;
    type Future = A;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> A {
        (self.function)(request, self.next.clone())
    }
}

/// What comes after a layer: further layers, and at the end the handler or the wire.
#[derive(Debug, Clone)]
pub struct Next(SharedService);

impl Next {
    /// Passes a request on.
    pub fn run(&self, request: Request) -> BoxFuture<Result<Response, Error>> {
        self.0.call(request)
    }
}
