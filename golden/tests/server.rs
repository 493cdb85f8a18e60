//! The engine answers the recorded clients as the recorded servers did.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod idl;
mod serving;

use std::time::Duration;

use golden::oracle::{self, Compact};
use golden::{Answers, Case, Deviations, Difference, Origin, Side};
use serving::{Connection, Host};

const TABLE: &str = include_str!("server_deviations.txt");

const OUT_OF_ORDER: u16 = 1;

/// How a connection's bytes come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// As they were recorded, each piece after what the recorded server had answered by then.
    Recorded,
    AtOnce,
    ByteByByte,
}

/// Cases in which the server was told to stop, with the number of the client's writes before it was.
const SHUTDOWNS: [(&str, usize); 10] = [
    ("framed/shutdown", 1),
    ("framed/shutdown-idle", 1),
    ("framed/shutdown-busy-framed", 0),
    ("ttheader/shutdown-busy-ttheader", 0),
    ("ttheader/shutdown-busy-ttheader-no-handler", 0),
    ("meta/shutdown-in-flight", 1),
    ("meta/shutdown-no-handlers", 1),
    ("mux/shutdown", 1),
    ("mux/hand-shutdown", 1),
    ("mux/hand-shutdown-client-closes", 1),
];

/// Cases in which the client paused between two writes, with the seconds.
const PAUSES: [(&str, u64); 3] = [
    ("errors/wait-half-then-rest", 2),
    ("errors/wait-half-then-rest-short-timeout", 2),
    ("mux/hand-fragment-then-rest", 1),
];

#[test]
fn every_recorded_request_is_answered_as_it_was() {
    let mut deviations = Deviations::new(TABLE);
    for case in served() {
        let found = case.connections().into_iter().flat_map(|conn| compared(case, conn, Pace::Recorded));
        deviations.settle(&case.path(), &found.collect::<Vec<_>>());
    }
    let failures = deviations.finish().err().unwrap_or_default();
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn it_does_not_matter_how_the_bytes_come_in() {
    let mut compared = 0;
    let at_will = |case: &&Case| of(&SHUTDOWNS, case).is_none() && of(&PAUSES, case).is_none();
    for case in served().filter(at_will) {
        for conn in case.connections() {
            let recorded = answered(case, conn, Pace::Recorded);
            for pace in [Pace::AtOnce, Pace::ByteByByte] {
                let ours = answered(case, conn, pace);
                let found = recorded.differences(&ours, !is_multiplexed(case, conn));
                assert_eq!(found, [], "{} {pace:?}", case.path());
                compared += 1;
            }
        }
    }
    assert!(compared > 700, "only {compared} conversations");
}

#[test]
fn what_is_of_a_later_protocol_is_named_and_closed_without_an_answer() {
    let cases = [
        ("errors/http2-preface", "HTTP/2"),
        ("errors/gonet-streaming-flag", "TTHeader Streaming"),
        ("errors/spec-13-framed", "not Thrift Binary"),
    ];
    for (path, name) in cases {
        let case = golden::case(path).unwrap();
        let mut connection = Connection::new(&Host::of(case, 1));
        connection.feed(&case.stream(1, Side::Client));
        assert!(connection.is_closed() && connection.sent.is_empty(), "{path}: {connection:?}");
        let refused = connection.refused.map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(name), "{path}: {refused}");
    }
}

/// All ask `Echo` for `hi`. What the table of deviations cannot hold against a recording is held against the answer itself.
#[test]
fn what_is_spoken_beyond_kitex_is_answered_as_binary_is() {
    let sent = |path: &str, bytes: &[u8]| {
        let mut connection = Connection::new(&Host::of(golden::case(path).unwrap(), 1));
        connection.feed(bytes);
        assert!(!connection.is_closed(), "{path}: {connection:?}");
        connection.sent
    };
    let recorded = |path: &str| sent(path, &golden::case(path).unwrap().stream(1, Side::Client));
    let said = oracle::tree(b"\x0c\0\0\x0b\0\x01\0\0\0\x02hi\0\0").unwrap();

    let compact = Compact { message_type: 2, method: "Echo".into(), seq: 1, body: said.clone() };
    assert_eq!(oracle::compact(&recorded("errors/compact-buffered")), Some(compact.clone()));
    assert_eq!(oracle::compact(unframed(&recorded("errors/compact-framed"))), Some(compact));
    let binary = ["errors/non-strict-buffered", "errors/non-strict-framed", "errors/method-multiplexed"];
    for path in binary {
        let sent = recorded(path);
        let read = oracle::read(&sent).unwrap();
        let facts = (read.decoded.message_type, &*read.decoded.method, read.decoded.seq);
        assert_eq!((facts, read.length), ((2, "Echo", 1), sent.len()), "{path}");
        assert_eq!(oracle::tree(read.body).unwrap(), said, "{path}");
    }
    // Nobody has recorded JSON.
    let asked = br#"[1,"Echo",1,1,{"1":{"rec":{"1":{"str":"hi"}}}}]"#;
    let said = serde_json::json!([1, "Echo", 2, 1, {"0": {"rec": {"1": {"str": "hi"}}}}]);
    let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    assert_eq!(json(&sent("errors/compact-buffered", asked)), said);
    let framed = [&(asked.len() as u32).to_be_bytes()[..], asked].concat();
    assert_eq!(json(unframed(&sent("errors/compact-framed", &framed))), said);
}

/// What a frame holds that is all that was sent.
fn unframed(sent: &[u8]) -> &[u8] {
    let (length, message) = sent.split_first_chunk().unwrap();
    assert_eq!(u32::from_be_bytes(*length) as usize, message.len());
    message
}

fn served() -> impl Iterator<Item = &'static Case> {
    golden::all().filter(|case| case.origin() != Origin::HandMadeAnswers)
}

fn compared(case: &Case, conn: u32, pace: Pace) -> Vec<Difference> {
    let recorded = Answers::recorded(case, conn);
    let mut ours = answered(case, conn, pace);
    if case.server_switch("meta").is_none() {
        ours.replies.iter_mut().for_each(|reply| without_handler(&mut reply.decoded));
    }
    if case.closed_by.get(&conn) == Some(&Side::Client) {
        // Whether the server would have closed as well is not on record.
        ours.closed = recorded.closed;
    }
    recorded.differences(&ours, !is_multiplexed(case, conn))
}

/// Whether answers may come in any order: the recorded server gave them so, or the client says that it takes them so.
fn is_multiplexed(case: &Case, conn: u32) -> bool {
    let exchanges = case.exchanges().into_iter().filter(|exchange| exchange.conn == conn);
    let mut headers = exchanges.filter_map(|exchange| exchange.request.decoded.header);
    case.server_switch("mux").is_some() || headers.any(|header| header.flags & OUT_OF_ORDER != 0)
}

/// Takes out what a Kitex server writes only with its TTHeader handler, where it was recorded without.
fn without_handler(reply: &mut golden::Decoded) {
    let Some(header) = &mut reply.header else { return };
    header.int.remove(&22);
    for key in ["crrst", "biz-status", "biz-message", "biz-extra"] {
        header.str.remove(key);
    }
}

/// What our server does on one connection.
fn answered(case: &Case, conn: u32, pace: Pace) -> Answers {
    let recorded = Answers::recorded(case, conn).replies.len();
    let mut connection = Connection::new(&Host::of(case, conn));
    send(&mut connection, case, conn, pace);
    while replies(&connection) < recorded && connection.is_busy() && connection.pass(None) {}
    if ends_by_client(case, conn) {
        connection.end_of_file();
    }
    while connection.is_busy() && connection.pass(None) {}
    connection.wait(silence(case));
    Answers::of(&connection.sent, connection.is_closed())
}

fn replies(connection: &Connection) -> usize {
    oracle::split(&connection.sent).len()
}

fn send(connection: &mut Connection, case: &Case, conn: u32, pace: Pace) {
    if pace == Pace::Recorded {
        return replay(connection, case, conn);
    }
    let stream = case.stream(conn, Side::Client);
    let piece = if pace == Pace::AtOnce { stream.len().max(1) } else { 1 };
    stream.chunks(piece).for_each(|piece| connection.feed(piece));
}

/// Sends what the client wrote, each write after what the recorded server had answered by then.
fn replay(connection: &mut Connection, case: &Case, conn: u32) {
    let shutdown = of(&SHUTDOWNS, case);
    let pause = of(&PAUSES, case).map(Duration::from_secs);
    let (mut writes, mut expected) = (0, 0);
    for message in case.messages.iter().filter(|message| message.conn == conn) {
        if message.from == Side::Server {
            expected += oracle::split(&message.bytes).len();
            while replies(connection) < expected && connection.is_busy() && connection.pass(None) {}
            continue;
        }
        if shutdown == Some(writes) {
            connection.shut_down();
        }
        if let Some(pause) = pause.filter(|_| writes > 0) {
            connection.wait(pause);
        }
        connection.feed(&message.bytes);
        writes += 1;
    }
    if shutdown == Some(writes) {
        connection.shut_down();
    }
}

fn of<T: Copy>(table: &[(&str, T)], case: &Case) -> Option<T> {
    table.iter().find(|(path, _)| *path == case.path()).map(|(_, value)| *value)
}

/// Whether the client closed first, or half of the connection.
fn ends_by_client(case: &Case, conn: u32) -> bool {
    case.closed_by.get(&conn) == Some(&Side::Client) || case.what.ends_with("end of file")
}

/// How long the recording went on after the last byte.
fn silence(case: &Case) -> Duration {
    let is_long = case.name.contains("wait-");
    Duration::from_millis(if is_long { 6_500 } else { 350 })
}
