//! The tree of one file, as it was written: nothing is resolved or checked yet.

use crate::source::Span;

/// A word and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// One `key = "value"` of an annotation list; a key may come more than once.
#[derive(Clone, Debug)]
pub(crate) struct Annotation {
    pub(crate) key: Name,
    pub(crate) value: String,
}

#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) doc: Option<String>,
    pub(crate) includes: Vec<Include>,
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) definitions: Vec<Definition>,
}

#[derive(Debug)]
pub(crate) struct Include {
    pub(crate) path: String,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Namespace {
    /// The language, or `*`.
    pub(crate) scope: String,
    pub(crate) name: Name,
    pub(crate) annotations: Vec<Annotation>,
}

#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) kind: DefinitionKind,
}

#[derive(Debug)]
pub(crate) enum DefinitionKind {
    Const(Type, Value),
    Typedef(Type),
    Enum(Vec<EnumValue>),
    Struct(StructKind, Vec<Field>),
    Service(Service),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StructKind {
    Struct,
    Union,
    Exception,
}

#[derive(Debug)]
pub(crate) struct EnumValue {
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    pub(crate) number: Option<(i64, Span)>,
    pub(crate) annotations: Vec<Annotation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requiredness {
    Default,
    Required,
    Optional,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) id: Option<(i64, Span)>,
    pub(crate) requiredness: Requiredness,
    pub(crate) ty: Type,
    /// `&` after the type: the field is held by reference.
    pub(crate) reference: bool,
    pub(crate) name: Name,
    pub(crate) default: Option<Value>,
    pub(crate) doc: Option<String>,
    pub(crate) annotations: Vec<Annotation>,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) extends: Option<Name>,
    pub(crate) functions: Vec<Function>,
}

#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    /// The span of `oneway` or `async`.
    pub(crate) oneway: Option<Span>,
    pub(crate) result: Type,
    pub(crate) arguments: Vec<Field>,
    pub(crate) throws: Vec<Field>,
    pub(crate) annotations: Vec<Annotation>,
}

#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) kind: TypeKind,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum TypeKind {
    Void,
    Base(Base),
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Named(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Base {
    Bool,
    I8,
    I16,
    I32,
    I64,
    Double,
    String,
    Binary,
    Uuid,
}

impl Base {
    pub(crate) fn from_keyword(word: &str) -> Option<Base> {
        Some(match word {
            "bool" => Base::Bool,
            "byte" | "i8" => Base::I8,
            "i16" => Base::I16,
            "i32" => Base::I32,
            "i64" => Base::I64,
            "double" => Base::Double,
            "string" => Base::String,
            "binary" => Base::Binary,
            "uuid" => Base::Uuid,
            _ => return None,
        })
    }

    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Base::Bool => "bool",
            Base::I8 => "i8",
            Base::I16 => "i16",
            Base::I32 => "i32",
            Base::I64 => "i64",
            Base::Double => "double",
            Base::String => "string",
            Base::Binary => "binary",
            Base::Uuid => "uuid",
        }
    }
}

/// A constant's or default's value.
#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) kind: ValueKind,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum ValueKind {
    Bool(bool),
    Integer(i64),
    Double(f64),
    /// Bytes, since `"\xff"` is a value for `binary`; `raw` if they are written so.
    Literal {
        bytes: Vec<u8>,
        raw: bool,
    },
    /// A constant, or an enum's value.
    Name(String),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
}
