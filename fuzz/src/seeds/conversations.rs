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
    recorded.chain(made().into_iter().map(|(name, script)| Seed::made(name, &script))).collect()
}

/// Requests as the target makes them, with what was hardly recorded.
fn made() -> Vec<(&'static str, Vec<u8>)> {
    let long_name = [b"\0\x04\x02\x60\x05\0", &[0xff; 1280][..], b"\x01"].concat();
    let short: [(&str, &[u8]); 25] = [
        ("compact", b"\0\x04\0\xa0\x01\x01\x07\0\x08\x04\0\x80\x02\x01\x07\0\x08"),
        ("json-and-old-binary", b"\0\x04\0\x80\x01\x02\x07\0\x08\x04\0\xa0\x02\x03\x07\0\x08"),
        ("multiplexed-names", b"\0\x04\0\xa0\x01\x05\x07\0\x08\x04\0\x80\x02\x06\x07\0\x08\x04\0\x80\x02\x04\x07\0\x08"),
        ("answers-in-another-protocol", b"\0\x04\0\xa0\x01\x01\x07\0\x06\0\x04\0\xa0\x02\x02\x07\0\x06\0"),
        ("more-calls-than-allowed", b"\0\x04\0\x60\x01\x04\0\x60\x02\x04\0\x60\x03\x04\0\x60\x04\x07\0\x08"),
        (
            "deadlines",
            b"\0\x04\x20\x60\x01\x05\x04\x20\x60\x02\x09\x04\x20\x60\x03\xff\x0b\0\0\x0b\0\0\x0b\0\0\x04\0\x60\x01\x07\0\x08",
        ),
        ("shutdown-under-way", b"\0\x04\0\x60\x01\x0d\x04\0\x60\x02\x07\0\x08\x07\0\x08\x0b\0\0"),
        ("shutdown-refuses", b"\0\x04\0\x60\x01\x0d\x0d\x04\0\x60\x02\x04\x08\x60\x03\x07\0\x08\x07\0\x08"),
        ("told-and-late", b"\0\x04\0\x60\x01\x07\0\x08\x0d\x04\0\x60\x02\x04\x03\x60\x04\0\x04Fire\x03\x07\0\0\x0b\0\0"),
        ("end-of-input-under-way", b"\0\x04\0\x60\x01\x04\x03\x63\x04\0\x04Fire\x02\x0e\x07\0\0"),
        ("unread-answers", b"\0\x04\0\x60\x01\x07\0\x06\0\x04\0\x60\x02\x04\0\x60\x03\x0c\x20\0\x07\0\x06"),
        ("checksum", b"\x01\x04\x10\x60\x01\x02\x07\0\x08"),
        ("checksum-wrong-and-off", b"\0\x04\x10\x60\x01\x03\0\x08deadbeef\x07\0\x08"),
        ("mesh", b"\0\0\0\x2d\xff\xaf\0\x11\0\x01\0\x03isn\0\x08OtherSvc\x80\x01\0\x01\0\0\0\x05Sleep\0\0\0\x01\0\x07\0\0"),
        ("method-of-two-services", b"\0\x04\x12\x60\0\x05Sleep\x01\x01\0\x04Nope\x04\0\x60\x02\x07\0\x08"),
        ("many-calls", b"\x10\x04\0\x60\x01\x04\0\x60\x02\x04\0\x60\x03\x04\0\x60\x04\x04\0\x60\x05\x04\0\x60\x06\
            \x07\x02\0\x07\x02\0\x07\0\0\x07\0\0\x07\0\0\x07\0\0\x04\0\x60\x07\x04\0\x60\x08\x07\0\0\x0a\x85\x07\0\0"),
        ("ended-calls", b"\0\x04\0\x60\x01\x04\0\x60\x02\x07\0\x08\x04\0\x60\x03\x0a\x80\x07\0\x08\x0a\0"),
        ("bytes-of-requests", b"\x20\x04\0\x60\x01\x04\0\x60\x02\x04\0\x60\x03\x04\0\x60\x04\x07\0\x08\x07\0\x08\x07\0\x08"),
        ("given-up-then-idle", b"\0\x0b\x20\0\x04\0\x60\x01\x0a\0\x0b\0\0"),
        ("given-up-while-shutting-down", b"\0\x04\0\x60\x01\x0d\x0a\0\x0b\0\0"),
        ("too-short", b"\0\0\0\x12\0\0\0\x05\x10\0\0\x01\0\0\0\x01\0\x01\0\0\0\0"),
        ("answers-too-large", b"\0\x04\0\x60\x01\x07\0\x06\x01\x04\0\x20\x02\x07\0\x06\x01\x04\0\x60\x03\x07\0\x01\0\x01x\x46\0\x01x\0"),
        ("metadata-too-large", b"\0\x04\0\x60\x02\x07\0\x03\0\x01x\x02\0\x01x\x46\0\x01x\xff"),
        ("one-by-one", b"\0\x04\x08\x60\x01\x04\x08\x60\x02\x07\0\x02\0\x07\0\x02no\0\0\x01k\0\0\x01v\0\x07\0\x08"),
        ("passed-over-in-pieces", b"\0\0\0\x18\0\0\0\x20\x10\0\0\x01\0\0\0\x01\0\x01\0\0\0\0\xff\xff\xff\xff\xff\xff\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0\x04\0\x60\x02\x07\0\x08"),
    ];
    let short = short.into_iter().map(|(name, script)| (name, script.to_vec()));
    short.chain([("long-name", long_name)]).collect()
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
        .chain(made_calls().into_iter().map(|(name, script)| Seed::made(name, &script)))
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
fn made_calls() -> Vec<(&'static str, Vec<u8>)> {
    let of = |name| methods().position(|method| method.name == name).map_or(0, |at| at as u8);
    let (fire, two) = (of("Fire"), of("Two"));
    let short: [(&str, &[u8]); 17] = [
        ("compact", b"\x24\0\0\x07\0\0\0\0\x07\0\x02\x03"),
        ("json-buffered", b"\x40\0\0\x07\0\0\0\0\x07\0\x02\x03"),
        ("multiplexed-name", b"\xa4\0\0\x07\0\0"),
        ("answer-in-another-protocol", b"\x24\0\0\x07\0\0\0\0\x07\0\x01\x49"),
        ("answers-out-of-order", b"\x0d\0\0\0\0\0\0\x07\x01\0\x07\x01\0\x07\0\0"),
        ("more-calls-than-allowed", b"\x0d\0\0\0\0\0\0\0\0\0\0\x07\0\0"),
        ("deadlines", b"\x0d\0\x80\x05\0\x80\x09\0\x80\xff\x0d\0\x06\x0d\0\x06\x07\0\0"),
        ("given-up", b"\x0d\0\0\0\0\x0c\0\x07\x80\0\x07\0\0"),
        ("given-up-pooled", b"\x04\0\0\x0c\0\x07\x80\0\0\0"),
        ("large-requests", b"\x0d\0\x20\x17\0\0\x20\x17\0\x0e\x10\0\0\x20\x17\0\x07\0\0"),
        ("goes-away", b"\x0d\0\0\x07\0\x60\0\x01\0\x011\0\0\x07\0\0"),
        (
            "goes-away-unreadably",
            b"\x0d\0\0\x04\0\x2e\0\0\0\x2a\x10\0\0\x01\0\0\0\0\0\x04\0\0\x01\0\x01\0\x05crrst\0\x011\0\
              \0\0\0\x0c\x90\x01\0\x01\0\0\0\0\0\0\0\0\x07\0\0",
        ),
        ("status-0", b"\x0d\0\0\x07\0\x40\x02\0\x010"),
        ("oneway-long-ago", &[4, 0, fire, 0, 0, 7, 0, 0, 0, 0, 7, 0, 8, 2]),
        ("answer-before-a-oneway", &[4, 0, 0, 7, 0, 0, 0, fire, 0, 0, 7, 0, 8, 1]),
        ("declared-exception", &[13, 0, two, 7, 0, 16, 0, 5, 12, 0, 1, 0, 0]),
        ("deadline-of-one-of-several", b"\x0d\0\x80\xff\0\x80\x05\0\0\x0d\0\x06\x07\0\0\x07\0\0"),
    ];
    let short = short.into_iter().map(|(name, script)| (name, script.to_vec()));
    let other_name = [b"\x0d\0\0\x07\0\x04\x05\0", &[b'n'; 1280][..]].concat();
    let long_pair = [b"\x0d\0\x40\0\x01k\x08\x50", &[b'v'; 0x850][..], b"\0\0\x07\0\0"].concat();
    // Each is called twice, answered and written.
    let call = |at: usize| [0, at as u8, 7, 0, 0, 0, at as u8, 7, 0, 0, 14, 255, 255];
    let all = std::iter::once(13).chain((0..methods().count()).flat_map(call)).collect();
    let long = [("other-name", other_name), ("pair-too-long", long_pair), ("all-methods", all)];
    short.chain(long).collect()
}
