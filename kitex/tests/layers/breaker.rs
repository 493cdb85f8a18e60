//! A breaker of methods.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kitex::ErrorKind;
use kitex::layer::{BreakerConfig, BreakerLayer};
use tokio::time::advance;

use crate::crowd::{CROWD, MS, at_once, failure, serve, still};
use crate::handler::take;

#[tokio::test(start_paused = true)]
async fn a_breaker_trips_for_all_clones_and_is_tried_once_for_all() {
    let _still = still();
    let server = serve(|server| server).await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let layer = BreakerLayer::new(BreakerConfig::default()).unwrap().on_change({
        let events = Arc::clone(&events);
        move |event| events.lock().unwrap().push(format!("{} {} > {}", event.scope, event.from, event.to))
    });
    let clients = server.crowd(|client| client.layer(layer.clone())).await;
    // 200 calls are enough to be judged by; no client has made more than two of them.
    for _ in 0..2 {
        let error = at_once(&clients, "fail").next_errors(CROWD, &server).await;
        assert_eq!(failure(&error).kind(), ErrorKind::Remote);
    }
    let error = at_once(&clients, "now").next_errors(CROWD, &server).await;
    assert_eq!(
        server.told(&error),
        "limit reached calling Calls.act (before sending): the circuit breaker is open: 100 % of 200 calls failed in \
         the last 10 s; the next try in 5 s [setting: BreakerConfig::failure_rate]"
    );
    assert_eq!((server.seen.calls(), failure(&error).push_back()), (2 * CROWD, Some(5000 * MS)));

    advance(Duration::from_secs(5)).await;
    take(&server.seen.begun, 200).await;
    let mut trials = Vec::new();
    for trial in 0..2 {
        // Of all calls one is let through, and the next one an interval later; the first client is busy by then.
        let mut calls = at_once(&clients[trial..], "wait");
        calls.next_errors(CROWD - trial - 1, &server).await;
        take(&server.seen.begun, 1).await;
        trials.push(calls);
        advance(200 * MS).await;
    }
    server.seen.gate.add_permits(2);
    for mut calls in trials {
        calls.next_answers(1, "wait").await;
    }
    at_once(&clients, "now").next_answers(CROWD, "now").await;
    assert_eq!(server.seen.calls(), 3 * CROWD + 2);
    let expected = ["Calls.act closed > open", "Calls.act open > half-open", "Calls.act half-open > closed"];
    assert_eq!(*events.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn other_methods_of_the_same_connections_go_on() {
    let _still = still();
    let server = serve(|server| server).await;
    let layer = BreakerLayer::new(BreakerConfig::default()).unwrap();
    let clients = server.crowd(|client| client.layer(layer.clone())).await;
    for _ in 0..2 {
        at_once(&clients, "fail").next_errors(CROWD, &server).await;
    }
    for client in &clients {
        assert_eq!(failure(&client.act("now").await.unwrap_err()).kind(), ErrorKind::Limit);
        client.nothing().await.unwrap();
    }
}
