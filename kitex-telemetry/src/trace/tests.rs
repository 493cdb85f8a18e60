//! Calls through a `TraceLayer`, and the spans that come out.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as Task, Poll};
use std::time::Duration;

use kitex_codec::Bytes;
use kitex_core::{
    Body, CallResult, Error, ErrorKind, MessageSource, MessageStream, Method, Payload, Protocol, Request,
    Response, Scope, SharedService, Status,
};
use kitex_middleware::{TraceContext, TraceLayer};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tokio::sync::mpsc::{Receiver, channel};
use tower_layer::Layer;
use tracing::{Instrument, Subscriber};
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::MetricsConfig;

struct Process {
    sink: &'static CallSink,
    recorder: Recorder,
    spans: Receiver<EncodedSpan>,
}

impl Process {
    fn sampling(config: &SamplingConfig) -> Self {
        Self::of(config, 100)
    }

    fn of(config: &SamplingConfig, queue: usize) -> Self {
        let (queue, spans) = channel(queue);
        let recorder = Recorder::new(MetricsConfig::default()).unwrap();
        let outlet = Arc::new(Outlet::new(Sampler::new(config).unwrap(), queue, &recorder));
        Self { sink: Box::leak(Box::new(CallSink { outlet })), recorder, spans }
    }

    /// One that keeps nothing without a reason.
    fn keen() -> Self {
        Self::sampling(&SamplingConfig { percent: 0.0, ..SamplingConfig::default() })
    }

    fn server<F, R>(&self, handle: F) -> SharedService
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = CallResult> + Send + 'static,
    {
        let handler = SharedService::from_fn(move |request| Box::pin(handle(request)));
        SharedService::new(TraceLayer::server().sink(self.sink).layer(handler))
    }

    fn client(&self, server: SharedService) -> SharedService {
        SharedService::new(TraceLayer::client_of("far", Some(1)).sink(self.sink).layer(server))
    }

    fn names(&mut self) -> Vec<String> {
        self.kept().into_iter().map(|span| span.name).collect()
    }

    fn kept(&mut self) -> Vec<Span> {
        std::iter::from_fn(|| self.spans.try_recv().ok()).map(|span| span.read()).collect()
    }

    fn held(&self) -> usize {
        self.sink.outlet.held.load(Ordering::Relaxed)
    }

    fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        use tracing_subscriber::Layer;
        let filter = tracing_subscriber::filter::filter_fn(SpanLayer::wants);
        let layer = SpanLayer::new(Arc::clone(&self.sink.outlet)).with_filter(filter);
        tracing_subscriber::registry().with(layer)
    }
}

fn request(method: &str) -> Request {
    Request::new(Method::dynamic("Svc", method), payload())
}

fn payload() -> Payload {
    Payload::new(Protocol::Binary, Bytes::new())
}

async fn answer(_: Request) -> CallResult {
    Ok(Response::new(Status::Ok, payload()))
}

/// As a header has it.
fn with_parent(mut request: Request, parent: &str) -> Request {
    request.context.metadata.set(Scope::Transient, "traceparent", parent);
    request
}

fn attribute<'a>(span: &'a Span, key: &str) -> Option<&'a Value> {
    span.attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()
}

fn text_of<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    match attribute(span, key)? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn of_those_that_no_share_keeps_the_failed_and_the_slow_are_kept() {
    let mut process = Process::keen();
    let service = process.server(async |request: Request| {
        match request.method.name() {
            "Fail" => return Err(Error::handler("out of order")),
            "Slow" => tokio::time::sleep(Duration::from_secs(1)).await,
            _ => tokio::time::sleep(Duration::from_millis(999)).await,
        }
        Ok(Response::new(Status::Ok, payload()))
    });
    for method in ["Quick", "Fail", "Slow"] {
        let _ = service.call(request(method)).await;
    }
    let given_up = service.call(request("Forgotten"));
    drop(given_up);
    let kept = process.kept();
    let names: Vec<_> = kept.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["Svc/Fail", "Svc/Slow", "Svc/Forgotten"]);
    let status: Vec<_> = kept.iter().map(|span| span.status.as_ref().map(|status| status.code)).collect();
    assert_eq!(status, [Some(2), None, Some(2)]);
    assert!(kept[0].status.as_ref().unwrap().message.contains("out of order"));
    assert_eq!(text_of(&kept[0], "error.type"), Some(ErrorKind::Handler.name()));
    assert_eq!(text_of(&kept[2], "error.type"), Some(ErrorKind::Cancelled.name()));
    let took = kept[1].end_time_unix_nano - kept[1].start_time_unix_nano;
    assert!((1_000_000_000..1_010_000_000).contains(&took), "{took} ns");
}

/// A stream of one message, which ends as it is told to.
struct Words {
    first: Option<Payload>,
    end: Option<Error>,
}

impl MessageSource for Words {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Task<'_>) -> Poll<Option<Result<Payload, Error>>> {
        let next = self.first.take().map(Ok);
        Poll::Ready(next.or_else(|| self.end.take().map(Err)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_goes_on_for_long_or_is_given_up_is_kept_on_both_sides() {
    let mut process = Process::keen();
    let server = process.server(async |request: Request| {
        let end = (request.method.name() == "Fail").then(|| Error::handler("out of order"));
        let words = Words { first: Some(payload()), end };
        Ok(Response { body: Body::Stream(MessageStream::new(words)), ..Response::empty(Status::Ok) })
    });
    let client = process.client(server);
    for method in ["Quick", "Fail", "Long", "Forgotten"] {
        let response = client.call(request(method)).await.unwrap();
        let Body::Stream(mut stream) = response.body else { panic!("no stream") };
        assert!(stream.next().await.unwrap().is_ok());
        assert_eq!(process.names(), [""; 0], "{method} has not ended");
        match method {
            "Forgotten" => drop(stream),
            "Long" => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                assert!(stream.next().await.is_none());
            }
            _ => assert_eq!(stream.next().await.is_some(), method == "Fail"),
        }
        let kept = process.kept();
        let ended: Vec<_> = kept.iter().map(|span| (span.kind, text_of(span, "error.type"))).collect();
        let both = |error| vec![(SpanKind::Server as i32, error), (SpanKind::Client as i32, error)];
        let expected = match method {
            "Quick" => vec![],
            "Fail" => both(Some(ErrorKind::Handler.name())),
            "Long" => both(None),
            _ => both(Some(ErrorKind::Cancelled.name())),
        };
        assert_eq!(ended, expected, "{method}");
    }
}

#[tokio::test]
async fn a_trace_that_came_goes_on_with_the_ids_of_the_wire() {
    let mut process = Process::keen();
    let client = process.client(process.server(async |request: Request| {
        assert!(TraceContext::of(&request.context).is_some());
        answer(request).await
    }));
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    client.call(with_parent(request("Say"), parent)).await.unwrap();
    let [served, made] = process.kept().try_into().unwrap();
    let trace = 0x4bf92f3577b34da6a3ce929d0e0e4736_u128.to_be_bytes();
    assert_eq!((&made.trace_id[..], &served.trace_id[..]), (&trace[..], &trace[..]));
    assert_eq!(made.parent_span_id, 0x00f067aa0ba902b7_u64.to_be_bytes());
    assert_eq!(served.parent_span_id, made.span_id);
    assert_ne!(served.span_id, made.span_id);
    assert_eq!((made.kind, served.kind), (3, 2));
    assert_eq!((made.flags, served.flags), (0x101, 0x301));
    assert_eq!(text_of(&made, "server.address"), Some("far"));
    assert_eq!(text_of(&made, "rpc.method"), Some("Svc/Say"));
}

#[tokio::test]
async fn what_begins_here_is_marked_by_its_id_and_all_hops_agree() {
    let config = SamplingConfig { percent: 50.0, ..SamplingConfig::default() };
    let (mut near, mut far) = (Process::sampling(&config), Process::keen());
    let client = near.client(far.server(answer));
    for _ in 0..40 {
        client.call(request("Say")).await.unwrap();
    }
    let (made, served) = (near.kept(), far.kept());
    assert!((1..40).contains(&made.len()), "{}", made.len());
    let traces = |spans: &[Span]| spans.iter().map(|span| span.trace_id.clone()).collect::<Vec<_>>();
    assert_eq!(traces(&made), traces(&served));
}

#[tokio::test]
async fn calls_within_a_call_share_its_fate() {
    let mut process = Process::keen();
    let far = process.client(SharedService::from_fn(|request| {
        Box::pin(async move {
            match request.method.name() {
                "Broken" => Err(Error::handler("no")),
                _ => answer(request).await,
            }
        })
    }));
    let server = process.server(move |served| {
        let far = far.clone();
        async move {
            let (first, second) = served.method.name().split_once('+').unwrap();
            for method in [first, second] {
                let mut onward = request(method);
                onward.context = served.context.inherited();
                let _ = far.call(onward).await;
            }
            match first {
                "Fail" => Err(Error::handler("out of order")),
                _ => answer(served).await,
            }
        }
    });
    let _ = server.call(request("Well+Well")).await;
    assert_eq!((process.names(), process.held()), (vec![], 0));
    let _ = server.call(request("Fail+Well")).await;
    assert_eq!(process.names(), ["Svc/Fail", "Svc/Well", "Svc/Fail+Well"]);
    let _ = server.call(request("Well+Broken")).await;
    assert_eq!(process.names(), ["Svc/Broken", "Svc/Well", "Svc/Well+Broken"]);
    assert_eq!(process.held(), 0);
}

#[tokio::test]
async fn spans_and_events_of_a_handler_go_along_with_its_call() {
    let mut process = Process::keen();
    let _default = tracing::subscriber::set_default(process.subscriber());
    let server = process.server(async |request: Request| {
        tracing::info!(attempt = 1, "begun");
        async {
            tracing::warn!("within");
            tracing::info_span!("inner", ok = true).in_scope(|| ());
        }
        .instrument(tracing::info_span!("query", rows = 7_u64))
        .await;
        match request.method.name() {
            "Fail" => Err(Error::handler("out of order")),
            _ => answer(request).await,
        }
    });
    tracing::info_span!("outside").in_scope(|| tracing::info!("of no call"));
    server.call(request("Well")).await.unwrap();
    assert_eq!((process.names(), process.held()), (vec![], 0));

    server.call(request("Fail")).await.unwrap_err();
    let [inner, query, call] = process.kept().try_into().unwrap();
    assert_eq!((&*inner.name, &*query.name, &*call.name), ("inner", "query", "Svc/Fail"));
    assert_eq!((&inner.parent_span_id, &query.parent_span_id), (&query.span_id, &call.span_id));
    assert!(inner.trace_id == call.trace_id && query.trace_id == call.trace_id);
    assert_eq!(attribute(&query, "rows"), Some(&Value::IntValue(7)));
    assert_eq!(attribute(&inner, "ok"), Some(&Value::BoolValue(true)));
    assert_eq!((&*query.events[0].name, &*call.events[0].name), ("within", "begun"));
    assert_eq!((call.events.len(), process.held()), (1, 0));
}

#[tokio::test]
async fn what_is_told_before_during_and_after_a_call_within_goes_to_the_right_one() {
    let mut process = Process::keen();
    let _default = tracing::subscriber::set_default(process.subscriber());
    let far = process.client(SharedService::from_fn(|_| {
        Box::pin(async {
            tracing::info!("far");
            tokio::task::yield_now().await;
            Err(Error::handler("no"))
        })
    }));
    let server = process.server(move |served| {
        let far = far.clone();
        async move {
            if served.method.name() == "Early" {
                tracing::info!("early");
            }
            let mut onward = request("Far");
            onward.context = served.context.inherited();
            let answer = far.call(onward).await;
            tracing::info!("back");
            answer
        }
    });
    for (method, told) in [("Late", vec!["back"]), ("Early", vec!["early", "back"])] {
        server.call(request(method)).await.unwrap_err();
        let [far, call] = process.kept().try_into().unwrap();
        let events = |span: &Span| span.events.iter().map(|event| event.name.clone()).collect::<Vec<_>>();
        assert_eq!(
            (events(&far), events(&call)),
            (vec!["far".to_owned()], told.into_iter().map(str::to_owned).collect())
        );
        assert_eq!(process.held(), 0);
        assert!(current::is_idle());
    }
}

#[tokio::test]
async fn what_is_held_is_bounded_and_what_is_dropped_is_counted() {
    let config = SamplingConfig { percent: 0.0, held: 5, held_per_call: 3, ..SamplingConfig::default() };
    let mut process = Process::sampling(&config);
    let _default = tracing::subscriber::set_default(process.subscriber());
    let server = process.server(async |_: Request| {
        (0..10).for_each(|number| tracing::info!(number, "told"));
        tokio::task::yield_now().await;
        Err(Error::handler("out of order"))
    });
    let (one, other) = (server.call(request("One")), server.call(request("Other")));
    let _ = tokio::join!(one, other);
    let kept = process.kept();
    let mut events: Vec<_> = kept.iter().map(|span| (span.events.len(), span.dropped_events_count)).collect();
    // Whichever of the two came first.
    events.sort();
    assert_eq!(events, [(2, 8), (3, 7)]);
    assert_eq!(process.held(), 0);
    let counted = "kitex_telemetry_spans_dropped_total{reason=\"held\"} 15\n";
    assert!(process.recorder.render().contains(counted), "{}", process.recorder.render());
}

#[tokio::test]
async fn a_full_queue_drops_and_counts_and_keeps_nobody_waiting() {
    let mut process = Process::of(&SamplingConfig { percent: 100.0, ..SamplingConfig::default() }, 2);
    let server = process.server(answer);
    for _ in 0..5 {
        server.call(request("Say")).await.unwrap();
    }
    assert_eq!(process.names().len(), 2);
    let counted = "kitex_telemetry_spans_dropped_total{reason=\"queue\"} 3\n";
    assert!(process.recorder.render().contains(counted), "{}", process.recorder.render());
}

#[tokio::test]
async fn a_handler_that_panics_leaves_its_thread_to_others() {
    let mut process = Process::keen();
    let server = process.server(async |_: Request| panic!("on purpose"));
    assert!(tokio::spawn(server.call(request("Panic"))).await.unwrap_err().is_panic());
    assert!(current::is_idle());
    let [span] = process.kept().try_into().unwrap();
    assert_eq!(text_of(&span, "error.type"), Some(ErrorKind::Panic.name()));
}
