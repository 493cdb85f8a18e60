//! Thrift Binary (spec: kitex-wire 2.1).

mod lengths;
mod read;
mod write;

pub use read::{BinaryReader, first_field};
pub use write::BinaryWriter;

pub(super) use lengths::Lengths;

use bytes::Bytes;

use super::{check_not_empty, refuse_empty};
use crate::output::segments;
use crate::thrift::{ThriftReader, Type};
use crate::{DecodeError, EncodeError, Limits, Message, Segments};

/// Numbers of a list that are written or read at once.
const BLOCK: usize = 8;

/// Encodes a struct. Errors if a limit does not allow it, or if it is a union without a member.
pub fn encode<M: Message>(message: &M, limits: &Limits) -> Result<Segments, EncodeError> {
    check_not_empty(message)?;
    segments(|out| message.encode(&mut BinaryWriter::new(out, limits)))
}

/// Encodes a struct to memory of its own. Errors as [`encode`] does.
pub fn encode_to_vec<M: Message>(message: &M, limits: &Limits) -> Result<Vec<u8>, EncodeError> {
    encode(message, limits).map(|segments| segments.into_bytes().into())
}

/// Decodes a struct. Bytes behind its end are ignored, unless the limits [refuse](Limits::refuse_trailing) them. Errors if
/// the bytes are none, if a limit does not allow it, or if it is a union without a member.
#[inline]
pub fn decode<M: Message>(bytes: &Bytes, limits: &Limits) -> Result<M, DecodeError> {
    if limits.refuse_trailing {
        check_end(bytes, limits)?;
    }
    refuse_empty(M::decode(&mut BinaryReader::new(bytes, limits)))
}

/// Decodes a struct whose values share nothing with the bytes. Else as [`decode`].
pub fn decode_slice<M: Message>(bytes: &[u8], limits: &Limits) -> Result<M, DecodeError> {
    if limits.refuse_trailing {
        check_end(bytes, limits)?;
    }
    refuse_empty(M::decode(&mut BinaryReader::borrowed(bytes, limits)))
}

/// Errors if anything stands behind the struct.
#[cold]
fn check_end(bytes: &[u8], limits: &Limits) -> Result<(), DecodeError> {
    let limits = limits.of_a_walk();
    let mut reader = BinaryReader::borrowed(bytes, &limits);
    reader.skip(Type::Struct)?;
    DecodeError::trailing(reader.remaining())
}

#[cfg(test)]
mod tests;
