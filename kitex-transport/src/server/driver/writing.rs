//! Output to the peer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use super::Driver;
use crate::Io;
use crate::transfer::poll_send;

impl<S: Io> Driver<S> {
    /// Writes what is owed, as far as the peer takes it.
    pub(super) fn flush(&mut self, now: Instant, task: &mut Context<'_>) -> io::Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        while !self.engine.output().is_empty() {
            let Poll::Ready(sent) = poll_send(stream, self.engine.output(), task) else {
                self.stalled.get_or_insert(now);
                return Ok(());
            };
            sent?;
            self.stalled = None;
            self.unflushed = true;
        }
        // A stream that encrypts keeps what it was given until then.
        if self.unflushed {
            match Pin::new(stream).poll_flush(task) {
                Poll::Pending => _ = self.stalled.get_or_insert(now),
                Poll::Ready(flushed) => {
                    flushed?;
                    (self.unflushed, self.stalled) = (false, None);
                }
            }
        }
        Ok(())
    }
}
