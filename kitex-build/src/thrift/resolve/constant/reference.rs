//! Values given by name: other constants, and the values of enums.

use super::super::super::model::{Base, Id, Kind, Type, Value};
use super::super::super::syntax::{self, ValueKind};
use super::super::symbols::{Space, Symbols};
use super::Typer;
use crate::lint::Lint;
use crate::nearest::nearest;
use crate::source::Span;

/// What a name in a value stands for.
pub(super) enum Meaning {
    Constant(Id),
    /// An enum, perhaps by way of typedefs, and the name after the last dot.
    EnumValue(Id, String),
}

/// A constant if there is one of that name, else a value of an enum.
pub(super) fn meaning(
    program: &super::Program,
    symbols: &Symbols<'_>,
    file: usize,
    name: &str,
) -> Option<Meaning> {
    if let [id] = symbols.lookup(file, name, Space::Constants)[..] {
        return Some(Meaning::Constant(id));
    }
    let (owner, value) = name.rsplit_once('.')?;
    let [id] = symbols.lookup(file, owner, Space::Types)[..] else {
        return None;
    };
    match program.target(&Type::Named(id)) {
        Type::Named(id) if matches!(program.definitions[*id].kind, Kind::Enum(_)) => {
            Some(Meaning::EnumValue(*id, value.to_owned()))
        }
        _ => None,
    }
}

impl Typer<'_> {
    pub(super) fn reference(&mut self, ty: &Type, name: &str, span: Span) -> Option<Value> {
        match meaning(self.program, self.symbols, self.file, name) {
            Some(Meaning::Constant(id)) => self.constant(ty, id, name, span),
            Some(Meaning::EnumValue(id, value)) => self.enum_value(ty, id, &value, span),
            None => {
                self.undefined(ty, name, span);
                None
            }
        }
    }

    fn undefined(&mut self, ty: &Type, name: &str, span: Span) {
        if let Some(id) = self.enum_of(ty)
            && self.members.named(self.program, id, name).is_some()
        {
            let owner = &self.program.definitions[id].name.text;
            let finding =
                self.report.error(span, format!("`{name}` is a value of an enum and needs its name"));
            finding.hint(format!("write `{owner}.{name}`"));
            return;
        }
        self.symbols.require(self.file, name, span, Space::Constants, self.report);
    }

    fn enum_of(&self, ty: &Type) -> Option<Id> {
        match self.program.target(ty) {
            Type::Named(id) => matches!(self.program.definitions[*id].kind, Kind::Enum(_)).then_some(*id),
            _ => None,
        }
    }

    fn enum_value(&mut self, ty: &Type, id: Id, name: &str, span: Span) -> Option<Value> {
        let Some(at) = self.members.named(self.program, id, name) else {
            self.no_value(id, name, span);
            return None;
        };
        match self.program.target(ty) {
            Type::Base(base @ (Base::I8 | Base::I16 | Base::I32 | Base::I64)) => {
                let number = self.number(id, at);
                self.scalar(*base, &syntax::Value { kind: ValueKind::Integer(number), span })
            }
            Type::Named(expected) if *expected == id => Some(Value::Enum(id, at)),
            _ => self.foreign_enum_value(ty, id, name, span),
        }
    }

    fn no_value(&mut self, id: Id, name: &str, span: Span) {
        let definition = &self.program.definitions[id];
        let Kind::Enum(values) = &definition.kind else { return };
        let names = values.iter().map(|value| value.name.text.as_str());
        let near = if self.report.is_full() { None } else { nearest(name, names) };
        let finding =
            self.report.error(span, format!("the enum {} has no value `{name}`", definition.name.text));
        if let Some(near) = near {
            finding.hint(format!("did you mean `{near}`?"));
        }
    }

    fn number(&self, id: Id, at: usize) -> i64 {
        match &self.program.definitions[id].kind {
            Kind::Enum(values) => values[at].number.into(),
            _ => 0,
        }
    }

    /// A value of another enum is taken by its name, which both must have.
    fn foreign_enum_value(&mut self, ty: &Type, id: Id, name: &str, span: Span) -> Option<Value> {
        let owner = self.program.definitions[id].name.text.clone();
        let same = self
            .enum_of(ty)
            .and_then(|expected| self.members.named(self.program, expected, name).map(|at| (expected, at)));
        match same {
            Some((expected, at)) => {
                let text = format!("`{name}` of {owner} is taken as `{name}` of {}", self.spelled(ty));
                self.report.lint(Lint::ForeignEnumValue, span, text);
                Some(Value::Enum(expected, at))
            }
            None => {
                self.wrong(ty, &format!("a value of the enum {owner}"), span);
                None
            }
        }
    }

    /// Text and containers are referred to, so that they stand in the output once; numbers are copied.
    fn constant(&mut self, ty: &Type, id: Id, name: &str, span: Span) -> Option<Value> {
        let program = self.program;
        let Kind::Const(constant) = &program.definitions[id].kind else {
            return None;
        };
        let (root, value) = match &constant.value {
            Value::Const(root) => (*root, self.root(*root)?),
            value => (id, value),
        };
        let written = match (value, program.target(ty)) {
            (Value::Text(_), Type::Base(Base::String | Base::Binary)) => return Some(Value::Const(root)),
            (Value::Bytes(_), Type::Base(Base::Binary)) => return Some(Value::Const(root)),
            (Value::List(_) | Value::Map(_) | Value::Struct(..), _) if self.same(ty, &constant.ty) => {
                return Some(Value::Const(root));
            }
            (Value::Uuid(_), Type::Base(Base::Uuid)) => return Some(value.clone()),
            (Value::Enum(owner, at), Type::Named(_)) if self.same(ty, &Type::Named(*owner)) => {
                return Some(Value::Enum(*owner, *at));
            }
            (Value::Open(owner, _), Type::Named(_)) if self.same(ty, &Type::Named(*owner)) => {
                return Some(value.clone());
            }
            (Value::Open(_, number), Type::Base(Base::I8 | Base::I16 | Base::I32 | Base::I64)) => {
                ValueKind::Integer((*number).into())
            }
            (Value::Enum(owner, at), Type::Base(Base::I8 | Base::I16 | Base::I32 | Base::I64)) => {
                ValueKind::Integer(self.number(*owner, *at))
            }
            (Value::Bool(value), Type::Base(_)) => ValueKind::Bool(*value),
            (Value::Integer(number), Type::Base(_) | Type::Named(_)) => ValueKind::Integer(*number),
            (Value::Double(number), Type::Base(_)) => ValueKind::Double(*number),
            (Value::Text(text), Type::Base(Base::Uuid)) => {
                ValueKind::Literal { bytes: text.clone().into_bytes(), raw: false }
            }
            _ => {
                let found = format!("`{name}`, which is {}", self.spelled(&constant.ty));
                self.wrong(ty, &found, span);
                return None;
            }
        };
        self.value(ty, &syntax::Value { kind: written, span })
    }

    fn root(&self, id: Id) -> Option<&Value> {
        match &self.program.definitions[id].kind {
            Kind::Const(constant) => Some(&constant.value),
            _ => None,
        }
    }

    /// Whether two types are one when their typedefs are expanded.
    fn same(&self, a: &Type, b: &Type) -> bool {
        match (self.program.target(a), self.program.target(b)) {
            (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) => self.same(a, b),
            (Type::Map(a, x), Type::Map(b, y)) => self.same(a, b) && self.same(x, y),
            (a, b) => a == b,
        }
    }
}
