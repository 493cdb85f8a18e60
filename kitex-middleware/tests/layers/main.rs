//! The layers at work, by a mock service and paused time.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod accept;
mod access;
mod adaptive;
mod breaker;
mod breaker_picker;
mod concurrency;
mod deadline;
mod fallback;
mod fault;
mod from_fn;
#[cfg(feature = "metrics")]
mod metrics;
mod mock;
mod panic;
mod rate;
mod recorder;
mod retry;
mod settings;
#[cfg(feature = "metrics")]
mod states;
mod suite;
mod trace;
