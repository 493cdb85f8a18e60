//! Where values of Thrift Compact end.

use super::kind::of_number;
use super::read::refused;
use super::varint::{self, Fault};
use crate::thrift::Type;
use crate::thrift::walk::{Extent, Header, Layout, Level};
use crate::{DecodeError, DecodeReason};

/// How values lie in Compact.
#[derive(Debug)]
pub(in crate::thrift) struct Lengths;

impl Layout for Lengths {
    fn field(rest: &[u8]) -> Result<Option<Header>, DecodeError> {
        let Some((head, behind)) = rest.split_first() else { return Ok(None) };
        if head & 15 == 0 {
            return Ok(Some(Header::Stop));
        }
        let kind = of_number(head & 15)?;
        let id = if head >> 4 == 0 { i16_len(behind)? } else { Some(0) };
        Ok(id.map(|id| match kind {
            Type::Bool => Header::Whole(1 + id),
            _ => Header::Field(kind, 1 + id),
        }))
    }

    fn value(kind: Type, rest: &[u8]) -> Result<Option<Extent>, DecodeError> {
        Ok(match kind {
            Type::Struct => Some(Extent::Opens(0, Level::Struct)),
            Type::String => number(rest)?.map(|(len, before)| Extent::Bytes(len.saturating_add(before))),
            Type::List | Type::Set => elements(rest)?,
            Type::Map => entries(rest)?,
            Type::I16 => i16_len(rest)?.map(Extent::Bytes),
            Type::I32 => varint(rest, 32)?.map(|(_, len)| Extent::Bytes(len)),
            Type::I64 => varint(rest, 64)?.map(|(_, len)| Extent::Bytes(len)),
            Type::Stop | Type::Void => return Err(DecodeError::new(DecodeReason::UnknownType(kind as u8))),
            fixed => Some(Extent::Bytes(fixed_len(fixed).unwrap_or(0))),
        })
    }
}

/// Bytes of a value, if all values of the type have as many.
fn fixed_len(kind: Type) -> Option<usize> {
    match kind {
        Type::Bool | Type::I8 => Some(1),
        Type::Double => Some(8),
        Type::Uuid => Some(16),
        _ => None,
    }
}

fn elements(rest: &[u8]) -> Result<Option<Extent>, DecodeError> {
    let Some((head, behind)) = rest.split_first() else { return Ok(None) };
    let count = match head >> 4 {
        15 => number(behind)?,
        short => Some((usize::from(short), 0)),
    };
    let Some((left, more)) = count else { return Ok(None) };
    let header = 1 + more;
    if left == 0 {
        return Ok(Some(Extent::Container(header)));
    }
    let element = of_number(head & 15)?;
    Ok(Some(match fixed_len(element) {
        Some(len) => Extent::Container(left.saturating_mul(len).saturating_add(header)),
        None => Extent::Opens(header, Level::Elements { element, left }),
    }))
}

fn entries(rest: &[u8]) -> Result<Option<Extent>, DecodeError> {
    let Some((left, len)) = number(rest)? else { return Ok(None) };
    if left == 0 {
        return Ok(Some(Extent::Container(len)));
    }
    let Some(kinds) = rest.get(len) else { return Ok(None) };
    let (key, value) = (of_number(kinds >> 4)?, of_number(kinds & 15)?);
    let header = len + 1;
    Ok(Some(match (fixed_len(key), fixed_len(value)) {
        (Some(one), Some(other)) => {
            Extent::Container(left.saturating_mul(one + other).saturating_add(header))
        }
        _ => Extent::Opens(header, Level::entries(key, value, left)),
    }))
}

/// A length or count, and the bytes that it takes.
fn number(rest: &[u8]) -> Result<Option<(usize, usize)>, DecodeError> {
    let Some((value, len)) = varint(rest, 32)? else { return Ok(None) };
    let value = (value as u32).cast_signed();
    let value = usize::try_from(value).map_err(|_| DecodeError::new(DecodeReason::NegativeLength(value)))?;
    Ok(Some((value, len)))
}

/// The bytes of an i16. Errors if it is larger than that.
fn i16_len(rest: &[u8]) -> Result<Option<usize>, DecodeError> {
    let Some((value, len)) = varint(rest, 32)? else { return Ok(None) };
    match i16::try_from(varint::unfold(value)) {
        Ok(_) => Ok(Some(len)),
        Err(_) => Err(refused(Fault::Long)),
    }
}

/// A varint, and the bytes that it takes; `None` if it is not all there.
fn varint(rest: &[u8], bits: u32) -> Result<Option<(u64, usize)>, DecodeError> {
    match varint::read(rest, bits) {
        Ok(read) => Ok(Some(read)),
        Err(Fault::Short) => Ok(None),
        Err(fault) => Err(refused(fault)),
    }
}
