//! Peers that reset the connection at any point.

use std::time::Duration;

use kitex_codec::Form;
use kitex_transport::ServerSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::{Client, Server, binary, buffered, framed, reset};
use crate::service::{ECHO, TELL_LATER, WAIT};
use crate::trial::{Attack, Bounds};

const AT_ONCE: Bounds = Bounds { time: Duration::ZERO, heap: 4 << 20 };

#[test]
fn a_reset_at_any_point_of_a_request_ends_its_connection() {
    Attack::new("a reset within a request", ServerSettings::default(), AT_ONCE).run(async |server| {
        let header = Client::connect(server, Form::TTHeaderFramed, true).await.request(ECHO, b"argument", 1);
        for message in
            [buffered(ECHO, &binary(b"argument")), framed(ECHO, &binary(b"argument")), header.into()]
        {
            for sent in 0..=message.len() {
                let mut stream = server.connect().await;
                stream.write_all(&message[..sent]).await.unwrap();
                reset(stream);
            }
        }
    });
}

#[test]
fn a_reset_at_any_point_of_an_answer_ends_its_connection() {
    let request = framed(ECHO, &binary(&vec![7; 300_000]));
    Attack::new("a reset within an answer", ServerSettings::default(), AT_ONCE).run(async |server| {
        for read in (0..request.len()).step_by(10_000) {
            let mut stream = server.connect().await;
            stream.write_all(&request).await.unwrap();
            stream.read_exact(&mut vec![0; read]).await.unwrap();
            reset(stream);
        }
    });
}

/// Calls that run when their peer is gone: those that are answered end with it, the others run on.
async fn reset_beneath_calls(server: &Server, multiplexed: bool) {
    let begun = server.state.begun.load(std::sync::atomic::Ordering::SeqCst);
    for connection in 1..=50 {
        let mut client = Client::connect(server, Form::TTHeaderFramed, multiplexed).await;
        client.call(WAIT, b"", 1).await;
        if multiplexed {
            client.call(TELL_LATER, b"", 2).await;
        }
        let each = if multiplexed { 2 } else { 1 };
        server.state.reached(&server.state.begun, begun + connection * each).await;
        reset(client.stream);
    }
    // Some may go to calls that are about to be dropped.
    server.state.gate.add_permits(100);
    server.left_with(1).await;
    server.state.gate.forget_permits(100);
}

#[test]
fn a_reset_beneath_calls_ends_those_that_are_answered() {
    for multiplexed in [false, true] {
        Attack::new("a reset beneath calls", ServerSettings::default(), AT_ONCE).run(async |server| {
            reset_beneath_calls(server, multiplexed).await;
        });
    }
}
