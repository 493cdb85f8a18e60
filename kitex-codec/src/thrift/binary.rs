//! Thrift Binary (spec: kitex-wire 2.1).

mod heap;
mod read;
mod write;

pub use read::{BinaryReader, first_field};
pub use write::BinaryWriter;

#[cfg(test)]
mod tests;
