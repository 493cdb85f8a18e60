//! Seeds of the targets that play a script, whose steps are numbered in `server` and `client`.

use golden::{Case, Codec, Form, Side};

use super::Seed;
use crate::engine::methods;

/// What the clients of a case sent, each request answered at once.
pub(super) fn servers() -> Vec<Seed> {
    let recorded = golden::all().flat_map(|case| {
        let answers = 0..9;
        case.connections().into_iter().map(move |conn| server(case, conn, answers.clone()))
    });
    recorded.chain(made().map(|(name, script)| Seed::made(name, script))).collect()
}

/// Requests as the target makes them, with what was hardly recorded.
fn made() -> [(&'static str, &'static [u8]); 6] {
    [
        ("more-calls-than-allowed", b"\0\x04\0\x60\x01\x04\0\x60\x02\x04\0\x60\x03\x04\0\x60\x04\x07\0\x08"),
        (
            "deadlines",
            b"\0\x04\x20\x60\x01\x05\x04\x20\x60\x02\x09\x04\x20\x60\x03\x63\x0b\0\0\x0b\0\0\x07\0\x08",
        ),
        ("shutdown-under-way", b"\0\x04\0\x60\x01\x0d\x04\0\x60\x02\x07\0\x08\x07\0\x08\x0b\0\0"),
        ("end-of-input-under-way", b"\0\x04\0\x60\x01\x04\x03\x63\x04\0\x04Fire\x02\x0e\x07\0\0"),
        ("unread-answers", b"\0\x04\0\x60\x01\x07\0\x06\x04\0\x60\x02\x04\0\x60\x03\x0c\x20\0\x07\0\x06"),
        ("checksum", b"\x01\x04\x10\x60\x01\x02\x07\0\x08"),
    ]
}

/// The answers follow each other, so that over all seeds each of them is given.
fn server(case: &Case, conn: u32, answers: std::ops::Range<u8>) -> Seed {
    let settings = if case.server_switch("crc").is_some() { 1 } else { 0 };
    let writes = case.messages.iter().filter(|message| (message.conn, message.from) == (conn, Side::Client));
    let mut bytes = vec![settings];
    let mut shapes = Vec::new();
    for (message, answer) in writes.zip(answers.cycle().skip(case.name.len() % 5)) {
        step(&mut bytes, 0, &message.bytes);
        bytes.extend([7, 0, answer, 0, 0, 0, 0, 0, 0]);
        shapes.push(
            message
                .decoded
                .as_ref()
                .map(|read| (read.form, read.codec, read.message_type, read.method.clone())),
        );
    }
    Seed {
        name: format!("{}-{conn}", case.path().replace('/', "-")),
        bytes,
        kind: Some(format!("{shapes:?}")),
    }
}

/// A step with bytes behind their length.
fn step(script: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    let len = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    script.push(number);
    script.extend(len.to_be_bytes());
    script.extend_from_slice(&bytes[..usize::from(len)]);
}

/// The calls of a case, each with what came back.
pub(super) fn clients() -> Vec<Seed> {
    let of_case =
        |case: &'static Case| case.connections().into_iter().filter_map(move |conn| client(case, conn));
    golden::all()
        .flat_map(of_case)
        .chain(made_calls().map(|(name, script)| Seed::made(name, script)))
        .collect()
}

fn client(case: &Case, conn: u32) -> Option<Seed> {
    let exchanges: Vec<_> = case.exchanges().into_iter().filter(|exchange| exchange.conn == conn).collect();
    let first = exchanges.first()?.request.decoded.clone();
    let form = match first.form {
        Form::Buffered => 0,
        Form::Framed => 1,
        Form::TtHeader => 2,
        Form::TtHeaderFramed => 3,
    };
    let multiplexed = u8::from(first.header.is_some_and(|header| header.flags & 1 != 0));
    let mut bytes = vec![form << 2 | multiplexed];
    let mut shapes = Vec::new();
    for exchange in exchanges {
        let request = exchange.request.decoded;
        let method =
            methods().position(|method| method.name == request.method && request.codec == Codec::Thrift)?;
        bytes.extend([0, u8::try_from(method).ok()?]);
        if let Some(reply) = exchange.reply {
            step(&mut bytes, 4, &reply.bytes);
            let keys = reply.decoded.header.map(|header| header.str.into_keys().collect::<Vec<_>>());
            shapes.push(format!("{:?} {} {keys:?}", reply.decoded.form, reply.decoded.message_type));
        }
    }
    let kind = format!("{form} {multiplexed} {shapes:?}");
    Some(Seed { name: format!("{}-{conn}", case.path().replace('/', "-")), bytes, kind: Some(kind) })
}

/// Calls and answers as the target makes them, with what was hardly recorded.
fn made_calls() -> [(&'static str, &'static [u8]); 6] {
    [
        ("answers-out-of-order", b"\x0d\0\0\0\0\0\0\x07\x01\0\x07\x01\0\x07\0\0"),
        ("more-calls-than-allowed", b"\x0d\0\0\0\0\0\0\0\0\0\0\x07\0\0"),
        ("deadlines", b"\x0d\0\x80\x05\0\x80\x09\0\x80\xff\x0d\0\x06\x0d\0\x06\x07\0\0"),
        ("given-up", b"\x0d\0\0\0\0\x0c\0\x07\x80\0\x07\0\0"),
        ("given-up-pooled", b"\x04\0\0\x0c\0\x07\x80\0\0\0"),
        ("large-requests", b"\x0d\0\x20\x17\0\0\x20\x17\0\x0e\x10\0\0\x20\x17\0\x07\0\0"),
    ]
}
