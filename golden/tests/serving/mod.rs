//! The engine of a server, the recorded services behind it, and a clock.

mod clock;
mod connection;
mod front;
mod handlers;
mod host;

pub(crate) use connection::Connection;
pub(crate) use host::Host;
