//! Connections that wait burn no processor time, whatever they wait for.

use std::time::Duration;

use futures_util::future::join_all;
use kitex_codec::Form;
use kitex_transport::ServerSettings;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::peer::{Client, Server, binary, framed, pour, until_closed};
use crate::service::{ECHO, TELL_LATER, WAIT};
use crate::trial::{alone, busy};

const CONNECTIONS: usize = 200;

/// The window that is watched, and the processor time that is nobody's fault: both are of the whole process.
const WINDOW: Duration = Duration::from_millis(150);
const STRAY: Duration = Duration::from_millis(30);

/// Brings connections to where they wait, and watches. `stall` gives what keeps them there.
fn watch<Kept>(name: &str, settings: ServerSettings, stall: impl AsyncFnOnce(&Server) -> Kept) {
    alone(|clients| {
        let server = Server::start(settings, 2);
        let kept = clients.block_on(stall(&server));
        let busy = busy(WINDOW);
        println!("{name}: busy {busy:.0?} of {WINDOW:?}");
        assert!(busy <= STRAY, "{name}: busy {busy:?} of {WINDOW:?}");
        clients.block_on(async move { drop(kept) });
    });
}

async fn connect_and_send(server: &Server, connections: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let one = async |_| {
        let mut stream = server.connect().await;
        stream.write_all(bytes).await.unwrap();
        stream
    };
    let streams = join_all((0..connections).map(one)).await;
    while server.connections() < connections {
        tokio::task::yield_now().await;
    }
    streams
}

/// Settings under which nothing is due while it is watched.
fn patient() -> ServerSettings {
    ServerSettings::default()
}

#[test]
fn between_messages_and_within_one() {
    let message = framed(ECHO, &binary(&[7; 1000]));
    for (name, sent) in [("silent", 0), ("half a length", 2), ("half a message", 500)] {
        watch(name, patient(), async |server| connect_and_send(server, CONNECTIONS, &message[..sent]).await);
    }
}

#[test]
fn for_a_peer_to_take_answers() {
    let request = framed(ECHO, &binary(&vec![7; 1 << 20]));
    watch("answers that are not taken", patient(), async |server| {
        let one = async |_| {
            let mut stream = server.connect().await;
            // It is taken until neither side takes more.
            while let Ok(sent) = tokio::time::timeout(WINDOW, stream.write_all(&request)).await {
                sent.unwrap();
            }
            stream
        };
        join_all((0..4).map(one)).await
    });
}

#[test]
fn for_room_in_the_servers_input() {
    let mut settings = patient();
    settings.max_server_input = 1 << 20;
    let message = framed(ECHO, &binary(&vec![7; 1 << 20]));
    watch("a server that is full", settings, async |server| {
        let streams = connect_and_send(server, 2 * CONNECTIONS, &message[..100_000]).await;
        // Of each connection one step of 64 KiB is read, though there has long been no room: then it is looked at.
        let all_wait = async {
            while server.handle.stats().held < 2 * CONNECTIONS * (64 << 10) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all_wait).await.unwrap();
        streams
    });
}

#[test]
fn for_calls_to_end() {
    for multiplexed in [false, true] {
        watch("calls under way", patient(), async |server| {
            let one = async |_| {
                let mut client = Client::connect(server, Form::TTHeaderFramed, multiplexed).await;
                client.call(WAIT, b"", 1).await;
                // What is read ahead waits behind the call.
                client.stream.write_all(&framed(ECHO, &binary(b"x"))[..9]).await.unwrap();
                client
            };
            let clients = join_all((0..CONNECTIONS).map(one)).await;
            server.state.reached(&server.state.begun, CONNECTIONS as u32).await;
            clients
        });
    }
}

#[test]
fn for_a_oneway_call_whose_peer_is_gone() {
    for multiplexed in [false, true] {
        watch("oneway calls of peers that are gone", patient(), async |server| {
            let one = async |_| {
                let mut client = Client::connect(server, Form::TTHeaderFramed, multiplexed).await;
                client.call(TELL_LATER, b"", 1).await;
            };
            join_all((0..CONNECTIONS).map(one)).await;
            server.state.reached(&server.state.begun, CONNECTIONS as u32).await;
        });
    }
}

#[test]
fn for_a_oneway_call_whose_peer_took_no_answers() {
    let mut settings = patient();
    settings.write_timeout = Duration::from_millis(50);
    watch("oneway calls of peers that took no answers", settings, async |server| {
        let one = async |_| {
            let mut client = Client::connect(server, Form::TTHeaderFramed, true).await;
            client.call(TELL_LATER, b"", 1).await;
            let echo = client.request(ECHO, &vec![7; 1 << 20], 2);
            pour(&mut client.stream, &echo).await
        };
        join_all((0..4).map(one)).await;
        assert_eq!(server.connections(), 4);
    });
}

#[test]
fn for_a_peer_to_close() {
    watch("connections that are closed on this side", patient(), async |server| {
        let mut streams = connect_and_send(server, CONNECTIONS, b"GET / HTTP/1.1\r\n").await;
        join_all(streams.iter_mut().map(until_closed)).await;
        assert_eq!(server.connections(), CONNECTIONS);
        streams
    });
}

#[test]
fn for_a_shutdown_to_end() {
    watch("a shutdown that waits for calls", patient(), async |server| {
        let one = async |_| {
            let mut client = Client::connect(server, Form::TTHeaderFramed, false).await;
            client.call(WAIT, b"", 1).await;
            client
        };
        let clients = join_all((0..CONNECTIONS).map(one)).await;
        server.state.reached(&server.state.begun, CONNECTIONS as u32).await;
        let mut idle = server.connect().await;
        server.handle.shutdown();
        // Idle connections are closed; those with calls stay.
        until_closed(&mut idle).await;
        (clients, idle)
    });
}
