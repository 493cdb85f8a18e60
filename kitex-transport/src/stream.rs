//! The streams that this crate makes itself.

use std::fmt;
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use kitex_codec::Str;
use kitex_core::{BoxError, Peer};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream, lookup_host};

use crate::memory::Listening;
use crate::{Address, SocketOptions};

/// A connection over TCP, a unix socket or memory.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// A unix socket.
    Unix(UnixStream),
    /// Memory.
    Memory(DuplexStream),
}

impl Stream {
    /// Connects to an address; of the several that a host name stands for, to the first that answers.
    pub async fn connect(address: &Address, options: &SocketOptions) -> io::Result<(Self, Peer)> {
        match address {
            Address::Ip(address) => Ok((Self::Tcp(options.connect(*address).await?), Peer::Ip(*address))),
            Address::Host(host) => connect_host(host, options).await,
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).await?;
                Ok((Self::Unix(stream), Peer::Unix(Some(path.to_string_lossy().as_ref().into()))))
            }
            Address::Memory(memory) => Ok((Self::Memory(memory.connect()?), Peer::Memory)),
        }
    }
}

async fn connect_host(host: &str, options: &SocketOptions) -> io::Result<(Stream, Peer)> {
    let mut last = Unresolved::of("the host name has no address");
    for address in lookup_host(host).await.map_err(Unresolved::of)? {
        match options.connect(address).await {
            Ok(stream) => return Ok((Stream::Tcp(stream), Peer::Ip(address))),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Why a host name has no address. Tells its errors from those of connecting.
#[derive(Debug)]
pub(crate) struct Unresolved(BoxError);

impl Unresolved {
    fn of(why: impl Into<BoxError>) -> io::Error {
        io::Error::new(io::ErrorKind::NotFound, Self(why.into()))
    }

    /// True if this is what `error` is about.
    pub(crate) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unresolved {}

/// Each method of the three streams, for whichever it is.
macro_rules! each {
    ($stream:expr, $inner:ident => $body:expr) => {
        match $stream {
            Stream::Tcp($inner) => $body,
            Stream::Unix($inner) => $body,
            Stream::Memory($inner) => $body,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_read(task, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_write(task, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_write_vectored(task, slices))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, inner => inner.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_flush(task))
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_shutdown(task))
    }
}

/// A listener over TCP, a unix socket or memory.
#[derive(Debug)]
#[non_exhaustive]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener, SocketOptions),
    /// A unix socket; its file is removed with the listener.
    Unix(UnixListener, SocketFile),
    /// Memory.
    Memory(Listening),
}

/// The file of a unix socket, removed when the listener goes.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may be gone already: then there is nothing to do.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Begins to listen. A unix socket's file that no process listens at any more is replaced.
    pub async fn bind(address: &Address, options: &SocketOptions) -> io::Result<Self> {
        match address {
            Address::Ip(address) => Ok(Self::Tcp(options.listen(*address)?, options.clone())),
            Address::Host(host) => {
                let first = lookup_host(host).await?.next();
                let address = first
                    .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host name has no address"))?;
                Ok(Self::Tcp(options.listen(address)?, options.clone()))
            }
            Address::Unix(path) => Ok(Self::Unix(bind_unix(path).await?, SocketFile(path.clone()))),
            Address::Memory(memory) => Ok(Self::Memory(Listening::new(memory))),
        }
    }

    /// The address that connections can be made to: the port is the one that the system chose for port 0.
    pub fn address(&self) -> io::Result<Address> {
        Ok(match self {
            Self::Tcp(listener, _) => Address::Ip(listener.local_addr()?),
            Self::Unix(_, file) => Address::Unix(file.0.clone()),
            Self::Memory(listening) => Address::Memory(listening.memory().clone()),
        })
    }

    /// Waits for the next connection.
    pub async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener, options) => loop {
                let (stream, peer) = listener.accept().await?;
                // It fails for a peer that is gone already.
                if options.apply(&stream).is_ok() {
                    return Ok((Stream::Tcp(stream), Peer::Ip(peer)));
                }
            },
            Self::Unix(listener, _) => {
                let (stream, peer) = listener.accept().await?;
                let path = peer.as_pathname().map(|path| Str::from(path.to_string_lossy().as_ref()));
                Ok((Stream::Unix(stream), Peer::Unix(path)))
            }
            Self::Memory(listening) => Ok((Stream::Memory(listening.memory().accept().await?), Peer::Memory)),
        }
    }
}

async fn bind_unix(path: &PathBuf) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error)
            if error.kind() == io::ErrorKind::AddrInUse && UnixStream::connect(path).await.is_err() =>
        {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        bound => bound,
    }
}
