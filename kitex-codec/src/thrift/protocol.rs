//! The protocol of a message, where it is known at run time only, and the envelopes of each (spec: thrift-idl 16).

use std::fmt;
use std::ops::Range;

use bytes::{BufMut, Bytes};

use super::json::{Scan, Tokens, escape};
use super::{
    BinaryReader, CompactReader, Envelope, Field, JsonReader, Message, MessageType, ThriftReader, Walk,
    binary, compact, first_field, json,
};
use crate::text::check_utf8;
use crate::{DecodeError, DecodeReason, EncodeError, Limits, Output, Segments};

/// How Thrift values become bytes.
///
/// A type that is encoded or decoded by this has its code made for every protocol; who knows which it is takes
/// [`binary`], [`compact`] or [`json`].
///
/// ```
/// use kitex_codec::{ApplicationException, Limits, Protocol};
///
/// let limits = Limits::default();
/// let exception = ApplicationException { code: 6, message: "boom".into() };
/// for protocol in [Protocol::Binary, Protocol::Compact, Protocol::Json] {
///     let bytes: Vec<u8> = protocol.encode_to_vec(&exception, &limits)?;
///     let again: ApplicationException = protocol.decode_slice(&bytes, &limits)?;
///     assert_eq!(again, exception);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Protocol {
    /// Numbers as they are, the fastest.
    #[default]
    Binary,
    /// Small numbers in few bytes, the shortest.
    Compact,
    /// Apache's `TJSONProtocol`, which people and scripts can read.
    Json,
}

/// What a Compact message begins with.
const COMPACT: u8 = 0x82;
/// The version of Compact and of JSON.
const VERSION: u8 = 1;

impl Protocol {
    /// Encodes a struct. Errors if a limit does not allow it, if the protocol has no form for it, or if it is a union without
    /// a member.
    pub fn encode<M: Message>(self, message: &M, limits: &Limits) -> Result<Segments, EncodeError> {
        match self {
            Self::Binary => binary::encode(message, limits),
            Self::Compact => compact::encode(message, limits),
            Self::Json => json::encode(message, limits),
        }
    }

    /// Encodes a struct to memory of its own. Errors as [`encode`](Self::encode) does.
    pub fn encode_to_vec<M: Message>(self, message: &M, limits: &Limits) -> Result<Vec<u8>, EncodeError> {
        self.encode(message, limits).map(|segments| segments.into_bytes().into())
    }

    /// Decodes a struct. Bytes behind its end are ignored, unless the limits [refuse](Limits::refuse_trailing) them.
    /// Errors if the bytes are none, if a limit does not allow it, or if it is a union without a member.
    pub fn decode<M: Message>(self, bytes: &Bytes, limits: &Limits) -> Result<M, DecodeError> {
        match self {
            Self::Binary => binary::decode(bytes, limits),
            Self::Compact => compact::decode(bytes, limits),
            Self::Json => json::decode(bytes, limits),
        }
    }

    /// Decodes a struct whose values share nothing with the bytes. Else as [`decode`](Self::decode).
    pub fn decode_slice<M: Message>(self, bytes: &[u8], limits: &Limits) -> Result<M, DecodeError> {
        match self {
            Self::Binary => binary::decode_slice(bytes, limits),
            Self::Compact => compact::decode_slice(bytes, limits),
            Self::Json => json::decode_slice(bytes, limits),
        }
    }

    /// Writes an envelope to an output's tail. Behind it stands the struct, and then the
    /// [`trailer`](Self::trailer). Errors if a name is no text where it must be.
    pub fn encode_envelope(self, envelope: &Envelope<'_>, out: &mut Output) -> Result<(), EncodeError> {
        match self {
            Self::Binary => envelope.encode(out),
            Self::Compact => {
                let kind = (envelope.kind.0 as u8) << 5;
                out.tail().extend_from_slice(&[COMPACT, kind | VERSION]);
                compact::put_varint(out, envelope.sequence.cast_unsigned());
                compact::put_varint(out, envelope.name.len() as u32);
                out.tail().put_slice(envelope.name);
            }
            Self::Json => {
                let name = std::str::from_utf8(envelope.name);
                let name = name.map_err(|_| EncodeError::unwritable("a method's name", "it is not UTF-8"))?;
                out.tail().put_slice(b"[1,");
                escape(name, out.tail());
                let behind = format!(",{},{},", envelope.kind.0, envelope.sequence);
                out.tail().put_slice(behind.as_bytes());
            }
        }
        Ok(())
    }

    /// Reads an envelope; also gives the bytes it takes, behind which stands the struct. Binary is strict here:
    /// [`Envelope::decode_lenient`] is not. In JSON a name of text without escapes is read, as every
    /// method's is.
    pub fn decode_envelope(self, bytes: &[u8]) -> Result<(Envelope<'_>, usize), DecodeError> {
        match self {
            Self::Binary => Envelope::decode(bytes),
            Self::Compact => compact_envelope(bytes),
            Self::Json => json_envelope(bytes),
        }
    }

    /// Reads the envelope of a whole message, Binary's of either form; also gives where its struct stands. Of JSON that
    /// is without what closes the message; where no struct ends, nothing: what can be read of it would not be what may
    /// stand in another message.
    #[inline]
    pub fn decode_message<'a>(
        self,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<(Envelope<'a>, Range<usize>), DecodeError> {
        match self {
            Self::Binary => Envelope::decode_lenient(bytes).map(|(envelope, at)| (envelope, at..bytes.len())),
            _ => self.decode_other(bytes, limits),
        }
    }

    #[cold]
    fn decode_other<'a>(
        self,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<(Envelope<'a>, Range<usize>), DecodeError> {
        let (envelope, at) = self.decode_envelope(bytes)?;
        let end = match self {
            Self::Binary | Self::Compact => bytes.len(),
            Self::Json => match Scan::new(at, limits.max_depth).walk(bytes) {
                Ok(Walk::Done(end)) => end,
                Ok(Walk::NeedMore) | Err(_) => at,
            },
        };
        Ok((envelope, at..end))
    }

    /// What stands behind the struct of a message.
    pub fn trailer(self) -> &'static [u8] {
        match self {
            Self::Binary | Self::Compact => b"",
            Self::Json => b"]",
        }
    }

    /// A struct without fields.
    pub fn empty_struct(self) -> &'static [u8] {
        match self {
            Self::Binary | Self::Compact => &[0],
            Self::Json => b"{}",
        }
    }

    /// The header of the first field of a struct, if it has one: what a result holds can be told by it without
    /// decoding.
    #[inline]
    pub fn first_field(self, structure: &[u8]) -> Option<Field> {
        match self {
            Self::Binary => first_field(structure),
            _ => self.first_other(structure),
        }
    }

    #[cold]
    fn first_other(self, structure: &[u8]) -> Option<Field> {
        let limits = Limits::default();
        match self {
            Self::Binary => first(BinaryReader::borrowed(structure, &limits)),
            Self::Compact => first(CompactReader::borrowed(structure, &limits)),
            Self::Json => first(JsonReader::borrowed(structure, &limits)),
        }
    }

    /// The bytes that a struct takes. Errors if they are not all there, or if a limit does not allow it.
    pub fn struct_len(self, bytes: &[u8], limits: &Limits) -> Result<usize, DecodeError> {
        let left = match self {
            Self::Binary => {
                let mut reader = BinaryReader::borrowed(bytes, limits);
                reader.skip(super::Type::Struct).map(|()| reader.remaining())
            }
            Self::Compact => {
                let mut reader = CompactReader::borrowed(bytes, limits);
                reader.skip(super::Type::Struct).map(|()| reader.remaining())
            }
            Self::Json => {
                let mut reader = JsonReader::borrowed(bytes, limits);
                reader.skip(super::Type::Struct).map(|()| reader.remaining())
            }
        };
        left.map(|left| bytes.len() - left)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Binary => "Thrift Binary",
            Self::Compact => "Thrift Compact",
            Self::Json => "Thrift JSON",
        })
    }
}

fn first(mut reader: impl ThriftReader) -> Option<Field> {
    reader.begin_struct().ok()?;
    reader.read_field().ok().flatten()
}

fn compact_envelope(bytes: &[u8]) -> Result<(Envelope<'_>, usize), DecodeError> {
    let ([protocol, kind], rest) = bytes.split_first_chunk().ok_or_else(DecodeError::unexpected_end)?;
    if *protocol != COMPACT || kind & 0x1f != VERSION {
        return Err(DecodeError::envelope("it does not begin as Thrift Compact of version 1 does"));
    }
    let (sequence, rest) = compact::split_varint(rest)?;
    let (len, rest) = compact::split_varint(rest)?;
    let len = usize::try_from(len.cast_signed())
        .map_err(|_| DecodeError::new(DecodeReason::NegativeLength(len.cast_signed())))?;
    let (name, rest) = rest.split_at_checked(len).ok_or_else(DecodeError::unexpected_end)?;
    let kind = MessageType(u16::from(kind >> 5));
    Ok((Envelope { kind, name, sequence: sequence.cast_signed() }, bytes.len() - rest.len()))
}

fn json_envelope(bytes: &[u8]) -> Result<(Envelope<'_>, usize), DecodeError> {
    let mut tokens = Tokens { rest: bytes };
    tokens.expect(b'[', "a message is missing")?;
    if tokens.integer::<i64>()? != i64::from(VERSION) {
        return Err(DecodeError::envelope("the version of Thrift JSON is not 1"));
    }
    tokens.comma()?;
    let name = tokens.text()?;
    if name.escaped || name.raw.iter().any(u8::is_ascii_control) {
        return Err(DecodeError::envelope("the method's name has escapes or control characters"));
    }
    // What cannot be written could not be answered.
    check_utf8(name.raw)?;
    tokens.comma()?;
    let kind = MessageType(tokens.integer()?);
    tokens.comma()?;
    let sequence = tokens.integer()?;
    tokens.comma()?;
    Ok((Envelope { kind, name: name.raw, sequence }, bytes.len() - tokens.rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Protocol; 3] = [Protocol::Binary, Protocol::Compact, Protocol::Json];

    fn written(protocol: Protocol, kind: MessageType, name: &str, sequence: i32) -> Vec<u8> {
        let mut out = Output::new();
        let envelope = Envelope { kind, name: name.as_bytes(), sequence };
        protocol.encode_envelope(&envelope, &mut out).unwrap();
        out.take_segments().into_bytes().into()
    }

    /// The first rows of thrift-idl 16.4.
    #[test]
    fn golden_envelopes_are_written_and_read() {
        let compact = |kind, name, sequence| written(Protocol::Compact, kind, name, sequence);
        assert_eq!(compact(MessageType::CALL, "ping", 1), b"\x82\x21\x01\x04ping");
        assert_eq!(compact(MessageType::ONEWAY, "ping", 0), b"\x82\x81\0\x04ping");
        assert_eq!(compact(MessageType::REPLY, "ping", -1), b"\x82\x41\xff\xff\xff\xff\x0f\x04ping");
        assert_eq!(compact(MessageType::CALL, "", i32::MAX), b"\x82\x21\xff\xff\xff\xff\x07\0");
        assert_eq!(written(Protocol::Json, MessageType::CALL, "ping", 1), br#"[1,"ping",1,1,"#);
        for (protocol, sequence) in
            ALL.iter().flat_map(|protocol| [0, 1, -1, i32::MIN, i32::MAX].map(|n| (protocol, n)))
        {
            for name in ["", "ping", "Service:method"] {
                let bytes = written(*protocol, MessageType::REPLY, name, sequence);
                let read = protocol.decode_envelope(&bytes).unwrap();
                let envelope = Envelope { kind: MessageType::REPLY, name: name.as_bytes(), sequence };
                assert_eq!(read, (envelope, bytes.len()));
                for len in 0..bytes.len() {
                    assert!(protocol.decode_envelope(&bytes[..len]).unwrap_err().is_unexpected_end());
                }
            }
        }
    }

    #[test]
    fn envelopes_of_other_versions_and_odd_names_are_refused() {
        let compact =
            [&b"\x81\x21\x01\x04ping"[..], b"\x82\x22\x01\x04ping", b"\x82\x21\x01\xff\xff\xff\xff\x0fping"];
        for bytes in compact {
            assert!(Protocol::Compact.decode_envelope(bytes).is_err());
        }
        let json: [&[u8]; 6] = [
            br#"[2,"ping",1,1,"#,
            br#"[1,"p\u0069ng",1,1,"#,
            b"[1,\"p\ting\",1,1,",
            b"[1,\"p\xffng\",1,1,",
            br#"{1,"ping",1,1,"#,
            br#"[1,"ping",1,9999999999,"#,
        ];
        for bytes in json {
            assert!(!Protocol::Json.decode_envelope(bytes).unwrap_err().is_unexpected_end());
        }
        let envelope = Envelope { kind: MessageType::CALL, name: b"\xff", sequence: 1 };
        assert!(Protocol::Json.encode_envelope(&envelope, &mut Output::new()).is_err());
    }

    #[test]
    fn a_message_gives_its_struct_and_nothing_else() {
        let cases: [(Protocol, &[u8], &[u8]); 7] = [
            (Protocol::Binary, b"\x80\x01\0\x01\0\0\0\x04ping\0\0\0\x01\0", b"\0"),
            (Protocol::Binary, b"\0\0\0\x04ping\x01\0\0\0\x01\0", b"\0"),
            (Protocol::Compact, b"\x82\x21\x01\x04ping\0", b"\0"),
            (Protocol::Json, br#"[1,"ping",1,1, {"1":{"str":"]"}} ] behind"#, br#" {"1":{"str":"]"}}"#),
            (Protocol::Json, br#"[1,"ping",1,1,{"1"]"#, b""),
            (Protocol::Json, br#"[1,"ping",1,1,{"1""#, b""),
            (Protocol::Json, br#"[1,"ping",1,1,5]"#, b""),
        ];
        for (protocol, bytes, expected) in cases {
            let (envelope, body) = protocol.decode_message(bytes, &Limits::default()).unwrap();
            assert_eq!((envelope.name, &bytes[body]), (&b"ping"[..], expected));
        }
    }

    #[test]
    fn the_first_field_and_the_end_are_found_on_every_protocol() {
        let exception = crate::ApplicationException { code: 3, message: "x".into() };
        for protocol in ALL {
            let bytes = protocol.encode(&exception, &Limits::default()).unwrap().into_bytes();
            let first = protocol.first_field(&bytes).unwrap();
            assert_eq!((first.id, first.kind), (1, super::super::Type::String));
            let behind = [&bytes[..], b"]\0}"].concat();
            assert_eq!(protocol.struct_len(&behind, &Limits::default()).unwrap(), bytes.len());
        }
        assert_eq!(ALL.map(|protocol| protocol.first_field(b"\0")), [None; 3]);
        assert_eq!(Protocol::Json.first_field(b"{}"), None);
    }
}
