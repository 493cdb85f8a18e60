//! Telling protocols apart by their first eight bytes (spec: kitex-wire 7).

use crate::error::UNKNOWN;

/// What the first eight bytes of a message say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detected {
    /// A TTHeader; what it carries is told by the bytes behind it.
    TTHeader,
    /// A mesh header; likewise.
    Mesh,
    /// Strict Thrift Binary without a frame.
    Buffered,
    /// Strict Thrift Binary behind a frame length.
    Framed,
    /// Kitex Protobuf behind a frame length.
    FramedProtobuf,
    /// The preface of HTTP/2.
    Http2,
    /// Something else, with its name as far as it is known.
    Unknown(&'static str),
}

/// Classifies the first eight bytes of a message.
pub fn detect(head: [u8; 8]) -> Detected {
    match head {
        [b'P', b'R', b'I', b' ', b'*', b' ', b'H', b'T'] => Detected::Http2,
        [_, _, _, _, 0x10, 0x00, ..] => Detected::TTHeader,
        [0xff, 0xaf, ..] => Detected::Mesh,
        _ => detect_payload(head),
    }
}

/// Classifies the first eight bytes of what stands behind a header.
pub(crate) fn detect_payload(head: [u8; 8]) -> Detected {
    match head {
        [0x80, 0x01, ..] => Detected::Buffered,
        [_, _, _, _, 0x80, 0x01, ..] => Detected::Framed,
        [_, _, _, _, 0x90, 0x01, ..] => Detected::FramedProtobuf,
        _ => Detected::Unknown(name(head)),
    }
}

/// The name of a protocol that is not served, for the one line that a person reads about it.
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
        [0x82, b, ..] | [_, _, _, _, 0x82, b, ..] if b & 0x1f == 1 => "Thrift Compact",
        [0, _, _, len, ..] if len > 0 && head[4].is_ascii_alphabetic() => "non-strict Thrift Binary",
        [_, _, _, _, 0, 0, 0, len] if len > 0 && head[0] == 0 => "non-strict Thrift Binary in a frame",
        _ if head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) => "text",
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_recognised() {
        let cases: [(&[u8; 8], Detected); 17] = [
            (b"PRI * HT", Detected::Http2),
            (b"\0\0\0\x2c\x10\0\0\0", Detected::TTHeader),
            (b"\xff\xaf\0\x12\0\x01\0\x03", Detected::Mesh),
            (b"\x80\x01\0\x01\0\0\0\x04", Detected::Buffered),
            (b"\0\0\0\x1e\x80\x01\0\x01", Detected::Framed),
            (b"\0\0\0\x14\x90\x01\0\x01", Detected::FramedProtobuf),
            (b"GET / HT", Detected::Unknown("HTTP/1")),
            (b"OPTIONS ", Detected::Unknown("HTTP/1")),
            (b"HTTP/1.1", Detected::Unknown("an HTTP/1 response")),
            (b"\x16\x03\x01\x02\0\x01\0\x01", Detected::Unknown("a TLS ClientHello")),
            (b"\x15\x03\x03\0\x02\x02\x28\0", Detected::Unknown("a TLS alert")),
            (b"\0\0\x12\x04\0\0\0\0", Detected::Unknown("the settings of HTTP/2")),
            (b"\x82\x21\x01\x04Echo", Detected::Unknown("Thrift Compact")),
            (b"\0\0\0\x04Echo", Detected::Unknown("non-strict Thrift Binary")),
            (b"\0\0\0\x20\0\0\0\x04", Detected::Unknown("non-strict Thrift Binary in a frame")),
            (b"hello wo", Detected::Unknown("text")),
            (b"\0\0\0\0\0\0\0\0", Detected::Unknown("no known protocol")),
        ];
        for (head, expected) in cases {
            assert_eq!(detect(*head), expected, "{head:02x?}");
        }
    }
}
