//! Target `compact`: a struct in Thrift Compact, whose shape the first byte chooses.

use kitex_codec::Protocol;

/// Reads a struct. True if it is one.
pub fn run(data: &[u8]) -> bool {
    crate::shape::run(Protocol::Compact, data)
}
