//! Target `detect`: protocols told apart by eight bytes.
//!
//! What the first bytes are taken for and what becomes of the message agree.

use kitex_codec::{BytesMut, DecodeReason, Detected, Form, Frame, Limits, detect};

/// Classifies the head of `data`. True if it is of a protocol that is served.
pub fn run(data: &[u8]) -> bool {
    let decoded = Frame::decode(&mut BytesMut::from(data), &Limits::default());
    let Some(head) = data.first_chunk::<8>() else {
        assert!(matches!(decoded, Ok(None)), "nothing is decided by less than eight bytes");
        return false;
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
    let form = frame.map(|frame| (frame.form, frame.mesh.is_some(), frame.protobuf));
    match detected {
        Detected::Unknown(name) => assert_eq!(wrong, Some((name, *head))),
        Detected::Http2 => assert_eq!(wrong, Some(("HTTP/2", *head))),
        // What stands behind these headers may be of any protocol.
        Detected::TTHeader => assert!(form.is_none_or(|(form, mesh, _)| form.has_header() && !mesh)),
        Detected::Mesh => assert!(form.is_none_or(|(form, mesh, _)| !form.has_header() && mesh)),
        Detected::Buffered => assert_served(wrong, form, (Form::Buffered, false, false)),
        Detected::Framed => assert_served(wrong, form, (Form::Framed, false, false)),
        Detected::FramedProtobuf => assert_served(wrong, form, (Form::Framed, false, true)),
    }
}

/// The rules in their order, as the wire is described.
fn check_served(detected: Detected, head: [u8; 8]) {
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let expected = match (word(0), word(4)) {
        _ if &head == b"PRI * HT" => Detected::Http2,
        (_, 0x1000) => Detected::TTHeader,
        (0xffaf, _) => Detected::Mesh,
        (0x8001, _) => Detected::Buffered,
        (_, 0x8001) => Detected::Framed,
        (_, 0x9001) => Detected::FramedProtobuf,
        _ => return assert!(matches!(detected, Detected::Unknown(_))),
    };
    assert_eq!(detected, expected);
}

type Seen = (Form, bool, bool);

fn assert_served(wrong: Option<(&str, [u8; 8])>, form: Option<Seen>, expected: Seen) {
    assert_eq!(wrong, None);
    assert!(form.is_none_or(|form| form == expected), "{form:?}");
}
