//! Peers that do not take their answers.

use std::time::Duration;

use futures_util::future::join_all;
use kitex_codec::Form;
use kitex_transport::ServerSettings;

use crate::log;
use crate::peer::{Client, binary, framed, pour};
use crate::service::ECHO;
use crate::trial::{Attack, Bounds};

const WRITE: Duration = Duration::from_millis(200);
const QUEUE: usize = 1 << 20;
const CONNECTIONS: usize = 8;

fn settings() -> ServerSettings {
    let mut settings = ServerSettings::default();
    settings.write_timeout = WRITE;
    settings.connection.max_queued_output = QUEUE;
    settings.limits.max_frame = 1 << 20;
    settings.max_input = 2 << 20;
    settings
}

/// Answers that are queued, and requests read ahead; the last answer may go over the limit.
const HEAP: usize = CONNECTIONS * (2 * QUEUE + (256 << 10));

#[test]
fn a_peer_that_takes_no_answer_is_closed() {
    let lines = log::lines();
    lines.clear();
    let request = framed(ECHO, &binary(&vec![7; 100_000]));
    let bounds = Bounds { time: WRITE, heap: HEAP };
    Attack::new("no answer taken", settings(), bounds).run(async |server| {
        let one = async |_| pour(&mut server.connect().await, &request).await;
        join_all((0..CONNECTIONS).map(one)).await;
    });
    lines.wait_for(&[
        "closing a connection",
        "the peer took nothing for 200ms",
        "write_timeout",
        "127.0.0.1",
    ]);
}

#[test]
fn a_multiplexed_peer_that_takes_no_answer_is_closed() {
    let bounds = Bounds { time: WRITE, heap: HEAP };
    Attack::new("no answer taken, multiplexed", settings(), bounds).run(async |server| {
        let one = async |_| {
            let mut client = Client::connect(server, Form::TTHeaderFramed, true).await;
            let request = client.request(ECHO, &vec![7; 100_000], 1);
            pour(&mut client.stream, &request).await
        };
        join_all((0..CONNECTIONS).map(one)).await;
    });
}
