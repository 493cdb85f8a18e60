//! Field lists: of structs, unions, arguments and throws.

use std::collections::HashMap;

use super::super::model::{Field, Requiredness};
use super::super::syntax::{self, TypeKind};
use super::shape::Shaper;
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
        let next = fields.iter().filter_map(|field| field.id).map(|(id, _)| id).max().unwrap_or(0).max(0);
        let mut ids: HashMap<i16, Span> = HashMap::new();
        let mut shaped = Vec::new();
        for field in fields {
            let id = self.id(field, place, next);
            if let Some((id, span)) = id.zip(field.id.map(|(_, span)| span))
                && let Some(first) = ids.insert(id, span)
            {
                self.report.error(span, format!("the id {id} is used twice")).see(first, "first used here");
            }
            shaped.push(Field {
                id: id.unwrap_or(0),
                name: field.name.clone(),
                doc: field.doc.clone(),
                requiredness: self.requiredness(field, place),
                ty: self.ty(&field.ty),
                default: None,
                boxed: field.reference,
                recursive: false,
                written: written(&field.ty),
            });
        }
        shaped
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

    fn id(&mut self, field: &syntax::Field, place: Place, highest: i64) -> Option<i16> {
        let Some((id, span)) = field.id else {
            let finding =
                self.report.error(field.name.span, format!("the field `{}` has no id", field.name.text));
            finding
                .hint(format!("compilers differ in how they number such fields; write `{}:`", highest + 1));
            return None;
        };
        if id == 0 && matches!(place, Place::Arguments | Place::Throws) {
            self.report.error(span, "the id 0 is taken by the function's result");
            return None;
        }
        if id <= 0 && i16::try_from(id).is_ok() {
            self.report
                .warning(span, format!("field ids start at 1; {id} is not accepted by every compiler"));
        }
        let short = i16::try_from(id);
        if short.is_err() {
            self.report
                .error(span, format!("the id {id} is not in the range of 16 bits"))
                .hint("ids are 1 to 32767");
        }
        short.ok()
    }

    /// Only structs and exceptions know required fields: peers leave out arguments that are null.
    fn requiredness(&mut self, field: &syntax::Field, place: Place) -> Requiredness {
        let ignored = match (place, field.requiredness) {
            (Place::Struct, requiredness) => return requiredness,
            (Place::Union, Requiredness::Required) => "`required` means nothing in a union",
            (Place::Arguments, Requiredness::Optional) => "`optional` means nothing on an argument",
            _ => return Requiredness::Default,
        };
        self.report.warning(field.name.span, ignored);
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
