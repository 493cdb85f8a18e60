//! Faults on purpose, for tests and drills.

mod garble;
mod rules;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, sleep_until};
use tower_layer::Layer;
use tower_service::Service;

use kitex_codec::ApplicationException;
use kitex_core::{
    BoxError, BoxFuture, CallResult, Deadline, Error, ErrorKind, Inspect, Registry, Request, Response,
    SettingError, SharedService, Stage,
};

use crate::random::Random;

pub use rules::{Fault, FaultRule};

use rules::{Plan, Rule};

/// Makes some calls late, fail, hang or come to nonsense, on purpose: for tests and drills.
///
/// **What this layer does to calls, it does to real ones.** It does nothing until its handle is given rules, and costs
/// one atomic load until then; let nobody reach the handle who may not harm the service.
///
/// ```
/// use std::time::Duration;
///
/// use kitex_middleware::{Fault, FaultLayer, FaultRule, Match};
///
/// let layer = FaultLayer::new();
/// let handle = layer.handle();
/// // One call in ten is late, one in a hundred fails, and half of one caller's hang.
/// handle.set([
///     FaultRule::new(Fault::Delay(Duration::from_millis(200)), 10.0),
///     FaultRule::new(Fault::exception(6, "a drill"), 1.0),
///     FaultRule::new(Fault::Drop, 50.0).of(Match::all().callers(["batch"])),
/// ])?;
/// handle.off();
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
///
/// Each rule that is for a call throws its own dice. Delays add up; of the other faults the call gets the first.
/// A seeded layer throws the same dice each time, call after call.
///
/// On a client, faults look like those of the network or the callee; on a server the caller is told each as an
/// exception. Within a deadline's layer, a delay ends with the call's time.
///
/// A stream meets its fault when it begins; a garbled one has every message garbled.
#[derive(Debug, Clone)]
pub struct FaultLayer {
    state: Arc<State>,
}

/// Switches the faults of a [`FaultLayer`] while it runs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FaultHandle {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    on: AtomicBool,
    /// Looked at by calls only while there are faults, and for as long as it takes to clone the `Arc`.
    rules: RwLock<Arc<[Rule]>>,
    random: Random,
}

impl FaultLayer {
    /// No faults yet.
    #[expect(clippy::new_without_default, reason = "where faults can be injected is to be seen")]
    pub fn new() -> Self {
        Self::with(Random::new())
    }

    /// No faults yet; those to come hit the same calls whenever the same calls are made in the same order.
    pub fn seeded(seed: u64) -> Self {
        Self::with(Random::seeded(seed))
    }

    fn with(random: Random) -> Self {
        let rules = RwLock::new(Arc::from([]));
        Self { state: Arc::new(State { on: AtomicBool::new(false), rules, random }) }
    }

    /// What switches the faults.
    pub fn handle(&self) -> FaultHandle {
        FaultHandle { state: Arc::clone(&self.state) }
    }

    /// Lists the rules, with how many calls each was for and how many it has hit, as `fault`.
    pub fn register(self, registry: &Registry) -> Self {
        registry.add(&self.state);
        self
    }
}

impl FaultHandle {
    /// Sets rules in place of those before, for calls from now on, and counts anew. Errors, and leaves everything as it
    /// is, if a rule makes no sense.
    pub fn set(&self, rules: impl IntoIterator<Item = FaultRule>) -> Result<(), SettingError> {
        let rules: Vec<_> = rules.into_iter().map(Rule::new).collect::<Result<_, _>>()?;
        let on = !rules.is_empty();
        // Under the lock, so that of several who set rules the same one has the last word in both.
        let mut set = self.state.rules.write().unwrap_or_else(PoisonError::into_inner);
        *set = rules.into();
        self.state.on.store(on, Ordering::Relaxed);
        Ok(())
    }

    /// Ends all faults, but for the calls that have met theirs. What the rules have done can still be looked at.
    pub fn off(&self) {
        self.state.on.store(false, Ordering::Relaxed);
    }

    /// True while there are faults.
    pub fn is_on(&self) -> bool {
        self.state.on.load(Ordering::Relaxed)
    }
}

impl<S> Layer<S> for FaultLayer
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    /// Gives the future that the service beneath has boxed already, for calls without a fault.
    type Service = SharedService;

    fn layer(&self, inner: S) -> SharedService {
        let (inner, state) = (SharedService::new(inner), Arc::clone(&self.state));
        SharedService::from_fn(move |request| match state.on.load(Ordering::Relaxed) {
            false => inner.call(request),
            true => state.call(&inner, request),
        })
    }
}

impl State {
    fn rules(&self) -> Arc<[Rule]> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    #[cold]
    fn call(&self, inner: &SharedService, request: Request) -> BoxFuture<CallResult> {
        match Plan::draw(&self.rules(), &request, &self.random) {
            Ok(plan) if plan.is_nothing() => inner.call(request),
            Ok(plan) => Box::pin(play(plan, inner.clone(), request)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

async fn play(plan: Plan, inner: SharedService, request: Request) -> CallResult {
    if plan.delay > Duration::ZERO {
        sleep(plan.delay).await;
    }
    let error = match plan.fault {
        None | Some(Fault::Delay(_)) => return inner.call(request).await,
        Some(Fault::Garble) => {
            let result = inner.call(request).await;
            return result.map(|response| garble::response(response, plan.seed));
        }
        Some(Fault::Exception { code, message }) => Error::remote(ApplicationException { code, message }),
        Some(Fault::Abort) => {
            Error::new(ErrorKind::Closed, Stage::Read, "the connection was cut by an injected fault")
        }
        Some(Fault::Drop) => hang(request.context.deadline).await,
    };
    Err(error.with_method(&request.method))
}

/// Waits as a call without an answer does.
async fn hang(deadline: Option<Deadline>) -> Error {
    match deadline {
        Some(deadline) => sleep_until(deadline.instant().into()).await,
        None => std::future::pending().await,
    }
    Error::deadline(Stage::Read)
}

impl Inspect for State {
    fn kind(&self) -> &'static str {
        "fault"
    }

    fn inspect(&self) -> Value {
        let rules: Value = self.rules().iter().map(Rule::inspect).collect();
        json!({ "on": self.on.load(Ordering::Relaxed), "rules": rules })
    }
}
