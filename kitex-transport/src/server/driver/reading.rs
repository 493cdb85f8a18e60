//! Input from the peer, within bounds.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::BufMut as _;
use kitex_codec::CHUNK;
use tokio::io::AsyncReadExt;

use super::{Driver, Step};
use crate::Io;
use crate::input::{Input, LITTLE};
use crate::server::held::STEP;

/// Input that is read ahead while no request is taken, so that the end of the peer's input is noticed.
const READ_AHEAD: usize = 64 << 10;

/// The most that one read takes in: a message without a length is walked as it comes, and that is not to take long.
const READ_MOST: usize = 256 << 10;

impl<S: Io> Driver<S> {
    /// Reads once, if anything that may be read can be used.
    pub(super) fn fill(&mut self, task: &mut Context<'_>) -> Step {
        if self.eof || !self.may_read(task) {
            return Step::Wait;
        }
        self.make_room();
        let room = (self.input.capacity() - self.input.len()).min(READ_MOST);
        let Some(stream) = &mut self.stream else { return Step::Wait };
        let polled = pin!(stream.read_buf(&mut (&mut *self.input).limit(READ_MOST))).poll(task);
        self.was_full = matches!(polled, Poll::Ready(Ok(read)) if read == room);
        match polled {
            Poll::Pending => return Step::Wait,
            Poll::Ready(Ok(0)) => self.eof = true,
            Poll::Ready(Ok(_)) => self.count(),
            Poll::Ready(Err(_)) => self.lose(),
        }
        Step::Progress
    }

    fn may_read(&mut self, task: &mut Context<'_>) -> bool {
        let (input, beside) = (self.input.len(), self.held_beside_input());
        let shared = &self.counted.0;
        if !self.engine.takes_input() {
            self.share.leave();
            return input < READ_AHEAD;
        }
        if input.max(beside) < STEP {
            self.share.leave();
            return true;
        }
        // One that has calls under way or answers to write does not need to go on before they are gone. A little is
        // read all the same, and left where it is: the end of the peer's input may stand behind it.
        let room =
            input < shared.settings.max_input && self.share.poll_room(&shared.held, beside < STEP, task);
        room || input < READ_AHEAD
    }

    /// True if what was read may be taken: what it leads to has room, or is little.
    pub(super) fn may_take(&mut self) -> bool {
        self.eof
            || !self.counted.0.held.is_full()
            || self.share.is_exempt()
            || self.held_beside_input() < STEP
    }

    /// Bytes of requests under way and of answers that are not written.
    fn held_beside_input(&mut self) -> usize {
        self.engine.in_flight_bytes() + self.engine.output().len()
    }

    /// Makes room for the next read: a chunk, two where small messages filled the last read, or as much as a large message
    /// has brought already. What its header promises takes no memory.
    fn make_room(&mut self) {
        if self.input.is_empty() && self.input.capacity() > 0 {
            // All of it again, if those who had a part are gone: else it goes on with what is left.
            let _all = self.input.try_reclaim(CHUNK);
        }
        if self.input.capacity() == 0 {
            self.input.begin();
        } else if self.input.capacity() - self.input.len() < 512 {
            if self.was_full && self.input.len() < LITTLE {
                return self.input.enlarge();
            }
            let missing =
                self.engine.expected_input().map_or(0, |whole| whole.saturating_sub(self.input.len()));
            let most = self.input.len().max(CHUNK);
            self.input.grow(missing.clamp(CHUNK / 4, most));
        }
    }

    /// Counts what is held for this connection in the server's sum.
    pub(super) fn count(&mut self) {
        let bytes = self.input.len() + self.held_beside_input();
        self.share.count(&self.counted.0.held, bytes);
    }

    /// Gives back what a connection that waits does not need.
    pub(super) fn rest(&mut self) {
        self.count();
        if self.input.is_empty() && self.input.capacity() > 0 {
            self.input.release();
        }
        self.input.move_little();
        self.engine.output().release();
    }

    /// Gives back all input, whether it was taken or not.
    pub(super) fn drop_input(&mut self) {
        self.input = Input::default();
        self.share.leave();
        self.count();
    }
}
