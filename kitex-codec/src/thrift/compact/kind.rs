//! Types as Compact numbers them.

use crate::thrift::Type;
use crate::{DecodeError, DecodeReason};

/// A bool field that is true; also the type of bools in containers.
pub(super) const TRUE: u8 = 1;
/// A bool field that is false.
pub(super) const FALSE: u8 = 2;

/// The number of a type. An empty container may have no element type: any will do.
#[inline]
pub(super) fn number(kind: Type) -> u8 {
    match kind {
        Type::Bool | Type::Stop | Type::Void => TRUE,
        Type::I8 => 3,
        Type::I16 => 4,
        Type::I32 => 5,
        Type::I64 => 6,
        Type::Double => 7,
        Type::String => 8,
        Type::List => 9,
        Type::Set => 10,
        Type::Map => 11,
        Type::Struct => 12,
        Type::Uuid => 13,
    }
}

/// The type of a number. Errors if Compact does not define it as a value's.
#[inline]
pub(super) fn of_number(number: u8) -> Result<Type, DecodeError> {
    Ok(match number {
        TRUE | FALSE => Type::Bool,
        3 => Type::I8,
        4 => Type::I16,
        5 => Type::I32,
        6 => Type::I64,
        7 => Type::Double,
        8 => Type::String,
        9 => Type::List,
        10 => Type::Set,
        11 => Type::Map,
        12 => Type::Struct,
        13 => Type::Uuid,
        other => return Err(DecodeError::new(DecodeReason::UnknownType(other))),
    })
}

/// Bytes that the smallest value takes.
#[inline]
pub(super) fn least_len(kind: Type) -> usize {
    match kind {
        Type::Double => 8,
        Type::Uuid => 16,
        _ => 1,
    }
}
