//! Values whose types are told by the wire alone: skipped, kept in Binary, and written in another protocol.
//!
//! A walk keeps its own stack, which the reader's limit of depth bounds, so that deep input costs no stack of ours.

use bytes::Bytes;

use super::binary::{BinaryReader, BinaryWriter};
use super::transcode::refused;
use super::{Field, ThriftReader, ThriftWriter, Type, UnknownField};
use crate::{DecodeError, DecodeReason, EncodeError, EncodeReason, Limits, Output};

/// A writer that takes a string without knowing whether it is text.
pub(super) trait UntypedWriter: ThriftWriter {
    fn write_string(&mut self, bytes: &Bytes) -> Result<(), EncodeError>;

    /// Goes on in a further chunk if there is little room left in this one.
    fn reserve_message(&mut self);
}

/// Skips a struct or container with `skip` for what is neither.
pub(super) fn skip<R: ThriftReader>(from: &mut R, kind: Type) -> Result<(), DecodeError> {
    walk(from, &mut Skip, Levels { open: Vec::new(), next: Some(kind) })
}

/// Skips elements of a list that has been begun.
pub(super) fn skip_elements<R: ThriftReader>(
    from: &mut R,
    element: Type,
    left: usize,
) -> Result<(), DecodeError> {
    for _ in 0..left {
        from.skip(element)?;
    }
    Ok(())
}

/// Skips entries of a map that has been begun.
pub(super) fn skip_entries<R: ThriftReader>(
    from: &mut R,
    key: Type,
    value: Type,
    left: usize,
) -> Result<(), DecodeError> {
    for _ in 0..left {
        from.skip(key)?;
        from.skip(value)?;
    }
    Ok(())
}

/// Reads the value of a field and keeps it as Thrift Binary, which any writer can write again.
pub(super) fn keep<R: ThriftReader>(
    from: &mut R,
    field: Field,
    limits: &Limits,
) -> Result<UnknownField, DecodeError> {
    let mut out = Output::new();
    let mut keep = Keep(BinaryWriter::new(&mut out, limits));
    walk(from, &mut keep, Levels { open: Vec::new(), next: Some(field.kind) })?;
    drop(keep);
    Ok(UnknownField::new(field, out.take_segments().into_bytes()))
}

/// Writes a kept field's header and its value. Errors if the bytes are no such value, or if the protocol cannot hold
/// it.
pub(super) fn write<W: UntypedWriter>(
    to: &mut W,
    field: &UnknownField,
    limits: &Limits,
) -> Result<(), EncodeError> {
    let Some((kind, id, raw)) = field.parts() else { return Ok(()) };
    let unreadable = |_| EncodeError::unwritable("a kept field", "its bytes are no value of its type");
    let kind = Type::from_byte(kind).map_err(unreadable)?;
    to.write_field(kind, id);
    let mut from = BinaryReader::new(raw, limits);
    let mut copy = Copy { to, failed: None };
    let copied = walk(&mut from, &mut copy, Levels { open: Vec::new(), next: Some(kind) });
    match copy.failed {
        Some(error) => Err(error),
        None => copied.map_err(unreadable),
    }
}

/// Shows the struct at the front of `from` to a visitor. Errors as that, if it has failed.
pub(super) fn walk_struct<R: ThriftReader, W: UntypedWriter>(
    from: &mut R,
    visitor: &mut Transcode<'_, W>,
) -> Result<(), EncodeError> {
    let walked = walk(from, visitor, Levels { open: Vec::new(), next: Some(Type::Struct) });
    match visitor.0.failed.take() {
        Some(error) => Err(error),
        None => walked.map_err(|error| refused(&error)),
    }
}

/// Something open whose end has not been reached.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    Struct,
    Elements { list: bool, element: Type, left: usize },
    Entries { key: Type, value: Type, left: usize, at_value: bool },
}

/// Where a walk is: what is open, the outermost first, and the type of the value that comes next.
struct Levels {
    open: Vec<Level>,
    next: Option<Type>,
}

/// What is done with each part of a value.
pub(super) trait Visitor<R> {
    fn scalar(&mut self, from: &mut R, kind: Type) -> Result<(), DecodeError>;
    fn begin(&mut self, from: &mut R, level: Level) -> Result<(), DecodeError>;
    fn field(&mut self, from: &mut R, field: Field) -> Result<(), DecodeError>;
    fn end(&mut self, from: &mut R, level: Level) -> Result<(), DecodeError>;
}

fn walk<R: ThriftReader, V: Visitor<R>>(
    from: &mut R,
    visitor: &mut V,
    mut at: Levels,
) -> Result<(), DecodeError> {
    loop {
        if let Some(kind) = at.next.take() {
            match begin(from, kind)? {
                Some(level) => {
                    visitor.begin(from, level)?;
                    at.open.push(level);
                }
                None => visitor.scalar(from, kind)?,
            }
        }
        let Some(level) = at.open.last_mut() else { return Ok(()) };
        at.next = match level {
            Level::Struct => match from.read_field()? {
                Some(field) => {
                    visitor.field(from, field)?;
                    Some(field.kind)
                }
                None => None,
            },
            Level::Elements { left: 0, .. } | Level::Entries { left: 0, .. } => None,
            Level::Elements { element, left, .. } => {
                *left -= 1;
                Some(*element)
            }
            Level::Entries { key, value, left, at_value } => {
                let next = if *at_value { *value } else { *key };
                *left -= usize::from(*at_value);
                *at_value = !*at_value;
                Some(next)
            }
        };
        if at.next.is_none() {
            end(from, *level)?;
            visitor.end(from, *level)?;
            at.open.pop();
        }
    }
}

/// Opens a value; `None` if it is one without a level of its own.
fn begin<R: ThriftReader>(from: &mut R, kind: Type) -> Result<Option<Level>, DecodeError> {
    Ok(Some(match kind {
        Type::Struct => {
            from.begin_struct()?;
            Level::Struct
        }
        Type::List => {
            let (element, left) = from.begin_list()?;
            Level::Elements { list: true, element, left }
        }
        Type::Set => {
            let (element, left) = from.begin_set()?;
            Level::Elements { list: false, element, left }
        }
        Type::Map => {
            let (key, value, left) = from.begin_map()?;
            Level::Entries { key, value, left, at_value: false }
        }
        Type::Stop | Type::Void => return Err(DecodeError::new(DecodeReason::UnknownType(kind as u8))),
        _ => return Ok(None),
    }))
}

fn end<R: ThriftReader>(from: &mut R, level: Level) -> Result<(), DecodeError> {
    match level {
        Level::Struct => Ok(()),
        Level::Elements { list: true, .. } => from.end_list(),
        Level::Elements { list: false, .. } => from.end_set(),
        Level::Entries { .. } => from.end_map(),
    }
}

struct Skip;

impl<R: ThriftReader> Visitor<R> for Skip {
    fn scalar(&mut self, from: &mut R, kind: Type) -> Result<(), DecodeError> {
        from.skip(kind)
    }

    fn begin(&mut self, _: &mut R, _: Level) -> Result<(), DecodeError> {
        Ok(())
    }

    fn field(&mut self, _: &mut R, _: Field) -> Result<(), DecodeError> {
        Ok(())
    }

    fn end(&mut self, _: &mut R, _: Level) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// Writes what it is shown in Binary, and charges it before.
struct Keep<'a>(BinaryWriter<'a>);

impl Keep<'_> {
    /// Charges bytes that are about to be written to memory that grows by doubling: while it does, what was full stands
    /// beside what is twice as large.
    fn charge<R: ThriftReader>(from: &mut R, bytes: usize) -> Result<(), DecodeError> {
        from.charge(bytes.saturating_mul(3))
    }
}

impl<R: ThriftReader> Visitor<R> for Keep<'_> {
    fn scalar(&mut self, from: &mut R, kind: Type) -> Result<(), DecodeError> {
        Self::charge(from, kind.least_len())?;
        if kind == Type::String {
            let bytes = from.read_string()?;
            Self::charge(from, bytes.len())?;
            return self.0.write_string(&bytes).map_err(exceeded);
        }
        write_scalar(from, &mut self.0, kind)
    }

    fn begin(&mut self, from: &mut R, level: Level) -> Result<(), DecodeError> {
        // A header and, of a struct, the STOP.
        Self::charge(from, 6)?;
        write_begin(&mut self.0, level).map_err(exceeded)
    }

    fn field(&mut self, from: &mut R, field: Field) -> Result<(), DecodeError> {
        Self::charge(from, 3)?;
        self.0.write_field(field.kind, field.id);
        Ok(())
    }

    fn end(&mut self, _: &mut R, level: Level) -> Result<(), DecodeError> {
        write_end(&mut self.0, level);
        Ok(())
    }
}

/// A limit is the same one in both directions.
fn exceeded(error: EncodeError) -> DecodeError {
    match error.reason() {
        EncodeReason::Limit { setting, asked, allowed } => {
            DecodeError::limit(setting, *asked as usize, *allowed as usize)
        }
        EncodeReason::Unwritable { .. } | EncodeReason::Apache(_) => DecodeError::unexpected_end(),
    }
}

/// Writes what it is shown, and keeps the error that ended it.
struct Copy<'a, W> {
    to: &'a mut W,
    failed: Option<EncodeError>,
}

impl<W> Copy<'_, W> {
    /// Ends the walk if something could not be written.
    fn check(&mut self, written: Result<(), EncodeError>) -> Result<(), DecodeError> {
        written.map_err(|error| {
            self.failed = Some(error);
            DecodeError::unexpected_end()
        })
    }
}

impl<R: ThriftReader, W: UntypedWriter> Visitor<R> for Copy<'_, W> {
    fn scalar(&mut self, from: &mut R, kind: Type) -> Result<(), DecodeError> {
        if kind == Type::String {
            let written = self.to.write_string(&from.read_string()?);
            return self.check(written);
        }
        write_scalar(from, self.to, kind)
    }

    fn begin(&mut self, _: &mut R, level: Level) -> Result<(), DecodeError> {
        let written = write_begin(self.to, level);
        self.check(written)
    }

    fn field(&mut self, _: &mut R, field: Field) -> Result<(), DecodeError> {
        self.to.write_field(field.kind, field.id);
        Ok(())
    }

    fn end(&mut self, _: &mut R, level: Level) -> Result<(), DecodeError> {
        write_end(self.to, level);
        Ok(())
    }
}

/// Like [`Copy`], for bytes that a peer has sent: what is written is charged, to memory that does not grow by copying.
pub(super) struct Transcode<'a, W>(Copy<'a, W>);

impl<'a, W> Transcode<'a, W> {
    pub(super) fn new(to: &'a mut W) -> Self {
        Self(Copy { to, failed: None })
    }
}

impl<R: ThriftReader, W: UntypedWriter> Visitor<R> for Transcode<'_, W> {
    fn scalar(&mut self, from: &mut R, kind: Type) -> Result<(), DecodeError> {
        // A string's bytes are charged where they are read.
        from.charge(kind.least_len())?;
        self.0.to.reserve_message();
        self.0.scalar(from, kind)
    }

    fn begin(&mut self, from: &mut R, level: Level) -> Result<(), DecodeError> {
        self.0.begin(from, level)
    }

    fn field(&mut self, from: &mut R, field: Field) -> Result<(), DecodeError> {
        self.0.field(from, field)
    }

    fn end(&mut self, from: &mut R, level: Level) -> Result<(), DecodeError> {
        self.0.end(from, level)
    }
}

fn write_scalar<R: ThriftReader, W: ThriftWriter>(
    from: &mut R,
    to: &mut W,
    kind: Type,
) -> Result<(), DecodeError> {
    match kind {
        Type::Bool => to.write_bool(from.read_bool()?),
        Type::I8 => to.write_i8(from.read_i8()?),
        Type::I16 => to.write_i16(from.read_i16()?),
        Type::I32 => to.write_i32(from.read_i32()?),
        Type::I64 => to.write_i64(from.read_i64()?),
        Type::Double => to.write_double(from.read_double()?),
        Type::Uuid => to.write_uuid(&from.read_uuid()?),
        other => return Err(DecodeError::new(DecodeReason::UnknownType(other as u8))),
    }
    Ok(())
}

fn write_begin<W: ThriftWriter>(to: &mut W, level: Level) -> Result<(), EncodeError> {
    match level {
        Level::Struct => to.begin_struct(),
        Level::Elements { list: true, element, left } => to.begin_list(known(element), left),
        Level::Elements { list: false, element, left } => to.begin_set(known(element), left),
        Level::Entries { key, value, left, .. } => to.begin_map(known(key), known(value), left),
    }
}

/// A type that every peer knows: an empty container may have come without one, or with one that nobody minds.
fn known(kind: Type) -> Type {
    if matches!(kind, Type::Void | Type::Stop) { Type::I8 } else { kind }
}

fn write_end<W: ThriftWriter>(to: &mut W, level: Level) {
    match level {
        Level::Struct => to.end_struct(),
        Level::Elements { list: true, .. } => to.end_list(),
        Level::Elements { list: false, .. } => to.end_set(),
        Level::Entries { .. } => to.end_map(),
    }
}
