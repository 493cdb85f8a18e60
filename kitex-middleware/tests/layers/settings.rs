//! Settings that make no sense: each is refused when its layer is built, by an error that names the field.

use std::time::Duration;

use kitex_core::SettingError;
use kitex_middleware::{
    AccessLayer, AccessRule, AdaptiveConfig, AdaptiveLayer, BackOff, BreakerConfig, BreakerLayer,
    BreakerPicker, ConcurrencyConfig, ConcurrencyLayer, FallbackLayer, Fault, FaultLayer, FaultRule, Hedge,
    HedgeDelay, Match, PeerLimit, PeerLimitConfig, RateConfig, RateLayer, RetryBudget, RetryConfig,
    RetryLayer, RetryPolicy,
};

const NOTHING: Duration = Duration::ZERO;

/// Numbers that no rate can be.
const NO_RATES: [f64; 5] = [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9];

/// Numbers that are no share.
const NO_SHARES: [f64; 5] = [-0.1, 1.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// What is refused, field by field: the field, and what its layer says.
type Refusals = Vec<(&'static str, Result<(), SettingError>)>;

fn breaker(edit: impl Fn(&mut BreakerConfig)) -> Result<(), SettingError> {
    let mut config = BreakerConfig::default();
    edit(&mut config);
    let picker = BreakerPicker::new(config.clone());
    let layer = BreakerLayer::new(config);
    assert_eq!(layer.as_ref().err(), picker.as_ref().err(), "the same for methods and endpoints");
    layer.map(drop)
}

fn breakers() -> Refusals {
    let mut refused = vec![
        ("BreakerConfig::bucket", breaker(|config| config.bucket = NOTHING)),
        ("BreakerConfig::bucket", breaker(|config| config.bucket = Duration::MAX)),
        ("BreakerConfig::buckets", breaker(|config| config.buckets = 0)),
        ("BreakerConfig::buckets", breaker(|config| config.buckets = usize::MAX)),
        ("BreakerConfig::min_samples", breaker(|config| config.min_samples = 0)),
        ("BreakerConfig::consecutive_failures", breaker(|config| config.consecutive_failures = Some(0))),
        ("BreakerConfig::slow_call", breaker(|config| config.slow_call = Some((NOTHING, 0.5)))),
        ("BreakerConfig::open_for", breaker(|config| config.open_for = NOTHING)),
        ("BreakerConfig::open_for", breaker(|config| config.open_for = Duration::MAX)),
        ("BreakerConfig::probe_interval", breaker(|config| config.probe_interval = Duration::MAX)),
        ("BreakerConfig::probes", breaker(|config| config.probes = 0)),
        ("BreakerConfig::probe_successes", breaker(|config| config.probe_successes = 0)),
    ];
    for share in NO_SHARES.into_iter().chain([0.0]) {
        let slow = Some((Duration::from_secs(1), share));
        refused.push(("BreakerConfig::failure_rate", breaker(|config| config.failure_rate = share)));
        refused.push(("BreakerConfig::slow_call", breaker(|config| config.slow_call = slow)));
    }
    refused
}

fn rate(edit: impl Fn(&mut RateConfig)) -> Result<(), SettingError> {
    let mut config = RateConfig::default();
    edit(&mut config);
    RateLayer::per_caller(config).map(drop)
}

fn concurrency(edit: impl Fn(&mut ConcurrencyConfig)) -> Result<(), SettingError> {
    let mut config = ConcurrencyConfig::default();
    edit(&mut config);
    ConcurrencyLayer::per_caller(config).map(drop)
}

fn adaptive(edit: impl Fn(&mut AdaptiveConfig)) -> Result<(), SettingError> {
    let mut config = AdaptiveConfig::default();
    edit(&mut config);
    AdaptiveLayer::new(config).map(drop)
}

fn peers(edit: impl Fn(&mut PeerLimitConfig)) -> Result<(), SettingError> {
    let mut config = PeerLimitConfig::default();
    edit(&mut config);
    PeerLimit::new(config).map(drop)
}

fn limits() -> Refusals {
    let mut refused = vec![
        ("RateConfig::burst", rate(|config| config.burst = 0)),
        ("RateConfig::keys", rate(|config| config.keys = 0)),
        ("RateConfig::keys", rate(|config| config.keys = usize::MAX)),
        ("ConcurrencyConfig::limit", concurrency(|config| config.limit = 0)),
        ("ConcurrencyConfig::keys", concurrency(|config| config.keys = 0)),
        ("ConcurrencyConfig::keys", concurrency(|config| config.keys = usize::MAX)),
        ("AdaptiveConfig::min", adaptive(|config| config.min = 0)),
        ("AdaptiveConfig::min", adaptive(|config| config.max = 0)),
        ("AdaptiveConfig::initial", adaptive(|config| config.initial = 0)),
        ("ConcurrencyConfig::push_back", concurrency(|config| config.push_back = Duration::MAX)),
        ("AdaptiveConfig::window", adaptive(|config| config.window = NOTHING)),
        ("AdaptiveConfig::window", adaptive(|config| config.window = Duration::MAX)),
        ("AdaptiveConfig::push_back", adaptive(|config| config.push_back = Duration::MAX)),
        ("AdaptiveConfig::samples", adaptive(|config| config.samples = 0)),
        ("AdaptiveConfig::remeasure", adaptive(|config| config.remeasure = NOTHING)),
        ("PeerLimitConfig::connections", peers(|config| config.connections = Some(0))),
        ("PeerLimitConfig::rate", peers(|config| config.rate = Some((1.0, 0)))),
        ("PeerLimitConfig::addresses", peers(|config| config.addresses = 0)),
        ("PeerLimitConfig::addresses", peers(|config| config.addresses = usize::MAX)),
    ];
    for no_rate in NO_RATES {
        refused.push(("RateConfig::rate", rate(|config| config.rate = no_rate)));
        refused.push(("PeerLimitConfig::rate", peers(|config| config.rate = Some((no_rate, 1)))));
    }
    for tolerance in [0.0, 0.9, -1.0, 101.0, f64::NAN, f64::INFINITY] {
        refused.push(("AdaptiveConfig::tolerance", adaptive(|config| config.tolerance = tolerance)));
    }
    refused
}

fn policy(edit: impl Fn(&mut RetryPolicy)) -> Result<(), SettingError> {
    let mut policy = RetryPolicy::mixed(Hedge::percentile(99.0));
    edit(&mut policy);
    let of_a_method = RetryConfig::default().with_method("Say", policy.clone());
    let of_a_method = RetryLayer::new(of_a_method).map(drop);
    let of_all = RetryLayer::new(RetryConfig::new(policy)).map(drop);
    assert_eq!(of_all, of_a_method, "the same for all methods and for one");
    of_all
}

fn budget(edit: impl Fn(&mut RetryBudget)) -> Result<(), SettingError> {
    let mut config = RetryConfig::default();
    edit(&mut config.budget);
    RetryLayer::new(config).map(drop)
}

fn delayed(delay: HedgeDelay) -> Result<(), SettingError> {
    let mut hedge = Hedge::percentile(99.0);
    hedge.delay = delay;
    policy(|policy| policy.hedge = Some(hedge))
}

fn backed_off(back_off: BackOff) -> Result<(), SettingError> {
    policy(|policy| policy.back_off = back_off)
}

fn retries() -> Refusals {
    let (ms, least) = (Duration::from_millis(1), Duration::ZERO);
    let mut often = Hedge::percentile(99.0);
    often.most = 2;
    let mut refused = vec![
        ("RetryPolicy::attempts", policy(|policy| policy.attempts = 0)),
        ("RetryPolicy::attempts", policy(|policy| policy.attempts = 17)),
        ("RetryPolicy::max_duration", policy(|policy| policy.max_duration = Some(NOTHING))),
        ("RetryPolicy::attempt_timeout", policy(|policy| policy.attempt_timeout = Some(NOTHING))),
        ("RetryPolicy::least_time", policy(|policy| policy.least_time = Duration::MAX)),
        ("RetryPolicy::back_off", backed_off(BackOff::Fixed(NOTHING))),
        ("RetryPolicy::back_off", backed_off(BackOff::Random { least: ms, most: ms })),
        ("RetryPolicy::back_off", backed_off(BackOff::Exponential { first: NOTHING, most: ms })),
        ("RetryPolicy::back_off", backed_off(BackOff::Exponential { first: 2 * ms, most: ms })),
        ("Hedge::most", policy(|policy| policy.hedge = Some(often))),
        ("Hedge::delay", delayed(HedgeDelay::After(NOTHING))),
        ("RetryBudget::window", budget(|budget| budget.window = NOTHING)),
        ("RetryBudget::window", budget(|budget| budget.window = Duration::MAX)),
        ("RetryConfig::with_method", {
            RetryLayer::new(RetryConfig::default().with_method("", RetryPolicy::off())).map(drop)
        }),
        ("RetryConfig::with_idempotent", {
            RetryLayer::new(RetryConfig::default().with_idempotent("Orders.")).map(drop)
        }),
    ];
    for share in NO_SHARES {
        refused.push(("RetryBudget::share", budget(|budget| budget.share = share)));
    }
    for rate in [-1.0, f64::NAN, f64::INFINITY] {
        refused.push(("RetryBudget::least_per_second", budget(|budget| budget.least_per_second = rate)));
    }
    for percentile in [0.0, 100.0, 101.0, f64::NAN] {
        refused.push(("HedgeDelay::percentile", delayed(HedgeDelay::Percentile { percentile, least })));
    }
    refused
}

fn guards() -> Refusals {
    let nowhere = || Match::all().peers(["nowhere"]);
    let faults = FaultLayer::seeded(1).handle();
    let mut refused = vec![
        ("Match::peers", AccessLayer::new([AccessRule::allow(nowhere())]).map(drop)),
        ("Match::peers", FallbackLayer::new(|_, error| async { Err(error) }).only(nowhere()).map(drop)),
        ("Match::peers", faults.set([FaultRule::new(Fault::Abort, 1.0).of(nowhere())])),
    ];
    for percent in [-1.0, 100.1, f64::NAN, f64::INFINITY] {
        refused.push(("FaultRule::percent", faults.set([FaultRule::new(Fault::Abort, percent)])));
    }
    refused
}

#[test]
fn each_is_refused_by_the_name_of_its_field() {
    for (at, (field, result)) in [breakers(), limits(), retries(), guards()].concat().into_iter().enumerate()
    {
        let error = result.err().map(|error| (error.setting(), error.to_string()));
        let (setting, text) = error.unwrap_or(("", format!("row {at}: {field} is not refused")));
        assert_eq!(setting, field, "{text}");
        assert!(text.starts_with(&format!("{field}: ")), "{text}");
    }
}
