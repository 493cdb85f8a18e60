//! Connections inside this process, for tests and for services that live together.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::io::{DuplexStream, duplex};
use tokio::sync::{Mutex, mpsc};

/// Bytes that each direction of a connection holds.
const CAPACITY: usize = 64 << 10;

/// Connections that wait to be accepted.
const BACKLOG: usize = 1024;

/// A listener in this process. Cheap to clone: a server and its clients each hold one.
#[derive(Clone)]
pub struct Memory(Arc<Shared>);

struct Shared {
    connect: mpsc::Sender<DuplexStream>,
    accept: Mutex<mpsc::Receiver<DuplexStream>>,
}

impl Memory {
    /// A listener that no server listens at yet.
    pub fn new() -> Self {
        let (connect, accept) = mpsc::channel(BACKLOG);
        Self(Arc::new(Shared { connect, accept: Mutex::new(accept) }))
    }

    /// Connects to the server. Errors if too many connections wait to be accepted.
    pub fn connect(&self) -> io::Result<DuplexStream> {
        let (near, far) = duplex(CAPACITY);
        match self.0.connect.try_send(far) {
            Ok(()) => Ok(near),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::ConnectionRefused,
                "too many connections wait to be accepted",
            )),
        }
    }

    /// Waits for the next connection.
    pub async fn accept(&self) -> io::Result<DuplexStream> {
        let accepted = self.0.accept.lock().await.recv().await;
        // The sender lives as long as this listener.
        accepted.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}
