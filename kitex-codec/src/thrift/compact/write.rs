//! Writing Thrift Compact.

use bytes::Bytes;

use super::ids::Ids;
use super::kind::{FALSE, TRUE, number};
use super::varint::{self, LONGEST};
use crate::thrift::copy::{self, UntypedWriter};
use crate::thrift::sink::Sink;
use crate::thrift::{ThriftWriter, Type, UnknownField, Uuid};
use crate::{EncodeError, Limits, Output, Str};

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
        self.sink.put_first(&bytes, len);
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

    #[inline]
    fn string(&mut self, bytes: &[u8], shared: Option<&Bytes>) -> Result<(), EncodeError> {
        let len = self.sink.check_string(bytes.len())?;
        self.varint(u64::from(len));
        self.sink.string(&[], bytes, shared);
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
            self.sink.out.tail().reserve(LONGEST + len);
            self.sink.put([0xf0 | element]);
            self.varint(u64::from(count));
        }
        Ok(())
    }
}

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
        if value.inline().is_some() && value.len() < 0x80 {
            self.sink.check_string(value.len())?;
            self.sink.text((value.len() as u64).to_le_bytes(), 1, value);
            return Ok(());
        }
        self.string(value.as_bytes(), value.shared())
    }

    #[inline]
    fn write_bytes(&mut self, value: &Bytes) -> Result<(), EncodeError> {
        self.string(value, Some(value))
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
}

impl UntypedWriter for CompactWriter<'_> {
    fn write_string(&mut self, bytes: &Bytes) -> Result<(), EncodeError> {
        self.write_bytes(bytes)
    }
}
