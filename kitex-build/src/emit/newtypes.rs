//! Typedefs that are types of their own, where that is asked for: a user's id is no order's id then.

use super::layout::Node;
use super::structs::{decode_function, empty_union_function, encode_function};
use super::{Code, Emitter};
use crate::thrift::model::{Choice, Field, Id, Kind, StructKind, Type};

impl Emitter<'_> {
    /// Whether the definition is such a typedef.
    pub(crate) fn is_newtype(&self, id: Id) -> bool {
        let definition = &self.program.definitions[id];
        let asked = definition.wishes.newtype.unwrap_or(self.options.newtypes);
        asked && matches!(definition.kind, Kind::Typedef(_))
    }

    /// The newtype that a type is, under whatever name, and what that holds.
    pub(crate) fn newtype<'t>(&'t self, mut ty: &'t Type) -> Option<(Id, &'t Type)> {
        while let Type::Named(id) = ty {
            match &self.program.definitions[*id].kind {
                Kind::Typedef(target) if self.is_newtype(*id) => return Some((*id, target)),
                Kind::Typedef(target) => ty = target,
                _ => return None,
            }
        }
        None
    }

    /// The same where code is to open it for what it holds: newtypes of structs are messages themselves.
    pub(crate) fn transparent<'t>(&'t self, ty: &'t Type) -> Option<(Id, &'t Type)> {
        self.newtype(ty).filter(|_| self.program.struct_of(ty).is_none())
    }

    /// What is in a type's newtypes, and whether that is in a key.
    pub(crate) fn opened<'t>(&'t self, mut ty: &'t Type, mut key: bool) -> (&'t Type, bool) {
        while let Some((id, inner)) = self.newtype(ty) {
            (ty, key) = (inner, self.traits[id].key);
        }
        (self.program.target(ty), key)
    }

    /// A value that was read, in the newtypes of its type.
    pub(crate) fn closed(&self, ty: &Type, value: Node, from: &[String]) -> Node {
        match self.newtype(ty) {
            Some((id, inner)) => {
                let value = self.closed(inner, value, from);
                Node::call(self.plan.definition(from, id), vec![value])
            }
            None => value,
        }
    }

    /// The type that a field holds: an annotation that chooses one chooses it instead of a newtype.
    pub(crate) fn field_kind<'f>(&'f self, field: &'f Field) -> &'f Type {
        match field.wishes.choice {
            Choice::Usual | Choice::Shared => &field.ty,
            Choice::Sorted | Choice::Text | Choice::Bytes => self.program.target(&field.ty),
        }
    }

    /// The tuple struct, and conversions from and to what it holds.
    pub(crate) fn newtype_item(&self, code: &mut Code, id: Id, ty: &Type, from: &[String]) {
        let name = &self.plan.names[id];
        let traits = self.traits[id];
        let inner = self.ty(ty, traits.key, from);
        let own = [
            ("Clone", true),
            ("Copy", self.is_copy(ty)),
            ("Debug", true),
            ("Default", true),
            ("PartialEq", true),
            ("Eq", traits.eq),
            ("Hash", traits.hash),
            ("PartialOrd", traits.key),
            ("Ord", traits.key),
        ];
        let own: Vec<&str> = own.into_iter().filter(|(_, derived)| *derived).map(|(name, _)| name).collect();
        self.derived(code, id, &own, &[]);
        code.expression(
            &Node::Variant(
                format!("pub struct {name}"),
                Box::new(Node::Prefixed("pub ", Box::new(inner.clone()))),
            ),
            ";",
        );
        code.gap();
        self.newtype_conversions(code, name, &inner);
        let structure = self.program.struct_of(ty);
        if structure.is_some() {
            code.gap();
            newtype_message(code, name, self.is_union(ty));
        }
        if matches!(self.program.target(ty), Type::Named(_)) {
            code.gap();
            newtype_description(code, name, &inner);
        }
        if structure.is_some_and(|(_, found)| found.kind == StructKind::Exception) {
            code.gap();
            newtype_error(code, name);
        }
    }

    fn newtype_conversions(&self, code: &mut Code, name: &str, inner: &Node) {
        code.implementation(&format!("::std::convert::From<{}>", inner.flat()), name, |code| {
            let parameters = [("value".to_owned(), inner.clone())];
            let returns = super::layout::Returns::Type("Self".into());
            code.function("fn from", &parameters, &returns, |code| code.line("Self(value)"));
        });
        code.gap();
        code.implementation("::std::ops::Deref", name, |code| {
            code.assign("type Target =", inner, ";");
            code.gap();
            code.block("fn deref(&self) -> &Self::Target", |code| code.line("&self.0"));
        });
    }
}

/// A struct by another name is the same message.
fn newtype_message(code: &mut Code, name: &str, union: bool) {
    code.implementation("::kitex::codegen::Message", name, |code| {
        encode_function(code, |code| code.line("Message::encode(&self.0, out)"));
        code.gap();
        decode_function(code, |code| code.line("Message::decode(from).map(Self)"));
        if union {
            code.gap();
            empty_union_function(code, |code| code.line("Message::empty_union(&self.0)"));
        }
    });
}

fn newtype_description(code: &mut Code, name: &str, inner: &Node) {
    let described = "::kitex::codegen::Described";
    code.implementation(described, name, |code| {
        let value = format!("<{} as {described}>::DESCRIPTOR", inner.flat());
        let head = "const DESCRIPTOR: &'static ::kitex::codegen::Descriptor =";
        code.assign(head, &value.into(), ";");
    });
}

fn newtype_error(code: &mut Code, name: &str) {
    code.implementation("::std::fmt::Display", name, |code| {
        code.block("fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result", |code| {
            code.line("::std::fmt::Display::fmt(&self.0, f)");
        });
    });
    code.gap();
    code.implementation("::std::error::Error", name, |_| {});
}
