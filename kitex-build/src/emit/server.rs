//! The server side of a service: a tower service that decodes, calls the handler and encodes.

use super::layout::{self, Node};
use super::service::MethodView;
use super::{Code, Emitter, docs};
use crate::thrift::model::Id;

impl Emitter<'_> {
    pub(crate) fn server(&self, code: &mut Code, id: Id, methods: &[MethodView<'_>]) {
        let names = &self.plan.services[&id];
        let (name, server) = (&self.plan.names[id], &names.server);
        let handler = self.handler_parameter(id);
        docs::write(code, None, &format!("Serves `{name}`: a tower service over the framework's requests."));
        code.block(format!("pub struct {server}<{handler}>"), |code| {
            code.line(format!("handler: ::std::sync::Arc<{handler}>,"));
        });
        code.gap();
        constructors(code, name, server, &handler);
        code.gap();
        plain_traits(code, server, &handler);
        code.gap();
        let bounded = format!("impl<{handler}: {name}>");
        let target = format!("{server}<{handler}>");
        code.generic_implementation(&bounded, "::kitex::codegen::NamedService", &target, |code| {
            let value = format!("&{}::SERVICE", names.calls);
            code.assign("const SERVICE: &'static ::kitex::codegen::ServiceDescriptor =", &value.into(), ";");
        });
        code.gap();
        let interface = "::kitex::codegen::Service<::kitex::codegen::Request>";
        code.generic_implementation(&bounded, interface, &target, |code| {
            self.tower_service(code, id, methods)
        });
    }

    /// The type parameter of a server: `H`, unless the IDL has a type of that name.
    fn handler_parameter(&self, id: Id) -> String {
        let types = &self.plan.modules[self.plan.module_of[id]].types;
        let names = ["H", "Handler", "H0"].into_iter().map(str::to_owned);
        let more = (1..).map(|number| format!("Handler{number}"));
        names.chain(more).find(|name| !types.contains(name)).unwrap_or_default()
    }

    fn tower_service(&self, code: &mut Code, id: Id, methods: &[MethodView<'_>]) {
        code.line("type Response = ::kitex::codegen::Response;");
        code.line("type Error = ::kitex::codegen::Error;");
        let parts = ["Self::Response", "Self::Error"].map(Node::from).to_vec();
        let outcome = Node::generic("::std::result::Result", parts);
        let future = Node::generic("::kitex::codegen::BoxFuture", vec![outcome]);
        code.assign("type Future =", &future, ";");
        code.gap();
        poll_ready(code);
        code.gap();
        code.block("fn call(&mut self, request: ::kitex::codegen::Request) -> Self::Future", |code| {
            if methods.is_empty() {
                code.line("let error = ::kitex::codegen::Error::unknown_method(&request.method);");
                return code.line("::std::boxed::Box::pin(::std::future::ready(Err(error)))");
            }
            code.line(format!("use self::{} as calls;", self.plan.services[&id].calls));
            code.gap();
            code.line("let handler = ::std::sync::Arc::clone(&self.handler);");
            code.line("::std::boxed::Box::pin(async move {");
            code.body(|code| dispatch(code, &self.plan.names[id], methods), "})");
        });
    }
}

fn dispatch(code: &mut Code, service: &str, methods: &[MethodView<'_>]) {
    code.block("match request.method.index_in(&calls::SERVICE)", |code| {
        for (index, view) in methods.iter().enumerate() {
            code.block(format!("Some({index}) =>"), |code| invoke(code, service, view));
        }
        let error = "::kitex::codegen::Error::unknown_method(&request.method)";
        code.arm("_", &Node::call("Err", vec![error.into()]));
    });
}

/// Decodes the arguments, calls the handler, and answers.
fn invoke(code: &mut Code, service: &str, view: &MethodView<'_>) {
    let arguments = vec![view.arguments.as_str().into()];
    let accepted = Node::Generic("::kitex::codegen::accept::".to_owned(), arguments, "(request)?");
    let args = if view.fields.is_empty() { "_" } else { "args" };
    code.assign(&format!("let (mut call, {args}) ="), &accepted, ";");
    let mut arguments: Vec<Node> = vec!["&*handler".into(), "call.context()".into()];
    arguments.extend(view.fields.iter().map(|name| format!("args.{name}").into()));
    let call = Node::call(format!("{service}::{}", view.function), arguments);
    code.assign("let answer =", &call, ";");
    if view.method.oneway {
        code.line("let _ = answer.await;");
        return code.line("call.done()");
    }
    code.line("let outcome = answer.await;");
    let reply = Node::Generic("call.reply::".to_owned(), vec![view.result.as_str().into()], "(outcome)");
    code.expression(&reply, "");
}

fn constructors(code: &mut Code, name: &str, server: &str, handler: &str) {
    let target = format!("{server}<{handler}>");
    code.generic_implementation(&format!("impl<{handler}: {name}>"), "", &target, |code| {
        docs::write(code, None, "Serves with `handler`.");
        code.block(format!("pub fn new(handler: {handler}) -> Self"), |code| {
            code.line("Self::from_arc(::std::sync::Arc::new(handler))");
        });
        code.gap();
        docs::write(code, None, "Serves with a handler that is used elsewhere too.");
        code.block(format!("pub fn from_arc(handler: ::std::sync::Arc<{handler}>) -> Self"), |code| {
            code.line("Self { handler }");
        });
    });
}

fn plain_traits(code: &mut Code, server: &str, handler: &str) {
    let (generics, target) = (format!("impl<{handler}>"), format!("{server}<{handler}>"));
    code.generic_implementation(&generics, "::std::clone::Clone", &target, |code| {
        code.block("fn clone(&self) -> Self", |code| {
            code.block("Self", |code| code.line("handler: ::std::sync::Arc::clone(&self.handler),"));
        });
    });
    code.gap();
    code.generic_implementation(&generics, "::std::fmt::Debug", &target, |code| {
        code.block("fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result", |code| {
            code.line(format!("f.write_str(\"{server}\")"));
        });
    });
}

fn poll_ready(code: &mut Code) {
    let parameters =
        [("&mut self".to_owned(), "".into()), ("_".to_owned(), "&mut ::std::task::Context<'_>".into())];
    let result = Node::generic("::std::result::Result", vec!["()".into(), "Self::Error".into()]);
    let returns = layout::Returns::Type(Node::generic("::std::task::Poll", vec![result]));
    code.function("fn poll_ready", &parameters, &returns, |code| {
        code.line("::std::task::Poll::Ready(Ok(()))")
    });
}
