//! The tour of the errors that a user can meet: each is provoked, over a real connection, and its whole text compared
//! with what was reviewed. `KITEX_BLESS=1` takes new texts over; they are to be read as somebody who is woken by them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

mod answers;
mod callers;
mod closing;
mod connecting;
mod golden;
mod idl;
mod outcomes;
mod peer;
#[path = "../spans/recorder.rs"]
mod recorder;
mod runtimes;
mod sending;
mod service;
mod settings;
mod setup;
mod waiting;
mod wire;
