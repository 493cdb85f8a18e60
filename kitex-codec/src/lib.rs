//! Bytes to values and back: Thrift, its framings and TTHeader, within limits.
//!
//! This crate knows bytes and nothing else: no RPC, no time, no I/O. It is the lowest layer of the framework:
//!
//! - [`Message`] is what a Thrift struct implements; [`BinaryReader`] and [`BinaryWriter`] carry it.
//! - [`binary`], [`compact`] and [`json`] encode and decode any message in memory, for storage and queues; so does
//!   [`Protocol`] where the protocol is known at run time only.
//! - [`Frame::decode`] splits one message off what a peer has sent, whatever form it came in.
//! - [`Header`] is a parsed TTHeader; [`HeaderWriter`] writes one.
//! - [`Limits`] bounds what a peer may make a process do; a [`Budget`] is what one message may still spend.
//!
//! With the feature `serde`, the values that generated types hold ([`Str`], [`Bytes`], [`Double`], [`Uuid`],
//! [`UnknownField`]) implement its traits, so that those types can derive them.
//!
//! ```
//! use kitex_codec::{Limits, Message, Str, decode, encode};
//!
//! let exception = kitex_codec::ApplicationException { code: 6, message: Str::from("boom") };
//! let bytes = encode(&exception, &Limits::default())?.into_bytes();
//! let again: kitex_codec::ApplicationException = decode(&bytes, &Limits::default())?;
//! assert_eq!(again, exception);
//!
//! use kitex_codec::{Protocol, compact};
//!
//! let stored: Vec<u8> = compact::encode_to_vec(&exception, &Limits::default())?;
//! assert!(stored.len() < bytes.len());
//! let again: kitex_codec::ApplicationException = compact::decode_slice(&stored, &Limits::default())?;
//! assert_eq!(again, exception);
//!
//! let text = Protocol::Json.encode(&exception, &Limits::default())?.into_bytes();
//! assert_eq!(text, r#"{"1":{"str":"boom"},"2":{"i32":6}}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "thrift")]
mod apache;
mod buffer;
mod checksum;
mod cursor;
mod descriptor;
mod detect;
mod error;
mod frame;
mod grant;
mod header;
mod keys;
mod limits;
mod output;
#[cfg(feature = "serde")]
mod serialize;
mod text;
mod thrift;

pub use self::thrift::{
    ApplicationException, BinaryReader, BinaryWriter, CompactReader, CompactWriter, Double, Envelope, Field,
    JsonReader, JsonWriter, Message, MessageType, Protocol, ThriftReader, ThriftWriter, Type, UnknownField,
    Uuid, Walk, Walker, binary, compact, decode, decode_default, encode, first_field, json, only_member,
};
#[cfg(feature = "thrift")]
pub use apache::Apache;
pub use buffer::{CHUNK, put_chunk, take_chunk};
pub use bytes::{Bytes, BytesMut};
pub use checksum::{Checksum, checksum_text};
pub use descriptor::{Annotations, Described, Descriptor, Member};
pub use detect::{Detected, detect};
pub use error::{DecodeError, DecodeReason, EncodeError, EncodeReason};
pub use frame::{Form, Frame, FrameDecoder};
pub use header::{Header, HeaderWriter, MAX_HEADER_INFO, Pairs, PairsIter, PreparedSection, flags};
pub use keys::{int_key, string_key};
pub use limits::{Budget, Limits};
pub use output::{LINK_FROM, Output, Segments};
pub use text::{INLINE, Str};
