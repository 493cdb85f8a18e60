//! Who may connect, and who is told what happens on connections.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::{Error, Method, Peer};

/// Decides whether a peer may connect. Asked before a byte is read; a peer that is refused is closed without one.
///
/// ```
/// use std::borrow::Cow;
///
/// use kitex_core::{AcceptPolicy, Peer};
///
/// #[derive(Debug)]
/// struct LoopbackOnly;
///
/// impl AcceptPolicy for LoopbackOnly {
///     fn accept(&self, peer: &Peer, _: usize) -> Result<(), Cow<'static, str>> {
///         match peer {
///             Peer::Ip(address) if !address.ip().is_loopback() => Err("not from this machine".into()),
///             _ => Ok(()),
///         }
///     }
/// }
/// ```
pub trait AcceptPolicy: fmt::Debug + Send + Sync {
    /// Errors, with the reason for the log, if `peer` may not connect. `connections` are there besides.
    fn accept(&self, peer: &Peer, connections: usize) -> Result<(), Cow<'static, str>>;

    /// The connection of a peer that was accepted has ended. Told once for each, however it ended.
    fn closed(&self, peer: &Peer) {
        let _ = peer;
    }
}

/// Is told what happens on a server's connections, for gauges and counters. Called in line: what takes time is to be
/// done elsewhere.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A peer has connected.
    fn connection_opened(&self, peer: &Peer) {
        let _ = peer;
    }

    /// A connection has ended.
    fn connection_closed(&self, peer: &Peer) {
        let _ = peer;
    }

    /// A peer was refused.
    fn connection_refused(&self, peer: &Peer, reason: &str) {
        let _ = (peer, reason);
    }

    /// A peer has sent what cannot be served, was too slow, or took no answers.
    fn peer_failed(&self, error: &Error) {
        let _ = error;
    }

    /// A handler has kept its thread for as long at a time.
    fn slow_poll(&self, method: &Method, took: Duration) {
        let _ = (method, took);
    }
}
