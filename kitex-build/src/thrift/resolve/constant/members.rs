//! Members of enums and structs by what values call them: a file may name as many as it declares.

use std::collections::HashMap;

use super::super::super::model::{Id, Kind, Program};

/// Filled as definitions are asked for.
#[derive(Debug, Default)]
pub(super) struct Members {
    names: HashMap<Id, HashMap<String, usize>>,
    numbers: HashMap<Id, HashMap<i32, usize>>,
}

impl Members {
    /// Where the field or the enum's value of a name is.
    pub(super) fn named(&mut self, program: &Program, id: Id, name: &str) -> Option<usize> {
        let known = self.names.entry(id).or_insert_with(|| {
            let names: Vec<&str> = match &program.definitions[id].kind {
                Kind::Enum(values) => values.iter().map(|value| value.name.text.as_str()).collect(),
                Kind::Struct(found) => found.fields.iter().map(|field| field.name.text.as_str()).collect(),
                Kind::Const(_) | Kind::Typedef(_) | Kind::Service(_) => Vec::new(),
            };
            names.into_iter().enumerate().map(|(at, name)| (name.to_owned(), at)).collect()
        });
        known.get(name).copied()
    }

    /// Where the first value of an enum is that has the number.
    pub(super) fn numbered(&mut self, program: &Program, id: Id, number: i32) -> Option<usize> {
        let known = self.numbers.entry(id).or_insert_with(|| match &program.definitions[id].kind {
            Kind::Enum(values) => {
                values.iter().enumerate().rev().map(|(at, value)| (value.number, at)).collect()
            }
            _ => HashMap::new(),
        });
        known.get(&number).copied()
    }
}
