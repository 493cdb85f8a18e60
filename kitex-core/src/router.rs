//! Which service and method a request is for (spec: kitex-wire 10.2).

use std::fmt;

use kitex_codec::Str;
use tower_service::Service;

use crate::shown::shown;
use crate::{
    BoxError, Error, Execution, Method, MethodDescriptor, NamedService, Request, Response, ServiceDescriptor,
    SharedService, UnknownExecution, forget_end,
};

/// The services behind one port.
///
/// ```
/// use kitex_codec::Descriptor;
/// use kitex_core::{MethodDescriptor, Router, ServiceDescriptor, SharedService, Streaming};
///
/// // Generated code has these.
/// static CLOCK: ServiceDescriptor = ServiceDescriptor { name: "Clock", methods: &METHODS, idl: &IDL };
/// static IDL: Descriptor = Descriptor::new("Clock", &[], &[]);
/// static METHODS: [MethodDescriptor; 1] = [MethodDescriptor {
///     service: "Clock",
///     name: "Tick",
///     index: 0,
///     oneway: false,
///     idempotent: true,
///     streaming: Streaming::None,
///     exceptions: &[],
///     annotations: &[],
/// }];
///
/// fn router(clock: SharedService, proxy: SharedService) -> Router {
///     let mut router = Router::new();
///     router.add_shared(&CLOCK, clock);
///     router.set_unknown(proxy);
///     router
/// }
/// # use kitex_core::{BoxFuture, Error, Request, Response, Status};
/// # #[derive(Clone)]
/// # struct Anything;
/// # impl tower_service::Service<Request> for Anything {
/// #     type Response = Response;
/// #     type Error = Error;
/// #     type Future = BoxFuture<Result<Response, Error>>;
/// #     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
/// #         std::task::Poll::Ready(Ok(()))
/// #     }
/// #     fn call(&mut self, _: Request) -> Self::Future {
/// #         Box::pin(std::future::ready(Ok(Response::empty(Status::Ok))))
/// #     }
/// # }
/// # let router = router(SharedService::new(Anything), SharedService::new(Anything));
/// assert!(router.check().is_ok());
/// assert_eq!(router.services().map(|service| service.name).collect::<Vec<_>>(), ["Clock"]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Router {
    routes: Vec<Route>,
    fallback: Option<usize>,
    strict: bool,
    unknown: Option<SharedService>,
}

#[derive(Debug, Clone)]
struct Route {
    descriptor: &'static ServiceDescriptor,
    /// Sorted by name.
    methods: Vec<RoutedMethod>,
    service: SharedService,
}

#[derive(Debug, Clone)]
struct RoutedMethod {
    descriptor: &'static MethodDescriptor,
    execution: Result<Execution, UnknownExecution>,
}

impl RoutedMethod {
    fn new(descriptor: &'static MethodDescriptor) -> Self {
        Self { descriptor, execution: Execution::of(descriptor) }
    }
}

/// Where a request goes.
#[derive(Debug)]
pub(crate) struct Routed {
    pub(crate) target: Target,
    pub(crate) method: Method,
    pub(crate) execution: Execution,
}

/// The place of a service in a [`Router`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target(usize);

impl Target {
    /// The service that takes what no other does.
    const UNKNOWN: Self = Self(usize::MAX);
}

impl Router {
    /// A router without services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a generated server.
    pub fn add<S>(&mut self, service: S)
    where
        S: NamedService + Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.add_shared(S::SERVICE, SharedService::new(service));
    }

    /// Adds a service under a description of its own.
    pub fn add_shared(&mut self, descriptor: &'static ServiceDescriptor, service: SharedService) {
        let mut methods: Vec<_> = descriptor.methods.iter().map(RoutedMethod::new).collect();
        methods.sort_by_key(|method| method.descriptor.name);
        self.routes.push(Route { descriptor, methods, service });
    }

    /// Names the service that gets requests which name none, if it has their method.
    pub fn set_fallback(&mut self, name: &str) -> Result<(), RouterError> {
        let found = self.routes.iter().position(|route| route.descriptor.name == name);
        self.fallback = Some(found.ok_or_else(|| RouterError::NoSuchService(name.into()))?);
        Ok(())
    }

    /// Says where calls of a method run, whatever its IDL asks for.
    pub fn set_execution(
        &mut self,
        service: &str,
        method: &str,
        execution: Execution,
    ) -> Result<(), RouterError> {
        let named = self.routes.iter_mut().find(|route| route.descriptor.name == service);
        let found = named.and_then(|route| {
            let at = route.position(method)?;
            route.methods.get_mut(at)
        });
        let no_such = || RouterError::NoSuchMethod(service.into(), method.into());
        found.ok_or_else(no_such)?.execution = Ok(execution);
        Ok(())
    }

    /// Refuses requests that do not name a service of this router.
    pub fn set_strict(&mut self, strict: bool) {
        self.strict = strict;
    }

    /// Gives requests for services and methods that are not here to `service`, bytes and all.
    pub fn set_unknown(&mut self, service: SharedService) {
        // It is a proxy: when the call ended that it made is no matter of the one it answers, which goes on.
        self.unknown = Some(SharedService::from_fn(move |request| {
            let answer = service.call(request);
            Box::pin(async move {
                let mut result = answer.await;
                forget_end(&mut result);
                result
            })
        }));
    }

    /// Wraps every service, the one for unknown requests included.
    pub fn map(&mut self, mut wrap: impl FnMut(SharedService) -> SharedService) {
        let services = self.routes.iter_mut().map(|route| &mut route.service).chain(&mut self.unknown);
        services.for_each(|service| *service = wrap(service.clone()));
    }

    /// Errors if requests could be served by two services with equal right, or by none at all.
    pub fn check(&self) -> Result<(), RouterError> {
        if self.routes.is_empty() && self.unknown.is_none() {
            return Err(RouterError::NoService);
        }
        for (at, route) in self.routes.iter().enumerate() {
            let earlier = &self.routes[..at];
            let name = route.descriptor.name;
            route.check()?;
            if earlier.iter().any(|other| other.descriptor.name == name) {
                return Err(RouterError::SameService(name));
            }
            if self.strict || self.fallback.is_some() {
                continue;
            }
            for method in route.methods.iter().map(|method| method.descriptor.name) {
                if let Some(other) = earlier.iter().find(|other| other.position(method).is_some()) {
                    return Err(RouterError::SameMethod(method, [other.descriptor.name, name]));
                }
            }
        }
        Ok(())
    }

    /// The services here.
    pub fn services(&self) -> impl Iterator<Item = &'static ServiceDescriptor> {
        self.routes.iter().map(|route| route.descriptor)
    }

    /// The service at a place.
    pub fn service(&self, target: Target) -> Option<&SharedService> {
        match target {
            Target::UNKNOWN => self.unknown.as_ref(),
            Target(at) => self.routes.get(at).map(|route| &route.service),
        }
    }

    /// Finds the method `method` of the service named `service`; an empty name counts as none. Then the service may
    /// stand before the method's name, as it does with Apache's `TMultiplexedProtocol`.
    #[inline]
    pub(crate) fn route(&self, service: &[u8], method: &[u8]) -> Result<Routed, Error> {
        match self.find(service, method) {
            Ok((at, method)) => Ok(Routed::to(at, method)),
            Err(missing) => self.route_other(service, method, missing),
        }
    }

    #[cold]
    fn route_other(&self, service: &[u8], method: &[u8], missing: Missing) -> Result<Routed, Error> {
        let Some((prefix, method)) = prefixed(service, method) else {
            return self.route_unknown(service, method, missing);
        };
        match self.find(prefix, method) {
            Ok((at, method)) => Ok(Routed::to(at, method)),
            Err(missing) => self.route_unknown(prefix, method, missing),
        }
    }

    /// Where a request goes that no service is there for.
    fn route_unknown(&self, service: &[u8], method: &[u8], missing: Missing) -> Result<Routed, Error> {
        // A name that is not UTF-8 could not be passed on as it came.
        if let (Some(_), Ok(service), Ok(method)) =
            (&self.unknown, Str::copy_from_utf8(service), Str::copy_from_utf8(method))
        {
            let method = Method::dynamic(service, method);
            return Ok(Routed { target: Target::UNKNOWN, method, execution: Execution::Auto });
        }
        let (service, method) = (shown(service), shown(method));
        Err(match missing {
            Missing::Service => Error::unknown_service(&service, &method),
            Missing::Method => Error::unknown_method(&Method::dynamic(service, method)),
        })
    }

    fn find(&self, service: &[u8], method: &[u8]) -> Result<(usize, &RoutedMethod), Missing> {
        // A name that is not UTF-8 is no method's, and neither is the empty one.
        let name = std::str::from_utf8(method).unwrap_or_default();
        let named = self.routes.iter().position(|route| route.descriptor.name.as_bytes() == service);
        if let Some(at) = named {
            return self.routes[at].find(name).map(|method| (at, method)).ok_or(Missing::Method);
        }
        if self.strict {
            return Err(Missing::Service);
        }
        if service.is_empty() {
            let mut order = self.fallback.into_iter().chain(0..self.routes.len());
            return order.find_map(|at| self.method_at(at, name)).ok_or(Missing::Service);
        }
        // Clients of Kitex v0.9.0 wrote wrong service names: a method that one service alone has is served.
        let mut having = (0..self.routes.len()).filter_map(|at| self.method_at(at, name));
        match (having.next(), having.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Missing::Service),
        }
    }

    fn method_at(&self, at: usize, name: &str) -> Option<(usize, &RoutedMethod)> {
        self.routes[at].find(name).map(|method| (at, method))
    }
}

impl Route {
    fn position(&self, name: &str) -> Option<usize> {
        self.methods.binary_search_by_key(&name, |method| method.descriptor.name).ok()
    }

    fn find(&self, name: &str) -> Option<&RoutedMethod> {
        self.position(name).and_then(|at| self.methods.get(at))
    }

    fn check(&self) -> Result<(), RouterError> {
        for RoutedMethod { descriptor, execution } in &self.methods {
            if let Err(unknown) = execution {
                let method = Str::from(Method::from(*descriptor).to_string());
                return Err(RouterError::Execution(method, unknown.clone()));
            }
        }
        Ok(())
    }
}

impl Routed {
    fn to(at: usize, method: &RoutedMethod) -> Self {
        // What is none was told by `check`, before there were requests.
        let execution = method.execution.as_ref().copied().unwrap_or_default();
        Self { target: Target(at), method: Method::from(method.descriptor), execution }
    }
}

/// The service and the method of a name like `Service:method`, in a request that names no service otherwise.
fn prefixed<'a>(service: &[u8], name: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = name.iter().position(|byte| *byte == b':').filter(|_| service.is_empty())?;
    Some((name.get(..at)?, name.get(at + 1..)?))
}

/// The name under which a request is answered: its method's alone, as Apache's `TMultiplexedProcessor` does it.
pub(crate) fn answered_name<'a>(service: &[u8], name: &'a [u8]) -> &'a [u8] {
    prefixed(service, name).map_or(name, |(_, method)| method)
}

enum Missing {
    Service,
    Method,
}

/// Services that cannot stand behind one port.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouterError {
    /// There is no service.
    NoService,
    /// Two services have the same name.
    SameService(&'static str),
    /// Two services have the same method, and none is the fallback for requests that name no service.
    SameMethod(&'static str, [&'static str; 2]),
    /// The fallback is none of the services.
    NoSuchService(Str),
    /// A setting is for a method, by service and name, that is not there.
    NoSuchMethod(Str, Str),
    /// The IDL asks for an execution of a method that does not exist.
    Execution(Str, UnknownExecution),
}

impl fmt::Display for RouterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoService => f.write_str("there is no service to serve: add one"),
            Self::SameService(name) => write!(f, "the service {name} was added twice"),
            Self::SameMethod(method, [one, other]) => write!(
                f,
                "{one} and {other} both have a method {method}: name the one that serves requests without a service name \
                 (fallback), or refuse such requests (strict)"
            ),
            Self::NoSuchService(name) => write!(f, "the fallback {name} is none of the services"),
            Self::NoSuchMethod(service, method) => {
                write!(f, "an execution was set for {service}.{method}, which is no method of the services")
            }
            Self::Execution(method, unknown) => {
                write!(f, "the annotation {} of {method}: {unknown}", Execution::ANNOTATION)
            }
        }
    }
}

impl std::error::Error for RouterError {}

#[cfg(test)]
mod tests {
    use kitex_codec::Descriptor;

    use super::*;
    use crate::{Status, Streaming};

    macro_rules! service {
        ($name:literal, $annotations:expr) => {{
            static METHODS: [MethodDescriptor; 1] = [MethodDescriptor {
                service: $name,
                name: "M",
                index: 0,
                oneway: false,
                idempotent: false,
                streaming: Streaming::None,
                exceptions: &[],
                annotations: $annotations,
            }];
            static SERVICE: ServiceDescriptor =
                ServiceDescriptor { name: $name, methods: &METHODS, idl: &IDL };
            static IDL: Descriptor = Descriptor::new($name, &[], &[]);
            &SERVICE
        }};
    }

    #[derive(Clone)]
    struct Nothing;

    impl Service<Request> for Nothing {
        type Response = Response;
        type Error = Error;
        type Future = std::future::Ready<Result<Response, Error>>;

        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
            std::task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request) -> Self::Future {
            std::future::ready(Ok(Response::empty(Status::Ok)))
        }
    }

    fn router(descriptor: &'static ServiceDescriptor) -> Router {
        let mut router = Router::new();
        router.add_shared(descriptor, SharedService::new(Nothing));
        router
    }

    fn execution(router: &Router) -> Execution {
        router.route(b"", b"M").expect("there is a method M").execution
    }

    #[test]
    fn a_method_runs_where_its_idl_asks_unless_the_server_says_otherwise() {
        assert_eq!(execution(&router(service!("A", &[]))), Execution::Auto);
        let mut router = router(service!("B", &[("idempotent", ""), ("kitex.execution", "spawn")]));
        assert_eq!(execution(&router), Execution::Spawn);
        router.set_execution("B", "M", Execution::Inline).expect("there is such a method");
        assert_eq!((execution(&router), router.check()), (Execution::Inline, Ok(())));
    }

    #[test]
    fn an_execution_that_there_is_not_is_told_before_there_are_requests() {
        let mut router = router(service!("C", &[("kitex.execution", "fast")]));
        let text = router.check().map_err(|error| error.to_string());
        let expected = "the annotation kitex.execution of C.M: \"fast\" is no execution: there are auto, inline, \
                        spawn and blocking";
        assert_eq!(text, Err(expected.to_owned()));
        assert_eq!(
            router.set_execution("C", "N", Execution::Auto),
            Err(RouterError::NoSuchMethod("C".into(), "N".into()))
        );
    }
}
