//! The rival: structs with one field as the generated code of Apache's `thrift` crate writes and reads them.

use std::collections::BTreeMap;

use benches::bench::{Counts, Message, Numbers, Texts};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TFieldIdentifier, TInputProtocol, TListIdentifier,
    TMapIdentifier, TOutputProtocol, TSerializable, TStructIdentifier, TType,
};

/// A struct whose field 1 is a `T`. Its generator makes every field an `Option`.
pub(super) struct One<T>(pub(super) Option<T>);

pub(super) fn message(message: &Message) -> One<String> {
    One(Some(message.text.to_string()))
}

pub(super) fn numbers(numbers: &Numbers) -> One<Vec<i64>> {
    One(Some(numbers.values.clone()))
}

pub(super) fn texts(texts: &Texts) -> One<Vec<String>> {
    One(Some(texts.values.iter().map(|text| text.to_string()).collect()))
}

pub(super) fn counts(counts: &Counts) -> One<BTreeMap<String, i64>> {
    One(Some(counts.values.iter().map(|(key, value)| (key.to_string(), *value)).collect()))
}

/// Writes a value into memory that is there already.
pub(super) fn encode<T: TSerializable>(value: &T, buffer: &mut Vec<u8>) -> thrift::Result<()> {
    buffer.clear();
    value.write_to_out_protocol(&mut TBinaryOutputProtocol::new(buffer, true))
}

/// Reads a value.
pub(super) fn decode<T: TSerializable>(bytes: &[u8]) -> thrift::Result<T> {
    T::read_from_in_protocol(&mut TBinaryInputProtocol::new(bytes, true))
}

/// What its generator writes out for each type of a field.
pub(super) trait Field: Sized {
    const KIND: TType;
    fn write(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()>;
    fn read(from: &mut dyn TInputProtocol) -> thrift::Result<Self>;
}

impl<T: Field> TSerializable for One<T> {
    fn read_from_in_protocol(from: &mut dyn TInputProtocol) -> thrift::Result<Self> {
        from.read_struct_begin()?;
        let mut value = None;
        loop {
            let field = from.read_field_begin()?;
            if field.field_type == TType::Stop {
                break;
            }
            match field.id {
                Some(1) => value = Some(T::read(from)?),
                _ => from.skip(field.field_type)?,
            }
            from.read_field_end()?;
        }
        from.read_struct_end()?;
        Ok(Self(value))
    }

    fn write_to_out_protocol(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        out.write_struct_begin(&TStructIdentifier::new("One"))?;
        if let Some(value) = &self.0 {
            out.write_field_begin(&TFieldIdentifier::new("value", T::KIND, 1))?;
            value.write(out)?;
            out.write_field_end()?;
        }
        out.write_field_stop()?;
        out.write_struct_end()
    }
}

impl Field for i64 {
    const KIND: TType = TType::I64;

    fn write(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        out.write_i64(*self)
    }

    fn read(from: &mut dyn TInputProtocol) -> thrift::Result<Self> {
        from.read_i64()
    }
}

impl Field for String {
    const KIND: TType = TType::String;

    fn write(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        out.write_string(self)
    }

    fn read(from: &mut dyn TInputProtocol) -> thrift::Result<Self> {
        from.read_string()
    }
}

impl<T: Field> Field for Vec<T> {
    const KIND: TType = TType::List;

    fn write(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        out.write_list_begin(&TListIdentifier::new(T::KIND, self.len() as i32))?;
        for element in self {
            element.write(out)?;
        }
        out.write_list_end()
    }

    fn read(from: &mut dyn TInputProtocol) -> thrift::Result<Self> {
        let head = from.read_list_begin()?;
        let mut list = Self::with_capacity(head.size as usize);
        for _ in 0..head.size {
            list.push(T::read(from)?);
        }
        from.read_list_end()?;
        Ok(list)
    }
}

impl<K: Field + Ord, V: Field> Field for BTreeMap<K, V> {
    const KIND: TType = TType::Map;

    fn write(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        out.write_map_begin(&TMapIdentifier::new(K::KIND, V::KIND, self.len() as i32))?;
        for (key, value) in self {
            key.write(out)?;
            value.write(out)?;
        }
        out.write_map_end()
    }

    fn read(from: &mut dyn TInputProtocol) -> thrift::Result<Self> {
        let head = from.read_map_begin()?;
        let mut map = Self::new();
        for _ in 0..head.size {
            let key = K::read(from)?;
            map.insert(key, V::read(from)?);
        }
        from.read_map_end()?;
        Ok(map)
    }
}
