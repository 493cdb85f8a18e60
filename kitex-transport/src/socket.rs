//! Options of TCP sockets.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// The shortest and the longest time before a probe that every kernel takes.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(32_767));

/// Options of TCP sockets, for both sides.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SocketOptions {
    /// Sends small segments at once. On.
    pub nodelay: bool,
    /// Idle time after which the kernel probes the peer, in whole seconds from 1 to 32 767. 60 s; `None` turns probes
    /// off.
    pub keepalive: Option<Duration>,
    /// Connections that wait to be accepted. 4 096; the kernel's own bound (`somaxconn`) holds too.
    pub backlog: i32,
    /// Lets several listeners share a port, the kernel spreading connections over them. Off.
    pub reuse_port: bool,
    /// Bytes of the kernel's receive buffer; `None` leaves it to the kernel.
    pub receive_buffer: Option<usize>,
    /// Bytes of the kernel's send buffer; `None` leaves it to the kernel.
    pub send_buffer: Option<usize>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            nodelay: true,
            keepalive: Some(Duration::from_secs(60)),
            backlog: 4096,
            reuse_port: false,
            receive_buffer: None,
            send_buffer: None,
        }
    }
}

impl SocketOptions {
    /// Opens a listener.
    pub(crate) fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_reuse_address(true)?;
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if address.is_ipv6() && address.ip().is_unspecified() {
            // `[::]` is to take IPv4 too, whatever the machine's default is; a machine that cannot serves IPv6 alone.
            let _ = socket.set_only_v6(false);
        }
        self.set_buffers(&socket)?;
        socket.bind(&address.into())?;
        socket.listen(self.backlog)?;
        TcpListener::from_std(socket.into())
    }

    /// Connects to an address.
    pub(crate) async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        self.set_buffers(&SockRef::from(&socket))?;
        let stream = socket.connect(address).await?;
        self.apply(&stream)?;
        Ok(stream)
    }

    /// Sets the options of a connection. Errors if the peer is gone already.
    pub(crate) fn apply(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(self.nodelay)?;
        if let Some(after) = self.keepalive {
            let after = after.clamp(KEEPALIVE.0, KEEPALIVE.1);
            SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(after))?;
        }
        Ok(())
    }

    fn set_buffers(&self, socket: &Socket) -> io::Result<()> {
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.send_buffer {
            socket.set_send_buffer_size(bytes)?;
        }
        Ok(())
    }
}
