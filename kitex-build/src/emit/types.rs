//! IDL types as Rust types and as types of the wire.

use super::Emitter;
use super::layout::Node;
use crate::thrift::model::{Base, Choice, Field, Kind, StructKind, Type};

impl Emitter<'_> {
    /// The Rust type, named from inside the module of the path `from`. In a key, doubles are ordered and
    /// maps and sets are B-trees.
    pub(crate) fn ty(&self, ty: &Type, key: bool, from: &[String]) -> Node {
        match ty {
            Type::Base(base) => base_type(*base, key).into(),
            Type::List(element) => Node::generic("::std::vec::Vec", vec![self.ty(element, key, from)]),
            Type::Set(element) => {
                let head = if key { "::std::collections::BTreeSet" } else { "::std::collections::HashSet" };
                Node::generic(head, vec![self.ty(element, true, from)])
            }
            Type::Map(entry, value) => {
                let head = if key { "::std::collections::BTreeMap" } else { "::std::collections::HashMap" };
                Node::generic(head, vec![self.ty(entry, true, from), self.ty(value, key, from)])
            }
            Type::Named(id) => match &self.program.definitions[*id].kind {
                Kind::Typedef(target) if key && !self.is_newtype(*id) && self.differs_in_key(target) => {
                    self.ty(target, true, from)
                }
                _ => self.plan.definition(from, *id).into(),
            },
        }
    }

    /// Whether a type is another one in a key than elsewhere.
    fn differs_in_key(&self, ty: &Type) -> bool {
        if self.newtype(ty).is_some() {
            return false;
        }
        match self.program.target(ty) {
            Type::Base(base) => *base == Base::Double,
            Type::List(element) => self.differs_in_key(element),
            Type::Set(_) | Type::Map(..) => true,
            Type::Named(_) => false,
        }
    }

    /// The type of a struct's field, or of what a union's variant holds.
    pub(crate) fn field_type(&self, field: &Field, kind: StructKind, key: bool, from: &[String]) -> Node {
        let mut ty = self.chosen_type(field, key, from);
        if field.boxed {
            ty = Node::generic(pointer(field), vec![ty]);
        }
        if kind != StructKind::Union && field.is_option() {
            ty = Node::generic("::std::option::Option", vec![ty]);
        }
        ty
    }

    /// The type that the field's annotation chooses.
    fn chosen_type(&self, field: &Field, key: bool, from: &[String]) -> Node {
        match (field.wishes.choice, self.program.target(&field.ty)) {
            (Choice::Text, _) => "::std::string::String".into(),
            (Choice::Bytes, _) => Node::generic("::std::vec::Vec", vec!["u8".into()]),
            (Choice::Sorted, Type::Set(element)) => {
                Node::generic("::std::collections::BTreeSet", vec![self.ty(element, true, from)])
            }
            (Choice::Sorted, Type::Map(entry, value)) => {
                let parts = vec![self.ty(entry, true, from), self.ty(value, key, from)];
                Node::generic("::std::collections::BTreeMap", parts)
            }
            _ => self.ty(&field.ty, key, from),
        }
    }

    /// `Type::…` of the wire.
    pub(crate) fn wire(&self, ty: &Type) -> String {
        let name = match self.program.target(ty) {
            Type::Base(Base::Bool) => "Bool",
            Type::Base(Base::I8) => "I8",
            Type::Base(Base::I16) => "I16",
            Type::Base(Base::I32) => "I32",
            Type::Base(Base::I64) => "I64",
            Type::Base(Base::Double) => "Double",
            Type::Base(Base::String | Base::Binary) => "String",
            Type::Base(Base::Uuid) => "Uuid",
            Type::List(_) => "List",
            Type::Set(_) => "Set",
            Type::Map(..) => "Map",
            Type::Named(id) if self.is_enum(*id) => "I32",
            Type::Named(_) => "Struct",
        };
        format!("Type::{name}")
    }

    pub(crate) fn is_container(&self, ty: &Type) -> bool {
        matches!(self.program.target(ty), Type::List(_) | Type::Set(_) | Type::Map(..))
    }

    pub(crate) fn is_enum(&self, id: usize) -> bool {
        matches!(self.program.definitions[id].kind, Kind::Enum(_))
    }

    pub(crate) fn is_union(&self, ty: &Type) -> bool {
        self.program.struct_of(ty).is_some_and(|(_, found)| found.kind == StructKind::Union)
    }

    /// Whether values are passed by copy.
    pub(crate) fn is_copy(&self, ty: &Type) -> bool {
        match self.program.target(ty) {
            Type::Base(base) => !matches!(base, Base::String | Base::Binary | Base::Uuid),
            Type::Named(id) => self.is_enum(*id),
            _ => false,
        }
    }

    /// A type as the IDL spells it, typedefs expanded to where they are named.
    pub(crate) fn spelled(&self, ty: &Type) -> String {
        match ty {
            Type::Base(base) => base.keyword().to_owned(),
            Type::List(element) => format!("list<{}>", self.spelled(element)),
            Type::Set(element) => format!("set<{}>", self.spelled(element)),
            Type::Map(key, value) => format!("map<{}, {}>", self.spelled(key), self.spelled(value)),
            Type::Named(id) => self.program.definitions[*id].name.text.clone(),
        }
    }
}

/// What a field is held behind, if it is.
pub(crate) fn pointer(field: &Field) -> &'static str {
    match field.wishes.choice {
        Choice::Shared => "::std::sync::Arc",
        _ => "::std::boxed::Box",
    }
}

fn base_type(base: Base, key: bool) -> &'static str {
    match base {
        Base::Bool => "bool",
        Base::I8 => "i8",
        Base::I16 => "i16",
        Base::I32 => "i32",
        Base::I64 => "i64",
        Base::Double if key => "::kitex::codegen::Double",
        Base::Double => "f64",
        Base::String => "::kitex::codegen::Str",
        Base::Binary => "::kitex::codegen::Bytes",
        Base::Uuid => "::kitex::codegen::Uuid",
    }
}
