//! What a server says of those who call it: to its observer, and in its log.

use std::borrow::Cow;
use std::time::Duration;

use kitex::{AcceptPolicy, Limits, Memory, Peer, Server};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::golden::Tour;
use crate::idl::tour::TourClient;
use crate::peer::{Told, watched};
use crate::recorder::{Recorder, record};
use crate::wire::{answer, framed, headed, message, strings, text};

const SOON: Duration = Duration::from_millis(20);

/// A server that does not mind how long a handler keeps its thread: on a busy machine that is for long.
fn quiet() -> Server {
    Server::new().slow_poll(Duration::from_secs(3600))
}

/// What comes to a wrong port.
fn other_protocols() -> Vec<(&'static str, Vec<u8>)> {
    let bytes: [(&str, &[u8]); 6] = [
        ("an HTTP/1 request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("an HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("a TLS hello", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"),
        ("an SSH banner", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("Thrift Compact of another version", b"\x82\x22\x01\x03ask\0\0"),
        ("random bytes", &[0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6]),
    ];
    let bare: [(&str, &[u8]); 3] = [
        ("Thrift Compact behind a TTHeader", b"\x82\x21\x01\x03ask\0\0\0\0\0\0"),
        ("Thrift JSON behind a TTHeader", br#"[1,"ask",1,1,{}]"#),
        ("non-strict Thrift behind a TTHeader", b"\0\0\0\x03ask\x01\0\0\0\x01\0"),
    ];
    let behind = bare.into_iter().map(|(title, bytes)| (title, headed(0, 1, &[0, 0], bytes)));
    bytes.into_iter().map(|(title, bytes)| (title, bytes.to_vec())).chain(behind).collect()
}

/// Requests that are none.
fn wrong() -> Vec<(&'static str, Vec<u8>)> {
    let good = message(1, "ask", 1, &text(1, b"hi"));
    let cut = [&good[..4], b"\0\0\x10\0", &good[8..]].concat();
    vec![
        ("an answer for a request", answer(2, "ask", 1, &text(0, b"hi"))),
        ("a name of no length", framed(&message(1, "", 1, &[0]))),
        ("a name that is longer than its message", framed(&cut)),
        ("a name of a negative length", framed(&[&good[..4], &[0xff; 4], &good[8..]].concat())),
        ("an unknown section", headed(0, 1, &[0, 0, 0x77], &framed(&good))),
        ("pairs that are cut", headed(0, 1, &[0, 0, 1, 0, 9], &framed(&good))),
        ("TTHeader Streaming", headed(2, 1, &[0, 0], &framed(&good))),
        ("a protobuf request", [b"\0\0\0\x13\x90\x01\0\x01", &good[4..19]].concat()),
        ("a frame of 2 GiB", [b"\x7f\xff\xff\xff", &good[..]].concat()),
        ("a header of 200 KiB", [b"\0\x03\xff\xff\x10\0\0\0\0\0\0\x01\xc8\0", &good[..]].concat()),
        ("a wrong checksum", headed(0, 1, &strings(&[("crc32c", "00000000")]), &framed(&good))),
        ("a multiplexed request that cannot be read", headed(1, 1, &[0, 0, 0x77], &framed(&good))),
        ("a multiplexed request that is too large", {
            headed(1, 1, &[0, 0], &framed(&message(1, "ask", 1, &[0; 2 << 20])))
        }),
        (
            "a Compact request with a name of a negative length",
            b"\x82\x21\x01\xff\xff\xff\xff\x0fask\0".to_vec(),
        ),
        ("a JSON request whose brackets do not match", br#"[1,"ask",1,1,{]"#.to_vec()),
        ("a JSON request with a name of escapes", br#"[1,"\u0061sk",1,1,{}]"#.to_vec()),
        ("a request with too many pairs", { headed(0, 1, &strings(&[("k", "v"); 2000]), &framed(&good)) }),
    ]
}

/// Sends bytes and takes in what the server says of them.
async fn send(tour: &mut Tour, title: &str, server: Server, bytes: &[u8]) {
    let (log, _guard) = record();
    let (memory, mut told) = watched(server).await;
    let mut stream = memory.connect().unwrap();
    // A server that has seen enough closes.
    let _ = stream.write_all(bytes).await;
    take(tour, title, &mut told, &log).await;
}

async fn take(tour: &mut Tour, title: &str, told: &mut UnboundedReceiver<Told>, log: &Recorder) {
    // Time stands still while anything runs: this is the end of waiting for nothing.
    let said = tokio::time::timeout(Duration::from_secs(100), told.recv()).await;
    let said = said.unwrap_or_else(|_| panic!("{title}: nothing is said")).unwrap();
    match said {
        Told::Failed(shown) => tour.shown(title, &shown),
        Told::Refused(text) | Told::Slow(text) => tour.line(title, &text),
    }
    // The log is written right behind.
    tokio::task::yield_now().await;
    tour.line("    in the log", &log.take_lines().join("\n"));
}

async fn slow_peers(tour: &mut Tour) {
    let server = quiet().message_timeout(SOON);
    send(tour, "a request that is not sent whole", server, b"\0\0\0\x20\x80\x01").await;
    let server = quiet().message_timeout(SOON);
    let request = framed(&message(1, "ask", 1, &text(1, b"at length")));
    send(tour, "a request that stops among its arguments", server, &request[..request.len() - 4]).await;
    let (log, _guard) = record();
    let (memory, mut told) = watched(quiet().write_timeout(SOON)).await;
    let mut stream = memory.connect().unwrap();
    let requests = framed(&message(1, "ask", 1, &text(1, b"at length"))).repeat(100);
    stream.write_all(&requests).await.unwrap();
    take(tour, "a peer that takes no answers", &mut told, &log).await;
}

#[derive(Debug)]
struct Strict(bool);

impl AcceptPolicy for Strict {
    fn accept(&self, _: &Peer, _: usize) -> Result<(), Cow<'static, str>> {
        if self.0 { panic!("told to") } else { Err("not from here".into()) }
    }
}

async fn refused(tour: &mut Tour) {
    let cases = [
        ("one connection too many", quiet().max_connections(1)),
        ("a peer that is not wanted", quiet().accept_policy(Strict(false))),
    ];
    for (title, server) in cases {
        let (log, _guard) = record();
        let (memory, mut told) = watched(server).await;
        let _open: Vec<DuplexStream> = (0..2).map(|_| memory.connect().unwrap()).collect();
        take(tour, title, &mut told, &log).await;
    }
    let (log, _guard) = record();
    let (memory, _told) = watched(quiet().accept_policy(Strict(true))).await;
    closed(&memory).await;
    tour.line("a policy that panics", &log.take_lines().join("\n"));
}

/// Connects, and waits until that is refused.
async fn closed(memory: &Memory) {
    let mut stream = memory.connect().unwrap();
    let read = tokio::io::AsyncReadExt::read(&mut stream, &mut [0]).await;
    assert_eq!(read.unwrap(), 0);
}

async fn slow_handler(tour: &mut Tour) {
    let (log, _guard) = record();
    let (memory, mut told) = watched(Server::new().slow_poll(Duration::ZERO)).await;
    TourClient::connect(&memory).await.unwrap().ask("now").await.unwrap();
    take(tour, "a handler that keeps its thread", &mut told, &log).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_server_says_of_its_callers() {
    let mut tour = Tour::new("callers");
    let mut limits = Limits::default();
    limits.max_frame = 1 << 20;
    for (title, bytes) in other_protocols().into_iter().chain(wrong()) {
        let server = quiet().checksum(true).limits(limits.clone());
        send(&mut tour, title, server, &bytes).await;
    }
    slow_peers(&mut tour).await;
    refused(&mut tour).await;
    slow_handler(&mut tour).await;
    tour.finish();
}
