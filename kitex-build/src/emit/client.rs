//! The client side of a service: one method a function, each returning a call that can be awaited.

use super::layout::{Node, Returns};
use super::service::MethodView;
use super::{Code, Emitter, docs};
use crate::thrift::model::{Base, Field, Id, Type};

/// Over any service of requests. The bounds are those of a client's handle.
const NEW: &str = "\
/// Calls over any service of requests: a channel, layers, or a server in the same process.
pub fn new<S>(service: S) -> Self
where
    S: ::kitex::codegen::Service<
            ::kitex::codegen::Request,
            Response = ::kitex::codegen::Response,
        > + ::std::clone::Clone
        + ::std::marker::Send
        + ::std::marker::Sync
        + 'static,
    S::Error: ::std::convert::Into<::kitex::codegen::BoxError>,
    S::Future: ::std::marker::Send + 'static,
{
    let handle = ::kitex::codegen::ClientHandle::new(service);
    Self { handle }
}

/// Connects to `target` with the defaults.
pub async fn connect(
    target: impl ::std::convert::Into<::kitex::codegen::Addresses>,
) -> ::std::result::Result<Self, ::kitex::codegen::Error> {
    ::kitex::codegen::connect(target).await
}

/// Sets up a client of `target`.
pub fn builder(
    target: impl ::std::convert::Into<::kitex::codegen::Addresses>,
) -> ::kitex::codegen::ClientBuilder<Self> {
    ::kitex::codegen::ClientBuilder::new(target)
}";

impl Emitter<'_> {
    pub(crate) fn client(&self, code: &mut Code, id: Id, methods: &[MethodView<'_>], from: &[String]) {
        let names = &self.plan.services[&id];
        let (name, client) = (&self.plan.names[id], &names.client);
        docs::write(code, None, &format!("Calls `{name}`. Cheap to clone."));
        code.line("#[derive(Clone, Debug)]");
        code.block(format!("pub struct {client}"), |code| {
            code.line("handle: ::kitex::codegen::ClientHandle,")
        });
        code.gap();
        code.block(format!("impl {client}"), |code| {
            code.lines(NEW);
            for (index, view) in methods.iter().enumerate() {
                code.gap();
                self.client_method(code, id, index, view, from);
            }
            for view in methods {
                code.gap();
                self.client_answer(code, id, view, from);
            }
        });
        code.gap();
        code.implementation("::kitex::codegen::GeneratedClient", client, |code| {
            let value = format!("&{}::SERVICE", names.calls);
            code.assign("const SERVICE: &'static ::kitex::codegen::ServiceDescriptor =", &value.into(), ";");
            code.gap();
            code.block("fn from_handle(handle: ::kitex::codegen::ClientHandle) -> Self", |code| {
                code.line("Self { handle }");
            });
        });
    }

    fn client_method(&self, code: &mut Code, id: Id, index: usize, view: &MethodView<'_>, from: &[String]) {
        let calls = &self.plan.services[&id].calls;
        let outside = |path: &str| self.outside(id, path);
        docs::write(code, view.method.doc.as_deref(), &self.prototype(view.method));
        let mut parameters = vec![("&self".to_owned(), "".into())];
        parameters.extend(self.client_parameters(view, from));
        let returns = vec!["'_".into(), outside(&view.result).into()];
        let returns = Returns::Type(Node::generic("::kitex::codegen::Call", returns));
        code.function(&format!("pub fn {}", view.function), &parameters, &returns, |code| {
            let members = view.method.arguments.iter().zip(view.fields);
            let members = members.map(|(field, name)| (name.clone(), self.member(field, name))).collect();
            let args = Node::Struct(outside(&view.arguments), members, None);
            code.assign("let args =", &args, ";");
            code.line(format!("let method = &{calls}::METHODS[{index}];"));
            code.line("self.handle.call(method, &args)");
        });
    }

    /// What a call of the method ends with when a layer, and no server, answers it.
    fn client_answer(&self, code: &mut Code, id: Id, view: &MethodView<'_>, from: &[String]) {
        let text = format!("How a call of `{}` ends, for layers that answer it.", view.method.name.text);
        docs::write(code, None, &text);
        let parameters = [("outcome".to_owned(), self.outcome(view, from))];
        let returns = vec!["::kitex::codegen::Response".into(), "::kitex::codegen::Error".into()];
        let returns = Returns::Type(Node::generic("::std::result::Result", returns));
        code.function(&format!("pub fn {}", view.answer), &parameters, &returns, |code| {
            let result = self.outside(id, &view.result);
            let answer = "::kitex::codegen::answer::".to_owned();
            code.expression(&Node::Generic(answer, vec![result.as_str().into()], "(outcome)"), "");
        });
    }

    /// The path of a type of a method's calls, from the module of the service.
    fn outside(&self, id: Id, path: &str) -> String {
        match path.strip_prefix("calls::") {
            Some(name) => format!("{}::{name}", self.plan.services[&id].calls),
            None => path.to_owned(),
        }
    }

    /// Text and bytes are taken as whatever can become them.
    fn client_parameters(&self, view: &MethodView<'_>, from: &[String]) -> Vec<(String, Node)> {
        let mut parameters = self.parameters(view, from, |ty| ty);
        for ((_, ty), field) in parameters.iter_mut().zip(&view.method.arguments) {
            if self.converts(field) {
                *ty = Node::generic("impl ::std::convert::Into", vec![ty.clone()]);
            }
        }
        parameters
    }

    fn member(&self, field: &Field, name: &str) -> Node {
        match self.converts(field) {
            true => Node::call("::std::convert::Into::into", vec![name.into()]),
            false => name.into(),
        }
    }

    fn converts(&self, field: &Field) -> bool {
        let target = self.program.target(&field.ty);
        !field.boxed
            && self.newtype(&field.ty).is_none()
            && matches!(target, Type::Base(Base::String | Base::Binary))
    }
}
