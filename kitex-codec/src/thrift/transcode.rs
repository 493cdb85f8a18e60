//! A struct from one protocol into another, by what the wire tells of its types.

use bytes::Bytes;

use super::copy::{Transcode, walk_struct};
use super::{BinaryReader, BinaryWriter, CompactReader, CompactWriter, Protocol};
use crate::{DecodeError, DecodeReason, EncodeError, Limits, Output, Segments};

impl Protocol {
    /// Turns an encoded struct into one of another protocol. What it takes is charged to the budget of its bytes.
    ///
    /// Between Binary and Compact every value comes through as it is. JSON does not tell a string from a binary, so
    /// that only a struct without fields goes there and back. Errors if that is not one, if the bytes are no struct, or
    /// if a limit does not allow it.
    pub fn transcode(self, to: Self, bytes: &Bytes, limits: &Limits) -> Result<Segments, EncodeError> {
        if self == to {
            return Ok(Segments::One(bytes.clone()));
        }
        if bytes == self.empty_struct() {
            return Ok(Segments::One(Bytes::from_static(to.empty_struct())));
        }
        let mut out = Output::new();
        out.reserve_message();
        match (self, to) {
            (Self::Binary, Self::Compact) => {
                let mut writer = CompactWriter::new(&mut out, limits);
                walk_struct(&mut BinaryReader::new(bytes, limits), &mut Transcode::new(&mut writer))?;
                writer.finish()?;
            }
            (Self::Compact, Self::Binary) => {
                let mut writer = BinaryWriter::new(&mut out, limits);
                walk_struct(&mut CompactReader::new(bytes, limits), &mut Transcode::new(&mut writer))?;
            }
            _ => {
                let why = "Thrift JSON does not tell a string from a binary, which the other protocol has to";
                return Err(EncodeError::unwritable("an encoded struct in another protocol", why));
            }
        }
        Ok(out.take_segments())
    }
}

/// Why a struct that was read could not be written: a limit is the same one in both directions.
pub(super) fn refused(error: &DecodeError) -> EncodeError {
    match error.reason() {
        DecodeReason::Limit { setting, asked, allowed } => {
            EncodeError::limit(setting, *asked as usize, *allowed as usize)
        }
        _ => EncodeError::unwritable("an encoded struct in another protocol", "its bytes are no struct"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{1: {1: "hi"}, 2: [1, -1], 3: {true: 2}, 4: false, 5: 1.5, 300: set[uuid]}`
    const BINARY: &[u8] =
        b"\x0c\0\x01\x0b\0\x01\0\0\0\x02hi\0\x0f\0\x02\x08\0\0\0\x02\0\0\0\x01\xff\xff\xff\xff\
        \x0d\0\x03\x02\x03\0\0\0\x01\x01\x02\x02\0\x04\0\x04\0\x05\x3f\xf8\0\0\0\0\0\0\
        \x0e\x01\x2c\x10\0\0\0\x010123456789abcdef\0";

    fn to(from: Protocol, to: Protocol, bytes: &[u8]) -> Result<Bytes, EncodeError> {
        let limits = Limits::default();
        from.transcode(to, &Bytes::copy_from_slice(bytes), &limits).map(Segments::into_bytes)
    }

    #[test]
    fn what_goes_to_compact_comes_back() {
        let compact = to(Protocol::Binary, Protocol::Compact, BINARY).unwrap();
        assert!(compact.len() < BINARY.len());
        assert_eq!(Protocol::Compact.struct_len(&compact, &Limits::default()).unwrap(), compact.len());
        assert_eq!(to(Protocol::Compact, Protocol::Binary, &compact).unwrap(), BINARY);
    }

    #[test]
    fn json_holds_an_empty_struct_and_nothing_else() {
        let all = [Protocol::Binary, Protocol::Compact, Protocol::Json];
        for (one, other) in all.iter().flat_map(|one| all.map(|other| (*one, other))) {
            assert_eq!(to(one, other, one.empty_struct()).unwrap(), other.empty_struct());
        }
        let error = to(Protocol::Binary, Protocol::Json, BINARY).unwrap_err().to_string();
        assert!(error.contains("Thrift JSON"), "{error}");
        assert!(to(Protocol::Json, Protocol::Compact, br#"{"1":{"tf":1}}"#).is_err());
    }

    #[test]
    fn what_is_no_struct_or_over_a_limit_is_refused() {
        for end in 0..BINARY.len() {
            assert!(to(Protocol::Binary, Protocol::Compact, &BINARY[..end]).is_err(), "{end}");
        }
        // A thousand numbers of one byte each, which are eight each in Binary.
        let compact = [&b"\x19\xf6\xe8\x07"[..], &[2; 1000], &[0]].concat();
        assert_eq!(to(Protocol::Compact, Protocol::Binary, &compact).unwrap().len(), 8009);
        let limits = Limits { min_heap: 0, heap_factor: 2, ..Limits::default() };
        let error = Protocol::Compact.transcode(Protocol::Binary, &compact.into(), &limits).unwrap_err();
        assert!(error.to_string().contains("heap budget"), "{error}");
    }
}
