//! What layers have in common that let a call pass or not, and hold something until it has ended.

mod answer;
mod future;
mod stream;

use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use tower_service::Service;

use kitex_core::{BoxError, BoxFuture, CallRef, CallResult, Error, Request, Response, boxed_call};

pub use answer::AnswerFuture;
pub use future::LayerFuture;

/// A layer that looks at each request before it is passed on, and holds something until the call has ended.
pub trait Guard: Clone + Send + Sync + 'static {
    /// What is held.
    type Held: Held;

    /// Lets a call pass, or refuses it. Where nothing is to be held, the answer is passed on as it comes.
    fn admit(&self, request: &mut Request) -> Result<Option<Self::Held>, Error>;
}

/// What is held for a call. It is dropped when the call is over, be it that nobody waits for it any more.
pub trait Held: Send + Unpin + 'static {
    /// Whether it catches panics, so that what is beneath has to end before the call has.
    const CATCHES: bool = false;

    /// The call has an answer, which may be changed. True if an answer that is a stream is followed to its end.
    fn answered(&mut self, result: &mut CallResult) -> bool;

    /// The stream that is the answer has ended, by an error or without; gives what it ends with.
    fn stream_ended(&mut self, error: Option<Error>) -> Option<Error> {
        error
    }

    /// Runs what is beneath: a call or a poll. An error ends the call instead.
    #[inline(always)]
    fn run<T>(&mut self, run: impl FnOnce() -> T) -> Result<T, Error> {
        Ok(run())
    }

    /// Drops what is beneath, be it that it has ended or that nobody waits for it.
    #[inline(always)]
    fn discard(&mut self, drop: impl FnOnce()) {
        drop();
    }
}

/// For layers that hold nothing.
#[derive(Debug)]
pub enum Nothing {}

impl Held for Nothing {
    fn answered(&mut self, _: &mut CallResult) -> bool {
        match *self {}
    }
}

/// The service of a layer that lets calls pass or not, or looks at how they end. Its future is that of the service
/// beneath and what the layer holds for the call, in no box of its own.
#[derive(Clone)]
pub struct LayerService<S, L> {
    inner: S,
    layer: L,
}

impl<S, L> LayerService<S, L> {
    pub(crate) fn new(inner: S, layer: L) -> Self {
        Self { inner, layer }
    }
}

impl<S, L: fmt::Debug> fmt::Debug for LayerService<S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerService").field("layer", &self.layer).finish_non_exhaustive()
    }
}

impl<S, L> Service<Request> for LayerService<S, L>
where
    S: Service<Request, Response = Response>,
    S::Error: Into<BoxError>,
    L: Guard,
{
    type Response = Response;
    type Error = Error;
    type Future = LayerFuture<Option<AnswerFuture<S::Future>>, L::Held>;

    #[inline]
    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(task).map_err(into_error)
    }

    #[inline(always)]
    fn call(&mut self, mut request: Request) -> Self::Future {
        let held = self.layer.admit(&mut request);
        LayerFuture::called(held, || AnswerFuture::new(self.inner.call(request)))
    }
}

impl<S: CallRef, L: Guard> CallRef for LayerService<S, L> {
    type Call = LayerFuture<S::Call, L::Held>;

    #[inline(always)]
    fn begin(&self, request: &mut Request, call: Pin<&mut Self::Call>) {
        call.begin(self.layer.admit(request), |call| self.inner.begin(request, call));
    }

    fn call_boxed(&self, mut request: Request) -> BoxFuture<CallResult> {
        match self.layer.admit(&mut request) {
            Ok(None) => self.inner.call_boxed(request),
            Ok(held) => boxed_call(|call: Pin<&mut Self::Call>| {
                call.begin(Ok(held), |call| self.inner.begin(&mut request, call));
            }),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

/// A layer that may be left out.
impl<L: Guard> Guard for Option<L> {
    type Held = L::Held;

    #[inline]
    fn admit(&self, request: &mut Request) -> Result<Option<L::Held>, Error> {
        match self {
            Some(layer) => layer.admit(request),
            None => Ok(None),
        }
    }
}

/// Tells what is held of the answer, and lets go of it unless that is a stream.
pub(crate) fn settle<H: Held>(mut held: H, result: &mut CallResult) {
    if held.answered(result)
        && let Ok(response) = result
    {
        stream::follow(response, held);
    }
}

pub(crate) fn into_error<E: Into<BoxError>>(error: E) -> Error {
    Error::from_box(error.into())
}

/// Makes a [`Guard`] a layer, over any service.
macro_rules! guard_layer {
    ($layer:ty) => {
        impl<S> tower_layer::Layer<S> for $layer {
            type Service = $crate::guard::LayerService<S, $layer>;

            fn layer(&self, inner: S) -> Self::Service {
                $crate::guard::LayerService::new(inner, self.clone())
            }
        }
    };
}

pub(crate) use guard_layer;
