//! What generated code reads from, over a reader.

use thrift::protocol::{
    TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TMessageIdentifier, TSetIdentifier,
    TStructIdentifier, TType,
};
use thrift::{ProtocolError, ProtocolErrorKind};

use super::shape::{Place, Shape, from_apache, to_apache};
use super::told;
use crate::thrift::heap;
use crate::{DecodeError, DecodeReason, ThriftReader, Type};

/// A reader with what generated code leaves out: it reads by ids, whatever the types, and takes memory by counts.
pub(super) struct Input<'a, R> {
    from: &'a mut R,
    shape: Shape,
    /// Bytes that a struct takes in memory, at most.
    structure: usize,
    /// What the reader has found. Crate thrift's errors are text.
    failed: Option<DecodeError>,
}

impl<'a, R: ThriftReader> Input<'a, R> {
    pub(super) fn new(from: &'a mut R, structure: usize) -> Self {
        Self { from, shape: Shape::new(), structure, failed: None }
    }

    /// The value, unless something was wrong.
    pub(super) fn end<T>(self, read: thrift::Result<T>) -> Result<T, DecodeError> {
        match (self.failed, read) {
            (Some(error), _) => Err(error),
            (None, Ok(value)) => Ok(value),
            (None, Err(error)) => Err(DecodeError::apache(told(error))),
        }
    }

    fn held<T>(&mut self, read: Result<T, DecodeError>) -> thrift::Result<T> {
        read.map_err(|error| {
            let kind = match error.reason() {
                DecodeReason::Limit { .. } => ProtocolErrorKind::SizeLimit,
                _ => ProtocolErrorKind::InvalidData,
            };
            let text = error.to_string();
            self.failed.get_or_insert(error);
            ProtocolError::new(kind, text).into()
        })
    }

    fn value<T>(
        &mut self,
        kind: Type,
        read: impl FnOnce(&mut R) -> Result<T, DecodeError>,
    ) -> thrift::Result<T> {
        let read = self.shape.value(kind).and_then(|_| read(self.from));
        self.held(read)
    }

    fn structure(&mut self) -> Result<(), DecodeError> {
        if self.shape.value(Type::Struct)? == Place::Field {
            // It may be in a box.
            self.from.charge(self.structure)?;
        }
        self.from.begin_struct()?;
        self.shape.open_struct();
        Ok(())
    }

    fn field(&mut self) -> Result<TFieldIdentifier, DecodeError> {
        let read = if self.shape.is_repeated() { None } else { self.from.read_field()? };
        let field = match read {
            Some(field) => {
                self.shape.field(field);
                field
            }
            None => match self.shape.end() {
                Some(field) => field,
                None => return Ok(TFieldIdentifier { name: None, field_type: TType::Stop, id: None }),
            },
        };
        Ok(TFieldIdentifier { name: None, field_type: to_apache(field.kind), id: Some(field.id) })
    }

    fn list(&mut self) -> Result<TListIdentifier, DecodeError> {
        self.shape.value(Type::List)?;
        let (element, count) = self.from.begin_list()?;
        self.from.charge(count.saturating_mul(self.memory(element)))?;
        self.shape.open_elements(element);
        Ok(TListIdentifier::new(to_apache(element), size(count)?))
    }

    fn set(&mut self) -> Result<TSetIdentifier, DecodeError> {
        self.shape.value(Type::Set)?;
        let (element, count) = self.from.begin_set()?;
        self.from.charge(heap::tree_of(self.memory(element), count))?;
        self.shape.open_elements(element);
        Ok(TSetIdentifier::new(to_apache(element), size(count)?))
    }

    fn map(&mut self) -> Result<TMapIdentifier, DecodeError> {
        self.shape.value(Type::Map)?;
        let (key, value, count) = self.from.begin_map()?;
        self.from.charge(heap::tree_of(self.memory(key).saturating_add(self.memory(value)), count))?;
        self.shape.open_entries(key, value);
        Ok(TMapIdentifier::new(to_apache(key), to_apache(value), size(count)?))
    }

    /// What a value of a type takes where it stands among others, at most.
    fn memory(&self, kind: Type) -> usize {
        match kind {
            Type::Stop | Type::Void => 0,
            Type::Bool | Type::I8 => 1,
            Type::I16 => 2,
            Type::I32 => 4,
            Type::I64 | Type::Double => 8,
            Type::Uuid => 16,
            Type::String | Type::Map | Type::Set | Type::List => size_of::<Vec<u8>>(),
            // It may be in a box, and that box in the list.
            Type::Struct => self.structure.saturating_add(size_of::<Box<u8>>()),
        }
    }
}

/// A count as crate thrift has it.
fn size(count: usize) -> Result<i32, DecodeError> {
    let most = i32::MAX as usize;
    i32::try_from(count).map_err(|_| DecodeError::limit("elements of crate thrift's containers", count, most))
}

/// For parts of the protocol that stand around a struct.
fn no_message<T>() -> thrift::Result<T> {
    Err(ProtocolError::new(ProtocolErrorKind::NotImplemented, "a struct is read here, not a message").into())
}

impl<R: ThriftReader> TInputProtocol for Input<'_, R> {
    fn read_message_begin(&mut self) -> thrift::Result<TMessageIdentifier> {
        no_message()
    }

    fn read_message_end(&mut self) -> thrift::Result<()> {
        no_message()
    }

    fn read_struct_begin(&mut self) -> thrift::Result<Option<TStructIdentifier>> {
        let read = self.structure().map(|()| None);
        self.held(read)
    }

    fn read_struct_end(&mut self) -> thrift::Result<()> {
        self.shape.close();
        Ok(())
    }

    fn read_field_begin(&mut self) -> thrift::Result<TFieldIdentifier> {
        let read = self.field();
        self.held(read)
    }

    fn read_field_end(&mut self) -> thrift::Result<()> {
        Ok(())
    }

    fn read_bool(&mut self) -> thrift::Result<bool> {
        self.value(Type::Bool, R::read_bool)
    }

    fn read_bytes(&mut self) -> thrift::Result<Vec<u8>> {
        self.value(Type::String, R::read_bytes).map(Vec::from)
    }

    fn read_i8(&mut self) -> thrift::Result<i8> {
        self.value(Type::I8, R::read_i8)
    }

    fn read_i16(&mut self) -> thrift::Result<i16> {
        self.value(Type::I16, R::read_i16)
    }

    fn read_i32(&mut self) -> thrift::Result<i32> {
        self.value(Type::I32, R::read_i32)
    }

    fn read_i64(&mut self) -> thrift::Result<i64> {
        self.value(Type::I64, R::read_i64)
    }

    fn read_double(&mut self) -> thrift::Result<f64> {
        self.value(Type::Double, R::read_double)
    }

    fn read_uuid(&mut self) -> thrift::Result<uuid::Uuid> {
        self.value(Type::Uuid, R::read_uuid).map(|id| uuid::Uuid::from_bytes(id.0))
    }

    fn read_string(&mut self) -> thrift::Result<String> {
        self.value(Type::String, R::read_str).map(|text| text.as_str().to_owned())
    }

    fn read_list_begin(&mut self) -> thrift::Result<TListIdentifier> {
        let read = self.list();
        self.held(read)
    }

    fn read_list_end(&mut self) -> thrift::Result<()> {
        self.shape.close();
        let read = self.from.end_list();
        self.held(read)
    }

    fn read_set_begin(&mut self) -> thrift::Result<TSetIdentifier> {
        let read = self.set();
        self.held(read)
    }

    fn read_set_end(&mut self) -> thrift::Result<()> {
        self.shape.close();
        let read = self.from.end_set();
        self.held(read)
    }

    fn read_map_begin(&mut self) -> thrift::Result<TMapIdentifier> {
        let read = self.map();
        self.held(read)
    }

    fn read_map_end(&mut self) -> thrift::Result<()> {
        self.shape.close();
        let read = self.from.end_map();
        self.held(read)
    }

    /// The reader counts the levels itself, and keeps no stack of ours for them.
    fn skip_till_depth(&mut self, kind: TType, _: i8) -> thrift::Result<()> {
        let Some(kind) = from_apache(kind) else {
            return self.held(Err(DecodeError::apache("a value without a type is skipped")));
        };
        let skipped = match self.shape.skip(kind) {
            Ok(true) => self.from.skip(kind),
            skipped => skipped.map(drop),
        };
        self.held(skipped)
    }

    fn skip_binary(&mut self) -> thrift::Result<()> {
        self.skip(TType::String)
    }

    fn read_byte(&mut self) -> thrift::Result<u8> {
        self.read_i8().map(i8::cast_unsigned)
    }
}
