//! Target `skip`: the end of a value found without building it, in every protocol.
//!
//! The walk, at once and in pieces, the reader's skip, its keeping of a field that it does not know and a plain recursion
//! agree on where a value ends, on how deep it may be and on what is none. Of JSON the walk knows brackets and strings
//! alone, and of Compact it takes any byte for a bool among others, as the readers do not.

mod binary;
mod compact;
mod json;

use kitex_codec::{
    BinaryReader, BinaryWriter, Bytes, BytesMut, CompactReader, DecodeError, Field, Frame, JsonReader,
    Limits, Output, Protocol, ThriftReader, ThriftWriter, Type, UnknownField, Walk, Walker,
};

use crate::engine::PROTOCOLS;
use crate::heap::measure;
use crate::script::{Script, pieces};

/// What passing over a value may take whatever it is: its levels and an error.
const HEAP: usize = 16 << 10;

const TYPES: [Type; 14] = [
    Type::Struct,
    Type::List,
    Type::Set,
    Type::Map,
    Type::String,
    Type::Bool,
    Type::I8,
    Type::I16,
    Type::I32,
    Type::I64,
    Type::Double,
    Type::Uuid,
    Type::Stop,
    Type::Void,
];

/// Skips a value: its protocol and type, how deep it may be, its bytes. True if they are one.
pub fn run(data: &[u8]) -> bool {
    let mut script = Script::new(data);
    let choice = usize::from(script.byte());
    let (kind, protocol) = (TYPES[choice % TYPES.len()], PROTOCOLS[choice / TYPES.len() % PROTOCOLS.len()]);
    let mut limits = Limits::default();
    limits.max_depth = 1 + usize::from(script.byte()) % 70;
    let value = Value { protocol, kind, bytes: Bytes::copy_from_slice(script.rest()), limits };
    match protocol {
        Protocol::Binary => value.check_binary(),
        Protocol::Compact => value.check_compact(),
        Protocol::Json => value.check_json(),
    }
}

/// The first byte of an input for a type in a protocol.
pub(crate) fn choice(protocol: Protocol, kind: Type) -> u8 {
    let at = |found: Option<usize>| found.expect("it is among them");
    let kind = at(TYPES.iter().position(|other| *other == kind));
    (at(PROTOCOLS.iter().position(|other| *other == protocol)) * TYPES.len() + kind) as u8
}

/// Why a value has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endless {
    Short,
    Refused,
}

fn endless(error: &DecodeError) -> Endless {
    if error.is_unexpected_end() { Endless::Short } else { Endless::Refused }
}

/// Bytes that may begin with a value.
struct Value {
    protocol: Protocol,
    kind: Type,
    bytes: Bytes,
    limits: Limits,
}

impl Value {
    fn check_binary(&self) -> bool {
        let (kind, bytes) = (self.kind as u8, &self.bytes[..]);
        let max_depth = self.limits.max_depth;
        let expected = binary::Reference { bytes, max_depth }.end(kind, 0, 0);
        assert_eq!(self.skipped().map_err(|error| endless(&error)), expected);
        match expected {
            Ok(end) => {
                let structure = [&[kind, 0, 1], &bytes[..end], &[0]].concat();
                assert_eq!(self.walk_all_ways(&structure, max_depth + 1), Ok(structure.len()));
                self.check_kept(end);
                self.check_message(b"\x80\x01\0\x01\0\0\0\0\0\0\0\x01", &structure);
            }
            // A field of this type ends its struct.
            Err(_) if self.kind == Type::Stop => {}
            Err(_) => {
                let field = [&[kind, 0, 1], bytes].concat();
                assert_eq!(self.walk_all_ways(&field, max_depth + 1), expected);
            }
        }
        expected.is_ok()
    }

    /// The value stands in a list around it, since a field's header has the value of a bool in it.
    fn check_compact(&self) -> bool {
        let (bytes, max_depth) = (&self.bytes[..], self.limits.max_depth);
        let number = compact::number(self.kind);
        let end = |strict| compact::Reference { bytes, max_depth, strict }.end(number, 0, 0);
        let (strict, walked) = (end(true), end(false));
        assert_eq!(self.skipped().ok(), strict.ok());
        let structure = match walked {
            Ok(end) => [&[0x19, 0x10 | number], &bytes[..end], &[0]].concat(),
            Err(_) => [&[0x19, 0x10 | number], bytes].concat(),
        };
        assert_eq!(self.walk_all_ways(&structure, max_depth + 2), walked.map(|_| structure.len()));
        if let Ok(end) = strict {
            self.check_kept(end);
            self.check_message(b"\x82\x21\x01\x01x", &structure);
        }
        strict.is_ok()
    }

    fn check_json(&self) -> bool {
        let (bytes, max_depth) = (&self.bytes[..], self.limits.max_depth);
        let expected = json::Reference { bytes, max_depth }.end(json::tag(self.kind), 0, 0, false);
        assert_eq!(self.skipped().ok(), expected.ok());
        let closed = json::closed(bytes, 2 * max_depth + 1);
        assert_eq!(self.walk_all_ways(bytes, max_depth), closed);
        let Ok(end) = expected else { return false };
        if matches!(self.kind, Type::Struct | Type::List | Type::Set | Type::Map) {
            assert_eq!(closed, expected, "brackets end elsewhere");
        }
        self.check_kept(end);
        let structure =
            [&br#"{"1":{"lst":[""#[..], json::tag(self.kind), b"\",1,", &bytes[..end], b"]}}"].concat();
        self.check_message(br#"[1,"x",1,1,"#, &structure);
        true
    }

    /// The end of the value as a reader passes over it.
    fn skipped(&self) -> Result<usize, DecodeError> {
        let Self { kind, bytes, limits, .. } = self;
        macro_rules! skipped {
            ($reader:ident) => {{
                let mut reader = $reader::new(bytes, limits);
                let (skipped, heap) = measure(|| reader.skip(*kind));
                assert!(heap <= HEAP, "{heap} bytes taken");
                skipped.map(|()| bytes.len() - reader.remaining())
            }};
        }
        match self.protocol {
            Protocol::Binary => skipped!(BinaryReader),
            Protocol::Compact => skipped!(CompactReader),
            Protocol::Json => skipped!(JsonReader),
        }
    }

    /// The value as a reader keeps it, and its end.
    fn kept(&self) -> Result<(UnknownField, usize), DecodeError> {
        let Self { kind, bytes, limits, .. } = self;
        macro_rules! kept {
            ($reader:ident) => {{
                let mut reader = $reader::new(bytes, limits);
                let kept = reader.read_unknown(Field { kind: *kind, id: -7 })?;
                Ok((kept, bytes.len() - reader.remaining()))
            }};
        }
        match self.protocol {
            Protocol::Binary => kept!(BinaryReader),
            Protocol::Compact => kept!(CompactReader),
            Protocol::Json => kept!(JsonReader),
        }
    }

    /// What is passed over can be kept, and is a value of Binary then: of that the same bytes.
    fn check_kept(&self, end: usize) {
        let (kept, at) = match self.kept() {
            Ok(kept) => kept,
            // Passing over a text does not look at what it says.
            Err(error) if self.protocol == Protocol::Json => return assert!(!error.is_unexpected_end()),
            Err(error) => panic!("what can be skipped cannot be kept: {error}"),
        };
        assert_eq!(at, end);
        let mut out = Output::new();
        BinaryWriter::new(&mut out, &self.limits).write_unknown(&kept);
        let written = out.take_segments().into_bytes();
        assert_eq!(written[..3], [self.kind as u8, 0xff, 0xf9]);
        if self.protocol == Protocol::Binary {
            assert_eq!(written[3..], self.bytes[..end]);
        }
        let max_depth = self.limits.max_depth;
        let reference = binary::Reference { bytes: &written[3..], max_depth };
        assert_eq!(reference.end(self.kind as u8, 0, 0), Ok(written.len() - 3));
    }

    fn walk_all_ways(&self, structure: &[u8], max_depth: usize) -> Result<usize, Endless> {
        let whole = walk(self.protocol, [structure], max_depth);
        assert_eq!(whole, walk(self.protocol, structure.chunks(1), max_depth));
        assert_eq!(whole, walk(self.protocol, pieces(structure), max_depth));
        whole
    }

    /// A message that is not framed ends with its struct, whatever stands behind it.
    fn check_message(&self, envelope: &[u8], structure: &[u8]) {
        let mut limits = self.limits.clone();
        limits.max_depth += 2;
        let behind = &b"behind"[..];
        let message = [envelope, structure, self.protocol.trailer(), behind].concat();
        let mut buffer = BytesMut::from(&message[..]);
        let frame = Frame::decode(&mut buffer, &limits).expect("the walk goes this deep");
        let payload = frame.map(|frame| frame.payload().len());
        assert_eq!((payload, &buffer[..]), (Some(message.len() - behind.len()), behind));
    }
}

fn walk<'a>(
    protocol: Protocol,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    max_depth: usize,
) -> Result<usize, Endless> {
    let (mut walker, mut input) = (Walker::new(protocol, 0, max_depth), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        let (walked, heap) = measure(|| walker.walk(&input));
        assert!(heap <= HEAP, "{heap} bytes taken");
        match walked.map_err(|error| endless(&error))? {
            Walk::Done(end) => return Ok(end),
            Walk::NeedMore => {}
        }
    }
    Err(Endless::Short)
}
