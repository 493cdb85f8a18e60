//! A struct with a field of every type, read as generated code reads one.

use std::collections::{HashMap, HashSet};

use kitex_codec::{
    Bytes, DecodeError, EncodeError, Message, Str, ThriftReader, ThriftWriter, Type, UnknownField, Uuid,
    only_member,
};

/// Every type once; of the fields only 12 is required.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sample {
    pub(crate) flag: bool,
    pub(crate) tiny: i8,
    pub(crate) short: i16,
    pub(crate) number: i32,
    pub(crate) long: i64,
    pub(crate) double: f64,
    pub(crate) text: Str,
    pub(crate) raw: Bytes,
    pub(crate) list: Vec<i32>,
    pub(crate) set: HashSet<bool>,
    pub(crate) map: HashMap<Str, i16>,
    pub(crate) id: Uuid,
    pub(crate) choice: Option<Choice>,
    pub(crate) next: Option<Box<Sample>>,
}

/// A union of two.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Choice {
    Number(i32),
    Text(Str),
    Unknown(UnknownField),
}

impl Message for Sample {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        out.write_bool_field(1, self.flag);
        out.write_i8_field(2, self.tiny);
        out.write_i16_field(3, self.short);
        out.write_i32_field(4, self.number);
        out.write_i64_field(5, self.long);
        out.write_double_field(6, self.double);
        out.write_str_field(7, &self.text)?;
        out.write_bytes_field(8, &self.raw)?;
        out.write_field(Type::List, 9);
        out.write_i32_list(&self.list)?;
        out.write_field(Type::Set, 10);
        out.begin_set(Type::Bool, self.set.len())?;
        self.set.iter().for_each(|element| out.write_bool(*element));
        out.end_set();
        out.write_field(Type::Map, 11);
        out.begin_map(Type::String, Type::I16, self.map.len())?;
        for (key, value) in &self.map {
            out.write_str(key)?;
            out.write_i16(*value);
        }
        out.end_map();
        out.write_uuid_field(12, &self.id);
        if let Some(choice) = &self.choice {
            out.write_union_field(300, choice)?;
        }
        if let Some(next) = &self.next {
            out.write_field(Type::Struct, 14);
            next.encode(out)?;
        }
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut sample = Self::default();
        let mut id = None;
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match (field.id, field.kind) {
                (1, Type::Bool) => sample.flag = from.read_bool()?,
                (2, Type::I8) => sample.tiny = from.read_i8()?,
                (3, Type::I16) => sample.short = from.read_i16()?,
                (4, Type::I32) => sample.number = from.read_i32()?,
                (5, Type::I64) => sample.long = from.read_i64()?,
                (6, Type::Double) => sample.double = from.read_double()?,
                (7, Type::String) => sample.text = from.read_str()?,
                (8, Type::String) => sample.raw = from.read_bytes()?,
                (9, Type::List) => sample.list = from.read_i32_list()?.unwrap_or(sample.list),
                (10, Type::Set) => {
                    sample.set = from.read_set(Type::Bool, R::read_bool)?.unwrap_or(sample.set);
                }
                (11, Type::Map) => {
                    let map = from.read_map(Type::String, Type::I16, R::read_str, R::read_i16)?;
                    sample.map = map.unwrap_or(sample.map);
                }
                (12, Type::Uuid) => id = Some(from.read_uuid()?),
                (300, Type::Struct) => sample.choice = from.read_union()?.or(sample.choice),
                (14, Type::Struct) => sample.next = Some(Box::new(Sample::decode(from)?)),
                (_, kind) => from.skip(kind)?,
            }
        }
        sample.id = id.ok_or_else(|| DecodeError::missing_field("Sample", "id", 12))?;
        Ok(sample)
    }
}

impl Message for Choice {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        match self {
            Self::Number(value) => out.write_i32_field(1, *value),
            Self::Text(value) => out.write_str_field(2, value)?,
            Self::Unknown(field) => out.write_unknown(field),
        }
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut member = None;
        let mut unknown = UnknownField::none();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            let read = match (field.id, field.kind) {
                (1, Type::I32) => Some(Self::Number(from.read_i32()?)),
                (2, Type::String) => Some(Self::Text(from.read_str()?)),
                _ => {
                    unknown = from.read_unknown(field)?;
                    None
                }
            };
            member = only_member(member, read, "Choice")?;
        }
        Ok(member.unwrap_or(Self::Unknown(unknown)))
    }

    fn empty_union(&self) -> Option<&'static str> {
        match self {
            Self::Unknown(field) => field.is_none().then_some("Choice"),
            _ => None,
        }
    }
}

/// A sample with something in every field.
pub(crate) fn sample() -> Sample {
    Sample {
        flag: true,
        tiny: -8,
        short: -300,
        number: 1 << 20,
        long: -1 << 40,
        double: 0.1,
        text: "with \"quotes\" and é".into(),
        raw: Bytes::from_static(b"\xff\0\x80 and more"),
        list: (0..20).collect(),
        set: [true, false].into(),
        map: [("a".into(), 1), ("b".into(), -2)].into(),
        id: Uuid([9; 16]),
        choice: Some(Choice::Text("x".into())),
        next: Some(Box::new(Sample { choice: Some(Choice::Number(7)), ..Sample::default() })),
    }
}
