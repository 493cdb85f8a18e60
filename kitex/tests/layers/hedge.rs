//! Backup requests.

use std::sync::{Arc, Mutex};

use kitex::layer::{Hedge, RetryBudget, RetryConfig, RetryEventKind, RetryLayer, RetryPolicy};
use tokio::time::advance;

use crate::crowd::{CROWD, MS, at_once, serve, still};
use crate::handler::take;

#[tokio::test(start_paused = true)]
async fn all_clients_send_as_many_backup_requests_as_their_budget_allows_and_cancel_what_has_lost() {
    let _still = still();
    let server = serve(|server| server).await;
    let mut policy = RetryPolicy::backup(Hedge::after(50 * MS));
    policy.assume_idempotent = true;
    let mut config = RetryConfig::new(policy);
    let mut budget = RetryBudget::default();
    (budget.share, budget.least_per_second) = (0.0, 3.0);
    config.budget = budget;
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let config = config.on_event({
        let kinds = Arc::clone(&kinds);
        move |event| kinds.lock().unwrap().push(event.kind)
    });
    let layer = RetryLayer::new(config).unwrap();
    // The backup request has a connection of its own beside the one that is waited for.
    let clients = server.crowd(|client| client.pool(2).layer(layer.clone())).await;
    let mut calls = at_once(&clients, "backup");
    take(&server.seen.begun, 100).await;
    advance(49 * MS).await;
    assert_eq!(*kinds.lock().unwrap(), []);
    advance(MS).await;
    calls.next_answers(30, "backup").await;
    // Thirty backup requests have ended, and the thirty that have lost are given up by the handler too.
    take(&server.seen.over, 60).await;
    assert_eq!(server.seen.calls(), CROWD + 30);
    server.seen.gate.add_permits(70);
    calls.next_answers(70, "first").await;
    calls.end();
    let count = |kind| kinds.lock().unwrap().iter().filter(|one| **one == kind).count();
    let counts = [RetryEventKind::Hedge, RetryEventKind::HedgeWon, RetryEventKind::OutOfBudget].map(count);
    assert_eq!(counts, [30, 30, 70]);
    assert_eq!(server.seen.gate.available_permits(), 0, "no call that was given up has gone on");
}
