//! Rate limits, by a mock service and paused time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kitex_core::{
    Context, Error, ErrorKind, Method, Registry, Request, Response, Scope, Sent, Stage, Status,
};
use kitex_middleware::{RateConfig, RateLayer};
use tokio::time::{Instant, advance};
use tower_layer::Layer;
use tower_service::Service;

use crate::mock::{Mock, call, request};

const MS: Duration = Duration::from_millis(1);

/// Answers at once, and counts the calls.
pub(crate) fn counting() -> (Mock, Arc<AtomicU64>) {
    let calls = Arc::new(AtomicU64::new(0));
    let mock = Mock::new({
        let calls = Arc::clone(&calls);
        move |_| {
            calls.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok(Response::empty(Status::Ok)))
        }
    });
    (mock, calls)
}

pub(crate) fn from(caller: &str) -> Context {
    let mut context = Context::new();
    context.set_caller(caller.to_owned(), "");
    context
}

pub(crate) fn of_tenant(tenant: &str) -> Context {
    let mut context = Context::new();
    context.metadata.set(Scope::Persistent, "TENANT", tenant.to_owned());
    context
}

/// A call of another method.
pub(crate) fn request_of(method: &str) -> Request {
    let mut request = request(Context::new());
    request.method = Method::dynamic("EchoSvc", method.to_owned());
    request
}

/// How many calls pass until one is refused, and its error.
async fn passing<S>(service: &mut S, context: impl Fn() -> Context) -> (usize, Error)
where
    S: Service<Request, Response = Response, Error = Error>,
{
    for passed in 0..100_000 {
        if let Err(error) = call(service, context()).await {
            return (passed, error);
        }
    }
    unreachable!("no call is refused");
}

#[tokio::test(start_paused = true)]
async fn calls_pass_at_the_rate_and_the_rest_is_refused_before_the_service_sees_it() {
    let (mock, calls) = counting();
    let mut service = RateLayer::new(RateConfig::new(10.0, 3)).unwrap().layer(mock);
    assert_eq!(passing(&mut service, Context::new).await.0, 3);
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    for expected in [1, 1, 1] {
        advance(100 * MS).await;
        assert_eq!(passing(&mut service, Context::new).await.0, expected);
    }
    advance(3_600_000 * MS).await;
    assert_eq!(passing(&mut service, Context::new).await.0, 3);
    assert_eq!(calls.load(Ordering::SeqCst), 9);
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_is_told_which_limit_it_met_and_when_to_come_back() {
    let mut config = RateConfig::new(0.5, 2);
    config.name = "front door".into();
    let (mock, _) = counting();
    let mut service = RateLayer::new(config).unwrap().layer(mock);
    assert_eq!(passing(&mut service, Context::new).await.0, 2);
    advance(500 * MS).await;
    let error = call(&mut service, Context::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.stage(), error.sent()), (ErrorKind::Limit, Stage::Local, Sent::Never));
    assert_eq!(error.push_back(), Some(1500 * MS));
    assert_eq!(
        error.to_string(),
        "limit reached calling EchoSvc.Echo (before sending): request over limit: front door: EchoSvc.Echo: more \
         than 0.5 calls/s (burst 2) over all methods [setting: RateConfig::rate]"
    );
    assert_eq!(
        &*error.to_exception().message,
        "request over limit: front door: EchoSvc.Echo: more than 0.5 calls/s (burst 2) over all methods"
    );
    // Who comes back then is served.
    advance(1500 * MS).await;
    call(&mut service, Context::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_call_is_when_it_began() {
    let (mock, _) = counting();
    let mut service = RateLayer::new(RateConfig::new(1.0, 5)).unwrap().layer(mock);
    let begin = Instant::now().into_std();
    let at = |time: Duration| {
        move || {
            let mut context = Context::new();
            context.began = Some(begin + time);
            context
        }
    };
    advance(100_000 * MS).await;
    assert_eq!(passing(&mut service, at(9_000 * MS)).await.0, 5);
    assert_eq!(passing(&mut service, at(8_000 * MS)).await.0, 0, "time gives no tokens by going back");
    assert_eq!(passing(&mut service, at(9_000 * MS)).await.0, 0);
    assert_eq!(passing(&mut service, at(11_000 * MS)).await.0, 2, "and takes none");
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_layer_and_of_its_services_share_the_limit() {
    let (mock, calls) = counting();
    let layer = RateLayer::new(RateConfig::new(1.0, 4)).unwrap();
    let mut first = layer.clone().layer(mock.clone());
    let (mut second, mut third) = (first.clone(), layer.layer(mock));
    for service in [&mut first, &mut second, &mut third] {
        call(service, Context::new()).await.unwrap();
    }
    call(&mut first.clone(), Context::new()).await.unwrap();
    for service in [&mut first, &mut second, &mut third] {
        assert!(call(service, Context::new()).await.is_err());
    }
    assert_eq!(calls.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn each_method_has_its_limit() {
    let (mock, _) = counting();
    let mut service = RateLayer::per_method(RateConfig::new(1.0, 2)).unwrap().layer(mock);
    for method in ["A", "B", "A", "B"] {
        service.call(request_of(method)).await.unwrap();
    }
    assert_eq!(passing(&mut service, Context::new).await.0, 2);
    let error = service.call(request_of("A")).await.unwrap_err();
    assert_eq!(
        error.message(),
        "request over limit: EchoSvc.A: more than 1 calls/s (burst 2) of this method"
    );
}

#[tokio::test(start_paused = true)]
async fn each_caller_has_its_limit() {
    let (mock, _) = counting();
    let mut service = RateLayer::per_caller(RateConfig::new(1.0, 2)).unwrap().layer(mock);
    for caller in ["web", "batch", ""] {
        let (passed, error) = passing(&mut service, || from(caller)).await;
        assert_eq!(passed, 2);
        let text =
            format!("request over limit: EchoSvc.Echo: more than 1 calls/s (burst 2) of caller {caller:?}");
        assert_eq!(error.message(), text);
    }
}

fn per_tenant(config: RateConfig) -> RateLayer {
    RateLayer::per_key(config, "tenant", |request| {
        request.context.persistent("TENANT").unwrap_or_default().into()
    })
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_key_has_its_limit_and_what_it_says_is_said_with_care() {
    let (mock, _) = counting();
    let mut service = per_tenant(RateConfig::new(1.0, 2)).layer(mock);
    assert_eq!(passing(&mut service, || of_tenant("blue")).await.0, 2);
    let (passed, error) = passing(&mut service, || of_tenant(&"\n\u{1b}".repeat(10_000))).await;
    assert_eq!(passed, 2);
    assert!(error.message().len() < 600 && !error.message().contains(['\n', '\u{1b}']), "{error}");
    assert!(error.message().contains("of tenant \"\\n"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_million_keys_share_what_there_is_no_room_for_and_make_room_when_they_are_idle() {
    let (mock, _) = counting();
    let mut config = RateConfig::new(1.0, 1);
    config.keys = 1000;
    let (registry, layer) = (Registry::new(), per_tenant(config));
    let mut service = layer.register(&registry).layer(mock);
    let mut passed = 0;
    for tenant in 0..1_000_000 {
        passed += usize::from(call(&mut service, of_tenant(&tenant.to_string())).await.is_ok());
    }
    // Those with a bucket, and the first of those without.
    assert!((1000..=1265).contains(&passed), "{passed}");
    let state = || registry.inspect()[0]["state"].clone();
    assert_eq!(state()["limits"]["keys"], passed);
    assert_eq!(state()["refused"], 1_000_000 - passed);
    advance(1000 * MS).await;
    assert_eq!(state()["limits"]["keys"], 0);
    assert_eq!(passing(&mut service, || of_tenant("new")).await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_function_that_panics_fails_its_call_alone() {
    let (mock, _) = counting();
    let layer = RateLayer::per_key(RateConfig::new(1.0, 1), "tenant", |request| {
        request.context.persistent("TENANT").expect("every call has a tenant").into()
    });
    let mut service = layer.unwrap().layer(mock);
    let error = call(&mut service, Context::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Panic);
    assert_eq!(error.message(), "the key function \"tenant\" of a limit panicked: every call has a tenant");
    call(&mut service, of_tenant("blue")).await.unwrap();
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    let mut no_keys = RateConfig::new(1.0, 1);
    no_keys.keys = 0;
    let cases = [
        (RateConfig::new(0.0, 1), "RateConfig::rate: 0 a second is not above 0 and at most 100000000"),
        (RateConfig::new(-1.0, 1), "RateConfig::rate: -1 a second is not above 0 and at most 100000000"),
        (RateConfig::new(f64::NAN, 1), "RateConfig::rate: NaN a second is not above 0 and at most 100000000"),
        (
            RateConfig::new(f64::INFINITY, 1),
            "RateConfig::rate: inf a second is not above 0 and at most 100000000",
        ),
        (
            RateConfig::new(1e-9, 1),
            "RateConfig::rate: at 0.000000001 a second a burst of 1 takes over 10 years",
        ),
        (RateConfig::new(1.0, 0), "RateConfig::burst: a burst of 0 lets no call pass"),
        (no_keys, "RateConfig::keys: 0 is not from 1 to 16777216"),
    ];
    for (config, expected) in cases {
        assert_eq!(RateLayer::new(config).unwrap_err().to_string(), expected);
    }
    assert!(RateLayer::new(RateConfig::new(100e6, u32::MAX)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn its_state_can_be_looked_at() {
    let (registry, (mock, _)) = (Registry::new(), counting());
    let mut config = RateConfig::new(10.0, 2);
    config.name = "api".into();
    let mut service = RateLayer::per_method(config).unwrap().register(&registry).layer(mock);
    assert_eq!(passing(&mut service, Context::new).await.0, 2);
    service.call(request_of("A")).await.unwrap();
    let listed = registry.inspect();
    assert_eq!((&listed[0]["kind"], &listed[0]["name"]), (&"rate".into(), &"api".into()));
    let state = &listed[0]["state"];
    assert_eq!((&state["rate"], &state["burst"], &state["per"]), (&10.0.into(), &2.into(), &"method".into()));
    assert_eq!(state["refused"], 1);
    assert_eq!(
        state["last_refusal"],
        "request over limit: api: EchoSvc.Echo: more than 10 calls/s (burst 2) of this method"
    );
    let tokens = |method: &str| {
        let limits = state["limits"].as_array().unwrap();
        limits.iter().find(|limit| limit["method"] == method).unwrap()["tokens"].clone()
    };
    assert_eq!((tokens("EchoSvc.Echo"), tokens("EchoSvc.A")), (0.into(), 1.into()));
}
