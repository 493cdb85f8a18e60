//! A breaker for each endpoint: one that keeps failing is left out for a while.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use kitex_codec::Str;
use kitex_core::{
    CallResult, Endpoint, Endpoints, Error, Figure, Inspect, LeastInFlight, Method, Picker, Registry,
    Request, SettingError,
};

use super::config::BreakerConfig;
use super::event::{BreakerEvent, BreakerScope, BreakerState};
use super::handle::Breaker;
use super::hooks::Hooks;
use super::outcome::Outcome;
use super::running::Running;
use crate::guard::{Guard, settle};

/// Endpoints with a breaker; further ones are always there.
const MAX_PLACES: usize = 4096;

/// Places whose memory is made at once.
const CHUNK: usize = 64;

/// Leaves out endpoints that keep failing, and tries now and then whether they work again; where a call goes among the
/// others is chosen by another picker, or by the least in flight.
///
/// Each endpoint has a breaker of its own, with the settings, the classification and the events of a
/// [`BreakerLayer`](super::BreakerLayer). No call is refused: if all endpoints are left out, a call goes to the one that
/// is tried first. So is one whose turn to be tried has come, in place of any other choice.
///
/// An endpoint that answers with errors in 1 ms always has the least in flight, and without a breaker gets most of the
/// calls.
///
/// ```
/// use kitex_middleware::{BreakerConfig, BreakerPicker};
///
/// let mut config = BreakerConfig::default();
/// config.consecutive_failures = Some(10);
/// let picker = BreakerPicker::new(config)?.on_change(|event| eprintln!("{} is {}", event.scope, event.to));
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
///
/// It is for the endpoints of one client, which keep their places as long as it lives. 4096 places have breakers; further
/// ones are never left out. A call that is answered by a stream has its outcome when the stream ends; one that was given
/// up counts as nothing.
#[derive(Debug)]
pub struct BreakerPicker {
    inner: Box<dyn Picker>,
    hooks: Hooks,
    places: Arc<Places>,
}

/// The breakers by place.
struct Places {
    name: Str,
    config: Arc<BreakerConfig>,
    hooks: Hooks,
    chunks: [OnceLock<Box<[OnceLock<Breaker>]>>; MAX_PLACES / CHUNK],
    /// As long as there is none, nothing needs to be looked for.
    not_closed: Arc<AtomicUsize>,
}

impl BreakerPicker {
    /// Chooses by the least in flight. Errors if a setting makes no sense.
    pub fn new(config: BreakerConfig) -> Result<Self, SettingError> {
        config.check()?;
        let places = Places::new(Str::new(), Arc::new(config), Hooks::default());
        Ok(Self { inner: Box::<LeastInFlight>::default(), hooks: Hooks::default(), places })
    }

    /// Lets `picker` choose among the endpoints that are not left out: for it, those have been tried.
    pub fn over(self, picker: impl Picker + 'static) -> Self {
        Self { inner: Box::new(picker), ..self }
    }

    /// Says what results count as, in place of [`outcome_of`](super::outcome_of). The state begins anew.
    ///
    /// If the function panics, the call fails and counts as nothing.
    pub fn classify(mut self, classify: impl Fn(&CallResult) -> Outcome + Send + Sync + 'static) -> Self {
        self.hooks.classify = Some(Arc::new(classify));
        let name = self.places.name.clone();
        self.anew(name)
    }

    /// Is told when the breaker of an endpoint changes its state, on the thread of the call that has changed it, which
    /// waits for that. Can be set several times. The state begins anew.
    pub fn on_change(mut self, subscriber: impl Fn(&BreakerEvent) + Send + Sync + 'static) -> Self {
        self.hooks.subscribers.push(Arc::new(subscriber));
        let name = self.places.name.clone();
        self.anew(name)
    }

    /// What it is called among those of its kind in a [`Registry`]. The state begins anew.
    pub fn named(self, name: impl Into<Str>) -> Self {
        self.anew(name.into())
    }

    fn anew(self, name: Str) -> Self {
        let places = Places::new(name, Arc::clone(&self.places.config), self.hooks.clone());
        Self { places, ..self }
    }

    /// Shows its state in a registry: a list of endpoints, each with its `place`, its `address` and what a
    /// [`BreakerLayer`](super::BreakerLayer::register) shows of a method; `refused` is how often it was passed over.
    pub fn register(self, registry: &Registry) -> Self {
        registry.add(&self.places);
        self
    }

    /// Picks while some endpoint is left out.
    #[cold]
    fn pick_around(
        &self,
        now: Instant,
        request: &Request,
        endpoints: &dyn Endpoints,
        tried: &[usize],
    ) -> Option<usize> {
        let mut left_out = tried.to_vec();
        let mut first: Option<(Duration, usize)> = None;
        for place in (0..endpoints.len()).filter(|place| !tried.contains(place)) {
            let Some(breaker) = self.places.get(place) else { continue };
            if breaker.circuit().state() == BreakerState::Closed {
                continue;
            }
            let rests = endpoints.get(place).is_none_or(|endpoint| endpoint.is_avoided(now));
            if !rests && breaker.admits(now) {
                return Some(place);
            }
            left_out.push(place);
            let next = (breaker.circuit().closed_for(now), place);
            first = Some(first.map_or(next, |first| first.min(next)));
        }
        let picked = self.inner.pick(now, request, endpoints, &left_out);
        let picked = picked.filter(|place| !left_out.contains(place)).or_else(|| {
            let (_, place) = first?;
            self.places.get(place)?.circuit().join();
            Some(place)
        });
        picked.or_else(|| self.inner.pick(now, request, endpoints, tried))
    }
}

impl Picker for BreakerPicker {
    fn pick(
        &self,
        now: Instant,
        request: &Request,
        endpoints: &dyn Endpoints,
        tried: &[usize],
    ) -> Option<usize> {
        let place = if self.places.not_closed.load(Ordering::Relaxed) == 0 {
            self.inner.pick(now, request, endpoints, tried)
        } else {
            self.pick_around(now, request, endpoints, tried)
        }?;
        self.places.get_or_insert(place, || endpoints.get(place));
        Some(place)
    }

    fn settled(&self, place: usize, method: &Method, began: Instant, mut result: Option<&mut CallResult>) {
        self.inner.settled(place, method, began, result.as_deref_mut());
        let breaker = self.places.get_or_insert(place, || None);
        let Some(running) = breaker.and_then(|breaker| breaker.resume(began, method)) else { return };
        let followed = Followed { places: Arc::clone(&self.places), place };
        match result {
            Some(result) => settle(&followed, running, result),
            None => followed.over(&mut { running }, false),
        }
    }
}

/// The breaker of an endpoint, for the stream that a call is answered by.
#[derive(Clone)]
struct Followed {
    places: Arc<Places>,
    place: usize,
}

impl Guard for Followed {
    type Held = Running;

    fn admit(&self, _: &mut Request, _: &mut Option<Running>) -> Result<(), Error> {
        // A picker is asked where a call goes, and not whether.
        Ok(())
    }

    fn answered(&self, running: &mut Running, result: &mut CallResult) -> bool {
        self.places.get(self.place).is_some_and(|breaker| running.answered(breaker, result))
    }

    fn stream_ended(&self, running: &mut Running, error: Option<Error>) -> Option<Error> {
        match self.places.get(self.place) {
            Some(breaker) => running.stream_ended(breaker, error),
            None => error,
        }
    }

    fn over(&self, running: &mut Running, has_ended: bool) {
        if let Some(breaker) = self.places.get(self.place).filter(|_| !has_ended) {
            running.given_up(breaker);
        }
    }
}

impl Places {
    fn new(name: Str, config: Arc<BreakerConfig>, hooks: Hooks) -> Arc<Self> {
        let chunks = std::array::from_fn(|_| OnceLock::new());
        Arc::new(Self { name, config, hooks, chunks, not_closed: Arc::default() })
    }

    fn get(&self, place: usize) -> Option<&Breaker> {
        self.chunks.get(place / CHUNK)?.get()?.get(place % CHUNK)?.get()
    }

    fn get_or_insert<'a>(
        &self,
        place: usize,
        endpoint: impl FnOnce() -> Option<&'a dyn Endpoint>,
    ) -> Option<&Breaker> {
        let chunk = self.chunks.get(place / CHUNK)?;
        let chunk = chunk.get_or_init(|| (0..CHUNK).map(|_| OnceLock::new()).collect());
        let breaker = chunk.get(place % CHUNK)?;
        Some(breaker.get_or_init(|| {
            let address = endpoint().map(|endpoint| endpoint.address().to_string()).unwrap_or_default();
            let scope = BreakerScope::Endpoint { place, address: address.into() };
            Breaker::new(scope, &self.config, &self.hooks, &self.not_closed)
        }))
    }

    fn iter(&self) -> impl Iterator<Item = &Breaker> {
        let slots = self.chunks.iter().filter_map(OnceLock::get).flat_map(|chunk| chunk.iter());
        slots.filter_map(OnceLock::get)
    }
}

impl Inspect for Places {
    fn kind(&self) -> &'static str {
        "endpoint breaker"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn inspect(&self) -> Value {
        let shown = |breaker: &Breaker| {
            let (address, mut state) = breaker.inspect();
            state["address"] = json!(address);
            if let BreakerScope::Endpoint { place, .. } = breaker.scope() {
                state["place"] = json!(place);
            }
            state
        };
        self.iter().map(shown).collect()
    }

    fn figures(&self) -> Vec<Figure> {
        self.iter().flat_map(|breaker| breaker.figures(&self.name)).collect()
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Breaker::scope)).finish()
    }
}
