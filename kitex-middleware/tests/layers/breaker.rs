//! Breakers of methods, by a mock service and paused time.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use kitex_codec::{ApplicationException, Bytes};
use kitex_core::{
    Body, BusinessStatus, CallResult, Context, Deadline, Error, ErrorKind, MessageSource, MessageStream,
    Method, Payload, Protocol, Registry, Response, Sent, SharedService, Stage, Status,
};
use kitex_middleware::{BreakerConfig, BreakerLayer, BreakerState, Outcome, outcome_of};
use tokio::time::{Instant, advance};
use tower_layer::Layer;
use tower_service::Service;

use crate::mock::{Mock, call, never, request};

const MS: Duration = Duration::from_millis(1);

fn breaker(change: impl FnOnce(&mut BreakerConfig)) -> BreakerLayer {
    let mut config = BreakerConfig::default();
    change(&mut config);
    BreakerLayer::new(config).unwrap()
}

/// What the peer answers when its handler has failed.
fn failure() -> CallResult {
    Err(Error::remote(ApplicationException { code: 6, message: "biz error: no".into() }))
}

fn success() -> CallResult {
    Ok(Response::empty(Status::Ok))
}

/// A service that answers as it is told at the time, and counts its calls.
#[derive(Clone)]
struct Backend {
    answer: Arc<Mutex<fn() -> CallResult>>,
    calls: Arc<AtomicUsize>,
}

impl Backend {
    fn new(answer: fn() -> CallResult) -> Self {
        Self { answer: Arc::new(Mutex::new(answer)), calls: Arc::default() }
    }

    fn answers(&self, answer: fn() -> CallResult) {
        *self.answer.lock().unwrap() = answer;
    }

    fn service(&self) -> Mock {
        let this = self.clone();
        Mock::new(move |_| {
            this.calls.fetch_add(1, Ordering::Relaxed);
            std::future::ready(this.answer.lock().unwrap()())
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

async fn calls<S>(service: &mut S, count: usize)
where
    S: Service<kitex_core::Request, Response = Response>,
{
    for _ in 0..count {
        let _ = call(service, Context::new()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_is_told_why_until_when_and_by_which_setting() {
    let backend = Backend::new(success);
    let mut service = breaker(|config| config.min_samples = 240).layer(backend.service());
    calls(&mut service, 103).await;
    backend.answers(failure);
    calls(&mut service, 137).await;
    advance(3800 * MS).await;
    let error = call(&mut service, Context::new()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "limit reached calling EchoSvc.Echo (before sending): the circuit breaker is open: 57 % of 240 calls failed \
         in the last 10 s; the next try in 1.2 s [setting: BreakerConfig::failure_rate]"
    );
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Limit, Sent::Never));
    assert_eq!(error.push_back(), Some(1200 * MS));
    assert_eq!(backend.calls(), 240, "the refused call went nowhere");
}

#[tokio::test(start_paused = true)]
async fn each_reason_is_told_with_its_setting() {
    let backend = Backend::new(failure);
    let mut service = breaker(|config| config.consecutive_failures = Some(5)).layer(backend.service());
    calls(&mut service, 5).await;
    let error = call(&mut service, Context::new()).await.unwrap_err();
    assert_eq!(error.message(), "the circuit breaker is open: 5 calls failed in a row; the next try in 5 s");
    assert_eq!(error.setting(), Some("BreakerConfig::consecutive_failures"));
    advance(5000 * MS).await;
    calls(&mut service, 1).await;
    let error = call(&mut service, Context::new()).await.unwrap_err();
    assert_eq!(error.message(), "the circuit breaker is open: a trial call failed; the next try in 5 s");
    assert_eq!(error.setting(), Some("BreakerConfig::open_for"));
    backend.answers(success);
    advance(5000 * MS).await;
    calls(&mut service, 1).await;
    let error = call(&mut service, Context::new()).await.unwrap_err();
    let told = "the circuit breaker is half-open: a trial call failed; the next try in 200 ms";
    assert_eq!(error.message(), told);
}

#[tokio::test(start_paused = true)]
async fn slow_calls_are_those_that_take_longer_than_the_setting_by_the_calls_own_times() {
    let slow = Mock::new(|_| async {
        tokio::time::sleep(600 * MS).await;
        success()
    });
    let layer = breaker(|config| {
        config.slow_call = Some((500 * MS, 0.6));
        config.min_samples = 5;
    });
    let mut service = layer.layer(slow);
    calls(&mut service, 5).await;
    let error = call(&mut service, Context::new()).await.unwrap_err();
    let told = "the circuit breaker is open: 100 % of 5 calls took longer than 500 ms in the last 10 s; the next \
                try in 5 s";
    assert_eq!((error.message(), error.setting()), (told, Some("BreakerConfig::slow_call")));
}

#[tokio::test(start_paused = true)]
async fn answers_never_open_it_whatever_they_say() {
    let answers: [fn() -> CallResult; 3] = [
        success,
        || Ok(Response::empty(Status::Exception(1))),
        || Ok(Response::empty(Status::Business(Box::new(BusinessStatus::new(500, "no money"))))),
    ];
    for answer in answers {
        let backend = Backend::new(answer);
        calls(&mut breaker(|_| ()).layer(backend.service()), 1000).await;
        assert_eq!(backend.calls(), 1000);
    }
}

#[tokio::test(start_paused = true)]
async fn it_closes_again_when_the_method_works_again_and_tells_of_each_change() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let layer = breaker(|_| ()).on_change({
        let told = Arc::clone(&told);
        move |event| told.lock().unwrap().push((event.scope.to_string(), event.from, event.to, event.at))
    });
    let began = Instant::now().into_std();
    let backend = Backend::new(failure);
    let mut service = layer.layer(backend.service());
    calls(&mut service, 1000).await;
    assert_eq!(backend.calls(), 200);
    backend.answers(success);
    advance(5000 * MS).await;
    calls(&mut service, 10).await;
    assert_eq!(backend.calls(), 201, "one trial call");
    advance(200 * MS).await;
    calls(&mut service, 100).await;
    assert_eq!(backend.calls(), 301);
    let changes = [
        (BreakerState::Closed, BreakerState::Open, began),
        (BreakerState::Open, BreakerState::HalfOpen, began + 5000 * MS),
        (BreakerState::HalfOpen, BreakerState::Closed, began + 5200 * MS),
    ];
    let expected = changes.map(|(from, to, at)| ("EchoSvc.Echo".to_owned(), from, to, at));
    assert_eq!(*told.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn clones_share_a_breaker_and_methods_do_not() {
    let layer = breaker(|_| ());
    let backend = Backend::new(failure);
    let services = [layer.layer(backend.service()), layer.clone().layer(backend.service())];
    for service in &services {
        calls(&mut service.clone(), 100).await;
    }
    assert_eq!(backend.calls(), 200);
    for mut service in services {
        assert_eq!(call(&mut service, Context::new()).await.unwrap_err().kind(), ErrorKind::Limit);
        let mut other = request(Context::new());
        other.method = Method::dynamic("EchoSvc", "Other");
        assert_eq!(service.call(other).await.unwrap_err().kind(), ErrorKind::Remote);
    }
}

#[tokio::test(start_paused = true)]
async fn methods_beyond_the_bound_share_a_breaker() {
    let registry = Registry::new();
    let layer = breaker(|_| ()).register(&registry);
    let mut service = layer.layer(Backend::new(failure).service());
    let mut refused = 0;
    for number in 0..5_000 {
        let mut request = request(Context::new());
        request.method = Method::dynamic("EchoSvc", format!("M{number}"));
        refused += usize::from(service.call(request).await.unwrap_err().kind() == ErrorKind::Limit);
    }
    let state = registry.inspect();
    let methods = state[0]["state"].as_object().unwrap();
    assert_eq!(methods.len(), 1025);
    assert_eq!(methods["other methods"]["state"], "open");
    assert_eq!(refused, 5_000 - 1024 - 200);
}

#[tokio::test(start_paused = true)]
async fn what_a_result_counts_as_can_be_said_otherwise() {
    let layer = breaker(|_| ()).classify(|result| match result {
        Ok(Response { status: Status::Business(_), .. }) => Outcome::Failure,
        Err(error) if error.code() == Some(6) => Outcome::Ignore,
        result => outcome_of(result),
    });
    let backend = Backend::new(failure);
    let mut service = layer.layer(backend.service());
    calls(&mut service, 1000).await;
    assert_eq!(backend.calls(), 1000);
    backend.answers(|| Ok(Response::empty(Status::Business(Box::new(BusinessStatus::new(500, ""))))));
    calls(&mut service, 1000).await;
    assert_eq!(backend.calls(), 1200);
}

#[tokio::test(start_paused = true)]
async fn a_classification_that_panics_fails_its_call_and_no_other() {
    let seen = Arc::new(AtomicUsize::new(0));
    let layer = breaker(|_| ()).classify(move |result| match seen.fetch_add(1, Ordering::Relaxed) {
        0 => panic!("what is this?"),
        _ => outcome_of(result),
    });
    let mut service = layer.layer(Backend::new(success).service());
    let error = call(&mut service, Context::new()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "handler panic calling EchoSvc.Echo (in a layer): the breaker's classify panicked: what is this?"
    );
    assert!(call(&mut service, Context::new()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_classification_that_panics_on_a_trial_call_makes_room_for_another() {
    let panics = Arc::new(AtomicUsize::new(0));
    let layer = breaker(|config| config.probe_successes = 1).classify({
        let panics = Arc::clone(&panics);
        move |result| match panics.load(Ordering::Relaxed) {
            0 => outcome_of(result),
            _ => panic!("again"),
        }
    });
    let backend = Backend::new(failure);
    let mut service = layer.layer(backend.service());
    calls(&mut service, 200).await;
    panics.store(1, Ordering::Relaxed);
    backend.answers(success);
    for _ in 0..5 {
        advance(5000 * MS).await;
        assert_eq!(call(&mut service, Context::new()).await.unwrap_err().kind(), ErrorKind::Panic);
    }
    panics.store(0, Ordering::Relaxed);
    advance(200 * MS).await;
    assert!(call(&mut service, Context::new()).await.is_ok());
    assert!(call(&mut service, Context::new()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_panics_changes_no_answer_and_keeps_nothing_from_the_others() {
    let told = Arc::new(AtomicUsize::new(0));
    let layer = breaker(|_| ()).on_change(|_| panic!("not now")).on_change({
        let told = Arc::clone(&told);
        move |_| {
            told.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut service = layer.layer(Backend::new(failure).service());
    calls(&mut service, 199).await;
    let error = call(&mut service, Context::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Remote);
    assert_eq!(call(&mut service, Context::new()).await.unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

/// Begins a call that gets no answer, and drops it after `waited`.
async fn drop_after<S>(service: &mut S, context: Context, waited: Duration)
where
    S: Service<kitex_core::Request, Response = Response>,
{
    let mut answer = pin!(call(service, context));
    let polled = poll_fn(|task| Poll::Ready(answer.as_mut().poll(task).is_ready())).await;
    advance(waited).await;
    assert!(!polled);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_counts_only_if_its_deadline_has_passed() {
    let registry = Registry::new();
    let mut service = breaker(|_| ()).register(&registry).layer(Mock::new(|_| never()));
    let context = |left: Duration| {
        let mut context = Context::new();
        context.deadline = Some(Deadline::after(Instant::now().into_std(), left));
        context
    };
    drop_after(&mut service, Context::new(), 20 * MS).await;
    drop_after(&mut service, context(30 * MS), 20 * MS).await;
    let failed = |registry: &Registry| registry.inspect()[0]["state"]["EchoSvc.Echo"]["failed"].clone();
    assert_eq!(failed(&registry), 0);
    drop_after(&mut service, context(20 * MS), 20 * MS).await;
    assert_eq!(failed(&registry), 1);
}

#[tokio::test(start_paused = true)]
async fn a_trial_call_that_is_dropped_makes_room_for_another() {
    let layer = breaker(|config| config.probes = 1);
    let backend = Backend::new(failure);
    calls(&mut layer.layer(backend.service()), 200).await;
    advance(5000 * MS).await;
    let mut hanging = layer.layer(Mock::new(|_| never()));
    let mut works = layer.layer(Backend::new(success).service());
    {
        let mut probe = pin!(call(&mut hanging, Context::new()));
        let polled = poll_fn(|task| Poll::Ready(probe.as_mut().poll(task).is_ready())).await;
        assert!(!polled);
        advance(1000 * MS).await;
        assert!(call(&mut works, Context::new()).await.is_err(), "one at a time");
    }
    assert!(call(&mut works, Context::new()).await.is_ok());
}

/// An answer that is a stream of one message and ends as told.
fn stream(end: Option<fn() -> Error>) -> CallResult {
    struct Source(Vec<Result<Payload, Error>>);
    impl MessageSource for Source {
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> Poll<Option<Result<Payload, Error>>> {
            Poll::Ready(self.0.pop())
        }
    }
    let message = Ok(Payload::new(Protocol::Binary, Bytes::from_static(&[0])));
    let source = Source(end.map(|error| Err(error())).into_iter().chain([message]).collect());
    let mut response = Response::empty(Status::Ok);
    response.body = Body::Stream(MessageStream::new(source));
    Ok(response)
}

async fn open_stream<S>(service: &mut S) -> MessageStream
where
    S: Service<kitex_core::Request, Response = Response, Error = Error>,
{
    match call(service, Context::new()).await.unwrap().body {
        Body::Stream(stream) => stream,
        Body::Message(_) => unreachable!("the answer is a stream"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_counts_at_its_end() {
    let registry = Registry::new();
    let layer = breaker(|_| ()).register(&registry);
    let counts = || {
        let state = &registry.inspect()[0]["state"]["EchoSvc.Echo"];
        (state["succeeded"].clone(), state["failed"].clone())
    };
    let backend = Backend::new(|| stream(None));
    let mut service = layer.layer(backend.service());
    let mut good = open_stream(&mut service).await;
    assert!(good.next().await.unwrap().is_ok());
    assert_eq!(counts(), (0.into(), 0.into()), "it goes on");
    assert!(good.next().await.is_none());
    assert!(good.next().await.is_none());
    assert_eq!(counts(), (1.into(), 0.into()));

    let mut left = open_stream(&mut service).await;
    assert!(left.next().await.unwrap().is_ok());
    drop(left);
    assert_eq!(counts(), (1.into(), 0.into()), "one that is not read to its end says nothing");

    backend.answers(|| stream(Some(|| Error::new(ErrorKind::Closed, Stage::Read, "gone"))));
    let mut bad = open_stream(&mut service).await;
    assert!(bad.next().await.unwrap().is_ok());
    assert_eq!(bad.next().await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    drop(bad);
    assert_eq!(counts(), (1.into(), 1.into()));
}

#[tokio::test(start_paused = true)]
async fn its_state_can_be_looked_at() {
    let registry = Registry::new();
    let layer = breaker(|_| ()).named("billing").register(&registry);
    assert_eq!(registry.inspect().to_string(), r#"[{"kind":"breaker","name":"billing","state":{}}]"#);
    let mut service = layer.layer(Backend::new(failure).service());
    calls(&mut service, 203).await;
    advance(1500 * MS).await;
    let state = registry.inspect()[0]["state"]["EchoSvc.Echo"].clone();
    assert_eq!(
        state,
        serde_json::json!({
            "state": "open",
            "succeeded": 0,
            "failed": 200,
            "slow": null,
            "refused": 3,
            "trips": 1,
            "last_trip": { "reason": "100 % of 200 calls failed in the last 10 s", "ms_ago": 1500 },
            "last_error": "remote exception 6 (at the peer): biz error: no",
        })
    );
    drop((layer, service));
    assert_eq!(registry.inspect().to_string(), "[]");
}

#[tokio::test(start_paused = true)]
async fn an_inner_breaker_that_is_open_does_not_open_an_outer_one() {
    let outer = breaker(|config| config.min_samples = 300);
    let inner = breaker(|_| ());
    let registry = Registry::new();
    let outer = outer.register(&registry);
    let mut service = outer.layer(SharedService::new(inner.layer(Backend::new(failure).service())));
    calls(&mut service, 1000).await;
    let state = &registry.inspect()[0]["state"]["EchoSvc.Echo"];
    assert_eq!((&state["state"], &state["failed"]), (&"closed".into(), &200.into()));
}

#[tokio::test]
async fn nonsense_is_refused_when_the_layer_is_built() {
    let mut config = BreakerConfig::default();
    config.bucket = Duration::ZERO;
    let error = BreakerLayer::new(config).unwrap_err();
    assert_eq!(error.to_string(), "BreakerConfig::bucket: 0ns is not between 1ms and 86400s");
}
