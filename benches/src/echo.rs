//! An echo service, and a client of it that is set up as one in production is: a deadline that is sent, metadata, names.

use std::time::Duration;

use kitex::{Addresses, CallError, ClientBuilder, Context};

use crate::bench::{Echo, EchoClient, EchoServer, Message};

/// This side's name.
pub const CALLER: &str = "bench.client";

/// The other side's name.
pub const CALLEE: &str = "bench.server";

/// A pair that goes with every call.
pub const METADATA: (&str, &str) = ("TENANT", "bench");

/// How long a call may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Answers with what it was asked.
#[derive(Debug, Clone, Copy)]
pub struct Handler;

impl Echo for Handler {
    async fn say(&self, _: &mut Context, message: Message) -> Result<Message, CallError> {
        Ok(message)
    }
}

/// The generated server.
pub fn server() -> EchoServer<Handler> {
    EchoServer::new(Handler)
}

/// A client that is not connected yet.
pub fn client(target: impl Into<Addresses>) -> ClientBuilder<EchoClient> {
    EchoClient::builder(target)
        .caller(CALLER)
        .service_name(CALLEE)
        .timeout(TIMEOUT)
        .persistent(METADATA.0, METADATA.1)
}
