//! Peers that say nothing, or too little.

use std::time::Duration;

use futures_util::future::join_all;
use kitex_codec::Form;
use kitex_transport::ServerSettings;
use tokio::io::AsyncWriteExt;

use crate::peer::{Client, Server, begun, binary, buffered, framed, until_closed};
use crate::service::ECHO;
use crate::trial::{Attack, Bounds};

const CONNECTIONS: usize = 100;

/// What each of these connections may take: what an idle one does, and the input chunk of one that has begun.
const EACH: usize = 2 << 10;
const BEGUN: usize = 18 << 10;

/// How long a peer may be silent, between messages and within one.
const IDLE: Duration = Duration::from_millis(500);
const MESSAGE: Duration = Duration::from_millis(200);

/// How long a closed connection is read on when its peer does not close it too.
const LINGER: Duration = Duration::from_millis(500);

fn settings() -> ServerSettings {
    let mut settings = ServerSettings::default();
    settings.connection.idle_timeout = IDLE;
    settings.connection.message_timeout = MESSAGE;
    settings
}

/// Connects many times, sends `bytes` each time, and waits to be closed.
async fn send_and_wait(server: &Server, bytes: &[u8]) {
    let one = async |_| {
        let mut stream = server.connect().await;
        stream.write_all(bytes).await.unwrap();
        until_closed(&mut stream).await;
    };
    join_all((0..CONNECTIONS).map(one)).await;
}

#[test]
fn a_silent_peer_costs_the_idle_time() {
    let bounds = Bounds { time: IDLE, heap: CONNECTIONS * EACH };
    Attack::new("silent", settings(), bounds).run(async |server| send_and_wait(server, b"").await);
}

#[test]
fn half_a_message_costs_the_message_time() {
    let [compact, json] = begun(ECHO);
    let text = "x".repeat(1000);
    let messages = [
        buffered(ECHO, &binary(&[1; 1000])),
        framed(ECHO, &binary(&[1; 1000])),
        [&compact[..], b"\x18\xe8\x07", text.as_bytes()].concat(),
        [&json[..], br#"{"1":{"str":""#, text.as_bytes()].concat(),
    ];
    for message in messages {
        let bounds = Bounds { time: MESSAGE, heap: CONNECTIONS * BEGUN };
        Attack::new("half a message", settings(), bounds).run(async |server| {
            send_and_wait(server, &message[..message.len() / 2]).await;
        });
    }
}

#[test]
fn the_beginning_of_a_header_costs_the_message_time() {
    let bounds = Bounds { time: MESSAGE, heap: CONNECTIONS * BEGUN };
    Attack::new("the beginning of a header", settings(), bounds).run(async |server| {
        let mut client = Client::connect(server, Form::TTHeaderFramed, true).await;
        let message = client.request(ECHO, b"x", 1);
        drop(client);
        send_and_wait(server, &message[..13]).await;
    });
}

#[test]
fn a_byte_at_a_time_buys_no_more_time() {
    let message = framed(ECHO, &binary(&[1; 1000]));
    let bounds = Bounds { time: MESSAGE + LINGER, heap: CONNECTIONS * BEGUN };
    Attack::new("a byte at a time", settings(), bounds).run(async |server| {
        let one = async |_| {
            let mut stream = server.connect().await;
            let mut pace = tokio::time::interval(MESSAGE / 10);
            for byte in &message {
                pace.tick().await;
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
            panic!("the message was taken whole");
        };
        join_all((0..CONNECTIONS).map(one)).await;
    });
}
