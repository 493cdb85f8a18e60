//! The program of a build: every name resolved, every rule checked, every constant typed. It is what
//! the emitter works from.

use std::path::PathBuf;

pub(crate) use super::annotation::{Choice, Wishes};
pub(crate) use super::syntax::{Annotation, Base, Name, Requiredness, StructKind};

/// Index of a definition in [`Program::definitions`].
pub(crate) type Id = usize;

#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) files: Vec<File>,
    pub(crate) definitions: Vec<Definition>,
}

#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) doc: Option<String>,
    /// The module path in the IDL's spelling.
    pub(crate) namespace: Vec<String>,
    /// Given to the compiler, and not only included: all of it is wanted.
    pub(crate) root: bool,
    /// The annotations of the namespace.
    pub(crate) annotations: Option<Annotated>,
}

/// The annotations at one place, and the way there, such as `User.id` or `Users.Get.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Annotated {
    pub(crate) path: String,
    /// Keys and values, in order.
    pub(crate) pairs: Vec<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) file: usize,
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    pub(crate) wishes: Wishes,
    /// All annotations of the definition and of what stands in it.
    pub(crate) annotations: Vec<Annotated>,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Const(Const),
    Typedef(Type),
    Enum(Vec<EnumValue>),
    Struct(Struct),
    Service(Service),
}

#[derive(Debug)]
pub(crate) struct Const {
    pub(crate) ty: Type,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) struct EnumValue {
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    pub(crate) wishes: Wishes,
    pub(crate) number: i32,
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) kind: StructKind,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) id: i16,
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    pub(crate) requiredness: Requiredness,
    pub(crate) ty: Type,
    pub(crate) default: Option<Value>,
    /// Held behind a pointer: by `&`, or because the type would contain itself.
    pub(crate) boxed: bool,
    /// The place where a type that contains itself is cut: the field may be absent.
    pub(crate) recursive: bool,
    pub(crate) wishes: Wishes,
    /// The type as the IDL spells it, for the docs.
    pub(crate) written: String,
}

impl Field {
    /// Whether a struct holds the field as an `Option`.
    pub(crate) fn is_option(&self) -> bool {
        self.requiredness == Requiredness::Optional || self.recursive
    }
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) extends: Option<Id>,
    pub(crate) methods: Vec<Method>,
}

#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    pub(crate) wishes: Wishes,
    pub(crate) oneway: bool,
    pub(crate) result: Option<Type>,
    pub(crate) arguments: Vec<Field>,
    pub(crate) throws: Vec<Field>,
    pub(crate) annotations: Vec<Annotation>,
}

/// A method, and the service that declares it.
pub(crate) struct MethodOf<'a> {
    pub(crate) owner: &'a Definition,
    pub(crate) method: &'a Method,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Base(Base),
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>, Box<Type>),
    /// A typedef, enum or struct.
    Named(Id),
}

/// A value of a known type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Uuid([u8; 16]),
    /// The enum, and the position of the value in it.
    Enum(Id, usize),
    /// The enum, and a number that it has no name for.
    Open(Id, i32),
    /// A constant whose type is exactly this one.
    Const(Id),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    /// The struct, and the members given by their position.
    Struct(Id, Vec<(usize, Value)>),
}

impl Program {
    /// The type behind typedefs. Typedefs were checked not to run in circles.
    pub(crate) fn target<'a>(&'a self, mut ty: &'a Type) -> &'a Type {
        while let Type::Named(id) = ty {
            match &self.definitions[*id].kind {
                Kind::Typedef(next) => ty = next,
                _ => break,
            }
        }
        ty
    }

    /// The struct, union or exception a type stands for.
    pub(crate) fn struct_of(&self, ty: &Type) -> Option<(Id, &Struct)> {
        match self.target(ty) {
            Type::Named(id) => self.structure(*id).map(|found| (*id, found)),
            _ => None,
        }
    }

    pub(crate) fn structure(&self, id: Id) -> Option<&Struct> {
        match &self.definitions[id].kind {
            Kind::Struct(found) => Some(found),
            _ => None,
        }
    }

    /// A method of a service, and what declares it.
    pub(crate) fn method(&self, service: Id, at: usize) -> MethodOf<'_> {
        let owner = &self.definitions[service];
        let found = self.service(service).expect("the owner of a method is a service");
        MethodOf { owner, method: &found.methods[at] }
    }

    pub(crate) fn service(&self, id: Id) -> Option<&Service> {
        match &self.definitions[id].kind {
            Kind::Service(found) => Some(found),
            _ => None,
        }
    }
}
