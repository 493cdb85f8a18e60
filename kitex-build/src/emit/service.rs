//! Services: the trait that users implement, and the errors that its methods declare.

use super::layout::{Node, Returns};
use super::plan::MethodNames;
use super::structs::declaration;
use super::{Code, Emitter, docs};
use crate::thrift::model::{Field, Id, Method, Service};

/// A method as a derived or declaring service sees it.
pub(crate) struct MethodView<'a> {
    pub(crate) method: &'a Method,
    pub(crate) function: &'a str,
    pub(crate) answer: &'a str,
    /// Paths of its types from the module of the service.
    pub(crate) arguments: String,
    pub(crate) result: String,
    pub(crate) error: Option<String>,
    pub(crate) fields: &'a [String],
}

impl Emitter<'_> {
    pub(crate) fn service(&self, code: &mut Code, id: Id, service: &Service, from: &[String]) {
        let names = &self.plan.services[&id];
        let methods: Vec<MethodView<'_>> =
            names.methods.iter().map(|names| self.method(id, names, from)).collect();
        self.service_trait(code, id, &methods, from);
        for at in 0..service.methods.len() {
            self.method_error(code, id, at, from);
        }
        code.gap();
        self.server(code, id, &methods);
        code.gap();
        self.client(code, id, &methods, from);
        code.gap();
        self.calls(code, id, service, from);
    }

    fn method(&self, id: Id, names: &MethodNames, from: &[String]) -> MethodView<'_> {
        let MethodNames { owner, at, .. } = *names;
        let call = &self.plan.calls[&(owner, at)];
        let calls = &self.plan.services[&owner].calls;
        let module = match owner == id {
            true => "calls".to_owned(),
            // `self::` where a namespace is called `calls` as well.
            false => match self.plan.path(from, self.plan.module_of[owner], calls) {
                path if path.starts_with("calls::") => format!("self::{path}"),
                path => path,
            },
        };
        let error = call.error.as_ref().map(|name| self.plan.path(from, self.plan.module_of[owner], name));
        let service = self.program.service(owner);
        let found =
            &self.plan.services[&id].methods.iter().find(|found| (found.owner, found.at) == (owner, at));
        MethodView {
            method: &service.expect("the owner of a method is a service").methods[at],
            function: found.map_or("", |found| &found.function),
            answer: found.map_or("", |found| &found.answer),
            arguments: format!("{module}::{}", call.arguments),
            result: format!("{module}::{}", call.result),
            error,
            fields: &call.fields,
        }
    }

    fn service_trait(&self, code: &mut Code, id: Id, methods: &[MethodView<'_>], from: &[String]) {
        let definition = &self.program.definitions[id];
        let name = &self.plan.names[id];
        docs::write(code, definition.doc.as_deref(), &format!("`service {}`", definition.name.text));
        let head = format!("pub trait {name}: ::std::marker::Send + ::std::marker::Sync + 'static {{");
        // Measured of rustfmt, which keeps eight columns free here.
        let fits = super::layout::width(&head) + code.indent() <= 92;
        let body = |code: &mut Code| {
            for view in methods {
                code.gap();
                docs::write(code, view.method.doc.as_deref(), &self.prototype(view.method));
                let head = format!("fn {}", view.function);
                let context = ("context".to_owned(), "&mut ::kitex::codegen::Context".into());
                let mut parameters = vec![("&self".to_owned(), "".into()), context];
                parameters.extend(self.parameters(view, from, |ty| ty));
                code.signature(&head, &parameters, &self.future(view, from), ";");
            }
        };
        if fits {
            code.line(head);
        } else {
            code.line(format!("pub trait {name}:"));
            code.line("    ::std::marker::Send + ::std::marker::Sync + 'static");
            code.line("{");
            // Behind a head of several lines rustfmt leaves even an empty body its own.
            if methods.is_empty() {
                return code.line("}");
            }
        }
        code.body(body, "}");
    }

    /// The arguments as a function's parameters.
    pub(crate) fn parameters(
        &self,
        view: &MethodView<'_>,
        from: &[String],
        convert: impl Fn(Node) -> Node,
    ) -> Vec<(String, Node)> {
        let parameter =
            |(field, name): (&Field, &String)| (name.clone(), convert(self.argument(field, from)));
        view.method.arguments.iter().zip(view.fields).map(parameter).collect()
    }

    fn argument(&self, field: &Field, from: &[String]) -> Node {
        let ty = self.ty(&field.ty, false, from);
        if field.boxed { Node::generic("::std::boxed::Box", vec![ty]) } else { ty }
    }

    /// What a handler of the method ends with.
    pub(crate) fn outcome(&self, view: &MethodView<'_>, from: &[String]) -> Node {
        let success = view.method.result.as_ref().map_or("()".into(), |ty| self.ty(ty, false, from));
        let error = match &view.error {
            Some(error) => Node::generic("::kitex::codegen::CallError", vec![error.as_str().into()]),
            None => "::kitex::codegen::CallError".into(),
        };
        Node::generic("::std::result::Result", vec![success, error])
    }

    fn future(&self, view: &MethodView<'_>, from: &[String]) -> Returns {
        let output = Node::Prefixed("Output = ", Box::new(self.outcome(view, from)));
        Returns::Bounds(Node::generic("impl ::std::future::Future", vec![output]), "::std::marker::Send")
    }

    /// The function as the IDL declares it.
    pub(crate) fn prototype(&self, method: &Method) -> String {
        let list = |fields: &[Field]| {
            let shown = fields.iter().map(declaration).map(|text| text.trim_matches('`').to_owned());
            shown.collect::<Vec<_>>().join(", ")
        };
        let result = method.result.as_ref().map_or("void".to_owned(), |ty| self.spelled(ty));
        let oneway = if method.oneway { "oneway " } else { "" };
        let throws = match method.throws.is_empty() {
            true => String::new(),
            false => format!(" throws ({})", list(&method.throws)),
        };
        format!("`{oneway}{result} {}({}){throws}`", method.name.text, list(&method.arguments))
    }

    /// The enum of a method's declared exceptions, with the conversions that make `?` work.
    fn method_error(&self, code: &mut Code, id: Id, at: usize, from: &[String]) {
        let call = &self.plan.calls[&(id, at)];
        let (Some(error), Some(service)) = (&call.error, self.program.service(id)) else {
            return;
        };
        let method = &service.methods[at];
        code.gap();
        docs::write(code, None, &format!("What `{}` declares to throw.", method.name.text));
        code.line("#[derive(Clone, Debug, PartialEq)]");
        code.block(format!("pub enum {error}"), |code| {
            for (field, variant) in method.throws.iter().zip(&call.variants) {
                docs::write(code, field.doc.as_deref(), &declaration(field));
                let ty = Box::new(self.ty(&field.ty, false, from));
                code.expression(&Node::Variant(variant.clone(), ty), ",");
            }
        });
        code.gap();
        error_formatting(code, error, &call.variants);
        let mut seen: Vec<Id> = Vec::new();
        for (field, variant) in method.throws.iter().zip(&call.variants) {
            let Some((exception, _)) = self.program.struct_of(&field.ty) else { continue };
            let exception = self.newtype(&field.ty).map_or(exception, |(newtype, _)| newtype);
            if !seen.contains(&exception) {
                seen.push(exception);
                let path = self.plan.definition(from, exception);
                conversion(code, error, variant, &path);
                // Of another crate's type for a type of the runtime nobody else may say this.
                if !self.plan.is_elsewhere(exception) {
                    call_conversion(code, error, &path);
                }
            }
        }
    }
}

/// From an exception to the enum.
fn conversion(code: &mut Code, error: &str, variant: &str, exception: &str) {
    code.gap();
    code.implementation(&format!("::std::convert::From<{exception}>"), error, |code| {
        code.block(format!("fn from(exception: {exception}) -> Self"), |code| {
            code.line(format!("Self::{variant}(exception)"));
        });
    });
}

/// From an exception to what a handler fails with.
fn call_conversion(code: &mut Code, error: &str, exception: &str) {
    let head = format!("::std::convert::From<{exception}>");
    code.gap();
    code.implementation(&head, &format!("::kitex::codegen::CallError<{error}>"), |code| {
        code.block(format!("fn from(exception: {exception}) -> Self"), |code| {
            code.line("Self::Exception(::std::convert::Into::into(exception))");
        });
    });
}

fn error_formatting(code: &mut Code, error: &str, variants: &[String]) {
    code.implementation("::std::fmt::Display", error, |code| {
        code.block("fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result", |code| {
            code.block("match self", |code| {
                for variant in variants {
                    let value = Node::call("::std::fmt::Display::fmt", vec!["exception".into(), "f".into()]);
                    code.arm(&format!("Self::{variant}(exception)"), &value);
                }
            });
        });
    });
    code.gap();
    code.implementation("::std::error::Error", error, |_| {});
}
