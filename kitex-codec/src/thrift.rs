//! Thrift values: the types of the wire, the traits that messages are written to, and the protocols.

pub mod binary;
pub mod compact;
mod copy;
mod envelope;
mod exception;
pub(crate) mod heap;
pub mod json;
mod protocol;
mod reader;
mod sink;
mod source;
mod texts;
mod transcode;
mod value;
mod walk;
mod walker;
mod writer;

use std::mem::discriminant;

use crate::{DecodeError, EncodeError};

pub use binary::{BinaryReader, BinaryWriter, decode, encode, first_field};
pub use compact::{CompactReader, CompactWriter};
pub use envelope::{Envelope, MessageType};
pub use exception::ApplicationException;
pub use json::{JsonReader, JsonWriter};
pub use protocol::Protocol;
pub use reader::ThriftReader;
pub use value::{Double, Field, Type, UnknownField, Uuid};
pub use walk::Walk;
pub use walker::Walker;
pub use writer::ThriftWriter;

/// A struct that can be written to and read from any Thrift protocol. Generated for every struct of an IDL.
pub trait Message: Sized {
    /// Writes the struct, its STOP included.
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError>;

    /// Reads the struct up to its STOP.
    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError>;

    /// Reads a struct over this one, up to its STOP: what comes takes the place of what is here, be it fields of a
    /// struct, or all of a union. What a reader with an error leaves behind is any mixture of both.
    ///
    /// Generated for structs, so that they are read where they stay: to move one costs more than to read it.
    fn merge<R: ThriftReader>(&mut self, from: &mut R) -> Result<(), DecodeError> {
        *self = Self::decode(from)?;
        Ok(())
    }

    /// The name of the union that this is, if no member of it is set: a message that is one is neither encoded nor
    /// decoded, and a field that holds one counts as absent.
    ///
    /// Generated for unions.
    fn empty_union(&self) -> Option<&'static str> {
        None
    }
}

/// What was decoded, unless it is a union without a member. Errors as the decoding did.
// The result is passed through where it stands: to move a struct costs more than to read it.
#[inline(always)]
fn refuse_empty<M: Message>(mut decoded: Result<M, DecodeError>) -> Result<M, DecodeError> {
    if let Ok(message) = &decoded
        && let Some(union) = message.empty_union()
    {
        decoded = Err(DecodeError::empty_union(union));
    }
    decoded
}

/// Errors if the message is a union without a member.
#[inline]
fn check_not_empty<M: Message>(message: &M) -> Result<(), EncodeError> {
    match message.empty_union() {
        Some(union) => Err(EncodeError::empty_union(union)),
        None => Ok(()),
    }
}

/// The member of a union after one more that was read, or was not known. Of one that comes twice it is the last, as of
/// a struct's fields. Errors if it is another one than before.
#[inline]
pub fn only_member<U>(
    before: Option<U>,
    read: Option<U>,
    union: &'static str,
) -> Result<Option<U>, DecodeError> {
    match (&before, &read) {
        (Some(before), Some(read)) if discriminant(before) != discriminant(read) => {
            Err(DecodeError::union_members(union))
        }
        _ => Ok(read.or(before)),
    }
}

/// Reads a struct over its default: what generated code decodes by.
// Where it is inlined, the struct is read where its caller has it.
#[inline(always)]
pub fn decode_default<T: Message + Default, R: ThriftReader>(from: &mut R) -> Result<T, DecodeError> {
    let mut decoded = Ok(T::default());
    if let Ok(value) = &mut decoded
        && let Err(error) = value.merge(from)
    {
        decoded = Err(error);
    }
    decoded
}
