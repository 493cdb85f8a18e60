//! Adaptive limits, by simulations in paused time: the same seed gives the same run.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::mock::OnShared;
use kitex_core::{
    Body, ConnectionInfo, Context, Error, ErrorKind, MessageStream, Metadata, Peer, Registry, Response,
    Scope, Sent, SharedService, Stage, Status,
};
use kitex_middleware::{AdaptiveConfig, AdaptiveLayer, Priority, RetryConfig, RetryLayer};
use tokio::sync::Semaphore;
use tokio::time::{Instant, advance, sleep, sleep_until};

use crate::mock::{Mock, call, never, request};

const SECOND: Duration = Duration::from_secs(1);

/// splitmix64.
struct Seeded(u64);

impl Seeded {
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A time of exponential distribution.
    fn exponential(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-(1.0 - self.fraction()).ln())
    }
}

/// Calls that a backend works on at a time; the others wait for their turn.
const WORKERS: usize = 16;

/// What the backend needs for a call, on average.
const TAKES: Duration = Duration::from_millis(100);

/// Calls a second that the backend can serve.
const CAPACITY: f64 = WORKERS as f64 / 0.1;

fn backend(seed: u64, takes: Arc<Mutex<Duration>>) -> Mock {
    let (workers, seeded) = (Arc::new(Semaphore::new(WORKERS)), Arc::new(Mutex::new(Seeded(seed))));
    Mock::new(move |_| {
        let mean = *takes.lock().unwrap();
        // Half is the same for all calls.
        let time = mean / 2 + seeded.lock().unwrap().exponential(mean / 2);
        let workers = Arc::clone(&workers);
        async move {
            let _worker = workers.acquire().await.unwrap();
            sleep(time).await;
            Ok(Response::empty(Status::Ok))
        }
    })
}

/// What became of calls.
#[derive(Default, Debug, PartialEq)]
struct Outcome {
    /// How long those took that were served.
    served: Vec<Duration>,
    refused: usize,
}

impl Outcome {
    fn p99(&mut self) -> Duration {
        self.served.sort();
        self.served[self.served.len() * 99 / 100]
    }

    fn share(&self) -> f64 {
        self.served.len() as f64 / (self.served.len() + self.refused) as f64
    }
}

/// Calls that come by chance, so many a second, for a time; the outcome of those after the first `warm_up`.
async fn load(
    service: &SharedService,
    seed: u64,
    rate: f64,
    warm_up: Duration,
    time: Duration,
    priority: Option<&'static str>,
) -> Outcome {
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let (mut seeded, begin) = (Seeded(seed), Instant::now());
    let (mut at, mut calls) = (begin, Vec::new());
    while at < begin + warm_up + time {
        sleep_until(at).await;
        let (answer, outcome) = (service.call(request(with(priority))), Arc::clone(&outcome));
        let counts = at >= begin + warm_up;
        calls.push(tokio::spawn(async move {
            let came = Instant::now();
            let result = answer.await;
            if counts {
                let mut outcome = outcome.lock().unwrap();
                match result {
                    Ok(_) => outcome.served.push(came.elapsed()),
                    Err(_) => outcome.refused += 1,
                }
            }
        }));
        at += seeded.exponential(Duration::from_secs_f64(1.0 / rate));
    }
    for call in calls {
        call.await.unwrap();
    }
    let mut outcome = outcome.lock().unwrap();
    std::mem::take(&mut outcome)
}

fn with(priority: Option<&str>) -> Context {
    let mut context = Context::new();
    if let Some(priority) = priority {
        context.metadata.set(Scope::Persistent, "PRIORITY", priority.to_owned());
    }
    context
}

fn fixed() -> Arc<Mutex<Duration>> {
    Arc::new(Mutex::new(TAKES))
}

fn limited(seed: u64) -> SharedService {
    AdaptiveLayer::new(AdaptiveConfig::default()).unwrap().layer(backend(seed, fixed()))
}

#[tokio::test(start_paused = true)]
async fn three_times_too_many_calls_leave_the_goodput_and_the_latency_of_those_admitted() {
    for seed in [1, 2, 3] {
        let bare = SharedService::new(backend(seed, fixed()));
        let unloaded = load(&bare, seed, CAPACITY * 0.3, Duration::ZERO, 60 * SECOND, None).await.p99();
        let service = limited(seed);
        let mut outcome = load(&service, seed, CAPACITY * 3.0, 5 * SECOND, 60 * SECOND, None).await;
        let goodput = outcome.served.len() as f64 / 60.0;
        assert!(goodput >= 0.9 * CAPACITY, "{goodput} of {CAPACITY} calls a second");
        let p99 = outcome.p99();
        assert!(p99 < 3 * unloaded, "{p99:?}, without load {unloaded:?}");

        let mut without = load(&bare, seed, CAPACITY * 3.0, 5 * SECOND, 60 * SECOND, None).await;
        assert!(without.p99() > 50 * unloaded, "without a limit there is a queue");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run() {
    let mut outcomes = Vec::new();
    for seed in [7, 7, 8] {
        outcomes.push(load(&limited(seed), seed, CAPACITY * 2.0, Duration::ZERO, 10 * SECOND, None).await);
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert_ne!(outcomes[0], outcomes[2]);
}

#[tokio::test(start_paused = true)]
async fn what_a_backend_can_take_is_not_refused() {
    let outcome = load(&limited(5), 5, CAPACITY * 0.6, 5 * SECOND, 60 * SECOND, None).await;
    assert!(outcome.share() > 0.99, "{}", outcome.share());
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_becomes_slower_for_good_is_used_in_full_again() {
    let takes = fixed();
    let registry = Registry::new();
    let layer = AdaptiveLayer::new(AdaptiveConfig::default()).unwrap().register(&registry);
    let service = layer.layer(backend(3, Arc::clone(&takes)));
    load(&service, 1, CAPACITY * 3.0, Duration::ZERO, 20 * SECOND, None).await;
    *takes.lock().unwrap() = 3 * TAKES;
    let outcome = load(&service, 2, CAPACITY, 40 * SECOND, 60 * SECOND, None).await;
    let goodput = outcome.served.len() as f64 / 60.0;
    assert!(goodput >= 0.9 * CAPACITY / 3.0, "{goodput} calls a second");
    let floor = registry.inspect()[0]["state"]["limits"][0]["floor_us"].as_f64().unwrap();
    assert!((200e3..=400e3).contains(&floor), "{floor} µs");
}

#[tokio::test(start_paused = true)]
async fn the_less_important_is_refused_first() {
    let service = limited(9);
    let run =
        |seed, share, priority| load(&service, seed, CAPACITY * share, 10 * SECOND, 40 * SECOND, priority);
    let (critical, normal, low, bulk) = tokio::join!(
        run(1, 0.4, Some("critical")),
        run(2, 0.4, None),
        run(3, 0.6, Some("low")),
        run(4, 1.5, Some("bulk")),
    );
    let shares = [critical.share(), normal.share(), low.share(), bulk.share()];
    assert!(shares[0] > 0.95 && shares[1] > 0.8, "{shares:?}");
    assert!(shares.is_sorted_by(|more, less| more > less), "{shares:?}");
    assert!(shares[3] < 0.25, "{shares:?}");
}

fn small(limit: u32) -> AdaptiveConfig {
    let mut config = AdaptiveConfig::default();
    (config.initial, config.max) = (limit, limit);
    config
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_is_told_which_limit_it_met() {
    let mut config = small(10);
    config.name = "api".into();
    let mut service = AdaptiveLayer::new(config).unwrap().layer(Mock::new(|_| never()));
    let _running: Vec<_> = (0..7).map(|_| service.call(request(Context::new()))).collect();
    let error = call(&mut service, with(Some("low"))).await.unwrap_err();
    assert_eq!((error.kind(), error.stage(), error.sent()), (ErrorKind::Limit, Stage::Local, Sent::Never));
    assert_eq!(error.push_back(), Some(Duration::from_millis(20)));
    assert_eq!(
        error.to_string(),
        "limit reached calling EchoSvc.Echo (before sending): request over limit: api: EchoSvc.Echo: more than 7 \
         calls at a time over all methods with priority Low (limit now 10, at most 10) [setting: \
         AdaptiveConfig::max]"
    );
    assert!(error.to_exception().message.starts_with("request over limit: "));
}

#[tokio::test(start_paused = true)]
async fn a_function_says_the_priority_and_fails_its_call_alone() {
    let layer = AdaptiveLayer::new(small(10)).unwrap().priority(|request| {
        match request.context.persistent("PRIORITY") {
            Some("panic") => panic!("as asked"),
            Some(_) => Priority::Critical,
            None => Priority::Bulk,
        }
    });
    let mut service = layer.layer(Mock::new(|_| never()));
    let mut running: Vec<_> = (0..5).map(|_| service.call(request(Context::new()))).collect();
    assert!(call(&mut service, Context::new()).await.is_err());
    let error = call(&mut service, with(Some("panic"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Panic);
    assert_eq!(error.message(), "the priority function of an adaptive limit panicked: as asked");
    running.extend((0..5).map(|_| service.call(request(with(Some("yes"))))));
    assert!(call(&mut service, with(Some("yes"))).await.is_err());
    drop(running);
    let waited = tokio::time::timeout(SECOND, call(&mut service, Context::new())).await;
    assert!(waited.is_err(), "it is admitted");
}

/// The lowest limit of a service that answers after 100 ms, once its calls end as told instead.
async fn lowest_after(end: fn() -> (Duration, Result<Response, Error>)) -> u64 {
    let registry = Registry::new();
    let changed = Arc::new(AtomicBool::new(false));
    let mut config = AdaptiveConfig::default();
    // Else a service that stays as slow is taken for one that has become so for good.
    config.remeasure = 3600 * SECOND;
    let layer = AdaptiveLayer::new(config).unwrap().register(&registry);
    let service = layer.layer(Mock::new({
        let changed = Arc::clone(&changed);
        move |_| {
            let as_ever = (TAKES, Ok(Response::empty(Status::Ok)));
            let (time, result) = if changed.load(Ordering::Relaxed) { end() } else { as_ever };
            async move {
                sleep(time).await;
                result
            }
        }
    }));
    let mut lowest = u64::MAX;
    for round in 0..100 {
        if round == 50 {
            changed.store(true, Ordering::Relaxed);
            lowest = u64::MAX;
        }
        let calls: Vec<_> = (0..1200).map(|_| tokio::spawn(service.call(request(Context::new())))).collect();
        for call in calls {
            let _ = call.await.unwrap();
        }
        let limit = &registry.inspect()[0]["state"]["limits"][0]["limit"];
        lowest = lowest.min(limit.as_u64().unwrap());
    }
    lowest
}

#[tokio::test(start_paused = true)]
async fn failures_do_not_count_as_fast_calls_and_late_ones_count_as_slow() {
    let as_ever = lowest_after(|| (TAKES, Ok(Response::empty(Status::Ok)))).await;
    let fast = lowest_after(|| (TAKES / 100, Err(Error::handler("down")))).await;
    let late = lowest_after(|| (20 * TAKES, Err(Error::deadline(Stage::Handle)))).await;
    assert!(as_ever > 100, "{as_ever}");
    assert!(fast > 100, "{fast}");
    assert!(late < 50, "{late}");
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_given_up_and_streams_hold_their_place_until_then() {
    let registry = Registry::new();
    let mock = Mock::new(|request| async move {
        if request.context.caller() == "waits" {
            return never().await;
        }
        let mut response = Response::empty(Status::Ok);
        response.body = Body::Stream(MessageStream::of([]));
        Ok(response)
    });
    let mut service = AdaptiveLayer::per_method(small(2)).unwrap().register(&registry).layer(mock);
    let in_flight = || registry.inspect()[0]["state"]["limits"][0]["in_flight"].as_u64().unwrap();
    let waiting = service.call(request(crate::rate::from("waits")));
    let Body::Stream(mut stream) = call(&mut service, Context::new()).await.unwrap().body else { panic!() };
    assert_eq!(in_flight(), 2);
    assert!(call(&mut service, Context::new()).await.is_err());
    assert!(stream.next().await.is_none());
    assert_eq!(in_flight(), 1);
    drop(waiting);
    assert_eq!(in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_spoils_nothing() {
    let registry = Registry::new();
    let layer = AdaptiveLayer::new(AdaptiveConfig::default()).unwrap().register(&registry);
    let service = layer.layer(backend(3, fixed()));
    let limit = || registry.inspect()[0]["state"]["limits"][0]["limit"].as_u64().unwrap();
    load(&service, 1, CAPACITY * 3.0, Duration::ZERO, 15 * SECOND, None).await;
    let settled = limit();
    // Calls that claim to have begun long ago or will begin, and time that passes without calls.
    let now = Instant::now();
    for began in [now.into_std() - SECOND, now.into_std() + 3600 * SECOND] {
        let info = ConnectionInfo::new(Peer::Memory, Arc::default());
        let mut context = Context::received(info, Metadata::new());
        context.began = Some(began);
        service.call(request(context)).await.unwrap();
    }
    advance(36_000 * SECOND).await;
    let outcome = load(&service, 2, CAPACITY * 3.0, 5 * SECOND, 30 * SECOND, None).await;
    assert!(limit().abs_diff(settled) <= settled / 2, "{} after {settled}", limit());
    assert!(outcome.served.len() as f64 / 30.0 >= 0.9 * CAPACITY);
}

#[tokio::test(start_paused = true)]
async fn after_a_stall_the_limit_is_soon_what_it_was() {
    for stall in [30 * SECOND, 3600 * SECOND] {
        let layer = AdaptiveLayer::new(AdaptiveConfig::default()).unwrap();
        let service = layer.layer(backend(4, fixed()));
        load(&service, 1, CAPACITY * 3.0, Duration::ZERO, 15 * SECOND, None).await;
        let calls: Vec<_> = (0..17).map(|_| tokio::spawn(service.call(request(Context::new())))).collect();
        tokio::task::yield_now().await;
        advance(stall).await;
        for call in calls {
            let _ = call.await.unwrap();
        }
        let outcome = load(&service, 2, CAPACITY * 3.0, 5 * SECOND, 10 * SECOND, None).await;
        assert!(outcome.served.len() as f64 / 10.0 >= 0.9 * CAPACITY, "{}", outcome.served.len());
    }
}

/// The least time that a service which answers after 10 ms is seen to take, in microseconds.
async fn floor_of(
    calls: impl AsyncFn(&SharedService),
    stack: impl Fn(AdaptiveLayer, Mock) -> SharedService,
) -> f64 {
    let registry = Registry::new();
    let layer = AdaptiveLayer::new(AdaptiveConfig::default()).unwrap().register(&registry);
    let attempts = AtomicU32::new(0);
    let mock = Mock::new(move |_| {
        // Of those that succeed, every other is a first attempt.
        let fails = attempts.fetch_add(1, Ordering::Relaxed).is_multiple_of(3);
        async move {
            if fails {
                sleep(SECOND).await;
                return Err(Error::new(ErrorKind::Connect, Stage::Dial, "nobody there"));
            }
            sleep(TAKES / 10).await;
            Ok(Response::empty(Status::Ok))
        }
    });
    let service = stack(layer, mock);
    for _ in 0..40 {
        calls(&service).await;
    }
    registry.inspect()[0]["state"]["limits"][0]["floor_us"].as_f64().unwrap()
}

#[tokio::test(start_paused = true)]
async fn beneath_a_retry_each_attempt_takes_its_own_time_and_what_waits_outside_is_not_counted() {
    let calls = async |service: &SharedService| {
        let mut context = Context::new();
        context.began = Some(Instant::now().into_std());
        // As behind another layer that has held the call back.
        sleep(SECOND).await;
        service.call(request(context)).await.unwrap();
    };
    let floor = floor_of(calls, |layer, mock| {
        let retry = RetryLayer::new(RetryConfig::default()).unwrap();
        retry.layer(OnShared::layer(&layer, mock))
    });
    assert_eq!(floor.await, 10_000.0);
}

#[tokio::test(start_paused = true)]
async fn what_a_server_has_received_takes_its_time_from_its_arrival_on() {
    let calls = async |service: &SharedService| {
        let info = ConnectionInfo::new(Peer::Memory, Arc::default());
        let mut context = Context::received(info, Metadata::new());
        context.began = Some(Instant::now().into_std());
        sleep(TAKES).await;
        let _ = service.call(request(context)).await;
    };
    let floor = floor_of(calls, |layer, mock| layer.layer(mock)).await;
    assert_eq!(floor, 110_000.0);
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    let refused = |edit: fn(&mut AdaptiveConfig)| {
        let mut config = AdaptiveConfig::default();
        edit(&mut config);
        AdaptiveLayer::new(config).unwrap_err().to_string()
    };
    let cases = [
        (refused(|config| config.min = 0), "AdaptiveConfig::min: a limit of 0 lets no call pass"),
        (refused(|config| config.min = 2000), "AdaptiveConfig::min: 2000 is above AdaptiveConfig::max, 1024"),
        (refused(|config| config.max = 0), "AdaptiveConfig::min: 1 is above AdaptiveConfig::max, 0"),
        (refused(|config| config.initial = 1025), "AdaptiveConfig::initial: 1025 is not from 1 to 1024"),
        (
            refused(|config| config.tolerance = f64::NAN),
            "AdaptiveConfig::tolerance: NaN is not from 1 to 100",
        ),
        (refused(|config| config.tolerance = 0.9), "AdaptiveConfig::tolerance: 0.9 is not from 1 to 100"),
        (
            refused(|config| config.window = Duration::ZERO),
            "AdaptiveConfig::window: nothing is seen in no time",
        ),
        (refused(|config| config.samples = 0), "AdaptiveConfig::samples: nothing is seen of no calls"),
        (
            refused(|config| config.remeasure = Duration::ZERO),
            "AdaptiveConfig::remeasure: it is shorter than AdaptiveConfig::window",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error, expected);
    }
}
