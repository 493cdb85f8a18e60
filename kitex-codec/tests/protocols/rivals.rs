//! Held against Apache's `thrift` and against `pilota`: what they and this crate accept is the same value.
//!
//! What only one side accepts is not held against either. Bools of Binary are the one value that is read otherwise:
//! 2 and above are false here, as they are for Kitex, and true there; so they are read as numbers there. Of
//! Compact, pilota takes up the id before a nested struct only where a length is asked for, so one is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kitex_codec::{Bytes, Protocol, Type};
use pilota::thrift::binary::TBinaryProtocol;
use pilota::thrift::compact;
use proptest::prelude::*;
use thrift::protocol::{TBinaryInputProtocol, TCompactInputProtocol};

use crate::limits;
use crate::round_trip::fields;
use crate::value::{Fields, Value};

/// Levels that are read of what rivals give without a limit.
const DEEPEST: usize = 64;

/// The calls by which a rival reads any value.
trait Rival {
    fn begin_struct(&mut self) -> Option<()>;
    fn field(&mut self) -> Option<Option<(i16, Type)>>;
    fn end_struct(&mut self) -> Option<()>;
    fn list(&mut self) -> Option<(Type, usize)>;
    fn set(&mut self) -> Option<(Type, usize)>;
    fn map(&mut self) -> Option<(Type, Type, usize)>;
    fn scalar(&mut self, kind: Type) -> Option<Value>;
}

fn read_fields(from: &mut impl Rival, depth: usize) -> Option<Fields> {
    let mut fields = Vec::new();
    from.begin_struct()?;
    while let Some((id, kind)) = from.field()? {
        fields.push((id, read_value(from, kind, depth + 1)?));
    }
    from.end_struct()?;
    Some(Fields(fields))
}

fn read_value(from: &mut impl Rival, kind: Type, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    Some(match kind {
        Type::Struct => Value::Struct(read_fields(from, depth)?),
        Type::List => {
            let (element, count) = from.list()?;
            Value::List(element, read_values(from, element, count, depth)?)
        }
        Type::Set => {
            let (element, count) = from.set()?;
            Value::Set(element, read_values(from, element, count, depth)?)
        }
        Type::Map => {
            let (key, value, count) = from.map()?;
            let mut entries = Vec::new();
            for _ in 0..count {
                entries.push((read_value(from, key, depth + 1)?, read_value(from, value, depth + 1)?));
            }
            Value::Map(key, value, entries)
        }
        Type::Stop | Type::Void => return None,
        scalar => from.scalar(scalar)?,
    })
}

fn read_values(from: &mut impl Rival, element: Type, count: usize, depth: usize) -> Option<Vec<Value>> {
    (0..count).map(|_| read_value(from, element, depth + 1)).collect()
}

/// A rival's protocol, and whether it is Binary.
struct Apache<P>(P, bool);
struct Pilota<P>(P, bool);

fn count(size: i64) -> Option<usize> {
    // A rival's negative count may have become one that no input can hold.
    usize::try_from(size).ok().filter(|count| *count < 1 << 20)
}

macro_rules! rival {
    ($name:ident, $protocol:path, |$uuid:ident| $sixteen:expr) => {
        impl<P: $protocol> Rival for $name<P> {
            fn begin_struct(&mut self) -> Option<()> {
                self.0.read_struct_begin().ok().map(drop)
            }

            fn field(&mut self) -> Option<Option<(i16, Type)>> {
                let field = self.0.read_field_begin().ok()?;
                match Self::kind(field.field_type)? {
                    Type::Stop => Some(None),
                    kind => Some(Some((field.id?, kind))),
                }
            }

            fn end_struct(&mut self) -> Option<()> {
                self.0.read_struct_end().ok()?;
                Self::restore(&mut self.0);
                Some(())
            }

            fn list(&mut self) -> Option<(Type, usize)> {
                let head = self.0.read_list_begin().ok()?;
                Some((Self::kind(head.element_type)?, count(head.size as i64)?))
            }

            fn set(&mut self) -> Option<(Type, usize)> {
                let head = self.0.read_set_begin().ok()?;
                Some((Self::kind(head.element_type)?, count(head.size as i64)?))
            }

            fn map(&mut self) -> Option<(Type, Type, usize)> {
                let head = self.0.read_map_begin().ok()?;
                let [key, value] = Self::kinds(&head);
                Some((key?, value?, count(head.size as i64)?))
            }

            fn scalar(&mut self, kind: Type) -> Option<Value> {
                Some(match kind {
                    Type::Bool if self.1 => Value::Bool(self.0.read_i8().ok()? == 1),
                    Type::Bool => Value::Bool(self.0.read_bool().ok()?),
                    Type::I8 => Value::I8(self.0.read_i8().ok()?),
                    Type::I16 => Value::I16(self.0.read_i16().ok()?),
                    Type::I32 => Value::I32(self.0.read_i32().ok()?),
                    Type::I64 => Value::I64(self.0.read_i64().ok()?),
                    Type::Double => Value::Double(self.0.read_double().ok()?.to_bits()),
                    Type::Uuid => {
                        let $uuid = self.0.read_uuid().ok()?;
                        Value::Uuid($sixteen)
                    }
                    _ => Value::Text(String::from_utf8(self.0.read_bytes().ok()?.into()).ok()?),
                })
            }
        }
    };
}

rival!(Apache, thrift::protocol::TInputProtocol, |uuid| uuid.into_bytes());
rival!(Pilota, pilota::thrift::TInputProtocol, |uuid| uuid);

impl<P> Apache<P> {
    fn restore(_: &mut P) {}

    fn kind(kind: thrift::protocol::TType) -> Option<Type> {
        use thrift::protocol::TType;
        Some(match kind {
            TType::Stop => Type::Stop,
            TType::Void => Type::Void,
            TType::Bool => Type::Bool,
            TType::I08 => Type::I8,
            TType::I16 => Type::I16,
            TType::I32 => Type::I32,
            TType::I64 => Type::I64,
            TType::Double => Type::Double,
            TType::String => Type::String,
            TType::Struct => Type::Struct,
            TType::Map => Type::Map,
            TType::Set => Type::Set,
            TType::List => Type::List,
            TType::Uuid => Type::Uuid,
            TType::Utf7 => return None,
        })
    }

    /// An empty map of Compact has no types.
    fn kinds(head: &thrift::protocol::TMapIdentifier) -> [Option<Type>; 2] {
        [head.key_type, head.value_type].map(|kind| kind.map_or(Some(Type::Void), Self::kind))
    }
}

impl<P: pilota::thrift::TInputProtocol> Pilota<P> {
    fn restore(from: &mut P) {
        from.struct_end_len();
    }

    fn kind(kind: pilota::thrift::TType) -> Option<Type> {
        Type::from_byte(kind as u8).ok()
    }

    fn kinds(head: &pilota::thrift::TMapIdentifier) -> [Option<Type>; 2] {
        [head.key_type, head.value_type].map(Self::kind)
    }
}

/// What each rival reads; `None` if it refuses the bytes, or panics on them.
fn by_rivals(protocol: Protocol, bytes: &[u8]) -> [(&'static str, Option<Fields>); 2] {
    let quiet = |read: &dyn Fn() -> Option<Fields>| catch_unwind(AssertUnwindSafe(read)).ok().flatten();
    let binary = protocol == Protocol::Binary;
    let apache = quiet(&|| match binary {
        true => read_fields(&mut Apache(TBinaryInputProtocol::new(bytes, true), true), 0),
        false => read_fields(&mut Apache(TCompactInputProtocol::new(bytes), false), 0),
    });
    let pilota = quiet(&|| {
        let mut bytes = Bytes::copy_from_slice(bytes);
        match binary {
            true => read_fields(&mut Pilota(TBinaryProtocol::new(&mut bytes, false), true), 0),
            false => read_fields(&mut Pilota(compact::TCompactInputProtocol::new(&mut bytes), false), 0),
        }
    });
    [("thrift", apache), ("pilota", pilota)]
}

/// Holds what this crate reads against what the rivals do; gives how many have accepted it with it.
fn agree(protocol: Protocol, bytes: &[u8]) -> usize {
    let Ok(ours) = protocol.decode::<Fields>(&Bytes::copy_from_slice(bytes), &limits()) else { return 0 };
    let theirs = by_rivals(protocol, bytes).into_iter().filter_map(|(name, read)| Some((name, read?)));
    let same =
        theirs.map(|(name, read)| assert_eq!(read.comparable(), ours, "{name}, {protocol:?}, {bytes:02x?}"));
    same.count()
}

proptest! {
    #[test]
    fn rivals_read_what_is_written(fields in fields(false)) {
        for protocol in [Protocol::Binary, Protocol::Compact] {
            prop_assert_eq!(agree(protocol, &fields.bytes(protocol)), 2);
        }
    }

    #[test]
    fn rivals_read_the_same_of_what_was_damaged(
        fields in fields(false),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
    ) {
        for protocol in [Protocol::Binary, Protocol::Compact] {
            let mut bytes = fields.bytes(protocol).to_vec();
            for (at, bit) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            agree(protocol, &bytes);
        }
    }

    #[test]
    fn rivals_read_the_same_of_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        for protocol in [Protocol::Binary, Protocol::Compact] {
            agree(protocol, &bytes);
        }
    }
}
