//! Spans and the trace context over a wire: what a subscriber sees of a call from a client to a server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

mod idl {
    include!("../idl/calls.rs");
}

mod calls;
mod failures;
mod recorder;
mod service;
