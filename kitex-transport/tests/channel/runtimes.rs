//! Channels that are used from one runtime after another, or from none.

use std::time::Duration;

use kitex_core::{ErrorKind, Stage};
use kitex_transport::{Address, Memory};

use crate::BOTH;
use crate::absent::channel_to;
use crate::peer::{Peer, call, call_within, channel, deaf};

#[test]
fn a_dial_that_was_abandoned_with_its_runtime_is_no_failure_of_the_endpoint() {
    for config in BOTH {
        let (socket, mut waiting, address) = deaf();
        let channel = channel_to(&[Address::Ip(address)], config());
        for _ in 0..2 {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_all().start_paused(true).build().unwrap().block_on(async {
                let error = call_within(&channel, "a", Duration::from_millis(10)).await.unwrap_err();
                assert_eq!((error.kind(), error.stage()), (ErrorKind::Deadline, Stage::Dial), "{error}");
            });
        }
        assert_eq!(channel.stats().dial_failures, 0);
        // Nobody waits for it any more either.
        drop(std::mem::take(&mut waiting));
        (0..2).for_each(|_| drop(socket.accept().unwrap()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(channel.connect()).unwrap();
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
