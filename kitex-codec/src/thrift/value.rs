//! The types of the wire, and values that Rust has no type for.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use bytes::Bytes;

use crate::{DecodeError, DecodeReason};

/// A type byte of Thrift Binary (spec: kitex-wire 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Type {
    /// Ends a struct.
    Stop = 0,
    /// Never on the wire as a value.
    Void = 1,
    /// A bool.
    Bool = 2,
    /// A signed byte.
    I8 = 3,
    /// A 64-bit float.
    Double = 4,
    /// A 16-bit integer.
    I16 = 6,
    /// A 32-bit integer, or an enum.
    I32 = 8,
    /// A 64-bit integer.
    I64 = 10,
    /// A string or a binary.
    String = 11,
    /// A struct, union or exception.
    Struct = 12,
    /// A map.
    Map = 13,
    /// A set.
    Set = 14,
    /// A list.
    List = 15,
    /// A uuid.
    Uuid = 16,
}

impl Type {
    /// The type of a byte. Errors if Thrift does not define it.
    #[inline]
    pub fn from_byte(byte: u8) -> Result<Self, DecodeError> {
        Ok(match byte {
            0 => Self::Stop,
            1 => Self::Void,
            2 => Self::Bool,
            3 => Self::I8,
            4 => Self::Double,
            6 => Self::I16,
            8 => Self::I32,
            10 => Self::I64,
            11 => Self::String,
            12 => Self::Struct,
            13 => Self::Map,
            14 => Self::Set,
            15 => Self::List,
            16 => Self::Uuid,
            other => return Err(DecodeError::new(DecodeReason::UnknownType(other))),
        })
    }

    /// Bytes of a value in Binary, if all values of the type have as many.
    #[inline]
    pub(crate) fn fixed_len(self) -> Option<usize> {
        match self {
            Self::Bool | Self::I8 => Some(1),
            Self::I16 => Some(2),
            Self::I32 => Some(4),
            Self::I64 | Self::Double => Some(8),
            Self::Uuid => Some(16),
            _ => None,
        }
    }

    /// Bytes that the smallest value takes in Binary; 0 for types that no value has.
    #[inline]
    pub(crate) fn least_len(self) -> usize {
        match self {
            Self::Stop | Self::Void => 0,
            Self::Bool | Self::I8 | Self::Struct => 1,
            Self::I16 => 2,
            Self::I32 | Self::String => 4,
            Self::Set | Self::List => 5,
            Self::Map => 6,
            Self::I64 | Self::Double => 8,
            Self::Uuid => 16,
        }
    }
}

/// A field's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The type on the wire.
    pub kind: Type,
    /// The field's id.
    pub id: i16,
}

/// A field that this build does not know, kept as it came in Thrift Binary.
///
/// [`UnknownField::none`] stands for no field at all: what a union with nothing set holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct UnknownField(Option<(u8, i16, Bytes)>);

impl UnknownField {
    /// No field.
    pub const fn none() -> Self {
        Self(None)
    }

    /// A field with its value's bytes.
    pub fn new(field: Field, raw: Bytes) -> Self {
        Self(Some((field.kind as u8, field.id, raw)))
    }

    /// Whether there is no field.
    pub const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The field's id, unless there is no field.
    pub fn id(&self) -> Option<i16> {
        self.0.as_ref().map(|(_, id, _)| *id)
    }

    /// Type byte, id and bytes of the value.
    pub(crate) fn parts(&self) -> Option<(u8, i16, &Bytes)> {
        self.0.as_ref().map(|(kind, id, raw)| (*kind, *id, raw))
    }
}

/// A double that can be a map's key or a set's element: ordered and equal by its bits, so that NaN equals itself and
/// 0.0 differs from -0.0.
#[derive(Debug, Clone, Copy, Default)]
pub struct Double(pub f64);

impl PartialEq for Double {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Double {}

impl PartialOrd for Double {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Double {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Hash for Double {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl From<f64> for Double {
    fn from(value: f64) -> Self {
        Self(value)
    }
}

impl From<Double> for f64 {
    fn from(value: Double) -> Self {
        value.0
    }
}

/// Sixteen bytes that identify something.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Uuid(pub [u8; 16]);

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
