//! Connections on one thread take turns.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use kitex_transport::ServerSettings;
use tokio::io::AsyncWriteExt;

use crate::healthy::Healthy;
use crate::peer::{Server, binary, framed};
use crate::service::TELL;
use crate::trial::alone;

/// Oneways that may be served while a call is under way: a few turns' worth of each peer's. Work is counted and not
/// time, which the rest of the machine has a part in.
const TURNS: u32 = 3000;

/// Runs two peers whose oneways do not end beside healthy calls, on a server with one thread; gives how many oneways
/// were served while a call was under way, for the call in the middle.
fn served_meanwhile() -> u32 {
    let oneways = framed(TELL, &binary(b"x")).repeat(1000);
    alone(|clients| {
        let server = Server::start(ServerSettings::default(), 1);
        let mut healthy = Healthy::connect(server.address);
        let state = Arc::clone(&server.state);
        let calls = std::thread::spawn(move || {
            let told = || state.told.load(Ordering::SeqCst);
            while told() == 0 {
                std::thread::yield_now();
            }
            let meanwhile = |_| {
                let before = told();
                healthy.call();
                told() - before
            };
            let mut served: Vec<_> = (0..100).map(meanwhile).collect();
            served.sort_unstable();
            served[served.len() / 2]
        });
        let pouring = join_all((0..2).map(async |_| {
            let mut stream = server.connect().await;
            while stream.write_all(&oneways).await.is_ok() && !calls.is_finished() {}
        }));
        clients.block_on(pouring);
        calls.join().unwrap()
    })
}

#[test]
fn requests_without_end_leave_other_connections_their_turn() {
    let served = served_meanwhile();
    println!("oneways without end, one thread: {served} are served during a call of another connection");
    assert!(served < TURNS, "{served} oneways were served during a call");
}
