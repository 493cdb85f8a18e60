//! What a million methods and keys cost: a process by itself, so that its memory is that of the layers.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::future::{Ready, ready};
use std::task::{Context as TaskContext, Poll};

use kitex_codec::Bytes;
use kitex_core::{Error, ErrorKind, Method, Payload, Protocol, Registry, Request, Response, Stage, Status};
use kitex_middleware::{
    AdaptiveConfig, AdaptiveLayer, BreakerConfig, BreakerLayer, ConcurrencyConfig, ConcurrencyLayer,
    RateConfig, RateLayer, RetryConfig, RetryLayer,
};
use tower_layer::Layer;
use tower_service::Service;

/// Fails every other call.
#[derive(Clone, Default)]
struct Mock(bool);

impl Service<Request> for Mock {
    type Response = Response;
    type Error = Error;
    type Future = Ready<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        self.0 = !self.0;
        ready(match self.0 {
            true => Ok(Response::empty(Status::Ok)),
            false => Err(Error::new(ErrorKind::Closed, Stage::Read, "gone")),
        })
    }
}

fn request(number: usize) -> Request {
    let payload = Payload::new(Protocol::Binary, Bytes::from_static(&[0]));
    let mut request = Request::new(Method::dynamic("Made", format!("Up{number}")), payload);
    request.context.set_caller(format!("caller{number}"), "");
    request
}

/// Bytes of this process in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// What calls of so many methods by as many callers add to this process, in bytes.
async fn added<L>(layer: L, calls: std::ops::Range<usize>) -> usize
where
    L: Layer<Mock>,
    L::Service: Service<Request, Response = Response, Error = Error>,
{
    let mut service = layer.layer(Mock::default());
    let before = resident();
    for number in calls {
        let _ = service.call(request(number)).await;
    }
    resident().saturating_sub(before)
}

#[tokio::test]
async fn a_million_methods_and_callers_cost_bounded_memory() {
    const MILLION: usize = 1_000_000;
    // What others keep of so many, if they kept it, is more than they may take.
    const MANY: usize = 200_000;
    const MIB: usize = 1 << 20;
    let registry = Registry::new();
    // Of the breaker each of 1 024 methods takes 10 KiB with 8 shards; all others together as much as one.
    let breaker = BreakerLayer::new(BreakerConfig::default()).unwrap().register(&registry);
    let taken = added(breaker.clone(), 0..MILLION).await;
    assert!(taken <= 24 * MIB, "breaker: {taken}");
    assert_eq!(registry.inspect()[0]["state"].as_object().unwrap().len(), 1025);
    let taken = added(breaker, MILLION..MILLION + MANY).await;
    assert!(taken <= MIB, "breaker, once it is full: {taken}");

    let rate = RateLayer::per_caller(RateConfig::new(1e6, 10)).unwrap();
    let concurrency = ConcurrencyLayer::per_caller(ConcurrencyConfig::default()).unwrap();
    let adaptive = AdaptiveLayer::per_method(AdaptiveConfig::default()).unwrap();
    let retry = RetryLayer::new(RetryConfig::default()).unwrap();
    for (name, taken) in [
        ("rate", added(rate, 0..MANY).await),
        ("concurrency", added(concurrency, 0..MANY).await),
        ("adaptive", added(adaptive, 0..MANY).await),
        ("retry", added(retry, 0..MANY).await),
    ] {
        assert!(taken <= 8 * MIB, "{name}: {taken}");
    }
}
