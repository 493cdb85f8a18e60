//! Suites over a mock service: what the parts of the standard one do together, and those of one's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kitex_core::{Context, Error, ErrorKind, Registry, Response, Sent, SharedService, Stage, Status};
use kitex_middleware::{
    BreakerConfig, BreakerLayer, ConcurrencyConfig, ConcurrencyLayer, Frame, RateConfig, RateLayer, Suite,
};
use serde_json::Value;
use tokio::time::advance;

use crate::mock::{Mock, never, request};

const MS: Duration = Duration::from_millis(1);

fn client(suite: impl Into<Suite>, mock: Mock) -> SharedService {
    suite.into().client_layers().wrap(SharedService::new(mock), &Frame::default())
}

fn server(suite: impl Into<Suite>, mock: Mock) -> SharedService {
    suite.into().server_layers().wrap(SharedService::new(mock), &Frame::default())
}

async fn call(service: &SharedService) -> Result<Response, Error> {
    service.call(request(Context::new())).await
}

/// The first state of a kind.
fn state(registry: &Registry, kind: &str) -> Value {
    let listed = registry.inspect();
    let found = listed.as_array().unwrap().iter().find(|listed| listed["kind"] == kind);
    found.expect("a state of this kind is listed")["state"].clone()
}

/// Fails for want of a connection as often as told, and answers then.
fn failing(times: u32, made: &Arc<AtomicU32>) -> Mock {
    let made = Arc::clone(made);
    Mock::new(move |_| {
        let failed = made.fetch_add(1, Ordering::Relaxed) < times;
        async move {
            match failed {
                true => Err(Error::new(ErrorKind::Connect, Stage::Dial, "nobody there")),
                false => Ok(Response::empty(Status::Ok)),
            }
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_client_makes_a_call_again_that_never_left_and_each_attempt_counts_for_the_breaker() {
    let (made, registry) = (Arc::default(), Registry::new());
    let suite = Suite::from(Suite::standard());
    registry.extend(suite.client_layers().states());
    let service = client(suite, failing(2, &made));
    call(&service).await.unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 3);
    assert_eq!(state(&registry, "retry")["methods"]["EchoSvc.Echo"]["retries"], 2);
    let breaker = &state(&registry, "breaker")["EchoSvc.Echo"];
    assert_eq!((&breaker["succeeded"], &breaker["failed"]), (&1.into(), &2.into()));
}

#[tokio::test(start_paused = true)]
async fn a_clients_breaker_opens_and_says_so_to_the_user() {
    let made = Arc::default();
    let service = client(Suite::standard().without_retry(), failing(u32::MAX, &made));
    let mut last = None;
    for _ in 0..201 {
        last = call(&service).await.err();
    }
    assert_eq!(made.load(Ordering::Relaxed), 200);
    let error = last.unwrap();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Limit, Sent::Never));
    assert_eq!(
        error.to_string(),
        "limit reached calling EchoSvc.Echo (before sending): the circuit breaker is open: 100 % of 200 calls failed \
         in the last 10 s; the next try in 5 s [setting: BreakerConfig::failure_rate]"
    );
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_fails_calls_at_once_however_much_time_they_have() {
    let made = Arc::default();
    let mut config = BreakerConfig::default();
    config.consecutive_failures = Some(2);
    let breaker = BreakerLayer::new(config).unwrap();
    let service = client(Suite::standard().breaker(breaker), failing(u32::MAX, &made));
    let began = tokio::time::Instant::now();
    for at in 0..20 {
        let error = call(&service).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
        assert_eq!(error.attempts(), if at == 0 { 3 } else { 1 }, "{error}");
    }
    assert_eq!((made.load(Ordering::Relaxed), began.elapsed()), (2, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn parts_can_be_left_out_and_replaced() {
    let made = Arc::default();
    let bare = Suite::standard().without_retry().without_breaker().without_metrics();
    let service = client(bare, failing(u32::MAX, &made));
    for at in 1..=300 {
        assert_eq!(call(&service).await.unwrap_err().kind(), ErrorKind::Connect);
        assert_eq!(made.load(Ordering::Relaxed), at, "neither again nor refused");
    }
    let mut config = BreakerConfig::default();
    config.consecutive_failures = Some(2);
    let breaker = BreakerLayer::new(config).unwrap();
    let service = client(Suite::standard().without_retry().breaker(breaker), failing(u32::MAX, &made));
    let kinds = [call(&service).await, call(&service).await, call(&service).await];
    let kinds = kinds.map(|result| result.unwrap_err().kind());
    assert_eq!(kinds, [ErrorKind::Connect, ErrorKind::Connect, ErrorKind::Limit]);
}

#[tokio::test(start_paused = true)]
async fn a_server_takes_ten_thousand_calls_at_a_time_and_says_so_to_the_next() {
    let registry = Registry::new();
    let suite = Suite::from(Suite::standard());
    registry.extend(suite.server_layers().states());
    let service = server(suite, Mock::new(|_| never()));
    let running: Vec<_> = (0..10_000).map(|_| service.call(request(Context::new()))).collect();
    let error = call(&service).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "limit reached calling EchoSvc.Echo (before sending): request over limit: EchoSvc.Echo: more than 10000 calls \
         at a time over all methods [setting: ConcurrencyConfig::limit]"
    );
    assert_eq!(state(&registry, "concurrency")["limits"][0]["in_flight"], 10_000);
    drop(running);
    assert_eq!(state(&registry, "concurrency")["limits"][0]["in_flight"], 0);
    let unlimited = server(Suite::standard().without_limits(), Mock::new(|_| never()));
    let task = &mut std::task::Context::from_waker(std::task::Waker::noop());
    let mut running: Vec<_> = (0..10_001).map(|_| unlimited.call(request(Context::new()))).collect();
    assert!(running.iter_mut().all(|call| call.as_mut().poll(task).is_pending()));
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_is_set_is_kept() {
    let rate = RateLayer::new(RateConfig::new(10.0, 2)).unwrap();
    let service =
        server(Suite::standard().rate(rate), Mock::new(|_| async { Ok(Response::empty(Status::Ok)) }));
    call(&service).await.unwrap();
    call(&service).await.unwrap();
    let error = call(&service).await.unwrap_err();
    assert_eq!((error.kind(), error.push_back()), (ErrorKind::Limit, Some(100 * MS)));
    advance(100 * MS).await;
    call(&service).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_panics_beneath_is_an_error_on_both_sides() {
    let panics = || Mock::new(|_| async { panic!("as asked") });
    let error = call(&client(Suite::standard(), panics())).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Panic, "a layer of this client panicked: as asked")
    );
    let error = call(&server(Suite::standard(), panics())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Panic);
    assert!(error.message().ends_with("as asked"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn clones_share_and_suites_of_their_own_do_not() {
    let made = Arc::default();
    let one = Suite::from(Suite::standard().without_retry());
    let (first, second) =
        (client(one.clone(), failing(u32::MAX, &made)), client(one, failing(u32::MAX, &made)));
    let other = client(Suite::standard().without_retry(), failing(u32::MAX, &made));
    for _ in 0..200 {
        let _ = call(&first).await;
    }
    assert_eq!(call(&second).await.unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(call(&other).await.unwrap_err().kind(), ErrorKind::Connect);
}

#[tokio::test(start_paused = true)]
async fn a_suite_of_ones_own_has_a_name_and_its_layers_in_their_order_on_each_side() {
    let limit = |calls| ConcurrencyLayer::new(ConcurrencyConfig::new(calls)).unwrap();
    let (few, fewer) = (limit(2), limit(1));
    let suite = Suite::new("edge")
        .client(|states| few.register(states))
        .server(|_| RateLayer::new(RateConfig::default()).unwrap())
        .server(|states| fewer.register(states));
    assert_eq!(suite.name(), "edge");
    assert_eq!(format!("{:?}", suite.client_layers()), r#"["ConcurrencyLayer"]"#);
    assert_eq!(format!("{:?}", suite.server_layers()), r#"["RateLayer", "ConcurrencyLayer"]"#);
    for (layers, calls) in [(suite.client_layers(), 2), (suite.server_layers(), 1)] {
        let service = layers.wrap(SharedService::new(Mock::new(|_| never())), &Frame::default());
        let _running: Vec<_> = (0..calls).map(|_| service.call(request(Context::new()))).collect();
        assert_eq!(call(&service).await.unwrap_err().setting(), Some("ConcurrencyConfig::limit"));
        assert_eq!(state(layers.states(), "concurrency")["limit"], calls);
    }
}
