//! Where a struct that holds itself by value is cut: its field is held behind a pointer there, and may be absent.

use std::collections::{HashMap, HashSet};

use super::super::graph::cycles;
use super::super::model::{Field, Id, Kind, Program, Requiredness, StructKind};
use super::cycle::circle;
use crate::report::Report;

/// Steps that are spent on finding out which pointers are needed. Beyond them all are taken for needed: what is left
/// then is far from anything that people write.
const STEPS: usize = 2_000_000;

/// Cuts at optional fields and members of unions, and where those do not suffice at fields of default requiredness. Each
/// cycle is cut once, and no field that need not be cut is.
pub(super) fn structs(program: &mut Program, report: &mut Report) {
    let mut steps = STEPS;
    for cycle in cycles(&by_value(program)) {
        for (id, at) in needed(program, &cycle, &mut steps) {
            if let Kind::Struct(found) = &mut program.definitions[id].kind {
                found.fields[at].recursive = true;
                found.fields[at].boxed = true;
            }
        }
    }
    for cycle in cycles(&by_value(program)) {
        circle(program, &cycle, "this struct requires itself, so no value of it could end", report)
            .map(|finding| finding.hint("make one of the fields optional"));
    }
}

/// How readily a field is cut: never, where nothing else suffices, or rather than others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cut {
    Never,
    Last,
    First,
}

impl Cut {
    fn of(kind: StructKind, field: &Field) -> Cut {
        match field.requiredness {
            _ if kind == StructKind::Union => Cut::First,
            Requiredness::Optional => Cut::First,
            Requiredness::Default => Cut::Last,
            Requiredness::Required => Cut::Never,
        }
    }
}

/// The struct that a field holds by value, unless it is behind a pointer and may be absent.
fn held(program: &Program, kind: StructKind, field: &Field) -> Option<Id> {
    let absent = kind == StructKind::Union || field.is_option();
    let cut = field.recursive || (field.boxed && absent);
    program.struct_of(&field.ty).map(|(id, _)| id).filter(|_| !cut)
}

fn by_value(program: &Program) -> Vec<Vec<Id>> {
    let edges = |id: Id| match program.structure(id) {
        Some(found) => found.fields.iter().filter_map(|field| held(program, found.kind, field)).collect(),
        None => Vec::new(),
    };
    (0..program.definitions.len()).map(edges).collect()
}

/// The fields of a cycle to cut. One after the other, those that are cut the least readily first, fields are taken for
/// held by value unless that closes a cycle; of the same readiness in the order of the structs' names, so that it does
/// not matter in which order they are declared.
fn needed(program: &Program, cycle: &[Id], steps: &mut usize) -> Vec<(Id, usize)> {
    let mut held_by: HashMap<Id, Vec<Id>> = HashMap::new();
    let mut needed = Vec::new();
    for (cut, id, at, target) in candidates(program, cycle) {
        if cut != Cut::Never && leads(&held_by, target, id, steps) {
            needed.push((id, at));
        } else {
            held_by.entry(id).or_default().push(target);
        }
    }
    needed
}

/// The fields by which the structs of a cycle hold each other, and what each of them holds.
fn candidates(program: &Program, cycle: &[Id]) -> Vec<(Cut, Id, usize, Id)> {
    let mut found = Vec::new();
    for (id, structure) in cycle.iter().filter_map(|&id| Some((id, program.structure(id)?))) {
        for (at, field) in structure.fields.iter().enumerate() {
            let target = held(program, structure.kind, field);
            let inside = target.filter(|target| cycle.binary_search(target).is_ok());
            found.extend(inside.map(|target| (Cut::of(structure.kind, field), id, at, target)));
        }
    }
    let key = |&(cut, id, at, _): &(Cut, Id, usize, Id)| {
        let definition = &program.definitions[id];
        (cut, definition.name.text.as_str(), program.files[definition.file].path.as_path(), at)
    };
    found.sort_by(|a, b| key(a).cmp(&key(b)));
    found
}

/// Whether `from` holds `to`, or nobody has the time to find out.
fn leads(held_by: &HashMap<Id, Vec<Id>>, from: Id, to: Id, steps: &mut usize) -> bool {
    let mut seen = HashSet::new();
    let mut next = vec![from];
    while let Some(id) = next.pop() {
        if id == to || *steps == 0 {
            return true;
        }
        if seen.insert(id) {
            let targets = held_by.get(&id).map_or(&[][..], Vec::as_slice);
            *steps = steps.saturating_sub(1 + targets.len());
            next.extend(targets);
        }
    }
    false
}
