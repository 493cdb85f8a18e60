//! Which definition a name means, file by file.

use std::collections::HashMap;

use super::super::load::Build;
use super::super::model::Id;
use super::super::syntax::{DefinitionKind, Name};
use crate::dialect::Dialect;
use crate::nearest::{CANDIDATES, nearest};
use crate::report::Report;
use crate::source::Span;

/// What people write who come from another language.
const OTHER_LANGUAGES: [(&str, &str); 14] = [
    ("int", "i32"),
    ("integer", "i32"),
    ("int8", "i8"),
    ("int16", "i16"),
    ("int32", "i32"),
    ("int64", "i64"),
    ("long", "i64"),
    ("short", "i16"),
    ("float", "double"),
    ("f64", "double"),
    ("boolean", "bool"),
    ("str", "string"),
    ("bytes", "binary"),
    ("array", "list<…>"),
];
const BASE_TYPES: [&str; 10] =
    ["bool", "byte", "i8", "i16", "i32", "i64", "double", "string", "binary", "uuid"];

/// The names of one file. Types and services share a space, constants have their own.
#[derive(Debug, Default)]
struct Table {
    types: HashMap<String, Id>,
    constants: HashMap<String, Id>,
}

/// The space a name is looked up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Types,
    /// The same names as those of types.
    Services,
    Constants,
}

/// The names of all files.
#[derive(Debug)]
pub(crate) struct Symbols<'a> {
    build: &'a Build,
    tables: Vec<Table>,
    /// Where each definition's name stands.
    spans: Vec<Span>,
}

impl<'a> Symbols<'a> {
    /// Numbers all definitions, file after file, and reports names that are taken.
    pub(crate) fn collect(build: &'a Build, report: &mut Report) -> Symbols<'a> {
        let mut tables = Vec::new();
        let mut spans: Vec<Span> = Vec::new();
        for loaded in &build.loaded {
            let mut table = Table::default();
            for definition in &loaded.document.definitions {
                let Name { text, span } = &definition.name;
                let (space, what) = match definition.kind {
                    DefinitionKind::Const(..) => (&mut table.constants, "constant"),
                    _ => (&mut table.types, "type or service"),
                };
                let id = spans.len();
                spans.push(*span);
                match space.get(text) {
                    Some(&first) => {
                        let finding = report.error(*span, format!("the {what} `{text}` is defined twice"));
                        finding.see(spans[first], "first defined here");
                    }
                    None => drop(space.insert(text.clone(), id)),
                }
            }
            tables.push(table);
        }
        Symbols { build, tables, spans }
    }

    pub(crate) fn dialect(&self) -> Option<Dialect> {
        self.build.dialect
    }

    fn space(&self, file: usize, space: Space) -> &HashMap<String, Id> {
        match space {
            Space::Types | Space::Services => &self.tables[file].types,
            Space::Constants => &self.tables[file].constants,
        }
    }

    /// All that `name` may mean in `file`: one without a dot is local, one with a dot is an include's.
    pub(crate) fn lookup(&self, file: usize, name: &str, space: Space) -> Vec<Id> {
        if !name.contains('.') {
            return self.space(file, space).get(name).copied().into_iter().collect();
        }
        let mut found = Vec::new();
        for (prefix, included) in &self.build.loaded[file].includes {
            let rest = name.strip_prefix(prefix.as_str()).and_then(|rest| rest.strip_prefix('.'));
            let id = rest.and_then(|rest| self.space(*included, space).get(rest));
            found.extend(id.filter(|id| !found.contains(*id)).copied());
        }
        found
    }

    /// The one definition that `name` means, or an error with what may have been meant.
    pub(crate) fn require(
        &self,
        file: usize,
        name: &str,
        span: Span,
        space: Space,
        report: &mut Report,
    ) -> Option<Id> {
        match self.lookup(file, name, space)[..] {
            [id] => Some(id),
            [] if matches!(name, "list" | "set" | "map") && space == Space::Types => {
                let elements = if name == "map" { "map<string, i32>".into() } else { format!("{name}<i32>") };
                report.error(span, format!("`{name}` needs the type of its elements")).hint(elements);
                None
            }
            [] => {
                let what = match space {
                    Space::Types => "type",
                    Space::Services => "service",
                    Space::Constants => "constant",
                };
                let hint = if report.is_full() { None } else { self.suggestion(file, name, space) };
                let finding = report.error(span, format!("there is no {what} `{name}`"));
                if let Some(hint) = hint {
                    finding.hint(hint);
                }
                None
            }
            ref found => {
                let finding = report.error(span, format!("`{name}` is ambiguous"));
                found.iter().take(2).for_each(|&id| {
                    finding.see(self.spans[id], "this may be meant");
                });
                finding.hint("included files of the same name share a prefix: rename one of them");
                None
            }
        }
    }

    fn suggestion(&self, file: usize, name: &str, space: Space) -> Option<String> {
        let other = OTHER_LANGUAGES.iter().find(|(word, _)| *word == name && space == Space::Types);
        if let Some((_, ours)) = other {
            return Some(format!("in Thrift this is `{ours}`"));
        }
        let (prefix, last) = name.rsplit_once('.').unwrap_or(("", name));
        let includes = &self.build.loaded[file].includes;
        let visible = includes.iter().map(|(prefix, file)| (prefix.as_str(), *file)).chain([("", file)]);
        for (place, file) in visible.take(CANDIDATES) {
            if self.space(file, space).contains_key(last) {
                let dot = if place.is_empty() { "" } else { "." };
                return Some(format!("did you mean `{place}{dot}{last}`?"));
            }
        }
        let other = self.tables.iter().position(|table| match space {
            Space::Types | Space::Services => table.types.contains_key(last),
            Space::Constants => table.constants.contains_key(last),
        });
        if let Some(other) = other {
            let path = self.build.loaded[other].path.display();
            return Some(format!("it is defined in {path}: include that file here"));
        }
        let owner = nearest(prefix, self.tables[file].types.keys().map(String::as_str));
        if let (Some(owner), Space::Constants) = (owner, space) {
            return Some(format!("did you mean `{owner}.{last}`?"));
        }
        let target = includes.iter().find(|(known, _)| known == prefix).map_or(file, |(_, file)| *file);
        let base = BASE_TYPES.into_iter().filter(|_| prefix.is_empty() && space == Space::Types);
        let near = nearest(last, self.space(target, space).keys().map(String::as_str).chain(base))?;
        let dot = if prefix.is_empty() { "" } else { "." };
        Some(format!("did you mean `{prefix}{dot}{near}`?"))
    }
}
