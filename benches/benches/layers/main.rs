//! What each layer costs a call, over a service that answers at once: `cargo bench -p benches --bench layers`.
//!
//! A row's cost is what it takes beyond `service alone`. The layers of a client, a server or a suite are handed a call
//! where it stays, and that is what is measured; rows `tower's call` are those of a stack that a user builds of tower's
//! services, whose futures have to refer to the layer themselves. Where a layer needs the time at which a call ended and
//! no other has asked for it, one read of the clock comes on top: the rows `no clock read yet`.

mod sinks;

use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use kitex::layer::{Layer, Service};
use kitex_codec::Bytes;
use kitex_core::{
    CallRef, CallResult, Error, Method, MethodDescriptor, Payload, Protocol, Request, Response, Status,
    Streaming,
};

static ECHO: MethodDescriptor = MethodDescriptor {
    service: "Echo",
    name: "Say",
    index: 0,
    oneway: false,
    idempotent: false,
    streaming: Streaming::None,
    exceptions: &[],
    annotations: &[],
};

fn main() {
    let mut criterion = benches::criterion();
    breaker(&mut criterion);
    guards(&mut criterion);
    retry(&mut criterion);
    limits(&mut criterion);
    observers(&mut criterion);
    suite(&mut criterion);
    criterion.final_summary();
}

/// A service that answers at once, with the time at which it did, or without.
#[derive(Clone)]
struct Answering {
    ended: Option<Instant>,
}

impl Answering {
    fn answer(&self, request: &Request) -> CallResult {
        let Some(payload) = request.body.message().cloned() else {
            return Err(Error::handler("the request is a stream"));
        };
        let mut response = Response::new(Status::Ok, payload);
        response.ended = self.ended;
        Ok(response)
    }
}

impl Service<Request> for Answering {
    type Response = Response;
    type Error = Error;
    type Future = Ready<CallResult>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        ready(self.answer(&request))
    }
}

impl CallRef for Answering {
    type Call = Option<CallResult>;

    fn begin(&self, request: &mut Request, mut call: Pin<&mut Self::Call>) -> Result<(), Error> {
        call.set(Some(self.answer(&request.take())));
        Ok(())
    }

    fn poll_call(&self, mut call: Pin<&mut Self::Call>, _: &mut Context<'_>, result: &mut Poll<CallResult>) {
        if let Some(answer) = call.take() {
            *result = Poll::Ready(answer);
        }
    }

    fn clear(&self, mut call: Pin<&mut Self::Call>) {
        call.set(None);
    }
}

/// As it is in a stack: the layers of a call share one time.
fn answering() -> Answering {
    Answering { ended: Some(Instant::now()) }
}

fn request(began: Instant) -> Request {
    let payload = Payload::new(Protocol::Binary, Bytes::from_static(&[0]));
    let mut request = Request::new(Method::from(&ECHO), payload);
    request.context.began = Some(began);
    request.context.set_taken_up(began);
    request
}

/// Measures calls of a service that are made where they stay, as those of a client, a server or a suite.
fn calls<S: CallRef>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, service: S) {
    let began = Instant::now();
    let task = &mut Context::from_waker(Waker::noop());
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let (mut call, mut result) = (pin!(S::Call::default()), Poll::Pending);
            service.begin(&mut black_box(request(began)), call.as_mut()).expect("no layer refuses it");
            service.poll_call(call.as_mut(), task, &mut result);
            service.clear(call);
            assert!(matches!(result, Poll::Ready(Ok(_))), "the service answers at once: {result:?}");
            result
        });
    });
}

/// Measures calls of a service of tower's.
fn tower_calls<S>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut service: S)
where
    S: Service<Request, Response = Response, Error = Error>,
{
    let began = Instant::now();
    let task = &mut Context::from_waker(Waker::noop());
    group.bench_function(name, |bencher| {
        bencher.iter(|| match pin!(service.call(black_box(request(began)))).poll(task) {
            Poll::Ready(Ok(response)) => response,
            answer => unreachable!("the service answers at once: {answer:?}"),
        });
    });
}

fn breaker(criterion: &mut Criterion) {
    use kitex_middleware::{BreakerConfig, BreakerLayer};
    let layer = |config| BreakerLayer::new(config).expect("the settings are the defaults");
    let mut config = BreakerConfig::default();
    let mut group = criterion.benchmark_group("layer, breaker");
    calls(&mut group, "service alone", answering());
    calls(&mut group, "breaker", layer(config.clone()).layer(answering()));
    tower_calls(&mut group, "tower's call, service alone", answering());
    tower_calls(&mut group, "tower's call, breaker", layer(config.clone()).layer(answering()));
    calls(&mut group, "breaker, no clock read yet", layer(config.clone()).layer(Answering { ended: None }));
    config.slow_call = Some((std::time::Duration::from_secs(1), 0.5));
    config.consecutive_failures = Some(100);
    calls(&mut group, "breaker, all conditions", layer(config).layer(answering()));
    group.finish();
}

/// Access control, fallback, panic catcher and faults: layers over a service that is boxed already.
fn guards(criterion: &mut Criterion) {
    use kitex_core::{Scope, SharedService};
    use kitex_middleware::{
        AccessLayer, AccessRule, CatchPanicLayer, FallbackLayer, Fault, FaultLayer, FaultRule, Match,
    };
    let service = || SharedService::new(answering());
    let mut group = criterion.benchmark_group("layer, guards");
    calls(&mut group, "service alone", service());

    let rules = [
        AccessRule::deny(Match::all().methods(["Drop", "Echo.Delete"]), "not from here"),
        AccessRule::deny(Match::all().callers(["crawler"]), "crawlers stay outside"),
        AccessRule::deny(Match::all().metadata(Scope::Transient, "TOKEN", ["stolen"]), "no such token"),
    ];
    let access = AccessLayer::new(rules).expect("the rules make sense");
    calls(&mut group, "access, 3 rules", access.layer(service()));

    let fallback = FallbackLayer::new(|_, error: Error| ready(Err(error)));
    calls(&mut group, "fallback, the request kept", fallback.layer(service()));
    let other = fallback.only(Match::all().methods(["Other"])).expect("the condition makes sense");
    calls(&mut group, "fallback, of another method", other.layer(service()));

    calls(&mut group, "catch panic", CatchPanicLayer::client().layer(service()));

    let fault = FaultLayer::seeded(1);
    calls(&mut group, "fault, off", fault.layer(service()));
    fault.handle().set([FaultRule::new(Fault::Abort, 0.0)]).expect("0 is a share of a hundred");
    calls(&mut group, "fault, on, not hit", fault.layer(service()));
    group.finish();
}

/// A call that is answered at once, with policies that would make it again.
fn retry(criterion: &mut Criterion) {
    use kitex_middleware::{Hedge, RetryConfig, RetryLayer, RetryPolicy};
    let layer = |policy| {
        let config = RetryConfig::new(policy).with_idempotent("Say");
        RetryLayer::new(config).expect("the settings make sense").layer(answering())
    };
    let mut group = criterion.benchmark_group("layer, retry");
    calls(&mut group, "service alone", answering());
    calls(&mut group, "retry, off", layer(RetryPolicy::off()));
    calls(&mut group, "retry, after failure", layer(RetryPolicy::failure()));
    calls(&mut group, "retry, mixed", layer(RetryPolicy::mixed(Hedge::percentile(99.0))));
    group.finish();
}

fn limits(criterion: &mut Criterion) {
    use kitex_middleware::{AdaptiveConfig, AdaptiveLayer, ConcurrencyConfig, ConcurrencyLayer};
    use kitex_middleware::{RateConfig, RateLayer};
    let sense = "the settings make sense";
    let (rate, concurrency) = (|| RateConfig::new(100e6, u32::MAX), || ConcurrencyConfig::new(100));
    let mut group = criterion.benchmark_group("layer, limits");
    calls(&mut group, "service alone", answering());
    calls(&mut group, "rate", RateLayer::new(rate()).expect(sense).layer(answering()));
    calls(&mut group, "rate, per method", RateLayer::per_method(rate()).expect(sense).layer(answering()));
    calls(&mut group, "rate, per caller", RateLayer::per_caller(rate()).expect(sense).layer(answering()));
    let layer = ConcurrencyLayer::new(concurrency()).expect(sense);
    calls(&mut group, "concurrency", layer.layer(answering()));
    tower_calls(&mut group, "tower's call, service alone", answering());
    tower_calls(&mut group, "tower's call, concurrency", layer.layer(answering()));
    let layer = ConcurrencyLayer::per_method(concurrency()).expect(sense);
    calls(&mut group, "concurrency, per method", layer.layer(answering()));
    let layer = ConcurrencyLayer::per_caller(concurrency()).expect(sense);
    calls(&mut group, "concurrency, per caller", layer.layer(answering()));
    let layer = AdaptiveLayer::new(AdaptiveConfig::default()).expect(sense);
    calls(&mut group, "adaptive", layer.layer(answering()));
    group.finish();
}

/// Metrics that are recorded, and traces of which a sink keeps one in a hundred.
fn observers(criterion: &mut Criterion) {
    use kitex_middleware::{MetricsLayer, TraceLayer};
    sinks::install();
    let watched = |trace: TraceLayer| trace.sink(&sinks::OneInAHundred);
    let mut group = criterion.benchmark_group("layer, observers");
    calls(&mut group, "service alone", answering());
    calls(&mut group, "metrics, client", MetricsLayer::client().layer(answering()));
    calls(&mut group, "metrics, server", MetricsLayer::server().layer(answering()));
    calls(&mut group, "trace, nobody listens", TraceLayer::client().layer(answering()));
    calls(&mut group, "trace at 1 %, client", watched(TraceLayer::client()).layer(answering()));
    calls(&mut group, "trace at 1 %, server", watched(TraceLayer::server()).layer(answering()));
    let both = MetricsLayer::client().layer(answering());
    tower_calls(&mut group, "tower's call, service alone", answering());
    let tower = watched(TraceLayer::client()).layer(both.clone());
    tower_calls(&mut group, "tower's call, trace at 1 % + metrics, client", tower);
    calls(&mut group, "trace at 1 % + metrics, client", watched(TraceLayer::client()).layer(both));
    let both = MetricsLayer::server().layer(answering());
    calls(&mut group, "trace at 1 % + metrics, server", watched(TraceLayer::server()).layer(both));
    group.finish();
}

/// The standard suite, in the box that it costs a call, over a service that is in one already.
fn suite(criterion: &mut Criterion) {
    use kitex_core::SharedService;
    use kitex_middleware::{Frame, Suite};
    let (suite, frame) = (Suite::from(Suite::standard()), Frame::default());
    let service = || SharedService::new(answering());
    let mut group = criterion.benchmark_group("layer, suite");
    calls(&mut group, "service alone", service());
    calls(&mut group, "standard, client", suite.client_layers().wrap(service(), &frame));
    calls(&mut group, "standard, server", suite.server_layers().wrap(service(), &frame));
    group.finish();
}
