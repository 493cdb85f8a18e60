//! Thrift values: the types of the wire, the traits that messages are written to, and the Binary protocol.

mod binary;
mod envelope;
mod exception;
mod value;
mod walk;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use bytes::Bytes;

use crate::{DecodeError, EncodeError, Limits, Output, Segments, Str};

pub use binary::{BinaryReader, BinaryWriter, first_field};
pub use envelope::{Envelope, MessageType};
pub use exception::ApplicationException;
pub use value::{Double, Field, Type, UnknownField, Uuid};
pub use walk::{Walk, Walker};

/// A struct that can be written to and read from any Thrift protocol. Generated for every struct of an IDL.
pub trait Message: Sized {
    /// Writes the struct, its STOP included.
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError>;

    /// Reads the struct up to its STOP.
    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError>;
}

/// Encodes a struct in Thrift Binary. Errors if a limit does not allow it.
pub fn encode<M: Message>(message: &M, limits: &Limits) -> Result<Segments, EncodeError> {
    let mut output = Output::new();
    output.reserve_message();
    message.encode(&mut BinaryWriter::new(&mut output, limits))?;
    Ok(output.take_segments())
}

/// Decodes a struct from Thrift Binary. Bytes behind its STOP are ignored.
pub fn decode<M: Message>(bytes: &Bytes, limits: &Limits) -> Result<M, DecodeError> {
    M::decode(&mut BinaryReader::new(bytes, limits))
}

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
}

/// Reads Thrift values, charging a budget for what they take.
pub trait ThriftReader: Sized {
    /// Begins a struct. Errors if it nests too deep. [`read_field`](Self::read_field) ends it.
    fn begin_struct(&mut self) -> Result<(), DecodeError>;
    /// Reads the next field's header; `None` at the struct's end.
    fn read_field(&mut self) -> Result<Option<Field>, DecodeError>;
    /// Reads a bool: 1 is true, and any other byte is not.
    fn read_bool(&mut self) -> Result<bool, DecodeError>;
    /// Reads an i8.
    fn read_i8(&mut self) -> Result<i8, DecodeError>;
    /// Reads an i16.
    fn read_i16(&mut self) -> Result<i16, DecodeError>;
    /// Reads an i32.
    fn read_i32(&mut self) -> Result<i32, DecodeError>;
    /// Reads an i64.
    fn read_i64(&mut self) -> Result<i64, DecodeError>;
    /// Reads a double.
    fn read_double(&mut self) -> Result<f64, DecodeError>;
    /// Reads a uuid.
    fn read_uuid(&mut self) -> Result<Uuid, DecodeError>;
    /// Reads a string. Errors if it is not UTF-8.
    fn read_str(&mut self) -> Result<Str, DecodeError>;
    /// Reads a binary.
    fn read_bytes(&mut self) -> Result<Bytes, DecodeError>;
    /// Reads a list. `None` if it has elements of another type than `element`: they have been skipped.
    fn read_list<T>(
        &mut self,
        element: Type,
        read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError>;
    /// Reads a set. `None` as for a list; of equal elements one stays.
    fn read_set<T: Eq + Hash>(
        &mut self,
        element: Type,
        read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<HashSet<T>>, DecodeError>;
    /// Reads a map. `None` as for a list; of equal keys the last stays.
    fn read_map<K: Eq + Hash, V>(
        &mut self,
        key: Type,
        value: Type,
        read_key: impl FnMut(&mut Self) -> Result<K, DecodeError>,
        read_value: impl FnMut(&mut Self) -> Result<V, DecodeError>,
    ) -> Result<Option<HashMap<K, V>>, DecodeError>;
    /// Reads a set in order. `None` as for a list; of equal elements one stays.
    fn read_sorted_set<T: Ord>(
        &mut self,
        element: Type,
        read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<BTreeSet<T>>, DecodeError>;
    /// Reads a map in the order of its keys. `None` as for a list; of equal keys the last stays.
    fn read_sorted_map<K: Ord, V>(
        &mut self,
        key: Type,
        value: Type,
        read_key: impl FnMut(&mut Self) -> Result<K, DecodeError>,
        read_value: impl FnMut(&mut Self) -> Result<V, DecodeError>,
    ) -> Result<Option<BTreeMap<K, V>>, DecodeError>;
    /// Takes `bytes` off the budget, for memory that a value takes beside what reading it gives. Errors if the budget
    /// does not hold them.
    fn charge(&mut self, bytes: usize) -> Result<(), DecodeError>;
    /// Puts a value in a box, which is charged to the budget. Errors if that does not hold it.
    #[inline]
    fn boxed<T>(&mut self, value: T) -> Result<Box<T>, DecodeError> {
        self.charge(size_of::<T>())?;
        Ok(Box::new(value))
    }
    /// Skips a value.
    fn skip(&mut self, kind: Type) -> Result<(), DecodeError>;
    /// Reads a value as it stands, to write it again later.
    fn read_unknown(&mut self, field: Field) -> Result<UnknownField, DecodeError>;
}
