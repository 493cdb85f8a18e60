//! A rival: structs as the generated code of Apache's `thrift` crate holds, writes and reads them.

use std::collections::BTreeMap;

use benches::bench;
use benches::bench::{Counts, Message, Numbers, Texts};
use thrift::OrderedFloat;
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TOutputProtocol, TSerializable,
    TStructIdentifier, TType,
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

/// Writes a value in Compact into memory that is there already.
pub(super) fn encode_compact<T: TSerializable>(value: &T, buffer: &mut Vec<u8>) -> thrift::Result<()> {
    buffer.clear();
    value.write_to_out_protocol(&mut TCompactOutputProtocol::new(buffer))
}

/// Reads a value in Compact.
pub(super) fn decode_compact<T: TSerializable>(bytes: &[u8]) -> thrift::Result<T> {
    T::read_from_in_protocol(&mut TCompactInputProtocol::new(bytes))
}

/// A struct as its generator makes one: every field an `Option`, read by its id and written if it is there.
macro_rules! structure {
    ($name:ident { $($id:literal: $field:ident: $kind:ty,)* }) => {
        pub(super) struct $name {
            $($field: Option<$kind>,)*
        }

        impl TSerializable for $name {
            fn read_from_in_protocol(from: &mut dyn TInputProtocol) -> thrift::Result<Self> {
                from.read_struct_begin()?;
                $(let mut $field = None;)*
                loop {
                    let field = from.read_field_begin()?;
                    if field.field_type == TType::Stop {
                        break;
                    }
                    match field.id {
                        $(Some($id) => $field = Some(Field::read(from)?),)*
                        _ => from.skip(field.field_type)?,
                    }
                    from.read_field_end()?;
                }
                from.read_struct_end()?;
                Ok(Self { $($field,)* })
            }

            fn write_to_out_protocol(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
                out.write_struct_begin(&TStructIdentifier::new(stringify!($name)))?;
                $(if let Some(value) = &self.$field {
                    let head = TFieldIdentifier::new(stringify!($field), <$kind as Field>::KIND, $id);
                    out.write_field_begin(&head)?;
                    value.write(out)?;
                    out.write_field_end()?;
                })*
                out.write_field_stop()?;
                out.write_struct_end()
            }
        }

        impl Field for $name {
            const KIND: TType = TType::Struct;

            fn write(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
                self.write_to_out_protocol(out)
            }

            fn read(from: &mut dyn TInputProtocol) -> thrift::Result<Self> {
                Self::read_from_in_protocol(from)
            }
        }
    };
}

structure!(Mixed {
    1: flag: bool,
    2: tiny: i8,
    3: small: i16,
    4: number: i32,
    5: id: i64,
    6: ratio: OrderedFloat<f64>,
    7: name: String,
    8: title: String,
    9: city: String,
    10: country: String,
    11: currency: String,
    12: state: String,
    13: description: String,
    14: digest: Vec<u8>,
    15: times: Vec<i64>,
    16: tags: Vec<String>,
    17: comment: String,
    18: kind: i32,
});

structure!(Nested { 1: id: i64, 2: owner: Owner, 3: parts: Vec<Part>, });

structure!(Owner { 1: id: i64, 2: name: String, 3: address: String, 4: place: Point, });

structure!(Part {
    1: id: i64,
    2: name: String,
    3: kind: i32,
    4: place: Point,
    5: counts: Vec<i32>,
    6: maker: Owner,
});

structure!(Point { 1: x: OrderedFloat<f64>, 2: y: OrderedFloat<f64>, });

pub(super) fn mixed(value: &bench::Mixed) -> Mixed {
    Mixed {
        flag: Some(value.flag),
        tiny: Some(value.tiny),
        small: Some(value.small),
        number: Some(value.number),
        id: Some(value.id),
        ratio: Some(value.ratio.into()),
        name: Some(value.name.to_string()),
        title: Some(value.title.to_string()),
        city: Some(value.city.to_string()),
        country: Some(value.country.to_string()),
        currency: Some(value.currency.to_string()),
        state: Some(value.state.to_string()),
        description: Some(value.description.to_string()),
        digest: Some(value.digest.to_vec()),
        times: Some(value.times.clone()),
        tags: Some(value.tags.iter().map(|tag| tag.to_string()).collect()),
        comment: value.comment.as_ref().map(|comment| comment.to_string()),
        kind: Some(value.kind.into()),
    }
}

pub(super) fn nested(value: &bench::Nested) -> Nested {
    let parts = value.parts.iter().map(part).collect();
    Nested { id: Some(value.id), owner: Some(owner(&value.owner)), parts: Some(parts) }
}

fn owner(value: &bench::Owner) -> Owner {
    Owner {
        id: Some(value.id),
        name: Some(value.name.to_string()),
        address: Some(value.address.to_string()),
        place: Some(point(&value.place)),
    }
}

fn part(value: &bench::Part) -> Part {
    Part {
        id: Some(value.id),
        name: Some(value.name.to_string()),
        kind: Some(value.kind.into()),
        place: Some(point(&value.place)),
        counts: Some(value.counts.clone()),
        maker: value.maker.as_ref().map(owner),
    }
}

fn point(value: &bench::Point) -> Point {
    Point { x: Some(value.x.into()), y: Some(value.y.into()) }
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

/// A type that is written and read by a pair of methods.
macro_rules! scalar {
    ($($type:ty, $kind:ident, $write:ident, $read:ident;)*) => {$(
        impl Field for $type {
            const KIND: TType = TType::$kind;

            fn write(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
                out.$write(*self)
            }

            fn read(from: &mut dyn TInputProtocol) -> thrift::Result<Self> {
                from.$read()
            }
        }
    )*};
}

scalar! {
    bool, Bool, write_bool, read_bool;
    i8, I08, write_i8, read_i8;
    i16, I16, write_i16, read_i16;
    i32, I32, write_i32, read_i32;
    i64, I64, write_i64, read_i64;
}

impl Field for OrderedFloat<f64> {
    const KIND: TType = TType::Double;

    fn write(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        out.write_double(self.0)
    }

    fn read(from: &mut dyn TInputProtocol) -> thrift::Result<Self> {
        from.read_double().map(OrderedFloat)
    }
}

impl Field for Vec<u8> {
    const KIND: TType = TType::String;

    fn write(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        out.write_bytes(self)
    }

    fn read(from: &mut dyn TInputProtocol) -> thrift::Result<Self> {
        from.read_bytes()
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
