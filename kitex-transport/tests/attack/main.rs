//! Bad input and faults, through a real server over TCP.
//!
//! Each attack runs beside a healthy connection and is held against bounds: how long its connections live, what they
//! take of the heap, what they cost the healthy one, and what they cost once they are over. Times are those of a
//! server's settings, made small.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]
#![expect(clippy::print_stdout, reason = "what an attack costs is to be read: `-- --nocapture`")]

mod fairness;
mod files;
mod floods;
mod handlers;
mod healthy;
mod heap;
mod idle;
mod log;
mod peer;
mod program;
mod protocols;
mod readers;
mod resets;
mod service;
mod silence;
mod sizes;
mod stalled;
mod trial;
