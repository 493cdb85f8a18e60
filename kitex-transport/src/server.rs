//! Servers: listeners, their connections, and how both end.

mod accept;
mod apart;
mod calls;
mod driver;
mod held;
mod log;
mod phase;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use kitex_codec::Limits;
use kitex_core::{
    AcceptPolicy, Figure, Inspect, Observer, Registry, Router, RouterError, ServerConfig, SettingError,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{Address, AddressError, Addresses, Listener, SocketOptions};

use apart::SlowMethods;
use held::Held;
use log::Logs;
use phase::{Phase, Phases};

/// How a server behaves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerSettings {
    /// How connections behave.
    pub connection: ServerConfig,
    /// Bounds on messages.
    pub limits: Limits,
    /// Connections at a time; one more is closed at once. 65 536.
    pub max_connections: usize,
    /// Bytes of input held for one connection, half-read messages included. 32 MiB.
    pub max_input: usize,
    /// Bytes held for all connections: half-read messages, requests under way, answers that are not written. Reading
    /// pauses at it. 1 GiB.
    pub max_server_input: usize,
    /// How long a peer may take nothing of what is written to it. 10 seconds.
    pub write_timeout: Duration,
    /// How long calls under way may take once the server shuts down. 30 seconds.
    pub grace: Duration,
    /// How long connections without a call stay open once the server shuts down, so that requests on their way to it
    /// are still served. After that multiplexed calls are refused. 100 milliseconds.
    pub lame_duck: Duration,
    /// A handler that keeps its thread for longer at a time is named in the log. 1 millisecond.
    pub slow_poll: Duration,
    /// Who decides whether a peer may connect, besides `max_connections`.
    pub accept: Option<Arc<dyn AcceptPolicy>>,
    /// Who is told what happens on connections.
    pub observer: Option<Arc<dyn Observer>>,
    /// Options of TCP sockets.
    pub socket: SocketOptions,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            connection: ServerConfig::default(),
            limits: Limits::default(),
            max_connections: 65_536,
            max_input: 32 << 20,
            max_server_input: 1 << 30,
            write_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(30),
            lame_duck: Duration::from_millis(100),
            slow_poll: Duration::from_millis(1),
            accept: None,
            observer: None,
            socket: SocketOptions::default(),
        }
    }
}

/// What the connections of a server share.
#[derive(Debug)]
struct Shared {
    router: Arc<Router>,
    settings: ServerSettings,
    connection: Arc<ServerConfig>,
    limits: Arc<Limits>,
    phases: Phases,
    logs: Logs,
    connections: AtomicUsize,
    refused: AtomicU64,
    slow_polls: AtomicU64,
    slow_methods: SlowMethods,
    held: Held,
}

/// A server that listens. Connections are made from then on, and served once [`serve`](Self::serve) runs.
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<Listener>,
    addresses: Vec<Address>,
    shared: Arc<Shared>,
}

impl Bound {
    /// Listens at addresses. Errors if one of them cannot be listened at, or if the services cannot stand together.
    pub async fn bind(
        addresses: Addresses,
        router: Router,
        settings: ServerSettings,
    ) -> Result<Self, ServeError> {
        router.check()?;
        let mut listeners = Vec::new();
        let mut bound = Vec::new();
        for address in addresses.into_list()? {
            let listener = Listener::bind(&address, &settings.socket).await;
            let listened = listener.and_then(|listener| Ok((listener.address()?, listener)));
            let (at, listener) = listened.map_err(|error| ServeError::Listen(address, error))?;
            listeners.push(listener);
            bound.push(at);
        }
        let shared = Shared {
            router: Arc::new(router),
            connection: Arc::new(settings.connection.clone()),
            limits: Arc::new(settings.limits.clone()),
            settings: ServerSettings {
                // A whole message always fits into what is held for its connection.
                max_input: settings.max_input.max(settings.limits.max_frame.saturating_mul(2)),
                ..settings
            },
            phases: Phases::new(),
            logs: Logs::new(),
            connections: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            slow_polls: AtomicU64::new(0),
            slow_methods: SlowMethods::new(),
            held: Held::new(settings.max_server_input),
        };
        Ok(Self { listeners, addresses: bound, shared: Arc::new(shared) })
    }

    /// Where the server listens; the port is the one that the system chose for port 0.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Lists the server in `registry`, as `server`.
    pub fn register(&self, registry: &Registry) {
        registry.add(&self.shared);
    }

    /// A handle that outlives [`serve`](Self::serve).
    pub fn handle(&self) -> ServerHandle {
        ServerHandle(Arc::clone(&self.shared))
    }

    /// Serves until [`ServerHandle::shutdown`], and then until every connection has ended or the grace is over. If this
    /// future is dropped, the server ends at once.
    pub async fn serve(self) -> Result<(), ServeError> {
        let Self { listeners, shared, .. } = self;
        let _end = AbortOnDrop(&shared);
        let mut accepting = JoinSet::new();
        for listener in listeners {
            accepting.spawn(accept::run(listener, Arc::clone(&shared)));
        }
        shared.phases.reached(Phase::Draining).await;
        // Each loop ends with the phase, and its listener with it.
        while accepting.join_next().await.is_some() {}
        let Shared { phases, connections, settings, .. } = &*shared;
        let ended = async {
            let idle = tokio::time::sleep(settings.lame_duck);
            tokio::select! {
                () = phases.emptied(connections) => return,
                () = idle => phases.advance(Phase::Closing),
            }
            phases.emptied(connections).await;
        };
        tokio::select! {
            in_time = tokio::time::timeout(settings.grace, ended) => if in_time.is_err() {
                shared.give_up();
            },
            () = phases.reached(Phase::Aborting) => {}
        }
        phases.emptied(connections).await;
        Ok(())
    }
}

/// Its state is that of [`ServerStats`], and the `phase` of the server: `serving`, `draining`, `closing` or `aborting`.
impl Inspect for Shared {
    fn kind(&self) -> &'static str {
        "server"
    }

    fn inspect(&self) -> Value {
        let ServerStats { connections, refused_connections, slow_polls, held } = self.stats();
        json!({
            "phase": self.phases.now().name(),
            "connections": connections,
            "refused_connections": refused_connections,
            "slow_polls": slow_polls,
            "held": held,
        })
    }

    fn figures(&self) -> Vec<Figure> {
        let ServerStats { connections, refused_connections, held, .. } = self.stats();
        vec![
            Figure::gauge("kitex.server.connections", connections as f64),
            Figure::counter("kitex.server.refused_connections", refused_connections),
            Figure::gauge("kitex.server.held", held as f64),
        ]
    }
}

impl Shared {
    fn stats(&self) -> ServerStats {
        ServerStats {
            connections: self.connections.load(Ordering::Relaxed),
            refused_connections: self.refused.load(Ordering::Relaxed),
            slow_polls: self.slow_polls.load(Ordering::Relaxed),
            held: self.held.bytes(),
        }
    }

    /// Ends the connections whose calls are still under way when the shutdown's grace is over.
    fn give_up(&self) {
        let (connections, grace) = (self.connections.load(Ordering::Acquire), self.settings.grace);
        tracing::warn!(connections, ?grace, "calls were still under way when the shutdown's grace was over");
        self.phases.advance(Phase::Aborting);
    }
}

/// Ends a server that is not served any more.
struct AbortOnDrop<'a>(&'a Shared);

impl Drop for AbortOnDrop<'_> {
    fn drop(&mut self) {
        self.0.phases.advance(Phase::Aborting);
    }
}

/// Shuts a server down and tells how it does. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ServerHandle(Arc<Shared>);

impl ServerHandle {
    /// Begins the shutdown: no connection is accepted any more, peers are told, calls under way are answered. Once
    /// more, nothing further happens.
    pub fn shutdown(&self) {
        self.0.phases.advance(Phase::Draining);
    }

    /// Ends every connection at once, calls under way or not.
    pub fn abort(&self) {
        self.0.phases.advance(Phase::Aborting);
    }

    /// How the server does.
    pub fn stats(&self) -> ServerStats {
        self.0.stats()
    }
}

/// How a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ServerStats {
    /// Connections now.
    pub connections: usize,
    /// Connections closed because there were too many.
    pub refused_connections: u64,
    /// Times that a handler kept its thread for too long.
    pub slow_polls: u64,
    /// Bytes held for all connections, by steps of 64 KiB a connection: half-read messages, requests under way, answers
    /// that are not written.
    pub held: usize,
}

/// Why a server does not serve.
#[non_exhaustive]
pub enum ServeError {
    /// The services cannot stand behind one port.
    Services(RouterError),
    /// The text is no address.
    Address(AddressError),
    /// An address cannot be listened at.
    Listen(Address, io::Error),
    /// A setting makes no sense.
    Setting(SettingError),
}

/// As [`Display`](fmt::Display), which is what a `main` that returns the error shows.
impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Services(error) => error.fmt(f),
            Self::Address(error) => error.fmt(f),
            Self::Setting(error) => error.fmt(f),
            Self::Listen(address, error) => write!(f, "cannot listen at {address}: {error}"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // What they hold is part of what they say.
            Self::Services(error) => error.source(),
            Self::Address(error) => error.source(),
            Self::Setting(error) => error.source(),
            Self::Listen(_, error) => error.source(),
        }
    }
}

impl From<RouterError> for ServeError {
    fn from(error: RouterError) -> Self {
        Self::Services(error)
    }
}

impl From<SettingError> for ServeError {
    fn from(error: SettingError) -> Self {
        Self::Setting(error)
    }
}

impl From<AddressError> for ServeError {
    fn from(error: AddressError) -> Self {
        Self::Address(error)
    }
}
