//! What travels: descriptors, argument structs and result structs, in a module of their own.

use super::codec::Place;
use super::layout::Node;
use super::structs::{Fields, MISMATCH, decode_function, encode_function};
use super::value::literal;
use super::{Code, Emitter, docs};
use crate::thrift::model::{Choice, Field, Id, Method, Service, StructKind, Type};

impl Emitter<'_> {
    pub(crate) fn calls(&self, code: &mut Code, id: Id, service: &Service, from: &[String]) {
        let definition = &self.program.definitions[id];
        let names = &self.plan.services[&id];
        let inside = [from, std::slice::from_ref(&names.calls)].concat();
        docs::write(code, None, &format!("What the calls of `{}` carry.", definition.name.text));
        code.line("#[doc(hidden)]");
        code.block(format!("pub mod {}", names.calls), |code| {
            self.descriptors(code, id);
            for (at, method) in service.methods.iter().enumerate() {
                code.gap();
                self.arguments(code, id, at, method, &inside);
                code.gap();
                self.result(code, id, at, method, &inside);
            }
        });
    }

    fn descriptors(&self, code: &mut Code, id: Id) {
        let name = literal(&self.program.definitions[id].name.text);
        let methods = &self.plan.services[&id].methods;
        docs::write(code, None, "The service.");
        let descriptor = "::kitex::codegen::ServiceDescriptor".to_owned();
        let own = self.descriptor(id);
        let members = [("name", name.as_str().into()), ("methods", "&METHODS".into()), ("idl", own)];
        let members = members.into_iter().map(|(name, node)| (name.to_owned(), node)).collect();
        let head = "pub static SERVICE: ::kitex::codegen::ServiceDescriptor =";
        code.assign(head, &Node::Struct(descriptor, members, None), ";");
        code.gap();
        docs::write(code, None, "Its methods, inherited ones first.");
        let items = methods.iter().enumerate().map(|(index, method)| {
            let found = self.program.service(method.owner).map(|service| &service.methods[method.at]);
            found.map_or("".into(), |method| descriptor_node(&name, index, method))
        });
        let head = format!("pub static METHODS: [::kitex::codegen::MethodDescriptor; {}] =", methods.len());
        code.assign(&head, &Node::Array(items.collect()), ";");
    }

    fn arguments(&self, code: &mut Code, id: Id, at: usize, method: &Method, inside: &[String]) {
        let call = &self.plan.calls[&(id, at)];
        let default = method.arguments.iter().all(|field| self.is_plain_default(field));
        let fields = Fields {
            fields: &method.arguments,
            names: &call.fields,
            key: false,
            kind: StructKind::Struct,
            idl_name: &method.name.text,
            unknown: None,
        };
        docs::write(code, None, &format!("The arguments of `{}`.", method.name.text));
        let derived = if default { "Default, " } else { "" };
        code.line(format!("#[derive(Clone, Debug, {derived}PartialEq)]"));
        self.fields(code, &call.arguments, &fields, inside);
        if !default {
            code.gap();
            self.default_implementation(code, &call.arguments, &fields, inside);
        }
        code.gap();
        self.message(code, &call.arguments, &fields, inside);
    }

    /// A result struct holds what a method ended with: a value, an exception, or neither.
    fn result(&self, code: &mut Code, id: Id, at: usize, method: &Method, inside: &[String]) {
        let call = &self.plan.calls[&(id, at)];
        let success = method.result.as_ref().map_or("()".into(), |ty| self.ty(ty, false, inside));
        let error = match &call.error {
            Some(error) => self.plan.path(inside, self.plan.module_of[id], error),
            None => "::kitex::codegen::NoException".to_owned(),
        };
        let outcome = Node::generic("::std::result::Result", vec![success.clone(), error.as_str().into()]);
        let optional = Node::generic("::std::option::Option", vec![outcome.clone()]);
        docs::write(code, None, &format!("What `{}` ended with.", method.name.text));
        code.line("#[derive(Clone, Debug, PartialEq)]");
        code.block(format!("pub struct {}", call.result), |code| {
            docs::write(code, None, "Absent where the peer has set nothing.");
            code.assign("pub outcome:", &optional, ",");
        });
        code.gap();
        code.implementation("::kitex::codegen::MethodResult", &call.result, |code| {
            code.assign("type Success =", &success, ";");
            code.assign("type Exception =", &error.as_str().into(), ";");
            code.gap();
            conversions(code);
        });
        code.gap();
        code.implementation("::kitex::codegen::Message", &call.result, |code| {
            self.encode_result(code, method, &call.variants, &error);
            code.gap();
            self.decode_result(code, method, &call.variants, &error, inside);
        });
    }

    fn encode_result(&self, code: &mut Code, method: &Method, variants: &[String], error: &str) {
        encode_function(code, |code| {
            name_error(code, method, error);
            code.line("out.begin_struct()?;");
            if method.result.is_some() || !method.throws.is_empty() {
                code.block("match &self.outcome", |code| self.encode_outcome(code, method, variants));
            }
            code.line("out.end_struct();");
            code.line("Ok(())");
        });
    }

    fn encode_outcome(&self, code: &mut Code, method: &Method, variants: &[String]) {
        let choice = Choice::Usual;
        let place = Place { text: "value", reference: true, boxed: false, key: false, choice };
        if let Some(ty) = &method.result {
            self.write_arm(code, "Some(Ok(value))", 0, ty, place);
        }
        for (field, variant) in method.throws.iter().zip(variants) {
            self.write_arm(code, &format!("Some(Err(Error::{variant}(value)))"), field.id, &field.ty, place);
        }
        match (&method.result, method.throws.is_empty()) {
            (Some(_), true) => code.line("Some(Err(never)) => match *never {},"),
            (None, _) => code.line("Some(Ok(())) => {}"),
            _ => {}
        }
        code.line("None => {}");
    }

    fn decode_result(
        &self,
        code: &mut Code,
        method: &Method,
        variants: &[String],
        error: &str,
        inside: &[String],
    ) {
        decode_function(code, |code| {
            let fields = method.result.is_some() || !method.throws.is_empty();
            name_error(code, method, error);
            let start = if method.result.is_some() { "None" } else { "Some(Ok(()))" };
            if method.result.as_ref().is_some_and(|ty| self.is_nested(ty)) {
                code.line(MISMATCH);
            }
            let mutable = if fields { "mut " } else { "" };
            code.line(format!("let {mutable}outcome = {start};"));
            if method.throws.len() > 1 {
                code.line("let mut thrown = usize::MAX;");
            }
            code.line("from.begin_struct()?;");
            code.block("while let Some(field) = from.read_field()?", |code| {
                if !fields {
                    return code.line("from.skip(field.kind)?;");
                }
                code.block("match (field.id, field.kind)", |code| {
                    if let Some(ty) = &method.result {
                        self.decode_success(code, ty, !method.throws.is_empty(), inside);
                    }
                    for (at, (field, variant)) in method.throws.iter().zip(variants).enumerate() {
                        decode_exception(code, field, variant, (method.throws.len() > 1).then_some(at));
                    }
                    code.line("_ => from.skip(field.kind)?,");
                });
            });
            code.line("Ok(Self { outcome })");
        });
    }

    /// An exception that has come already is what counts.
    fn decode_success(&self, code: &mut Code, ty: &Type, throws: bool, inside: &[String]) {
        let guard = if throws { " if !matches!(outcome, Some(Err(_)))" } else { "" };
        let pattern = format!("(0, {}){guard}", self.wire(ty));
        if let Some(value) = self.read_plain(ty, false, inside) {
            return outcome_arm(code, &pattern, value);
        }
        code.block(format!("{pattern} =>"), |code| {
            let read = self.read_option(code, ty, (false, false), inside);
            code.assign("let read =", &read, ";");
            code.block("if let Some(read) = read", |code| {
                let read = self.closed(ty, "read".into(), inside);
                let value = Node::call("Some", vec![Node::call("Ok", vec![read])]);
                code.assign("outcome =", &value, ";");
            });
        });
    }
}

/// Of several exceptions the one counts that `throws` names first: `place` says where this one stands among them.
fn decode_exception(code: &mut Code, field: &Field, variant: &str, place: Option<usize>) {
    let guard =
        place.filter(|place| *place > 0).map(|place| format!(" if thrown > {place}")).unwrap_or_default();
    code.block(format!("({}, Type::Struct){guard} =>", field.id), |code| {
        code.line("let exception = Message::decode(from)?;");
        let value = Node::call(format!("Error::{variant}"), vec!["exception".into()]);
        code.assign("let exception =", &value, ";");
        code.line("outcome = Some(Err(exception));");
        if let Some(place) = place {
            code.line(format!("thrown = {place};"));
        }
    });
}

/// Sets the outcome to what is read, in two steps where one does not fit.
fn outcome_arm(code: &mut Code, pattern: &str, read: Node) {
    let value = Node::call("Some", vec![Node::call("Ok", vec![read.clone()])]);
    if !code.short_arm(pattern, "outcome =", &value) {
        code.block(format!("{pattern} =>"), |code| {
            code.assign("let read =", &read, ";");
            code.line("outcome = Some(Ok(read));");
        });
    }
}

/// A short name for the enum of declared exceptions.
fn name_error(code: &mut Code, method: &Method, error: &str) {
    if !method.throws.is_empty() {
        code.line(format!("use {error} as Error;"));
        code.line("");
    }
}

fn conversions(code: &mut Code) {
    let outcome =
        Node::generic("::std::result::Result", vec!["Self::Success".into(), "Self::Exception".into()]);
    let optional = Node::generic("::std::option::Option", vec![outcome.clone()]);
    let returns = super::layout::Returns::Type("Self".into());
    code.function("fn from_outcome", &[("outcome".to_owned(), outcome)], &returns, |code| {
        code.block("Self", |code| code.line("outcome: Some(outcome),"));
    });
    code.gap();
    let returns = super::layout::Returns::Type(optional);
    code.function("fn into_outcome", &[("self".to_owned(), "".into())], &returns, |code| {
        code.line("self.outcome")
    });
}

fn descriptor_node(service: &str, index: usize, method: &Method) -> Node {
    let idempotent = method.annotations.iter().find(|annotation| annotation.key.text == "idempotent");
    let idempotent = idempotent.is_some_and(|annotation| !matches!(annotation.value.as_str(), "false" | "0"));
    let pair = |annotation: &crate::thrift::model::Annotation| {
        Node::Tuple(vec![literal(&annotation.key.text).into(), literal(&annotation.value).into()])
    };
    let ids = method.throws.iter().map(|field| field.id.to_string().into()).collect();
    let borrowed = |node| Node::Prefixed("&", Box::new(node));
    let members = [
        ("service", service.into()),
        ("name", literal(&method.name.text).into()),
        ("index", index.to_string().into()),
        ("oneway", method.oneway.to_string().into()),
        ("idempotent", idempotent.to_string().into()),
        ("streaming", "::kitex::codegen::Streaming::None".into()),
        ("exceptions", borrowed(Node::Array(ids))),
        ("annotations", borrowed(Node::Array(method.annotations.iter().map(pair).collect()))),
    ];
    let members = members.into_iter().map(|(name, node)| (name.to_owned(), node)).collect();
    Node::Struct("::kitex::codegen::MethodDescriptor".to_owned(), members, None)
}
