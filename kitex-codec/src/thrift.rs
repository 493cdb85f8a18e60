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
}
