//! Which definition a name means, file by file.

use std::collections::HashMap;

use super::super::load::Build;
use super::super::model::Id;
use super::super::syntax::{DefinitionKind, Name};
use crate::report::Report;
use crate::source::Span;

/// Suggestions look at no more names than this, so that many errors in a large file stay cheap.
const CANDIDATES: usize = 2000;

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
    Constants,
}

/// The names of all files.
#[derive(Debug)]
pub(crate) struct Symbols<'a> {
    build: &'a Build,
    tables: Vec<Table>,
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
        Symbols { build, tables }
    }

    fn space(&self, file: usize, space: Space) -> &HashMap<String, Id> {
        match space {
            Space::Types => &self.tables[file].types,
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
            [] => {
                let what = if space == Space::Types { "type" } else { "constant" };
                let finding = report.error(span, format!("there is no {what} `{name}`"));
                if let Some(hint) = self.suggestion(file, name, space) {
                    finding.hint(hint);
                }
                None
            }
            _ => {
                let finding = report.error(span, format!("`{name}` is ambiguous"));
                finding.hint("two included files of the same name define it");
                None
            }
        }
    }

    fn suggestion(&self, file: usize, name: &str, space: Space) -> Option<String> {
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
            Space::Types => table.types.contains_key(last),
            Space::Constants => table.constants.contains_key(last),
        });
        if let Some(other) = other {
            let path = self.build.loaded[other].path.display();
            return Some(format!("it is defined in {path}, which this file does not include"));
        }
        let target = includes.iter().find(|(known, _)| known == prefix).map_or(file, |(_, file)| *file);
        let near = nearest(last, self.space(target, space).keys().map(String::as_str))?;
        let dot = if prefix.is_empty() { "" } else { "." };
        Some(format!("did you mean `{prefix}{dot}{near}`?"))
    }
}

/// The candidate that differs least from `name`, if it is near enough to be a slip.
pub(crate) fn nearest<'n>(name: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (name.len() / 3).min(3);
    let near = candidates.take(CANDIDATES).filter(|candidate| candidate.len().abs_diff(name.len()) <= limit);
    let measured = near.map(|candidate| (distance(name, candidate), candidate));
    measured.filter(|(distance, _)| *distance <= limit).min().map(|(_, candidate)| candidate)
}

/// Edit distance, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised() {
        let names = ["Request", "Response", "User"];
        assert_eq!(nearest("Reqest", names.into_iter()), Some("Request"));
        assert_eq!(nearest("user", names.into_iter()), Some("User"));
        assert_eq!(nearest("Color", names.into_iter()), None);
    }
}
