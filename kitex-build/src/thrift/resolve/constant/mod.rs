//! Values of constants and defaults: each is checked against its type and becomes a value of it.

mod identity;
mod members;
mod order;
mod reference;
mod scalar;
mod structured;

use super::super::load::Build;
use super::super::model::{Base, Id, Kind, Program, Type, Value};
use super::super::syntax::{self, DefinitionKind, ValueKind};
use super::symbols::Symbols;
use crate::report::Report;
use crate::source::Span;

/// Types every constant, in the order in which they use each other, and then every default.
pub(super) fn evaluate(program: &mut Program, build: &Build, symbols: &Symbols<'_>, report: &mut Report) {
    let definitions: Vec<&syntax::Definition> =
        build.loaded.iter().flat_map(|loaded| &loaded.document.definitions).collect();
    let Some(order) = order::order(program, &definitions, symbols, report) else {
        return;
    };
    let mut known = Known::default();
    for id in order {
        if let DefinitionKind::Const(_, value) = &definitions[id].kind {
            let Kind::Const(constant) = &program.definitions[id].kind else { continue };
            let ty = constant.ty.clone();
            let (file, path) =
                (program.definitions[id].file, vec![program.definitions[id].name.text.clone()]);
            let Known { members, identities } = &mut known;
            let typed = Typer { program, symbols, members, identities, report, file, path }.value(&ty, value);
            if let (Some(typed), Kind::Const(constant)) = (typed, &mut program.definitions[id].kind) {
                constant.value = typed;
            }
        }
    }
    for (id, definition) in definitions.iter().enumerate() {
        defaults(program, id, definition, (symbols, &mut known), report);
    }
}

/// What was found out about the program and serves all values.
#[derive(Debug, Default)]
struct Known {
    members: members::Members,
    identities: identity::Identities,
}

fn defaults(
    program: &mut Program,
    id: Id,
    definition: &syntax::Definition,
    (symbols, known): (&Symbols<'_>, &mut Known),
    report: &mut Report,
) {
    let file = program.definitions[id].file;
    let lists: Vec<&Vec<syntax::Field>> = match &definition.kind {
        DefinitionKind::Struct(_, fields) => vec![fields],
        DefinitionKind::Service(service) => {
            service.functions.iter().map(|function| &function.arguments).collect()
        }
        _ => return,
    };
    for (list, fields) in lists.into_iter().enumerate() {
        for (at, field) in fields.iter().enumerate() {
            let Some(value) = &field.default else { continue };
            let ty = fields_of(program, id, list)[at].ty.clone();
            let path = vec![field.name.text.clone()];
            let Known { members, identities } = &mut *known;
            let typed = Typer { program, symbols, members, identities, report, file, path }.value(&ty, value);
            fields_of(program, id, list)[at].default = typed;
        }
    }
}

/// The fields of a struct, or the arguments of a service's method.
fn fields_of(program: &mut Program, id: Id, list: usize) -> &mut [super::super::model::Field] {
    match &mut program.definitions[id].kind {
        Kind::Struct(found) => &mut found.fields,
        Kind::Service(service) => &mut service.methods[list].arguments,
        _ => &mut [],
    }
}

/// Gives a written value its type.
struct Typer<'a> {
    program: &'a Program,
    symbols: &'a Symbols<'a>,
    members: &'a mut members::Members,
    identities: &'a mut identity::Identities,
    report: &'a mut Report,
    file: usize,
    /// The way to the value from the constant or field that it belongs to.
    path: Vec<String>,
}

impl Typer<'_> {
    /// `None` when it does not fit; that is reported then.
    fn value(&mut self, ty: &Type, value: &syntax::Value) -> Option<Value> {
        if let ValueKind::Name(name) = &value.kind {
            return self.reference(ty, name, value.span);
        }
        let program = self.program;
        match program.target(ty) {
            Type::Base(base) => self.scalar(*base, value),
            Type::List(element) => self.list(element, value, ty),
            Type::Set(element) => self.set(element, value, ty),
            Type::Map(key, element) => self.map(key, element, value, ty),
            Type::Named(id) => match &program.definitions[*id].kind {
                Kind::Enum(_) => self.enum_number(*id, value, ty),
                _ => self.structure(*id, value, ty),
            },
        }
    }

    fn mismatch(&mut self, ty: &Type, value: &syntax::Value) {
        let found = match &value.kind {
            ValueKind::Bool(_) => "a bool",
            ValueKind::Integer(_) => "an integer",
            ValueKind::Double(_) => "a double",
            ValueKind::Literal { .. } => "a string",
            ValueKind::Name(_) => "a constant",
            ValueKind::List(_) => "a list",
            ValueKind::Map(_) => "a map",
        };
        self.wrong(ty, found, value.span);
    }

    fn wrong(&mut self, ty: &Type, found: &str, span: Span) {
        let expected = self.spelled(ty);
        self.bad(span, format!("expected a value of type {expected}, found {found}"));
    }

    /// An error that says where in a structured value it is.
    fn bad(&mut self, span: Span, text: String) {
        let finding = self.report.error(span, text);
        if self.path.len() > 1 {
            finding.hint(format!("this is the value of `{}`", self.path.concat()));
        }
    }

    /// Types a value that is part of the current one.
    fn inside(&mut self, step: String, ty: &Type, value: &syntax::Value) -> Option<Value> {
        self.path.push(step);
        let typed = self.value(ty, value);
        self.path.pop();
        typed
    }

    /// A type as messages show it.
    fn spelled(&self, ty: &Type) -> String {
        match ty {
            Type::Base(base) => base.keyword().to_owned(),
            Type::List(element) => format!("list<{}>", self.spelled(element)),
            Type::Set(element) => format!("set<{}>", self.spelled(element)),
            Type::Map(key, value) => format!("map<{}, {}>", self.spelled(key), self.spelled(value)),
            Type::Named(id) => self.program.definitions[*id].name.text.clone(),
        }
    }

    fn scalar(&mut self, base: Base, value: &syntax::Value) -> Option<Value> {
        let fitted = scalar::fit(base, &value.kind);
        match fitted {
            scalar::Fit::Value(typed) => return Some(typed),
            scalar::Fit::Odd(typed, lint, why) => {
                self.report.lint(lint, value.span, why);
                return Some(typed);
            }
            scalar::Fit::Bad(why) => self.bad(value.span, why),
            scalar::Fit::Mismatch => self.mismatch(&Type::Base(base), value),
        }
        None
    }
}
