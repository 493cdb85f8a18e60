//! Values of containers, enums and structs.

use std::collections::HashSet;

use super::super::super::model::{Field, Id, Requiredness, StructKind, Type, Value};
use super::super::super::syntax::{self, ValueKind};
use super::Typer;
use crate::dialect::Dialect;
use crate::lint::Lint;
use crate::nearest::nearest;

impl Typer<'_> {
    pub(super) fn list(&mut self, element: &Type, value: &syntax::Value, ty: &Type) -> Option<Value> {
        let items = match &value.kind {
            ValueKind::List(items) => items,
            ValueKind::Map(entries) if entries.is_empty() => return Some(Value::List(Vec::new())),
            _ => {
                self.mismatch(ty, value);
                return None;
            }
        };
        let items = items.iter().enumerate();
        let typed: Vec<_> = items.map(|(at, item)| self.inside(format!("[{at}]"), element, item)).collect();
        typed.into_iter().collect::<Option<_>>().map(Value::List)
    }

    pub(super) fn set(&mut self, element: &Type, value: &syntax::Value, ty: &Type) -> Option<Value> {
        let Some(Value::List(mut items)) = self.list(element, value, ty) else {
            return None;
        };
        let mut seen = HashSet::new();
        let before = items.len();
        items.retain(|item| seen.insert(self.identities.of(self.program, element, item)));
        if items.len() < before {
            self.report.lint(Lint::RepeatedElement, value.span, "this set has a value more than once");
        }
        Some(Value::List(items))
    }

    pub(super) fn map(
        &mut self,
        key: &Type,
        element: &Type,
        value: &syntax::Value,
        ty: &Type,
    ) -> Option<Value> {
        let entries = match &value.kind {
            ValueKind::Map(entries) => entries,
            ValueKind::List(items) if items.is_empty() => return Some(Value::Map(Vec::new())),
            _ => {
                self.mismatch(ty, value);
                return None;
            }
        };
        let mut seen = HashSet::new();
        let mut typed = Vec::new();
        for (written, item) in entries {
            let typed_key = self.inside("<key>".to_owned(), key, written);
            let found = typed_key.zip(self.inside("<value>".to_owned(), element, item));
            if let Some((name, _)) = &found
                && !seen.insert(self.identities.of(self.program, key, name))
            {
                self.report.error(written.span, "this map has the key twice");
            }
            typed.push(found);
        }
        typed.into_iter().collect::<Option<_>>().map(Value::Map)
    }

    /// A number that names a value of the enum.
    pub(super) fn enum_number(&mut self, id: Id, value: &syntax::Value, ty: &Type) -> Option<Value> {
        let ValueKind::Integer(number) = value.kind else {
            self.mismatch(ty, value);
            return None;
        };
        let narrow = i32::try_from(number).ok();
        let found = narrow.and_then(|number| self.members.numbered(self.program, id, number));
        if found.is_none() {
            if let (Some(Dialect::Thriftgo), Some(number)) = (self.symbols.dialect(), narrow) {
                return Some(Value::Open(id, number));
            }
            let name = &self.program.definitions[id].name.text;
            let text = format!("the enum {name} has no value {number}");
            self.report.error(value.span, text).hint("thriftgo allows such numbers: Dialect::Thriftgo");
        }
        found.map(|at| Value::Enum(id, at))
    }

    /// A map whose keys are the names of fields.
    pub(super) fn structure(&mut self, id: Id, value: &syntax::Value, ty: &Type) -> Option<Value> {
        let program = self.program;
        let (ValueKind::Map(entries), Some(found)) = (&value.kind, program.structure(id)) else {
            self.mismatch(ty, value);
            return None;
        };
        let mut members: Vec<(usize, Value)> = Vec::new();
        let mut seen = HashSet::new();
        let mut complete = true;
        for (key, item) in entries {
            let at = self.member(id, &found.fields, key);
            if at.is_some_and(|at| !seen.insert(at)) {
                self.report.error(key.span, "this field is given twice");
            }
            let typed = at.and_then(|at| {
                let field = &found.fields[at];
                self.inside(format!(".{}", field.name.text), &field.ty, item).map(|typed| (at, typed))
            });
            match typed {
                Some(member) => members.push(member),
                None => complete = false,
            }
        }
        if found.kind == StructKind::Union && entries.len() != 1 {
            self.report
                .error(value.span, format!("a union has exactly one member, this has {}", entries.len()));
        }
        let absent = |(at, field): &(usize, &Field)| {
            field.requiredness == Requiredness::Required && !seen.contains(at)
        };
        if let Some((_, field)) = found.fields.iter().enumerate().find(absent) {
            let text =
                format!("the required field `{}` is not given: it has its own default", field.name.text);
            self.report.lint(Lint::MissingRequired, value.span, text);
        }
        members.sort_by_key(|member| member.0);
        complete.then_some(Value::Struct(id, members))
    }

    fn member(&mut self, id: Id, fields: &[Field], key: &syntax::Value) -> Option<usize> {
        let ValueKind::Literal { bytes: name, .. } = &key.kind else {
            let finding =
                self.report.error(key.span, "the keys of a struct are the names of its fields, as strings");
            finding.hint("write them as {\"name\": value}");
            return None;
        };
        let name = String::from_utf8_lossy(name);
        let found = self.members.named(self.program, id, &name);
        if found.is_none() {
            let full = self.report.is_full();
            let owner = &self.program.definitions[id].name.text;
            let finding = self.report.error(key.span, format!("{owner} has no field `{name}`"));
            if !full && let Some(near) = nearest(&name, fields.iter().map(|field| field.name.text.as_str())) {
                finding.hint(format!("did you mean `{near}`?"));
            }
        }
        found
    }
}
