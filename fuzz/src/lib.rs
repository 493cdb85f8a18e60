//! What the fuzz targets do with their input; `README.md` says how to run them.
//!
//! Each module is one target. Its `run` panics where something does not hold, and says whether the input was good to
//! its end, which at least half of the seeds must be.

kitex::include_idl!("idl");

pub mod apache;
pub mod client;
pub mod compact;
pub mod detect;
pub mod envelope;
pub mod frame;
pub mod header;
pub mod json;
pub mod rivals;
pub mod seeds;
pub mod server;
pub mod skip;

// What the tests of the codec hold as well, on bytes that they make up.
#[path = "../../kitex-codec/tests/protocols/differential/mod.rs"]
#[allow(dead_code, reason = "the tests hold the table to its document too")]
mod differential;
mod engine;
mod heap;
mod script;
mod shape;
#[path = "../../kitex-codec/tests/protocols/value.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "the tests make values by it too")]
mod value;
