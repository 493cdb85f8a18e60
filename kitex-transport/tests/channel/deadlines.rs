//! One deadline over waiting, connecting, writing and reading.

use std::time::Duration;

use kitex_core::{ErrorKind, Sent, Stage};
use kitex_transport::{Address, Channel, Memory};

use crate::BOTH;
use crate::peer::{Peer, begin, call, call_within, channel, deaf, eventually};
use crate::pool::pooled;

async fn expire(channel: &Channel, said: &str) -> kitex_core::Error {
    let begin = tokio::time::Instant::now();
    let error = call_within(channel, said, Duration::from_millis(100)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    let took = begin.elapsed();
    assert!((Duration::from_millis(100)..=Duration::from_millis(101)).contains(&took), "{took:?}");
    error
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_late_already_does_nothing() {
    for config in BOTH {
        let channel = channel(&Memory::new(), config());
        let error = call_within(&channel, "a", Duration::ZERO).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.stage(), error.sent()),
            (ErrorKind::Deadline, Stage::Pick, Sent::Never)
        );
        assert_eq!(channel.stats().dialled, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn it_passes_while_a_connection_is_waited_for() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|pool| pool.max_connections = 1));
    let running = begin(&channel, "a");
    eventually(|| channel.stats().in_flight == 1).await;
    let error = expire(&channel, "b").await;
    assert_eq!((error.stage(), error.sent()), (Stage::Pick, Sent::Never));
    assert_eq!(
        error.to_string(),
        "deadline exceeded calling Echo.echo at this process (while waiting for a connection): the call's \
         deadline has passed [setting: timeout]"
    );
    assert_eq!(channel.stats().waiting, 0);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn it_passes_while_a_connection_is_made() {
    let (_socket, _waiting, address) = deaf();
    for config in BOTH {
        let channel = Channel::new(vec![Address::Ip(address)], config());
        let error = expire(&channel, "a").await;
        assert_eq!((error.stage(), error.sent()), (Stage::Dial, Sent::Never));
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn making_a_connection_has_its_own_bound() {
    let (_socket, _waiting, address) = deaf();
    for config in BOTH {
        let channel = Channel::new(vec![Address::Ip(address)], config());
        let begin = tokio::time::Instant::now();
        let error = call(&channel, "a").await.unwrap_err();
        assert_eq!(begin.elapsed().as_secs(), 1);
        assert_eq!((error.kind(), error.setting()), (ErrorKind::Connect, Some("connect_timeout")));
        let expected = format!(
            "cannot connect calling Echo.echo at {address} (while connecting): no connection within 1s [setting: \
             connect_timeout]: timed out"
        );
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn it_passes_while_the_request_is_written() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|_| {}));
    let called = begin(&channel, "a");
    let mut peer = Peer::accept(&memory).await;
    assert!(peer.echo().await);
    called.await.unwrap().unwrap();
    let error = expire(&channel, &"x".repeat(1 << 20)).await;
    assert_eq!((error.stage(), error.sent()), (Stage::Write, Sent::Maybe));
    assert_eq!(channel.stats().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn it_passes_while_the_answer_is_waited_for() {
    for config in BOTH {
        let memory = Memory::new();
        let channel = channel(&memory, config());
        channel.connect().await.unwrap();
        let error = expire(&channel, "a").await;
        assert_eq!((error.stage(), error.sent()), (Stage::Read, Sent::Maybe));
        assert_eq!(
            error.to_string(),
            "deadline exceeded calling Echo.echo at this process (while waiting for the response): the call's \
             deadline has passed [setting: timeout]"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn many_deadlines_at_the_same_time_all_pass() {
    for config in BOTH {
        let memory = Memory::new();
        let channel = channel(&memory, config());
        let calls: Vec<_> = (0..500).map(|_| begin(&channel, "a")).collect();
        for called in calls {
            assert_eq!(called.await.unwrap().unwrap_err().kind(), ErrorKind::Deadline);
        }
        assert_eq!(channel.stats().in_flight, 0);
    }
}
