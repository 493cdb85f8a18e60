//! As many calls at a time as a service can take.

mod gradient;
mod priority;
mod state;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use kitex_core::{CallResult, Error, Figure, Inspect, Registry, Request, SettingError};

use crate::clock::{began_at, now};
use crate::figures::of_limit;
use crate::guard::{Guard, guard_layer};
use crate::limit::{Methods, Refusals, check_push_back};
use crate::panic::{catch, closure_panicked};

pub use priority::Priority;

use state::{Running, State};

/// How an [`AdaptiveLayer`] finds its limit.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AdaptiveConfig {
    /// What errors and the registry call the limit. Empty unless set.
    pub name: Cow<'static, str>,
    /// Calls at a time, at first. 20.
    pub initial: u32,
    /// The limit never falls below it. 1.
    pub min: u32,
    /// The limit never rises above it. 1 024, as many as one connection may have under way.
    pub max: u32,
    /// How many times the least time calls may take on average before the limit shrinks. 1.5.
    pub tolerance: f64,
    /// How long is looked on before the limit moves; longer if two calls take longer. 100 ms.
    pub window: Duration,
    /// Calls that must have ended before the limit moves. 20.
    pub samples: u32,
    /// After how long the least time is measured anew, with fewer calls for four windows. 10 s, and longer where windows
    /// are long: measuring takes about a tenth of the time at most.
    pub remeasure: Duration,
    /// For how long a refused caller is asked to stay away. 20 ms.
    pub push_back: Duration,
}

impl Default for AdaptiveConfig {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            initial: 20,
            min: 1,
            max: 1024,
            tolerance: 1.5,
            window: Duration::from_millis(100),
            samples: 20,
            remeasure: Duration::from_secs(10),
            push_back: Duration::from_millis(20),
        }
    }
}

/// The longest window.
const LONGEST_WINDOW: Duration = Duration::from_secs(3600);

impl AdaptiveConfig {
    /// Errors, with the field, if it makes no sense.
    fn check(&self) -> Result<(), SettingError> {
        let Self { initial, min, max, tolerance, .. } = *self;
        let error = |setting, text: String| Err(SettingError::new(setting, text));
        if min == 0 {
            return error("AdaptiveConfig::min", "a limit of 0 lets no call pass".into());
        }
        if min > max {
            return error("AdaptiveConfig::min", format!("{min} is above AdaptiveConfig::max, {max}"));
        }
        if !(min..=max).contains(&initial) {
            return error("AdaptiveConfig::initial", format!("{initial} is not from {min} to {max}"));
        }
        if !(1.0..=100.0).contains(&tolerance) {
            return error("AdaptiveConfig::tolerance", format!("{tolerance} is not from 1 to 100"));
        }
        if self.window.is_zero() {
            return error("AdaptiveConfig::window", "nothing is seen in no time".into());
        }
        if self.window > LONGEST_WINDOW {
            let text = format!("a limit that moves once in {:?} does not follow", self.window);
            return error("AdaptiveConfig::window", text);
        }
        check_push_back("AdaptiveConfig::push_back", self.push_back)?;
        if self.samples == 0 {
            return error("AdaptiveConfig::samples", "nothing is seen of no calls".into());
        }
        if self.remeasure < self.window {
            return error("AdaptiveConfig::remeasure", "it is shorter than AdaptiveConfig::window".into());
        }
        Ok(())
    }

    fn window_nanos(&self) -> u64 {
        u64::try_from(self.window.as_nanos()).unwrap_or(u64::MAX)
    }

    fn remeasure_nanos(&self) -> u64 {
        u64::try_from(self.remeasure.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Finds by itself how many calls a service can take at a time, and refuses those beyond it, the less important first.
///
/// While the calls of a service do not wait for each other, it takes them as long whether few run or many. As soon as
/// they do, more at a time only make each take longer. So the limit grows while calls take about as long as the least
/// that was seen, and shrinks by as much as they take longer. That least time is measured anew every ten seconds, with a
/// few calls less for a moment, so that a service that has become slower for good gets a limit to suit.
///
/// ```
/// use kitex_middleware::{AdaptiveConfig, AdaptiveLayer, Priority};
///
/// let by_metadata = AdaptiveLayer::new(AdaptiveConfig::default())?;
/// let by_method = AdaptiveLayer::per_method(AdaptiveConfig::default())?.priority(|request| {
///     if request.method.name() == "Pay" { Priority::Critical } else { Priority::Normal }
/// });
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
///
/// A call's [`Priority`] is what its metadata says under `PRIORITY`, as a transient or else as a persistent pair, unless
/// a function says it. Whoever calls can claim any: where not all callers are trusted, use a function.
///
/// A call runs until its answer is there or nobody waits for it any more; one that is answered by a stream until the
/// stream has ended or is dropped, though what counts as its time is that to the answer's beginning. Calls that fail are
/// not counted as fast ones: only answers count, exceptions and business statuses among them, and calls that ran out of
/// time or were given up after more than the least time.
///
/// Methods that take very different times do well with a limit [each](Self::per_method): how long calls take on average
/// then does not depend on which are called. There is one for each of 1 024 methods, and one for all others together.
/// Clones of the layer, and all services that it makes, share its limits. On a server a call takes its time from its
/// arrival on, so that a queue before the layer counts. On a client it does from the layer on: beneath a retry each
/// attempt by itself. No call waits for a timer, and a clock that jumps spoils one window at most.
///
/// In a [`Registry`] its kind is `adaptive`; its state has `per` (`all` or `method`),
/// `refused` (calls), `last_refusal`, and `limits`: the `method`, its `limit`, the calls `in_flight`, and the least time
/// `floor_us`, in microseconds.
#[derive(Debug, Clone)]
pub struct AdaptiveLayer {
    shared: Arc<Shared>,
    priority: Option<PriorityFunction>,
}

#[derive(Clone)]
struct PriorityFunction(Arc<dyn Fn(&Request) -> Priority + Send + Sync>);

impl fmt::Debug for PriorityFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function")
    }
}

#[derive(Debug)]
struct Shared {
    config: Arc<AdaptiveConfig>,
    limits: Methods<State>,
    refusals: Refusals,
}

impl AdaptiveLayer {
    /// One limit over all calls. Errors if a setting makes no sense.
    pub fn new(config: AdaptiveConfig) -> Result<Self, SettingError> {
        Self::of(config, |config| Methods::all(State::new(config)))
    }

    /// A limit for each method.
    pub fn per_method(config: AdaptiveConfig) -> Result<Self, SettingError> {
        Self::of(config, |config| {
            let config = Arc::clone(config);
            Methods::each(move || State::new(&config))
        })
    }

    fn of(
        config: AdaptiveConfig,
        limits: impl FnOnce(&Arc<AdaptiveConfig>) -> Methods<State>,
    ) -> Result<Self, SettingError> {
        config.check()?;
        let config = Arc::new(config);
        let limits = limits(&config);
        let shared = Shared { config, limits, refusals: Refusals::default() };
        Ok(Self { shared: Arc::new(shared), priority: None })
    }

    /// Takes each call's priority from a function. A panic of the function fails the call; it is asked only when the limit
    /// begins to fill.
    pub fn priority(mut self, priority: impl Fn(&Request) -> Priority + Send + Sync + 'static) -> Self {
        self.priority = Some(PriorityFunction(Arc::new(priority)));
        self
    }

    /// Lists the limit in a registry.
    pub fn register(self, registry: &Registry) -> Self {
        registry.add(&self.shared);
        self
    }
}

guard_layer!(AdaptiveLayer);

impl Guard for AdaptiveLayer {
    type Held = Running;

    #[inline]
    fn admit(&self, request: &mut Request, held: &mut Option<Running>) -> Result<(), Error> {
        let began = begins_at(request);
        let (spot, state) = self.shared.limits.find(request);
        let limit = state.limit();
        // As long as there is room for all, nobody's priority matters.
        if !state.running.enter(Priority::Bulk.share(limit)) {
            let priority = self.priority_of(request)?;
            if !state.running.enter(priority.share(limit)) {
                return Err(self.shared.refuse(request, priority, limit));
            }
        }
        *held = Some(Running::new(spot, began));
        Ok(())
    }

    fn answered(&self, running: &mut Running, result: &mut CallResult) -> bool {
        running.answered(self.shared.limits.at(running.spot()), result)
    }

    fn over(&self, running: &mut Running, _: bool) {
        running.over(self.shared.limits.at(running.spot()));
    }
}

/// When a call begins, as far as the limit is concerned. What a server has received waits for it from its arrival on. What
/// is made here may be one attempt of several, or may have waited for something else: it begins where the limit stands.
fn begins_at(request: &mut Request) -> Instant {
    match request.context.connection() {
        Some(_) => began_at(request),
        None => now(),
    }
}

impl AdaptiveLayer {
    fn priority_of(&self, request: &Request) -> Result<Priority, Error> {
        let Some(PriorityFunction(function)) = &self.priority else { return Ok(Priority::of(request)) };
        let function = || function(request);
        catch(function).map_err(|said| {
            closure_panicked("the priority function of an adaptive limit", &request.method, &said)
        })
    }
}

impl Shared {
    #[cold]
    fn refuse(&self, request: &Request, priority: Priority, limit: u32) -> Error {
        let AdaptiveConfig { name, max, push_back, .. } = &*self.config;
        let (share, whose) = (priority.share(limit), self.limits.whose());
        let bound = format_args!(
            "{share} calls at a time {whose} with priority {priority:?} (limit now {limit}, at most {max})"
        );
        self.refusals.refuse("AdaptiveConfig::max", name, &request.method, bound, *push_back)
    }
}

impl Inspect for Shared {
    fn kind(&self) -> &'static str {
        "adaptive"
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn inspect(&self) -> Value {
        let shown = |state: &State| {
            json!({
                "limit": state.limit(),
                "in_flight": state.running.running(),
                "floor_us": state.floor().map(|nanos| (nanos / 1000.0).round()),
            })
        };
        json!({
            "per": self.limits.name(),
            "refused": self.refusals.count(),
            "last_refusal": self.refusals.last(),
            "limits": self.limits.inspect(shown),
        })
    }

    fn figures(&self) -> Vec<Figure> {
        let mut all = self.limits.figures(|state: &State| {
            [
                Figure::gauge("kitex.limit.in_flight", state.running.running().into()),
                Figure::gauge("kitex.limit.limit", state.limit().into()),
            ]
        });
        all.push(Figure::counter("kitex.limit.refused", self.refusals.count()));
        of_limit(all, self.kind(), &self.config.name)
    }
}
