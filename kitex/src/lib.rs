#![doc = include_str!("../docs/overview.md")]

mod client;
#[doc(hidden)]
pub mod codegen;
#[cfg(doc)]
pub mod guide;
pub mod layer;
pub mod prelude;
mod server;

pub use client::ClientBuilder;
/// Bytes to values and back, without calls: see the chapter on [storage](guide::storage).
pub use kitex_codec as codec;
#[cfg(feature = "thrift")]
pub use kitex_codec::Apache;
pub use kitex_codec::{
    Annotations, Bytes, Described, Descriptor, Double, Form as Framing, Limits, Member, Str, UnknownField,
    Uuid,
};
pub use kitex_core::{
    AcceptPolicy, Body, BoxError, BoxFuture, BusinessStatus, Call, CallError, CallResult, CancelReason,
    Cancellation, ClientHandle, Context, Deadline, Endpoint, Endpoints, Error, ErrorKind, Execution, Figure,
    FigureKind, GeneratedClient, Inspect, LeastInFlight, MessageSource, MessageStream, Metadata, Method,
    MethodDescriptor, NamedService, NoException, Observer, Payload, Peer, Picker, Protocol, Registry, Reply,
    ReplyCall, Request, Response, RouterError, Scope, Sent, ServiceDescriptor, SettingError, SharedService,
    Stage, Status, Streaming, Tried,
};
pub use kitex_middleware::Suite;
pub use kitex_transport::{
    Address, AddressError, Addresses, BackoffConfig, Memory, MultiplexConfig, PoolConfig, ServeError,
    ServerHandle, ServerStats, SocketOptions,
};
pub use server::{BoundServer, Server};

/// Takes in the code that the build script has generated: `include_idl!("echo")` for `idl/echo.thrift`.
#[macro_export]
macro_rules! include_idl {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
    };
}
