//! A server, and a hundred clients with a connection each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kitex::{Address, CallError, ClientBuilder, Error, Server, ServerHandle, Str};
use tokio::task::{JoinHandle, JoinSet, yield_now};
use tokio::time::timeout;

use crate::handler::{Handler, Seen};
use crate::idl::calls::{CallsClient, CallsServer};

pub(crate) const CROWD: usize = 100;

/// Longer than anything that is waited for takes: a test that waits in vain fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longer than any test: what is not to be ended by the call's own timeout.
pub(crate) const LONG: Duration = Duration::from_secs(600);

pub(crate) const MS: Duration = Duration::from_millis(1);

/// A server that runs until this is dropped.
pub(crate) struct Running {
    pub(crate) address: Address,
    pub(crate) handle: ServerHandle,
    pub(crate) seen: Arc<Seen>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

/// A server over TCP, to which `set_up` adds the layers.
pub(crate) async fn serve(set_up: impl FnOnce(Server) -> Server) -> Running {
    let handler = Handler::default();
    let seen = Arc::clone(&handler.0);
    let server = set_up(Server::new()).add(CallsServer::new(handler));
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    let (address, handle) = (bound.address().clone(), bound.handle());
    tokio::spawn(bound.serve());
    Running { address, handle, seen }
}

impl Running {
    /// A hundred more clients with a connection each, to which `set_up` adds the layers.
    pub(crate) async fn crowd(
        &self,
        set_up: impl Fn(ClientBuilder<CallsClient>) -> ClientBuilder<CallsClient>,
    ) -> Vec<CallsClient> {
        let others = self.handle.stats().connections;
        let mut clients = Vec::new();
        for _ in 0..CROWD {
            let builder = CallsClient::builder(self.address.clone()).pool(1).timeout(LONG);
            clients.push(set_up(builder).connect().await.unwrap());
        }
        self.connections(others + CROWD).await;
        clients
    }

    /// Waits until there are so many connections.
    pub(crate) async fn connections(&self, expected: usize) {
        let began = Instant::now();
        while self.handle.stats().connections != expected {
            assert!(began.elapsed() < PATIENCE, "{:?}", self.handle.stats());
            yield_now().await;
        }
    }

    /// What a user reads of an error, without the port.
    pub(crate) fn told(&self, error: &CallError) -> String {
        failure(error).to_string().replace(&self.address.to_string(), "<server>")
    }
}

pub(crate) type Outcome = Result<Str, CallError>;

/// A call by each client, all at once.
pub(crate) struct AtOnce(JoinSet<Outcome>);

pub(crate) fn at_once(clients: &[CallsClient], how: &'static str) -> AtOnce {
    let calls = clients.iter().cloned().map(|client| async move { client.act(how).await });
    AtOnce(calls.collect())
}

impl AtOnce {
    /// The next so many that end.
    pub(crate) async fn next(&mut self, count: usize) -> Vec<Outcome> {
        let mut ended = Vec::new();
        while ended.len() < count {
            ended.push(soon(self.0.join_next()).await.unwrap().unwrap());
        }
        ended
    }

    /// The next so many that end, which are to fail, all in the same way.
    pub(crate) async fn next_errors(&mut self, count: usize, server: &Running) -> CallError {
        let mut errors: Vec<_> = self.next(count).await.into_iter().map(Result::unwrap_err).collect();
        let first = errors.remove(0);
        errors.iter().for_each(|error| assert_eq!(server.told(error), server.told(&first)));
        first
    }

    /// The next so many that end, which are to be answered by this.
    pub(crate) async fn next_answers(&mut self, count: usize, answer: &str) {
        self.next(count).await.into_iter().for_each(|ended| assert_eq!(&*ended.unwrap(), answer));
    }

    /// Asserts that there are no more.
    pub(crate) fn end(self) {
        assert!(self.0.is_empty());
    }
}

/// Waits for what comes soon.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future).await.unwrap()
}

pub(crate) fn failure(error: &CallError) -> &Error {
    error.error().unwrap_or_else(|| panic!("{error:?}"))
}

/// Keeps paused time from passing by itself while the test waits for a socket.
pub(crate) struct Still(JoinHandle<()>);

pub(crate) fn still() -> Still {
    Still(tokio::spawn(async {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            yield_now().await;
        }
    }))
}

impl Drop for Still {
    fn drop(&mut self) {
        self.0.abort();
    }
}
