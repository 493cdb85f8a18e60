//! Rules about definitions that need all types to be known.

use std::collections::HashMap;

use super::model::{Base, Choice, Definition, Field, Kind, Method, Program, StructKind, Type};
use crate::lint::Lint;
use crate::report::Report;
use crate::source::Span;

/// What `streaming.mode` may say.
const STREAMING: [&str; 4] = ["client", "server", "bidirectional", "unary"];

pub(crate) fn check(program: &Program, report: &mut Report) {
    for definition in &program.definitions {
        newtype(definition, report);
        if let Kind::Struct(found) = &definition.kind {
            found.fields.iter().for_each(|field| chosen(program, field, report));
        }
        if let Kind::Service(service) = &definition.kind {
            inherited(program, definition, report);
            for method in &service.methods {
                method.throws.iter().for_each(|field| thrown(program, field, report));
                streaming(method, report);
            }
        }
    }
}

/// Only a typedef can become a type of its own.
fn newtype(definition: &Definition, report: &mut Report) {
    if definition.wishes.newtype == Some(true) && !matches!(definition.kind, Kind::Typedef(_)) {
        let text = format!("`{}` is a type of its own already, or none at all", definition.name.text);
        let hint = "`rust.newtype` is for typedefs";
        report.error(definition.name.span, text).hint(hint);
    }
}

/// A type that a field's annotation chooses must be one for it.
fn chosen(program: &Program, field: &Field, report: &mut Report) {
    let fits = match (field.wishes.choice, program.target(&field.ty)) {
        (Choice::Usual | Choice::Shared, _) => true,
        (Choice::Sorted, ty) => matches!(ty, Type::Map(..) | Type::Set(_)),
        (Choice::Text, ty) => *ty == Type::Base(Base::String),
        (Choice::Bytes, ty) => *ty == Type::Base(Base::Binary),
    };
    if !fits {
        let name = match field.wishes.choice {
            Choice::Text => "String",
            Choice::Bytes => "Vec<u8>",
            _ => "a B-tree",
        };
        let text = format!("{name} is no type for `{}`, which is {}", field.name.text, field.written);
        report.error(field.name.span, text).hint("see its annotation `rust.type`");
    }
}

/// A function must not be declared again in a derived service.
fn inherited(program: &Program, definition: &Definition, report: &mut Report) {
    let methods = |id| program.service(id).map(|service| &service.methods);
    let Kind::Service(service) = &definition.kind else { return };
    let mut names: HashMap<&str, Span> = HashMap::new();
    let mut base = service.extends;
    while let Some(id) = base {
        for method in methods(id).into_iter().flatten() {
            names.entry(&method.name.text).or_insert(method.name.span);
        }
        base = program.service(id).and_then(|service| service.extends);
    }
    for method in &service.methods {
        if let Some(first) = names.get(method.name.text.as_str()) {
            let text = format!("the function `{}` is inherited already", method.name.text);
            report.error(method.name.span, text).see(*first, "declared here");
        }
    }
}

fn thrown(program: &Program, field: &Field, report: &mut Report) {
    let exception =
        program.struct_of(&field.ty).is_some_and(|(_, found)| found.kind == StructKind::Exception);
    if !exception {
        let finding = report.error(field.name.span, format!("`{}` is not an exception", field.written));
        finding.hint("only types declared with `exception` can be thrown");
    }
}

fn streaming(method: &Method, report: &mut Report) {
    let mut modes = method.annotations.iter().filter(|annotation| annotation.key.text == "streaming.mode");
    let Some(mode) = modes.next() else { return };
    if let Some(second) = modes.next() {
        report.error(second.key.span, "`streaming.mode` is given twice");
    }
    if !STREAMING.contains(&mode.value.as_str()) {
        let finding = report.error(mode.key.span, format!("there is no streaming mode `{}`", mode.value));
        finding.hint(STREAMING.join(", "));
    } else if method.oneway {
        report.error(mode.key.span, "a oneway function cannot stream");
    } else if method.arguments.len() != 1 {
        report.error(mode.key.span, "a streaming function has exactly one argument");
    } else if mode.value != "unary" {
        let text = format!("`{}` streams, which is not supported yet: it is left out", method.name.text);
        report.lint(Lint::SkippedStream, mode.key.span, text);
    }
}

/// Takes the functions out that stream: the rest of their services can be used without them.
pub(crate) fn drop_streams(program: &mut Program) {
    let streams = |method: &Method| {
        method
            .annotations
            .iter()
            .any(|annotation| annotation.key.text == "streaming.mode" && annotation.value != "unary")
    };
    for definition in &mut program.definitions {
        if let Kind::Service(service) = &mut definition.kind {
            service.methods.retain(|method| !streams(method));
        }
    }
}
