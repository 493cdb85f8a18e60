//! The protocol engine: bytes in, requests and answers out. It owns no socket and reads no clock.
//!
//! A driver feeds [`handle_input`](ServerConnection::handle_input) with what it has read and the time, until there is
//! nothing more to take; writes what [`output`](ServerConnection::output) holds; and calls
//! [`handle_timeout`](ServerConnection::handle_timeout) when [`poll_timeout`](ServerConnection::poll_timeout) is
//! reached. Everything else is decided here.

mod client;
mod prefix;
mod server;
mod slots;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kitex_codec::{Form, Protocol, Str};

pub use client::{Answer, ClientConnection, Refusal};
pub use server::{ServerConnection, ServerRequest};
pub use slots::CallId;

/// How a server's connections behave. Bounds on messages are in [`Limits`](kitex_codec::Limits).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Calls under way on one connection; more are refused. 1 024.
    pub max_in_flight: usize,
    /// Bytes of the requests under way on one connection, beyond which no further one is taken. 32 MiB.
    pub max_in_flight_bytes: usize,
    /// Bytes of answers queued on one connection, beyond which no request is taken. 16 MiB.
    pub max_queued_output: usize,
    /// How long a connection may be silent between messages. 10 minutes.
    pub idle_timeout: Duration,
    /// How long the rest of a message may take from its first byte on. 10 seconds.
    pub message_timeout: Duration,
    /// How long a call may take at most, whatever its caller grants or leaves open. 5 minutes.
    pub max_call_timeout: Duration,
    /// How long after its caller's deadline a call is ended. Callers end it themselves, and may ask whether that was by
    /// time, as the retry policy of a Kitex client does: an exception that came first would hide it. 50 milliseconds.
    pub deadline_slack: Duration,
    /// How long a multiplexed connection is kept for its peer to close, after the peer was told that this side is
    /// going away. 1 second.
    pub linger: Duration,
    /// Whether checksums of requests are checked and those of answers written. Off.
    pub checksum: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_in_flight: 1024,
            max_in_flight_bytes: 32 << 20,
            max_queued_output: 16 << 20,
            idle_timeout: Duration::from_secs(600),
            message_timeout: Duration::from_secs(10),
            max_call_timeout: Duration::from_secs(300),
            deadline_slack: Duration::from_millis(50),
            linger: Duration::from_secs(1),
            checksum: false,
        }
    }
}

/// How a client's connections behave. Bounds on messages are in [`Limits`](kitex_codec::Limits).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The outer form of requests. TTHeader with a frame length, as Kitex has it.
    pub form: Form,
    /// What messages are encoded in. Thrift Binary, which a form with a TTHeader needs.
    pub protocol: Protocol,
    /// What stands before the name of each method, with a colon between them, for servers that tell their services
    /// apart by it: Apache's `TMultiplexedProtocol`. A form with a TTHeader names the service there. Nothing.
    pub service_prefix: Option<Str>,
    /// Whether calls share a connection and are answered in any order. Needs a form with a TTHeader. Off.
    pub multiplexed: bool,
    /// Calls under way on one multiplexed connection. 1 024.
    pub max_in_flight: usize,
    /// Bytes of requests queued on one multiplexed connection. 16 MiB.
    pub max_queued_output: usize,
    /// This side's service name.
    pub caller: Str,
    /// The callee's name in service discovery, if it is not the name in the IDL.
    pub service: Option<Str>,
    /// Whether checksums of requests are written and those of answers checked. Off.
    pub checksum: bool,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            form: Form::TTHeaderFramed,
            protocol: Protocol::Binary,
            service_prefix: None,
            multiplexed: false,
            max_in_flight: 1024,
            max_queued_output: 16 << 20,
            caller: Str::new(),
            service: None,
            checksum: false,
        }
    }
}
