//! Metrics.

use std::collections::BTreeMap;

use kitex::layer::MetricsLayer;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::crowd::{CROWD, at_once, serve};
use crate::handler::take;

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
