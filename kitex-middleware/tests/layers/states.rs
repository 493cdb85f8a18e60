//! States of layers as metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kitex_core::{Context, Error, Figure, Inspect, Registry, Stage};
use kitex_middleware::{
    AdaptiveConfig, AdaptiveLayer, BreakerConfig, BreakerLayer, ConcurrencyConfig, ConcurrencyLayer,
    RateConfig, RateLayer, RetryConfig, RetryLayer, RetryPolicy, StateMetrics,
};
use metrics_util::CompositeKey;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::mock::{Mock, OnShared, call, never};

/// Every figure: its name and labels, and the value. Counters are what was added since.
fn figures(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let figure = |(key, value): (CompositeKey, DebugValue)| {
        let labels: String =
            key.key().labels().map(|label| format!(" {}={}", label.key(), label.value())).collect();
        let value = match value {
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Counter(value) => value as f64,
            DebugValue::Histogram(_) => unreachable!("no histogram is among the states"),
        };
        (format!("{}{labels}", key.key().name()), value)
    };
    snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| figure((key, value))).collect()
}

#[tokio::test(start_paused = true)]
async fn limits_breakers_and_budgets_are_gauges_and_counters_while_they_are_there() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let (registry, snapshotter) = (Registry::new(), recorder.snapshotter());
    let states = StateMetrics::new(&registry);

    let mut config = ConcurrencyConfig::new(1);
    config.name = "small".into();
    let concurrency = ConcurrencyLayer::per_method(config).unwrap().register(&registry);
    let adaptive = AdaptiveLayer::new(AdaptiveConfig::default()).unwrap().register(&registry);
    let rate = RateLayer::new(RateConfig::new(1.0, 5)).unwrap().register(&registry);
    let mut service = rate.layer(adaptive.layer(concurrency.layer(Mock::new(|_| never()))));
    let mut other = service.clone();
    let mut running = Box::pin(call(&mut service, Context::new()));
    assert!(futures_util::poll!(&mut running).is_pending());
    call(&mut other, Context::new()).await.unwrap_err();

    let mut config = BreakerConfig::default();
    config.consecutive_failures = Some(2);
    let breaker = BreakerLayer::new(config).unwrap().named("own").register(&registry);
    let mut policy = RetryPolicy::failure();
    policy.assume_idempotent = true;
    let retry = RetryLayer::new(RetryConfig::new(policy)).unwrap().register(&registry);
    let failing = Mock::new(|_| std::future::ready(Err(Error::deadline(Stage::Read))));
    let mut failing = retry.layer(breaker.layer(failing));
    call(&mut failing, Context::new()).await.unwrap_err();

    states.record();
    let found = figures(&snapshotter);
    let expected = [
        (
            "kitex.limit.in_flight rpc.method=EchoSvc/Echo kitex.limit.kind=concurrency kitex.limit.name=small",
            1.0,
        ),
        (
            "kitex.limit.limit rpc.method=EchoSvc/Echo kitex.limit.kind=concurrency kitex.limit.name=small",
            1.0,
        ),
        ("kitex.limit.refused kitex.limit.kind=concurrency kitex.limit.name=small", 1.0),
        ("kitex.limit.in_flight kitex.limit.kind=adaptive", 1.0),
        ("kitex.limit.limit kitex.limit.kind=adaptive", 20.0),
        ("kitex.limit.tokens kitex.limit.kind=rate", 3.0),
        ("kitex.breaker.state rpc.method=EchoSvc/Echo kitex.breaker.name=own", 2.0),
        ("kitex.breaker.trips rpc.method=EchoSvc/Echo kitex.breaker.name=own", 1.0),
        ("kitex.retry.attempts kitex.retry.kind=retry rpc.method=EchoSvc/Echo", 2.0),
        ("kitex.retry.saved", 98.0),
    ];
    for (name, value) in expected {
        let shown = found.get(name).copied();
        assert_eq!(shown.map(f64::round), Some(value), "{name}: {found:#?}");
    }

    drop(running);
    drop((service, other, concurrency, adaptive, rate, failing, breaker, retry));
    states.record();
    let gone = figures(&snapshotter);
    assert!(gone.values().all(|value| *value == 0.0), "nothing is there, and nothing was added: {gone:#?}");
}

struct Job(AtomicU64);

impl Job {
    /// One that has done so much. With nothing done, it panics when it is asked.
    fn new(done: u64) -> Arc<Self> {
        Arc::new(Self(done.into()))
    }

    fn done(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Inspect for Job {
    fn kind(&self) -> &'static str {
        "job"
    }

    fn inspect(&self) -> serde_json::Value {
        self.done().into()
    }

    fn figures(&self) -> Vec<Figure> {
        let done = self.done();
        assert!(done > 0, "no job");
        vec![Figure::gauge("jobs", 1.0), Figure::level("worst", done as f64), Figure::counter("done", done)]
    }
}

#[test]
fn of_several_with_one_name_there_is_one_series_and_one_that_panics_is_left_out() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let (registry, snapshotter) = (Registry::new(), recorder.snapshotter());
    let states = StateMetrics::new(&registry);
    let jobs = [7, 0, 4].map(|done| {
        let job = Job::new(done);
        registry.add(&job);
        job
    });
    states.record();
    let first = figures(&snapshotter);
    assert_eq!(["jobs", "worst", "done"].map(|name| first[name]), [2.0, 7.0, 11.0]);
    states.record();
    let again = figures(&snapshotter);
    assert_eq!(again["done"], 0.0, "nothing more was done");
    let [first, ..] = jobs;
    drop(first);
    states.record();
    let later = figures(&snapshotter);
    assert_eq!(["jobs", "worst", "done"].map(|name| later[name]), [1.0, 4.0, 0.0]);
}

#[test]
fn several_registries_are_summed_and_what_two_list_counts_once() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let (one, other, snapshotter) = (Registry::new(), Registry::new(), recorder.snapshotter());
    let mut states = StateMetrics::new(&one);
    states.add(&other);
    states.add(&one);
    let [left, right, both] = [7, 4, 2].map(Job::new);
    one.add(&left);
    other.add(&right);
    one.add(&both);
    other.add(&both);
    states.record();
    let first = figures(&snapshotter);
    assert_eq!(["jobs", "worst", "done"].map(|name| first[name]), [3.0, 7.0, 13.0]);
    drop(left);
    states.record();
    let later = figures(&snapshotter);
    assert_eq!(["jobs", "worst", "done"].map(|name| later[name]), [2.0, 4.0, 0.0]);
}

#[test]
fn a_counter_goes_on_after_a_panic_and_after_a_lower_figure() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let (registry, snapshotter, job) = (Registry::new(), recorder.snapshotter(), Job::new(7));
    let states = StateMetrics::new(&registry);
    registry.add(&job);
    // Nothing done is a panic.
    for (done, more) in [(7, 7.0), (0, 0.0), (9, 2.0), (8, 0.0), (9, 0.0), (10, 1.0)] {
        job.0.store(done, Ordering::Relaxed);
        states.record();
        assert_eq!(figures(&snapshotter).get("done").copied().unwrap_or(0.0), more, "at {done}");
    }
}

#[test]
fn what_comes_after_a_state_that_is_gone_counts_from_its_beginning() {
    let recorder = DebuggingRecorder::new();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let (registry, snapshotter) = (Registry::new(), recorder.snapshotter());
    let states = StateMetrics::new(&registry);
    let other = Job::new(1);
    registry.add(&other);
    states.record();
    figures(&snapshotter);
    // An address is used again sooner or later, unless something keeps it.
    for done in 7..107 {
        let job = Job::new(done);
        registry.add(&job);
        states.record();
        assert_eq!(figures(&snapshotter)["done"], done as f64);
        drop(job);
        // The registry lets go of what is gone, so that the next may come to be at the same address.
        registry.add(&other);
    }
}
