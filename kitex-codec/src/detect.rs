//! Telling protocols apart by their first eight bytes (spec: kitex-wire 7, thrift-idl 16).

use crate::Protocol;
use crate::error::UNKNOWN;

/// What the first eight bytes of a message say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detected {
    /// A TTHeader; what it carries is told by the bytes behind it.
    TTHeader,
    /// A mesh header; likewise.
    Mesh,
    /// Thrift without a frame.
    Buffered(Protocol),
    /// Thrift behind a frame length.
    Framed(Protocol),
    /// Kitex Protobuf behind a frame length.
    FramedProtobuf,
    /// The preface of HTTP/2.
    Http2,
    /// Something else, with its name as far as it is known.
    Unknown(&'static str),
}

/// Classifies the first eight bytes of a message.
#[inline]
pub fn detect(head: [u8; 8]) -> Detected {
    match head {
        [b'P', b'R', b'I', b' ', b'*', b' ', b'H', b'T'] => Detected::Http2,
        // As short as its first two bytes a message of no other kind is: it cannot wait for what comes behind them.
        [COMPACT, kind, ..] if is_compact(kind) => Detected::Buffered(Protocol::Compact),
        [_, _, _, _, 0x10, 0x00, ..] => Detected::TTHeader,
        [0xff, 0xaf, ..] => Detected::Mesh,
        _ => detect_bare(head),
    }
}

/// Classifies the first eight bytes of what stands behind a TTHeader: there is what Kitex has there, and nothing else.
#[inline]
pub(crate) fn detect_payload(head: [u8; 8]) -> Detected {
    match head {
        [0x80, 0x01, ..] => Detected::Buffered(Protocol::Binary),
        [_, _, _, _, 0x80, 0x01, ..] => Detected::Framed(Protocol::Binary),
        [_, _, _, _, 0x90, 0x01, ..] => Detected::FramedProtobuf,
        _ => Detected::Unknown(name(head)),
    }
}

/// Classifies the first eight bytes of a message without a TTHeader.
#[inline]
pub(crate) fn detect_bare(head: [u8; 8]) -> Detected {
    match detect_payload(head) {
        Detected::Unknown(name) => detect_other(head).unwrap_or(Detected::Unknown(name)),
        known => known,
    }
}

/// The eight bytes at the front of a message. Those of a Compact one, which may be shorter, are told by two, and what
/// is not there of them is zeros.
#[inline]
pub(crate) fn head_of(message: &[u8]) -> Option<[u8; 8]> {
    match message.first_chunk() {
        Some(head) => Some(*head),
        None => short_head(message),
    }
}

#[cold]
fn short_head(message: &[u8]) -> Option<[u8; 8]> {
    let [COMPACT, kind, ..] = message else { return None };
    let mut head = [0; 8];
    head.iter_mut().zip(message).for_each(|(head, byte)| *head = *byte);
    is_compact(*kind).then_some(head)
}

/// What a Compact message begins with.
const COMPACT: u8 = 0x82;

/// True if a message type's byte is of the version of Compact that there is.
fn is_compact(kind: u8) -> bool {
    kind & 0x1f == 1
}

/// Compact, JSON, and Binary as it was before it had a version word.
#[cold]
#[inline(never)]
fn detect_other(head: [u8; 8]) -> Option<Detected> {
    Some(match head {
        [COMPACT, kind, ..] if is_compact(kind) => Detected::Buffered(Protocol::Compact),
        [_, _, _, _, COMPACT, kind, ..] if is_compact(kind) => Detected::Framed(Protocol::Compact),
        [_, _, _, _, b'[', rest @ ..] if is_json(&rest) => Detected::Framed(Protocol::Json),
        [b'[', rest @ ..] if is_json(&rest) => Detected::Buffered(Protocol::Json),
        [0, a, b, c, 0, d, e, f] if holds([0, a, b, c], [0, d, e, f]) => Detected::Framed(Protocol::Binary),
        [0, 0, b, c, first, ..] if (b, c) != (0, 0) && is_of_name(first) => {
            Detected::Buffered(Protocol::Binary)
        }
        _ => return None,
    })
}

/// True if what stands behind a bracket begins with the version of JSON that there is.
fn is_json(rest: &[u8]) -> bool {
    matches!(rest.trim_ascii_start(), [] | [b'1'] | [b'1', b',' | b' ' | b'\t' | b'\r' | b'\n', ..])
}

/// True if a frame holds an envelope without a version word and with a name of that length.
fn holds(frame: [u8; 4], name: [u8; 4]) -> bool {
    /// Bytes beside the name: its length, the message type, the sequence id and an empty struct.
    const OTHERS: u32 = 10;
    let (frame, name) = (u32::from_be_bytes(frame), u32::from_be_bytes(name));
    name > 0 && name + OTHERS <= frame
}

/// True if a method's or a service's name may begin so.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// The name of a protocol that is not served, for the one line that a person reads about it.
#[cold]
#[inline(never)]
fn name(head: [u8; 8]) -> &'static str {
    const VERBS: [&[u8]; 8] =
        [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT "];
    let starts = |verb: &&[u8]| head.starts_with(&verb[..verb.len().min(8)]);
    match head {
        _ if VERBS.iter().any(starts) => "HTTP/1",
        [b'H', b'T', b'T', b'P', b'/', ..] => "an HTTP/1 response",
        [0x16, 0x03, 0..=4, ..] => "a TLS ClientHello",
        [0x15, 0x03, 0..=4, ..] => "a TLS alert",
        [0, _, _, 4, 0, 0, 0, 0] => "the settings of HTTP/2",
        [b'S', b'S', b'H', b'-', ..] => "SSH",
        [0x90, 0x01, ..] => "Kitex Protobuf without a frame",
        _ if let Some(found) = detect_other(head) => other_name(found),
        [COMPACT, ..] | [_, _, _, _, COMPACT, ..] => "Thrift Compact of another version",
        _ if head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) => "text",
        _ => UNKNOWN,
    }
}

/// The name of what is served, but not behind a TTHeader.
fn other_name(found: Detected) -> &'static str {
    match found {
        Detected::Buffered(Protocol::Compact) | Detected::Framed(Protocol::Compact) => {
            "Thrift Compact behind a TTHeader"
        }
        Detected::Buffered(Protocol::Json) | Detected::Framed(Protocol::Json) => {
            "Thrift JSON behind a TTHeader"
        }
        _ => "non-strict Thrift Binary behind a TTHeader",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINARY: Protocol = Protocol::Binary;

    #[test]
    fn each_form_is_recognised() {
        let cases: [(&[u8; 8], Detected); 23] = [
            (b"PRI * HT", Detected::Http2),
            (b"\0\0\0\x2c\x10\0\0\0", Detected::TTHeader),
            (b"\xff\xaf\0\x12\0\x01\0\x03", Detected::Mesh),
            (b"\x80\x01\0\x01\0\0\0\x04", Detected::Buffered(BINARY)),
            (b"\0\0\0\x1e\x80\x01\0\x01", Detected::Framed(BINARY)),
            (b"\0\0\0\x14\x90\x01\0\x01", Detected::FramedProtobuf),
            (b"\x82\x21\x01\x04Echo", Detected::Buffered(Protocol::Compact)),
            (b"\x82\x21\x01\x01\x10\0\0\0", Detected::Buffered(Protocol::Compact)),
            (b"\0\0\0\x20\x82\x21\x01\x04", Detected::Framed(Protocol::Compact)),
            (b"[1,\"Echo", Detected::Buffered(Protocol::Json)),
            (b"[ \n1 , \"", Detected::Buffered(Protocol::Json)),
            (b"\0\0\0\x20[1,\"", Detected::Framed(Protocol::Json)),
            (b"\0\0\0\x04Echo", Detected::Buffered(BINARY)),
            (b"\0\0\0\x20\0\0\0\x04", Detected::Framed(BINARY)),
            (b"GET / HT", Detected::Unknown("HTTP/1")),
            (b"OPTIONS ", Detected::Unknown("HTTP/1")),
            (b"HTTP/1.1", Detected::Unknown("an HTTP/1 response")),
            (b"\x16\x03\x01\x02\0\x01\0\x01", Detected::Unknown("a TLS ClientHello")),
            (b"\x15\x03\x03\0\x02\x02\x28\0", Detected::Unknown("a TLS alert")),
            (b"\0\0\x12\x04\0\0\0\0", Detected::Unknown("the settings of HTTP/2")),
            (b"\x82\x22\x01\x04Echo", Detected::Unknown("Thrift Compact of another version")),
            (b"[2,\"Echo", Detected::Unknown("text")),
            (b"\0\0\0\0\0\0\0\0", Detected::Unknown(UNKNOWN)),
        ];
        for (head, expected) in cases {
            assert_eq!(detect(*head), expected, "{head:02x?}");
        }
    }

    #[test]
    fn what_a_frame_has_no_room_for_is_no_message_of_the_old_form() {
        assert_eq!(detect(*b"\0\0\0\x0d\0\0\0\x04"), Detected::Unknown(UNKNOWN));
        assert_eq!(detect(*b"\0\0\0\x0e\0\0\0\x04"), Detected::Framed(BINARY));
    }

    #[test]
    fn behind_a_tt_header_stands_what_kitex_has_there() {
        let cases: [(&[u8; 8], Detected); 6] = [
            (b"\x80\x01\0\x01\0\0\0\x04", Detected::Buffered(BINARY)),
            (b"\0\0\0\x1e\x80\x01\0\x01", Detected::Framed(BINARY)),
            (b"\x82\x21\x01\x04Echo", Detected::Unknown("Thrift Compact behind a TTHeader")),
            (b"\0\0\0\x20[1,\"", Detected::Unknown("Thrift JSON behind a TTHeader")),
            (b"\0\0\0\x04Echo", Detected::Unknown("non-strict Thrift Binary behind a TTHeader")),
            (b"\0\0\0\x20\0\0\0\x04", Detected::Unknown("non-strict Thrift Binary behind a TTHeader")),
        ];
        for (head, expected) in cases {
            assert_eq!(detect_payload(*head), expected, "{head:02x?}");
        }
    }

    #[test]
    fn two_bytes_tell_a_compact_message() {
        assert_eq!(head_of(b"\x82\x21\x01"), Some(*b"\x82\x21\x01\0\0\0\0\0"));
        for short in [&b"\x82"[..], b"\x82\x22\x01", b"\x80\x01\0\x01\0\0\0", b"[1,\"a\""] {
            assert_eq!(head_of(short), None);
        }
    }
}
