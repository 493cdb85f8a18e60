//! Calls that wait for a pooled connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use kitex_core::{ErrorKind, Sent, Stage};
use kitex_transport::Memory;

use crate::peer::{Peer, begin, call, channel, eventually, serve};
use crate::pool::pooled;

/// Polls a future once.
async fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|task| Poll::Ready(Pin::new(&mut *future).poll(task))).await
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_connection_are_served_in_order() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|pool| pool.max_connections = 1));
    let mut calls = Vec::new();
    for (n, said) in ["a", "b", "c", "d"].into_iter().enumerate() {
        calls.push(begin(&channel, said));
        eventually(|| channel.stats().in_flight + channel.stats().waiting == n + 1).await;
    }
    calls.remove(2).abort();
    eventually(|| channel.stats().waiting == 2).await;
    let mut peer = Peer::accept(&memory).await;
    for said in ["a", "b", "d"] {
        let taken = peer.take().await.unwrap();
        assert_eq!(crate::peer::text(&taken.request.body), said);
        let answer = peer.echo_of(&taken);
        peer.write(&answer).await;
    }
    for (call, said) in calls.into_iter().zip(["a", "b", "d"]) {
        assert_eq!(call.await.unwrap().unwrap(), said);
    }
    assert_eq!(channel.stats().dialled, 1);
}

#[tokio::test(start_paused = true)]
async fn more_than_may_wait_are_refused_at_once() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|pool| (pool.max_connections, pool.max_waiters) = (1, 1)));
    let running = begin(&channel, "a");
    let mut peer = Peer::accept(&memory).await;
    let taken = peer.take().await.unwrap();
    let waiting = begin(&channel, "b");
    eventually(|| channel.stats().waiting == 1).await;
    let error = call(&channel, "c").await.unwrap_err();
    assert_eq!((error.kind(), error.setting()), (ErrorKind::Limit, Some("max_waiters")));
    assert_eq!((error.stage(), error.sent()), (Stage::Pick, Sent::Never));
    assert_eq!(
        error.to_string(),
        "limit reached calling Echo.echo at this process (while waiting for a connection): all connections \
         are in use or being made (max_connections: 1), and as many calls wait for one as may (max_waiters: 1) \
         [setting: max_waiters]"
    );
    let answer = peer.echo_of(&taken);
    peer.write(&answer).await;
    assert!(peer.echo().await);
    assert_eq!(running.await.unwrap().unwrap(), "a");
    assert_eq!(waiting.await.unwrap().unwrap(), "b");
}

#[tokio::test(start_paused = true)]
async fn a_place_that_becomes_free_goes_to_one_who_waits() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|pool| pool.max_connections = 1));
    let given_up = begin(&channel, "a");
    let mut peer = Peer::accept(&memory).await;
    peer.take().await.unwrap();
    let waiting = begin(&channel, "b");
    eventually(|| channel.stats().waiting == 1).await;
    given_up.abort();
    let mut next = Peer::accept(&memory).await;
    assert!(next.echo().await);
    assert_eq!(waiting.await.unwrap().unwrap(), "b");
    assert!(peer.take().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_connection_granted_to_a_call_that_was_just_dropped_is_kept() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|pool| pool.max_connections = 1));
    channel.connect().await.unwrap();
    let mut peer = Peer::accept(&memory).await;
    let (mut first, mut second) = (Box::pin(call(&channel, "a")), Box::pin(call(&channel, "b")));
    assert!(poll(&mut first).await.is_pending());
    assert!(poll(&mut second).await.is_pending());
    assert!(peer.echo().await);
    assert!(poll(&mut first).await.is_ready());
    drop(second);
    assert_eq!((channel.stats().idle, channel.stats().connections), (1, 1));
    tokio::spawn(peer.echo_all());
    assert_eq!(call(&channel, "c").await.unwrap(), "c");
}

#[tokio::test(start_paused = true)]
async fn a_granted_connection_that_the_peer_closed_is_replaced() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|pool| pool.max_connections = 1));
    let first = begin(&channel, "a");
    let mut peer = Peer::accept(&memory).await;
    let taken = peer.take().await.unwrap();
    let second = begin(&channel, "b");
    eventually(|| channel.stats().waiting == 1).await;
    let answer = peer.echo_of(&taken);
    peer.write(&answer).await;
    drop(peer);
    serve(&memory);
    assert_eq!(first.await.unwrap().unwrap(), "a");
    assert_eq!(second.await.unwrap().unwrap(), "b");
}

#[tokio::test(start_paused = true)]
async fn a_connection_made_for_a_call_that_is_gone_is_kept_and_watched() {
    let memory = Memory::new();
    let channel = channel(&memory, pooled(|_| {}));
    let mut gone = Box::pin(call(&channel, "a"));
    assert!(poll(&mut gone).await.is_pending());
    drop(gone);
    eventually(|| channel.stats().idle == 1).await;
    drop(Peer::accept(&memory).await);
    serve(&memory);
    assert_eq!(call(&channel, "b").await.unwrap(), "b");
    assert_eq!(channel.stats().dialled, 2);
}
