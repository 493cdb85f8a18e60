//! A concurrency limit.

use kitex::ErrorKind;
use kitex::layer::{ConcurrencyConfig, ConcurrencyLayer};

use crate::crowd::{CROWD, MS, at_once, failure, serve};
use crate::handler::take;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_calls_run_than_the_limit_over_all_connections() {
    let mut config = ConcurrencyConfig::new(10);
    config.name = "door".into();
    let limit = ConcurrencyLayer::new(config).unwrap();
    let server = serve(|server| server.layer(limit)).await;
    let clients = server.crowd(|client| client).await;
    for round in 1..=5 {
        let mut calls = at_once(&clients, "wait");
        let error = calls.next_errors(CROWD - 10, &server).await;
        assert_eq!(
            server.told(&error),
            "remote exception 6 calling Calls.act at <server> (at the peer): request over limit: door: \
             Calls.act: more than 10 calls at a time over all methods"
        );
        assert_eq!((failure(&error).kind(), failure(&error).push_back()), (ErrorKind::Remote, Some(10 * MS)));
        take(&server.seen.begun, 10).await;
        server.seen.gate.add_permits(10);
        calls.next_answers(10, "wait").await;
        calls.end();
        take(&server.seen.over, 10).await;
        assert_eq!((server.seen.calls(), server.seen.most()), (10 * round, 10));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_that_come_and_go_as_they_like_never_exceed_the_limit() {
    let limit = ConcurrencyLayer::new(ConcurrencyConfig::new(3)).unwrap();
    let server = serve(|server| server.layer(limit)).await;
    let clients = server.crowd(|client| client).await;
    let mut served = 0;
    for _ in 0..20 {
        served += at_once(&clients, "now").next(CROWD).await.iter().filter(|ended| ended.is_ok()).count();
    }
    assert_eq!(server.seen.calls(), served, "who is refused is not served");
    assert!(served >= 20 && server.seen.most() <= 3, "{served} {}", server.seen.most());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_limits_its_own_calls_before_they_are_sent() {
    let server = serve(|server| server).await;
    let limit = ConcurrencyLayer::new(ConcurrencyConfig::new(10)).unwrap();
    let clients = server.crowd(|client| client.layer(limit.clone())).await;
    let mut calls = at_once(&clients, "wait");
    let error = calls.next_errors(CROWD - 10, &server).await;
    assert_eq!(
        server.told(&error),
        "limit reached calling Calls.act (before sending): request over limit: Calls.act: more than 10 calls at a \
         time over all methods [setting: ConcurrencyConfig::limit]"
    );
    assert!(failure(&error).is_retry_safe());
    server.seen.gate.add_permits(10);
    calls.next_answers(10, "wait").await;
    calls.end();
    assert_eq!(server.seen.calls(), 10);
}
