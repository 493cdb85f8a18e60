//! Calls that are made again.

mod attempts;
mod backoff;
mod budget;
mod config;
mod counter;
mod event;
mod hedge;
mod latency;
mod rules;
mod state;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Instant;

use tower_layer::Layer;
use tower_service::Service;

use kitex_core::{
    BoxError, BoxFuture, CallResult, Deadline, Registry, Request, Response, SettingError, SharedService,
    Tried,
};

pub use backoff::BackOff;
pub use budget::RetryBudget;
pub use config::{RetryConfig, RetryPolicy};
pub use event::{RetryEvent, RetryEventKind};
pub use hedge::{Hedge, HedgeDelay};
pub use rules::RetryRule;

use crate::clock::{began_at, now};
use attempts::Attempts;
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

    /// Lists the layer in `registry`, as `retry`: its budget, and by method what it has done and refused to do.
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
    /// Gives the future that the service beneath has boxed already, where a method is never retried.
    type Service = SharedService;

    fn layer(&self, inner: S) -> SharedService {
        let beneath = Arc::new(Beneath { state: Arc::clone(&self.state), inner: SharedService::new(inner) });
        SharedService::from_fn(move |request| call(&beneath, request))
    }
}

/// What a layer stands on.
struct Beneath {
    state: Arc<State>,
    inner: SharedService,
}

fn call(beneath: &Arc<Beneath>, mut request: Request) -> BoxFuture<CallResult> {
    let method = beneath.state.methods.get(&request.method);
    if method.calls.add_one() {
        beneath.state.purse.earn(counter::CHUNK);
    }
    if !method.repeats() {
        return beneath.inner.call(request);
    }
    if method.hedges() {
        return hedged(beneath, method, request);
    }
    if method.policy.max_duration.is_some() {
        began_at(&mut request);
    }
    let sees_answers = method.policy.rule.sees_answers();
    if sees_answers {
        // Only a failure says where it was.
        remember(method, &mut request);
    }
    let Some(kept) = request.try_clone() else { return beneath.inner.call(request) };
    bound(method, &mut request, began_at);
    let attempt = beneath.inner.call(request);
    Box::pin(Retrying { attempt, kept: Some(kept), sees_answers, beneath: Arc::clone(beneath) })
}

/// Makes a call that may get a backup request.
fn hedged(beneath: &Arc<Beneath>, method: &Arc<MethodState>, mut request: Request) -> BoxFuture<CallResult> {
    let began = began_at(&mut request);
    remember(method, &mut request);
    let Some(kept) = request.try_clone() else { return beneath.inner.call(request) };
    bound(method, &mut request, |_| began);
    let attempt = beneath.inner.call(request);
    Box::pin(Attempts::new(beneath, method, kept).hedge(attempt, began).run())
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
        let at = Deadline::after(began(request), timeout);
        let deadline = &mut request.context.deadline;
        *deadline = Some(deadline.map_or(at, |whole| whole.min(at)));
    }
}

/// A call that is made again if it fails. While it has not failed it is its first attempt and a copy of the request.
struct Retrying {
    /// The first attempt, or after it has failed all further ones.
    attempt: BoxFuture<CallResult>,
    /// Until the first attempt has ended.
    kept: Option<Request>,
    /// Whether an answer may be no good.
    sees_answers: bool,
    beneath: Arc<Beneath>,
}

impl Future for Retrying {
    type Output = CallResult;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let this = &mut *self;
        let result = ready!(this.attempt.as_mut().poll(task));
        if result.is_ok() && !this.sees_answers {
            return Poll::Ready(result);
        }
        let Some(kept) = this.kept.take() else { return Poll::Ready(result) };
        let method = this.beneath.state.methods.get(&kept.method);
        let mut attempts = Attempts::new(&this.beneath, method, kept);
        match attempts.settle(result) {
            Some(result) => Poll::Ready(result),
            None => {
                this.attempt = Box::pin(attempts.run());
                this.attempt.as_mut().poll(task)
            }
        }
    }
}
