//! Peers that answer wrongly, too often, by halves or not at all: no call gets another's answer, and none outlives its
//! deadline.

use std::time::Duration;

use kitex_core::{ErrorKind, Sent, Stage};
use kitex_transport::{Channel, ChannelConfig, Memory};

use crate::BOTH;
use crate::multiplex::multiplexed;
use crate::peer::{Peer, begin, call, call_within, channel, eventually, serve};
use crate::pool::pooled;

/// A channel whose only connection was made, and the far end of that.
async fn connected(config: ChannelConfig) -> (Memory, Channel, Peer) {
    let memory = Memory::new();
    let channel = channel(&memory, config);
    channel.connect().await.unwrap();
    let peer = Peer::accept(&memory).await;
    (memory, channel, peer)
}

/// The same message with another sequence id, in the TTHeader, the envelope, or both.
fn with_sequence(message: &[u8], sequence: i32, header: bool, envelope: bool) -> Vec<u8> {
    let mut bytes = message.to_vec();
    let old: [u8; 4] = bytes[8..12].try_into().unwrap();
    if header {
        bytes[8..12].copy_from_slice(&sequence.to_be_bytes());
    }
    if envelope {
        let name = bytes.windows(4).rposition(|window| window == b"echo").unwrap();
        assert_eq!(bytes[name + 4..name + 8], old);
        bytes[name + 4..name + 8].copy_from_slice(&sequence.to_be_bytes());
    }
    bytes
}

#[tokio::test(start_paused = true)]
async fn a_pooled_call_fails_on_an_answer_to_another() {
    for sequence in [0, -1, 77, i32::MAX] {
        let (memory, channel, mut peer) = connected(pooled(|_| {})).await;
        let called = begin(&channel, "a");
        let taken = peer.take().await.unwrap();
        let answer = peer.echo_of(&taken);
        peer.write(&with_sequence(&answer, sequence, true, true)).await;
        let error = called.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.code(), error.sent()), (ErrorKind::Protocol, Some(4), Sent::Maybe));
        assert!(peer.take().await.is_none(), "the connection is closed");
        serve(&memory);
        assert_eq!(call(&channel, "b").await.unwrap(), "b");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_under_a_foreign_id_reaches_no_multiplexed_call() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    for (sequence, header, envelope) in [(0, true, true), (-1, true, true), (7_777, true, false)] {
        let called = begin(&channel, "a");
        let taken = peer.take().await.unwrap();
        let answer = peer.echo_of(&taken);
        peer.write(&with_sequence(&answer, sequence, header, envelope)).await;
        let error = called.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Deadline, Stage::Read));
    }
    assert_eq!(channel.stats().dropped_answers, 2);
    let called = begin(&channel, "b");
    let taken = peer.take().await.unwrap();
    let answer = peer.echo_of(&taken);
    peer.write(&with_sequence(&answer, 99, false, true)).await;
    assert_eq!(called.await.unwrap().unwrap_err().code(), Some(4));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_twice_is_taken_once() {
    for config in BOTH {
        let (memory, channel, mut peer) = connected(config()).await;
        let called = begin(&channel, "a");
        let taken = peer.take().await.unwrap();
        let answer = peer.echo_of(&taken);
        peer.write(&answer.repeat(2)).await;
        assert_eq!(called.await.unwrap().unwrap(), "a");
        eventually(|| channel.stats().dropped_answers == 1).await;
        serve(&memory);
        tokio::spawn(peer.echo_all());
        assert_eq!(call(&channel, "b").await.unwrap(), "b");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_again_later_is_not_taken_for_the_next() {
    for config in BOTH {
        let (memory, channel, mut peer) = connected(config()).await;
        let called = begin(&channel, "a");
        let taken = peer.take().await.unwrap();
        let answer = peer.echo_of(&taken);
        peer.write(&answer).await;
        assert_eq!(called.await.unwrap().unwrap(), "a");
        // While the connection is unused.
        peer.write(&answer).await;
        serve(&memory);
        let next = begin(&channel, "b");
        tokio::spawn(peer.echo_all());
        assert_eq!(next.await.unwrap().unwrap(), "b");
        eventually(|| channel.stats().dropped_answers == 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_again_during_the_next_call_is_not_taken_for_its_own() {
    let (_memory, channel, mut peer) = connected(pooled(|_| {})).await;
    let called = begin(&channel, "a");
    let taken = peer.take().await.unwrap();
    let answer = peer.echo_of(&taken);
    peer.write(&answer).await;
    assert_eq!(called.await.unwrap().unwrap(), "a");
    let next = begin(&channel, "b");
    peer.take().await.unwrap();
    peer.write(&answer).await;
    let error = next.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, Some(4)));
    assert_eq!(channel.stats().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_and_silence_end_with_the_deadline() {
    for config in BOTH {
        let (_memory, channel, mut peer) = connected(config()).await;
        let called = begin(&channel, "a");
        let taken = peer.take().await.unwrap();
        let answer = peer.echo_of(&taken);
        peer.write(&answer[..answer.len() / 2]).await;
        let begin = tokio::time::Instant::now();
        let error = called.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Deadline, Sent::Maybe));
        assert_eq!(begin.elapsed().as_secs(), 60);
        let error = call_within(&channel, "b", Duration::from_millis(10)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadline);
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_at_any_byte_of_the_answer_fails_the_call() {
    for config in BOTH {
        let mut at = 0;
        loop {
            let (_memory, channel, mut peer) = connected(config()).await;
            let called = begin(&channel, "a");
            let taken = peer.take().await.unwrap();
            let answer = peer.echo_of(&taken);
            peer.write(&answer[..at]).await;
            drop(peer);
            let result = called.await.unwrap();
            if at == answer.len() {
                assert_eq!(result.unwrap(), "a");
                break;
            }
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (ErrorKind::Closed, Sent::Maybe), "{at}: {error}");
            let half = error.message().contains("in the middle of its answer");
            assert_eq!(half, at > 0, "{at}: {error}");
            at += 1;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_at_any_byte_of_the_request_fails_the_call() {
    for config in BOTH {
        for at in 0..100 {
            let (_memory, channel, mut peer) = connected(config()).await;
            let called = begin(&channel, "a");
            eventually(|| channel.stats().in_flight == 1).await;
            let mut some = vec![0; at];
            tokio::io::AsyncReadExt::read_exact(&mut peer.stream, &mut some).await.unwrap();
            drop(peer);
            let result = tokio::time::timeout(Duration::from_secs(1), called).await.unwrap().unwrap();
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Closed, "{at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_answer_is_named_and_ends_the_connection() {
    for config in BOTH {
        for bytes in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0; 64], &[0xff; 64]] {
            let (_memory, channel, mut peer) = connected(config()).await;
            let called = begin(&channel, "a");
            peer.take().await.unwrap();
            peer.write(bytes).await;
            let error = called.await.unwrap().unwrap_err();
            assert_eq!((error.kind(), error.stage()), (ErrorKind::Protocol, Stage::Decode), "{error}");
            assert_eq!(error.to_string().contains("HTTP/1"), bytes[0] == b'H', "{error}");
            assert!(peer.take().await.is_none());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_answer_ends_all_calls_of_its_connection() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    let calls = ["a", "b", "c"].map(|said| begin(&channel, said));
    peer.take().await.unwrap();
    peer.write(&[0xff; 64]).await;
    for called in calls {
        let error = called.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Protocol, Sent::Maybe));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_header_ends_a_multiplexed_connection() {
    let (_memory, channel, mut peer) = connected(multiplexed(|_| {})).await;
    let called = begin(&channel, "a");
    let taken = peer.take().await.unwrap();
    let answer = peer.echo_of(&taken);
    let bare = answer.windows(4).position(|window| window == [0x80, 1, 0, 2]).unwrap();
    peer.write(&answer[bare..]).await;
    let error = tokio::time::timeout(Duration::from_secs(1), called).await.unwrap().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Protocol, Sent::Maybe));
    eventually(|| channel.stats().connections == 0).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_before_the_request_is_written_counts() {
    let (memory, channel, mut peer) = connected(pooled(|_| {})).await;
    // An answer to the first call that a connection carries, as the peer would write it.
    let sample = begin(&channel, "a");
    let taken = peer.take().await.unwrap();
    let answer = peer.echo_of(&taken);
    sample.abort();
    assert!(peer.take().await.is_none());

    let called = begin(&channel, &"x".repeat(1 << 20));
    let mut refusing = Peer::accept(&memory).await;
    let mut some = [0; 100];
    tokio::io::AsyncReadExt::read_exact(&mut refusing.stream, &mut some).await.unwrap();
    refusing.write(&answer).await;
    assert_eq!(called.await.unwrap().unwrap(), "a");
    assert_eq!(channel.stats().connections, 0, "the request is half written");

    let called = begin(&channel, &"x".repeat(1 << 20));
    let mut refusing = Peer::accept(&memory).await;
    tokio::io::AsyncReadExt::read_exact(&mut refusing.stream, &mut some).await.unwrap();
    refusing.write(&answer).await;
    drop(refusing);
    assert_eq!(called.await.unwrap().unwrap(), "a");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_each_connection_at_once_does_not_keep_a_call_for_ever() {
    for config in BOTH {
        let memory = Memory::new();
        let channel = channel(&memory, config());
        let accepting = memory.clone();
        tokio::spawn(async move { while accepting.accept().await.is_ok() {} });
        let error = call(&channel, "a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    }
}
