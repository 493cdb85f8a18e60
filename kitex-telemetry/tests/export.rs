//! A process's telemetry, read as Prometheus reads the page, and as a collector gets it.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response as HttpResponse};
use hyper_util::rt::TokioIo;
use kitex_core::{Method, Payload, Protocol, Request, Response, SharedService, Status};
use kitex_middleware::TraceLayer;
use kitex_telemetry::{MetricsConfig, OtlpConfig, SamplingConfig, Telemetry, TelemetryError};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower_layer::Layer;

/// What a collector got, and what it is to answer.
#[derive(Default)]
struct Seen {
    paths: Vec<String>,
    tenants: Vec<String>,
    spans: Vec<String>,
    resource: Vec<String>,
    metrics: Vec<String>,
    /// Statuses of the next answers; then 200.
    answers: VecDeque<u16>,
    /// How many spans it says that it rejects.
    rejects: i64,
}

type Collector = Arc<Mutex<Seen>>;

async fn collector() -> (SocketAddr, Collector) {
    let (listener, seen) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Collector::default());
    let (address, shared) = (listener.local_addr().unwrap(), Arc::clone(&seen));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let seen = Arc::clone(&shared);
            let answer = service_fn(move |request| take(request, Arc::clone(&seen)));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    (address, seen)
}

async fn take(
    request: HttpRequest<Incoming>,
    seen: Collector,
) -> Result<HttpResponse<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    assert_eq!(head.headers["content-type"], "application/x-protobuf");
    let body = body.collect().await.unwrap().to_bytes();
    let mut seen = seen.lock().unwrap();
    seen.paths.push(head.uri.path().to_owned());
    seen.tenants.extend(head.headers.get("x-tenant").map(|tenant| tenant.to_str().unwrap().to_owned()));
    let status = seen.answers.pop_front().unwrap_or(200);
    let answer = match status {
        200 => seen.read(head.uri.path(), body),
        _ => Vec::new(),
    };
    Ok(HttpResponse::builder().status(status).body(Full::new(answer.into())).unwrap())
}

impl Seen {
    fn read(&mut self, path: &str, body: Bytes) -> Vec<u8> {
        if path == "/v1/metrics" {
            let request = ExportMetricsServiceRequest::decode(body).unwrap();
            let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
            self.metrics = scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name).collect();
            return Vec::new();
        }
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        for resource in request.resource_spans {
            let keys = resource.resource.unwrap().attributes.into_iter().map(|attribute| attribute.key);
            self.resource = keys.collect();
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.spans.extend(spans.map(|span| span.name));
        }
        let partial =
            ExportTracePartialSuccess { rejected_spans: self.rejects, error_message: "enough".to_owned() };
        ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec()
    }
}

/// One that keeps all.
async fn begin(address: SocketAddr, change: impl FnOnce(&mut OtlpConfig)) -> Telemetry {
    let (mut sampling, mut otlp) = (SamplingConfig::default(), OtlpConfig::new(format!("http://{address}")));
    sampling.percent = 100.0;
    change(&mut otlp);
    Telemetry::builder("tested").resource("zone", "a").sampling(sampling).otlp(otlp).start().await.unwrap()
}

async fn call(telemetry: &Telemetry, names: &[&str]) {
    let service = SharedService::from_fn(|request: Request| {
        Box::pin(async move { Ok(Response::new(Status::Ok, request.body.message().cloned().unwrap())) })
    });
    let service = SharedService::new(TraceLayer::server().sink(telemetry.sink().unwrap()).layer(service));
    for name in names {
        let payload = Payload::new(Protocol::Binary, kitex_codec::Bytes::new());
        service.call(Request::new(Method::dynamic("Svc", *name), payload)).await.unwrap();
    }
}

/// Whether the page has a line.
fn counts(telemetry: &Telemetry, line: &str) -> bool {
    telemetry.recorder().render().lines().any(|there| there == line)
}

#[tokio::test]
async fn a_flush_brings_traces_and_metrics_with_headers_and_resource() {
    let (address, seen) = collector().await;
    let telemetry = begin(address, |otlp| {
        otlp.headers.push(("x-tenant".to_owned(), "blue".to_owned()));
        otlp.batch = 2;
    })
    .await;
    call(&telemetry, &["One", "Two", "Three", "Four", "Five"]).await;
    telemetry.flush().await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen.spans, ["Svc/One", "Svc/Two", "Svc/Three", "Svc/Four", "Svc/Five"]);
    assert_eq!(seen.paths, ["/v1/traces", "/v1/traces", "/v1/traces", "/v1/metrics"]);
    assert_eq!(seen.tenants, ["blue"; 4]);
    assert!(
        seen.resource.iter().any(|key| key == "service.name")
            && seen.resource.iter().any(|key| key == "zone")
    );
    assert!(seen.metrics.iter().any(|name| name == "kitex.telemetry.spans.exported"), "{:?}", seen.metrics);
    assert!(counts(&telemetry, "kitex_telemetry_spans_exported_total 5"));
}

#[tokio::test]
async fn a_collector_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let (address, seen) = collector().await;
    let quick = Duration::from_millis(1);
    let telemetry = begin(address, |otlp| (otlp.metrics, otlp.back_off) = (false, quick)).await;
    seen.lock().unwrap().answers = [503, 429, 200, 400].into();
    call(&telemetry, &["One"]).await;
    telemetry.flush().await;
    assert_eq!(seen.lock().unwrap().paths.len(), 3);
    call(&telemetry, &["Two", "Three"]).await;
    telemetry.flush().await;
    assert_eq!(seen.lock().unwrap().paths.len(), 4);
    assert_eq!(seen.lock().unwrap().spans, ["Svc/One"]);
    assert!(counts(&telemetry, "kitex_telemetry_spans_dropped_total{reason=\"export\"} 2"));
    assert!(counts(&telemetry, "kitex_telemetry_export_failures_total{signal=\"traces\"} 1"));
}

#[tokio::test]
async fn spans_that_a_collector_rejects_count_as_dropped() {
    let (address, seen) = collector().await;
    seen.lock().unwrap().rejects = 1;
    let telemetry = begin(address, |otlp| otlp.metrics = false).await;
    call(&telemetry, &["One", "Two", "Three"]).await;
    telemetry.flush().await;
    assert!(counts(&telemetry, "kitex_telemetry_spans_exported_total 2"));
    assert!(counts(&telemetry, "kitex_telemetry_spans_dropped_total{reason=\"export\"} 1"));
}

#[tokio::test]
async fn without_a_collector_calls_go_on_and_the_shutdown_ends() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let telemetry = begin(nobody, |otlp| (otlp.attempts, otlp.queue, otlp.batch) = (1, 4, 4)).await;
    call(&telemetry, &["Say"; 10]).await;
    telemetry.flush().await;
    assert!(counts(&telemetry, "kitex_telemetry_export_failures_total{signal=\"metrics\"} 1"));
    assert!(counts(&telemetry, "kitex_telemetry_spans_dropped_total{reason=\"queue\"} 6"));
    assert!(counts(&telemetry, "kitex_telemetry_spans_dropped_total{reason=\"export\"} 4"));
    telemetry.shutdown().await;
}

#[tokio::test]
async fn a_flush_gives_up_after_one_request_to_a_collector_that_is_away() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let quick = Duration::from_millis(1);
    let telemetry = begin(nobody, |otlp| {
        (otlp.attempts, otlp.back_off, otlp.queue, otlp.batch) = (2, quick, 8, 2);
    })
    .await;
    call(&telemetry, &["Say"; 8]).await;
    telemetry.flush().await;
    for signal in ["traces", "metrics"] {
        let line = format!("kitex_telemetry_export_failures_total{{signal=\"{signal}\"}} 1");
        assert!(counts(&telemetry, &line), "{signal}");
    }
    assert!(counts(&telemetry, "kitex_telemetry_spans_dropped_total{reason=\"export\"} 8"));
}

#[tokio::test]
async fn a_flush_goes_on_after_a_request_that_the_collector_refuses() {
    let (address, seen) = collector().await;
    seen.lock().unwrap().answers = [400].into();
    let telemetry = begin(address, |otlp| otlp.batch = 1).await;
    call(&telemetry, &["One", "Two", "Three"]).await;
    telemetry.flush().await;
    assert_eq!(seen.lock().unwrap().spans, ["Svc/Two", "Svc/Three"]);
    assert!(counts(&telemetry, "kitex_telemetry_spans_dropped_total{reason=\"export\"} 1"));
}

#[tokio::test]
async fn a_shutdown_sends_what_is_left() {
    let (address, seen) = collector().await;
    let telemetry = begin(address, |otlp| otlp.delay = Duration::from_secs(3600)).await;
    call(&telemetry, &["Last"]).await;
    telemetry.shutdown().await;
    assert_eq!(seen.lock().unwrap().spans, ["Svc/Last"]);
}

#[tokio::test]
async fn the_page_is_served_until_the_end() {
    let telemetry = Telemetry::builder("tested").page("127.0.0.1:0".parse().unwrap()).start().await.unwrap();
    let address = telemetry.page_address().unwrap();
    metrics::with_local_recorder(telemetry.recorder(), || metrics::counter!("jobs.done").increment(3));
    let page = get(address, "GET /metrics").await.unwrap();
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("\njobs_done_total 3\n"), "{page}");
    assert!(page.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{page}");
    assert!(get(address, "POST /metrics").await.unwrap().starts_with("HTTP/1.1 405 "));
    assert!(get(address, "GET /").await.unwrap().starts_with("HTTP/1.1 404 "));

    let again = Telemetry::builder("tested").page(address).start().await.unwrap_err();
    assert!(matches!(again, TelemetryError::Page { .. }), "{again}");
    telemetry.shutdown().await;
    // The task lets go of its listener when it is next asked.
    let gone = async {
        while get(address, "GET /metrics").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
}

async fn get(address: SocketAddr, line: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("{line} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    if page.is_empty() { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(page) }
}

#[tokio::test]
async fn settings_without_sense_are_refused_before_anything_begins() {
    let builder = || Telemetry::builder("tested");
    let (mut sampling, mut metrics) = (SamplingConfig::default(), MetricsConfig::default());
    (sampling.percent, metrics.series) = (f64::NAN, 0);
    let refused = [
        (builder().sampling(sampling), "SamplingConfig::percent"),
        (builder().metrics(metrics), "MetricsConfig::series"),
        (builder().otlp(OtlpConfig::new("collector")), "OtlpConfig::endpoint"),
    ];
    for (builder, setting) in refused {
        let error = builder.start().await.unwrap_err();
        assert!(error.to_string().starts_with(setting), "{error}");
    }
}
