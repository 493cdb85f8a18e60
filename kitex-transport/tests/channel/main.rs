//! Channels against peers in memory that behave and peers that do not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

mod absent;
mod deadlines;
mod endpoints;
mod hostile;
mod multiplex;
mod peer;
mod pool;
mod runtimes;
mod sockets;
mod threads;
mod waiting;

use kitex_transport::ChannelConfig;

/// What holds for pooled and for multiplexed calls is tested with both.
const BOTH: [fn() -> ChannelConfig; 2] = [|| pool::pooled(|_| {}), || multiplex::multiplexed(|_| {})];
