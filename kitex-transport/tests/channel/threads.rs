//! Many callers on several threads, some of which give up at any moment.

use std::time::Duration;

use kitex_core::ErrorKind;
use kitex_transport::{Channel, Memory};

use crate::BOTH;
use crate::peer::{call, call_within, channel, serve};

const CALLERS: usize = 64;
const CALLS: usize = 100;

/// Makes calls one after another: most are awaited, some dropped after a few polls, some have next to no time.
async fn caller(channel: Channel, caller: usize) -> usize {
    let mut answered = 0;
    for n in 0..CALLS {
        let said = format!("{caller}/{n}/{}", "x".repeat((caller * n) % 3000));
        match (caller + n) % 8 {
            0 => {
                let dropped = tokio::spawn({
                    let channel = channel.clone();
                    async move { drop(call(&channel, &said).await) }
                });
                for _ in 0..n % 4 {
                    tokio::task::yield_now().await;
                }
                dropped.abort();
                // Aborted or ended already: either way it is gone.
                let _ = dropped.await;
            }
            1 => match call_within(&channel, &said, Duration::from_micros(10 * n as u64)).await {
                Ok(answer) => assert_eq!(answer, said),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Deadline, "{error}"),
            },
            _ => {
                assert_eq!(call(&channel, &said).await.unwrap(), said);
                answered += 1;
            }
        }
    }
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_gets_its_own_answer_whatever_others_do() {
    for config in BOTH {
        let memory = Memory::new();
        serve(&memory);
        let channel = channel(&memory, config());
        let callers: Vec<_> = (0..CALLERS).map(|n| tokio::spawn(caller(channel.clone(), n))).collect();
        let mut answered = 0;
        for caller in callers {
            answered += caller.await.unwrap();
        }
        assert_eq!(answered, CALLERS * CALLS * 6 / 8);
        let stats = channel.stats();
        assert_eq!((stats.in_flight, stats.waiting), (0, 0), "{stats:?}");
    }
}
