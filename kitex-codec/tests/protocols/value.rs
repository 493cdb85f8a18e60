//! Any Thrift value, written and read by the types on the wire alone.

use kitex_codec::{
    Bytes, DecodeError, EncodeError, Limits, Message, Protocol, Str, ThriftReader, ThriftWriter, Type, Uuid,
};

/// A value. Doubles are compared by their bits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Double(u64),
    Text(String),
    /// What is no text.
    Raw(Vec<u8>),
    Uuid([u8; 16]),
    Struct(Fields),
    List(Type, Vec<Value>),
    Set(Type, Vec<Value>),
    Map(Type, Type, Vec<(Value, Value)>),
}

/// The fields of a struct in the order of the wire.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fields(pub(crate) Vec<(i16, Value)>);

pub(crate) fn double(value: f64) -> Value {
    Value::Double(value.to_bits())
}

pub(crate) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

pub(crate) fn list(element: Type, values: impl IntoIterator<Item = Value>) -> Value {
    Value::List(element, values.into_iter().collect())
}

pub(crate) fn set(element: Type, values: impl IntoIterator<Item = Value>) -> Value {
    Value::Set(element, values.into_iter().collect())
}

pub(crate) fn map(key: Type, value: Type, entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
    Value::Map(key, value, entries.into_iter().collect())
}

pub(crate) fn structure(fields: impl IntoIterator<Item = (i16, Value)>) -> Value {
    Value::Struct(fields_of(fields))
}

pub(crate) fn fields_of(fields: impl IntoIterator<Item = (i16, Value)>) -> Fields {
    Fields(fields.into_iter().collect())
}

impl Fields {
    pub(crate) fn bytes(&self, protocol: Protocol) -> Bytes {
        protocol.encode(self, &Limits::default()).unwrap().into_bytes()
    }
}

impl Value {
    pub(crate) fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::I8(_) => Type::I8,
            Self::I16(_) => Type::I16,
            Self::I32(_) => Type::I32,
            Self::I64(_) => Type::I64,
            Self::Double(_) => Type::Double,
            Self::Text(_) | Self::Raw(_) => Type::String,
            Self::Uuid(_) => Type::Uuid,
            Self::Struct(_) => Type::Struct,
            Self::List(..) => Type::List,
            Self::Set(..) => Type::Set,
            Self::Map(..) => Type::Map,
        }
    }

    pub(crate) fn write<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        match self {
            Self::Bool(value) => out.write_bool(*value),
            Self::I8(value) => out.write_i8(*value),
            Self::I16(value) => out.write_i16(*value),
            Self::I32(value) => out.write_i32(*value),
            Self::I64(value) => out.write_i64(*value),
            Self::Double(bits) => out.write_double(f64::from_bits(*bits)),
            Self::Text(value) => out.write_str(&Str::from(value))?,
            Self::Raw(value) => out.write_bytes(&Bytes::copy_from_slice(value))?,
            Self::Uuid(value) => out.write_uuid(&Uuid(*value)),
            Self::Struct(fields) => fields.encode(out)?,
            Self::List(element, values) => {
                out.begin_list(*element, values.len())?;
                values.iter().try_for_each(|value| value.write(out))?;
                out.end_list();
            }
            Self::Set(element, values) => {
                out.begin_set(*element, values.len())?;
                values.iter().try_for_each(|value| value.write(out))?;
                out.end_set();
            }
            Self::Map(key, value, entries) => {
                out.begin_map(*key, *value, entries.len())?;
                for (key, value) in entries {
                    key.write(out)?;
                    value.write(out)?;
                }
                out.end_map();
            }
        }
        Ok(())
    }

    pub(crate) fn read<R: ThriftReader>(from: &mut R, kind: Type) -> Result<Self, DecodeError> {
        Ok(match kind {
            Type::Bool => Self::Bool(from.read_bool()?),
            Type::I8 => Self::I8(from.read_i8()?),
            Type::I16 => Self::I16(from.read_i16()?),
            Type::I32 => Self::I32(from.read_i32()?),
            Type::I64 => Self::I64(from.read_i64()?),
            Type::Double => Self::Double(from.read_double()?.to_bits()),
            Type::String => Self::Text(from.read_str()?.into()),
            Type::Uuid => Self::Uuid(from.read_uuid()?.0),
            Type::Struct => Self::Struct(Fields::decode(from)?),
            Type::List => {
                let (element, count) = from.begin_list()?;
                let values = (0..count).map(|_| Self::read(from, element)).collect::<Result<_, _>>()?;
                from.end_list()?;
                Self::List(of(element, count), values)
            }
            Type::Set => {
                let (element, count) = from.begin_set()?;
                let values = (0..count).map(|_| Self::read(from, element)).collect::<Result<_, _>>()?;
                from.end_set()?;
                Self::Set(of(element, count), values)
            }
            Type::Map => {
                let (key, value, count) = from.begin_map()?;
                let entries = (0..count).map(|_| Ok((Self::read(from, key)?, Self::read(from, value)?)));
                let entries = entries.collect::<Result<_, _>>()?;
                from.end_map()?;
                Self::Map(of(key, count), of(value, count), entries)
            }
            Type::Stop | Type::Void => return Err(DecodeError::unexpected_end()),
        })
    }

    /// The same without the types of elements that are not there, which not every protocol tells.
    pub(crate) fn comparable(&self) -> Self {
        let all = |values: &[Self]| values.iter().map(Self::comparable).collect();
        match self {
            Self::Struct(fields) => Self::Struct(fields.comparable()),
            Self::List(element, values) => Self::List(of(*element, values.len()), all(values)),
            Self::Set(element, values) => Self::Set(of(*element, values.len()), all(values)),
            Self::Map(key, value, entries) => Self::Map(
                of(*key, entries.len()),
                of(*value, entries.len()),
                entries.iter().map(|(key, value)| (key.comparable(), value.comparable())).collect(),
            ),
            other => other.clone(),
        }
    }
}

impl Fields {
    pub(crate) fn comparable(&self) -> Self {
        Self(self.0.iter().map(|(id, value)| (*id, value.comparable())).collect())
    }
}

fn of(kind: Type, count: usize) -> Type {
    if count == 0 { Type::Void } else { kind }
}

impl Message for Fields {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        for (id, value) in &self.0 {
            out.write_field(value.kind(), *id);
            value.write(out)?;
        }
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut fields = Vec::new();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            fields.push((field.id, Value::read(from, field.kind)?));
        }
        Ok(Self(fields))
    }
}
