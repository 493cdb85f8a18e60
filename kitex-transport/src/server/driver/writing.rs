//! Output to the peer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use kitex_codec::Output;

use super::Driver;
use crate::Io;

/// Pieces of one vectored write.
const SLICES: usize = 16;

impl<S: Io> Driver<S> {
    /// Writes what is owed, as far as the peer takes it.
    pub(super) fn flush(&mut self, now: Instant, task: &mut Context<'_>) -> io::Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        while !self.engine.output().is_empty() {
            let Poll::Ready(written) = poll_write(stream, self.engine.output(), task) else {
                self.stalled.get_or_insert(now);
                return Ok(());
            };
            let written = written?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.engine.output().advance(written);
            self.stalled = None;
        }
        Ok(())
    }
}

/// Writes once: a single piece as it is, several together.
fn poll_write<S: Io>(stream: &mut S, output: &Output, task: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let (front, is_all) = output.front();
    if is_all || !stream.is_write_vectored() {
        return Pin::new(stream).poll_write(task, front);
    }
    let mut slices = [IoSlice::new(&[]); SLICES];
    let filled = output.io_slices(&mut slices);
    Pin::new(stream).poll_write_vectored(task, &slices[..filled])
}
