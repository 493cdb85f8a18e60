//! Endpoints that are not there, and errors that name them.

use std::path::PathBuf;
use std::time::Duration;

use kitex_core::{ErrorKind, Sent, Stage};
use kitex_transport::{Address, Channel, ChannelConfig, Listener, SocketOptions};
use tokio::time::advance;

use crate::BOTH;
use crate::peer::{Peer, begin, call, eventually, serve_stream};
use crate::pool::pooled;

/// The path of a unix socket that nobody listens at.
pub(crate) struct Nowhere(PathBuf);

impl Nowhere {
    pub(crate) fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("kitex-channel-{}-{name}", std::process::id())))
    }

    pub(crate) fn address(&self) -> Address {
        Address::Unix(self.0.clone())
    }
}

pub(crate) fn channel_to(addresses: &[Address], config: ChannelConfig) -> Channel {
    Channel::new(addresses.to_vec(), config)
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_not_there_is_named_with_the_cause() {
    for config in BOTH {
        let nowhere = Nowhere::new("named");
        let channel = channel_to(&[nowhere.address()], config());
        let error = call(&channel, "a").await.unwrap_err();
        assert_eq!(
            (error.kind(), error.stage(), error.sent()),
            (ErrorKind::Connect, Stage::Dial, Sent::Never)
        );
        let cause = error.cause().unwrap().downcast_ref::<std::io::Error>().unwrap();
        assert_eq!(cause.kind(), std::io::ErrorKind::NotFound);
        let expected = format!(
            "cannot connect calling Echo.echo at unix:{} (while connecting): no connection: No such file or \
             directory (os error 2)",
            nowhere.0.display()
        );
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn a_wrong_port_shows_when_connecting() {
    let channel = channel_to(&[Address::parse("127.0.0.1:1").unwrap()], ChannelConfig::default());
    let error = channel.connect().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot connect at 127.0.0.1:1 (while connecting): no connection: Connection refused (os error 111)"
    );
}

#[tokio::test]
async fn a_wrong_host_shows_when_connecting() {
    // No name has an empty label: a resolver says so without asking another.
    let channel = channel_to(&[Address::parse("no..such.host:1").unwrap()], ChannelConfig::default());
    let error = channel.connect().await.unwrap_err();
    assert_eq!((error.stage(), error.sent()), (Stage::Resolve, Sent::Never));
    let begin = "cannot connect (while resolving): no connection to no..such.host:1: ";
    assert!(error.to_string().starts_with(begin), "{error}");
}

#[tokio::test(start_paused = true)]
async fn many_calls_dial_an_endpoint_that_is_not_there_once() {
    for config in BOTH {
        let channel = channel_to(&[Nowhere::new("once").address()], config());
        let calls: Vec<_> = (0..50).map(|_| begin(&channel, "a")).collect();
        for called in calls {
            let error = called.await.unwrap().unwrap_err();
            assert_eq!((error.kind(), error.setting()), (ErrorKind::Connect, None), "{error}");
        }
        assert_eq!(channel.stats().dial_failures, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_to_connect_grow_rare_and_calls_in_between_fail_at_once() {
    for config in BOTH {
        let channel = channel_to(&[Nowhere::new("rare").address()], config());
        let begin = tokio::time::Instant::now();
        let mut attempts = Vec::new();
        while begin.elapsed() < Duration::from_secs(60) {
            let before = channel.stats().dial_failures;
            let error = call(&channel, "a").await.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::Never));
            let dialled = channel.stats().dial_failures > before;
            assert_eq!(error.setting(), (!dialled).then_some("backoff"), "{error}");
            assert!(error.to_string().ends_with("No such file or directory (os error 2)"), "{error}");
            if dialled {
                attempts.push(begin.elapsed());
            }
            advance(Duration::from_millis(5)).await;
        }
        let pauses: Vec<_> = attempts.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
        for (pause, longest) in pauses.iter().zip([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
            assert!((longest / 2..=longest + 5).contains(pause), "{pauses:?}");
        }
        assert!(pauses.len() >= 17, "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_comes_back_is_used_again() {
    for (config, name) in BOTH.into_iter().zip(["back-pooled", "back-multiplexed"]) {
        let nowhere = Nowhere::new(name);
        let channel = channel_to(&[nowhere.address()], config());
        call(&channel, "a").await.unwrap_err();
        let listener = Listener::bind(&nowhere.address(), &SocketOptions::default()).await.unwrap();
        assert_eq!(call(&channel, "b").await.unwrap_err().setting(), Some("backoff"));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve_stream(stream));
            }
        });
        advance(Duration::from_millis(50)).await;
        // With real sockets the clock would run ahead of the dial.
        tokio::time::resume();
        assert_eq!(call(&channel, "c").await.unwrap(), "c");
        tokio::time::pause();
    }
}

#[tokio::test]
async fn when_no_more_connections_can_be_made_calls_wait_for_those_there_are() {
    let place = Nowhere::new("wait");
    let listener = Listener::bind(&place.address(), &SocketOptions::default()).await.unwrap();
    let channel = channel_to(&[place.address()], pooled(|_| {}));
    let held = begin(&channel, "a");
    let mut peer = Peer::over(listener.accept().await.unwrap().0);
    let taken = peer.take().await.unwrap();
    drop(listener);
    assert_eq!(call(&channel, "b").await.unwrap_err().kind(), ErrorKind::Connect);
    let waiting = begin(&channel, "c");
    eventually(|| channel.stats().waiting == 1).await;
    let answer = peer.echo_of(&taken);
    peer.write(&answer).await;
    assert_eq!(held.await.unwrap().unwrap(), "a");
    assert!(peer.echo().await);
    assert_eq!(waiting.await.unwrap().unwrap(), "c");
    // With the last connection goes the hope of those who wait.
    let held = begin(&channel, "d");
    peer.take().await.unwrap();
    let waiting = begin(&channel, "e");
    drop(peer);
    assert_eq!(held.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
}

#[tokio::test]
async fn a_dial_that_fails_fails_one_of_those_who_wait_for_other_connections_too() {
    let place = Nowhere::new("one-of-two");
    let listener = Listener::bind(&place.address(), &SocketOptions::default()).await.unwrap();
    let channel = channel_to(&[place.address()], pooled(|pool| pool.max_connections = 2));
    let mut held = Vec::new();
    for said in ["a", "b"] {
        let called = begin(&channel, said);
        let mut peer = Peer::over(listener.accept().await.unwrap().0);
        let taken = peer.take().await.unwrap();
        held.push((called, peer, taken));
    }
    drop(listener);
    let waiting = ["c", "d", "e"].map(|said| begin(&channel, said));
    eventually(|| channel.stats().waiting == 3).await;
    let (called, mut peer, taken) = held.pop().unwrap();
    held.clear();
    let [first, second, third] = waiting;
    assert_eq!(first.await.unwrap().unwrap_err().kind(), ErrorKind::Connect);
    let answer = peer.echo_of(&taken);
    peer.write(&answer).await;
    assert_eq!(called.await.unwrap().unwrap(), "b");
    assert!(peer.echo().await && peer.echo().await);
    assert_eq!(second.await.unwrap().unwrap(), "d");
    assert_eq!(third.await.unwrap().unwrap(), "e");
}

#[tokio::test]
async fn after_connections_were_closed_one_dial_shows_that_the_endpoint_is_gone() {
    let place = Nowhere::new("gone");
    let listener = Listener::bind(&place.address(), &SocketOptions::default()).await.unwrap();
    let channel = channel_to(&[place.address()], pooled(|_| {}));
    let calls: Vec<_> = (0..5).map(|_| begin(&channel, "a")).collect();
    let mut peers = Vec::new();
    for _ in 0..5 {
        let mut peer = Peer::over(listener.accept().await.unwrap().0);
        let taken = peer.take().await.unwrap();
        peers.push((peer, taken));
    }
    for (peer, taken) in &mut peers {
        let answer = peer.echo_of(taken);
        peer.write(&answer).await;
    }
    for called in calls {
        called.await.unwrap().unwrap();
    }
    assert_eq!(channel.stats().idle, 5);
    drop((listener, peers));
    let calls: Vec<_> = (0..5).map(|_| begin(&channel, "b")).collect();
    for called in calls {
        assert_eq!(called.await.unwrap().unwrap_err().kind(), ErrorKind::Connect);
    }
    assert_eq!(channel.stats().dial_failures, 1);
}

#[tokio::test]
async fn a_channel_without_an_address_says_so() {
    for config in BOTH {
        let channel = channel_to(&[], config());
        assert!(call(&channel, "a").await.unwrap_err().to_string().ends_with("the channel has no address"));
        assert!(channel.connect().await.unwrap_err().to_string().ends_with("the channel has no address"));
    }
}
