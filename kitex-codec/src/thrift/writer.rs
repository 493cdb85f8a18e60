//! What a message is written to.

use bytes::Bytes;

use super::{Message, Type, UnknownField, Uuid};
use crate::{EncodeError, Str};

/// Writes Thrift values in one pass.
///
/// The calls follow the shape of the value: a field's header and then its value, a container's header, its elements
/// and its end.
pub trait ThriftWriter {
    /// Begins a struct. Errors if it nests too deep.
    fn begin_struct(&mut self) -> Result<(), EncodeError>;
    /// Ends a struct.
    fn end_struct(&mut self);
    /// Writes the header of the field whose value comes next.
    fn write_field(&mut self, kind: Type, id: i16);
    /// Writes a bool.
    fn write_bool(&mut self, value: bool);
    /// Writes an i8.
    fn write_i8(&mut self, value: i8);
    /// Writes an i16.
    fn write_i16(&mut self, value: i16);
    /// Writes an i32.
    fn write_i32(&mut self, value: i32);
    /// Writes an i64.
    fn write_i64(&mut self, value: i64);
    /// Writes a double.
    fn write_double(&mut self, value: f64);
    /// Writes a uuid.
    fn write_uuid(&mut self, value: &Uuid);
    /// Writes a string. Errors if it is too long.
    fn write_str(&mut self, value: &Str) -> Result<(), EncodeError>;
    /// Writes a binary. Errors if it is too long.
    fn write_bytes(&mut self, value: &Bytes) -> Result<(), EncodeError>;
    /// Writes a string from where it stands. Errors if it is too long.
    fn write_text(&mut self, value: &str) -> Result<(), EncodeError> {
        self.write_str(&Str::from(value))
    }
    /// Writes a binary from where it stands. Errors if it is too long.
    fn write_slice(&mut self, value: &[u8]) -> Result<(), EncodeError> {
        self.write_bytes(&Bytes::copy_from_slice(value))
    }
    /// Begins a list. Errors if it is too long or nests too deep.
    fn begin_list(&mut self, element: Type, len: usize) -> Result<(), EncodeError>;
    /// Ends a list.
    fn end_list(&mut self);
    /// Begins a set. Errors if it is too long or nests too deep.
    fn begin_set(&mut self, element: Type, len: usize) -> Result<(), EncodeError>;
    /// Ends a set.
    fn end_set(&mut self);
    /// Begins a map. Errors if it is too long or nests too deep.
    fn begin_map(&mut self, key: Type, value: Type, len: usize) -> Result<(), EncodeError>;
    /// Ends a map.
    fn end_map(&mut self);
    /// Writes a field that was kept as it came.
    fn write_unknown(&mut self, field: &UnknownField);

    /// Writes a bool field.
    fn write_bool_field(&mut self, id: i16, value: bool) {
        self.write_field(Type::Bool, id);
        self.write_bool(value);
    }
    /// Writes an i8 field.
    fn write_i8_field(&mut self, id: i16, value: i8) {
        self.write_field(Type::I8, id);
        self.write_i8(value);
    }
    /// Writes an i16 field.
    fn write_i16_field(&mut self, id: i16, value: i16) {
        self.write_field(Type::I16, id);
        self.write_i16(value);
    }
    /// Writes an i32 field.
    fn write_i32_field(&mut self, id: i16, value: i32) {
        self.write_field(Type::I32, id);
        self.write_i32(value);
    }
    /// Writes an i64 field.
    fn write_i64_field(&mut self, id: i16, value: i64) {
        self.write_field(Type::I64, id);
        self.write_i64(value);
    }
    /// Writes a double field.
    fn write_double_field(&mut self, id: i16, value: f64) {
        self.write_field(Type::Double, id);
        self.write_double(value);
    }
    /// Writes a uuid field.
    fn write_uuid_field(&mut self, id: i16, value: &Uuid) {
        self.write_field(Type::Uuid, id);
        self.write_uuid(value);
    }
    /// Writes a string field. Errors if it is too long.
    fn write_str_field(&mut self, id: i16, value: &Str) -> Result<(), EncodeError> {
        self.write_field(Type::String, id);
        self.write_str(value)
    }
    /// Writes a binary field. Errors if it is too long.
    fn write_bytes_field(&mut self, id: i16, value: &Bytes) -> Result<(), EncodeError> {
        self.write_field(Type::String, id);
        self.write_bytes(value)
    }
    /// Writes a string field from where it stands. Errors if it is too long.
    fn write_text_field(&mut self, id: i16, value: &str) -> Result<(), EncodeError> {
        self.write_field(Type::String, id);
        self.write_text(value)
    }
    /// Writes a binary field from where it stands. Errors if it is too long.
    fn write_slice_field(&mut self, id: i16, value: &[u8]) -> Result<(), EncodeError> {
        self.write_field(Type::String, id);
        self.write_slice(value)
    }
    /// Writes a union field that may be absent: nothing if the union has no member. Errors as the union does.
    #[inline]
    fn write_union_field<T: Message>(&mut self, id: i16, union: &T) -> Result<(), EncodeError>
    where
        Self: Sized,
    {
        if union.empty_union().is_some() {
            return Ok(());
        }
        self.write_field(Type::Struct, id);
        union.encode(self)
    }

    /// Writes a list, value by value. Errors as [`begin_list`](Self::begin_list) does.
    #[inline]
    fn write_list<T: Copy>(
        &mut self,
        element: Type,
        values: &[T],
        mut write: impl FnMut(&mut Self, T),
    ) -> Result<(), EncodeError> {
        self.begin_list(element, values.len())?;
        for value in values {
            write(self, *value);
        }
        self.end_list();
        Ok(())
    }
    /// Writes a list of bools. Errors as [`begin_list`](Self::begin_list) does.
    fn write_bool_list(&mut self, values: &[bool]) -> Result<(), EncodeError> {
        self.write_list(Type::Bool, values, Self::write_bool)
    }
    /// Writes a list of i8s. Errors as [`begin_list`](Self::begin_list) does.
    fn write_i8_list(&mut self, values: &[i8]) -> Result<(), EncodeError> {
        self.write_list(Type::I8, values, Self::write_i8)
    }
    /// Writes a list of i16s. Errors as [`begin_list`](Self::begin_list) does.
    fn write_i16_list(&mut self, values: &[i16]) -> Result<(), EncodeError> {
        self.write_list(Type::I16, values, Self::write_i16)
    }
    /// Writes a list of i32s. Errors as [`begin_list`](Self::begin_list) does.
    fn write_i32_list(&mut self, values: &[i32]) -> Result<(), EncodeError> {
        self.write_list(Type::I32, values, Self::write_i32)
    }
    /// Writes a list of i64s. Errors as [`begin_list`](Self::begin_list) does.
    fn write_i64_list(&mut self, values: &[i64]) -> Result<(), EncodeError> {
        self.write_list(Type::I64, values, Self::write_i64)
    }
    /// Writes a list of doubles. Errors as [`begin_list`](Self::begin_list) does.
    fn write_double_list(&mut self, values: &[f64]) -> Result<(), EncodeError> {
        self.write_list(Type::Double, values, Self::write_double)
    }
    /// Writes a list of strings. Errors as [`begin_list`](Self::begin_list) and [`write_str`](Self::write_str) do.
    fn write_str_list(&mut self, values: &[Str]) -> Result<(), EncodeError> {
        self.begin_list(Type::String, values.len())?;
        values.iter().try_for_each(|value| self.write_str(value))?;
        self.end_list();
        Ok(())
    }
}
