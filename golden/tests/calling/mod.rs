//! The engine of a client under the generated clients, and what the recorded client program printed.

mod calls;
mod json;
mod line;
mod replay;
mod setup;
mod wire;

pub(crate) use calls::Outcome;
pub(crate) use json::same;
pub(crate) use replay::{Made, Replay};
