//! No more calls at a time than so many.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use kitex_core::{Error, Figure, Inspect, Registry, Request, SettingError};

use crate::figures::of_limit;
use crate::guard::{Guard, guard_layer};
use crate::limit::{Counter, Methods, Place, Refusals, Scoped, check_keys, check_push_back};

/// How many calls a [`ConcurrencyLayer`] lets run at a time.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConcurrencyConfig {
    /// What errors and the registry call the limit. Empty unless set.
    pub name: Cow<'static, str>,
    /// Calls at a time. 1 024, as many as one connection may have under way.
    pub limit: u32,
    /// For how long a refused caller is asked to stay away: when a call ends nobody knows. 10 ms.
    pub push_back: Duration,
    /// Callers or keys that are counted by themselves at a time. 16 384: together 0.25 MB, taken at the start.
    pub keys: usize,
}

impl Default for ConcurrencyConfig {
    fn default() -> Self {
        let push_back = Duration::from_millis(10);
        Self { name: Cow::Borrowed(""), limit: 1024, push_back, keys: 16_384 }
    }
}

impl ConcurrencyConfig {
    /// `limit` calls at a time.
    pub fn new(limit: u32) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Errors, with the field, if it makes no sense.
    fn check(&self) -> Result<(), SettingError> {
        if self.limit == 0 {
            return Err(SettingError::new("ConcurrencyConfig::limit", "a limit of 0 lets no call pass"));
        }
        check_push_back("ConcurrencyConfig::push_back", self.push_back)?;
        check_keys("ConcurrencyConfig::keys", self.keys)
    }
}

/// Refuses calls while as many as a limit run: at once, before anything is decoded or sent.
///
/// A call runs until its answer is there or nobody waits for it any more; one that is answered by a stream until the
/// stream has ended or is dropped.
///
/// ```
/// use kitex_middleware::{ConcurrencyConfig, ConcurrencyLayer};
///
/// let over_all = ConcurrencyLayer::new(ConcurrencyConfig::new(256))?;
/// let of_each_method = ConcurrencyLayer::per_method(ConcurrencyConfig::new(64))?;
/// let of_each_tenant = ConcurrencyLayer::per_key(ConcurrencyConfig::new(8), "tenant", |request| {
///     request.context.persistent("TENANT").unwrap_or_default().into()
/// })?;
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
///
/// Clones of the layer, and all services that it makes, share its limits. There is one for each of 1 024 methods, and
/// one for all others together, to which belong those that no IDL is known of if service and name have more than 256 bytes
/// together. Of callers and keys [`ConcurrencyConfig::keys`] with calls under way are counted by themselves; those that come
/// while so many others have some are counted as one. Callers who do not say their name are one caller.
///
/// In a [`Registry`] its kind is `concurrency`; its state has the setting `limit`, `per`
/// (`all`, `method`, `caller`, or the name of the key), `refused` (calls), `last_refusal`, and `limits`: each with its
/// `method` and the calls `in_flight`, or, for callers and keys, how many `keys` have calls under way.
#[derive(Debug, Clone)]
pub struct ConcurrencyLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: ConcurrencyConfig,
    counters: Scoped<Counter>,
    refusals: Refusals,
}

impl ConcurrencyLayer {
    /// One limit over all calls. Errors if a setting makes no sense.
    pub fn new(config: ConcurrencyConfig) -> Result<Self, SettingError> {
        Self::of(config, |_| Scoped::Methods(Methods::all(Counter::default())))
    }

    /// A limit for each method.
    pub fn per_method(config: ConcurrencyConfig) -> Result<Self, SettingError> {
        Self::of(config, |_| Scoped::Methods(Methods::each(Counter::default)))
    }

    /// A limit for each caller, by the service name that it gives.
    pub fn per_caller(config: ConcurrencyConfig) -> Result<Self, SettingError> {
        Self::of(config, |keys| Scoped::caller(keys, Counter::default))
    }

    /// A limit for each key that `key` gives; `name` is what errors call it. A panic of the function fails the call.
    pub fn per_key<F>(config: ConcurrencyConfig, name: &'static str, key: F) -> Result<Self, SettingError>
    where
        F: for<'a> Fn(&'a Request) -> Cow<'a, str> + Send + Sync + 'static,
    {
        Self::of(config, |keys| Scoped::key(keys, Counter::default, name, key))
    }

    fn of(
        config: ConcurrencyConfig,
        counters: impl FnOnce(usize) -> Scoped<Counter>,
    ) -> Result<Self, SettingError> {
        config.check()?;
        let counters = counters(config.keys);
        Ok(Self { shared: Arc::new(Shared { config, counters, refusals: Refusals::default() }) })
    }

    /// Lists the limit in a registry.
    pub fn register(self, registry: &Registry) -> Self {
        registry.add(&self.shared);
        self
    }
}

guard_layer!(ConcurrencyLayer);

impl Guard for ConcurrencyLayer {
    type Held = Permit;

    #[inline]
    fn admit(&self, request: &mut Request, held: &mut Option<Permit>) -> Result<(), Error> {
        let shared = &*self.shared;
        let (place, counter) = shared.counters.find(request, |counter| counter.running() == 0)?;
        if !counter.enter(shared.config.limit) {
            return Err(shared.refuse(request));
        }
        *held = Some(Permit { place });
        Ok(())
    }

    #[inline]
    fn over(&self, permit: &mut Permit, _: bool) {
        if let Some(counter) = self.shared.counters.at(permit.place) {
            counter.leave();
        }
    }
}

/// A place among the calls that run.
#[derive(Debug)]
pub struct Permit {
    place: Place,
}

impl Shared {
    #[cold]
    fn refuse(&self, request: &Request) -> Error {
        let ConcurrencyConfig { name, limit, push_back, .. } = &self.config;
        let whose = self.counters.whose(request);
        let bound = format_args!("{limit} calls at a time {whose}");
        self.refusals.refuse("ConcurrencyConfig::limit", name, &request.method, bound, *push_back)
    }
}

impl Inspect for Shared {
    fn kind(&self) -> &'static str {
        "concurrency"
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn inspect(&self) -> Value {
        let running = |counter: &Counter| json!({ "in_flight": counter.running() });
        json!({
            "limit": self.config.limit,
            "per": self.counters.name(),
            "refused": self.refusals.count(),
            "last_refusal": self.refusals.last(),
            "limits": self.counters.inspect(|counter| counter.running() == 0, running),
        })
    }

    fn figures(&self) -> Vec<Figure> {
        let figures = |counter: &Counter| {
            [
                Figure::gauge("kitex.limit.in_flight", counter.running().into()),
                Figure::gauge("kitex.limit.limit", self.config.limit.into()),
            ]
        };
        let mut all = self.counters.figures(|counter| counter.running() == 0, figures);
        all.push(Figure::counter("kitex.limit.refused", self.refusals.count()));
        of_limit(all, self.kind(), &self.config.name)
    }
}
