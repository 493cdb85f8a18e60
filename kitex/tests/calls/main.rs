//! Calls from a generated client to a generated server, over memory and loopback.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

mod idl {
    include!("../idl/calls.rs");
}

mod answers;
mod chain;
mod deadlines;
mod errors;
mod framings;
mod layers;
mod policies;
mod registry;
mod service;
mod services;
mod shutdown;
mod suite;
