//! What generated code names, and nothing else: a list by which the runtime can move without the generator.
//!
//! Not for use by hand. Everything here that is of use to people has another name in this crate.

/// Limits and values on the wire.
pub use kitex_codec::{
    Bytes, DecodeError, Described, Descriptor, Double, EncodeError, Message, Str, ThriftReader, ThriftWriter,
    Type, UnknownField, Uuid, decode_default, only_member,
};
/// Calls, on both sides.
pub use kitex_core::{
    BoxError, BoxFuture, Call, CallError, ClientHandle, Context, Error, GeneratedClient, MethodDescriptor,
    MethodResult, NamedService, NoException, Request, Response, ServiceDescriptor, Streaming, accept,
};
/// Answers without a server.
pub use kitex_middleware::fallback::end as answer;
/// Where clients connect to.
pub use kitex_transport::Addresses;
/// The contract of every service.
pub use tower_service::Service;

pub use crate::ClientBuilder;

/// A large collection of its parts, each of which is made in a stack frame of its own.
pub fn gather<T, C: FromIterator<T>, const N: usize>(parts: [fn() -> Vec<T>; N]) -> C {
    parts.into_iter().flat_map(|part| part()).collect()
}

/// Connects a generated client with the defaults.
pub async fn connect<C: GeneratedClient>(target: impl Into<Addresses>) -> Result<C, Error> {
    ClientBuilder::new(target).connect().await
}
