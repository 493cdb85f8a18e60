//! A breaker for each method: calls of one that keeps failing are refused for a while.

mod config;
mod event;
mod handle;
mod hooks;
mod outcome;
mod picker;
mod running;
mod state;
mod window;

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use kitex_codec::Str;
use kitex_core::{CallResult, Error, Figure, Inspect, Registry, Request, SettingError};

pub use config::BreakerConfig;
pub use event::{BreakerEvent, BreakerScope, BreakerState, TripReason};
pub(crate) use handle::is_refused;
pub use outcome::{Outcome, outcome_of};
pub use picker::BreakerPicker;

use crate::guard::{Guard, guard_layer};
use crate::methods::PerMethod;
use handle::Breaker;
use hooks::Hooks;
use running::Running;

/// Refuses calls of a method that keeps failing, and tries now and then whether it works again.
///
/// Each method has a breaker of its own; what opens it says [`BreakerConfig`], with Kitex's defaults. An open one refuses
/// calls at once: by an error of the kind [`Limit`](kitex_core::ErrorKind::Limit) that was never sent, says why, and asks
/// the caller to stay away until the next try. Then it is half-open: a few calls are let through, and their outcome closes
/// or opens it. What a result counts as says [`outcome_of`], unless [`classify`](Self::classify) says otherwise.
///
/// ```
/// use kitex_middleware::{BreakerConfig, BreakerLayer};
///
/// let mut config = BreakerConfig::default();
/// config.consecutive_failures = Some(20);
/// let layer = BreakerLayer::new(config)?.on_change(|event| {
///     eprintln!("the breaker of {} is {}", event.scope, event.to);
/// });
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
///
/// It works on both sides. For a client of several endpoints [`BreakerPicker`] does the same for each of them: one that
/// fails is left out as long as there are others, and no call is refused.
///
/// # What differs from Kitex
///
/// | | Kitex | here |
/// |---|---|---|
/// | what fails a service | every error but those of its own rules | see [`outcome_of`]: answers and refusals never |
/// | what fails an instance | errors of connecting | whatever fails a service: also one that answers with errors in 1 ms |
/// | half-open | one call in each interval | the same, and at most [`probes`](BreakerConfig::probes) at a time |
/// | a trial call that is given up | counts as nothing, its interval is over | the same, and it makes room for another |
/// | a call from before a change | counts in the new state | counts no more |
/// | trips besides by rate | not in its suite | failures in a row, slow calls |
/// | refused call | an error | an error that says why, until when, and by which setting |
///
/// # What it does with a stream
///
/// A call that is answered by a stream has its outcome when the stream ends: one that ends with an error fails, one that
/// is dropped before its end counts as nothing. It is slow if its beginning was. Calls that are refused are refused before
/// anything of a stream is read.
///
/// # What it costs
///
/// A call that passes takes no lock, allocates nothing, and writes to a line of memory that is its thread's own. The
/// time is that at which the call began and ended, read once for all layers. A failure sums up the window, which is some
/// hundred words for each of at most 8 shards. 1024 methods have breakers of their own, of 10 KiB each with 8 shards; further
/// ones share one.
///
/// A clock that jumps, or a call that comes with a wrong time, is noticed by a gap of more than a window and compared
/// with the clock; it is not counted. A breaker never stays open for more than twice its time because of it.
#[derive(Debug, Clone)]
pub struct BreakerLayer {
    shared: Arc<Shared>,
}

struct Shared {
    name: Str,
    config: Arc<BreakerConfig>,
    hooks: Hooks,
    methods: PerMethod<Breaker>,
}

impl BreakerLayer {
    /// With a breaker for each method. Errors if a setting makes no sense.
    pub fn new(config: BreakerConfig) -> Result<Self, SettingError> {
        config.check()?;
        Ok(Self::build(Arc::new(config), Hooks::default(), Str::new()))
    }

    fn build(config: Arc<BreakerConfig>, hooks: Hooks, name: Str) -> Self {
        let methods = PerMethod::new({
            let (config, hooks, not_closed) = (Arc::clone(&config), hooks.clone(), Arc::default());
            move |method| {
                let scope = method.cloned().map_or(BreakerScope::OtherMethods, BreakerScope::Method);
                Breaker::new(scope, &config, &hooks, &not_closed)
            }
        });
        Self { shared: Arc::new(Shared { name, config, hooks, methods }) }
    }

    /// Says what results count as, in place of [`outcome_of`]. The state begins anew.
    ///
    /// If the function panics, the call fails and counts as nothing.
    pub fn classify(self, classify: impl Fn(&CallResult) -> Outcome + Send + Sync + 'static) -> Self {
        let Shared { name, config, hooks, .. } = &*self.shared;
        let hooks = Hooks { classify: Some(Arc::new(classify)), ..hooks.clone() };
        Self::build(Arc::clone(config), hooks, name.clone())
    }

    /// Is told when a breaker changes its state, on the thread of the call that has changed it, which waits for that. Can
    /// be set several times. The state begins anew.
    pub fn on_change(self, subscriber: impl Fn(&BreakerEvent) + Send + Sync + 'static) -> Self {
        let Shared { name, config, hooks, .. } = &*self.shared;
        let mut hooks = hooks.clone();
        hooks.subscribers.push(Arc::new(subscriber));
        Self::build(Arc::clone(config), hooks, name.clone())
    }

    /// What it is called among the breakers of a [`Registry`]. The state begins anew.
    pub fn named(self, name: impl Into<Str>) -> Self {
        let Shared { config, hooks, .. } = &*self.shared;
        Self::build(Arc::clone(config), hooks.clone(), name.into())
    }

    /// Shows its state in a registry.
    ///
    /// An object with the methods' names as keys. Of each: `state` (`closed`, `open`, `half-open`), what is in the window
    /// (`succeeded`, `failed`, `slow`), `refused` and `trips` since the beginning, `last_trip` with its `reason` and
    /// `ms_ago`, and `last_error`: what the call failed with that has opened it last.
    pub fn register(self, registry: &Registry) -> Self {
        registry.add(&self.shared);
        self
    }
}

impl Inspect for Shared {
    fn kind(&self) -> &'static str {
        "breaker"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn inspect(&self) -> Value {
        let methods = self.methods.iter().map(|(_, breaker)| breaker.inspect());
        json!(methods.collect::<serde_json::Map<_, _>>())
    }

    fn figures(&self) -> Vec<Figure> {
        self.methods.iter().flat_map(|(_, breaker)| breaker.figures(&self.name)).collect()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Breakers").field(&self.methods).finish()
    }
}

guard_layer!(BreakerLayer);

impl Guard for BreakerLayer {
    type Held = Running;

    const PASSES: bool = true;

    #[inline]
    fn admit(&self, request: &mut Request, held: &mut Option<Running>) -> Result<(), Error> {
        let (spot, breaker) = self.shared.methods.find(&request.method);
        breaker.admit(spot, request, held)
    }

    #[inline]
    fn answered(&self, running: &mut Running, result: &mut CallResult) -> bool {
        let breaker = self.shared.methods.at(running.spot);
        running.answered(breaker, result)
    }

    fn stream_ended(&self, running: &mut Running, error: Option<Error>) -> Option<Error> {
        running.stream_ended(self.shared.methods.at(running.spot), error)
    }

    #[inline]
    fn over(&self, running: &mut Running, has_ended: bool) {
        if !has_ended {
            running.given_up(self.shared.methods.at(running.spot));
        }
    }
}
