//! Channels against peers in memory that behave and peers that do not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

mod deadlines;
mod endpoints;
mod hostile;
mod multiplex;
mod peer;
mod pool;
mod sockets;
