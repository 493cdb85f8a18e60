//! What the Apache compiler has generated, as it was before anything moved.

#[allow(rust_2018_idioms, dead_code, clippy::all, clippy::unwrap_used, reason = "it is generated")]
pub mod desk;
#[allow(rust_2018_idioms, dead_code, clippy::all, clippy::unwrap_used, reason = "it is generated")]
pub mod orders;
#[allow(rust_2018_idioms, dead_code, clippy::all, clippy::unwrap_used, reason = "it is generated")]
pub mod stock;
