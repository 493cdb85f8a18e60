//! Settings: Kitex's defaults, policies by method, what is shared, and nonsense.

use super::*;
use kitex_middleware::{BackOff, Hedge, HedgeDelay, RetryBudget, RetryRule};

const KITEX_FAILURE_RETRIES: u32 = 2;
const KITEX_BACKUP_RETRIES: u32 = 1;
const KITEX_MIXED_RETRIES: u32 = 1;
const KITEX_BREAKER_RATE: f64 = 0.1;
const KITEX_BREAKER_SAMPLES: f64 = 10.0;

#[test]
fn kitex_retries_a_failure_twice_and_so_do_we() {
    assert_eq!(RetryPolicy::failure().attempts, 1 + KITEX_FAILURE_RETRIES);
    assert_eq!(RetryPolicy::default().attempts, 1 + KITEX_FAILURE_RETRIES);
    assert_eq!(RetryConfig::default().policy.attempts, 1 + KITEX_FAILURE_RETRIES);
}

#[test]
fn kitex_allows_five_retries_and_so_do_we() {
    let mut policy = RetryPolicy::failure();
    policy.attempts = 6;
    RetryLayer::new(RetryConfig::new(policy)).unwrap();
}

#[test]
fn kitex_bounds_no_duration_and_neither_do_we() {
    assert_eq!(RetryPolicy::failure().max_duration, None);
}

#[test]
fn kitex_makes_no_pause_and_neither_do_we() {
    assert_eq!(RetryPolicy::failure().back_off, BackOff::None);
}

#[test]
fn kitex_stops_chains_and_so_do_we() {
    assert!(RetryPolicy::failure().chain_stop && RetryPolicy::mixed(Hedge::after(MS)).chain_stop);
}

#[test]
fn kitex_goes_to_another_node_and_so_do_we() {
    assert!(RetryPolicy::failure().avoid_tried);
}

#[test]
fn kitex_stops_at_a_tenth_and_so_do_we() {
    assert_eq!(RetryBudget::default().share, KITEX_BREAKER_RATE);
    assert_eq!(RetryConfig::default().budget, RetryBudget::default());
}

#[test]
fn kitex_lets_ten_calls_pass_without_judgement_and_we_ten_retries_a_second() {
    assert_eq!(RetryBudget::default().least_per_second, KITEX_BREAKER_SAMPLES);
}

#[tokio::test(start_paused = true)]
async fn kitex_retries_timeouts_and_so_do_we() {
    let timed_out = |_| Err(Error::deadline(Stage::Read));
    for rule in [RetryRule::default(), RetryRule::timeouts()] {
        let mut policy = RetryPolicy::failure();
        policy.rule = rule;
        let (_, seen) = tried(policy, &FIND, Context::new(), timed_out).await;
        assert_eq!(seen.len(), 3);
    }
}

#[test]
fn kitex_sends_one_backup_request_and_so_do_we() {
    let policy = RetryPolicy::backup(Hedge::after(10 * MS));
    let hedge = policy.hedge.unwrap();
    assert_eq!((policy.attempts, hedge.most), (1 + KITEX_BACKUP_RETRIES, KITEX_BACKUP_RETRIES));
    assert_eq!(hedge.delay, HedgeDelay::After(10 * MS), "there is no default of it");
}

#[test]
fn kitex_mixes_with_one_further_attempt_and_so_do_we() {
    assert_eq!(RetryPolicy::mixed(Hedge::after(MS)).attempts, 1 + KITEX_MIXED_RETRIES);
}

#[tokio::test(start_paused = true)]
async fn a_method_can_have_a_policy_of_its_own() {
    let once = RetryPolicy::off();
    let mut twice = RetryPolicy::failure();
    twice.attempts = 2;
    let config = RetryConfig::default().with_method("Echo", once).with_method("EchoSvc.Echo", twice.clone());
    let config = config.with_method("Other.Find", twice);
    let (mock, seen) = at_once(|_| refused());
    let service = layered(config, mock);
    service.call(request_of(&ECHO, Context::new())).await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 2, "the name with the service counts");
    service.call(request_of(&FIND, Context::new())).await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 2 + 3);
    let mut request = request_of(&ECHO, Context::new());
    request.method = Method::dynamic("Another", "Echo");
    service.call(request).await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 2 + 3 + 1);
}

/// A budget of so many attempts, and no more.
fn only(attempts: f64) -> RetryConfig {
    let mut config = RetryConfig::default();
    config.budget.share = 0.0;
    config.budget.window = Duration::from_secs(1);
    config.budget.least_per_second = attempts;
    config
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_spent_leaves_the_error_as_it_is_and_is_shared_by_all_clones() {
    let registry = Registry::new();
    let layer = RetryLayer::new(only(3.0)).unwrap().register(&registry);
    let (mock, seen) = at_once(|_| refused());
    let services = [layer.clone().layer(mock.clone()), layer.layer(mock)];
    let mut attempts = Vec::new();
    for at in 0..4 {
        let error = services[at % 2].clone().call(request_of(&ECHO, Context::new())).await.unwrap_err();
        attempts.push(error.attempts());
    }
    assert_eq!((attempts, seen.lock().unwrap().len()), (vec![3, 2, 1, 1], 4 + 3));
    let error = services[0].call(request_of(&ECHO, Context::new())).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot connect (while connecting): refused [setting: connect_timeout]");
    assert_eq!(shown(&registry, "EchoSvc.Echo")["out_of_budget"], 4);
    tokio::time::sleep(1000 * MS).await;
    assert_eq!(services[0].call(request_of(&ECHO, Context::new())).await.unwrap_err().attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_not_made_is_not_paid_for() {
    let (mock, seen) = at_once(|_| refused());
    let mut config = only(1.0);
    config.policy.back_off = kitex_middleware::BackOff::Fixed(20 * MS);
    let service = layered(config, mock);
    for _ in 0..3 {
        let call = service.call(request_of(&ECHO, Context::new()));
        tokio::time::timeout(MS, call).await.unwrap_err();
    }
    service.call(request_of(&ECHO, Context::new())).await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 5, "the last call is the only one that was made again");
}

#[tokio::test(start_paused = true)]
async fn backup_requests_are_paid_from_the_same_budget() {
    let mut config = only(1.0);
    config.policy = RetryPolicy::backup(Hedge::after(10 * MS));
    let (mock, seen) = backend(|_| async {
        tokio::time::sleep(20 * MS).await;
        ok()
    });
    let service = layered(config, mock);
    for _ in 0..2 {
        service.call(request_of(&FIND, Context::new())).await.unwrap();
    }
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[test]
fn a_layer_is_listed_as_long_as_it_is_there() {
    let registry = Registry::new();
    let mut config = RetryConfig::default();
    config.name = "orders".into();
    let layer = RetryLayer::new(config).unwrap().register(&registry);
    let shown = registry.inspect();
    assert_eq!((&shown[0]["kind"], &shown[0]["name"]), (&"retry".into(), &"orders".into()));
    assert_eq!(shown[0]["state"]["budget"]["saved"], 100.0);
    drop(layer);
    assert_eq!(registry.inspect().to_string(), "[]");
}

#[tokio::test(start_paused = true)]
async fn methods_that_callers_make_up_take_bounded_memory() {
    let registry = Registry::new();
    let (mock, _) = at_once(|_| ok());
    let service = RetryLayer::new(RetryConfig::default()).unwrap().register(&registry).layer(mock);
    for at in 0..5000 {
        let mut request = request_of(&ECHO, Context::new());
        request.method = Method::dynamic("S", format!("M{at}"));
        service.call(request).await.unwrap();
    }
    let state = registry.states()[0].inspect();
    let methods = state["methods"].as_object().unwrap();
    assert_eq!(methods.len(), 1025);
    assert_eq!(methods["(others)"]["calls"], 5000 - 1024);
}

#[test]
fn nonsense_is_refused_by_name() {
    let policy = |change: fn(&mut RetryPolicy)| {
        let mut config = RetryConfig::new(RetryPolicy::mixed(Hedge::after(MS)));
        change(&mut config.policy);
        config
    };
    let cases = [
        ("RetryPolicy::attempts", policy(|policy| policy.attempts = 0)),
        ("RetryPolicy::attempts", policy(|policy| policy.attempts = 17)),
        ("RetryPolicy::max_duration", policy(|policy| policy.max_duration = Some(Duration::ZERO))),
        ("RetryPolicy::attempt_timeout", policy(|policy| policy.attempt_timeout = Some(Duration::ZERO))),
        ("RetryPolicy::back_off", policy(|policy| policy.back_off = BackOff::Fixed(Duration::ZERO))),
        ("Hedge::most", policy(|policy| policy.attempts = 1)),
        ("Hedge::delay", policy(|policy| policy.hedge = Some(Hedge::after(Duration::ZERO)))),
        ("HedgeDelay::percentile", policy(|policy| policy.hedge = Some(Hedge::percentile(f64::NAN)))),
        ("RetryBudget::share", {
            let mut config = RetryConfig::default();
            config.budget.share = 10.0;
            config
        }),
        ("RetryPolicy::attempts", {
            let mut policy = RetryPolicy::failure();
            policy.attempts = 0;
            RetryConfig::default().with_method("Echo", policy)
        }),
        ("RetryConfig::with_method", RetryConfig::default().with_method("", RetryPolicy::off())),
        ("RetryConfig::with_method", RetryConfig::default().with_method("Echo.", RetryPolicy::off())),
        ("RetryConfig::with_idempotent", RetryConfig::default().with_idempotent("..")),
    ];
    for (setting, config) in cases {
        assert_eq!(RetryLayer::new(config.clone()).unwrap_err().setting(), setting, "{config:?}");
    }
    let error = RetryLayer::new(policy(|policy| policy.attempts = 0)).unwrap_err();
    assert_eq!(error.to_string(), "RetryPolicy::attempts: 0 is not from 1 to 16");
}
