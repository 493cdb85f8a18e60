//! What layers have in common that let a call pass or not, and hold something until it has ended.

mod answer;
mod future;
mod hold;
mod inner;
mod stream;

use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use tower_service::Service;

use kitex_core::{
    Beneath, BoxCall, BoxError, CallRef, CallResult, Error, Layered, Request, Response, StackRef, Within,
    boxed_call, refused_call,
};

pub use answer::AnswerFuture;
pub use future::{LayerCall, LayerFuture};
pub(crate) use hold::settle;
pub(crate) use inner::{AsFuture, ByRef, Inner};

/// A layer that looks at each request before it is passed on, and holds something until the call has ended.
///
/// What it holds refers to nothing of the layer: that is there whenever the call goes on, and once when it is over.
pub trait Guard: Clone + Send + Sync + Unpin + 'static {
    /// What is held.
    type Held: Send + Unpin + 'static;

    /// Whether it catches panics, so that what is beneath has to end before the call has.
    const CATCHES: bool = false;

    /// Whether requests pass as they are, but for the time at which they began.
    const PASSES: bool = false;

    /// Whether something is held for calls at present, so that a place for it is made before they are let pass.
    #[inline]
    fn holds(&self) -> bool {
        true
    }

    /// Lets a call pass, or refuses it. Where nothing is `held` then, which there is not before, the answer is passed on as
    /// it comes. What is held is written where it stays, by `get_or_insert_with` if it has a drop: moved as a whole, what was
    /// just written in pieces is loaded again before the stores are through (a store-to-load forwarding stall).
    fn admit(&self, request: &mut Request, held: &mut Option<Self::Held>) -> Result<(), Error>;

    /// The call has an answer, which may be changed. True if an answer that is a stream is followed to its end.
    #[inline(always)]
    fn answered(&self, held: &mut Self::Held, result: &mut CallResult) -> bool {
        let _ = (held, result);
        true
    }

    /// The stream that is the answer has ended, by an error or without; gives what it ends with.
    fn stream_ended(&self, held: &mut Self::Held, error: Option<Error>) -> Option<Error> {
        let _ = held;
        error
    }

    /// The call is over: once for each that has passed. It `has_ended` if its answer was told, or the end of that; else
    /// nobody waits for it any more.
    #[inline(always)]
    fn over(&self, held: &mut Self::Held, has_ended: bool) {
        let _ = (held, has_ended);
    }

    /// What is beneath is called or polled next, on this thread.
    #[inline(always)]
    fn enter(&self, held: &mut Self::Held) {
        let _ = held;
    }

    /// What is beneath was called or polled: once for each [`enter`](Self::enter) that came back itself. It `came_back`, or
    /// it panicked.
    #[inline(always)]
    fn leave(&self, held: &mut Self::Held, came_back: bool) {
        let _ = (held, came_back);
    }

    /// Runs what is beneath, for a layer that catches panics: a call or a poll. An error ends the call instead.
    #[inline(always)]
    fn catch<T>(&self, held: &Self::Held, run: impl FnOnce() -> T) -> Result<T, Error> {
        let _ = held;
        Ok(run())
    }

    /// Drops what is beneath, for a layer that catches panics, be it that it has ended or that nobody waits for it.
    #[inline(always)]
    fn discard(&self, drop: impl FnOnce()) {
        drop();
    }
}

/// For layers that hold nothing.
#[derive(Debug)]
pub enum Nothing {}

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
    type Future = LayerFuture<AnswerFuture<S::Future>, L>;

    #[inline]
    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(task).map_err(into_error)
    }

    #[inline(always)]
    fn call(&mut self, request: Request) -> Self::Future {
        LayerFuture::called(&self.layer, request, |request| AnswerFuture::new(self.inner.call(request)))
    }
}

impl<S: CallRef, L> Layered for LayerService<S, L> {
    type Inner = S;

    #[inline(always)]
    fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: CallRef, L: Guard> CallRef for LayerService<S, L> {
    type Call = LayerCall<S::Call, L::Held>;

    #[inline(always)]
    fn begin(&self, request: &mut Request, call: Pin<&mut Self::Call>) -> Result<(), Error> {
        call.begin(self, request)
    }

    #[inline(always)]
    fn poll_call(
        &self,
        call: Pin<&mut Self::Call>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    ) {
        call.poll(self, task, result);
    }

    #[inline(always)]
    fn clear(&self, call: Pin<&mut Self::Call>) {
        call.clear(self);
    }

    fn returns_requests(&self) -> bool {
        L::PASSES && self.inner.returns_requests()
    }

    #[inline]
    fn call_within<'a, W, R>(whole: &R, mut request: Request) -> BoxCall<'a>
    where
        W: Within<Service = Self>,
        R: StackRef<W::Whole> + 'a,
    {
        let layer = &W::find(whole).layer;
        if layer.holds() {
            return boxed_call::<W, R>(whole, |service, call| service.begin(&mut request, call));
        }
        let mut held = None;
        match layer.admit(&mut request, &mut held) {
            Ok(()) if held.is_none() => S::call_within::<Beneath<W>, R>(whole, request),
            Ok(()) => boxed_call::<W, R>(whole, |service, call| call.resume(service, held, &mut request)),
            Err(error) => refused_call(error),
        }
    }
}

/// A layer that may be left out.
impl<L: Guard> Guard for Option<L> {
    type Held = L::Held;

    const CATCHES: bool = L::CATCHES;

    const PASSES: bool = L::PASSES;

    #[inline]
    fn holds(&self) -> bool {
        self.as_ref().is_some_and(L::holds)
    }

    #[inline]
    fn admit(&self, request: &mut Request, held: &mut Option<L::Held>) -> Result<(), Error> {
        self.as_ref().map_or(Ok(()), |layer| layer.admit(request, held))
    }

    #[inline]
    fn answered(&self, held: &mut L::Held, result: &mut CallResult) -> bool {
        self.as_ref().is_some_and(|layer| layer.answered(held, result))
    }

    fn stream_ended(&self, held: &mut L::Held, error: Option<Error>) -> Option<Error> {
        match self {
            Some(layer) => layer.stream_ended(held, error),
            None => error,
        }
    }

    #[inline]
    fn over(&self, held: &mut L::Held, has_ended: bool) {
        if let Some(layer) = self {
            layer.over(held, has_ended);
        }
    }

    #[inline(always)]
    fn enter(&self, held: &mut L::Held) {
        if let Some(layer) = self {
            layer.enter(held);
        }
    }

    #[inline(always)]
    fn leave(&self, held: &mut L::Held, came_back: bool) {
        if let Some(layer) = self {
            layer.leave(held, came_back);
        }
    }

    #[inline]
    fn catch<T>(&self, held: &L::Held, run: impl FnOnce() -> T) -> Result<T, Error> {
        match self {
            Some(layer) => layer.catch(held, run),
            None => Ok(run()),
        }
    }

    #[inline]
    fn discard(&self, drop: impl FnOnce()) {
        match self {
            Some(layer) => layer.discard(drop),
            None => drop(),
        }
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
