//! Pooled connections: one call at a time on each.

use std::time::Duration;

use kitex_core::{Body, ErrorKind, Sent, Stage, Status};
use kitex_transport::{ChannelConfig, Memory, Mode, PoolConfig};
use tokio::time::advance;
use tower_service::Service;

use crate::peer::{Peer, begin, call, call_within, channel, eventually, oneway, request, serve};

pub(crate) fn pooled(edit: impl FnOnce(&mut PoolConfig)) -> ChannelConfig {
    let mut pool = PoolConfig::default();
    edit(&mut pool);
    let mut config = ChannelConfig::default();
    config.mode = Mode::Pooled(pool);
    config
}

#[tokio::test(start_paused = true)]
async fn calls_one_after_another_share_a_connection() {
    let memory = Memory::new();
    serve(&memory);
    let channel = channel(&memory, pooled(|_| {}));
    for said in ["a", "b", "c"] {
        assert_eq!(call(&channel, said).await.unwrap(), said);
    }
    let stats = channel.stats();
    assert_eq!((stats.dialled, stats.connections, stats.idle, stats.in_flight), (1, 1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_made_beforehand_is_used() {
    let memory = Memory::new();
    serve(&memory);
    let channel = channel(&memory, pooled(|_| {}));
    channel.connect().await.unwrap();
    assert_eq!((channel.stats().connections, channel.stats().idle), (1, 1));
    call(&channel, "a").await.unwrap();
    assert_eq!(channel.stats().dialled, 1);
}

#[tokio::test(start_paused = true)]
async fn calls_at_the_same_time_have_a_connection_each_and_only_some_are_kept() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|pool| pool.max_idle = 2));
    let calls: Vec<_> = (0..5).map(|n| begin(&channel, &n.to_string())).collect();
    let mut peers = Vec::new();
    for _ in 0..5 {
        let mut peer = Peer::accept(&memory).await;
        let taken = peer.take().await.unwrap();
        peers.push((peer, taken));
    }
    assert_eq!((channel.stats().connections, channel.stats().in_flight), (5, 5));
    for (peer, taken) in &mut peers {
        let answer = peer.echo_of(taken);
        peer.write(&answer).await;
    }
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), n.to_string());
    }
    assert_eq!((channel.stats().connections, channel.stats().idle), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn the_connection_of_a_dropped_call_is_closed() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|_| {}));
    let dropped = begin(&channel, "a");
    let mut peer = Peer::accept(&memory).await;
    let taken = peer.take().await.unwrap();
    dropped.abort();
    assert!(peer.take().await.is_none());
    let answer = peer.echo_of(&taken);
    let next = begin(&channel, "b");
    let mut other = Peer::accept(&memory).await;
    assert!(peer.try_write(&answer).await.is_err());
    assert!(other.echo().await);
    assert_eq!(next.await.unwrap().unwrap(), "b");
    assert_eq!((channel.stats().dialled, channel.stats().connections), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_peer_closed_is_not_used() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|_| {}));
    for said in ["a", "b"] {
        let called = begin(&channel, said);
        let mut peer = Peer::accept(&memory).await;
        assert!(peer.echo().await);
        assert_eq!(called.await.unwrap().unwrap(), said);
    }
    assert_eq!((channel.stats().dialled, channel.stats().connections), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_peer_goes_away_is_not_used() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|_| {}));
    let called = begin(&channel, "a");
    let mut peer = Peer::accept(&memory).await;
    let taken = peer.take_while_shutting_down().await;
    let answer = peer.echo_of(&taken);
    peer.write(&answer).await;
    assert_eq!(called.await.unwrap().unwrap(), "a");
    assert_eq!(channel.stats().connections, 0);
    assert!(peer.take().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn unused_connections_are_closed_though_no_call_comes() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|_| {}));
    let called = begin(&channel, "a");
    let mut peer = Peer::accept(&memory).await;
    assert!(peer.echo().await);
    called.await.unwrap().unwrap();
    let begin = tokio::time::Instant::now();
    assert!(peer.take().await.is_none());
    assert_eq!(begin.elapsed().as_secs(), 60);
    assert_eq!(channel.stats().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn an_expired_connection_is_not_used() {
    let memory = Memory::new();
    serve(&memory);
    let channel = channel(&memory, pooled(|pool| pool.idle_timeout = Duration::from_secs(5)));
    call(&channel, "a").await.unwrap();
    advance(Duration::from_secs(4)).await;
    call(&channel, "b").await.unwrap();
    assert_eq!(channel.stats().dialled, 1);
    advance(Duration::from_secs(5)).await;
    call(&channel, "c").await.unwrap();
    assert_eq!(channel.stats().dialled, 2);
}

#[tokio::test(start_paused = true)]
async fn a_oneway_call_ends_when_it_is_written() {
    let memory = Memory::new();
    let mut channel = channel(&memory, pooled(|_| {}));
    let response = channel.call(oneway("a")).await.unwrap();
    assert!(matches!(response.status, Status::Ok));
    assert_eq!(channel.stats().idle, 1);
    let mut peer = Peer::accept(&memory).await;
    let taken = peer.take().await.unwrap();
    assert!(taken.request.method.is_oneway());
    assert!(peer.echo_of(&taken).is_empty());
    let called = begin(&channel, "b");
    assert!(peer.echo().await);
    called.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_written_costs_no_connection() {
    let memory = Memory::new();
    serve(&memory);
    let mut config = pooled(|_| {});
    config.limits.max_frame = 1000;
    let channel = channel(&memory, config);
    call(&channel, "a").await.unwrap();
    let error = call(&channel, &"b".repeat(1000)).await.unwrap_err();
    assert_eq!((error.setting(), error.sent()), (Some("Limits::max_frame"), Sent::Never));
    assert_eq!(call(&channel, "c").await.unwrap(), "c");
    assert_eq!(channel.stats().dialled, 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_any_size_comes_whole() {
    let memory = Memory::new();
    serve(&memory);
    let channel = channel(&memory, pooled(|_| {}));
    for size in [0, 1, 16_000, 16_384, 70_000, 1 << 20] {
        let said = "x".repeat(size);
        assert!(call(&channel, &said).await.unwrap() == said, "{size}");
    }
    assert_eq!(channel.stats().dialled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_closed_channel_ends_what_runs_and_refuses_the_rest() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|pool| pool.max_connections = 1));
    let running = begin(&channel, "a");
    let mut peer = Peer::accept(&memory).await;
    let taken = peer.take().await.unwrap();
    let waiting = begin(&channel, "b");
    eventually(|| channel.stats().waiting == 1).await;
    channel.close();
    let refused = call(&channel, "c").await.unwrap_err();
    for error in [refused, waiting.await.unwrap().unwrap_err()] {
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Shutdown, Sent::Never));
    }
    let answer = peer.echo_of(&taken);
    peer.write(&answer).await;
    assert_eq!(running.await.unwrap().unwrap(), "a");
    assert_eq!(channel.stats().connections, 0);
    assert!(peer.take().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn unused_connections_are_closed_with_the_channel() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|_| {}));
    let called = begin(&channel, "a");
    let mut peer = Peer::accept(&memory).await;
    assert!(peer.echo().await);
    called.await.unwrap().unwrap();
    let clone = channel.clone();
    drop(channel);
    assert_eq!(clone.stats().idle, 1);
    drop(clone);
    assert!(peer.take().await.is_none());
    let begin = tokio::time::Instant::now();
    eventually(|| tokio::runtime::Handle::current().metrics().num_alive_tasks() == 0).await;
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_deadline_waits() {
    let memory = Memory::new();
    let mut channel = channel(&memory, pooled(|_| {}));
    let mut answer = channel.call(request("a"));
    let mut peer = Peer::accept_for(&memory, &mut answer).await;
    let late = Duration::from_secs(3600);
    assert!(tokio::time::timeout(late, &mut answer).await.is_err());
    assert!(peer.echo().await);
    assert!(matches!(answer.await.unwrap().body, Body::Message(_)));
}

#[tokio::test(start_paused = true)]
async fn calls_with_other_deadlines_share_a_timer() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|_| {}));
    let called = begin(&channel, "a");
    let mut peer = Peer::accept(&memory).await;
    assert!(peer.echo().await);
    called.await.unwrap().unwrap();
    for timeout in [10_000, 50, 200].map(Duration::from_millis) {
        let begin = tokio::time::Instant::now();
        let expired = call_within(&channel, "b", timeout).await.unwrap_err();
        assert_eq!((expired.kind(), expired.stage()), (ErrorKind::Deadline, Stage::Read));
        assert_eq!(begin.elapsed(), timeout);
    }
}
