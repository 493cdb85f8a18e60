//! Target `skip`: the end of a value found without building it.
//!
//! The walk, at once and in pieces, the reader's skip and a plain recursion agree on where a value ends and on how deep
//! it may be.

use kitex_codec::{
    BinaryReader, BinaryWriter, Bytes, BytesMut, DecodeError, Field, Frame, Limits, Output, Protocol,
    ThriftReader, ThriftWriter, Type, Walk, Walker,
};

use crate::heap::measure;
use crate::script::{Script, pieces};

/// What a walk may take whatever the input is: its levels and an error.
const HEAP: usize = 4 << 10;

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

/// Skips a value: its type, how deep it may be, its bytes. True if they are one.
pub fn run(data: &[u8]) -> bool {
    let mut script = Script::new(data);
    let kind = TYPES[usize::from(script.byte()) % TYPES.len()];
    let mut limits = Limits::default();
    limits.max_depth = 1 + usize::from(script.byte()) % 70;
    let value = Bytes::copy_from_slice(script.rest());
    let expected = Reference { bytes: &value, max_depth: limits.max_depth }.end(kind as u8, 0, 0);

    assert_eq!(skipped(&value, kind, &limits), expected);
    match expected {
        Ok(end) => check_whole(&value.slice(..end), kind, &limits),
        // A field of this type ends its struct.
        Err(_) if kind == Type::Stop => {}
        Err(_) => {
            let field = [&[kind as u8, 0, 1], &value[..]].concat();
            assert_eq!(walk_all_ways(&field, limits.max_depth + 1), expected);
        }
    }
    expected.is_ok()
}

/// Holds a whole value against the walk of a struct around it, which is one level more.
fn check_whole(value: &Bytes, kind: Type, limits: &Limits) {
    let structure = [&[kind as u8, 0, 1], &value[..], &[0]].concat();
    assert_eq!(walk_all_ways(&structure, limits.max_depth + 1), Ok(structure.len()));
    assert_kept(value, kind, limits);

    let mut limits = limits.clone();
    limits.max_depth += 1;
    let message = [b"\x80\x01\0\x01\0\0\0\0\0\0\0\x01", &structure[..], b"behind"].concat();
    let mut buffer = BytesMut::from(&message[..]);
    let frame = Frame::decode(&mut buffer, &limits).expect("the walk goes this deep");
    assert_eq!(
        (frame.map(|frame| frame.payload().len()), &buffer[..]),
        (Some(12 + structure.len()), &b"behind"[..])
    );
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

fn skipped(value: &Bytes, kind: Type, limits: &Limits) -> Result<usize, Endless> {
    let mut reader = BinaryReader::new(value, limits);
    let (skipped, heap) = measure(|| reader.skip(kind));
    assert!(heap <= HEAP, "{heap} bytes taken");
    skipped.map(|()| value.len() - reader.remaining()).map_err(|error| endless(&error))
}

fn walk_all_ways(structure: &[u8], max_depth: usize) -> Result<usize, Endless> {
    let whole = walk([structure], max_depth);
    assert_eq!(whole, walk(structure.chunks(1), max_depth));
    assert_eq!(whole, walk(pieces(structure), max_depth));
    whole
}

fn walk<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, max_depth: usize) -> Result<usize, Endless> {
    let (mut walker, mut input) = (Walker::new(Protocol::Binary, 0, max_depth), Vec::new());
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

/// Holds a value that is kept as it stands against its bytes.
fn assert_kept(value: &Bytes, kind: Type, limits: &Limits) {
    let field = Field { kind, id: -7 };
    let kept = BinaryReader::new(value, limits).read_unknown(field).expect("what can be skipped can be kept");
    let mut out = Output::new();
    BinaryWriter::new(&mut out, limits).write_unknown(&kept);
    assert_eq!(out.take_segments().into_bytes(), [&[kind as u8, 0xff, 0xf9], &value[..]].concat());
}

/// The end of a value found by recursion, as the wire is described.
struct Reference<'a> {
    bytes: &'a [u8],
    max_depth: usize,
}

impl Reference<'_> {
    /// The end of the value at `at` inside `depth` structs and containers.
    fn end(&self, kind: u8, at: usize, depth: usize) -> Result<usize, Endless> {
        match kind {
            2 | 3 => self.pass(at, 1),
            6 => self.pass(at, 2),
            8 => self.pass(at, 4),
            4 | 10 => self.pass(at, 8),
            16 => self.pass(at, 16),
            11 => self.pass(at, 4).and_then(|_| self.pass(at + 4, self.count(at)?)),
            12 => self.structure(at, depth),
            13 => self.container(at, 2, depth),
            14 | 15 => self.container(at, 1, depth),
            _ => Err(Endless::Refused),
        }
    }

    fn pass(&self, at: usize, len: usize) -> Result<usize, Endless> {
        let end = at.saturating_add(len);
        if end <= self.bytes.len() { Ok(end) } else { Err(Endless::Short) }
    }

    /// The length or count at `at`, where there are four bytes.
    fn count(&self, at: usize) -> Result<usize, Endless> {
        let count = self.bytes[at..at + 4].iter().fold(0_u32, |count, byte| count << 8 | u32::from(*byte));
        usize::try_from(count.cast_signed()).map_err(|_| Endless::Refused)
    }

    fn enter(&self, depth: usize) -> Result<usize, Endless> {
        if depth < self.max_depth { Ok(depth + 1) } else { Err(Endless::Refused) }
    }

    fn structure(&self, mut at: usize, depth: usize) -> Result<usize, Endless> {
        let depth = self.enter(depth)?;
        loop {
            self.pass(at, 1)?;
            match self.bytes[at] {
                0 => return Ok(at + 1),
                5 | 7 | 9 | 17.. => return Err(Endless::Refused),
                kind => at = self.end(kind, self.pass(at, 3)?, depth)?,
            }
        }
    }

    /// A container whose header begins with `types` types: those of its elements, or of its keys and values.
    fn container(&self, at: usize, types: usize, depth: usize) -> Result<usize, Endless> {
        let mut end = self.pass(at, types + 4)?;
        let count = self.count(at + types)?;
        let depth = self.enter(depth)?;
        let kinds = &self.bytes[at..at + types];
        if count > 0 && kinds.iter().any(|kind| matches!(kind, 5 | 7 | 9 | 17..)) {
            return Err(Endless::Refused);
        }
        for _ in 0..count {
            for kind in kinds {
                end = self.end(*kind, end, depth)?;
            }
        }
        Ok(end)
    }
}
