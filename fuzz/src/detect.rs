//! Target `detect`: protocols told apart by eight bytes.
//!
//! What the first bytes are taken for and what becomes of the message agree.

use kitex_codec::{BytesMut, DecodeReason, Detected, Form, Frame, Limits, Protocol, detect};

/// Classifies the head of `data`. True if it is of a protocol that is served.
pub fn run(data: &[u8]) -> bool {
    let decoded = Frame::decode(&mut BytesMut::from(data), &Limits::default());
    let Some(head) = data.first_chunk::<8>() else {
        let short = matches!(data, [0x82, kind, ..] if kind & 0x1f == 1);
        assert!(short || matches!(decoded, Ok(None)), "nothing else is decided by less than eight bytes");
        return matches!(decoded, Ok(Some(_)));
    };
    let detected = detect(*head);
    check_served(detected, *head);
    let wrong = decoded.as_ref().err().and_then(|error| match error.reason() {
        DecodeReason::WrongProtocol { name, head } => Some((*name, *head)),
        _ => None,
    });
    let frame = decoded.ok().flatten();
    check(detected, head, wrong, frame.as_ref());
    frame.is_some()
}

fn check(detected: Detected, head: &[u8; 8], wrong: Option<(&str, [u8; 8])>, frame: Option<&Frame>) {
    let form = frame.map(|frame| Seen {
        form: frame.form,
        mesh: frame.mesh.is_some(),
        protobuf: frame.protobuf,
        protocol: frame.protocol,
    });
    let served = |form, protobuf, protocol| Seen { form, mesh: false, protobuf, protocol };
    match detected {
        Detected::Unknown(name) => assert_eq!(wrong, Some((name, *head))),
        Detected::Http2 => assert_eq!(wrong, Some(("HTTP/2", *head))),
        // What stands behind these headers may be of any protocol.
        Detected::TTHeader => {
            assert!(form.is_none_or(|seen| seen.form.has_header()
                && !seen.mesh
                && seen.protocol == Protocol::Binary));
        }
        Detected::Mesh => assert!(form.is_none_or(|seen| !seen.form.has_header() && seen.mesh)),
        Detected::Buffered(protocol) => assert_served(wrong, form, served(Form::Buffered, false, protocol)),
        Detected::Framed(protocol) => assert_served(wrong, form, served(Form::Framed, false, protocol)),
        Detected::FramedProtobuf => assert_served(wrong, form, served(Form::Framed, true, Protocol::Binary)),
    }
}

/// The rules in their order, as the wire is described.
fn check_served(detected: Detected, head: [u8; 8]) {
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let long = |at: usize| u32::from(word(at)) << 16 | u32::from(word(at + 2));
    let compact = |at: usize| head[at] == 0x82 && head[at + 1] & 0x1f == 1;
    let json = |at: usize| head[at] == b'[' && is_version(&head[at + 1..]);
    let name = head[4].is_ascii_alphabetic() || head[4] == b'_';
    let expected = match (word(0), word(4)) {
        _ if &head == b"PRI * HT" => Detected::Http2,
        _ if compact(0) => Detected::Buffered(Protocol::Compact),
        (_, 0x1000) => Detected::TTHeader,
        (0xffaf, _) => Detected::Mesh,
        (0x8001, _) => Detected::Buffered(Protocol::Binary),
        (_, 0x8001) => Detected::Framed(Protocol::Binary),
        (_, 0x9001) => Detected::FramedProtobuf,
        _ if compact(4) => Detected::Framed(Protocol::Compact),
        _ if json(4) => Detected::Framed(Protocol::Json),
        _ if json(0) => Detected::Buffered(Protocol::Json),
        _ if long(0) < 1 << 24 && (1..1 << 24).contains(&long(4)) && long(4) + 10 <= long(0) => {
            Detected::Framed(Protocol::Binary)
        }
        _ if (1..1 << 16).contains(&long(0)) && name => Detected::Buffered(Protocol::Binary),
        _ => return assert!(matches!(detected, Detected::Unknown(_))),
    };
    assert_eq!(detected, expected);
}

/// True if the next token of JSON can be the number 1.
fn is_version(rest: &[u8]) -> bool {
    let mut tokens = rest.iter().skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | 0x0c | b'\r'));
    match (tokens.next(), tokens.next()) {
        (None, _) | (Some(b'1'), None) => true,
        (Some(b'1'), Some(behind)) => matches!(behind, b',' | b' ' | b'\t' | b'\n' | b'\r'),
        _ => false,
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    form: Form,
    mesh: bool,
    protobuf: bool,
    protocol: Protocol,
}

fn assert_served(wrong: Option<(&str, [u8; 8])>, form: Option<Seen>, expected: Seen) {
    assert_eq!(wrong, None);
    assert!(form.is_none_or(|form| form == expected), "{form:?}");
}
