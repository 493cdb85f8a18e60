//! Who is at the other end of a connection.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kitex_codec::{Limits, Str};

/// The address of the other side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// Over TCP.
    Ip(SocketAddr),
    /// Over a unix socket, with its path if it has one.
    Unix(Option<Str>),
    /// In this process.
    Memory,
    /// Wherever a name and a port led to.
    Host(Str),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(Some(path)) => write!(f, "unix:{path}"),
            Self::Unix(None) => f.write_str("a unix socket"),
            Self::Memory => f.write_str("this process"),
            Self::Host(name) => f.write_str(name),
        }
    }
}

/// What all calls of one connection share.
#[derive(Debug)]
pub struct ConnectionInfo {
    peer: Peer,
    limits: Arc<Limits>,
    closed: AtomicBool,
}

impl ConnectionInfo {
    /// A connection to `peer`.
    pub fn new(peer: Peer, limits: Arc<Limits>) -> Arc<Self> {
        Arc::new(Self { peer, limits, closed: AtomicBool::new(false) })
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The bounds that messages are held to.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Says that the peer is gone, before the calls under way are dropped for it.
    pub fn set_closed(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// True once the peer is gone.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}
