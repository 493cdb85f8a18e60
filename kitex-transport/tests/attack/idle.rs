//! What a connection costs that has nothing to do.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use kitex_codec::Form;
use kitex_transport::ServerSettings;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::runtime::Runtime;

use crate::heap;
use crate::peer::{Client, Server};
use crate::service::{ECHO, WAIT};
use crate::trial::alone;

const CONNECTIONS: usize = 1000;

/// Bytes of heap that an idle connection may cost the server, the runtime's share included.
const EACH: isize = 2048;

/// Raises the bound on open files: both ends of each connection are in this process.
fn allow_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// What each of many connections takes that are idle after they were used so.
fn idle(name: &str, clients: &Runtime, threads: usize, used: impl AsyncFn(&Server) -> Client) {
    let server = Server::start(ServerSettings::default(), threads);
    let mut kept = Vec::<TcpStream>::with_capacity(CONNECTIONS);
    // The chunks that threads keep are no connection's.
    let first: Vec<_> = (0..64).map(|_| clients.block_on(used(&server)).stream).collect();
    clients.block_on(async { drop(first) });
    clients.block_on(server.left_with(0));
    let before = heap::held();
    for _ in 0..CONNECTIONS {
        // A bare socket is all that stays of the client: that takes no heap.
        let client = clients.block_on(used(&server));
        kept.push(clients.block_on(async { client.stream.into_std().unwrap() }));
    }
    // The server is at rest a moment after the last answer, and nothing tells when.
    let begin = Instant::now();
    let each = loop {
        let each = (heap::held() - before) / CONNECTIONS.cast_signed();
        let at_rest = each <= EACH && server.connections() == CONNECTIONS;
        if at_rest || begin.elapsed() > Duration::from_secs(2) {
            break each;
        }
        std::thread::yield_now();
    };
    println!("{name}, {threads} threads: {each} bytes");
    assert!(each <= EACH, "{name}: an idle connection costs {each} bytes");
    assert_eq!(server.connections(), CONNECTIONS);
}

/// A connection after one call.
async fn called(server: &Server, form: Form, method: usize, argument: &[u8]) -> Client {
    let mut client = Client::connect(server, form, form.has_header()).await;
    client.call(method, argument, 1).await;
    if method == WAIT {
        server.state.gate.add_permits(1);
    }
    assert!(client.answer().await.unwrap().1.is_ok());
    client
}

#[test]
fn an_idle_connection_costs_little_whatever_it_was_used_for() {
    allow_files();
    let large = vec![7; 100_000];
    alone(|clients| {
        idle("after a call", clients, 1, async |server| {
            called(server, Form::TTHeaderFramed, ECHO, b"argument").await
        });
        idle("unused", clients, 2, async |server| Client::connect(server, Form::Framed, false).await);
        for form in [Form::Buffered, Form::TTHeaderFramed] {
            idle("after a call", clients, 2, async |server| called(server, form, ECHO, b"argument").await);
        }
        idle("after a large call", clients, 2, async |server| {
            called(server, Form::TTHeaderFramed, ECHO, &large).await
        });
        idle("after a call that waited", clients, 2, async |server| {
            called(server, Form::TTHeaderFramed, WAIT, b"argument").await
        });
    });
}
