//! Structs and exceptions.

use super::codec::Place;
use super::layout::{Node, Returns};
use super::value::{DEFAULT, literal};
use super::{Code, Emitter, docs};
use crate::thrift::model::{Choice, Field, Id, Requiredness, Struct, StructKind};

impl Emitter<'_> {
    pub(crate) fn structure_item(&self, code: &mut Code, id: Id, found: &Struct, from: &[String]) {
        let definition = &self.program.definitions[id];
        let name = &self.plan.names[id];
        let exception = found.kind == StructKind::Exception;
        let keyword = if exception { "exception" } else { "struct" };
        docs::write(code, definition.doc.as_deref(), &format!("`{keyword} {}`", definition.name.text));
        let default = found.fields.iter().all(|field| self.is_plain_default(field));
        self.attributes(code, id, default);
        let fields = Fields {
            fields: &found.fields,
            names: &self.plan.members[id],
            key: self.traits[id].key,
            kind: found.kind,
            idl_name: &definition.name.text,
            unknown: self.plan.unknown.get(&id).map(String::as_str),
        };
        self.fields(code, name, &fields, from);
        if !default {
            code.gap();
            self.default_implementation(code, name, &fields, from);
        }
        code.gap();
        self.message(code, name, &fields, from);
        self.described(code, id);
        if exception {
            code.gap();
            error_implementation(code, name);
        }
    }

    /// The attributes of a struct or union: what it derives, and what its annotations ask for.
    pub(crate) fn attributes(&self, code: &mut Code, id: Id, default: bool) {
        let traits = self.traits[id];
        let own = [
            ("Clone", true),
            ("Debug", true),
            ("Default", default),
            ("PartialEq", true),
            ("Eq", traits.eq),
            ("Hash", traits.hash),
            ("PartialOrd", traits.key),
            ("Ord", traits.key),
        ];
        let own: Vec<&str> = own.into_iter().filter(|(_, derived)| *derived).map(|(name, _)| name).collect();
        // These are implemented where they are not derived.
        self.derived(code, id, &own, &["Default"]);
    }

    /// The attributes of a type: what it derives itself, what settings and annotations add, and their attributes. What
    /// it has anyway is not derived again.
    pub(crate) fn derived(&self, code: &mut Code, id: Id, own: &[&str], implemented: &[&str]) {
        let wishes = &self.program.definitions[id].wishes;
        let mut all: Vec<&str> = own.to_vec();
        for path in self.options.derives.iter().chain(&wishes.derives) {
            let last = path.rsplit("::").next().unwrap_or(path);
            if !own.contains(&last) && !implemented.contains(&last) && !all.contains(&path.as_str()) {
                all.push(path);
            }
        }
        code.derive(&all);
        wishes.attributes.iter().for_each(|attribute| code.line(format!("#[{attribute}]")));
    }

    pub(crate) fn fields(&self, code: &mut Code, name: &str, fields: &Fields<'_>, from: &[String]) {
        code.line(format!("pub struct {name} {{"));
        let body = |code: &mut Code| {
            for (field, name) in fields.fields.iter().zip(fields.names) {
                docs::write(code, field.doc.as_deref(), &declaration(field));
                field.wishes.attributes.iter().for_each(|attribute| code.line(format!("#[{attribute}]")));
                let ty = self.field_type(field, fields.kind, fields.key, from);
                code.assign(&format!("pub {name}:"), &ty, ",");
            }
            if let Some(name) = fields.unknown {
                docs::write(code, None, "The fields that this build does not know, as they came.");
                let ty = Node::generic("::std::vec::Vec", vec!["::kitex::codegen::UnknownField".into()]);
                code.assign(&format!("pub {name}:"), &ty, ",");
            }
        };
        code.body(body, "}");
    }

    pub(crate) fn default_implementation(
        &self,
        code: &mut Code,
        name: &str,
        fields: &Fields<'_>,
        from: &[String],
    ) {
        code.implementation("::std::default::Default", name, |code| {
            code.block("fn default() -> Self", |code| {
                let members = fields.fields.iter().zip(fields.names);
                let member = |(field, name): (&Field, &String)| {
                    (name.clone(), self.field_default(field, fields.kind, fields.key, from))
                };
                let unknown = fields.unknown.map(|name| (name.to_owned(), DEFAULT.into()));
                let members = members.map(member).chain(unknown).collect();
                code.expression(&Node::Struct("Self".to_owned(), members, None), "");
            });
        });
    }

    /// `impl Message`.
    pub(crate) fn message(&self, code: &mut Code, name: &str, fields: &Fields<'_>, from: &[String]) {
        code.implementation("::kitex::codegen::Message", name, |code| {
            self.encode(code, fields);
            code.gap();
            if fields.fields.is_empty() && fields.unknown.is_none() {
                return decode_function(code, decode_nothing);
            }
            code.line("#[inline(always)]");
            decode_function(code, |code| code.line("::kitex::codegen::decode_default(from)"));
            code.gap();
            self.merge(code, fields, from);
        });
    }

    fn encode(&self, code: &mut Code, fields: &Fields<'_>) {
        encode_function(code, |code| {
            code.line("out.begin_struct()?;");
            for (field, name) in fields.fields.iter().zip(fields.names) {
                self.encode_field(code, field, name, fields.key);
            }
            if let Some(name) = fields.unknown {
                code.block(format!("for field in &self.{name}"), |code| {
                    code.line("out.write_unknown(field);")
                });
            }
            code.line("out.end_struct();");
            code.line("Ok(())");
        });
    }

    fn encode_field(&self, code: &mut Code, field: &Field, name: &str, key: bool) {
        let place = format!("self.{name}");
        if !field.is_option() {
            let choice = field.wishes.choice;
            let place = Place { text: &place, reference: false, boxed: field.boxed, key, choice };
            return match field.requiredness {
                Requiredness::Required => self.write_required(code, field.id, self.field_kind(field), place),
                _ => self.write_field(code, field.id, self.field_kind(field), place),
            };
        }
        let reference = field.boxed || !self.is_copy(&field.ty);
        let borrow = if reference { "&" } else { "" };
        code.block(format!("if let Some(value) = {borrow}{place}"), |code| {
            let choice = field.wishes.choice;
            let place = Place { text: "value", reference, boxed: field.boxed, key, choice };
            self.write_field(code, field.id, self.field_kind(field), place);
        });
    }

    fn merge(&self, code: &mut Code, fields: &Fields<'_>, from: &[String]) {
        merge_function(code, |code| {
            if fields.fields.iter().any(|field| self.is_nested(&field.ty)) {
                code.line(MISMATCH);
            }
            let required = || {
                let pairs = fields.fields.iter().zip(fields.names);
                pairs.filter(|(field, _)| field.requiredness == Requiredness::Required)
            };
            required().for_each(|(_, name)| code.line(format!("let mut {} = false;", flag(name))));
            code.line("from.begin_struct()?;");
            code.block("while let Some(field) = from.read_field()?", |code| match fields.fields {
                [] => decode_unknown(code, fields.unknown.unwrap_or_default()),
                _ => code.block("match (field.id, field.kind)", |code| {
                    for (field, name) in fields.fields.iter().zip(fields.names) {
                        self.decode_field(code, field, name, fields.key, from);
                    }
                    match fields.unknown {
                        Some(name) => code.block("_ =>", |code| decode_unknown(code, name)),
                        None => code.line("_ => from.skip(field.kind)?,"),
                    }
                }),
            });
            for (field, name) in required() {
                code.block(format!("if !{}", flag(name)), |code| {
                    let text = |text: &str| Node::from(literal(text));
                    let arguments =
                        vec![text(fields.idl_name), text(&field.name.text), field.id.to_string().into()];
                    let error = Node::call("::kitex::codegen::DecodeError::missing_field", arguments);
                    code.assign("let error =", &error, ";");
                    code.line("return Err(error);");
                });
            }
            code.line("Ok(())");
        });
    }

    fn decode_field(&self, code: &mut Code, field: &Field, name: &str, key: bool, from: &[String]) {
        let pattern = format!("({}, {})", field.id, self.wire(&field.ty));
        let required = field.requiredness == Requiredness::Required;
        let place = format!("self.{name}");
        if self.is_read_in_place(field) {
            let place = match field.is_option() {
                true => Node::call(format!("{place}.insert"), vec![DEFAULT.into()]),
                false => format!("&mut {place}").into(),
            };
            let read = Node::Call("from.read_struct".into(), vec![place], "?");
            if !required && code.short_arm(&pattern, "", &read) {
                return;
            }
            return code.block(format!("{pattern} =>"), |code| {
                code.expression(&read, ";");
                if required {
                    code.line(format!("{} = true;", flag(name)));
                }
            });
        }
        if let Some(read) = self.read_field(field, key, from) {
            let value = held(field, read.clone());
            if !required && !field.boxed && code.short_arm(&pattern, &format!("{place} ="), &value) {
                return;
            }
            return code.block(format!("{pattern} =>"), |code| {
                code.assign("let read =", &read, ";");
                code.assign(&format!("{place} ="), &held(field, "read".into()), ";");
                if required {
                    code.line(format!("{} = true;", flag(name)));
                }
            });
        }
        code.block(format!("{pattern} =>"), |code| {
            let sorted = field.wishes.choice == Choice::Sorted;
            let read = self.read_option(code, self.field_kind(field), (key, sorted), from);
            code.assign("let read =", &read, ";");
            code.block("if let Some(read) = read", |code| {
                let read = self.closed(self.field_kind(field), "read".into(), from);
                code.assign(&format!("{place} ="), &held(field, read), ";");
                if required {
                    code.line(format!("{} = true;", flag(name)));
                }
            });
        });
    }
}

/// The fields of a struct that is written out, and what they are called.
pub(crate) struct Fields<'a> {
    pub(crate) fields: &'a [Field],
    pub(crate) names: &'a [String],
    pub(crate) key: bool,
    pub(crate) kind: StructKind,
    pub(crate) idl_name: &'a str,
    /// The field that keeps what is not known.
    pub(crate) unknown: Option<&'a str>,
}

/// A value that was read in what its field holds it in. The box is charged to the message's budget: a chain of structs
/// that hold one another takes much memory for few bytes.
fn held(field: &Field, value: Node) -> Node {
    let boxed = if field.boxed { pointed(field, value) } else { value };
    if field.is_option() { Node::call("Some", vec![boxed]) } else { boxed }
}

/// The value in its pointer.
pub(crate) fn pointed(field: &Field, value: Node) -> Node {
    let boxed = Node::Call("from.boxed".into(), vec![value], "?");
    match field.wishes.choice {
        Choice::Shared => Node::call("::std::sync::Arc::from", vec![boxed]),
        _ => boxed,
    }
}

/// Keeps a field, and charges the place that it takes among the others: a vector may hold twice as many.
fn decode_unknown(code: &mut Code, name: &str) {
    code.line("let kept = from.read_unknown(field)?;");
    code.line("from.charge(2 * ::std::mem::size_of_val(&kept))?;");
    code.line(format!("self.{name}.push(kept);"));
}

/// The variable that says whether a required field has come.
fn flag(name: &str) -> String {
    format!("has_{}", name.trim_start_matches("r#").trim_start_matches('_'))
}

/// The field as the IDL declares it.
pub(crate) fn declaration(field: &Field) -> String {
    let requiredness = match field.requiredness {
        Requiredness::Default => "",
        Requiredness::Required => "required ",
        Requiredness::Optional => "optional ",
    };
    format!("`{}: {requiredness}{} {}`", field.id, field.written, field.name.text)
}

pub(crate) fn encode_function(code: &mut Code, body: impl FnOnce(&mut Code)) {
    let parameters = [("&self".into(), "".into()), ("out".into(), "&mut W".into())];
    let returns = Returns::Type("::std::result::Result<(), ::kitex::codegen::EncodeError>".into());
    code.function("fn encode<W: ::kitex::codegen::ThriftWriter>", &parameters, &returns, |code| {
        code.importing(&IMPORTS, body);
    });
}

pub(crate) fn decode_function(code: &mut Code, body: impl FnOnce(&mut Code)) {
    let returns = Returns::Type("::std::result::Result<Self, ::kitex::codegen::DecodeError>".into());
    let parameters = [("from".into(), "&mut R".into())];
    code.function("fn decode<R: ::kitex::codegen::ThriftReader>", &parameters, &returns, |code| {
        code.importing(&IMPORTS, body);
    });
}

pub(crate) fn empty_union_function(code: &mut Code, body: impl FnOnce(&mut Code)) {
    let returns = Returns::Type(Node::generic("::std::option::Option", vec!["&'static str".into()]));
    code.function("fn empty_union", &[("&self".into(), "".into())], &returns, |code| {
        code.importing(&IMPORTS, body);
    });
}

fn merge_function(code: &mut Code, body: impl FnOnce(&mut Code)) {
    let returns = Returns::Type("::std::result::Result<(), ::kitex::codegen::DecodeError>".into());
    let parameters = [("&mut self".into(), "".into()), ("from".into(), "&mut R".into())];
    code.function("fn merge<R: ::kitex::codegen::ThriftReader>", &parameters, &returns, |code| {
        code.importing(&IMPORTS, body);
    });
}

/// What bodies of `decode` begin with where containers are nested.
pub(crate) const MISMATCH: &str = "let mismatch = ::kitex::codegen::DecodeError::element_type;";

/// What the bodies of `encode` and `decode` name without its path. Nothing that an IDL declares is named there as a
/// type or a trait, so nothing can be meant instead.
const IMPORTS: [&str; 2] = ["Message", "Type"];

fn decode_nothing(code: &mut Code) {
    code.line("from.begin_struct()?;");
    code.block("while let Some(field) = from.read_field()?", |code| code.line("from.skip(field.kind)?;"));
    code.line(format!("Ok({DEFAULT})"));
}

/// Exceptions are errors; they show as they are made up.
fn error_implementation(code: &mut Code, name: &str) {
    code.implementation("::std::fmt::Display", name, |code| {
        code.block("fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result", |code| {
            code.line("::std::fmt::Debug::fmt(self, f)");
        });
    });
    code.gap();
    code.implementation("::std::error::Error", name, |_| {});
}
