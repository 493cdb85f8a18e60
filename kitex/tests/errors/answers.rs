//! Answers that are none.

use kitex::{ClientBuilder, Limits};
use tokio::io::{AsyncWriteExt, DuplexStream};

use crate::golden::Tour;
use crate::idl::tour::TourClient;
use crate::peer::{answered, asked, asked_last, client, played};
use crate::wire::{answer, field, framed, headed, message, strings, text};

type Builder = ClientBuilder<TourClient>;

/// What a client gets that calls the wrong port.
fn other_protocols() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("an HTTP/1 server", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ("an HTTP/2 server", b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
        ("a TLS server", b"\x15\x03\x03\0\x02\x02\x28\0"),
        ("an SSH server", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("a server of text", b"-ERR unknown command\r\n"),
        ("a server of Thrift Compact", b"\x82\x41\x01\x03ask\0\0"),
        ("a server of something", &[0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6]),
    ]
}

/// A good answer behind a TTHeader of one's own.
fn behind(info: &[u8], sequence: i32) -> Vec<u8> {
    headed(0, sequence, info, &framed(&message(2, "ask", sequence, &text(0, b"hi"))))
}

type Make = fn(i32) -> Vec<u8>;

/// Answers with a wrong frame, header or envelope.
fn wrong() -> Vec<(&'static str, Make)> {
    vec![
        ("another method's answer", |at| answer(2, "tree", at, &[0])),
        ("another call's answer", |at| answer(2, "ask", at + 7, &text(0, b"hi"))),
        ("a request for an answer", |at| answer(1, "ask", at, &text(0, b"hi"))),
        ("a message of an unknown type", |at| answer(9, "ask", at, &text(0, b"hi"))),
        ("a protobuf answer", |at| {
            let mut message = message(2, "ask", at, &[0]);
            message[0] = 0x90;
            headed(0, at, &[3, 0], &framed(&message))
        }),
        ("a frame of nothing", |at| headed(0, at, &[0, 0], &[0, 0, 0, 4, 0x80, 1, 0, 2, 0, 0, 0, 0])),
        ("a frame that is longer than its payload", |at| {
            let mut payload = framed(&message(2, "ask", at, &[0]));
            payload[3] += 1;
            headed(0, at, &[0, 0], &payload)
        }),
        ("a name that is longer than its message", |at| {
            let mut message = message(2, "ask", at, &[0]);
            message[7] = 99;
            headed(0, at, &[0, 0], &framed(&message))
        }),
        ("a name of a negative length", |at| {
            let mut message = message(2, "ask", at, &[0]);
            message[4] = 0xff;
            headed(0, at, &[0, 0], &framed(&message))
        }),
        ("a header of no size", |at| headed(0, at, &[], &framed(&message(2, "ask", at, &[0])))),
        ("a header without a message", |at| headed(0, at, &[0, 0], &[0])),
        ("a header of another protocol", |at| behind(&[9, 0], at)),
        ("a header with an unknown section", |at| behind(&[0, 0, 0x77], at)),
        ("a header whose pairs are cut", |at| behind(&[0, 0, 1, 0, 9], at)),
        ("TTHeader Streaming", |at| headed(2, at, &[0, 0], &framed(&message(2, "ask", at, &[0])))),
        ("a business status whose extra is no JSON", |at| {
            behind(&strings(&[("biz-status", "7"), ("biz-message", "no"), ("biz-extra", "{]")]), at)
        }),
    ]
}

/// Results that cannot be read.
fn unreadable() -> Vec<(&'static str, Make)> {
    vec![
        ("a result of nothing", |at| answer(2, "ask", at, &[0])),
        ("a result that is cut", |at| answer(2, "ask", at, &text(0, b"hi")[..8])),
        ("a result that is not UTF-8", |at| answer(2, "ask", at, &text(0, b"\xff\xfe"))),
        ("a result with a negative length", |at| {
            answer(2, "ask", at, &[&field(11, 0)[..], &[0xff; 4], &[0]].concat())
        }),
        ("a result with a field of an unknown type", |at| answer(2, "ask", at, &[99, 0, 9, 0])),
        ("a result with a list that it cannot hold", |at| {
            answer(2, "ask", at, &[&field(15, 9)[..], &[8, 0x7f, 0xff, 0xff, 0xff], &[0]].concat())
        }),
        ("a result that nests too deep", |at| answer(2, "ask", at, &[&field(12, 9)[..]; 100].concat())),
        ("an exception that is cut", |at| answer(3, "ask", at, &text(1, b"oops")[..8])),
    ]
}

fn limits(set: impl FnOnce(&mut Limits)) -> impl FnOnce(Builder) -> Builder {
    let mut limits = Limits::default();
    set(&mut limits);
    |client| client.limits(limits)
}

async fn too_large(tour: &mut Tour) {
    let long = || text(0, &[b'x'; 2000]);
    let title = "an answer that is too large";
    let result = answered(limits(|limits| limits.max_frame = 1000), |at| answer(2, "ask", at, &long()));
    tour.call(title, result.await);
    let header = |at| behind(&strings(&[("k", &"x".repeat(500))]), at);
    let result = answered(limits(|limits| limits.max_header = 400), header);
    tour.call("a header that is too large", result.await);
    let result =
        answered(limits(|limits| limits.max_header_entries = 8), |at| behind(&strings(&[("k", "v"); 9]), at));
    tour.call("a header with too many pairs", result.await);
    let result = answered(limits(|limits| limits.max_string = 1000), |at| answer(2, "ask", at, &long()));
    tour.call("a text that is too long", result.await);
    let heap = |limits: &mut Limits| (limits.heap_factor, limits.min_heap) = (0, 100);
    let result = answered(limits(heap), |at| answer(2, "ask", at, &long()));
    tour.call("a value that takes too much memory", result.await);
}

/// How a call of `table` ends that is answered with the bytes of a list.
async fn of_a_table(tour: &mut Tour, title: &str, list: &[u8]) {
    let (caller, memory) = client(limits(|limits| limits.max_container = 10));
    let call = async { caller.table(Vec::<Vec<kitex::Str>>::new()).await };
    let body = [&field(15, 0)[..], list, &[0]].concat();
    tour.call(title, played(call, &memory, async |stream| reply(stream, "table", &body).await).await);
}

/// How calls end whose results are of other types.
async fn of_other_types(tour: &mut Tour) {
    let (caller, memory) = client(|client| client);
    let call = async { caller.leaf().await };
    // Of the leaf, the name is missing.
    let body = [&field(12, 0)[..], &[0, 0]].concat();
    let result = played(call, &memory, async |stream| reply(stream, "leaf", &body).await);
    tour.call("a result without a required field", result.await);
    let (caller, memory) = client(|client| client);
    let call = async { caller.choose().await };
    let body = [&field(12, 0)[..], &field(8, 2), &[0, 0, 0, 1], &text(1, b"hi"), &[0]].concat();
    let result = played(call, &memory, async |stream| reply(stream, "choose", &body).await);
    tour.call("a result with both members of a union", result.await);
    let (caller, memory) = client(|client| client);
    let call = async { caller.choose().await };
    let body = [&field(12, 0)[..], &[0, 0]].concat();
    let result = played(call, &memory, async |stream| reply(stream, "choose", &body).await);
    tour.call("a result with a union without a member", result.await);
    let rows = [&[15, 0, 0, 0, 11][..], &[11, 0, 0, 0, 0].repeat(11)].concat();
    of_a_table(tour, "a result with too many elements", &rows).await;
    of_a_table(tour, "a result with more elements than bytes", &[15, 0, 0, 0, 9]).await;
    let numbers = [15, 0, 0, 0, 1, 8, 0, 0, 0, 1, 0, 0, 0, 7];
    of_a_table(tour, "a result with elements of another type", &numbers).await;
}

async fn reply(mut stream: DuplexStream, method: &str, body: &[u8]) -> DuplexStream {
    let sequence = asked(&mut stream).await;
    stream.write_all(&answer(2, method, sequence, body)).await.unwrap();
    stream
}

async fn of_a_call_before(tour: &mut Tour) {
    let (caller, memory) = client(|client| client);
    let call = async {
        caller.note("nobody knows this method").await.unwrap();
        caller.ask("now").await
    };
    let result = played(call, &memory, async |mut stream: DuplexStream| {
        asked_last(&mut stream, 2).await;
        stream.write_all(&answer(3, "", 0, &[0])).await.unwrap();
        stream
    });
    tour.call("an exception that may be an earlier call's", result.await);
}

async fn multiplexed(tour: &mut Tour) {
    let mux = |client: Builder| client.mux(1);
    let http = |_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    tour.call("a multiplexed call of an HTTP/1 server", answered(mux, http).await);
    let bare = |at| framed(&message(2, "ask", at, &text(0, b"hi")));
    tour.call("a multiplexed answer without a header", answered(mux, bare).await);
    let unknown = |at| behind(&[0, 0, 0x77], at);
    tour.call("a multiplexed answer with an unknown section", answered(mux, unknown).await);
    let small = |client| limits(|limits| limits.max_frame = 1000)(mux(client));
    let long = |at| answer(2, "ask", at, &text(0, &[b'x'; 2000]));
    tour.call("a multiplexed answer that is too large", answered(small, long).await);
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_none() {
    let mut tour = Tour::new("answers");
    for (title, bytes) in other_protocols() {
        tour.call(title, answered(|client| client, |_| bytes.to_vec()).await);
    }
    for (title, make) in wrong().into_iter().chain(unreadable()) {
        tour.call(title, answered(|client| client, make).await);
    }
    let wrong_sum = |at| behind(&strings(&[("crc32c", "00000000")]), at);
    tour.call("a wrong checksum", answered(|client| client.checksum(true), wrong_sum).await);
    too_large(&mut tour).await;
    of_other_types(&mut tour).await;
    of_a_call_before(&mut tour).await;
    multiplexed(&mut tour).await;
    tour.finish();
}
