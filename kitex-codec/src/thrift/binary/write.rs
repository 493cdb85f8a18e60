//! Writing Thrift Binary.

use bytes::{BufMut, Bytes};

use crate::thrift::{ThriftWriter, Type, UnknownField, Uuid};
use crate::{EncodeError, LINK_FROM, Limits, Output, Str};

/// Writes Thrift Binary to the tail of an [`Output`]. Values of [`LINK_FROM`] bytes and more are linked, not copied.
#[derive(Debug)]
pub struct BinaryWriter<'a> {
    out: &'a mut Output,
    limits: &'a Limits,
    depth: usize,
}

impl<'a> BinaryWriter<'a> {
    /// A writer behind what `out` holds.
    pub fn new(out: &'a mut Output, limits: &'a Limits) -> Self {
        Self { out, limits, depth: 0 }
    }

    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.out.tail().extend_from_slice(&bytes);
    }

    #[inline]
    fn enter(&mut self) -> Result<(), EncodeError> {
        self.depth += 1;
        if self.depth > self.limits.max_depth {
            return Err(EncodeError::limit("Limits::max_depth", self.depth, self.limits.max_depth));
        }
        Ok(())
    }

    #[inline]
    fn leave(&mut self) {
        self.depth -= 1;
    }

    #[inline]
    fn check_count(&self, len: usize) -> Result<i32, EncodeError> {
        match i32::try_from(len) {
            Ok(count) if len <= self.limits.max_container => Ok(count),
            _ => Err(EncodeError::limit("Limits::max_container", len, self.limits.max_container)),
        }
    }

    #[inline]
    fn check_string(&self, len: usize) -> Result<u32, EncodeError> {
        match i32::try_from(len) {
            Ok(short) if len <= self.limits.max_string => Ok(short as u32),
            _ => Err(EncodeError::limit("Limits::max_string", len, self.limits.max_string)),
        }
    }

    /// Writes what stands before a string's bytes, then the bytes: `shared` by reference if they are many.
    #[inline]
    fn string(&mut self, head: &[u8], bytes: &[u8], shared: Option<&Bytes>) {
        let tail = self.out.tail();
        match shared.filter(|bytes| bytes.len() >= LINK_FROM) {
            Some(bytes) => {
                tail.extend_from_slice(head);
                self.out.append(bytes);
            }
            None => {
                tail.reserve(head.len() + bytes.len());
                tail.extend_from_slice(head);
                tail.extend_from_slice(bytes);
            }
        }
    }

    #[inline]
    fn string_field(&mut self, id: i16, bytes: &[u8], shared: Option<&Bytes>) -> Result<(), EncodeError> {
        let [a, b, c, d] = self.check_string(bytes.len())?.to_be_bytes();
        let [hi, lo] = id.to_be_bytes();
        self.string(&[Type::String as u8, hi, lo, a, b, c, d], bytes, shared);
        Ok(())
    }

    #[inline]
    fn begin_elements(&mut self, element: Type, len: usize) -> Result<(), EncodeError> {
        let [a, b, c, d] = self.check_count(len)?.to_be_bytes();
        self.enter()?;
        self.put([element as u8, a, b, c, d]);
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

impl ThriftWriter for BinaryWriter<'_> {
    #[inline]
    fn begin_struct(&mut self) -> Result<(), EncodeError> {
        self.enter()
    }

    #[inline]
    fn end_struct(&mut self) {
        self.put([Type::Stop as u8]);
        self.leave();
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
        let len = self.check_string(value.len())?.to_be_bytes();
        self.string(&len, value.as_bytes(), value.shared());
        Ok(())
    }

    #[inline]
    fn write_bytes(&mut self, value: &Bytes) -> Result<(), EncodeError> {
        let len = self.check_string(value.len())?.to_be_bytes();
        self.string(&len, value, Some(value));
        Ok(())
    }

    #[inline]
    fn begin_list(&mut self, element: Type, len: usize) -> Result<(), EncodeError> {
        self.begin_elements(element, len)
    }

    #[inline]
    fn end_list(&mut self) {
        self.leave();
    }

    #[inline]
    fn begin_set(&mut self, element: Type, len: usize) -> Result<(), EncodeError> {
        self.begin_elements(element, len)
    }

    #[inline]
    fn end_set(&mut self) {
        self.leave();
    }

    #[inline]
    fn begin_map(&mut self, key: Type, value: Type, len: usize) -> Result<(), EncodeError> {
        let [a, b, c, d] = self.check_count(len)?.to_be_bytes();
        self.enter()?;
        self.put([key as u8, value as u8, a, b, c, d]);
        Ok(())
    }

    #[inline]
    fn end_map(&mut self) {
        self.leave();
    }

    fn write_unknown(&mut self, field: &UnknownField) {
        if let Some((kind, id, raw)) = field.parts() {
            self.out.tail().put_u8(kind);
            self.out.tail().put_i16(id);
            self.out.append(raw);
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

    #[inline]
    fn write_str_field(&mut self, id: i16, value: &Str) -> Result<(), EncodeError> {
        self.string_field(id, value.as_bytes(), value.shared())
    }

    #[inline]
    fn write_bytes_field(&mut self, id: i16, value: &Bytes) -> Result<(), EncodeError> {
        self.string_field(id, value, Some(value))
    }
}
