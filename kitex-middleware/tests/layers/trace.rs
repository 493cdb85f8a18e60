//! Spans and the trace context, by a mock service and a subscriber that writes down.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};

use crate::mock::OnShared;
use kitex_codec::{ApplicationException, BytesMut, Frame, Header, Limits, int_key};
use kitex_core::{
    Body, BusinessStatus, ClientConfig, ClientConnection, ConnectionInfo, Context, Error, MessageSource,
    MessageStream, Metadata, Payload, Peer, Request, Response, Scope, SharedService, Stage, Status,
};
use kitex_middleware::{EndedCall, SpanScope, SpanSink, TraceContext, TraceLayer, TraceParent};

use crate::mock::{Mock, call, never};
use crate::recorder::{Recorder, record};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn context(pairs: &[(&'static str, &'static str)]) -> Context {
    let mut context = Context::new();
    for (key, value) in pairs {
        context.metadata.set(Scope::Transient, *key, *value);
    }
    context
}

/// What a call is sent with.
#[derive(Debug, Default, PartialEq)]
struct Sent {
    parent: Option<String>,
    state: Option<String>,
}

impl Sent {
    /// What a connection writes of a request.
    fn of(request: &Request) -> Self {
        let info = ConnectionInfo::new(Peer::Memory, Arc::default());
        let mut connection = ClientConnection::new(Arc::new(ClientConfig::default()), info);
        let now = tokio::time::Instant::now().into_std();
        assert!(connection.call(now, request, ()).is_ok());
        let mut bytes = BytesMut::from(&*connection.output().take_segments().to_bytes());
        let frame = Frame::decode(&mut bytes, &Limits::default()).unwrap().unwrap();
        let header = frame.header.unwrap();
        let value = |key| header.pairs().get(key).map(|value| String::from_utf8(value.to_vec()).unwrap());
        Self { parent: value("RPC_TRANSIT_traceparent"), state: value("RPC_TRANSIT_tracestate") }
    }
}

/// A service that notes what goes out.
fn wire() -> (Mock, Arc<Mutex<Sent>>) {
    let noted = Arc::new(Mutex::new(Sent::default()));
    let mock = Mock::new({
        let noted = Arc::clone(&noted);
        move |request| {
            *noted.lock().unwrap() = Sent::of(&request);
            std::future::ready(Ok(Response::empty(Status::Ok)))
        }
    });
    (mock, noted)
}

/// A handler under a server's layer that makes one call with its context, as a stub does.
async fn handled_and_passed_on(incoming: Context) -> Sent {
    let (wire, sent) = wire();
    let client = SharedService::new(TraceLayer::client().layer(wire));
    let handler = Mock::new(move |request| client.call(crate::mock::request(request.context.inherited())));
    call(&mut TraceLayer::server().layer(handler), incoming).await.unwrap();
    let mut sent = sent.lock().unwrap();
    std::mem::take(&mut *sent)
}

#[tokio::test]
async fn without_listeners_a_trace_is_passed_on_as_it_came() {
    let incoming = context(&[("traceparent", PARENT), ("tracestate", "a=1,b=2")]);
    let expected = Sent { parent: Some(PARENT.into()), state: Some("a=1,b=2".into()) };
    assert_eq!(handled_and_passed_on(incoming).await, expected);
}

#[tokio::test]
async fn without_listeners_no_trace_is_begun() {
    assert_eq!(handled_and_passed_on(Context::new()).await, Sent::default());
    let malformed = context(&[("traceparent", "00-what-is-this"), ("tracestate", "a=1")]);
    assert_eq!(handled_and_passed_on(malformed).await, Sent::default());
}

#[tokio::test]
async fn each_hop_is_a_span_of_the_same_trace() {
    let (recorder, _guard) = record();
    let incoming = context(&[("traceparent", PARENT), ("tracestate", "a=1")]);
    let sent = handled_and_passed_on(incoming).await;
    let [server, client] = &recorder.ended()[..] else { panic!("{:?}", recorder.ended()) };
    assert_eq!((&*server["trace_id"], &*client["trace_id"]), (TRACE, TRACE));
    assert_eq!(server["parent_span_id"], "00f067aa0ba902b7");
    assert_ne!(server["span_id"], client["span_id"]);
    assert_eq!(sent.parent.unwrap(), format!("00-{TRACE}-{}-01", client["span_id"]));
    assert_eq!(sent.state.as_deref(), Some("a=1"));
    assert_eq!(client["parent"], "rpc.server");
}

#[tokio::test]
async fn a_trace_is_begun_where_none_came() {
    let (recorder, _guard) = record();
    let malformed = context(&[("traceparent", "00-0-0-0"), ("tracestate", "a=1")]);
    let sent = handled_and_passed_on(malformed).await;
    let [server, client] = &recorder.ended()[..] else { panic!("{:?}", recorder.ended()) };
    let parent = TraceParent::parse(&sent.parent.unwrap()).unwrap();
    assert!(parent.is_sampled());
    assert_eq!(format!("{:032x}", parent.trace_id()), server["trace_id"]);
    assert_eq!(format!("{:016x}", parent.span_id()), client["span_id"]);
    assert_eq!((server.get("parent_span_id"), sent.state), (None, None));
}

#[tokio::test]
async fn a_handler_can_ask_for_its_place_in_the_trace() {
    let handler = Mock::new(|request| {
        let trace = TraceContext::of(&request.context);
        assert_eq!(trace.map(|trace| trace.parent.to_string()).as_deref(), Some(PARENT));
        std::future::ready(Ok(Response::empty(Status::Ok)))
    });
    let incoming = context(&[("traceparent", PARENT)]);
    call(&mut TraceLayer::server().layer(handler), incoming).await.unwrap();
}

#[tokio::test]
async fn spans_have_the_names_of_the_conventions() {
    let (recorder, _guard) = record();
    let peer: SocketAddr = "10.1.2.3:4567".parse().unwrap();
    let connection = ConnectionInfo::new(Peer::Ip(peer), Arc::default());
    let mut incoming = Context::received(connection, Metadata::new());
    incoming.set_caller("front", "Ask");
    call(&mut TraceLayer::server().layer(wire().0), incoming).await.unwrap();
    let client = TraceLayer::client_of("example.com", Some(8888));
    call(&mut client.layer(wire().0), Context::new()).await.unwrap();

    let [server, client] = &recorder.ended()[..] else { panic!("{:?}", recorder.ended()) };
    let expected = [
        ("name", "rpc.server"),
        ("otel.name", "EchoSvc/Echo"),
        ("otel.kind", "server"),
        ("rpc.system.name", "kitex"),
        ("rpc.method", "EchoSvc/Echo"),
        ("client.address", "10.1.2.3"),
        ("client.port", "4567"),
        ("kitex.caller", "front"),
    ];
    crate::recorder::assert_fields(server, &expected, &["trace_id", "span_id"]);
    let expected = [
        ("name", "rpc.client"),
        ("otel.name", "EchoSvc/Echo"),
        ("otel.kind", "client"),
        ("rpc.system.name", "kitex"),
        ("rpc.method", "EchoSvc/Echo"),
        ("server.address", "example.com"),
        ("server.port", "8888"),
    ];
    crate::recorder::assert_fields(client, &expected, &["trace_id", "span_id"]);
}

/// What the span of a call has that ends with `result`, of the fields that tell how it ended.
async fn end(
    recorder: &Recorder,
    result: impl Fn() -> Result<Response, Error> + Send + Sync + 'static,
) -> String {
    let mock = Mock::new(move |_| std::future::ready(result()));
    let _ = call(&mut TraceLayer::client().layer(mock), Context::new()).await;
    ends(recorder)
}

fn ends(recorder: &Recorder) -> String {
    let span = recorder.ended().pop().unwrap();
    let told = ["error.type", "kitex.exception.id", "otel.status_code", "rpc.response.status_code"];
    let told = told.into_iter().filter_map(|name| Some(format!("{name}={}", span.get(name)?)));
    told.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn spans_tell_how_calls_ended() {
    let (recorder, _guard) = record();
    assert_eq!(end(&recorder, || Ok(Response::empty(Status::Ok))).await, "");
    let exception = || Ok(Response::empty(Status::Exception(1)));
    assert_eq!(end(&recorder, exception).await, "kitex.exception.id=1");
    let status = || Ok(Response::empty(Status::Business(Box::new(BusinessStatus::new(404, "none")))));
    assert_eq!(end(&recorder, status).await, "rpc.response.status_code=404");
    let failed = || Err(Error::deadline(Stage::Read));
    assert_eq!(end(&recorder, failed).await, "error.type=deadline exceeded otel.status_code=ERROR");
    let remote = || Err(Error::remote(ApplicationException { code: 6, message: "biz error: no".into() }));
    let told = "error.type=6 otel.status_code=ERROR rpc.response.status_code=6";
    assert_eq!(end(&recorder, remote).await, told);
}

#[tokio::test]
async fn a_call_that_is_given_up_is_told_as_cancelled() {
    let (recorder, _guard) = record();
    let mut service = TraceLayer::client().layer(Mock::new(|_| never()));
    let mut answer = Box::pin(call(&mut service, Context::new()));
    let polled = std::future::poll_fn(|task| std::task::Poll::Ready(answer.as_mut().poll(task))).await;
    assert!(polled.is_pending());
    drop(answer);
    assert_eq!(ends(&recorder), "error.type=cancelled otel.status_code=ERROR");
}

/// A stream that fails at once.
struct Fails;

impl MessageSource for Fails {
    fn poll_next(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Result<Payload, Error>>> {
        Poll::Ready(Some(Err(Error::deadline(Stage::Read))))
    }
}

#[tokio::test]
async fn the_span_of_a_stream_tells_how_that_ended() {
    let (recorder, _guard) = record();
    let streams: [fn() -> MessageStream; 2] = [|| MessageStream::of([]), || MessageStream::new(Fails)];
    for (stream, read, told) in [
        (streams[0], true, ""),
        (streams[0], false, "error.type=cancelled otel.status_code=ERROR"),
        (streams[1], true, "error.type=deadline exceeded otel.status_code=ERROR"),
    ] {
        let mut service = TraceLayer::server().layer(Mock::new(move |_| {
            let body = Body::Stream(stream());
            std::future::ready(Ok(Response { body, ..Response::empty(Status::Ok) }))
        }));
        let response = call(&mut service, Context::new()).await.unwrap();
        assert_eq!(ends(&recorder), "", "it goes on");
        let Body::Stream(mut stream) = response.body else { panic!("no stream") };
        if read {
            let _ = stream.next().await;
        }
        drop(stream);
        assert_eq!(ends(&recorder), told);
    }
}

/// A sink that panics where it is told to, and notes the callers that it is told of.
#[derive(Debug, Default)]
struct Sink {
    in_enter: bool,
    in_leave: bool,
    in_end: bool,
    callers: Mutex<Vec<String>>,
}

impl SpanSink for Sink {
    fn samples(&self, _: u128) -> bool {
        true
    }

    fn enter(&self, _: &mut SpanScope) {
        assert!(!self.in_enter, "in enter");
    }

    fn leave(&self, _: &mut SpanScope) {
        assert!(!self.in_leave, "in leave");
    }

    fn end(&self, call: EndedCall<'_>) {
        self.callers.lock().unwrap().push(call.caller.to_owned());
        assert!(!self.in_end, "in end");
    }
}

/// What panics of a call under a server's layer with this sink; nobody takes it but the test.
async fn panic_of(sink: &'static Sink, incoming: Context) -> Option<String> {
    let mut service = TraceLayer::server().sink(sink).layer(wire().0);
    tokio::spawn(async move { call(&mut service, incoming).await.map(drop) })
        .await
        .err()
        .map(|error| kitex_core::panic_text(&*error.into_panic()).to_owned())
}

fn leaked(sink: Sink) -> &'static Sink {
    Box::leak(Box::new(sink))
}

#[tokio::test]
async fn no_span_stays_entered_where_a_sink_panics() {
    let (_recorder, _guard) = record();
    for (sink, said) in [
        (Sink { in_enter: true, ..Sink::default() }, "in enter"),
        (Sink { in_leave: true, ..Sink::default() }, "in leave"),
        (Sink { in_end: true, ..Sink::default() }, "in end"),
    ] {
        let sink = leaked(sink);
        assert_eq!(panic_of(sink, Context::new()).await.as_deref(), Some(said));
        assert_eq!(Recorder::entered(), 0, "{said}");
        assert!(sink.callers.lock().unwrap().len() <= 1, "it is told once");
    }
}

/// A context of a request whose header names its caller.
fn from(caller: &[u8]) -> Context {
    // One section of integer keys with one pair.
    let pair =
        [&int_key::FROM_SERVICE.to_be_bytes(), &(caller.len() as u16).to_be_bytes()[..], caller].concat();
    let info = [&b"\0\0\x10\0\x01"[..], &pair].concat();
    let mut header = Header::decode(0, 1, info.into(), &Limits::default()).unwrap();
    let pairs = header.take_pairs();
    Context::received(ConnectionInfo::new(Peer::Memory, Arc::default()), Metadata::received(pairs))
}

#[tokio::test]
async fn the_sink_is_told_who_called() {
    let sink = leaked(Sink::default());
    let long = "a-service-with-a-name-that-is-longer-than-most-names-of-services-are";
    let mut noted = Context::new();
    noted.set_caller("noted", "Ask");
    for incoming in [from(b"front"), from(long.as_bytes()), from(b"caf\xe9"), Context::new(), noted] {
        assert_eq!(panic_of(sink, incoming).await, None);
    }
    assert_eq!(*sink.callers.lock().unwrap(), ["front", long, "", "", "noted"]);
}
