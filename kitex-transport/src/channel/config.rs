//! What a channel can be told.

use std::sync::Arc;
use std::time::Duration;

use kitex_codec::Limits;
use kitex_core::{ClientConfig, Picker};

use crate::SocketOptions;

/// How a [`Channel`](crate::Channel) connects and what it allows.
///
/// ```
/// use std::time::Duration;
///
/// use kitex_transport::{ChannelConfig, Mode, MultiplexConfig};
///
/// let mut config = ChannelConfig::default();
/// config.connect_timeout = Duration::from_millis(200);
/// config.mode = Mode::Multiplexed(MultiplexConfig::default());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChannelConfig {
    /// The form of requests, names, and bounds on one connection. Whether connections are multiplexed is decided by
    /// [`mode`](Self::mode).
    pub connection: ClientConfig,
    /// Bounds on messages.
    pub limits: Limits,
    /// How calls share connections. Pooled.
    pub mode: Mode,
    /// How long making a connection may take, whatever the deadline of the call that needs it. 1 second.
    pub connect_timeout: Duration,
    /// The pause after a failed attempt to connect.
    pub backoff: BackoffConfig,
    /// Who chooses among several addresses. Without one a call goes where the fewest are under way.
    pub picker: Option<Arc<dyn Picker>>,
    /// Options of TCP sockets.
    pub socket: SocketOptions,
}

impl Default for ChannelConfig {
    fn default() -> Self {
        Self {
            connection: ClientConfig::default(),
            limits: Limits::default(),
            mode: Mode::default(),
            connect_timeout: Duration::from_secs(1),
            backoff: BackoffConfig::default(),
            picker: None,
            socket: SocketOptions::default(),
        }
    }
}

/// How calls share connections.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Mode {
    /// Each call has a connection of its own while it runs. What every peer understands.
    Pooled(PoolConfig),
    /// Many calls share a connection and are answered in any order. Needs a form with a TTHeader, and a peer that
    /// answers out of order to gain by it.
    Multiplexed(MultiplexConfig),
}

impl Default for Mode {
    fn default() -> Self {
        Self::Pooled(PoolConfig::default())
    }
}

/// Bounds on the connections of a pool, for each endpoint.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PoolConfig {
    /// Connections kept while no call uses them. A client whose calls come in bursts of n connects anew less often
    /// with n. 8.
    pub max_idle: usize,
    /// Connections in all. 1 024.
    pub max_connections: usize,
    /// Calls that wait for a connection when all are in use; a further one is refused at once. 1 024.
    pub max_waiters: usize,
    /// How long a connection is kept after its last call began. 60 seconds: less than servers keep silent ones.
    pub idle_timeout: Duration,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self { max_idle: 8, max_connections: 1024, max_waiters: 1024, idle_timeout: Duration::from_secs(60) }
    }
}

/// Bounds on multiplexed connections, for each endpoint. How many calls one of them takes is
/// [`ClientConfig::max_in_flight`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MultiplexConfig {
    /// Connections that are used from the start on, a further one being made when all have a call under way. 1.
    pub connections: usize,
    /// Connections that are made when all have half of the calls under way that they take. 4.
    pub max_connections: usize,
    /// Calls that wait for a connection to be made; a further one is refused at once. 1 024.
    pub max_waiters: usize,
    /// How long a connection beyond [`connections`](Self::connections) is kept without a call. 60 seconds.
    pub idle_timeout: Duration,
    /// How long a peer may send nothing, while it owes answers, until a call that runs into its deadline makes the
    /// next ones go elsewhere. 10 seconds.
    pub silence_timeout: Duration,
}

impl Default for MultiplexConfig {
    fn default() -> Self {
        Self {
            connections: 1,
            max_connections: 4,
            max_waiters: 1024,
            idle_timeout: Duration::from_secs(60),
            silence_timeout: Duration::from_secs(10),
        }
    }
}

/// The pause after a failed attempt to connect. It doubles with each further one, and a random part of up to half is
/// taken off, so that clients do not come back all at once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BackoffConfig {
    /// After the first. 50 milliseconds.
    pub initial: Duration,
    /// At most. 5 seconds.
    pub max: Duration,
}

impl Default for BackoffConfig {
    fn default() -> Self {
        Self { initial: Duration::from_millis(50), max: Duration::from_secs(5) }
    }
}
