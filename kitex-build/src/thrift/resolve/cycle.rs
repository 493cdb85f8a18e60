//! What must not contain itself: typedefs, services, structs by value, default values.

use super::super::graph::{components, cycles};
use super::super::model::{Id, Kind, Program, StructKind, Type, Value};
use crate::report::Report;

/// Typedefs nest containers at most as deep as a message may be.
const TYPE_DEPTH: usize = 64;
/// Types that a type consists of, typedefs expanded.
const TYPE_SIZE: usize = 1000;
/// Typedefs of typedefs, and services that extend each other.
const CHAIN: usize = 64;

/// No typedef leads back to itself, not through containers either; and none grows beyond all measure.
pub(super) fn typedefs(program: &Program, report: &mut Report) {
    let target = |id: Id| match &program.definitions[id].kind {
        Kind::Typedef(ty) => Some(ty),
        _ => None,
    };
    let edges: Vec<Vec<Id>> = (0..program.definitions.len())
        .map(|id| target(id).map_or(Vec::new(), named))
        .map(|ids| ids.into_iter().filter(|&id| target(id).is_some()).collect())
        .collect();
    for cycle in cycles(&edges) {
        circle(program, &cycle, "this typedef leads back to itself", report);
    }
    let mut sizes = vec![Extent::default(); edges.len()];
    for id in components(&edges).into_iter().flatten() {
        if let Some(ty) = target(id) {
            sizes[id] = Extent::of(ty, &sizes);
            sizes[id].chain += 1;
            if sizes[id].depth > TYPE_DEPTH || sizes[id].size > TYPE_SIZE || sizes[id].chain > CHAIN {
                let span = program.definitions[id].name.span;
                let text = format!(
                    "this type is too large: {TYPE_DEPTH} levels, {TYPE_SIZE} types, {CHAIN} typedefs in a row at most"
                );
                report.error(span, text);
                return;
            }
        }
    }
}

/// How much a type is when its typedefs are expanded.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    depth: usize,
    size: usize,
    chain: usize,
}

impl Extent {
    fn of(ty: &Type, known: &[Extent]) -> Extent {
        match ty {
            Type::Base(_) => Extent { depth: 0, size: 1, chain: 0 },
            Type::List(element) | Type::Set(element) => Extent::of(element, known).inside(Extent::default()),
            Type::Map(key, value) => Extent::of(key, known).inside(Extent::of(value, known)),
            Type::Named(id) => Extent { size: known[*id].size.max(1), ..known[*id] },
        }
    }

    fn inside(self, other: Extent) -> Extent {
        Extent {
            depth: self.depth.max(other.depth) + 1,
            size: self.size.saturating_add(other.size).saturating_add(1),
            chain: self.chain.max(other.chain),
        }
    }
}

pub(super) fn services(program: &Program, report: &mut Report) {
    let base = |id: Id| program.service(id).and_then(|service| service.extends);
    let edges: Vec<Vec<Id>> =
        (0..program.definitions.len()).map(|id| base(id).into_iter().collect()).collect();
    for cycle in cycles(&edges) {
        circle(program, &cycle, "this service extends itself", report);
    }
    let mut chain = vec![0; edges.len()];
    for id in components(&edges).into_iter().flatten() {
        chain[id] = 1 + base(id).map_or(0, |base| chain[base]);
        if chain[id] > CHAIN {
            let span = program.definitions[id].name.span;
            report.error(span, format!("at most {CHAIN} services extend each other in a row"));
            return;
        }
    }
}

/// No default value contains itself.
pub(super) fn defaults(program: &Program, report: &mut Report) {
    let edges: Vec<Vec<Id>> = (0..program.definitions.len()).map(|id| default_of(program, id)).collect();
    for cycle in cycles(&edges) {
        circle(program, &cycle, "the default value of this contains itself", report);
    }
}

/// The constants and structs whose values are needed to make this one's.
pub(super) fn default_of(program: &Program, id: Id) -> Vec<Id> {
    let mut needed = Vec::new();
    match &program.definitions[id].kind {
        Kind::Const(constant) => value_needs(program, &constant.value, &mut needed),
        Kind::Struct(found) => {
            for field in &found.fields {
                match &field.default {
                    Some(value) => value_needs(program, value, &mut needed),
                    None if found.kind == StructKind::Union || field.is_option() => {}
                    None => needed.extend(program.struct_of(&field.ty).map(|(id, _)| id)),
                }
            }
        }
        _ => {}
    }
    needed
}

fn value_needs(program: &Program, value: &Value, needed: &mut Vec<Id>) {
    match value {
        Value::Const(id) => needed.push(*id),
        Value::List(items) => items.iter().for_each(|item| value_needs(program, item, needed)),
        Value::Map(entries) => entries.iter().for_each(|(key, value)| {
            value_needs(program, key, needed);
            value_needs(program, value, needed);
        }),
        Value::Struct(id, members) => {
            members.iter().for_each(|(_, member)| value_needs(program, member, needed));
            let whole = program
                .structure(*id)
                .is_some_and(|found| found.kind == StructKind::Union || found.fields.len() == members.len());
            needed.extend((!whole).then_some(*id));
        }
        _ => {}
    }
}

/// The definitions that a type names.
fn named(ty: &Type) -> Vec<Id> {
    match ty {
        Type::Base(_) => Vec::new(),
        Type::List(element) | Type::Set(element) => named(element),
        Type::Map(key, value) => [named(key), named(value)].concat(),
        Type::Named(id) => vec![*id],
    }
}

/// Reports a cycle at the first of its definitions.
pub(super) fn circle<'r>(
    program: &Program,
    cycle: &[Id],
    text: &str,
    report: &'r mut Report,
) -> Option<&'r mut crate::report::Diagnostic> {
    let (first, others) = cycle.split_first()?;
    let finding = report.error(program.definitions[*first].name.span, text);
    for other in others.iter().take(5) {
        finding.see(program.definitions[*other].name.span, "by way of this");
    }
    Some(finding)
}
