//! No more calls than so many a second.

mod bucket;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use kitex_core::{Error, Figure, Inspect, Registry, Request, SettingError};

use crate::clock::{self, began_at, now};
use crate::figures::of_limit;
use crate::guard::{Guard, Nothing, guard_layer};
use crate::limit::{Methods, Refusals, Scoped, check_keys, nanos};

pub(crate) use bucket::{Bucket, Pace};

/// How many calls a [`RateLayer`] lets pass. Begins as 100 calls a second with as many at once, as Kitex's limiter does
/// for the rate it is given: there is no rate that suits all, so set it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RateConfig {
    /// What errors and the registry call the limit. Empty unless set.
    pub name: Cow<'static, str>,
    /// Calls a second, over time; need not be a whole number.
    pub rate: f64,
    /// Calls that may come at once after a time with fewer.
    pub burst: u32,
    /// Callers or keys that have a bucket of their own at a time. 16 384: together 0.5 MB, taken at the start.
    pub keys: usize,
}

impl Default for RateConfig {
    fn default() -> Self {
        Self { name: Cow::Borrowed(""), rate: 100.0, burst: 100, keys: 16_384 }
    }
}

impl RateConfig {
    /// `rate` calls a second, `burst` of them at once.
    pub fn new(rate: f64, burst: u32) -> Self {
        Self { rate, burst, ..Self::default() }
    }

    /// Errors, with the field, if it makes no sense.
    fn pace(&self) -> Result<Pace, SettingError> {
        let Self { rate, burst, keys, .. } = *self;
        check_keys("RateConfig::keys", keys)?;
        if burst == 0 {
            return Err(SettingError::new("RateConfig::burst", "a burst of 0 lets no call pass"));
        }
        pace("RateConfig::rate", rate, burst)
    }
}

/// The pace of a rate. Errors, naming `setting`, if there is no such rate.
pub(crate) fn pace(setting: &'static str, rate: f64, burst: u32) -> Result<Pace, SettingError> {
    if !(rate > 0.0 && rate <= bucket::MAX_RATE) {
        let most = bucket::MAX_RATE;
        return Err(SettingError::new(setting, format!("{rate} a second is not above 0 and at most {most}")));
    }
    let slow =
        || SettingError::new(setting, format!("at {rate} a second a burst of {burst} takes over 10 years"));
    Pace::new(rate, burst).ok_or_else(slow)
}

/// Refuses calls that come faster than a rate: at once, before anything is decoded or sent, with the time after which
/// the next one may pass as the push-back.
///
/// Each limit is a token bucket: it fills at the rate, up to the burst, and each call takes one. A call that is refused
/// takes none. A call is counted when it begins, so that of a stream it is the beginning that counts.
///
/// ```
/// use kitex_middleware::{RateConfig, RateLayer};
///
/// let over_all = RateLayer::new(RateConfig::new(5_000.0, 500))?;
/// let of_each_caller = RateLayer::per_caller(RateConfig::new(100.0, 20))?;
/// let of_each_tenant = RateLayer::per_key(RateConfig::new(50.0, 10), "tenant", |request| {
///     request.context.persistent("TENANT").unwrap_or_default().into()
/// })?;
/// let error = RateLayer::new(RateConfig::new(0.0, 1)).unwrap_err();
/// assert_eq!(error.to_string(), "RateConfig::rate: 0 a second is not above 0 and at most 100000000");
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
///
/// Clones of the layer, and all services that it makes, share its limits. There is a bucket for each of 1 024 methods,
/// and one for all others together. Of callers and keys [`RateConfig::keys`] have one of their own; those that come
/// while so many others are under way share one. One whose bucket is full again makes room, since a new one would be
/// full as well. Callers who do not say their name are one caller.
///
/// The time of a call is that at which it [began](kitex_core::Context::began). Time that goes backwards gives no tokens
/// and takes none.
///
/// In a [`Registry`] its kind is `rate`; its state has the settings `rate` and `burst`, `per` (`all`, `method`,
/// `caller`, or the name of the key), `refused` (calls), `last_refusal`, and `limits`: each with its `method` and
/// `tokens`, or, for callers and keys, how many `keys` there are whose buckets are not full.
#[derive(Debug, Clone)]
pub struct RateLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: RateConfig,
    pace: Pace,
    buckets: Scoped<Bucket>,
    refusals: Refusals,
    epoch: Instant,
}

impl RateLayer {
    /// One limit over all calls. Errors if a setting makes no sense.
    pub fn new(config: RateConfig) -> Result<Self, SettingError> {
        Self::of(config, |_| Scoped::Methods(Methods::all(Bucket::default())))
    }

    /// A limit for each method.
    pub fn per_method(config: RateConfig) -> Result<Self, SettingError> {
        Self::of(config, |_| Scoped::Methods(Methods::each(Bucket::default)))
    }

    /// A limit for each caller, by the service name that it gives.
    pub fn per_caller(config: RateConfig) -> Result<Self, SettingError> {
        Self::of(config, |keys| Scoped::caller(keys, Bucket::default))
    }

    /// A limit for each key that `key` gives; `name` is what errors call it. A panic of the function fails the call.
    pub fn per_key<F>(config: RateConfig, name: &'static str, key: F) -> Result<Self, SettingError>
    where
        F: for<'a> Fn(&'a Request) -> Cow<'a, str> + Send + Sync + 'static,
    {
        Self::of(config, |keys| Scoped::key(keys, Bucket::default, name, key))
    }

    fn of(config: RateConfig, buckets: impl FnOnce(usize) -> Scoped<Bucket>) -> Result<Self, SettingError> {
        let (pace, buckets) = (config.pace()?, buckets(config.keys));
        let shared = Shared { config, pace, buckets, refusals: Refusals::default(), epoch: now() };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Lists the limit in a registry.
    pub fn register(self, registry: &Registry) -> Self {
        registry.add(&self.shared);
        self
    }
}

guard_layer!(RateLayer);

impl Guard for RateLayer {
    type Held = Nothing;

    #[inline]
    fn holds(&self) -> bool {
        false
    }

    #[inline]
    fn admit(&self, request: &mut Request, _: &mut Option<Nothing>) -> Result<(), Error> {
        let shared = &*self.shared;
        let now = nanos(shared.epoch, began_at(request));
        let (_, bucket) = shared.buckets.find(request, |bucket| bucket.is_full(now))?;
        let clock = || nanos(shared.epoch, clock::now());
        shared.pace.take(bucket, now, clock).map_err(|wait| shared.refuse(request, wait))
    }
}

impl Shared {
    #[cold]
    fn refuse(&self, request: &Request, wait: Duration) -> Error {
        let RateConfig { name, rate, burst, .. } = &self.config;
        let whose = self.buckets.whose(request);
        let bound = format_args!("{rate} calls/s (burst {burst}) {whose}");
        self.refusals.refuse("RateConfig::rate", name, &request.method, bound, wait)
    }

    fn limits(&self) -> Value {
        let now = nanos(self.epoch, now());
        let tokens = |bucket: &Bucket| json!({ "tokens": self.pace.tokens(bucket, now) });
        self.buckets.inspect(|bucket| bucket.is_full(now), tokens)
    }
}

impl Inspect for Shared {
    fn kind(&self) -> &'static str {
        "rate"
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn inspect(&self) -> Value {
        json!({
            "rate": self.config.rate,
            "burst": self.config.burst,
            "per": self.buckets.name(),
            "refused": self.refusals.count(),
            "last_refusal": self.refusals.last(),
            "limits": self.limits(),
        })
    }

    fn figures(&self) -> Vec<Figure> {
        let now = nanos(self.epoch, now());
        let figures =
            |bucket: &Bucket| [Figure::gauge("kitex.limit.tokens", self.pace.tokens(bucket, now) as f64)];
        let mut all = self.buckets.figures(|bucket| bucket.is_full(now), figures);
        all.push(Figure::counter("kitex.limit.refused", self.refusals.count()));
        of_limit(all, self.kind(), &self.config.name)
    }
}
