//! Tokio drivers of the protocol engine: servers, channels, pools and multiplexed connections.
//!
//! Nothing here gives a header a meaning or decides what a peer is answered: that is `kitex-core`'s. What is here moves
//! bytes, wakes tasks, and keeps the bounds on connections and memory.

mod address;
mod channel;
mod clock;
mod input;
mod io;
mod memory;
mod server;
mod socket;
mod stream;
mod transfer;

pub use address::{Address, AddressError, Addresses};
pub use channel::{BackoffConfig, Channel, ChannelConfig, ChannelStats, Mode, MultiplexConfig, PoolConfig};
pub use io::Io;
pub use memory::Memory;
pub use server::{Bound, ServeError, ServerHandle, ServerSettings, ServerStats};
pub use socket::SocketOptions;
pub use stream::{Listener, Stream};
