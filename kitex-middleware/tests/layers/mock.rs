//! A service that answers as a test tells it to.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use kitex_core::{
    BoxError, BoxFuture, Context, Error, Method, MethodDescriptor, Payload, Protocol, Request, Response,
    SharedService, Streaming,
};
use tower_layer::Layer;
use tower_service::Service;

/// The method that is called.
pub(crate) static ECHO: MethodDescriptor = MethodDescriptor {
    service: "EchoSvc",
    name: "Echo",
    index: 0,
    oneway: false,
    idempotent: false,
    streaming: Streaming::None,
    exceptions: &[1],
    annotations: &[],
};

/// An async function as a service.
#[derive(Clone)]
pub(crate) struct Mock(Arc<Function>);

type Function = dyn Fn(Request) -> BoxFuture<Result<Response, Error>> + Send + Sync;

impl Mock {
    pub(crate) fn new<A>(function: impl Fn(Request) -> A + Send + Sync + 'static) -> Self
    where
        A: Future<Output = Result<Response, Error>> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(function(request))))
    }
}

impl Service<Request> for Mock {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        (self.0)(request)
    }
}

/// A call of `EchoSvc/Echo` with nothing in it.
pub(crate) fn request(context: Context) -> Request {
    let payload = Payload::new(Protocol::Binary, kitex_codec::Bytes::from_static(&[0]));
    let mut request = Request::new(Method::from(&ECHO), payload);
    request.context = context;
    request
}

/// Makes a call.
pub(crate) async fn call<S>(service: &mut S, context: Context) -> Result<Response, S::Error>
where
    S: Service<Request, Response = Response>,
{
    std::future::poll_fn(|task| service.poll_ready(task)).await?;
    service.call(request(context)).await
}

/// An answer that never comes.
pub(crate) async fn never() -> Result<Response, Error> {
    let never: Infallible = std::future::pending().await;
    match never {}
}

/// Puts a layer on a service, and takes the type off: for tests that call it by reference.
pub(crate) trait OnShared {
    fn layer<S>(&self, inner: S) -> SharedService
    where
        Self: Layer<S>,
        Self::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <Self::Service as Service<Request>>::Error: Into<BoxError>,
        <Self::Service as Service<Request>>::Future: Send + 'static,
    {
        SharedService::new(Layer::layer(self, inner))
    }
}

impl<L> OnShared for L {}
