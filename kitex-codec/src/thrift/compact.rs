//! Thrift Compact (spec: thrift-idl 16.2).

mod ids;
mod kind;
mod lengths;
mod read;
mod varint;
mod write;

pub use read::CompactReader;
pub use write::CompactWriter;

pub(super) use lengths::Lengths;

use bytes::Bytes;

use super::{check_not_empty, refuse_empty};
use crate::output::segments;
use crate::thrift::{ThriftReader, Type};
use crate::{DecodeError, EncodeError, Limits, Message, Output, Segments};

/// Encodes a struct. Errors if a limit does not allow it, or if it is a union without a member.
pub fn encode<M: Message>(message: &M, limits: &Limits) -> Result<Segments, EncodeError> {
    check_not_empty(message)?;
    segments(|out| {
        let mut writer = CompactWriter::new(out, limits);
        message.encode(&mut writer)?;
        writer.finish()
    })
}

/// Encodes a struct to memory of its own. Errors as [`encode`] does.
pub fn encode_to_vec<M: Message>(message: &M, limits: &Limits) -> Result<Vec<u8>, EncodeError> {
    encode(message, limits).map(|segments| segments.into_bytes().into())
}

/// Decodes a struct. Bytes behind its end are ignored, unless the limits [refuse](Limits::refuse_trailing) them. Errors if
/// the bytes are none, if a limit does not allow it, or if it is a union without a member.
pub fn decode<M: Message>(bytes: &Bytes, limits: &Limits) -> Result<M, DecodeError> {
    if limits.refuse_trailing {
        check_end(bytes, limits)?;
    }
    refuse_empty(M::decode(&mut CompactReader::new(bytes, limits)))
}

/// Decodes a struct whose values share nothing with the bytes. Else as [`decode`].
pub fn decode_slice<M: Message>(bytes: &[u8], limits: &Limits) -> Result<M, DecodeError> {
    if limits.refuse_trailing {
        check_end(bytes, limits)?;
    }
    refuse_empty(M::decode(&mut CompactReader::borrowed(bytes, limits)))
}

/// Errors if anything stands behind the struct.
#[cold]
fn check_end(bytes: &[u8], limits: &Limits) -> Result<(), DecodeError> {
    let limits = limits.of_a_walk();
    let mut reader = CompactReader::borrowed(bytes, &limits);
    reader.skip(Type::Struct)?;
    DecodeError::trailing(reader.remaining())
}

/// Writes an unsigned number, as envelopes hold them.
pub(super) fn put_varint(out: &mut Output, value: u32) {
    let (bytes, len) = varint::of(u64::from(value));
    out.tail().extend_from_slice(bytes.get(..len).unwrap_or_default());
}

/// An unsigned number of 32 bits at the front of `bytes`, and what follows it.
pub(super) fn split_varint(bytes: &[u8]) -> Result<(u32, &[u8]), DecodeError> {
    let (value, len) = varint::read(bytes, 32).map_err(read::refused)?;
    Ok((value as u32, bytes.get(len..).unwrap_or_default()))
}
