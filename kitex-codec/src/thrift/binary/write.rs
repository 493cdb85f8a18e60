//! Writing Thrift Binary.

use bytes::Bytes;

use super::BLOCK;
use crate::thrift::copy::UntypedWriter;
use crate::thrift::sink::Sink;
use crate::thrift::{ThriftWriter, Type, UnknownField, Uuid};
use crate::{EncodeError, Limits, Output, Str};

/// Writes Thrift Binary to the tail of an [`Output`]. Values of [`LINK_FROM`](crate::LINK_FROM) bytes and more are
/// linked, not copied.
#[derive(Debug)]
pub struct BinaryWriter<'a> {
    sink: Sink<'a>,
}

impl<'a> BinaryWriter<'a> {
    /// A writer behind what `out` holds.
    #[inline]
    pub fn new(out: &'a mut Output, limits: &'a Limits) -> Self {
        Self { sink: Sink::new(out, limits) }
    }

    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.sink.put(bytes);
    }

    #[inline(always)]
    fn begin_elements(&mut self, element: Type, len: usize) -> Result<(), EncodeError> {
        let [a, b, c, d] = self.sink.check_count(len)?.to_be_bytes();
        self.sink.enter()?;
        if let Some(each) = element.fixed_len() {
            // The elements of a long set of numbers are written one by one: its memory is taken at once.
            self.sink.out.reserve(each.saturating_mul(len).saturating_add(5));
        }
        self.put([element as u8, a, b, c, d]);
        Ok(())
    }

    /// A list of values of one size. They are turned round in blocks: one check for room each, and no loop.
    #[inline]
    fn numbers<T: Copy, const N: usize>(
        &mut self,
        element: Type,
        values: &[T],
        bytes: impl Fn(T) -> [u8; N],
    ) -> Result<(), EncodeError> {
        self.begin_elements(element, values.len())?;
        let (many, few) = values.as_chunks::<BLOCK>();
        for block in many {
            self.sink.out.extend(block.map(&bytes).as_flattened());
        }
        for value in few {
            self.put(bytes(*value));
        }
        self.sink.leave();
        Ok(())
    }
}

/// A field header and a fixed-size value as one array, so that there is one bounds check.
#[inline]
fn field<const N: usize, const ALL: usize>(kind: Type, id: i16, value: [u8; N]) -> [u8; ALL] {
    const { assert!(ALL == N + 3) };
    let mut bytes = [0; ALL];
    bytes[0] = kind as u8;
    bytes[1..3].copy_from_slice(&id.to_be_bytes());
    bytes[3..].copy_from_slice(&value);
    bytes
}

/// How a text's length is written, the first byte the lowest. One of more than 32 bits is refused.
#[inline]
fn length(len: usize) -> u64 {
    (len as u64).swap_bytes() >> 32
}

impl ThriftWriter for BinaryWriter<'_> {
    #[inline]
    fn begin_struct(&mut self) -> Result<(), EncodeError> {
        self.sink.enter()
    }

    #[inline]
    fn end_struct(&mut self) {
        self.put([Type::Stop as u8]);
        self.sink.leave();
    }

    #[inline]
    fn write_field(&mut self, kind: Type, id: i16) {
        let [hi, lo] = id.to_be_bytes();
        self.put([kind as u8, hi, lo]);
    }

    #[inline]
    fn write_bool(&mut self, value: bool) {
        self.put([u8::from(value)]);
    }

    #[inline]
    fn write_i8(&mut self, value: i8) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    fn write_i16(&mut self, value: i16) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    fn write_i32(&mut self, value: i32) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    fn write_i64(&mut self, value: i64) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    fn write_double(&mut self, value: f64) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    fn write_uuid(&mut self, value: &Uuid) {
        self.put(value.0);
    }

    #[inline]
    fn write_str(&mut self, value: &Str) -> Result<(), EncodeError> {
        self.sink.text::<4>(length, value)
    }

    #[inline]
    fn write_bytes(&mut self, value: &Bytes) -> Result<(), EncodeError> {
        let len = self.sink.check_string(value.len())?;
        self.put(len.to_be_bytes());
        self.sink.bytes(value, Some(value));
        Ok(())
    }

    fn write_text(&mut self, value: &str) -> Result<(), EncodeError> {
        self.write_slice(value.as_bytes())
    }

    fn write_slice(&mut self, value: &[u8]) -> Result<(), EncodeError> {
        let len = self.sink.check_string(value.len())?;
        self.put(len.to_be_bytes());
        self.sink.bytes(value, None);
        Ok(())
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
        let [a, b, c, d] = self.sink.check_count(len)?.to_be_bytes();
        self.sink.enter()?;
        self.put([key as u8, value as u8, a, b, c, d]);
        Ok(())
    }

    #[inline]
    fn end_map(&mut self) {
        self.sink.leave();
    }

    fn write_unknown(&mut self, field: &UnknownField) {
        if let Some((kind, id, raw)) = field.parts() {
            let [hi, lo] = id.to_be_bytes();
            self.put([kind, hi, lo]);
            self.sink.bytes(raw, Some(raw));
        }
    }

    #[inline]
    fn write_bool_field(&mut self, id: i16, value: bool) {
        self.put::<4>(field(Type::Bool, id, [u8::from(value)]));
    }

    #[inline]
    fn write_i8_field(&mut self, id: i16, value: i8) {
        self.put::<4>(field(Type::I8, id, value.to_be_bytes()));
    }

    #[inline]
    fn write_i16_field(&mut self, id: i16, value: i16) {
        self.put::<5>(field(Type::I16, id, value.to_be_bytes()));
    }

    #[inline]
    fn write_i32_field(&mut self, id: i16, value: i32) {
        self.put::<7>(field(Type::I32, id, value.to_be_bytes()));
    }

    #[inline]
    fn write_i64_field(&mut self, id: i16, value: i64) {
        self.put::<11>(field(Type::I64, id, value.to_be_bytes()));
    }

    #[inline]
    fn write_double_field(&mut self, id: i16, value: f64) {
        self.put::<11>(field(Type::Double, id, value.to_be_bytes()));
    }

    // A struct's texts follow each other: in its own code the place of the next stays in a register.
    #[inline(always)]
    fn write_str_field(&mut self, id: i16, value: &Str) -> Result<(), EncodeError> {
        let kind_and_id = u64::from(Type::String as u8) << 56 | u64::from(id.cast_unsigned()) << 40;
        // A length of more than 32 bits is refused.
        self.sink.text::<7>(|len| (kind_and_id | u64::from(len as u32) << 8).swap_bytes(), value)
    }

    #[inline]
    fn write_bytes_field(&mut self, id: i16, value: &Bytes) -> Result<(), EncodeError> {
        let len = self.sink.check_string(value.len())?;
        self.put::<7>(field(Type::String, id, len.to_be_bytes()));
        self.sink.bytes(value, Some(value));
        Ok(())
    }

    fn write_str_list(&mut self, values: &[Str]) -> Result<(), EncodeError> {
        self.begin_elements(Type::String, values.len())?;
        let mut rest = values.iter();
        while let Some(text) = self.sink.short_texts::<4>(&mut rest, length) {
            self.write_str(text)?;
        }
        self.sink.leave();
        Ok(())
    }

    #[inline]
    fn write_bool_list(&mut self, values: &[bool]) -> Result<(), EncodeError> {
        self.numbers(Type::Bool, values, |value| [u8::from(value)])
    }

    #[inline]
    fn write_i8_list(&mut self, values: &[i8]) -> Result<(), EncodeError> {
        self.numbers(Type::I8, values, i8::to_be_bytes)
    }

    #[inline]
    fn write_i16_list(&mut self, values: &[i16]) -> Result<(), EncodeError> {
        self.numbers(Type::I16, values, i16::to_be_bytes)
    }

    #[inline]
    fn write_i32_list(&mut self, values: &[i32]) -> Result<(), EncodeError> {
        self.numbers(Type::I32, values, i32::to_be_bytes)
    }

    #[inline]
    fn write_i64_list(&mut self, values: &[i64]) -> Result<(), EncodeError> {
        self.numbers(Type::I64, values, i64::to_be_bytes)
    }

    #[inline]
    fn write_double_list(&mut self, values: &[f64]) -> Result<(), EncodeError> {
        self.numbers(Type::Double, values, f64::to_be_bytes)
    }
}

impl UntypedWriter for BinaryWriter<'_> {
    fn write_string(&mut self, bytes: &Bytes) -> Result<(), EncodeError> {
        self.write_bytes(bytes)
    }

    fn reserve_message(&mut self) {
        self.sink.out.reserve_message();
    }
}
