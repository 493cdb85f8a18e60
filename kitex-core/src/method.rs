//! Which method a call is for.

use std::fmt;
use std::sync::Arc;

use kitex_codec::{Descriptor, Str};

/// A service as its IDL declares it. Generated, and static.
#[derive(Debug)]
pub struct ServiceDescriptor {
    /// The IDL name.
    pub name: &'static str,
    /// All methods, inherited ones included.
    pub methods: &'static [MethodDescriptor],
    /// What else the IDL says of the service and of all that stands in it: its annotations.
    pub idl: &'static Descriptor,
}

impl ServiceDescriptor {
    /// The method of an IDL name.
    pub fn method(&self, name: &str) -> Option<&'static MethodDescriptor> {
        self.methods.iter().find(|method| method.name == name)
    }
}

/// A method as its IDL declares it. Generated, and static.
#[derive(Debug)]
pub struct MethodDescriptor {
    /// IDL name of the service.
    pub service: &'static str,
    /// IDL name of the method: its name on the wire.
    pub name: &'static str,
    /// Place among the service's methods.
    pub index: u16,
    /// True if calls are not answered.
    pub oneway: bool,
    /// True if a call may be made twice without harm.
    pub idempotent: bool,
    /// Which sides send a stream.
    pub streaming: Streaming,
    /// Ids of the declared exceptions in the result struct.
    pub exceptions: &'static [i16],
    /// All annotations, in order.
    pub annotations: &'static [(&'static str, &'static str)],
}

/// Which sides of a method send a stream of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Streaming {
    /// One request, one response.
    #[default]
    None,
    /// Many requests, one response.
    Client,
    /// One request, many responses.
    Server,
    /// Many of both.
    Bidirectional,
}

/// The method of one call. Cheap to clone.
#[derive(Clone)]
pub struct Method(Inner);

#[derive(Clone)]
enum Inner {
    Static(&'static MethodDescriptor),
    Dynamic(Arc<(Str, Str)>),
}

impl Method {
    /// The method of a descriptor.
    pub(crate) const fn of(descriptor: &'static MethodDescriptor) -> Self {
        Self(Inner::Static(descriptor))
    }

    /// A method that no descriptor is known of, such as one that a proxy passes on.
    pub fn dynamic(service: impl Into<Str>, name: impl Into<Str>) -> Self {
        Self(Inner::Dynamic(Arc::new((service.into(), name.into()))))
    }

    /// The descriptor, if the method is one of a generated service.
    pub fn descriptor(&self) -> Option<&'static MethodDescriptor> {
        match self.0 {
            Inner::Static(descriptor) => Some(descriptor),
            Inner::Dynamic(_) => None,
        }
    }

    /// IDL name of the service; may be empty if nobody named it.
    pub fn service(&self) -> &str {
        match &self.0 {
            Inner::Static(descriptor) => descriptor.service,
            Inner::Dynamic(names) => &names.0,
        }
    }

    /// The method's name on the wire.
    pub fn name(&self) -> &str {
        match &self.0 {
            Inner::Static(descriptor) => descriptor.name,
            Inner::Dynamic(names) => &names.1,
        }
    }

    /// Place among the methods of `service`, by descriptor or, if there is none of that service, by name.
    pub fn index_in(&self, service: &'static ServiceDescriptor) -> Option<usize> {
        if let Inner::Static(descriptor) = self.0 {
            let index = usize::from(descriptor.index);
            if service.methods.get(index).is_some_and(|method| std::ptr::eq(method, descriptor)) {
                return Some(index);
            }
        }
        service.methods.iter().position(|method| method.name == self.name())
    }

    /// True if calls are not answered.
    pub fn is_oneway(&self) -> bool {
        self.descriptor().is_some_and(|descriptor| descriptor.oneway)
    }
}

impl From<&'static MethodDescriptor> for Method {
    fn from(descriptor: &'static MethodDescriptor) -> Self {
        Self::of(descriptor)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.service(), self.name())
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Method({self})")
    }
}
