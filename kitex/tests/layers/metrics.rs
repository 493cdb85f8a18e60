//! Metrics.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kitex::layer::{MetricsLayer, Next, StateMetrics, from_fn};
use kitex::{Error, Memory, Registry, Request, Response, Server, Status, Suite};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::crowd::{CROWD, at_once, serve};
use crate::handler::take;
use crate::idl::calls::CallsClient;

/// Longer than a handler may keep its thread.
const BUSY: Duration = Duration::from_millis(2);

/// How often each series was written to; of gauges, their value.
fn counts(snapshotter: &Snapshotter) -> BTreeMap<String, usize> {
    let snapshot = snapshotter.snapshot().into_vec().into_iter();
    snapshot
        .map(|(key, _, _, value)| {
            let labels = key.key().labels().skip(2);
            let labels: String = labels.map(|label| format!(" {}={}", label.key(), label.value())).collect();
            let count = match value {
                DebugValue::Histogram(values) => values.len(),
                DebugValue::Gauge(value) => value.into_inner() as usize,
                DebugValue::Counter(value) => value as usize,
            };
            (format!("{}{labels}", key.key().name()), count)
        })
        .collect()
}

#[tokio::test]
async fn the_calls_of_all_connections_are_in_one_series() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let server = serve(|server| server.layer(MetricsLayer::server())).await;
    let layer = MetricsLayer::client();
    let clients = server.crowd(|client| client.layer(layer.clone())).await;
    let mut calls = at_once(&clients, "wait");
    take(&server.seen.begun, 100).await;
    let running = counts(&snapshotter);
    let active = ["client", "server"].map(|side| running[&format!("rpc.{side}.active_calls")]);
    assert_eq!(active, [CROWD, CROWD]);
    server.seen.gate.add_permits(CROWD);
    calls.next_answers(CROWD, "wait").await;
    at_once(&clients, "fail").next_errors(CROWD, &server).await;
    let after = counts(&snapshotter);
    let figures = [
        ("rpc.client.active_calls", 0),
        ("rpc.server.active_calls", 0),
        ("rpc.client.call.duration", CROWD),
        ("rpc.server.call.duration", CROWD),
        ("rpc.client.call.duration error.type=remote exception", CROWD),
        ("rpc.server.call.duration error.type=handler error", CROWD),
    ];
    for (name, count) in figures {
        assert_eq!(after.get(name), Some(&count), "{name}: {after:#?}");
    }
}

#[tokio::test]
async fn a_registry_of_servers_and_clients_has_gauges_of_their_connections_and_layers() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let registry = Registry::new();
    let server = serve(|server| server.suite(Suite::standard()).registry(&registry)).await;
    let suite = Suite::from(Suite::standard());
    let clients = server.crowd(|client| client.suite(suite.clone()).registry(&registry)).await;
    let states = StateMetrics::new(&registry);
    let mut calls = at_once(&clients, "wait");
    take(&server.seen.begun, 100).await;
    states.record();
    let running = gauges(&snapshotter);
    server.seen.gate.add_permits(CROWD);
    calls.next_answers(CROWD, "wait").await;
    states.record();
    let after = gauges(&snapshotter);
    let to = format!("server.address={}", server.address);
    let figures = [
        ("kitex.server.connections".to_owned(), CROWD, CROWD),
        (format!("kitex.client.connections {to}"), CROWD, CROWD),
        (format!("kitex.client.idle_connections {to}"), 0, CROWD),
        (format!("kitex.client.in_flight {to}"), CROWD, 0),
        (format!("kitex.client.waiting {to}"), 0, 0),
        ("kitex.limit.in_flight kitex.limit.kind=concurrency".to_owned(), CROWD, 0),
        ("kitex.limit.limit kitex.limit.kind=concurrency".to_owned(), 10_000, 10_000),
        ("kitex.breaker.state rpc.method=Calls/act".to_owned(), 0, 0),
    ];
    for (name, during, later) in figures {
        assert_eq!(
            (running.get(&name), after.get(&name)),
            (Some(&during), Some(&later)),
            "{name}: {running:#?}"
        );
    }
}

/// The gauges, by all their labels.
fn gauges(snapshotter: &Snapshotter) -> BTreeMap<String, usize> {
    let gauge = |(key, value): (metrics_util::CompositeKey, DebugValue)| {
        let DebugValue::Gauge(value) = value else { return None };
        let labels = key.key().labels().map(|label| format!(" {}={}", label.key(), label.value()));
        Some((format!("{}{}", key.key().name(), labels.collect::<String>()), value.into_inner() as usize))
    };
    snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter_map(|(key, _, _, value)| gauge((key, value)))
        .collect()
}

/// Keeps its thread, and gives the time before.
fn busy() -> Instant {
    let began = Instant::now();
    while began.elapsed() < BUSY {}
    began
}

/// How long one call of a server took by its metrics, and how many polls were slow.
async fn measured(server: Server, snapshotter: &Snapshotter) -> (f64, u64) {
    let bound = server.bind(&Memory::new()).await.unwrap();
    let (address, handle) = (bound.address().clone(), bound.handle());
    let serving = tokio::spawn(bound.serve());
    let client = CallsClient::connect(address).await.unwrap();
    // The proxy's answer holds no value.
    client.act("on").await.unwrap_err();
    let slow_polls = handle.stats().slow_polls;
    handle.abort();
    serving.await.unwrap().unwrap();
    let figures = snapshotter.snapshot().into_vec().into_iter();
    let mut took = figures.filter_map(|(key, _, _, value)| match value {
        DebugValue::Histogram(values) if key.key().name() == "rpc.server.call.duration" => {
            Some(values[0].into_inner())
        }
        _ => None,
    });
    (took.next().unwrap(), slow_polls)
}

/// The answer of a proxy came from a call of its own, whose end is not that of the call it answers.
#[tokio::test]
async fn a_proxy_is_measured_to_its_own_end_and_noticed_if_it_keeps_its_thread() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let proxy = tower::service_fn(async |_: Request| {
        let ended = busy();
        Ok::<_, Error>(Response { ended: Some(ended), ..Response::empty(Status::Ok) })
    });
    let server = Server::new().layer(MetricsLayer::server()).unknown(proxy);
    let (took, slow_polls) = measured(server, &snapshotter).await;
    assert!(took >= BUSY.as_secs_f64() && slow_polls == 1, "{took}, {slow_polls}");
}

/// Whatever a layer of somebody else's does once the call within has ended belongs to the call, too.
#[tokio::test]
async fn a_layer_outside_of_the_metrics_is_noticed_if_it_keeps_its_thread() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let proxy = tower::service_fn(async |_: Request| Ok::<_, Error>(Response::empty(Status::Ok)));
    let keeps_its_thread = from_fn(async |request: Request, next: Next| {
        let answer = next.run(request).await;
        busy();
        answer
    });
    let server = Server::new().layer(keeps_its_thread).layer(MetricsLayer::server()).unknown(proxy);
    assert_eq!(measured(server, &snapshotter).await.1, 1);
}
