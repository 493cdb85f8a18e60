//! What the fuzz targets do with their input; `README.md` says how to run them.
//!
//! Each module is one target. Its `run` panics where something does not hold, and says whether the input was good to
//! its end, which at least half of the seeds must be.

kitex::include_idl!("idl");

pub mod client;
pub mod compact;
pub mod detect;
pub mod envelope;
pub mod frame;
pub mod header;
pub mod json;
pub mod seeds;
pub mod server;
pub mod skip;

mod engine;
mod heap;
mod script;
mod shape;
