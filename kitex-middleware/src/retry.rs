//! Calls that are made again.

mod attempts;
mod backoff;
mod budget;
mod config;
mod counter;
mod event;
mod hedge;
mod latency;
mod plan;
mod rules;
mod state;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use kitex_core::{
    Beneath as Under, BoxCall, BoxError, CallRef, CallResult, Error, Layered, Registry, Request, Response,
    SettingError, SharedService, StackRef, Tried, Within, boxed_call, polled,
};

pub use backoff::BackOff;
pub use budget::RetryBudget;
pub use config::{RetryConfig, RetryPolicy};
pub use event::{RetryEvent, RetryEventKind};
pub use hedge::{Hedge, HedgeDelay};
pub use rules::RetryRule;

use crate::clock::now;
use crate::guard::{AnswerFuture, AsFuture, ByRef, Inner, into_error};
use plan::{LetGo, Plan, Retry, plan};
use state::{MethodState, State};

#[doc = include_str!("retry/retry.md")]
#[derive(Debug, Clone)]
pub struct RetryLayer {
    state: Arc<State>,
}

impl RetryLayer {
    /// A layer with a budget of its own. Errors if a setting makes no sense.
    pub fn new(config: RetryConfig) -> Result<Self, SettingError> {
        Ok(Self { state: Arc::new(State::new(config, now())?) })
    }

    /// Lists the layer in `registry`, as `retry`: its budget, and by method what it has done and refused to do, and the
    /// `last_error` for which it had to.
    pub fn register(self, registry: &Registry) -> Self {
        registry.add(&self.state);
        self
    }
}

impl<S> Layer<S> for RetryLayer
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Service = RetryService<S>;

    fn layer(&self, inner: S) -> RetryService<S> {
        let any: &dyn Any = &inner;
        let returns = any.downcast_ref().is_some_and(SharedService::returns_requests);
        RetryService::new(inner, Some(self), returns)
    }
}

/// The service of [`RetryLayer`].
#[derive(Clone)]
pub struct RetryService<S> {
    /// What first attempts are made with.
    inner: S,
    /// `None` if the layer is left out.
    beneath: Option<Arc<Beneath>>,
    /// Whether `inner` gives requests back.
    returns: bool,
}

impl<S> RetryService<S>
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    /// `returns` is whether `inner` gives requests back.
    pub(crate) fn new(inner: S, layer: Option<&RetryLayer>, returns: bool) -> Self {
        let beneath = layer.map(|layer| {
            let again = SharedService::new(inner.clone());
            Arc::new(Beneath { state: Arc::clone(&layer.state), inner: again })
        });
        Self { inner, beneath, returns }
    }
}

impl<S> fmt::Debug for RetryService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.beneath.as_ref().map(|beneath| &beneath.state);
        f.debug_struct("RetryService").field("state", &state).finish_non_exhaustive()
    }
}

/// What a layer stands on.
struct Beneath {
    state: Arc<State>,
    /// What further attempts are made with, and first ones that a backup request may overtake.
    inner: SharedService,
}

impl<S> Service<Request> for RetryService<S>
where
    S: Service<Request, Response = Response>,
    S::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Error;
    type Future = RetryFuture<AnswerFuture<S::Future>>;

    #[inline]
    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(task).map_err(into_error)
    }

    #[inline(always)]
    fn call(&mut self, mut request: Request) -> Self::Future {
        // It lets go of its plan, be it that the service beneath panics.
        let mut this = RetryFuture { call: RetryCall::default(), beneath: self.beneath.clone() };
        plan(this.beneath.as_ref(), &mut request, self.returns, &mut this.call.retry);
        if !matches!(*this.call.retry, Retry::Further(_)) {
            this.call.first = Some(AnswerFuture::new(self.inner.call(request)));
        }
        this
    }
}

impl<S: CallRef> Layered for RetryService<S> {
    type Inner = S;

    #[inline(always)]
    fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: CallRef> CallRef for RetryService<S> {
    type Call = RetryCall<S::Call>;

    #[inline(always)]
    fn begin(&self, request: &mut Request, call: Pin<&mut Self::Call>) -> Result<(), Error> {
        let this = call.project();
        plan(self.beneath.as_ref(), request, self.returns, this.retry);
        match **this.retry {
            Retry::Further(_) => Ok(()),
            _ => self.inner.begin(request, this.first),
        }
    }

    #[inline(always)]
    fn poll_call(
        &self,
        call: Pin<&mut Self::Call>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    ) {
        call.poll(self.beneath.as_ref(), &ByRef(&self.inner), task, result);
    }

    #[inline(always)]
    fn clear(&self, call: Pin<&mut Self::Call>) {
        let this = call.project();
        let _even_if_it_panics = LetGo(this.retry);
        self.inner.clear(this.first);
    }

    fn call_within<'a, W, R>(whole: &R, mut request: Request) -> BoxCall<'a>
    where
        W: Within<Service = Self>,
        R: StackRef<W::Whole> + 'a,
    {
        let (service, mut retry) = (W::find(whole), Plan::default());
        plan(service.beneath.as_ref(), &mut request, service.returns, &mut retry);
        match retry.take() {
            Retry::Further(attempts) => attempts,
            Retry::Not => S::call_within::<Under<W>, R>(whole, request),
            retry => boxed_call::<W, R>(whole, |service, call| {
                let this = call.project();
                this.retry.set(retry);
                service.inner.begin(&mut request, this.first)
            }),
        }
    }
}

/// Leaves the places that are tried where the transport finds them.
fn remember(method: &MethodState, request: &mut Request) {
    if method.policy.avoid_tried && request.context.extension::<Tried>().is_none() {
        request.context.set_extension(Tried::default());
    }
}

/// Bounds the time of one attempt, if the policy does.
fn bound(method: &MethodState, request: &mut Request, began: impl FnOnce(&mut Request) -> Instant) {
    if let Some(timeout) = method.policy.attempt_timeout {
        let began = began(request);
        request.context.bound_attempt(began, timeout);
    }
}

pin_project! {
    /// A call that may be made again. While it has not failed it is its first attempt and a copy of the request.
    pub struct RetryCall<C> {
        #[pin]
        first: C,
        retry: Plan,
    }
}

pin_project! {
    /// The answer to a call that may be made again, of a service of tower's kind.
    #[must_use = "a call is made when it is awaited"]
    pub struct RetryFuture<F> {
        #[pin]
        call: RetryCall<Option<F>>,
        beneath: Option<Arc<Beneath>>,
    }

    impl<F> PinnedDrop for RetryFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            this.project().call.project().retry.let_go();
        }
    }
}

impl<C: Default> Default for RetryCall<C> {
    #[inline(always)]
    fn default() -> Self {
        Self { first: C::default(), retry: Plan::default() }
    }
}

impl<C> RetryCall<C> {
    /// Goes on with the first attempt, or with all that come after.
    #[inline(always)]
    fn poll(
        self: Pin<&mut Self>,
        beneath: Option<&Arc<Beneath>>,
        inner: &impl Inner<C>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    ) {
        let mut this = self.project();
        if let Retry::Further(further) = &mut **this.retry {
            *result = further.as_mut().poll(task);
            return;
        }
        inner.poll(this.first.as_mut(), task, result);
        let Poll::Ready(ended) = &*result else { return };
        if !this.retry.looks_at(ended) {
            return;
        }
        let (Some(beneath), Some(ended)) = (beneath, take(result)) else { return };
        *result = match this.retry.take().settle(beneath, ended) {
            ControlFlow::Break(ended) => Poll::Ready(ended),
            ControlFlow::Continue(mut attempts) => {
                inner.clear_early(this.first);
                let polled = attempts.as_mut().poll(task);
                this.retry.set(Retry::Further(attempts));
                polled
            }
        };
    }
}

fn take(result: &mut Poll<CallResult>) -> Option<CallResult> {
    match std::mem::replace(result, Poll::Pending) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

impl<F: Future<Output = CallResult>> Future for RetryFuture<F> {
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let this = self.project();
        let beneath = this.beneath.as_ref();
        polled(&mut None, |result| this.call.poll(beneath, &AsFuture, task, result))
    }
}

impl<C> fmt::Debug for RetryCall<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RetryCall")
    }
}

impl<F> fmt::Debug for RetryFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RetryFuture")
    }
}
