//! Retries and their budget.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kitex::layer::{
    RateConfig, RateLayer, RetryBudget, RetryConfig, RetryEventKind, RetryLayer, RetryPolicy, RetryRule,
};
use kitex::{ClientBuilder, Suite};
use tokio::task::yield_now;
use tokio::time::advance;

use crate::crowd::{CROWD, at_once, failure, serve, still};
use crate::idl::calls::CallsClient;

/// Retries whatever fails, though never more often than the budget allows.
fn config(share: f64, least_per_second: f64) -> RetryConfig {
    let mut policy = RetryPolicy::failure();
    (policy.rule, policy.assume_idempotent) = (RetryRule::all_errors(), true);
    let mut config = RetryConfig::new(policy);
    let mut budget = RetryBudget::default();
    (budget.share, budget.least_per_second) = (share, least_per_second);
    config.budget = budget;
    config
}

#[tokio::test(start_paused = true)]
async fn all_clients_have_one_budget() {
    let _still = still();
    let server = serve(|server| server).await;
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let layer = RetryLayer::new(config(0.0, 1.0).on_event({
        let kinds = Arc::clone(&kinds);
        move |event| kinds.lock().unwrap().push(event.kind)
    }));
    let layer = layer.unwrap();
    let clients = server.crowd(|client| client.layer(layer.clone())).await;
    let mut made = Vec::new();
    for seconds in [0, 0, 10] {
        advance(Duration::from_secs(seconds)).await;
        let before = server.seen.calls();
        at_once(&clients, "fail").next(CROWD).await;
        made.push(server.seen.calls() - before);
    }
    // Ten at the beginning; what a window brings fades while it comes: 10 * (1 - 1/e).
    assert_eq!(made, [CROWD + 10, CROWD, CROWD + 6]);
    let kinds = kinds.lock().unwrap();
    let count = |kind: fn(&RetryEventKind) -> bool| kinds.iter().filter(|one| kind(one)).count();
    assert_eq!(count(|kind| matches!(kind, RetryEventKind::Retry { .. })), 16);
    let refused =
        |kind: &RetryEventKind| matches!(kind, RetryEventKind::OutOfBudget | RetryEventKind::OutOfAttempts);
    assert_eq!(count(refused), 3 * CROWD);
}

#[tokio::test(start_paused = true)]
async fn retries_are_a_share_of_the_calls_of_all_clients() {
    let _still = still();
    let server = serve(|server| server).await;
    let layer = RetryLayer::new(config(0.2, 0.0)).unwrap();
    let clients = server.crowd(|client| client.layer(layer.clone())).await;
    for _ in 0..10 {
        at_once(&clients, "fail").next(CROWD).await;
    }
    let retries = server.seen.calls() - 10 * CROWD;
    // Calls are credited eight at a time.
    assert!((10 * CROWD / 5 - 2..=10 * CROWD / 5).contains(&retries), "{retries}");
}

#[tokio::test(start_paused = true)]
async fn a_user_reads_how_often_a_call_was_made() {
    let _still = still();
    let server = serve(|server| server).await;
    let layer = RetryLayer::new(config(0.1, 10.0)).unwrap();
    let clients = server.crowd(|client| client.layer(layer.clone())).await;
    let error = clients[0].act("fail").await.unwrap_err();
    assert_eq!(
        server.told(&error),
        "remote exception 6 calling Calls.act at <server> (at the peer): biz error: told to fail [attempts: 3]"
    );
    assert_eq!((failure(&error).attempts(), server.seen.calls()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_said_to_be_idempotent_is_made_once() {
    let _still = still();
    let server = serve(|server| server).await;
    let config = RetryConfig::new({
        let mut policy = RetryPolicy::failure();
        policy.rule = RetryRule::all_errors();
        policy
    });
    let layer = RetryLayer::new(config).unwrap();
    let clients = server.crowd(|client| client.layer(layer.clone())).await;
    at_once(&clients, "fail").next_errors(CROWD, &server).await;
    assert_eq!(server.seen.calls(), CROWD);
}

/// Both kinds of connections, since each keeps what it sends in its own way.
async fn refused_at_first(set_up: fn(ClientBuilder<CallsClient>) -> ClientBuilder<CallsClient>) {
    let _still = still();
    let limit = RateLayer::new(RateConfig::new(100_000.0, 50)).unwrap();
    let server = serve(|server| server.layer(limit)).await;
    let mut config = RetryConfig::new(RetryPolicy::failure());
    (config.budget.share, config.budget.least_per_second) = (1.0, 1000.0);
    let suite = Suite::standard().retry(RetryLayer::new(config).unwrap());
    let clients = server.crowd(|client| set_up(client).suite(suite.clone())).await;
    let mut calls = at_once(&clients, "now");
    calls.next_answers(50, "now").await;
    let passing = async {
        loop {
            advance(Duration::from_millis(1)).await;
            yield_now().await;
        }
    };
    tokio::select! {
        () = calls.next_answers(50, "now") => calls.end(),
        () = passing => {}
    }
    assert_eq!(server.seen.calls(), CROWD, "each is served once");
}

#[tokio::test(start_paused = true)]
async fn what_a_server_has_refused_is_sent_again_as_it_was_over_connections_of_its_own() {
    refused_at_first(|client| client).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_server_has_refused_is_sent_again_as_it_was_over_a_shared_connection() {
    refused_at_first(|client| client.mux(1)).await;
}

#[tokio::test(start_paused = true)]
async fn what_never_left_is_sent_again_as_it_was() {
    let refused = Arc::new(Mutex::new(0));
    let counts = Arc::clone(&refused);
    let mut config = RetryConfig::new(RetryPolicy::failure()).on_event(move |event| {
        *counts.lock().unwrap() += usize::from(matches!(event.kind, RetryEventKind::Retry { .. }));
    });
    (config.budget.share, config.budget.least_per_second) = (1.0, 1000.0);
    let suite = Suite::standard().retry(RetryLayer::new(config).unwrap());
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = CallsClient::builder(gone).suite(suite).connect_lazy().unwrap();
    let error = client.act("now").await.unwrap_err();
    assert_eq!((failure(&error).attempts(), *refused.lock().unwrap()), (3, 2), "{error}");
}
