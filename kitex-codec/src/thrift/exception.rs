//! `TApplicationException` (spec: kitex-wire 3).

use super::{Message, ThriftReader, ThriftWriter, Type};
use crate::{DecodeError, EncodeError, Str};

/// What a server sends in place of a result when a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplicationException {
    /// The type code.
    pub code: i32,
    /// What happened.
    pub message: Str,
}

impl ApplicationException {
    /// Unspecified.
    pub const UNKNOWN: i32 = 0;
    /// The service is there, the method is not.
    pub const UNKNOWN_METHOD: i32 = 1;
    /// A message type that does not fit.
    pub const INVALID_MESSAGE_TYPE: i32 = 2;
    /// A reply to another method.
    pub const WRONG_METHOD_NAME: i32 = 3;
    /// A reply to another call.
    pub const BAD_SEQUENCE_ID: i32 = 4;
    /// A reply with neither a value nor an exception.
    pub const MISSING_RESULT: i32 = 5;
    /// The handler failed, or anything else did.
    pub const INTERNAL_ERROR: i32 = 6;
    /// The arguments could not be decoded.
    pub const PROTOCOL_ERROR: i32 = 7;
    /// A payload of another protocol than the service's.
    pub const INVALID_PROTOCOL: i32 = 9;
    /// No service of that name (Kitex's own).
    pub const UNKNOWN_SERVICE: i32 = 20;
}

/// The message field stands first, as peers that look for it there expect.
impl Message for ApplicationException {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        out.write_str_field(1, &self.message)?;
        out.write_i32_field(2, self.code);
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut exception = Self::default();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match (field.id, field.kind) {
                (1, Type::String) => exception.message = lossy(from)?,
                (2, Type::I32) => exception.code = from.read_i32()?,
                (_, kind) => from.skip(kind)?,
            }
        }
        if exception.message.is_empty() && exception.code == Self::UNKNOWN {
            exception.message = Str::from("unknown application exception");
        }
        Ok(exception)
    }
}

/// An error's text is for people: what is not UTF-8 in it is replaced, not refused.
fn lossy<R: ThriftReader>(from: &mut R) -> Result<Str, DecodeError> {
    let bytes = from.read_string()?;
    if std::str::from_utf8(&bytes).is_ok() {
        return Str::from_utf8(bytes);
    }
    // A byte becomes three at most, and the text is built in memory that grows by doubling.
    from.charge(bytes.len().saturating_mul(6))?;
    Ok(Str::from(String::from_utf8_lossy(&bytes)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Limits, decode, encode};

    #[test]
    fn the_example_of_the_wire_document_comes_back() {
        let exception = ApplicationException { code: 6, message: Str::from("biz error: boom") };
        let bytes = encode(&exception, &Limits::default()).unwrap().into_bytes();
        assert_eq!(bytes, &b"\x0b\0\x01\0\0\0\x0fbiz error: boom\x08\0\x02\0\0\0\x06\0"[..]);
        assert_eq!(decode::<ApplicationException>(&bytes, &Limits::default()).unwrap(), exception);
    }

    #[test]
    fn any_order_and_unknown_fields_are_read() {
        let bytes = Bytes::from_static(b"\x06\0\x09\0\x01\x08\0\x02\0\0\0\x07\x0b\0\x01\0\0\0\x01x\0");
        let exception: ApplicationException = decode(&bytes, &Limits::default()).unwrap();
        assert_eq!(exception, ApplicationException { code: 7, message: Str::from("x") });
    }

    #[test]
    fn an_empty_exception_has_a_text() {
        let exception: ApplicationException = decode(&Bytes::from_static(b"\0"), &Limits::default()).unwrap();
        assert_eq!(exception.message, "unknown application exception");
    }
}
