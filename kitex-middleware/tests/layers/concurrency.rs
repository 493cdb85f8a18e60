//! Concurrency limits, by a mock service and paused time.

use std::sync::Arc;
use std::time::Duration;

use crate::mock::OnShared;
use kitex_core::{
    Body, Context, Error, ErrorKind, MessageStream, Payload, Protocol, Registry, Response, Sent, Stage,
    Status,
};
use kitex_middleware::{ConcurrencyConfig, ConcurrencyLayer};
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use crate::mock::{Mock, call, request};
use crate::rate::{from, of_tenant, request_of};

/// Answers when it is let go.
fn gated() -> (Mock, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let mock = Mock::new({
        let gate = Arc::clone(&gate);
        move |_| {
            let gate = Arc::clone(&gate);
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(Response::empty(Status::Ok))
            }
        }
    });
    (mock, gate)
}

fn layer(limit: u32) -> ConcurrencyLayer {
    ConcurrencyLayer::new(ConcurrencyConfig::new(limit)).unwrap()
}

#[tokio::test]
async fn no_more_calls_run_than_the_limit_however_often_it_is_cloned() {
    let (mock, gate) = gated();
    let layer = layer(3);
    let mut services = [layer.layer(mock.clone()), layer.clone().layer(mock)];
    let mut running: Vec<_> =
        (0..3).map(|at| tokio::spawn(services[at % 2].clone().call(request(Context::new())))).collect();
    yield_now().await;
    for service in &mut services {
        assert!(call(service, Context::new()).await.is_err());
    }
    gate.add_permits(1);
    tokio::task::yield_now().await;
    running.remove(0).await.unwrap().unwrap();
    running.push(tokio::spawn(services[1].call(request(Context::new()))));
    yield_now().await;
    assert!(call(&mut services[0], Context::new()).await.is_err());
    gate.add_permits(3);
    for running in running {
        running.await.unwrap().unwrap();
    }
    gate.add_permits(1);
    call(&mut services[0], Context::new()).await.unwrap();
}

#[tokio::test]
async fn a_refused_call_is_told_which_limit_it_met() {
    let (mock, _gate) = gated();
    let mut config = ConcurrencyConfig::new(1);
    (config.name, config.push_back) = ("door".into(), Duration::from_millis(25));
    let mut service = ConcurrencyLayer::new(config).unwrap().layer(mock);
    let _running = service.call(request(Context::new()));
    let error = call(&mut service, Context::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.stage(), error.sent()), (ErrorKind::Limit, Stage::Local, Sent::Never));
    assert_eq!(error.push_back(), Some(Duration::from_millis(25)));
    assert_eq!(
        error.to_string(),
        "limit reached calling EchoSvc.Echo (before sending): request over limit: door: EchoSvc.Echo: more than 1 \
         calls at a time over all methods [setting: ConcurrencyConfig::limit]"
    );
    assert!(error.to_exception().message.starts_with("request over limit: "));
}

#[tokio::test]
async fn calls_that_are_dropped_fail_or_panic_give_their_place_back() {
    let mock = Mock::new(|request| async move {
        match request.context.transient("DO") {
            Some("fail") => Err(Error::handler("as asked")),
            Some("panic") => panic!("as asked"),
            Some("wait") => std::future::pending().await,
            _ => Ok(Response::empty(Status::Ok)),
        }
    });
    let mut service = layer(1).layer(mock);
    let asking = |what: &str| {
        let mut context = Context::new();
        context.metadata.set(kitex_core::Scope::Transient, "DO", what.to_owned());
        request(context)
    };
    drop(service.call(asking("wait")));
    let mut waiting = service.call(asking("wait"));
    assert!(is_pending(&mut waiting).await);
    assert!(call(&mut service, Context::new()).await.is_err());
    drop(waiting);
    assert_eq!(service.call(asking("fail")).await.unwrap_err().kind(), ErrorKind::Handler);
    assert!(tokio::spawn(service.call(asking("panic"))).await.is_err());
    call(&mut service, Context::new()).await.unwrap();
}

/// Polls once; true if there is nothing yet.
async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|task| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(task).is_pending())
    })
    .await
}

#[tokio::test]
async fn a_service_that_panics_before_it_gives_a_future_gives_the_place_back() {
    let mock = Mock::new(|request| {
        assert!(request.context.caller().is_empty(), "as asked");
        std::future::ready(Ok(Response::empty(Status::Ok)))
    });
    let mut service = layer(1).layer(mock);
    let panicking = service.clone();
    assert!(tokio::spawn(async move { panicking.call(request(from("x"))).await }).await.is_err());
    call(&mut service, Context::new()).await.unwrap();
}

#[tokio::test]
async fn a_stream_runs_until_its_end_or_until_it_is_dropped() {
    let mock = Mock::new(|_| async {
        let one = Payload::new(Protocol::Binary, kitex_codec::Bytes::from_static(&[0]));
        let mut response = Response::empty(Status::Ok);
        response.body = Body::Stream(MessageStream::of([one.clone(), one]));
        Ok(response)
    });
    let mut service = layer(1).layer(mock);
    let Body::Stream(mut stream) = call(&mut service, Context::new()).await.unwrap().body else { panic!() };
    for _ in 0..2 {
        assert!(call(&mut service, Context::new()).await.is_err());
        assert!(stream.next().await.unwrap().is_ok());
    }
    assert!(call(&mut service, Context::new()).await.is_err(), "it may have more");
    assert!(stream.next().await.is_none());
    let second = call(&mut service, Context::new()).await.unwrap();
    assert!(call(&mut service, Context::new()).await.is_err());
    drop((stream, second));
    call(&mut service, Context::new()).await.unwrap();
}

#[tokio::test]
async fn each_method_caller_and_key_has_its_limit() {
    let (mock, _gate) = gated();
    let methods = ConcurrencyLayer::per_method(ConcurrencyConfig::new(1)).unwrap().layer(mock.clone());
    let _running = [methods.call(request_of("A")), methods.call(request_of("B"))];
    let error = methods.call(request_of("A")).await.unwrap_err();
    assert_eq!(error.message(), "request over limit: EchoSvc.A: more than 1 calls at a time of this method");
    let mut callers = ConcurrencyLayer::per_caller(ConcurrencyConfig::new(1)).unwrap().layer(mock.clone());
    let _running = ["web", "batch"].map(|caller| callers.call(request(from(caller))));
    let error = call(&mut callers, from("web")).await.unwrap_err();
    assert!(error.message().ends_with("more than 1 calls at a time of caller \"web\""), "{error}");
    let mut tenants = ConcurrencyLayer::per_key(ConcurrencyConfig::new(1), "tenant", |request| {
        request.context.persistent("TENANT").expect("every call has one").into()
    })
    .unwrap()
    .layer(mock);
    let _running = ["blue", "red"].map(|tenant| tenants.call(request(of_tenant(tenant))));
    let error = call(&mut tenants, of_tenant("red")).await.unwrap_err();
    assert!(error.message().ends_with("more than 1 calls at a time of tenant \"red\""), "{error}");
    let error = call(&mut tenants, Context::new()).await.unwrap_err();
    assert_eq!(error.message(), "the key function \"tenant\" of a limit panicked: every call has one");
}

#[tokio::test]
async fn a_million_keys_cost_no_more_than_their_bound_and_those_beyond_it_share_a_limit() {
    let mut config = ConcurrencyConfig::new(1);
    config.keys = 1000;
    let registry = Registry::new();
    let (mock, gate) = gated();
    let mut service = ConcurrencyLayer::per_caller(config).unwrap().register(&registry).layer(mock);
    let keys = || registry.inspect()[0]["state"]["limits"]["keys"].as_u64().unwrap();
    let mut running = Vec::new();
    for caller in 0..2000 {
        let mut answer = service.call(request(from(&caller.to_string())));
        if is_pending(&mut answer).await {
            running.push(answer);
        }
    }
    assert!((1000..=1265).contains(&running.len()), "{}", running.len());
    assert_eq!(keys(), running.len() as u64);
    drop(running);
    assert_eq!(keys(), 0);
    gate.add_permits(1_000_000);
    for caller in 0..1_000_000 {
        call(&mut service, from(&caller.to_string())).await.unwrap();
    }
    assert_eq!(keys(), 0);
}

#[test]
fn threads_that_meet_at_a_limit_never_exceed_it() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static RUNNING: AtomicU32 = AtomicU32::new(0);
    static MOST: AtomicU32 = AtomicU32::new(0);
    let mock = Mock::new(|_| async {
        MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::yield_now();
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        Ok(Response::empty(Status::Ok))
    });
    let service = layer(2).layer(mock);
    let served: usize = std::thread::scope(|scope| {
        let one = || {
            let mut service = service.clone();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            (0..5_000).filter(|_| runtime.block_on(call(&mut service, Context::new())).is_ok()).count()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(served > 0);
    assert!(MOST.load(Ordering::SeqCst) <= 2, "{MOST:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut service = service;
    let places = [service.call(request(Context::new())), service.call(request(Context::new()))];
    assert!(runtime.block_on(call(&mut service, Context::new())).is_err());
    for place in places {
        runtime.block_on(place).unwrap();
    }
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    let error = ConcurrencyLayer::new(ConcurrencyConfig::new(0)).unwrap_err();
    assert_eq!(error.to_string(), "ConcurrencyConfig::limit: a limit of 0 lets no call pass");
    let mut config = ConcurrencyConfig::new(1);
    config.keys = 0;
    let error = ConcurrencyLayer::per_caller(config).unwrap_err();
    assert_eq!(error.to_string(), "ConcurrencyConfig::keys: 0 is not from 1 to 16777216");
}

#[tokio::test]
async fn its_state_can_be_looked_at() {
    let (registry, (mock, _gate)) = (Registry::new(), gated());
    let mut service = layer(2).register(&registry).layer(mock);
    let _running = [service.call(request(Context::new())), service.call(request(Context::new()))];
    assert!(call(&mut service, Context::new()).await.is_err());
    let text = "request over limit: EchoSvc.Echo: more than 2 calls at a time over all methods";
    assert_eq!(
        registry.inspect(),
        serde_json::json!([{ "kind": "concurrency", "name": "", "state": {
            "limit": 2, "per": "all", "refused": 1, "last_refusal": text,
            "limits": [{ "method": null, "in_flight": 2 }],
        }}])
    );
}
