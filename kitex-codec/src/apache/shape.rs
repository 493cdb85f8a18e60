//! Which type a value has by what was read before it.

use thrift::protocol::TType;

use crate::thrift::Field;
use crate::{DecodeError, Type};

/// What is open, and what comes next.
#[derive(Debug)]
pub(super) struct Shape {
    /// The outermost first.
    open: Vec<Open>,
    /// The type of the value whose header was read.
    next: Option<Type>,
}

#[derive(Debug)]
enum Open {
    Struct(Fields),
    Elements(Type),
    Entries { key: Type, value: Type, at_value: bool },
}

/// What a struct has held so far.
///
/// Generated code of a union panics if the only member is one that it does not know, and nothing tells a union from a struct.
/// It does refuse two members. So a lone field that was skipped is shown twice: a struct skips it again, a union refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fields {
    None,
    One(Field),
    Skipped(Field),
    /// It is shown again, and the struct has ended.
    Repeated,
    Many,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Outermost,
    Field,
    Element,
}

impl Shape {
    /// A struct comes.
    pub(super) fn new() -> Self {
        Self { open: Vec::new(), next: Some(Type::Struct) }
    }

    /// A field's header was read.
    pub(super) fn field(&mut self, field: Field) {
        self.next = Some(field.kind);
        if let Some(Open::Struct(fields)) = self.open.last_mut() {
            *fields = if *fields == Fields::None { Fields::One(field) } else { Fields::Many };
        }
    }

    /// The struct's end was read. The field that is to be shown again, if there is one.
    pub(super) fn end(&mut self) -> Option<Field> {
        let Some(Open::Struct(fields)) = self.open.last_mut() else { return None };
        let Fields::Skipped(field) = *fields else { return None };
        (*fields, self.next) = (Fields::Repeated, Some(field.kind));
        Some(field)
    }

    /// Whether the open struct has ended for the reader.
    pub(super) fn is_repeated(&self) -> bool {
        matches!(self.open.last(), Some(Open::Struct(Fields::Repeated)))
    }

    /// A value is about to be skipped; false if it was before.
    pub(super) fn skip(&mut self, kind: Type) -> Result<bool, DecodeError> {
        let place = self.value(kind)?;
        match self.open.last_mut() {
            Some(Open::Struct(Fields::Repeated)) => return Ok(false),
            Some(Open::Struct(fields)) if place == Place::Field => {
                if let Fields::One(field) = *fields {
                    *fields = Fields::Skipped(field);
                }
            }
            _ => {}
        }
        Ok(true)
    }

    /// A value of a type is about to be read. Errors if it is another's turn.
    pub(super) fn value(&mut self, kind: Type) -> Result<Place, DecodeError> {
        let (place, announced) = match (self.next.take(), self.open.last_mut()) {
            (Some(next), None) => (Place::Outermost, next),
            (Some(next), Some(_)) => (Place::Field, next),
            (None, Some(Open::Elements(element))) => (Place::Element, *element),
            (None, Some(Open::Entries { key, value, at_value })) => {
                *at_value = !*at_value;
                (Place::Element, if *at_value { *key } else { *value })
            }
            (None, _) => return Err(DecodeError::apache("a value is read where none stands")),
        };
        if announced != kind {
            let text = format!("a value of type {announced:?} is read as one of type {kind:?}");
            return Err(DecodeError::apache(text));
        }
        Ok(place)
    }

    pub(super) fn open_struct(&mut self) {
        self.open.push(Open::Struct(Fields::None));
    }

    pub(super) fn open_elements(&mut self, element: Type) {
        self.open.push(Open::Elements(element));
    }

    pub(super) fn open_entries(&mut self, key: Type, value: Type) {
        self.open.push(Open::Entries { key, value, at_value: false });
    }

    /// What was opened last has been read.
    pub(super) fn close(&mut self) {
        self.open.pop();
    }
}

/// Crate thrift's name of a type.
pub(super) fn to_apache(kind: Type) -> TType {
    match kind {
        Type::Stop => TType::Stop,
        Type::Void => TType::Void,
        Type::Bool => TType::Bool,
        Type::I8 => TType::I08,
        Type::Double => TType::Double,
        Type::I16 => TType::I16,
        Type::I32 => TType::I32,
        Type::I64 => TType::I64,
        Type::String => TType::String,
        Type::Struct => TType::Struct,
        Type::Map => TType::Map,
        Type::Set => TType::Set,
        Type::List => TType::List,
        Type::Uuid => TType::Uuid,
    }
}

/// The type of crate thrift's name, if values can have it.
pub(super) fn from_apache(kind: TType) -> Option<Type> {
    Some(match kind {
        TType::Stop | TType::Void | TType::Utf7 => return None,
        TType::Bool => Type::Bool,
        TType::I08 => Type::I8,
        TType::Double => Type::Double,
        TType::I16 => Type::I16,
        TType::I32 => Type::I32,
        TType::I64 => Type::I64,
        TType::String => Type::String,
        TType::Struct => Type::Struct,
        TType::Map => Type::Map,
        TType::Set => Type::Set,
        TType::List => Type::List,
        TType::Uuid => Type::Uuid,
    })
}
