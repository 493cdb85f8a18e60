//! Connections on one thread take turns.

use std::time::Duration;

use futures_util::future::join_all;
use kitex_transport::ServerSettings;
use tokio::io::AsyncWriteExt;

use crate::peer::{binary, framed, reset};
use crate::service::TELL;
use crate::trial::{Attack, Bounds};

/// Calls of another connection that were held up by two whose oneways do not end.
fn held_up() -> usize {
    let oneways = framed(TELL, &binary(b"x")).repeat(1000);
    let bounds = Bounds { time: Duration::from_secs(3), heap: 1 << 20 };
    let attack = Attack::new("oneways without end, one thread", ServerSettings::default(), bounds);
    let times = attack.on_one_thread().run(async |server| {
        let one = async |_| {
            let mut stream = server.connect().await;
            let pouring = async { while stream.write_all(&oneways).await.is_ok() {} };
            let _ = tokio::time::timeout(Duration::from_millis(300), pouring).await;
            reset(stream);
        };
        join_all((0..2).map(one)).await;
    });
    times.stuck
}

#[test]
fn requests_without_end_leave_other_connections_their_turn() {
    // Three tries, and two calls of each, are for a machine that stands still now and then.
    let tries: Vec<_> = (0..3).map(|_| held_up()).take_while(|stuck| *stuck > 2).collect();
    assert!(tries.len() < 3, "so many calls of another connection waited for their turn: {tries:?}");
}
