//! How large the output can become. A few lines of an IDL can ask for more code than any machine holds, by typedefs,
//! constants and services that each use the one before twice; such a build is refused.

use super::super::graph::components;
use super::super::model::{Field, Id, Kind, Program, Type, Value};
use super::cycle::default_of;
use crate::report::Report;

/// Types that all fields, arguments and results consist of, typedefs expanded, each as often as it is deep: the code of
/// a container in containers is indented and spelled out anew at every level.
const TYPES: usize = 2_000_000;
/// Values that constants and defaults consist of, beyond those that are written out in the IDL.
const VALUES: usize = 1_000_000;
/// Methods of all services, inherited ones counted in each.
const METHODS: usize = 100_000;

pub(super) fn check(program: &Program, report: &mut Report) {
    let checks: [(&str, usize, usize); 3] = [
        ("types, typedefs expanded", TYPES, types(program)),
        ("values in constants, references expanded", VALUES, values(program)),
        ("methods, inherited ones included", METHODS, methods(program)),
    ];
    for (what, limit, found) in checks {
        if found > limit {
            let finding = report.failure(format!("this build has too many {what}: {limit} is the limit"));
            finding.hint("typedefs, constants or services use each other over and over");
        }
    }
}

/// The size of each definition, given what it is made of; those that are used come first.
fn sizes(edges: &[Vec<Id>], size: impl Fn(Id, &[usize]) -> usize) -> Vec<usize> {
    let mut sizes = vec![0; edges.len()];
    for id in components(edges).into_iter().flatten() {
        sizes[id] = size(id, &sizes);
    }
    sizes
}

fn types(program: &Program) -> usize {
    let target = |id: Id| match &program.definitions[id].kind {
        Kind::Typedef(ty) => Some(ty),
        _ => None,
    };
    let mut edges = vec![Vec::new(); program.definitions.len()];
    for (id, edges) in edges.iter_mut().enumerate() {
        target(id).into_iter().for_each(|ty| named(ty, edges));
        edges.retain(|&id| target(id).is_some());
    }
    let known = sizes(&edges, |id, known| target(id).map_or(1, |ty| extent(ty, known)));
    let deep = sizes(&edges, |id, known| target(id).map_or(1, |ty| depth(ty, known)));
    let cost = |ty: &Type| extent(ty, &known).saturating_mul(depth(ty, &deep));
    let list = |fields: &[Field]| sum(fields.iter().map(|field| cost(&field.ty)));
    sum(program.definitions.iter().map(|definition| match &definition.kind {
        Kind::Struct(found) => list(&found.fields),
        Kind::Service(service) => sum(service.methods.iter().map(|method| {
            let result = method.result.as_ref().map_or(0, cost);
            list(&method.arguments).saturating_add(result)
        })),
        _ => 0,
    }))
}

fn named(ty: &Type, found: &mut Vec<Id>) {
    match ty {
        Type::Base(_) => {}
        Type::List(element) | Type::Set(element) => named(element, found),
        Type::Map(key, value) => {
            named(key, found);
            named(value, found);
        }
        Type::Named(id) => found.push(*id),
    }
}

fn extent(ty: &Type, known: &[usize]) -> usize {
    match ty {
        Type::Base(_) => 1,
        Type::List(element) | Type::Set(element) => extent(element, known).saturating_add(1),
        Type::Map(key, value) => sum([1, extent(key, known), extent(value, known)].into_iter()),
        Type::Named(id) => known[*id].max(1),
    }
}

fn depth(ty: &Type, known: &[usize]) -> usize {
    match ty {
        Type::Base(_) => 1,
        Type::List(element) | Type::Set(element) => depth(element, known).saturating_add(1),
        Type::Map(key, value) => depth(key, known).max(depth(value, known)).saturating_add(1),
        Type::Named(id) => known[*id].max(1),
    }
}

/// What references add to the values that are written.
fn values(program: &Program) -> usize {
    let edges: Vec<Vec<Id>> = (0..program.definitions.len()).map(|id| default_of(program, id)).collect();
    let known = sizes(&edges, |id, known| match &program.definitions[id].kind {
        Kind::Const(constant) => weight(&constant.value, known, 1),
        _ => 0,
    });
    let default = |field: &Field| field.default.as_ref().map_or(0, |value| weight(value, &known, 0));
    sum(program.definitions.iter().map(|definition| match &definition.kind {
        Kind::Const(constant) => weight(&constant.value, &known, 0),
        Kind::Struct(found) => sum(found.fields.iter().map(default)),
        Kind::Service(service) => {
            sum(service.methods.iter().flat_map(|method| &method.arguments).map(default))
        }
        _ => 0,
    }))
}

/// A value's size: `own` for each value that is written, and all that it refers to.
fn weight(value: &Value, known: &[usize], own: usize) -> usize {
    let inside = match value {
        Value::Const(id) => known[*id],
        Value::List(items) => sum(items.iter().map(|item| weight(item, known, own))),
        Value::Map(entries) => sum(entries
            .iter()
            .map(|(key, item)| weight(key, known, own).saturating_add(weight(item, known, own)))),
        Value::Struct(_, members) => sum(members.iter().map(|(_, member)| weight(member, known, own))),
        _ => 0,
    };
    inside.saturating_add(own)
}

fn methods(program: &Program) -> usize {
    let base = |id: Id| program.service(id).and_then(|service| service.extends);
    let edges: Vec<Vec<Id>> =
        (0..program.definitions.len()).map(|id| base(id).into_iter().collect()).collect();
    let known = sizes(&edges, |id, known| {
        let inherited = base(id).map_or(0, |base| known[base]);
        program.service(id).map_or(0, |service| service.methods.len().saturating_add(inherited))
    });
    // A method's place in its service is a u16.
    let largest = known.iter().max().is_some_and(|&methods| methods > usize::from(u16::MAX));
    if largest { usize::MAX } else { sum(known.into_iter()) }
}

fn sum(sizes: impl Iterator<Item = usize>) -> usize {
    sizes.fold(0, usize::saturating_add)
}
