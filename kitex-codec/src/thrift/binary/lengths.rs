//! Where values of Thrift Binary end.

use crate::thrift::Type;
use crate::thrift::walk::{Extent, Header, Layout, Level};
use crate::{DecodeError, DecodeReason};

/// How values lie in Binary.
#[derive(Debug)]
pub(in crate::thrift) struct Lengths;

impl Layout for Lengths {
    #[inline]
    fn field(rest: &[u8]) -> Result<Option<Header>, DecodeError> {
        let Some(&byte) = rest.first() else { return Ok(None) };
        let kind = Type::from_byte(byte)?;
        if kind == Type::Stop {
            return Ok(Some(Header::Stop));
        }
        Ok((rest.len() >= 3).then_some(Header::Field(kind, 3)))
    }

    #[inline]
    fn value(kind: Type, rest: &[u8]) -> Result<Option<Extent>, DecodeError> {
        Ok(match kind {
            Type::Struct => Some(Extent::Opens(0, Level::Struct)),
            Type::String => length(rest, 0)?.map(|len| Extent::Bytes(len.saturating_add(4))),
            Type::List | Type::Set => match (rest.first(), length(rest, 1)?) {
                (Some(&element), Some(left)) => Some(elements(element, left)?),
                _ => None,
            },
            Type::Map => match (rest.first_chunk(), length(rest, 2)?) {
                (Some(&[key, value]), Some(left)) => Some(entries(key, value, left)?),
                _ => None,
            },
            Type::Stop | Type::Void => return Err(DecodeError::new(DecodeReason::UnknownType(kind as u8))),
            fixed => Some(Extent::Bytes(fixed.fixed_len().unwrap_or(0))),
        })
    }
}

/// A list, its elements with it if their size is fixed.
fn elements(element: u8, left: usize) -> Result<Extent, DecodeError> {
    if left == 0 {
        // Nothing is read by the element type, so nobody minds which it is.
        return Ok(Extent::Container(5));
    }
    let element = Type::from_byte(element)?;
    Ok(match element.fixed_len() {
        Some(len) => Extent::Container(left.saturating_mul(len).saturating_add(5)),
        None => Extent::Opens(5, Level::Elements { element, left }),
    })
}

fn entries(key: u8, value: u8, left: usize) -> Result<Extent, DecodeError> {
    if left == 0 {
        return Ok(Extent::Container(6));
    }
    let (key, value) = (Type::from_byte(key)?, Type::from_byte(value)?);
    Ok(match (key.fixed_len(), value.fixed_len()) {
        (Some(one), Some(other)) => Extent::Container(left.saturating_mul(one + other).saturating_add(6)),
        _ => Extent::Opens(6, Level::entries(key, value, left)),
    })
}

/// The length or count `at` bytes into `rest`, if it is there.
fn length(rest: &[u8], at: usize) -> Result<Option<usize>, DecodeError> {
    let Some(len) = rest.get(at..).and_then(|rest| rest.first_chunk()) else { return Ok(None) };
    let len = i32::from_be_bytes(*len);
    usize::try_from(len).map(Some).map_err(|_| DecodeError::new(DecodeReason::NegativeLength(len)))
}
