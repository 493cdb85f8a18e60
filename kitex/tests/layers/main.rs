//! Each layer over TCP and a hundred connections: that what it says holds over all of them, and what users are told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

mod idl {
    include!("../idl/calls.rs");
}

mod access;
mod adaptive;
mod breaker;
mod breaker_picker;
mod concurrency;
mod crowd;
mod deadline;
mod defaults;
mod fallback;
mod fault;
mod handler;
mod hedge;
#[cfg(feature = "metrics")]
mod metrics;
mod panic;
mod peer_limit;
mod rate;
#[path = "../spans/recorder.rs"]
mod recorder;
mod retry;
mod tower;
mod trace;
