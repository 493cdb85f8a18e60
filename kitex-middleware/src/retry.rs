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

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Instant;

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use kitex_core::{
    BoxError, BoxFuture, CallRef, CallResult, Deadline, Error, Registry, Request, Response, SettingError,
    SharedService, Tried,
};

pub use backoff::BackOff;
pub use budget::RetryBudget;
pub use config::{RetryConfig, RetryPolicy};
pub use event::{RetryEvent, RetryEventKind};
pub use hedge::{Hedge, HedgeDelay};
pub use rules::RetryRule;

use crate::clock::{began_at, now};
use crate::guard::{AnswerFuture, into_error};
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
        let again = SharedService::new(inner.clone());
        RetryService { inner, beneath: Arc::new(Beneath { state: Arc::clone(&self.state), inner: again }) }
    }
}

/// The service of [`RetryLayer`].
#[derive(Clone)]
pub struct RetryService<S> {
    /// What first attempts are made with.
    inner: S,
    beneath: Arc<Beneath>,
}

impl<S> fmt::Debug for RetryService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryService").field("state", &self.beneath.state).finish_non_exhaustive()
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
        let plan = plan(&self.beneath, &mut request);
        let call = |request: &mut Request| AnswerFuture::new(self.inner.call(request.take()));
        RetryFuture::begin(&self.beneath, plan, &mut request, call)
    }
}

impl<S: CallRef> CallRef for RetryService<S> {
    type Future = RetryFuture<S::Future>;

    #[inline(always)]
    fn call_taking(&self, request: &mut Request) -> Self::Future {
        let plan = plan(&self.beneath, request);
        RetryFuture::begin(&self.beneath, plan, request, |request| self.inner.call_taking(request))
    }

    fn call_boxed(&self, mut request: Request) -> BoxFuture<CallResult> {
        match plan(&self.beneath, &mut request) {
            Plan::Once => self.inner.call_boxed(request),
            Plan::Hedge { kept, began } => hedged(&self.beneath, request, kept, began),
            plan => {
                let call = |request: &mut Request| self.inner.call_taking(request);
                Box::pin(RetryFuture::begin(&self.beneath, plan, &mut request, call))
            }
        }
    }
}

/// What is to be done about a call.
enum Plan {
    /// It is made once.
    Once,
    /// It is made again if it fails, or if its answer is no good.
    Retry(Retry),
    /// It gets a backup request.
    Hedge { kept: Request, began: Instant },
}

#[inline]
fn plan(beneath: &Arc<Beneath>, request: &mut Request) -> Plan {
    let method = beneath.state.methods.get(&request.method);
    if method.calls.add_one() {
        beneath.state.purse.earn(counter::CHUNK);
    }
    if !method.repeats() {
        return Plan::Once;
    }
    if method.hedges() {
        return plan_hedge(method, request);
    }
    if method.policy.max_duration.is_some() {
        began_at(request);
    }
    let sees_answers = method.policy.rule.sees_answers();
    if sees_answers {
        // Only a failure says where it was.
        remember(method, request);
    }
    let Some(kept) = request.try_clone() else { return Plan::Once };
    bound(method, request, began_at);
    Plan::Retry(Retry { kept, sees_answers, beneath: Arc::clone(beneath) })
}

fn plan_hedge(method: &MethodState, request: &mut Request) -> Plan {
    let began = began_at(request);
    remember(method, request);
    let Some(kept) = request.try_clone() else { return Plan::Once };
    bound(method, request, |_| began);
    Plan::Hedge { kept, began }
}

/// Makes a call that may get a backup request.
fn hedged(beneath: &Arc<Beneath>, request: Request, kept: Request, began: Instant) -> BoxFuture<CallResult> {
    let method = beneath.state.methods.get(&request.method);
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

pin_project! {
    /// The answer to a call that may be made again. While it has not failed it is its first attempt and a copy of the
    /// request.
    #[must_use = "a call is made when it is awaited"]
    pub struct RetryFuture<F> {
        #[pin]
        attempts: Running<F>,
        retry: Option<Retry>,
    }
}

pin_project! {
    #[project = RunningProjection]
    enum Running<F> {
        /// The first attempt.
        First { #[pin] attempt: F },
        /// All others, or all that a backup request may be beside.
        Further { attempts: BoxFuture<CallResult> },
    }
}

/// What a further attempt takes, until the first has ended.
struct Retry {
    kept: Request,
    /// Whether an answer may be no good.
    sees_answers: bool,
    beneath: Arc<Beneath>,
}

impl<F> RetryFuture<F> {
    #[inline(always)]
    fn begin(
        beneath: &Arc<Beneath>,
        plan: Plan,
        request: &mut Request,
        call: impl FnOnce(&mut Request) -> F,
    ) -> Self {
        let retry = match plan {
            Plan::Once => None,
            Plan::Retry(retry) => Some(retry),
            Plan::Hedge { kept, began } => {
                let attempts = hedged(beneath, request.take(), kept, began);
                return Self { attempts: Running::Further { attempts }, retry: None };
            }
        };
        Self { attempts: Running::First { attempt: call(request) }, retry }
    }
}

impl Retry {
    /// The first attempt has come to `polled`.
    #[cold]
    fn go_on<F>(
        self,
        polled: Poll<CallResult>,
        mut running: Pin<&mut Running<F>>,
        task: &mut TaskContext<'_>,
    ) -> Poll<CallResult> {
        match self.settle(ready!(polled)) {
            ControlFlow::Break(result) => Poll::Ready(result),
            ControlFlow::Continue(mut attempts) => {
                let polled = attempts.as_mut().poll(task);
                running.set(Running::Further { attempts });
                polled
            }
        }
    }

    /// Looks at how the first attempt has ended; gives the others, if there are to be some.
    fn settle(self, result: CallResult) -> ControlFlow<CallResult, BoxFuture<CallResult>> {
        let method = self.beneath.state.methods.get(&self.kept.method);
        let mut attempts = Attempts::new(&self.beneath, method, self.kept);
        match attempts.settle(result) {
            Some(result) => ControlFlow::Break(result),
            None => ControlFlow::Continue(Box::pin(attempts.run())),
        }
    }
}

impl<F> Future for RetryFuture<F>
where
    F: Future<Output = CallResult>,
{
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let mut this = self.project();
        let attempt = match this.attempts.as_mut().project() {
            RunningProjection::First { attempt } => attempt,
            RunningProjection::Further { attempts } => return attempts.as_mut().poll(task),
        };
        let polled = attempt.poll(task);
        let Poll::Ready(result) = &polled else { return Poll::Pending };
        let retry = this.retry.take().filter(|retry| result.is_err() || retry.sees_answers);
        match retry {
            Some(retry) => retry.go_on(polled, this.attempts, task),
            None => polled,
        }
    }
}

impl<F> fmt::Debug for RetryFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RetryFuture")
    }
}
