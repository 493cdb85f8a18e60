//! Connections inside this process, for tests and for services that live together.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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
    listeners: AtomicUsize,
    /// The last listener is gone.
    ended: AtomicBool,
}

impl Memory {
    /// A listener that no server listens at yet.
    pub fn new() -> Self {
        let (connect, accept) = mpsc::channel(BACKLOG);
        let (listeners, ended) = Default::default();
        Self(Arc::new(Shared { connect, accept: Mutex::new(accept), listeners, ended }))
    }

    /// Connects to the server, or to the one that is to listen yet. Errors if it has ended, or if too many connections
    /// wait to be accepted.
    pub fn connect(&self) -> io::Result<DuplexStream> {
        let refused = |why| Err(io::Error::new(io::ErrorKind::ConnectionRefused, why));
        let (near, far) = duplex(CAPACITY);
        if self.0.connect.try_send(far).is_err() {
            return refused("too many connections wait to be accepted");
        }
        if self.0.ended.load(Ordering::SeqCst) {
            self.refuse_waiting();
            return refused("the server has ended");
        }
        Ok(near)
    }

    /// Waits for the next connection.
    pub async fn accept(&self) -> io::Result<DuplexStream> {
        let accepted = self.0.accept.lock().await.recv().await;
        // The sender lives as long as this listener.
        accepted.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// Closes the connections that nobody will accept.
    fn refuse_waiting(&self) {
        if let Ok(mut accept) = self.0.accept.try_lock() {
            while accept.try_recv().is_ok() {}
        }
    }
}

/// A server's hold on a [`Memory`]: when the last is gone, nobody can connect.
#[derive(Debug)]
pub struct Listening(Memory);

impl Listening {
    pub(crate) fn new(memory: &Memory) -> Self {
        memory.0.listeners.fetch_add(1, Ordering::SeqCst);
        memory.0.ended.store(false, Ordering::SeqCst);
        Self(memory.clone())
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.0
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if self.0.0.listeners.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.0.ended.store(true, Ordering::SeqCst);
            self.0.refuse_waiting();
        }
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn connections_wait_for_a_listener_and_are_closed_with_the_last() {
        let memory = Memory::new();
        let mut early = memory.connect().unwrap();
        let (first, second) = (Listening::new(&memory), Listening::new(&memory));
        drop(first);
        let mut late = memory.connect().unwrap();
        drop(second);
        assert_eq!(early.read_u8().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(late.read_u8().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(memory.connect().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        let _again = Listening::new(&memory);
        memory.connect().unwrap();
    }
}
