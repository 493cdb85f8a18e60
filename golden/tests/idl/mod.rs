//! The recorded methods as generated code.

/// What generated code names. These tests have no network, so nothing connects.
pub mod codegen {
    pub use kitex_codec::{
        Bytes, DecodeError, Double, EncodeError, Message, Str, ThriftReader, ThriftWriter, Type,
        UnknownField, Uuid,
    };
    pub use kitex_core::{
        BoxError, BoxFuture, Call, CallError, ClientHandle, Context, Error, GeneratedClient,
        MethodDescriptor, MethodResult, NamedService, NoException, Request, Response, ServiceDescriptor,
        Streaming, accept,
    };
    pub use tower_service::Service;

    use kitex_core::{ErrorKind, Stage};

    /// Refuses: there is no network.
    pub async fn connect<C>(target: impl Into<String>) -> Result<C, Error> {
        let text = format!("no network leads to {}", target.into());
        Err(Error::new(ErrorKind::Connect, Stage::Dial, text))
    }

    /// Where a client would connect to.
    #[derive(Debug)]
    pub struct ClientBuilder<C> {
        /// Its address.
        pub target: String,
        client: std::marker::PhantomData<C>,
    }

    impl<C> ClientBuilder<C> {
        /// A client of `target`.
        pub fn new(target: impl Into<String>) -> Self {
            Self { target: target.into(), client: std::marker::PhantomData }
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/recorded.rs"));
