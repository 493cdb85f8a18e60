//! Channels against peers in memory that behave and peers that do not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

mod multiplex;
mod peer;
mod pool;
