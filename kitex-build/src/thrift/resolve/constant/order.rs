//! The order in which constants can be evaluated.

use super::super::super::graph::{components, cycles};
use super::super::super::model::{Id, Program};
use super::super::super::syntax::{Definition, DefinitionKind, Value, ValueKind};
use super::super::cycle::circle;
use super::super::symbols::Symbols;
use super::reference::{Meaning, meaning};
use crate::report::Report;

/// Every definition, a constant after those it refers to; `None` when some refer to each other in a circle.
pub(super) fn order(
    program: &Program,
    definitions: &[&Definition],
    symbols: &Symbols<'_>,
    report: &mut Report,
) -> Option<Vec<Id>> {
    let mut edges = Vec::with_capacity(definitions.len());
    for (id, definition) in definitions.iter().enumerate() {
        let mut used = Vec::new();
        if let DefinitionKind::Const(_, value) = &definition.kind {
            constants(program, symbols, program.definitions[id].file, value, &mut used);
        }
        edges.push(used);
    }
    let circles = cycles(&edges);
    for cycle in &circles {
        circle(program, cycle, "the value of this constant refers to itself", report);
    }
    circles.is_empty().then(|| components(&edges).into_iter().flatten().collect())
}

fn constants(program: &Program, symbols: &Symbols<'_>, file: usize, value: &Value, used: &mut Vec<Id>) {
    match &value.kind {
        ValueKind::Name(name) => {
            if let Some(Meaning::Constant(id)) = meaning(program, symbols, file, name) {
                used.push(id);
            }
        }
        ValueKind::List(items) => items.iter().for_each(|item| constants(program, symbols, file, item, used)),
        ValueKind::Map(entries) => entries.iter().for_each(|(key, item)| {
            constants(program, symbols, file, key, used);
            constants(program, symbols, file, item, used);
        }),
        _ => {}
    }
}
