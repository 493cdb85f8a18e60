//! What stands before a message's struct, by each reader.

use kitex_codec::{Bytes, Limits, Protocol};
use pilota::thrift::TInputProtocol as _;
use pilota::thrift::binary::TBinaryProtocol;
use pilota::thrift::compact;
use thrift::TConfiguration;
use thrift::protocol::{TBinaryInputProtocol, TCompactInputProtocol, TInputProtocol as _};

use super::readers::caught;

/// An envelope of any protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: u16,
    pub(crate) name: Vec<u8>,
    pub(crate) sequence: i32,
}

/// What a reader made of bytes: an envelope and how many bytes are left; `None` if it refused them.
pub(crate) type ReadHead = Option<(Head, usize)>;

pub(super) fn by_kitex(protocol: Protocol, bytes: &[u8]) -> ReadHead {
    let (envelope, body) = protocol.decode_message(bytes, &Limits::default()).ok()?;
    let head = Head { kind: envelope.kind.0, name: envelope.name.to_vec(), sequence: envelope.sequence };
    Some((head, bytes.len() - body.start))
}

/// Told to take both forms of Binary.
pub(super) fn by_apache(protocol: Protocol, bytes: &[u8]) -> ReadHead {
    caught(|| {
        let mut rest = bytes;
        // A name's memory is taken before its bytes are seen.
        let bounds = TConfiguration::builder().max_string_size(Some(bytes.len())).build().ok()?;
        let read = match protocol {
            Protocol::Compact => TCompactInputProtocol::with_config(&mut rest, bounds).read_message_begin(),
            _ => TBinaryInputProtocol::with_config(&mut rest, false, bounds).read_message_begin(),
        };
        let head = read.ok()?;
        let (kind, name) = (u8::from(head.message_type).into(), head.name.into_bytes());
        Some((Head { kind, name, sequence: head.sequence_number }, rest.len()))
    })
}

pub(super) fn by_pilota(protocol: Protocol, bytes: &[u8]) -> ReadHead {
    caught(|| {
        let mut rest = Bytes::copy_from_slice(bytes);
        let read = match protocol {
            Protocol::Compact => compact::TCompactInputProtocol::new(&mut rest).read_message_begin(),
            _ => TBinaryProtocol::new(&mut rest, false).read_message_begin(),
        };
        let head = read.ok()?;
        let (kind, name) = (u8::from(head.message_type).into(), head.name.as_bytes().to_vec());
        Some((Head { kind, name, sequence: head.sequence_number }, rest.len()))
    })
}
