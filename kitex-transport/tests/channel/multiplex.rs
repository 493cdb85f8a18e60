//! Multiplexed connections: many calls on each, answered in any order.

use std::time::Duration;

use kitex_core::{ErrorKind, Sent, Stage, Status};
use kitex_transport::{Channel, ChannelConfig, Memory, Mode, MultiplexConfig};
use tokio::time::timeout;
use tower_service::Service;

use crate::peer::{Peer, begin, call, call_within, channel, eventually, oneway, serve, text};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn multiplexed(edit: impl FnOnce(&mut MultiplexConfig)) -> ChannelConfig {
    let mut multiplex = MultiplexConfig::default();
    edit(&mut multiplex);
    let mut config = ChannelConfig::default();
    config.mode = Mode::Multiplexed(multiplex);
    config
}

/// A channel that has one connection, and the far end of it.
async fn connected(config: ChannelConfig) -> (Memory, Channel, Peer) {
    let memory = Memory::new();
    let channel = channel(&memory, config);
    channel.connect().await.unwrap();
    let peer = Peer::accept(&memory).await;
    (memory, channel, peer)
}

#[tokio::test(start_paused = true)]
async fn many_calls_wait_for_one_dial_and_share_the_connection() {
    let memory = Memory::new();
    serve(&memory);
    let channel = channel(&memory, multiplexed(|_| {}));
    let calls: Vec<_> = (0..100).map(|n| begin(&channel, &n.to_string())).collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), n.to_string());
    }
    let stats = channel.stats();
    assert_eq!((stats.dialled, stats.connections, stats.in_flight), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn answers_in_any_order_reach_their_calls() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    let calls: Vec<_> = (0..10).map(|n| begin(&channel, &n.to_string())).collect();
    let mut taken = Vec::new();
    for _ in 0..10 {
        taken.push(peer.take().await.unwrap());
    }
    for taken in taken.iter().rev() {
        let answer = peer.echo_of(taken);
        peer.write(&answer).await;
    }
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), n.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn answers_of_any_size_come_whole() {
    let memory = Memory::new();
    serve(&memory);
    let channel = channel(&memory, multiplexed(|_| {}));
    let sizes = [0, 1, 16_000, 16_384, 70_000, 1 << 20];
    let calls: Vec<_> = sizes.iter().map(|size| begin(&channel, &"x".repeat(*size))).collect();
    for (size, call) in sizes.iter().zip(calls) {
        assert_eq!(call.await.unwrap().unwrap().len(), *size);
    }
}

#[tokio::test(start_paused = true)]
async fn the_late_answer_to_a_dropped_call_reaches_nobody() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    let dropped = begin(&channel, "a");
    let late = peer.take().await.unwrap();
    dropped.abort();
    eventually(|| channel.stats().in_flight == 0).await;
    let next = begin(&channel, "b");
    let taken = peer.take().await.unwrap();
    for taken in [late, taken] {
        let answer = peer.echo_of(&taken);
        peer.write(&answer).await;
    }
    assert_eq!(next.await.unwrap().unwrap(), "b");
    let stats = channel.stats();
    assert_eq!((stats.dropped_answers, stats.connections, stats.dialled), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn each_call_has_its_own_deadline() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    let slow = begin(&channel, "slow");
    let taken = peer.take().await.unwrap();
    for timeout in [500, 20, 300].map(Duration::from_millis) {
        let begin = tokio::time::Instant::now();
        let error = call_within(&channel, "late", timeout).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.stage(), error.sent()),
            (ErrorKind::Deadline, Stage::Read, Sent::Maybe)
        );
        assert_eq!(begin.elapsed(), timeout);
    }
    let answer = peer.echo_of(&taken);
    peer.write(&answer).await;
    assert_eq!(slow.await.unwrap().unwrap(), "slow");
    assert_eq!(channel.stats().dialled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_oneway_call_ends_when_it_is_written() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    let response = channel.clone().call(oneway("a")).await.unwrap();
    assert!(matches!(response.status, Status::Ok));
    assert_eq!(text(&peer.take().await.unwrap().request.body), "a");
    // One that the peer's buffers cannot take is not written yet.
    assert!(timeout(SECOND, channel.clone().call(oneway(&"b".repeat(100_000)))).await.is_err());
    assert_eq!(text(&peer.take().await.unwrap().request.body).len(), 100_000);
    // The peer's buffers are full: the call waits for as long as it may.
    let blocked = begin(&channel, &"b".repeat(1 << 20));
    tokio::task::yield_now().await;
    let mut last = oneway("c");
    let deadline = tokio::time::Instant::now() + SECOND;
    last.context.deadline = Some(kitex_core::Deadline::at(deadline.into_std()));
    let error = channel.clone().call(last).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Deadline, Stage::Write));
    // It is written all the same, which must end no other call.
    let next = begin(&channel, "d");
    eventually(|| channel.stats().in_flight == 2).await;
    assert!(peer.echo().await && peer.echo().await && peer.echo().await);
    assert_eq!(blocked.await.unwrap().unwrap().len(), 1 << 20);
    assert_eq!(next.await.unwrap().unwrap(), "d");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_connection_fails_its_calls_and_the_next_call_has_another() {
    let (memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    let calls: Vec<_> = (0..3).map(|n| begin(&channel, &n.to_string())).collect();
    for _ in 0..3 {
        peer.take().await.unwrap();
    }
    drop(peer);
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Closed, Sent::Maybe));
        assert_eq!(
            error.to_string(),
            "connection closed calling Echo.echo at this process (while waiting for the response): the peer \
             closed the connection before it answered"
        );
    }
    serve(&memory);
    assert_eq!(call(&channel, "again").await.unwrap(), "again");
    assert_eq!((channel.stats().dialled, channel.stats().connections), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn calls_whose_bytes_never_left_are_told_apart() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    // The first fills the peer's buffers: the second is queued behind it.
    let left = begin(&channel, &"a".repeat(1 << 20));
    eventually(|| channel.stats().in_flight == 1).await;
    let mut some = [0; 10];
    tokio::io::AsyncReadExt::read_exact(&mut peer.stream, &mut some).await.unwrap();
    let queued = begin(&channel, "b");
    eventually(|| channel.stats().in_flight == 2).await;
    drop(peer);
    assert_eq!(left.await.unwrap().unwrap_err().sent(), Sent::Maybe);
    let error = queued.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Closed, Sent::Never));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_away_is_called_no_more_and_its_calls_end() {
    let (memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    let running = begin(&channel, "a");
    let taken = peer.take().await.unwrap();
    let farewell = Peer::farewell().await;
    peer.write(&farewell).await;
    // The driver was woken by the write, and runs first.
    tokio::task::yield_now().await;
    let next = begin(&channel, "b");
    let mut other = Peer::accept(&memory).await;
    assert!(other.echo().await);
    assert_eq!(next.await.unwrap().unwrap(), "b");
    let answer = peer.echo_of(&taken);
    peer.write(&answer).await;
    assert_eq!(running.await.unwrap().unwrap(), "a");
    assert!(peer.take().await.is_none());
    eventually(|| channel.stats().connections == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_last_call_was_dropped_after_the_peer_went_away_ends() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    let running = begin(&channel, "a");
    peer.take().await.unwrap();
    let farewell = Peer::farewell().await;
    peer.write(&farewell).await;
    tokio::task::yield_now().await;
    assert_eq!(channel.stats().connections, 1);
    running.abort();
    let begin = tokio::time::Instant::now();
    assert!(peer.take().await.is_none());
    assert_eq!((begin.elapsed(), channel.stats().connections), (Duration::ZERO, 0));
}

#[tokio::test(start_paused = true)]
async fn connections_grow_with_the_load_and_shrink_again() {
    let memory = Memory::new();
    let mut config = multiplexed(|multiplex| multiplex.max_connections = 2);
    config.connection.max_in_flight = 4;
    let channel = channel(&memory, config);
    let mut calls = vec![begin(&channel, "0")];
    let mut first = Peer::accept(&memory).await;
    for n in 1..3 {
        calls.push(begin(&channel, &n.to_string()));
        eventually(|| channel.stats().in_flight == n + 1).await;
    }
    let mut second = Peer::accept(&memory).await;
    for n in 3..8 {
        calls.push(begin(&channel, &n.to_string()));
        eventually(|| channel.stats().in_flight == n + 1).await;
    }
    let error = call(&channel, "8").await.unwrap_err();
    assert_eq!((error.setting(), error.sent()), (Some("max_in_flight"), Sent::Never));
    for _ in 0..4 {
        assert!(first.echo().await && second.echo().await);
    }
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), n.to_string());
    }
    assert_eq!((channel.stats().connections, channel.stats().idle), (2, 2));
    let begin = tokio::time::Instant::now();
    assert!(second.take().await.is_none());
    assert_eq!((begin.elapsed().as_secs(), channel.stats().connections), (60, 1));
}

#[tokio::test(start_paused = true)]
async fn calls_that_find_no_room_wait_for_the_connection_that_is_being_made() {
    let memory = Memory::new();
    let mut config = multiplexed(|_| {});
    config.connection.max_in_flight = 1;
    let channel = channel(&memory, config);
    channel.connect().await.unwrap();
    let calls: Vec<_> = (0..4).map(|n| begin(&channel, &n.to_string())).collect();
    eventually(|| channel.stats().in_flight == 4).await;
    let error = call(&channel, "4").await.unwrap_err();
    assert_eq!(error.setting(), Some("max_in_flight"));
    serve(&memory);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(channel.stats().dialled, 4);
}

#[tokio::test(start_paused = true)]
async fn more_bytes_than_may_be_queued_are_refused() {
    let (_memory, channel, _peer) = connected(multiplexed(|multiplex| multiplex.max_connections = 1)).await;
    let calls: Vec<_> = (0..20).map(|_| begin(&channel, &"x".repeat(1 << 20))).collect();
    let mut refused = 0;
    for call in calls {
        if let Ok(ended) = timeout(SECOND, call).await {
            let error = ended.unwrap().unwrap_err();
            assert_eq!((error.setting(), error.sent()), (Some("max_queued_output"), Sent::Never));
            refused += 1;
        }
    }
    // 16 MiB may be queued, what is being written not counted.
    assert!((1..5).contains(&refused), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_silent_for_long_is_called_no_more() {
    let (memory, channel, peer) = connected(multiplexed(|_| {})).await;
    for _ in 0..10 {
        let error = call_within(&channel, "a", SECOND).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadline);
    }
    serve(&memory);
    assert_eq!(call(&channel, "b").await.unwrap(), "b");
    assert_eq!((channel.stats().dialled, channel.stats().connections), (2, 1));
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_closed_channel_ends_what_runs_and_refuses_the_rest() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    let running = begin(&channel, "a");
    let taken = peer.take().await.unwrap();
    channel.close();
    let error = call(&channel, "b").await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Shutdown, Sent::Never));
    let answer = peer.echo_of(&taken);
    peer.write(&answer).await;
    assert_eq!(running.await.unwrap().unwrap(), "a");
    assert!(peer.take().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn connections_are_closed_with_the_channel() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    drop(channel);
    assert!(peer.take().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_form_without_a_header_is_refused() {
    let mut config = multiplexed(|_| {});
    config.connection.form = kitex_codec::Form::Framed;
    let error = channel(&Memory::new(), config).connect().await.unwrap_err();
    assert_eq!((error.kind(), error.setting()), (ErrorKind::Encode, Some("form")));
}
