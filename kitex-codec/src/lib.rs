//! Bytes to values and back: Thrift, its framings and TTHeader, within limits.
//!
//! This crate knows bytes and nothing else: no RPC, no time, no I/O. It is the lowest layer of the framework:
//!
//! - [`Message`] is what a Thrift struct implements; [`BinaryReader`] and [`BinaryWriter`] carry it.
//! - [`Frame::decode`] splits one message off what a peer has sent, whatever form it came in.
//! - [`Header`] is a parsed TTHeader; [`HeaderWriter`] writes one.
//! - [`Limits`] bounds what a peer may make a process do; a [`Budget`] is what one message may still spend.
//!
//! ```
//! use kitex_codec::{Limits, Message, Str, decode, encode};
//!
//! let exception = kitex_codec::ApplicationException { code: 6, message: Str::from("boom") };
//! let bytes = encode(&exception, &Limits::default())?.into_bytes();
//! let again: kitex_codec::ApplicationException = decode(&bytes, &Limits::default())?;
//! assert_eq!(again, exception);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod buffer;
mod checksum;
mod detect;
mod error;
mod frame;
mod header;
mod keys;
mod limits;
mod output;
mod text;
mod thrift;

pub use buffer::{CHUNK, put_chunk, take_chunk};
pub use bytes::{Bytes, BytesMut};
pub use checksum::{Checksum, checksum_text};
pub use detect::{Detected, detect};
pub use error::{DecodeError, DecodeReason, EncodeError, EncodeReason};
pub use frame::{Form, Frame, FrameDecoder};
pub use header::{Header, HeaderWriter, MAX_HEADER_INFO, Pairs, PairsIter, PreparedSection, flags};
pub use keys::{int_key, string_key};
pub use limits::{Budget, Limits};
pub use output::{LINK_FROM, Output, Segments};
pub use text::{INLINE, Str};
pub use thrift::{
    ApplicationException, BinaryReader, BinaryWriter, Double, Envelope, Field, Message, MessageType,
    ThriftReader, ThriftWriter, Type, UnknownField, Uuid, Walk, Walker, decode, encode, first_field,
};
