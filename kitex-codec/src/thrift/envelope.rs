//! The message envelope of Thrift Binary (spec: kitex-wire 2.2, thrift-idl 16.1).

use bytes::BufMut;

use crate::{DecodeError, DecodeReason, Output};

/// The low half of the version word. Peers send values that have no name here; they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageType(pub u16);

impl MessageType {
    /// A request.
    pub const CALL: Self = Self(1);
    /// A response, also one with a declared exception or a business status.
    pub const REPLY: Self = Self(2);
    /// An application exception.
    pub const EXCEPTION: Self = Self(3);
    /// A request that is not answered.
    pub const ONEWAY: Self = Self(4);
    /// Read as a request or a response, never written.
    pub const STREAM: Self = Self(5);
}

/// What stands before a message's struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The message type.
    pub kind: MessageType,
    /// The method's name, as it came.
    pub name: &'a [u8],
    /// The sequence id.
    pub sequence: i32,
}

const STRICT: u32 = 0x8001_0000;

/// Bytes of a strict envelope beside its name.
const STRICT_LEN: usize = 12;

/// Bytes of an envelope without a version word beside its name.
const OLD: usize = 9;

impl<'a> Envelope<'a> {
    /// Reads an envelope; also gives the bytes it takes.
    #[inline]
    pub fn decode(bytes: &'a [u8]) -> Result<(Self, usize), DecodeError> {
        let (word, rest) = split_word(bytes)?;
        if word & 0xffff_0000 != STRICT {
            return Err(DecodeError::new(DecodeReason::BadVersion(word)));
        }
        let (len, rest) = split_word(rest)?;
        let len = usize::try_from(len as i32)
            .map_err(|_| DecodeError::new(DecodeReason::NegativeLength(len as i32)))?;
        let (name, rest) = rest.split_at_checked(len).ok_or_else(DecodeError::unexpected_end)?;
        let (sequence, _) = split_word(rest)?;
        let kind = MessageType(word as u16);
        Ok((Self { kind, name, sequence: sequence as i32 }, STRICT_LEN + len))
    }

    /// Reads an envelope of either form, strict or as it was before there was a version word; also gives the bytes it
    /// takes. Only the strict one is ever written.
    #[inline]
    pub fn decode_lenient(bytes: &'a [u8]) -> Result<(Self, usize), DecodeError> {
        Self::decode(bytes).or_else(|error| Self::decode_old(bytes, error))
    }

    /// Reads an envelope that is not a strict one, for which there is an `error`.
    #[cold]
    fn decode_old(bytes: &'a [u8], error: DecodeError) -> Result<(Self, usize), DecodeError> {
        let [0..=0x7f, ..] = bytes else { return Err(error) };
        let (len, rest) = split_word(bytes)?;
        let (name, rest) = rest.split_at_checked(len as usize).ok_or_else(DecodeError::unexpected_end)?;
        let (kind, rest) = rest.split_first().ok_or_else(DecodeError::unexpected_end)?;
        let (sequence, _) = split_word(rest)?;
        let kind = MessageType(u16::from(*kind));
        Ok((Self { kind, name, sequence: sequence.cast_signed() }, OLD + name.len()))
    }

    /// Where the struct of a message begins; `None` if so little is there of it that its name's length is not, or if
    /// its name is not all there.
    pub(super) fn args_at(message: &[u8]) -> Result<Option<usize>, DecodeError> {
        let (len, fixed) = match message {
            [0..=0x7f, ..] => (message.first_chunk(), OLD),
            _ => (message.get(4..).and_then(|rest| rest.first_chunk()), STRICT_LEN),
        };
        let Some(len) = len.map(|len| i32::from_be_bytes(*len)) else { return Ok(None) };
        let name = usize::try_from(len).map_err(|_| DecodeError::new(DecodeReason::NegativeLength(len)))?;
        let end = name.saturating_add(fixed);
        Ok((message.len() >= end).then_some(end))
    }

    /// Writes the envelope to an output's tail.
    #[inline]
    pub fn encode(&self, out: &mut Output) {
        let tail = out.tail();
        tail.put_u32(STRICT | u32::from(self.kind.0));
        tail.put_u32(self.name.len() as u32);
        tail.extend_from_slice(self.name);
        tail.put_i32(self.sequence);
    }

    /// Bytes that the envelope takes.
    pub fn len(&self) -> usize {
        STRICT_LEN + self.name.len()
    }

    /// Never true: an envelope has at least twelve bytes.
    pub fn is_empty(&self) -> bool {
        false
    }
}

#[inline]
fn split_word(bytes: &[u8]) -> Result<(u32, &[u8]), DecodeError> {
    let (word, rest) = bytes.split_first_chunk().ok_or_else(DecodeError::unexpected_end)?;
    Ok((u32::from_be_bytes(*word), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &[u8] = b"\x80\x01\0\x01\0\0\0\x04Echo\0\0\0\x01";

    #[test]
    fn an_envelope_comes_back() {
        let (envelope, len) = Envelope::decode(CALL).unwrap();
        assert_eq!(envelope, Envelope { kind: MessageType::CALL, name: b"Echo", sequence: 1 });
        assert_eq!((len, envelope.len()), (CALL.len(), CALL.len()));
        let mut out = Output::new();
        out.reserve_message();
        envelope.encode(&mut out);
        assert_eq!(out.take_segments().into_bytes(), CALL);
    }

    #[test]
    fn every_truncation_is_an_error() {
        for len in 0..CALL.len() {
            assert!(Envelope::decode(&CALL[..len]).unwrap_err().is_unexpected_end());
        }
    }

    #[test]
    fn other_versions_and_lengths_are_refused() {
        assert!(Envelope::decode(b"\x80\x02\0\x01\0\0\0\x04Echo\0\0\0\x01").is_err());
        assert!(Envelope::decode(b"\x80\x01\0\x01\xff\xff\xff\xffEcho\0\0\0\x01").is_err());
        let (odd, _) = Envelope::decode(b"\x80\x01\x01\x01\0\0\0\0\0\0\0\x01").unwrap();
        assert_eq!(odd.kind, MessageType(257));
    }

    #[test]
    fn an_envelope_without_a_version_is_read_on_request() {
        const OLD: &[u8] = b"\0\0\0\x04Echo\x01\xff\xff\xff\xff";
        assert!(Envelope::decode(OLD).is_err());
        let (envelope, len) = Envelope::decode_lenient(OLD).unwrap();
        assert_eq!(envelope, Envelope { kind: MessageType::CALL, name: b"Echo", sequence: -1 });
        assert_eq!(len, OLD.len());
        for len in 0..OLD.len() {
            assert!(Envelope::decode_lenient(&OLD[..len]).unwrap_err().is_unexpected_end());
        }
        assert_eq!(Envelope::decode_lenient(CALL).unwrap().0, Envelope::decode(CALL).unwrap().0);
        assert!(Envelope::decode_lenient(b"\x80\x02\0\x01\0\0\0\x04Echo\0\0\0\x01").is_err());
    }
}
