//! Types as JSON names them.

use crate::thrift::Type;

/// The name of a type. An empty container may have no element type: any will do.
pub(super) fn of(kind: Type) -> &'static str {
    match kind {
        Type::Bool | Type::Stop | Type::Void => "tf",
        Type::I8 => "i8",
        Type::I16 => "i16",
        Type::I32 => "i32",
        Type::I64 => "i64",
        Type::Double => "dbl",
        Type::String => "str",
        Type::Struct => "rec",
        Type::Map => "map",
        Type::Set => "set",
        Type::List => "lst",
        Type::Uuid => "uid",
    }
}

/// The type of a name.
pub(super) fn kind(name: &[u8]) -> Option<Type> {
    Some(match name {
        b"tf" => Type::Bool,
        b"i8" => Type::I8,
        b"i16" => Type::I16,
        b"i32" => Type::I32,
        b"i64" => Type::I64,
        b"dbl" => Type::Double,
        b"str" => Type::String,
        b"rec" => Type::Struct,
        b"map" => Type::Map,
        b"set" => Type::Set,
        b"lst" => Type::List,
        b"uid" => Type::Uuid,
        _ => return None,
    })
}
