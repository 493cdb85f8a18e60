//! Any value by the calls of crate `thrift` and of `pilota`.
//!
//! Both believe what they are told: a length is held to what is there by a setting of `thrift`, a count is refused here if no
//! input could hold it, depth ends at a bound of these readers, and where `pilota` takes bytes that are not there it panics,
//! which is a refusal. Of Compact it takes up the id before a nested struct only where a length is asked for, so one is.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kitex_codec::{Bytes, Protocol, Type};
use pilota::thrift::binary::TBinaryProtocol;
use pilota::thrift::compact;
use thrift::TConfiguration;
use thrift::protocol::{TBinaryInputProtocol, TCompactInputProtocol, TInputProtocol};

use super::Read;
use super::reference::DEEPEST;
use crate::value::{Fields, Value};

thread_local! {
    /// A rival reads: its panics are answers.
    static READS: Cell<bool> = const { Cell::new(false) };
}

/// Whether a rival reads on this thread, so that a panic is a refusal and nobody is to be told.
#[allow(dead_code, reason = "only who has a hook of its own for panics asks")]
pub(crate) fn a_rival_reads() -> bool {
    READS.get()
}

pub(super) fn by_apache(protocol: Protocol, bytes: &[u8]) -> Read {
    caught(|| {
        let mut rest = bytes;
        // A string's memory is taken before its bytes are seen.
        let bounds = TConfiguration::builder().max_string_size(Some(bytes.len())).build().ok()?;
        let fields = match protocol {
            Protocol::Compact => read(Apache(TCompactInputProtocol::with_config(&mut rest, bounds))),
            _ => read(Apache(TBinaryInputProtocol::with_config(&mut rest, true, bounds))),
        };
        Some((fields?, rest.len()))
    })
}

pub(super) fn by_pilota(protocol: Protocol, bytes: &[u8]) -> Read {
    caught(|| {
        let mut rest = Bytes::copy_from_slice(bytes);
        let fields = match protocol {
            Protocol::Compact => read(Pilota(compact::TCompactInputProtocol::new(&mut rest))),
            _ => read(Pilota(TBinaryProtocol::new(&mut rest, false))),
        };
        Some((fields?, rest.len()))
    })
}

/// Nothing is read by what panics.
pub(super) fn caught<T>(read: impl FnOnce() -> Option<T>) -> Option<T> {
    READS.set(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    READS.set(false);
    read.ok().flatten()
}

fn read(mut from: impl Rival) -> Option<Fields> {
    read_fields(&mut from, 0).map(|fields| fields.comparable())
}

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
    if depth > DEEPEST + 1 {
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

struct Apache<P>(P);
struct Pilota<P>(P);

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
                    _ => Self::text(&mut self.0)?,
                })
            }
        }
    };
}

rival!(Apache, thrift::protocol::TInputProtocol, |uuid| uuid.into_bytes());
rival!(Pilota, pilota::thrift::TInputProtocol, |uuid| uuid);

impl<P: TInputProtocol> Apache<P> {
    fn restore(_: &mut P) {}

    fn text(from: &mut P) -> Option<Value> {
        from.read_string().ok().map(Value::Text)
    }

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

    /// Its strings are not held to be text, which a `String` has to be.
    fn text(from: &mut P) -> Option<Value> {
        let bytes = from.read_bytes().ok()?.to_vec();
        Some(String::from_utf8(bytes).map_or_else(|error| Value::Raw(error.into_bytes()), Value::Text))
    }

    fn kind(kind: pilota::thrift::TType) -> Option<Type> {
        Type::from_byte(kind as u8).ok()
    }

    fn kinds(head: &pilota::thrift::TMapIdentifier) -> [Option<Type>; 2] {
        [head.key_type, head.value_type].map(Self::kind)
    }
}
