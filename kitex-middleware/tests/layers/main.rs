//! The layers at work, by a mock service and paused time.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod deadline;
mod from_fn;
mod mock;
mod recorder;
mod trace;
