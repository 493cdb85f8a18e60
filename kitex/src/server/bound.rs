//! Servers that listen.

use std::future::Future;
use std::pin::pin;

use kitex_transport::{Address, Bound, ServeError, ServerHandle};

use super::signals::Signals;

/// A server that listens. Peers can connect already, and are served once it serves.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/idl/parrot.rs"));
/// # use echo::EchoServer;
/// # use kitex::Server;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bound = Server::new().add(EchoServer::new(Parrot)).bind("127.0.0.1:0").await?;
/// println!("listening at {}", bound.address());
/// let handle = bound.handle();
/// let serving = tokio::spawn(bound.serve());
/// handle.shutdown();
/// serving.await??;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a server that listens does nothing before it serves"]
pub struct BoundServer {
    bound: Bound,
}

impl BoundServer {
    pub(super) fn new(bound: Bound) -> Self {
        Self { bound }
    }

    /// Where it listens, at the first of its addresses; the port is the one that the system chose for port 0.
    pub fn address(&self) -> &Address {
        &self.bound.addresses()[0]
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[Address] {
        self.bound.addresses()
    }

    /// What shuts the server down from elsewhere, and tells how it does.
    pub fn handle(&self) -> ServerHandle {
        self.bound.handle()
    }

    /// Serves until [`ServerHandle::shutdown`] is called, and then until the shutdown is complete.
    pub async fn serve(self) -> Result<(), ServeError> {
        self.bound.serve().await
    }

    /// Serves until `end` is ready, and then until the shutdown is complete.
    pub async fn serve_until(self, end: impl Future<Output = ()>) -> Result<(), ServeError> {
        let handle = self.handle();
        let mut serving = pin!(self.bound.serve());
        tokio::select! {
            served = &mut serving => return served,
            () = end => handle.shutdown(),
        }
        serving.await
    }

    /// Serves until the process is told to end, and then until the shutdown is complete. A second signal ends at once.
    pub async fn serve_until_signal(self) -> Result<(), ServeError> {
        let mut signals = Signals::new();
        let handle = self.handle();
        let mut serving = pin!(self.bound.serve());
        tokio::select! {
            served = &mut serving => return served,
            () = signals.next() => handle.shutdown(),
        }
        tokio::select! {
            served = &mut serving => return served,
            () = signals.next() => handle.abort(),
        }
        serving.await
    }
}
