//! Calls without sockets: the vocabulary of RPC and the protocol engine of Kitex.
//!
//! Three groups of names:
//!
//! - What moves: [`Request`] and [`Response`] with their [`Method`], [`Context`], [`Metadata`], [`Body`] and
//!   [`Status`]; an [`Error`] is a call that failed. Layers are tower layers over a service of these two.
//! - The engine: [`ServerConnection`] and [`ClientConnection`] turn bytes into requests and answers and back. They own
//!   no socket and read no clock: a driver hands them input and the time, and takes output and deadlines.
//! - What generated code stands on: [`ClientHandle`], [`Call`], [`Incoming`] and the descriptors.

mod body;
mod call;
mod connection;
mod context;
mod deadline;
mod endpoint;
mod error;
mod execution;
mod head;
mod incoming;
mod metadata;
mod method;
mod observer;
mod panic;
mod registry;
mod request;
mod router;
mod service;
mod setting;
mod shown;
mod status;
mod trace;

pub use body::{Body, MessageSource, MessageStream, Payload};
pub use call::{
    Call, CallDefaults, CallError, CallFuture, ClientHandle, GeneratedClient, MethodResult, NoException,
    Reply, ReplyCall,
};
pub use connection::{
    Answer, CallId, ClientConfig, ClientConnection, Refusal, ServerConfig, ServerConnection, ServerRequest,
};
pub use context::{CancelReason, Cancellation, ConnectionInfo, Context, DeadlineTerms, Peer};
pub use deadline::Deadline;
pub use endpoint::{CallResult, Endpoint, Endpoints, LeastInFlight, Picker, Tried};
pub use error::{BoxError, Error, ErrorKind, Sent, Stage};
pub use execution::{Execution, UnknownExecution};
pub use incoming::{Incoming, accept};
pub use kitex_codec::Protocol;
pub use metadata::{Metadata, Scope};
pub use method::{Method, MethodDescriptor, ServiceDescriptor, Streaming};
pub use observer::{AcceptPolicy, Observer};
pub use panic::{catch_panic, panic_text};
pub use registry::{Figure, FigureKind, Inspect, Registry};
pub use request::{Request, Response, ended_at, forget_end, known_end};
pub use router::{Router, RouterError, Target};
pub use service::{
    Beneath, BoxCall, BoxFuture, CallRef, Layered, NamedService, Outermost, SharedService, StackRef, Within,
    boxed_call, poll_future, polled, refused_call,
};
pub use setting::SettingError;
pub use status::{BusinessStatus, Status};
pub use trace::{MoreThanPlace, TraceContext, TraceParent};
