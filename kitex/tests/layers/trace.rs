//! Traces.

use std::collections::HashMap;

use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;

use crate::crowd::{CROWD, at_once, serve};
use crate::handler::take;
use crate::recorder::{self, Recorder};

/// Writes down until the guards are dropped.
///
/// While there is but one subscriber, `tracing` asks that of the thread that comes to a span first, and believes it for
/// all threads; those of other tests have none. With two it asks both.
fn record() -> (Recorder, (DefaultGuard, Dispatch)) {
    let second = Dispatch::new(Recorder::default());
    let (recorder, guard) = recorder::record();
    (recorder, (guard, second))
}

#[tokio::test]
async fn each_call_of_a_hundred_connections_is_a_trace_of_its_own() {
    let (recorder, _guard) = record();
    let server = serve(|server| server).await;
    let clients = server.crowd(|client| client).await;
    let mut calls = at_once(&clients, "wait");
    take(&server.seen.begun, 100).await;
    server.seen.gate.add_permits(CROWD);
    calls.next_answers(CROWD, "wait").await;
    let spans = recorder.spans();
    let of = |name: &str| spans.iter().filter(|span| span["name"] == name).cloned().collect::<Vec<_>>();
    let (clients, servers) = (of("rpc.client"), of("rpc.server"));
    assert_eq!((clients.len(), servers.len()), (CROWD, CROWD));
    let by_trace: HashMap<_, _> = clients.iter().map(|span| (&span["trace_id"], &span["span_id"])).collect();
    assert_eq!(by_trace.len(), CROWD);
    for span in &servers {
        assert_eq!(by_trace[&span["trace_id"]], &span["parent_span_id"], "{span:#?}");
    }
}

#[tokio::test]
async fn a_call_that_fails_says_so_in_its_spans() {
    let (recorder, _guard) = record();
    let server = serve(|server| server).await;
    let clients = server.crowd(|client| client).await;
    at_once(&clients, "fail").next_errors(CROWD, &server).await;
    let spans = recorder.spans();
    assert_eq!(spans.len(), 2 * CROWD);
    for span in &spans {
        assert_eq!(span.get("otel.status_code").map(String::as_str), Some("ERROR"), "{span:#?}");
    }
}
