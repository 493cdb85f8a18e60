//! Constants and typedefs.

use super::layout::Node;
use super::value::{byte_literal, literal};
use super::{Code, Emitter, docs};
use crate::thrift::model::{Const, Id, Kind, Type, Value};

impl Emitter<'_> {
    pub(crate) fn typedef(&self, code: &mut Code, id: Id, ty: &Type, from: &[String]) {
        let definition = &self.program.definitions[id];
        let fallback = format!("`typedef {} {}`", self.spelled(ty), definition.name.text);
        docs::write(code, definition.doc.as_deref(), &fallback);
        if self.is_newtype(id) {
            return self.newtype_item(code, id, ty, from);
        }
        code.assign(&format!("pub type {} =", self.plan.names[id]), &self.ty(ty, false, from), ";");
    }

    /// Scalars and text are constants, everything else is made when it is first used.
    pub(crate) fn constant_item(&self, code: &mut Code, id: Id, constant: &Const, from: &[String]) {
        let definition = &self.program.definitions[id];
        let fallback = format!("`const {} {}`", self.spelled(&constant.ty), definition.name.text);
        docs::write(code, definition.doc.as_deref(), &fallback);
        let name = &self.plan.names[id];
        let (ty, value) = match &constant.value {
            Value::Text(text) => ("&str".into(), literal(text).into()),
            Value::Bytes(bytes) => ("&[u8]".into(), byte_literal(bytes).into()),
            Value::Const(other) => match self.text_constant(constant, *other, from) {
                Some(found) => found,
                None => return self.lazy(code, name, constant, from),
            },
            Value::List(_) | Value::Map(_) | Value::Struct(..) => {
                return self.lazy(code, name, constant, from);
            }
            value => (self.ty(&constant.ty, false, from), self.value(&constant.ty, value, false, from)),
        };
        code.assign(&format!("pub const {name}: {} =", ty.flat()), &value, ";");
    }

    /// A constant that is called by another name, where it is text.
    fn text_constant(&self, constant: &Const, other: Id, from: &[String]) -> Option<(Node, Node)> {
        let Kind::Const(root) = &self.program.definitions[other].kind else {
            return None;
        };
        let path = self.plan.definition(from, other);
        let text = *self.program.target(&constant.ty) == Type::Base(crate::thrift::model::Base::String);
        match &root.value {
            Value::Text(_) if text => Some(("&str".into(), path.into())),
            Value::Text(_) => Some(("&[u8]".into(), format!("{path}.as_bytes()").into())),
            Value::Bytes(_) => Some(("&[u8]".into(), path.into())),
            _ => None,
        }
    }

    fn lazy(&self, code: &mut Code, name: &str, constant: &Const, from: &[String]) {
        let ty = self.ty(&constant.ty, false, from);
        let value = self.value(&constant.ty, &constant.value, false, from);
        let ty = Node::generic("::std::sync::LazyLock", vec![ty]);
        let maker = match &value {
            Node::Text(text) => text.strip_suffix("()").filter(|path| path.ends_with("::default")),
            Node::Call(path, arguments, "") if arguments.is_empty() => Some(path.as_str()),
            _ => None,
        };
        let value = match maker {
            Some(path) => Node::call("::std::sync::LazyLock::new", vec![path.into()]),
            None => Node::Lazy(Box::new(value)),
        };
        code.declare(&format!("pub static {name}:"), &ty, &value);
    }
}
