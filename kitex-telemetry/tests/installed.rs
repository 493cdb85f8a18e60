//! What calls measure where telemetry is installed for the whole process.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use kitex_core::{Method, Payload, Protocol, Request, Response, SharedService, Status};
use kitex_middleware::{MetricsLayer, set_call_meters};
use kitex_telemetry::{MetricsConfig, Recorder, Telemetry};
use tower_layer::Layer;

fn payload(bytes: &'static [u8]) -> Payload {
    Payload::new(Protocol::Binary, kitex_codec::Bytes::from_static(bytes))
}

/// Calls a method so often; the third answer is an exception.
async fn call(layer: &MetricsLayer, times: usize) {
    let answer = |status| Ok(Response::new(status, payload(b"answer")));
    for at in 0..times {
        let status = if at == 2 { Status::Exception(1) } else { Status::Ok };
        let service = SharedService::from_fn(move |_| {
            let status = status.clone();
            Box::pin(async move { answer(status) })
        });
        let request = Request::new(Method::dynamic("EchoSvc", "Echo"), payload(b"question"));
        SharedService::by_ref(layer.layer(service)).call(request).await.unwrap();
    }
}

/// The counts and gauges of calls on a page.
fn counts(page: &str) -> Vec<&str> {
    let is_count =
        |line: &&str| !line.starts_with('#') && (line.contains("_count") || line.contains("_active"));
    page.lines().filter(is_count).filter(|line| line.starts_with("rpc_")).collect()
}

/// One test, since a process has one recorder.
#[tokio::test]
async fn calls_are_counted_by_the_recorder_of_their_place() {
    let before = MetricsLayer::server();
    let other = Recorder::new(MetricsConfig::default()).unwrap();
    let telemetry = {
        let _local = metrics::set_default_local_recorder(&other);
        Telemetry::builder("installed").install().await.unwrap()
    };
    assert!(set_call_meters(Box::leak(Box::new(other.clone()))).is_err(), "they are there already");
    call(&before, 5).await;
    call(&MetricsLayer::client(), 1).await;
    {
        let _local = metrics::set_default_local_recorder(&other);
        call(&MetricsLayer::client(), 2).await;
    }
    let [client, server] = ["client", "server"].map(|side| {
        move |name: &str, further: &str, count: usize| {
            let labels = "rpc_method=\"EchoSvc/Echo\",rpc_system_name=\"kitex\"";
            format!("rpc_{side}_{name}{{{further}{labels}}} {count}")
        }
    });
    let of_client = |calls: usize| {
        [
            client("active_calls", "", 0),
            client("call_duration_seconds_count", "", calls),
            client("request_size_bytes_count", "", calls),
            client("response_size_bytes_count", "", calls),
        ]
    };
    let of_server = [
        server("active_calls", "", 0),
        server("call_duration_seconds_count", "kitex_answer=\"exception\",", 1),
        server("call_duration_seconds_count", "", 4),
        server("queue_duration_seconds_count", "", 5),
        server("request_size_bytes_count", "", 5),
        server("response_size_bytes_count", "", 5),
    ];
    assert_eq!(counts(&telemetry.recorder().render()), [&of_client(1)[..], &of_server].concat());
    assert_eq!(counts(&other.render()), of_client(2));
}
