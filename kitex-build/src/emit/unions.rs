//! Unions: one variant a member, and one for what this build does not know.

use super::codec::Place;
use super::layout::Node;
use super::structs::{
    MISMATCH, declaration, decode_function, empty_union_function, encode_function, pointed,
};
use super::value::literal;
use super::{Code, Emitter, docs};
use crate::thrift::model::{Choice, Field, Id, Struct};

impl Emitter<'_> {
    pub(crate) fn union(&self, code: &mut Code, id: Id, found: &Struct, from: &[String]) {
        let definition = &self.program.definitions[id];
        let name = &self.plan.names[id];
        let unknown = self.plan.unknown.get(&id).map_or("", String::as_str);
        let key = self.traits[id].key;
        docs::write(code, definition.doc.as_deref(), &format!("`union {}`", definition.name.text));
        self.attributes(code, id, false);
        code.block(format!("pub enum {name}"), |code| {
            for (field, variant) in found.fields.iter().zip(&self.plan.members[id]) {
                docs::write(code, field.doc.as_deref(), &declaration(field));
                field.wishes.attributes.iter().for_each(|attribute| code.line(format!("#[{attribute}]")));
                let ty = self.field_type(field, found.kind, key, from);
                code.expression(&Node::Variant(variant.clone(), Box::new(ty)), ",");
            }
            docs::write(code, None, "Nothing, or a member that this build does not know.");
            code.line(format!("{unknown}(::kitex::codegen::UnknownField),"));
        });
        code.gap();
        code.implementation("::std::default::Default", name, |code| {
            code.block("fn default() -> Self", |code| self.union_default(code, id, found, unknown, from));
        });
        code.gap();
        code.implementation("::kitex::codegen::Message", name, |code| {
            self.encode_union(code, id, found, unknown);
            code.gap();
            self.decode_union(code, id, found, unknown, from);
            code.gap();
            self.empty_union(code, id, found, unknown);
        });
        self.described(code, id);
    }

    /// The member that has a default, if one has.
    fn union_default(&self, code: &mut Code, id: Id, found: &Struct, unknown: &str, from: &[String]) {
        let members = found.fields.iter().zip(&self.plan.members[id]);
        match members.into_iter().find(|(field, _)| field.default.is_some()) {
            Some((field, variant)) => {
                let value = self.field_default(field, found.kind, self.traits[id].key, from);
                code.expression(&Node::call(format!("Self::{variant}"), vec![value]), "");
            }
            None => code.line(format!("Self::{unknown}(::kitex::codegen::UnknownField::none())")),
        }
    }

    fn encode_union(&self, code: &mut Code, id: Id, found: &Struct, unknown: &str) {
        encode_function(code, |code| {
            code.line("out.begin_struct()?;");
            let key = self.traits[id].key;
            code.block("match self", |code| {
                for (field, variant) in found.fields.iter().zip(&self.plan.members[id]) {
                    let choice = field.wishes.choice;
                    let place = Place { text: "value", reference: true, boxed: field.boxed, key, choice };
                    self.write_arm(
                        code,
                        &format!("Self::{variant}(value)"),
                        field.id,
                        self.field_kind(field),
                        place,
                    );
                }
                code.line(format!("Self::{unknown}(field) => out.write_unknown(field),"));
            });
            code.line("out.end_struct();");
            code.line("Ok(())");
        });
    }

    fn decode_union(&self, code: &mut Code, id: Id, found: &Struct, unknown: &str, from: &[String]) {
        decode_function(code, |code| {
            if !found.fields.is_empty() {
                if found.fields.iter().any(|field| self.is_nested(&field.ty)) {
                    code.line(MISMATCH);
                }
                code.line("let mut member = None;");
            }
            code.line("let mut unknown = ::kitex::codegen::UnknownField::none();");
            code.line("from.begin_struct()?;");
            code.block("while let Some(field) = from.read_field()?", |code| {
                if found.fields.is_empty() {
                    return code.line("unknown = from.read_unknown(field)?;");
                }
                code.line("let read = match (field.id, field.kind) {");
                let arms = |code: &mut Code| {
                    for (field, variant) in found.fields.iter().zip(&self.plan.members[id]) {
                        self.decode_member(code, id, field, variant, from);
                    }
                    code.block("_ =>", |code| {
                        code.line("unknown = from.read_unknown(field)?;");
                        code.line("None");
                    });
                };
                code.body(arms, "};");
                let name = literal(&self.program.definitions[id].name.text);
                let arguments = vec!["member".into(), "read".into(), name.into()];
                let only = Node::call("::kitex::codegen::only_member", arguments);
                code.assign("member =", &only, "?;");
            });
            match found.fields.is_empty() {
                true => code.line(format!("Ok(Self::{unknown}(unknown))")),
                false => code.line(format!("Ok(member.unwrap_or(Self::{unknown}(unknown)))")),
            }
        });
    }

    /// A member that is a union is there if it has a member itself.
    fn empty_union(&self, code: &mut Code, id: Id, found: &Struct, unknown: &str) {
        let members = found.fields.iter().zip(&self.plan.members[id]);
        let unions: Vec<_> = members.filter(|(field, _)| self.is_union(&field.ty)).collect();
        empty_union_function(code, |code| {
            code.block("match self", |code| {
                for (field, variant) in &unions {
                    let value = if field.boxed { "&**value" } else { "value" };
                    let call = Node::call("Message::empty_union", vec![value.into()]);
                    code.arm(&format!("Self::{variant}(value)"), &call);
                }
                let name = literal(&self.program.definitions[id].name.text);
                let absent = Node::call("field.is_none().then_some", vec![name.into()]);
                code.arm(&format!("Self::{unknown}(field)"), &absent);
                if unions.len() < found.fields.len() {
                    code.line("_ => None,");
                }
            });
        });
    }

    fn decode_member(&self, code: &mut Code, id: Id, field: &Field, variant: &str, from: &[String]) {
        let pattern = format!("({}, {})", field.id, self.wire(&field.ty));
        let key = self.traits[id].key;
        if let Some(value) = self.read_field(field, key, from) {
            let member =
                |value: Node| Node::call("Some", vec![Node::call(format!("Self::{variant}"), vec![value])]);
            if field.boxed || !code.short_arm(&pattern, "", &member(value.clone())) {
                let read = match field.boxed {
                    true => pointed(field, "read".into()),
                    false => "read".into(),
                };
                code.block(format!("{pattern} =>"), |code| {
                    code.assign("let read =", &value, ";");
                    code.expression(&member(read), "");
                });
            }
            return;
        }
        code.block(format!("{pattern} =>"), |code| {
            let sorted = field.wishes.choice == Choice::Sorted;
            let read = self.read_option(code, self.field_kind(field), (key, sorted), from);
            code.assign("let read =", &read, ";");
            self.close_option(code, self.field_kind(field), from);
            if field.boxed {
                code.line("let read = read.map(|read| from.boxed(read)).transpose()?;");
                if field.wishes.choice == Choice::Shared {
                    code.line("let read = read.map(::std::sync::Arc::from);");
                }
            }
            code.line(format!("read.map(Self::{variant})"));
        });
    }
}
