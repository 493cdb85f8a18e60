//! Channels against peers in memory that behave and peers that do not.

mod peer;
mod pool;
