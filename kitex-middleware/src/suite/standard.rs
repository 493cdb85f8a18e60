//! What keeps a service up, in one line.

use kitex_core::{CallRef, SharedService};
use tower_layer::Layer;

use super::Suite;
#[cfg(feature = "metrics")]
use crate::MetricsLayer;
use crate::{
    AdaptiveLayer, BreakerConfig, BreakerLayer, CatchPanicLayer, ConcurrencyConfig, ConcurrencyLayer,
    LayerService, RateLayer, RetryConfig, RetryLayer, RetryService,
};

/// Calls at a time that a server takes, unless it is told otherwise: more than a service that keeps up ever has, and few
/// enough for those that wait in one that does not to fit into its memory.
const CALLS: u32 = 10_000;

/// What keeps a service up, with settings that suit most. A client and a server take it on in one line:
/// `.suite(Suite::standard())`.
///
/// | from the outside in | on a client | on a server |
/// |---|---|---|
/// | trace | of the client itself, as without the suite | of the server itself, as without the suite |
/// | deadline | of the client itself: `timeout` | its caller's; `default_timeout` for calls without one |
/// | metrics (feature `metrics`) | each call, its attempts included | each call |
/// | limits | none but those of its connections | [10 000 calls at a time](Self::concurrency), and more if [set](Self::rate) |
/// | retry | [`RetryPolicy::failure`](crate::RetryPolicy::failure) within the default [budget](crate::RetryBudget) | |
/// | breaker | [`BreakerConfig::default`], for each method | |
/// | panic catcher | of whatever stands inside | of the handler, and what stands inside |
///
/// Panics of everything outside are caught by clients and servers themselves, with a suite and without.
///
/// Each part is a layer, and another of the kind can take its place; what makes no sense is refused where that is made:
///
/// ```
/// use kitex_middleware::{BreakerConfig, BreakerLayer, RateConfig, RateLayer, Suite};
///
/// let mut config = BreakerConfig::default();
/// config.failure_rate = 0.3;
/// let suite = Suite::standard()
///     .breaker(BreakerLayer::new(config)?)
///     .rate(RateLayer::per_caller(RateConfig::new(100.0, 20))?)
///     .without_retry();
/// # let _ = suite;
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
///
/// Whoever takes it on lists breaker, retry and limits in its registry. All parts together cost a call one allocation a
/// side.
#[derive(Debug, Clone)]
#[must_use = "a suite does nothing until a client or a server takes it on"]
pub struct StandardSuite {
    breaker: Option<BreakerLayer>,
    retry: Option<RetryLayer>,
    rate: Option<RateLayer>,
    concurrency: Option<ConcurrencyLayer>,
    adaptive: Option<AdaptiveLayer>,
    metrics: bool,
}

impl StandardSuite {
    pub(super) fn new() -> Self {
        let sense = "the defaults make sense";
        Self {
            breaker: Some(BreakerLayer::new(BreakerConfig::default()).expect(sense)),
            retry: Some(RetryLayer::new(RetryConfig::default()).expect(sense)),
            rate: None,
            concurrency: Some(ConcurrencyLayer::new(ConcurrencyConfig::new(CALLS)).expect(sense)),
            adaptive: None,
            metrics: true,
        }
    }

    /// Another breaker of a client.
    pub fn breaker(mut self, layer: BreakerLayer) -> Self {
        self.breaker = Some(layer);
        self
    }

    /// No breaker: a client calls whoever keeps failing.
    pub fn without_breaker(mut self) -> Self {
        self.breaker = None;
        self
    }

    /// Other retries of a client, or backup requests.
    pub fn retry(mut self, layer: RetryLayer) -> Self {
        self.retry = Some(layer);
        self
    }

    /// No retry: a client makes each call once.
    pub fn without_retry(mut self) -> Self {
        self.retry = None;
        self
    }

    /// Calls a second that a server takes: in all, or of each method, caller or key. Without this, as many as come.
    pub fn rate(mut self, layer: RateLayer) -> Self {
        self.rate = Some(layer);
        self
    }

    /// Calls at a time that a server takes: in all, or of each method, caller or key.
    pub fn concurrency(mut self, layer: ConcurrencyLayer) -> Self {
        self.concurrency = Some(layer);
        self
    }

    /// As many calls at a time as a server can take, found by itself. The limit of calls at a time stays beside it.
    pub fn adaptive(mut self, layer: AdaptiveLayer) -> Self {
        self.adaptive = Some(layer);
        self
    }

    /// No limits of a server, be they set or not.
    pub fn without_limits(mut self) -> Self {
        (self.rate, self.concurrency, self.adaptive) = (None, None, None);
        self
    }

    /// No metrics.
    pub fn without_metrics(mut self) -> Self {
        self.metrics = false;
        self
    }

    fn client(&self) -> Client {
        Client {
            #[cfg(feature = "metrics")]
            metrics: self.metrics.then(MetricsLayer::client),
            retry: self.retry.clone(),
            breaker: self.breaker.clone(),
        }
    }

    fn server(&self) -> Server {
        Server {
            #[cfg(feature = "metrics")]
            metrics: self.metrics.then(MetricsLayer::server),
            rate: self.rate.clone(),
            concurrency: self.concurrency.clone(),
            adaptive: self.adaptive.clone(),
        }
    }
}

impl From<StandardSuite> for Suite {
    fn from(standard: StandardSuite) -> Self {
        let mut suite = Self::new("standard");
        suite.client.push_ref("standard", standard.client());
        suite.server.push_ref("standard", standard.server());
        let StandardSuite { breaker, retry, rate, concurrency, adaptive, .. } = standard;
        let states = suite.client.states();
        // Registering gives the layer back, which is in the stack already.
        drop((breaker.map(|layer| layer.register(states)), retry.map(|layer| layer.register(states))));
        let states = suite.server.states();
        drop((rate.map(|layer| layer.register(states)), concurrency.map(|layer| layer.register(states))));
        drop(adaptive.map(|layer| layer.register(states)));
        suite
    }
}

/// The layers of a client as one, so that their futures are in one box.
struct Client {
    #[cfg(feature = "metrics")]
    metrics: Option<MetricsLayer>,
    retry: Option<RetryLayer>,
    breaker: Option<BreakerLayer>,
}

type Guarded<S, L> = LayerService<S, Option<L>>;

type Caught = LayerService<SharedService, CatchPanicLayer>;

type Attempt = Guarded<Caught, BreakerLayer>;

type Attempts = RetryService<Attempt>;

#[cfg(feature = "metrics")]
type Measured<S> = Guarded<S, MetricsLayer>;

#[cfg(not(feature = "metrics"))]
type Measured<S> = S;

impl Layer<SharedService> for Client {
    type Service = Measured<Attempts>;

    fn layer(&self, inner: SharedService) -> Self::Service {
        let attempt = LayerService::new(CatchPanicLayer::client().layer(inner), self.breaker.clone());
        let returns = attempt.returns_requests();
        let attempts = RetryService::new(attempt, self.retry.as_ref(), returns);
        #[cfg(feature = "metrics")]
        let attempts = LayerService::new(attempts, self.metrics.clone());
        attempts
    }
}

/// The layers of a server as one.
struct Server {
    #[cfg(feature = "metrics")]
    metrics: Option<MetricsLayer>,
    rate: Option<RateLayer>,
    concurrency: Option<ConcurrencyLayer>,
    adaptive: Option<AdaptiveLayer>,
}

type Adapted = Guarded<Caught, AdaptiveLayer>;

type Limited = Guarded<Guarded<Adapted, ConcurrencyLayer>, RateLayer>;

impl Layer<SharedService> for Server {
    type Service = Measured<Limited>;

    fn layer(&self, inner: SharedService) -> Self::Service {
        let adapted = LayerService::new(CatchPanicLayer::server().layer(inner), self.adaptive.clone());
        let limited = LayerService::new(adapted, self.concurrency.clone());
        let limited = LayerService::new(limited, self.rate.clone());
        #[cfg(feature = "metrics")]
        let limited = LayerService::new(limited, self.metrics.clone());
        limited
    }
}
