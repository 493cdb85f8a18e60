//! What generated code of Apache's refuses and ours does not, found by a walk that knows the IDL's types.

use std::marker::PhantomData;

use kitex_codec::{
    Bytes, DecodeError, DecodeReason, Limits, Message, Protocol, ThriftReader, ThriftWriter, Type,
};

use super::told;
use super::values::Same;

/// Why only ours reads something, or why both do not read the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A field that is known, or the elements of one, are of another type. Ours skips them.
    OtherType,
    /// Only the values of a map are: a key is read before that shows, and refused first if it is none.
    OtherValues,
    /// A union has no member. In a field ours takes it for absent; by itself both refuse it.
    NoMember,
    /// It has a member that nobody knows, or that is of another type. Ours keeps it.
    UnknownMember,
    /// A field that did not come has a default in the IDL, which Apache's code does not read: the values differ.
    OwnDefault,
    /// It has such members beside one that is known, which ours is.
    MoreMembers,
}

impl Class {
    /// Whether it is what an error says.
    pub(super) fn says(self, error: &DecodeError) -> bool {
        let words = match self {
            Self::OtherType => "is read as one of type",
            Self::OtherValues => return true,
            Self::OwnDefault => return false,
            Self::NoMember => "empty union",
            Self::UnknownMember | Self::MoreMembers => "multiple fields",
        };
        matches!(error.reason(), DecodeReason::Apache(_)) && told(error).contains(words)
    }
}

/// A type of the IDL.
#[derive(Debug)]
pub(super) enum Shape {
    Scalar(Type),
    Struct(&'static [(i16, Shape)]),
    /// The same, whose last field has a default of its own.
    WithDefault(&'static [(i16, Shape)]),
    Union(&'static [(i16, Shape)]),
    /// A struct that stands in itself.
    Named(&'static Shape),
    List(&'static Shape),
    Set(&'static Shape),
    Map(&'static Shape, &'static Shape),
}

pub(super) static LEAF: Shape =
    Shape::WithDefault(&[(1, Shape::Scalar(Type::String)), (2, Shape::Scalar(Type::I32))]);

pub(super) static FAULT: Shape = Shape::Struct(&[(1, Shape::Scalar(Type::String))]);

pub(super) static CHOICE: Shape = Shape::Union(&[
    (1, Shape::Scalar(Type::I32)),
    (2, Shape::Scalar(Type::String)),
    (3, Shape::Named(&LEAF)),
]);

pub(super) static TREE: Shape = Shape::Struct(&[
    (1, Shape::Scalar(Type::Bool)),
    (2, Shape::Scalar(Type::I8)),
    (3, Shape::Scalar(Type::I16)),
    (4, Shape::Scalar(Type::I32)),
    (5, Shape::Scalar(Type::I64)),
    (6, Shape::Scalar(Type::Double)),
    (7, Shape::Scalar(Type::String)),
    (8, Shape::Scalar(Type::String)),
    (9, Shape::Scalar(Type::I32)),
    (10, Shape::Named(&CHOICE)),
    (11, Shape::Named(&TREE)),
    (12, Shape::List(&TREE)),
    (13, Shape::Map(&Shape::Scalar(Type::String), &LEAF)),
    (14, Shape::Set(&Shape::Scalar(Type::Double))),
    (15, Shape::List(&Shape::Scalar(Type::Bool))),
    (16, Shape::List(&Shape::List(&Shape::Scalar(Type::I64)))),
    (17, Shape::Map(&LEAF, &Shape::List(&Shape::Scalar(Type::String)))),
    (40, Shape::Set(&Shape::Scalar(Type::I32))),
]);

impl Shape {
    fn kind(&self) -> Type {
        match self {
            Self::Scalar(kind) => *kind,
            Self::Named(shape) => shape.kind(),
            Self::Struct(_) | Self::WithDefault(_) | Self::Union(_) => Type::Struct,
            Self::List(_) => Type::List,
            Self::Set(_) => Type::Set,
            Self::Map(..) => Type::Map,
        }
    }
}

/// What is found in a struct. Errors if it is none.
pub(super) fn classes<T: Same>(
    protocol: Protocol,
    body: &Bytes,
    limits: &Limits,
) -> Result<Vec<Class>, DecodeError> {
    protocol.decode::<Found<T>>(body, limits).map(|found| found.0)
}

/// The fields of a struct that came.
#[derive(Debug, Default)]
struct Came {
    known: usize,
    others: usize,
    /// The last of the IDL is among them.
    last: bool,
}

/// What is found in a struct that is read for a `T`.
struct Found<T>(Vec<Class>, PhantomData<T>);

impl<T: Same> Message for Found<T> {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), kitex_codec::EncodeError> {
        out.begin_struct()?;
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut found = Self(Vec::new(), PhantomData);
        found.walk(from, T::SHAPE)?;
        Ok(found)
    }
}

impl<T> Found<T> {
    fn walk<R: ThriftReader>(&mut self, from: &mut R, shape: &Shape) -> Result<(), DecodeError> {
        match shape {
            Shape::Scalar(kind) => from.skip(*kind),
            Shape::Named(shape) => self.walk(from, shape),
            Shape::Struct(fields) => self.fields(from, fields).map(drop),
            Shape::WithDefault(fields) => {
                let came = self.fields(from, fields)?.last;
                self.0.extend((!came).then_some(Class::OwnDefault));
                Ok(())
            }
            Shape::Union(fields) => {
                let members = self.fields(from, fields)?;
                self.0.extend(match (members.known, members.others) {
                    (1, 0) => None,
                    (0, 0) => Some(Class::NoMember),
                    (0, _) => Some(Class::UnknownMember),
                    _ => Some(Class::MoreMembers),
                });
                Ok(())
            }
            Shape::List(element) => {
                let (found, count) = from.begin_list()?;
                self.elements(from, found, element, count)?;
                from.end_list()
            }
            Shape::Set(element) => {
                let (found, count) = from.begin_set()?;
                self.elements(from, found, element, count)?;
                from.end_set()
            }
            Shape::Map(key, value) => self.map(from, key, value),
        }
    }

    fn fields<R: ThriftReader>(
        &mut self,
        from: &mut R,
        fields: &[(i16, Shape)],
    ) -> Result<Came, DecodeError> {
        let mut came = Came::default();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            let shape = fields.iter().find(|(id, _)| *id == field.id).map(|(_, shape)| shape);
            match shape.filter(|shape| shape.kind() == field.kind) {
                Some(shape) => {
                    came.known += 1;
                    came.last |= fields.last().is_some_and(|(id, _)| *id == field.id);
                    self.walk(from, shape)?;
                }
                None => {
                    came.others += 1;
                    self.0.extend(shape.map(|_| Class::OtherType));
                    from.skip(field.kind)?;
                }
            }
        }
        Ok(came)
    }

    fn elements<R: ThriftReader>(
        &mut self,
        from: &mut R,
        found: Type,
        element: &Shape,
        count: usize,
    ) -> Result<(), DecodeError> {
        if count > 0 && found != element.kind() {
            self.0.push(Class::OtherType);
            return from.skip_elements(found, count);
        }
        (0..count).try_for_each(|_| self.walk(from, element))
    }

    fn map<R: ThriftReader>(&mut self, from: &mut R, key: &Shape, value: &Shape) -> Result<(), DecodeError> {
        let (found_key, found_value, count) = from.begin_map()?;
        if count > 0 && (found_key, found_value) != (key.kind(), value.kind()) {
            self.0.push(if found_key == key.kind() { Class::OtherValues } else { Class::OtherType });
            from.skip_entries(found_key, found_value, count)?;
        } else {
            for _ in 0..count {
                self.walk(from, key)?;
                self.walk(from, value)?;
            }
        }
        from.end_map()
    }
}
