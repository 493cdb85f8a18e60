//! Field lists: of structs, unions, arguments and throws.

use std::collections::HashMap;

use super::super::model::{Choice, Field, Requiredness, Wishes};
use super::super::syntax::{self, TypeKind};
use super::shape::Shaper;
use crate::dialect::Dialect;
use crate::lint::Lint;
use crate::source::Span;

/// What a field list belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Struct,
    Union,
    Arguments,
    Throws,
}

impl Shaper<'_> {
    pub(super) fn fields(&mut self, fields: &[syntax::Field], place: Place) -> Vec<Field> {
        self.unique_names(fields);
        self.defaults_allowed(fields, place);
        let given = fields.iter().filter_map(|field| field.id).map(|(id, _)| id);
        let free = given.filter(|id| (1..i16::MAX.into()).contains(id)).max().unwrap_or(0) + 1;
        let implicit = self.implicit_ids(fields);
        let mut ids: HashMap<i16, Span> = HashMap::new();
        let mut shaped = Vec::new();
        for (field, implicit) in fields.iter().zip(implicit) {
            let id = self.id(field, place, implicit, free);
            if let Some((id, span)) = id.zip(Some(field.id.map_or(field.name.span, |(_, span)| span)))
                && let Some(first) = ids.insert(id, span)
            {
                self.report.error(span, format!("the id {id} is used twice")).see(first, "first used here");
            }
            let wishes = self.wishes(field);
            // Arguments are handed over as they are: only the fields of structs are held in another way.
            let holds = matches!(place, Place::Struct | Place::Union);
            let choice = if holds { wishes.choice } else { Choice::Usual };
            shaped.push(Field {
                id: id.unwrap_or(0),
                name: field.name.clone(),
                doc: field.doc.clone(),
                requiredness: self.requiredness(field, place),
                ty: self.ty(&field.ty),
                default: None,
                boxed: field.reference || choice == Choice::Shared,
                recursive: false,
                wishes: Wishes { choice, ..wishes },
                written: written(&field.ty),
            });
        }
        shaped
    }

    /// What the field's annotations ask for, and those of its type.
    fn wishes(&mut self, field: &syntax::Field) -> Wishes {
        let annotations = [&field.ty.annotations[..], &field.annotations[..]].concat();
        Wishes::read(&annotations, self.report)
    }

    fn unique_names(&mut self, fields: &[syntax::Field]) {
        let mut names: HashMap<&str, Span> = HashMap::new();
        for field in fields {
            let name = &field.name;
            if let Some(first) = names.insert(&name.text, name.span) {
                let finding = self.report.error(name.span, format!("the name `{}` is used twice", name.text));
                finding.see(first, "first used here");
            }
        }
    }

    fn defaults_allowed(&mut self, fields: &[syntax::Field], place: Place) {
        let mut defaults = fields.iter().filter_map(|field| field.default.as_ref());
        match place {
            Place::Union => {
                if let Some(second) = defaults.nth(1) {
                    self.report.error(second.span, "at most one member of a union has a default");
                }
            }
            Place::Throws => {
                if let Some(default) = defaults.next() {
                    self.report.error(default.span, "an exception in `throws` has no default");
                }
            }
            Place::Struct | Place::Arguments => {}
        }
    }

    /// The ids that the dialect gives to fields without one.
    fn implicit_ids(&mut self, fields: &[syntax::Field]) -> Vec<Option<i64>> {
        let Some(dialect) = self.dialect else { return vec![None; fields.len()] };
        let (mut last, mut lowest) = (0_i64, 0_i64);
        let mut number = |field: &syntax::Field| match (field.id, dialect) {
            (Some((id, _)), _) => {
                last = id;
                None
            }
            (None, Dialect::Apache) => {
                lowest -= 1;
                Some(lowest)
            }
            (None, Dialect::Thriftgo) => {
                last = last.saturating_add(1);
                Some(last)
            }
        };
        let ids: Vec<Option<i64>> = fields.iter().map(&mut number).collect();
        if let Some((field, id)) = fields.iter().zip(&ids).find_map(|(field, id)| Some((field, (*id)?))) {
            let text = format!("the field `{}` has no id: it is {id} in this dialect", field.name.text);
            self.report
                .lint(Lint::ImplicitId, field.name.span, text)
                .hint("other compilers number it otherwise");
        }
        ids
    }

    fn id(&mut self, field: &syntax::Field, place: Place, implicit: Option<i64>, free: i64) -> Option<i16> {
        let Some((id, span)) = field.id.or(implicit.map(|id| (id, field.name.span))) else {
            self.missing_id(field, free);
            return None;
        };
        if id == 0 && matches!(place, Place::Arguments | Place::Throws) {
            self.report.error(span, "the id 0 is taken by the function's result");
            return None;
        }
        if id <= 0 && i16::try_from(id).is_ok() && implicit.is_none() {
            let text = format!("field ids start at 1; {id} is not accepted by every compiler");
            self.report.lint(Lint::OddId, span, text);
        }
        let short = i16::try_from(id);
        if short.is_err() {
            let finding = self.report.error(span, format!("the id {id} is not in the range of 16 bits"));
            finding.hint("ids are 1 to 32767");
        }
        short.ok()
    }

    fn missing_id(&mut self, field: &syntax::Field, free: i64) {
        let finding =
            self.report.error(field.name.span, format!("the field `{}` has no id", field.name.text));
        finding.hint(format!("write `{free}:` before it"));
        finding.hint("Apache numbers such fields -1, -2, …, thriftgo 1, 2, …: `dialect` chooses one of them");
    }

    /// Only structs and exceptions know required fields: peers leave out arguments that are null.
    fn requiredness(&mut self, field: &syntax::Field, place: Place) -> Requiredness {
        let ignored = match (place, field.requiredness) {
            (Place::Struct, requiredness) => return requiredness,
            (Place::Union, Requiredness::Required) => "`required` means nothing in a union",
            (Place::Arguments, Requiredness::Optional) => "`optional` means nothing on an argument",
            _ => return Requiredness::Default,
        };
        self.report.lint(Lint::IgnoredRequiredness, field.name.span, ignored);
        Requiredness::Default
    }
}

/// A type as the IDL spells it, without annotations.
fn written(ty: &syntax::Type) -> String {
    match &ty.kind {
        TypeKind::Void => "void".to_owned(),
        TypeKind::Base(base) => base.keyword().to_owned(),
        TypeKind::List(element) => format!("list<{}>", written(element)),
        TypeKind::Set(element) => format!("set<{}>", written(element)),
        TypeKind::Map(key, value) => format!("map<{}, {}>", written(key), written(value)),
        TypeKind::Named(name) => name.clone(),
    }
}
