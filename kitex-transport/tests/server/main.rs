//! A server over connections in memory, with a clock that the tests move.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

mod accepting;
mod calls;
mod execution;
mod faults;
mod peer;
mod shutdown;
