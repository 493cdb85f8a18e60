//! What is due in time, and how a connection ends.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use kitex_codec::{put_chunk, take_chunk};
use kitex_core::{Deadline, Error, Stage};
use tokio::io::AsyncReadExt;

use super::Driver;
use crate::Io;
use crate::clock;

/// How long, and over how many bytes, a connection that has ended is read on, so that the peer's last requests do not
/// make its kernel throw away answers that it has not read yet.
const LINGER: (Duration, usize) = (Duration::from_millis(500), 16 << 20);

/// A connection that has done nothing for so long has answers that were read by whoever reads them at all: what comes
/// when it is closed harms none.
const RESTED: Duration = Duration::from_millis(50);

/// A connection's end: nothing more is written, and what still comes is thrown away for a moment.
pub(super) struct End {
    until: Instant,
    /// Bytes that may still come.
    left: usize,
    /// The peer was told that nothing comes any more.
    told: bool,
}

impl<S: Io> Driver<S> {
    /// Does what is due; true if there was anything.
    pub(super) fn expire(&mut self, now: Instant, task: &mut Context<'_>) -> bool {
        let timeout = self.shared().settings.write_timeout;
        let write = self.stalled.map(|since| Deadline::after(since, timeout).instant());
        let due = [self.engine.poll_timeout(), write].into_iter().flatten().min();
        if !self.timer.poll(task, due) {
            return false;
        }
        let now = clock::now().max(now);
        if write.is_some_and(|due| due <= now) {
            let error = self.stall();
            self.lose();
            self.complain(&error);
            return true;
        }
        loop {
            match self.engine.handle_timeout(now, &mut self.input) {
                Ok(Some(id)) => self.drop_call(id),
                Ok(None) => return true,
                Err(error) => {
                    self.complain(&error);
                    return true;
                }
            }
        }
    }

    #[cold]
    fn stall(&self) -> Error {
        let text = format!("the peer took nothing for {:?}", self.shared().settings.write_timeout);
        Error::limit("write_timeout", Stage::Write, text).with_peer(self.info.peer())
    }

    /// The connection broke, or is given up: nothing is read or written any more.
    pub(super) fn lose(&mut self) {
        self.stream = None;
        self.eof = true;
        self.stalled = None;
        self.forget_waiting();
        self.engine.handle_eof();
        self.engine.output().clear();
        self.drop_input();
    }

    /// Ends a connection that has nothing to do: at once, if that has been so for a moment. Its peer may not look at it
    /// before its next call, and is not waited for.
    pub(super) fn close_idle(&mut self, now: Instant, task: &mut Context<'_>) -> Poll<()> {
        // What comes from now on is not served: it could not be answered.
        self.engine.close();
        if self.engine.has_rested(now, RESTED) {
            self.drop_input();
            self.rest();
            self.end = Some(End { until: now, left: LINGER.1, told: false });
        }
        self.close(now, task)
    }

    /// Ends the connection.
    pub(super) fn close(&mut self, now: Instant, task: &mut Context<'_>) -> Poll<()> {
        if self.end.is_none() {
            self.drop_input();
            self.rest();
        }
        let end = self.end.get_or_insert(End { until: now + LINGER.0, left: LINGER.1, told: false });
        let Some(stream) = &mut self.stream else { return Poll::Ready(()) };
        // An error of a connection that ends anyway changes nothing.
        end.told = end.told || Pin::new(&mut *stream).poll_shutdown(task).is_ready();
        if end.told && (self.eof || drain(stream, &mut end.left, task)) {
            return Poll::Ready(());
        }
        while clock::now() < end.until {
            if !self.timer.poll(task, Some(end.until)) {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

/// Throws away what comes; true if no more is to.
fn drain<S: Io>(stream: &mut S, left: &mut usize, task: &mut Context<'_>) -> bool {
    let mut chunk = take_chunk();
    let ended = loop {
        chunk.clear();
        match pin!(stream.read_buf(&mut chunk)).poll(task) {
            Poll::Ready(Ok(read)) if read > 0 && read < *left => *left -= read,
            Poll::Ready(_) => break true,
            Poll::Pending => break false,
        }
    };
    put_chunk(chunk);
    ended
}
