//! Where a struct that holds itself by value is cut: its field is held behind a pointer there, and may be absent.

use std::collections::{HashMap, HashSet};

use super::super::graph::cycles;
use super::super::model::{Field, Id, Kind, Program, Requiredness, StructKind};
use super::cycle::circle;
use crate::report::Report;

/// Steps that are spent on finding out which pointers are needed. Beyond them all are taken for needed: what is left
/// then is far from anything that people write.
const STEPS: usize = 2_000_000;

/// Cuts at optional fields and members of unions, and where those do not suffice at fields of default requiredness.
pub(super) fn structs(program: &mut Program, report: &mut Report) {
    let cuts: [fn(StructKind, &Field) -> bool; 2] = [
        |kind, field| kind == StructKind::Union || field.requiredness == Requiredness::Optional,
        |_, field| field.requiredness == Requiredness::Default,
    ];
    // Of the optional ones only those that must be. Of the others all: of two that read the same in the IDL one would be
    // an `Option` and the other not.
    for (cut, mut steps) in cuts.into_iter().zip([STEPS, 0]) {
        for cycle in cycles(&by_value(program)) {
            for (id, at) in needed(program, &cycle, cut, &mut steps) {
                if let Kind::Struct(found) = &mut program.definitions[id].kind {
                    found.fields[at].recursive = true;
                    found.fields[at].boxed = true;
                }
            }
        }
    }
    for cycle in cycles(&by_value(program)) {
        circle(program, &cycle, "this struct requires itself, so no value of it could end", report)
            .map(|finding| finding.hint("make one of the fields optional"));
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

/// The fields among those that may be cut without which the cycle would not be one. They are tried in the order of
/// their names, so that it does not matter in which order the structs are declared.
fn needed(
    program: &Program,
    cycle: &[Id],
    cut: fn(StructKind, &Field) -> bool,
    steps: &mut usize,
) -> Vec<(Id, usize)> {
    let mut held_by: HashMap<Id, Vec<Id>> = HashMap::new();
    let mut open: Vec<(Id, usize, Id)> = Vec::new();
    for &id in cycle {
        let Some(found) = program.structure(id) else { continue };
        for (at, field) in found.fields.iter().enumerate() {
            let target =
                held(program, found.kind, field).filter(|target| cycle.binary_search(target).is_ok());
            match target {
                Some(target) if cut(found.kind, field) => open.push((id, at, target)),
                Some(target) => held_by.entry(id).or_default().push(target),
                None => {}
            }
        }
    }
    let key = |&(id, at, _): &(Id, usize, Id)| {
        let definition = &program.definitions[id];
        (definition.name.text.as_str(), program.files[definition.file].path.as_path(), at)
    };
    open.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut needed = Vec::new();
    for (id, at, target) in open {
        if leads(&held_by, target, id, steps) {
            needed.push((id, at));
        } else {
            held_by.entry(id).or_default().push(target);
        }
    }
    needed
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
