//! An adaptive limit.

use kitex::layer::{AdaptiveConfig, AdaptiveLayer};

use crate::crowd::{CROWD, at_once, failure, serve};
use crate::handler::take;

fn limit() -> AdaptiveLayer {
    let mut config = AdaptiveConfig::default();
    // One that cannot move.
    (config.min, config.initial, config.max) = (20, 20, 20);
    AdaptiveLayer::new(config).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_less_important_calls_of_all_connections_leave_room_for_the_others() {
    let server = serve(|server| server.layer(limit())).await;
    let mut held = Vec::new();
    let shares = [("bulk", 10, "10"), ("low", 4, "14"), ("normal", 3, "17"), ("critical", 3, "20")];
    for (priority, more, share) in shares {
        let clients = server.crowd(|client| client.transient("PRIORITY", priority)).await;
        let mut calls = at_once(&clients, "wait");
        let error = calls.next_errors(CROWD - more, &server).await;
        let mut name = priority.to_owned();
        name[..1].make_ascii_uppercase();
        assert_eq!(
            server.told(&error),
            format!(
                "remote exception 6 calling Calls.act at <server> (at the peer): request over limit: \
                 Calls.act: more than {share} calls at a time over all methods with priority {name} (limit now 20, at \
                 most 20)"
            )
        );
        assert_eq!(failure(&error).push_back().map(|time| time.as_millis()), Some(20));
        take(&server.seen.begun, u32::try_from(more).unwrap()).await;
        held.push((clients, calls, more));
    }
    assert_eq!((server.seen.calls(), server.seen.most()), (20, 20));
    server.seen.gate.add_permits(20);
    for (_, mut calls, more) in held {
        calls.next_answers(more, "wait").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_that_come_and_go_as_they_like_never_exceed_the_most() {
    let mut config = AdaptiveConfig::default();
    (config.initial, config.max) = (3, 5);
    let limit = AdaptiveLayer::new(config).unwrap();
    let server = serve(|server| server.layer(limit)).await;
    let clients = server.crowd(|client| client.transient("PRIORITY", "critical")).await;
    let mut served = 0;
    for _ in 0..20 {
        served += at_once(&clients, "now").next(CROWD).await.iter().filter(|ended| ended.is_ok()).count();
    }
    assert_eq!(server.seen.calls(), served);
    assert!(served >= 20 && server.seen.most() <= 5, "{served} {}", server.seen.most());
}
