//! Writing Thrift Compact.

use bytes::Bytes;

use super::ids::Ids;
use super::kind::{FALSE, TRUE, number};
use super::varint::{self, LONGEST};
use crate::thrift::copy::{self, UntypedWriter};
use crate::thrift::sink::Sink;
use crate::thrift::{ThriftWriter, Type, UnknownField, Uuid};
use crate::{EncodeError, INLINE, Limits, Output, Str};

/// Writes Thrift Compact to the tail of an [`Output`]. Values of [`LINK_FROM`](crate::LINK_FROM) bytes and more are
/// linked, not copied.
#[derive(Debug)]
pub struct CompactWriter<'a> {
    sink: Sink<'a>,
    ids: Ids,
    /// The id of a bool field whose value comes next: that stands in the field's header.
    flag: Option<i16>,
    failed: Option<EncodeError>,
}

impl<'a> CompactWriter<'a> {
    /// A writer behind what `out` holds.
    #[inline]
    pub fn new(out: &'a mut Output, limits: &'a Limits) -> Self {
        Self { sink: Sink::new(out, limits), ids: Ids::default(), flag: None, failed: None }
    }

    /// Ends the writing. Errors if a kept field could not be written.
    #[inline]
    pub fn finish(self) -> Result<(), EncodeError> {
        self.failed.map_or(Ok(()), Err)
    }

    #[inline]
    fn varint(&mut self, value: u64) {
        if value < 0x80 {
            return self.sink.put([value as u8]);
        }
        if value < 0x4000 {
            return self.sink.put([value as u8 | 0x80, (value >> 7) as u8]);
        }
        let (bytes, len) = varint::of(value);
        self.sink.out.put_first(bytes, len);
    }

    #[inline]
    fn header(&mut self, number: u8, id: i16) {
        let delta = i32::from(id) - i32::from(self.ids.last);
        self.ids.last = id;
        if (1..16).contains(&delta) {
            return self.sink.put([(delta as u8) << 4 | number]);
        }
        self.sink.put([number]);
        self.varint(varint::fold(i64::from(id)));
    }

    /// The header if it takes one byte, as it does where ids follow each other.
    #[inline]
    fn short_header(&mut self, kind: Type, id: i16) -> Option<u8> {
        let delta = i32::from(id) - i32::from(self.ids.last);
        (1..16).contains(&delta).then(|| {
            self.ids.last = id;
            (delta as u8) << 4 | number(kind)
        })
    }

    /// A number's field; most take no more than eight bytes, and are written at once.
    #[inline]
    fn integer_field(&mut self, kind: Type, id: i16, value: i64) {
        let value = varint::fold(value);
        if value < 1 << 49
            && let Some((word, len)) = varint::word_of(value)
            && let Some(header) = self.short_header(kind, id)
        {
            let bytes = (word << 8 | u64::from(header)).to_le_bytes();
            return self.sink.out.put_first(bytes, 1 + len);
        }
        self.header(number(kind), id);
        self.varint(value);
    }

    /// A list of numbers, some of which are put together where no length of the output is waited for.
    #[inline]
    fn integers<T: Copy + Into<i64>>(&mut self, element: Type, values: &[T]) -> Result<(), EncodeError> {
        self.begin_elements(element, values.len())?;
        for some in values.chunks(BLOCK) {
            let mut bytes = [0; BLOCK * LONGEST];
            let mut at = 0;
            for value in some {
                let (varint, len) = varint::of(varint::fold((*value).into()));
                bytes[at..at + LONGEST].copy_from_slice(&varint);
                at += len;
            }
            self.sink.out.extend(&bytes[..at]);
        }
        self.sink.leave();
        Ok(())
    }

    #[inline]
    fn string(&mut self, bytes: &[u8], shared: Option<&Bytes>) -> Result<(), EncodeError> {
        let len = self.sink.check_string(bytes.len())?;
        self.varint(u64::from(len));
        self.sink.bytes(bytes, shared);
        Ok(())
    }

    #[inline]
    fn begin_elements(&mut self, element: Type, len: usize) -> Result<(), EncodeError> {
        let count = self.sink.check_count(len)?;
        self.sink.enter()?;
        let element = number(element);
        if count < 15 {
            self.sink.put([(count as u8) << 4 | element]);
        } else {
            // No element takes less than a byte.
            self.sink.out.reserve(LONGEST + len);
            self.sink.put([0xf0 | element]);
            self.varint(u64::from(count));
        }
        Ok(())
    }
}

/// Numbers of a list that are put together.
const BLOCK: usize = 8;

/// A bool's number, in a header and in a container.
#[inline]
fn flag(value: bool) -> u8 {
    if value { TRUE } else { FALSE }
}

impl ThriftWriter for CompactWriter<'_> {
    #[inline]
    fn begin_struct(&mut self) -> Result<(), EncodeError> {
        self.sink.enter()?;
        self.ids.push();
        Ok(())
    }

    #[inline]
    fn end_struct(&mut self) {
        self.sink.put([0]);
        self.ids.pop();
        self.sink.leave();
    }

    #[inline]
    fn write_field(&mut self, kind: Type, id: i16) {
        if kind == Type::Bool {
            self.flag = Some(id);
        } else {
            self.header(number(kind), id);
        }
    }

    #[inline]
    fn write_bool(&mut self, value: bool) {
        match self.flag.take() {
            Some(id) => self.header(flag(value), id),
            None => self.sink.put([flag(value)]),
        }
    }

    #[inline]
    fn write_i8(&mut self, value: i8) {
        self.sink.put(value.to_be_bytes());
    }

    #[inline]
    fn write_i16(&mut self, value: i16) {
        self.varint(varint::fold(i64::from(value)));
    }

    #[inline]
    fn write_i32(&mut self, value: i32) {
        self.varint(varint::fold(i64::from(value)));
    }

    #[inline]
    fn write_i64(&mut self, value: i64) {
        self.varint(varint::fold(value));
    }

    #[inline]
    fn write_double(&mut self, value: f64) {
        self.sink.put(value.to_le_bytes());
    }

    #[inline]
    fn write_uuid(&mut self, value: &Uuid) {
        self.sink.put(value.0);
    }

    #[inline]
    fn write_str(&mut self, value: &Str) -> Result<(), EncodeError> {
        if value.short_words(INLINE).is_some() {
            return self.sink.text::<1>(|len| len as u64, value);
        }
        self.string(value.as_bytes(), value.shared())
    }

    #[inline]
    fn write_bytes(&mut self, value: &Bytes) -> Result<(), EncodeError> {
        self.string(value, Some(value))
    }

    fn write_text(&mut self, value: &str) -> Result<(), EncodeError> {
        self.string(value.as_bytes(), None)
    }

    fn write_slice(&mut self, value: &[u8]) -> Result<(), EncodeError> {
        self.string(value, None)
    }

    #[inline]
    fn begin_list(&mut self, element: Type, len: usize) -> Result<(), EncodeError> {
        self.begin_elements(element, len)
    }

    #[inline]
    fn end_list(&mut self) {
        self.sink.leave();
    }

    #[inline]
    fn begin_set(&mut self, element: Type, len: usize) -> Result<(), EncodeError> {
        self.begin_elements(element, len)
    }

    #[inline]
    fn end_set(&mut self) {
        self.sink.leave();
    }

    #[inline]
    fn begin_map(&mut self, key: Type, value: Type, len: usize) -> Result<(), EncodeError> {
        let count = self.sink.check_count(len)?;
        self.sink.enter()?;
        self.varint(u64::from(count));
        if count > 0 {
            self.sink.put([number(key) << 4 | number(value)]);
        }
        Ok(())
    }

    #[inline]
    fn end_map(&mut self) {
        self.sink.leave();
    }

    fn write_unknown(&mut self, field: &UnknownField) {
        let limits = self.sink.limits();
        if let Err(error) = copy::write(self, field, limits) {
            self.failed.get_or_insert(error);
        }
    }

    #[inline]
    fn write_bool_field(&mut self, id: i16, value: bool) {
        self.header(flag(value), id);
    }

    #[inline]
    fn write_i16_field(&mut self, id: i16, value: i16) {
        self.integer_field(Type::I16, id, value.into());
    }

    #[inline]
    fn write_i32_field(&mut self, id: i16, value: i32) {
        self.integer_field(Type::I32, id, value.into());
    }

    #[inline]
    fn write_i64_field(&mut self, id: i16, value: i64) {
        self.integer_field(Type::I64, id, value);
    }

    #[inline]
    fn write_str_field(&mut self, id: i16, value: &Str) -> Result<(), EncodeError> {
        if value.short_words(INLINE).is_some()
            && let Some(header) = self.short_header(Type::String, id)
        {
            return self.sink.text::<2>(|len| (len as u64) << 8 | u64::from(header), value);
        }
        self.header(number(Type::String), id);
        self.write_str(value)
    }

    fn write_str_list(&mut self, values: &[Str]) -> Result<(), EncodeError> {
        self.begin_elements(Type::String, values.len())?;
        let mut rest = values.iter();
        while let Some(text) = self.sink.short_texts::<1>(&mut rest, |len| len as u64) {
            self.write_str(text)?;
        }
        self.sink.leave();
        Ok(())
    }

    #[inline]
    fn write_i16_list(&mut self, values: &[i16]) -> Result<(), EncodeError> {
        self.integers(Type::I16, values)
    }

    #[inline]
    fn write_i32_list(&mut self, values: &[i32]) -> Result<(), EncodeError> {
        self.integers(Type::I32, values)
    }

    #[inline]
    fn write_i64_list(&mut self, values: &[i64]) -> Result<(), EncodeError> {
        self.integers(Type::I64, values)
    }
}

impl UntypedWriter for CompactWriter<'_> {
    fn write_string(&mut self, bytes: &Bytes) -> Result<(), EncodeError> {
        self.write_bytes(bytes)
    }

    fn reserve_message(&mut self) {
        self.sink.out.reserve_message();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut CompactWriter<'_>)) -> Bytes {
        let (mut out, limits) = (Output::new(), Limits::default());
        let mut writer = CompactWriter::new(&mut out, &limits);
        for id in [1, 2, 16, 32, 31, -3, 0, i16::MAX, i16::MIN] {
            writer.ids.last = id;
            write(&mut writer);
        }
        writer.finish().unwrap();
        out.take_segments().into_bytes()
    }

    /// Ids behind the last one by a short step, and by a long one.
    const IDS: [i16; 4] = [3, 17, -2, 300];

    #[test]
    fn a_number_s_field_is_its_header_and_its_value() {
        for id in IDS {
            for bits in 0..64 {
                for value in [1_i64 << bits, (1_i64 << bits).wrapping_sub(1), -1 << bits] {
                    let once = written(|out| out.write_i64_field(id, value));
                    let twice = written(|out| {
                        out.write_field(Type::I64, id);
                        out.write_i64(value);
                    });
                    assert_eq!(once, twice, "{value} in {id}");
                    let once = written(|out| out.write_i32_field(id, value as i32));
                    let twice = written(|out| {
                        out.write_field(Type::I32, id);
                        out.write_i32(value as i32);
                    });
                    assert_eq!(once, twice, "{value} in {id}");
                }
            }
        }
    }

    #[test]
    fn a_text_s_field_is_its_header_and_its_value() {
        for id in IDS {
            for len in 0..200 {
                let text = Str::from("abcdefgh".repeat(25)[..len].to_owned());
                let once = written(|out| out.write_str_field(id, &text).unwrap());
                let twice = written(|out| {
                    out.write_field(Type::String, id);
                    out.write_str(&text).unwrap();
                });
                assert_eq!(once, twice, "{len} bytes in {id}");
            }
        }
    }
}
