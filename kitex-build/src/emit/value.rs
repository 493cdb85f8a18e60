//! Constants and defaults as Rust expressions.

use super::Emitter;
use super::layout::Node;
use super::types::pointer;
use crate::thrift::model::{Base, Choice, Field, Kind, StructKind, Type, Value};

pub(crate) const DEFAULT: &str = "::std::default::Default::default()";

impl Emitter<'_> {
    /// An owned value of the type.
    pub(crate) fn value(&self, ty: &Type, value: &Value, key: bool, from: &[String]) -> Node {
        if let Some((newtype, inner)) = self.newtype(ty) {
            return self.newtype_value(ty, (newtype, inner), value, from);
        }
        let target = self.program.target(ty);
        match (value, target) {
            (Value::Bool(value), _) => value.to_string().into(),
            (Value::Integer(number), _) => number.to_string().into(),
            (Value::Double(number), _) if key => {
                Node::call("::kitex::codegen::Double", vec![format!("{number:?}").into()])
            }
            (Value::Double(number), _) => format!("{number:?}").into(),
            (Value::Text(text), _) => {
                Node::call("::kitex::codegen::Str::from_static", vec![literal(text).into()])
            }
            (Value::Bytes(bytes), _) => {
                Node::call("::kitex::codegen::Bytes::from_static", vec![byte_literal(bytes).into()])
            }
            (Value::Uuid(uuid), _) => uuid_node(uuid),
            (Value::Enum(id, at), _) => {
                format!("{}::{}", self.plan.definition(from, *id), self.plan.members[*id][*at]).into()
            }
            (Value::Open(id, number), _) => {
                Node::call(self.plan.definition(from, *id), vec![number.to_string().into()])
            }
            (Value::Const(id), _) => self.constant(*id, ty, key, from),
            (Value::List(items), Type::List(element)) => {
                collection("::std::vec::Vec", items.iter().map(|item| self.value(element, item, key, from)))
            }
            (Value::List(items), Type::Set(element)) => {
                let head = if key { "::std::collections::BTreeSet" } else { "::std::collections::HashSet" };
                collection(head, items.iter().map(|item| self.value(element, item, true, from)))
            }
            (Value::Map(entries), Type::Map(entry, element)) => {
                let head = if key { "::std::collections::BTreeMap" } else { "::std::collections::HashMap" };
                let pair = |(name, item): &(Value, Value)| {
                    Node::Tuple(vec![
                        self.value(entry, name, true, from),
                        self.value(element, item, key, from),
                    ])
                };
                collection(head, entries.iter().map(pair))
            }
            (Value::Struct(id, members), _) => self.structure(*id, members, from),
            (Value::List(_) | Value::Map(_), _) => DEFAULT.into(),
        }
    }

    /// A reference to a constant, as an owned value.
    fn constant(&self, id: usize, ty: &Type, key: bool, from: &[String]) -> Node {
        let name = self.plan.definition(from, id);
        let Kind::Const(constant) = &self.program.definitions[id].kind else {
            return DEFAULT.into();
        };
        let same = || self.ty(ty, key, from).flat() == self.ty(&constant.ty, false, from).flat();
        match (&constant.value, self.program.target(ty)) {
            (Value::Text(_), Type::Base(Base::Binary)) => {
                Node::call("::kitex::codegen::Bytes::from_static", vec![format!("{name}.as_bytes()").into()])
            }
            (Value::Text(_), _) => Node::call("::kitex::codegen::Str::from_static", vec![name.into()]),
            (Value::Bytes(_), _) => Node::call("::kitex::codegen::Bytes::from_static", vec![name.into()]),
            // In a key, or without its newtypes, the type is another one than the constant's: the value is written again.
            (value, _) if !same() => self.value(ty, value, key, from),
            _ => Node::call("::std::clone::Clone::clone", vec![format!("&*{name}").into()]),
        }
    }

    /// A value in its newtype, unless it is a constant that is one already.
    fn newtype_value(&self, ty: &Type, (id, inner): (usize, &Type), value: &Value, from: &[String]) -> Node {
        let value = match value {
            Value::Const(other) => match self.constant_value(*other) {
                Some(Value::Text(_) | Value::Bytes(_)) | None => value,
                Some(found) => match &self.program.definitions[*other].kind {
                    Kind::Const(constant) if self.newtype(&constant.ty).is_some_and(|(own, _)| own == id) => {
                        return self.constant(*other, ty, false, from);
                    }
                    _ => found,
                },
            },
            value => value,
        };
        let inner = self.value(inner, value, self.traits[id].key, from);
        Node::call(self.plan.definition(from, id), vec![inner])
    }

    fn structure(&self, id: usize, members: &[(usize, Value)], from: &[String]) -> Node {
        let path = self.plan.definition(from, id);
        let Some(found) = self.program.structure(id) else {
            return DEFAULT.into();
        };
        let key = self.traits[id].key;
        let names = &self.plan.members[id];
        let wrapped = |at: usize, value: &Value| {
            let field = &found.fields[at];
            wrap(field, found.kind, self.field_value(field, value, key, from))
        };
        if found.kind == StructKind::Union {
            let (at, value) = &members[0];
            return Node::call(format!("{path}::{}", names[*at]), vec![wrapped(*at, value)]);
        }
        let kept = self.plan.unknown.contains_key(&id);
        let rest = (kept || members.len() < found.fields.len()).then(|| DEFAULT.to_owned());
        if members.is_empty() {
            return Node::call(format!("<{path} as ::std::default::Default>::default"), Vec::new());
        }
        let members = members.iter().map(|(at, value)| (names[*at].clone(), wrapped(*at, value))).collect();
        Node::Struct(path, members, rest)
    }

    /// A value of the type that the field's annotation chooses.
    fn field_value(&self, field: &Field, value: &Value, key: bool, from: &[String]) -> Node {
        let root = match value {
            Value::Const(id) => self.constant_value(*id).unwrap_or(value),
            value => value,
        };
        let text = |literal: String, id: Option<&str>| match (value, id) {
            (Value::Const(id), Some(tail)) => format!("{}{tail}", self.plan.definition(from, *id)),
            _ => literal,
        };
        match (field.wishes.choice, root) {
            (Choice::Text, Value::Text(found)) => {
                Node::call("::std::string::String::from", vec![text(literal(found), Some("")).into()])
            }
            (Choice::Bytes, Value::Text(found)) => {
                let bytes = text(byte_literal(found.as_bytes()), Some(".as_bytes()"));
                Node::call("::std::vec::Vec::from", vec![bytes.into()])
            }
            (Choice::Bytes, Value::Bytes(found)) => {
                Node::call("::std::vec::Vec::from", vec![text(byte_literal(found), Some("")).into()])
            }
            (Choice::Sorted, Value::List(_) | Value::Map(_)) => self.sorted(&field.ty, root, key, from),
            _ => self.value(&field.ty, value, key, from),
        }
    }

    fn constant_value(&self, id: usize) -> Option<&Value> {
        match &self.program.definitions[id].kind {
            Kind::Const(constant) => Some(&constant.value),
            _ => None,
        }
    }

    /// A B-tree of what is written. Only itself is one, unless it is in a key.
    fn sorted(&self, ty: &Type, value: &Value, key: bool, from: &[String]) -> Node {
        match (value, self.program.target(ty)) {
            (Value::List(items), Type::Set(element)) => {
                let items = items.iter().map(|item| self.value(element, item, true, from));
                collection("::std::collections::BTreeSet", items)
            }
            (Value::Map(entries), Type::Map(entry, element)) => {
                let pair = |(name, item): &(Value, Value)| {
                    let item = self.value(element, item, key, from);
                    Node::Tuple(vec![self.value(entry, name, true, from), item])
                };
                collection("::std::collections::BTreeMap", entries.iter().map(pair))
            }
            _ => DEFAULT.into(),
        }
    }

    /// What a field holds in a new struct.
    pub(crate) fn field_default(&self, field: &Field, kind: StructKind, key: bool, from: &[String]) -> Node {
        match &field.default {
            Some(value) => wrap(field, kind, self.field_value(field, value, key, from)),
            None if field.is_option() => "None".into(),
            None => DEFAULT.into(),
        }
    }

    /// Whether the field holds what its Rust type's `Default` is.
    pub(crate) fn is_plain_default(&self, field: &Field) -> bool {
        let zero = match &field.default {
            None => true,
            Some(Value::Bool(value)) => !value,
            Some(Value::Integer(number)) => *number == 0,
            Some(Value::Double(number)) => number.to_bits() == 0,
            Some(Value::Text(text)) => text.is_empty(),
            Some(Value::List(items)) => items.is_empty(),
            Some(Value::Map(entries)) => entries.is_empty(),
            Some(_) => false,
        };
        field.default.is_none() || (zero && !field.is_option() && !field.boxed)
    }
}

/// Around a field's value: its pointer, and `Some`.
fn wrap(field: &Field, kind: StructKind, value: Node) -> Node {
    let boxed = if field.boxed { Node::call(format!("{}::new", pointer(field)), vec![value]) } else { value };
    if kind != StructKind::Union && field.is_option() { Node::call("Some", vec![boxed]) } else { boxed }
}

/// Items that are made at once, in the stack frame of one function: a frame has room for each of them, and a program that
/// is built for debugging keeps them apart even after they have been moved on.
const AT_ONCE: usize = 128;

fn collection(head: &str, items: impl Iterator<Item = Node>) -> Node {
    let items: Vec<Node> = items.collect();
    if items.is_empty() {
        return DEFAULT.into();
    }
    if items.len() <= AT_ONCE {
        return Node::call(format!("{head}::from"), vec![Node::Array(items)]);
    }
    let part = |part: &[Node]| {
        let items = Node::call("::std::vec::Vec::from", vec![Node::Array(part.to_vec())]);
        Node::Closure("", Box::new(items))
    };
    Node::call("::kitex::codegen::gather", vec![Node::Array(items.chunks(AT_ONCE).map(part).collect())])
}

pub(crate) fn uuid_node(uuid: &[u8; 16]) -> Node {
    let bytes = uuid.iter().map(|byte| format!("0x{byte:02x}").into()).collect();
    Node::call("::kitex::codegen::Uuid", vec![Node::Array(bytes)])
}

/// A Rust string literal of the text.
pub(crate) fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.extend(letter.escape_unicode()),
            '\'' => out.push('\''),
            _ => out.extend(letter.escape_debug()),
        }
    }
    out + "\""
}

/// A Rust byte string literal.
pub(crate) fn byte_literal(bytes: &[u8]) -> String {
    format!("b\"{}\"", bytes.escape_ascii().to_string().replace("\\'", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_escaped() {
        assert_eq!(literal("say \"hi\"\n\\ 'x' 中 \u{202e}\0"), r#""say \"hi\"\n\\ 'x' 中 \u{202e}\0""#);
        assert_eq!(byte_literal(b"a\"b\\\xff'"), r#"b"a\"b\\\xff'""#);
    }
}
