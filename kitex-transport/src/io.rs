//! What connections are driven over.

use tokio::io::{AsyncRead, AsyncWrite};

/// A stream of bytes between two peers: a socket, a TLS session, a pipe in memory.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Io for T {}
