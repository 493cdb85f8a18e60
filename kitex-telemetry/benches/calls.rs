//! What telemetry costs a call, over a service that answers at once: `cargo bench -p kitex-telemetry --bench calls`.
//!
//! A row's cost is what it takes beyond `service alone`. Spans that are kept go to a collector on this host.

use std::future::{Ready, ready};
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use kitex_codec::Bytes;
use kitex_core::{Error, Method, MethodDescriptor, Payload, Protocol, Request, Response, Status, Streaming};
use kitex_middleware::{MetricsLayer, TraceLayer};
use kitex_telemetry::{OtlpConfig, SamplingConfig, Telemetry};
use tokio::runtime::Runtime;
use tower_layer::Layer;
use tower_service::Service;

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
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("the system has a thread to spare");
    let collector = collector().expect("the loopback has a port to spare");
    let telemetry = |percent| begin(&runtime, collector, percent);
    let one = telemetry(1.0);
    metrics::set_global_recorder(one.recorder().clone()).expect("there is no other recorder");
    let (none, all) = (telemetry(0.0), telemetry(100.0));

    let mut group = criterion.benchmark_group("telemetry");
    calls(&mut group, "service alone", alone(true));
    calls(&mut group, "trace, nobody listens", TraceLayer::server().layer(alone(true)));
    for (name, telemetry) in [("0 %", &none), ("1 %", &one), ("100 %", &all)] {
        let sink = telemetry.sink().expect("traces are exported");
        let name = |what: &str| format!("{what}, {name}");
        calls(&mut group, &name("trace of a server"), TraceLayer::server().sink(sink).layer(alone(true)));
        calls(&mut group, &name("trace of a client"), TraceLayer::client().sink(sink).layer(alone(true)));
        let both = |clock| TraceLayer::server().sink(sink).layer(MetricsLayer::server().layer(alone(clock)));
        calls(&mut group, &name("trace and metrics of a server"), both(true));
        calls(&mut group, &name("trace and metrics of a server, no clock read yet"), both(false));
        let both = TraceLayer::client().sink(sink).layer(MetricsLayer::client().layer(alone(true)));
        calls(&mut group, &name("trace and metrics of a client"), both);
    }
    calls(&mut group, "metrics of a server", MetricsLayer::server().layer(alone(true)));
    calls(&mut group, "metrics of a client", MetricsLayer::client().layer(alone(true)));
    group.finish();
    criterion.final_summary();
}

fn begin(runtime: &Runtime, collector: SocketAddr, percent: f64) -> Telemetry {
    let mut sampling = SamplingConfig::default();
    sampling.percent = percent;
    let otlp = OtlpConfig::new(format!("http://{collector}"));
    let started = runtime.block_on(Telemetry::builder("bench").sampling(sampling).otlp(otlp).start());
    started.expect("the settings make sense")
}

/// A collector that takes all and looks at nothing.
fn collector() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || take_all(stream));
        }
    });
    Ok(address)
}

/// Reads heads and bodies as this crate's exporter writes them.
fn take_all(mut stream: std::net::TcpStream) -> std::io::Result<()> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 65536]);
    loop {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some(head) = text.split_once("\r\n\r\n").map(|(head, _)| head.to_lowercase()) else { continue };
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if bytes.len() >= head.len() + 4 + length.unwrap_or(0) {
            bytes.clear();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
        }
    }
}

/// A service that answers at once, with the time at which it did, or without.
#[derive(Clone)]
struct Answering {
    ended: Option<Instant>,
}

impl Service<Request> for Answering {
    type Response = Response;
    type Error = Error;
    type Future = Ready<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some(payload) = request.body.message().cloned() else {
            return ready(Err(Error::handler("the request is a stream")));
        };
        let mut response = Response::new(Status::Ok, payload);
        response.ended = self.ended;
        ready(Ok(response))
    }
}

fn alone(clock: bool) -> Answering {
    Answering { ended: clock.then(now) }
}

fn request(began: Instant) -> Request {
    let payload = Payload::new(Protocol::Binary, Bytes::from_static(&[0]));
    let mut request = Request::new(Method::from(&ECHO), payload);
    request.context.began = Some(began);
    request
}

/// Measures calls of a service.
fn calls<S>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut service: S)
where
    S: Service<Request, Response = Response, Error = Error>,
{
    let began = now();
    let task = &mut Context::from_waker(Waker::noop());
    group.bench_function(name, |bencher| {
        bencher.iter(|| match pin!(service.call(black_box(request(began)))).poll(task) {
            Poll::Ready(Ok(response)) => response,
            answer => unreachable!("the service answers at once: {answer:?}"),
        });
    });
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
