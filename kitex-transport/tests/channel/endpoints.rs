//! Several endpoints, endpoints that are not there, and errors that name them.

use std::path::PathBuf;
use std::time::Duration;

use kitex_core::{ErrorKind, Sent, Stage};
use kitex_transport::{Address, Channel, ChannelConfig, Listener, Memory, SocketOptions};
use tokio::time::advance;

use crate::multiplex::multiplexed;
use crate::peer::{Peer, begin, call, call_within, channel, deaf, eventually, serve, serve_stream};
use crate::pool::pooled;

const BOTH: [fn() -> ChannelConfig; 2] = [|| pooled(|_| {}), || multiplexed(|_| {})];

/// The path of a unix socket that nobody listens at.
struct Nowhere(PathBuf);

impl Nowhere {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("kitex-channel-{}-{name}", std::process::id())))
    }

    fn address(&self) -> Address {
        Address::Unix(self.0.clone())
    }
}

fn channel_to(addresses: &[Address], config: ChannelConfig) -> Channel {
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
        let source = std::error::Error::source(&error).unwrap().downcast_ref::<std::io::Error>().unwrap();
        assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
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
    let channel = channel_to(&[Address::parse("no.such.host.invalid:1").unwrap()], ChannelConfig::default());
    let error = channel.connect().await.unwrap_err();
    let begin = "cannot connect (while connecting): no connection to no.such.host.invalid:1";
    assert!(error.to_string().starts_with(begin), "{error}");
}

#[tokio::test(start_paused = true)]
async fn many_calls_dial_an_endpoint_that_is_not_there_once() {
    for config in BOTH {
        let channel = channel_to(&[Nowhere::new("once").address()], config());
        let calls: Vec<_> = (0..50).map(|_| begin(&channel, "a")).collect();
        for called in calls {
            assert_eq!(called.await.unwrap().unwrap_err().kind(), ErrorKind::Connect);
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

#[tokio::test(start_paused = true)]
async fn calls_go_to_the_endpoint_with_the_least_under_way() {
    for config in BOTH {
        let memories = [Memory::new(), Memory::new(), Memory::new()];
        let addresses = memories.clone().map(Address::Memory);
        let channel = channel_to(&addresses, config());
        let mut calls = Vec::new();
        for n in 0..3 {
            calls.push(begin(&channel, "held"));
            eventually(|| channel.stats().in_flight == n + 1).await;
        }
        let mut peers = Vec::new();
        for memory in &memories {
            let mut peer = Peer::accept(memory).await;
            let taken = peer.take().await.unwrap();
            peers.push((peer, taken));
        }
        // Each has one call. Whichever answers is the one that is called next.
        for at in [1, 1, 0, 2, 0] {
            let (peer, taken) = &mut peers[at];
            let answer = peer.echo_of(taken);
            peer.write(&answer).await;
            eventually(|| channel.stats().in_flight == 2).await;
            calls.push(begin(&channel, "held"));
            *taken = peer.take().await.unwrap();
        }
        let ended = calls.iter().filter(|called| called.is_finished()).count();
        assert_eq!((ended, channel.stats().dialled), (5, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn endpoints_with_nothing_to_do_take_turns() {
    for config in BOTH {
        let memories = [Memory::new(), Memory::new(), Memory::new()];
        memories.iter().for_each(serve);
        let channel = channel_to(&memories.map(Address::Memory), config());
        for _ in 0..3 {
            call(&channel, "a").await.unwrap();
        }
        assert_eq!(channel.stats().dialled, 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_not_there_costs_no_call() {
    for config in BOTH {
        let memory = Memory::new();
        serve(&memory);
        let addresses = [Nowhere::new("other").address(), Address::Memory(memory)];
        let channel = channel_to(&addresses, config());
        for _ in 0..100 {
            assert_eq!(call(&channel, "a").await.unwrap(), "a");
        }
        assert_eq!(channel.stats().dial_failures, 1);
        advance(Duration::from_millis(50)).await;
        let calls: Vec<_> = (0..100).map(|_| begin(&channel, "b")).collect();
        for called in calls {
            assert_eq!(called.await.unwrap().unwrap(), "b");
        }
        assert_eq!(channel.stats().dial_failures, 2, "one call probes");
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_alone_finds_out_whether_an_endpoint_is_back() {
    for config in BOTH {
        let (_socket, _waiting, deaf) = deaf();
        let memory = Memory::new();
        serve(&memory);
        let channel = channel_to(&[Address::Ip(deaf), Address::Memory(memory)], config());
        call(&channel, "a").await.unwrap();
        call(&channel, "b").await.unwrap();
        advance(Duration::from_millis(50)).await;
        let begin_of_all = tokio::time::Instant::now();
        let calls: Vec<_> = (0..20).map(|_| begin(&channel, "c")).collect();
        eventually(|| calls.iter().filter(|called| called.is_finished()).count() == 19).await;
        assert_eq!(begin_of_all.elapsed(), Duration::ZERO);
        for called in calls {
            assert_eq!(called.await.unwrap().unwrap(), "c");
        }
        assert_eq!(begin_of_all.elapsed().as_secs(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_back_is_preferred_no_less_than_others() {
    for (config, name) in BOTH.into_iter().zip(["no-less-pooled", "no-less-multiplexed"]) {
        let (place, memory) = (Nowhere::new(name), Memory::new());
        let channel = channel_to(&[place.address(), Address::Memory(memory.clone())], config());
        let held = begin(&channel, "a");
        let mut near = Peer::accept(&memory).await;
        let taken = near.take().await.unwrap();
        eventually(|| channel.stats().dial_failures == 1).await;
        let listener = Listener::bind(&place.address(), &SocketOptions::default()).await.unwrap();
        advance(Duration::from_millis(50)).await;
        tokio::time::resume();
        // It has nothing under way, so that both of these go there.
        let mut far = None;
        for said in ["b", "c"] {
            let called = begin(&channel, said);
            if far.is_none() {
                far = Some(Peer::over(listener.accept().await.unwrap().0));
            }
            assert!(far.as_mut().unwrap().echo().await);
            assert_eq!(called.await.unwrap().unwrap(), said);
        }
        let answer = near.echo_of(&taken);
        near.write(&answer).await;
        assert_eq!(held.await.unwrap().unwrap(), "a");
        tokio::time::pause();
    }
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

#[test]
fn a_dial_that_was_abandoned_with_its_runtime_is_no_failure_of_the_endpoint() {
    let (_socket, waiting, address) = deaf();
    for config in BOTH {
        let channel = channel_to(&[Address::Ip(address)], config());
        for _ in 0..2 {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_all().start_paused(true).build().unwrap().block_on(async {
                let error = call_within(&channel, "a", Duration::from_millis(10)).await.unwrap_err();
                assert_eq!((error.kind(), error.stage()), (ErrorKind::Deadline, Stage::Dial), "{error}");
            });
        }
        assert_eq!(channel.stats().dial_failures, 0);
    }
    drop(waiting);
}

#[tokio::test(start_paused = true)]
async fn with_no_endpoint_there_the_last_cause_is_told() {
    for config in BOTH {
        let addresses = ["one", "two"].map(|name| Nowhere::new(name).address());
        let channel = channel_to(&addresses, config());
        for (failures, setting) in [(2, None), (2, Some("backoff"))] {
            let error = call(&channel, "a").await.unwrap_err();
            assert_eq!((error.kind(), error.setting()), (ErrorKind::Connect, setting), "{error}");
            assert_eq!(channel.stats().dial_failures, failures);
        }
        assert_eq!(channel.connect().await.unwrap_err().kind(), ErrorKind::Connect);
    }
}

#[tokio::test]
async fn a_channel_without_an_address_says_so() {
    for config in BOTH {
        let channel = channel_to(&[], config());
        assert!(call(&channel, "a").await.unwrap_err().to_string().ends_with("the channel has no address"));
        assert!(channel.connect().await.unwrap_err().to_string().ends_with("the channel has no address"));
    }
}

#[test]
fn a_channel_outlives_its_runtime() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for config in BOTH {
        let memory = Memory::new();
        let channel = channel(&memory, config());
        // The peer's runtime lives on. It answers when it is told to, so that each call has to wait.
        let (answer, answered) = std::sync::mpsc::channel::<()>();
        let listener = memory.clone();
        let peer = std::thread::spawn(move || {
            runtime().block_on(async {
                let mut peer = Peer::accept(&listener).await;
                while answered.recv().is_ok() {
                    if !peer.echo().await {
                        peer = Peer::accept(&listener).await;
                        assert!(peer.echo().await);
                    }
                }
            });
        });
        for said in ["a", "b", "c"] {
            runtime().block_on(async {
                for _ in 0..2 {
                    let (called, ()) = tokio::join!(call(&channel, said), async {
                        tokio::task::yield_now().await;
                        answer.send(()).unwrap();
                    });
                    assert_eq!(called.unwrap(), said);
                }
            });
        }
        drop((answer, channel));
        peer.join().unwrap();
    }
}

#[test]
fn a_call_outside_a_runtime_says_so() {
    for config in BOTH {
        let channel = channel(&Memory::new(), config());
        let called = std::pin::pin!(channel.connect());
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(Err(error)) = called.poll(&mut task) else { panic!("it waits") };
        assert!(error.to_string().contains("outside a Tokio runtime"), "{error}");
    }
}
