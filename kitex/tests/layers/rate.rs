//! A rate limit.

use std::time::Duration;

use kitex::layer::{RateConfig, RateLayer};
use tokio::time::advance;

use crate::crowd::{CROWD, MS, at_once, failure, serve, still};
use crate::idl::calls::CallsClient;

/// How many of a hundred calls at once pass.
async fn passing(clients: &[CallsClient]) -> usize {
    at_once(clients, "now").next(CROWD).await.iter().filter(|ended| ended.is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn the_rate_over_all_connections_is_the_buckets() {
    let _still = still();
    let limit = RateLayer::new(RateConfig::new(10.0, 50)).unwrap();
    let server = serve(|server| server.layer(limit)).await;
    let clients = server.crowd(|client| client).await;
    let mut passed = Vec::new();
    for second in [0, 1, 1, 2, 3600] {
        advance(Duration::from_secs(second)).await;
        passed.push(passing(&clients).await);
    }
    assert_eq!(passed, [50, 10, 10, 20, 50]);
    assert_eq!(server.seen.calls(), 140, "who is refused is not served");
    let error = clients[0].act("now").await.unwrap_err();
    assert_eq!(
        server.told(&error),
        "remote exception 6 calling Calls.act at <server> (at the peer): request over limit: Calls.act: more \
         than 10 calls/s (burst 50) over all methods"
    );
    assert_eq!(failure(&error).push_back(), Some(100 * MS), "the time of one token");
}

#[tokio::test(start_paused = true)]
async fn a_caller_has_one_rate_for_all_its_connections() {
    let _still = still();
    let limit = RateLayer::per_caller(RateConfig::new(1.0, 20)).unwrap();
    let server = serve(|server| server.layer(limit)).await;
    let web = server.crowd(|client| client.caller("web")).await;
    assert_eq!(passing(&web).await, 20);
    let error = web[0].act("now").await.unwrap_err();
    assert!(server.told(&error).ends_with("more than 1 calls/s (burst 20) of caller \"web\""), "{error}");
    drop(web);
    server.connections(0).await;
    let batch = server.crowd(|client| client.caller("batch")).await;
    assert_eq!(passing(&batch).await, 20);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_told_the_setting_of_its_own_limit() {
    let _still = still();
    let server = serve(|server| server).await;
    let limit = RateLayer::new(RateConfig::new(10.0, 50)).unwrap();
    let clients = server.crowd(|client| client.layer(limit.clone())).await;
    assert_eq!((passing(&clients).await, server.seen.calls()), (50, 50));
    let error = clients[0].act("now").await.unwrap_err();
    assert_eq!(
        server.told(&error),
        "limit reached calling Calls.act (before sending): request over limit: Calls.act: more than 10 calls/s (burst \
         50) over all methods [setting: RateConfig::rate]"
    );
}
