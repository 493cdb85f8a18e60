//! The task of a connection that many calls share: it alone reads and writes.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use kitex_codec::{CHUNK, Output};
use kitex_core::Stage;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::multiplex::Multiplex;
use super::shared::{End, Next, SharedConnection};
use crate::Io;
use crate::clock::{self, LazyTimer};
use crate::input::Input;
use crate::transfer::{poll_receive, poll_send};

/// Reads and writes for a shared connection. Dropped with its runtime, it fails the connection's calls.
pub(super) struct Driver<S> {
    stream: S,
    connection: Arc<SharedConnection>,
    multiplex: Arc<Multiplex>,
    /// What was taken to be written and is not yet.
    output: Output,
    /// Bytes written so far.
    sent: u64,
    flushed: bool,
    input: Input,
    timer: LazyTimer,
    woken: Vec<Waker>,
    /// Whether this task may run before others that were woken earlier and want to write too.
    overtakes: bool,
    /// Whether it has let them go first.
    yielded: bool,
    /// How long the connection is kept without a call; `None` if it is kept for good.
    idle_timeout: Option<Duration>,
    idle_since: Option<Instant>,
    end: End,
}

impl<S: Io> Driver<S> {
    pub(super) fn new(
        stream: S,
        connection: Arc<SharedConnection>,
        multiplex: Arc<Multiplex>,
        idle_timeout: Option<Duration>,
    ) -> Self {
        let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
        Self {
            stream,
            connection,
            multiplex,
            output: Output::new(),
            sent: 0,
            flushed: true,
            input: Input::default(),
            timer: LazyTimer::default(),
            woken: Vec::new(),
            overtakes: !matches!(flavor, Ok(RuntimeFlavor::CurrentThread)),
            yielded: false,
            idle_timeout,
            idle_since: None,
            end: End::Dropped,
        }
    }

    /// Runs until the connection has ended.
    pub(super) async fn run(mut self) {
        self.end = poll_fn(|task| self.poll(task)).await;
    }

    fn poll(&mut self, task: &mut Context<'_>) -> Poll<End> {
        loop {
            if let Err(end) = self.read(task) {
                return Poll::Ready(end);
            }
            if self.gives_way(task) {
                return Poll::Pending;
            }
            if let Poll::Ready(Err(error)) = self.poll_write(task) {
                return Poll::Ready(End::broken(Stage::Write)(error));
            }
            self.wake();
            match self.connection.next(task.waker(), !self.output.is_empty()) {
                Next::Write => {}
                Next::End => return Poll::Ready(End::Drained),
                Next::Wait(due) => {
                    self.yielded = false;
                    let due = [due, self.idle_until()].into_iter().flatten().min();
                    if !self.timer.poll(task, due) {
                        return Poll::Pending;
                    }
                    self.expire(clock::now());
                }
            }
        }
    }

    /// Takes in what has come, until there is no more.
    fn read(&mut self, task: &mut Context<'_>) -> Result<(), End> {
        loop {
            let expected = if self.input.is_empty() { None } else { self.connection.expected_input() };
            self.reclaim();
            match poll_receive(&mut self.stream, &mut self.input, expected, task) {
                Poll::Ready(Ok(0)) => return Err(End::Closed { left_over: self.input.len() }),
                Poll::Ready(Ok(_)) => {
                    let taken = self.connection.take_input(&mut self.input, &mut self.woken);
                    self.wake();
                    taken.map_err(End::Unreadable)?;
                }
                Poll::Ready(Err(error)) => return Err(End::broken(Stage::Read)(error)),
                Poll::Pending => {
                    if self.input.is_empty() && self.connection.load() == 0 {
                        self.input.release();
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Uses the input's memory again once the answers that stood in it are gone, so that a read brings many.
    fn reclaim(&mut self) {
        let worn = self.input.is_empty() && self.input.capacity() < CHUNK;
        if worn && !self.input.try_reclaim(CHUNK) {
            self.input = Input::default();
        }
    }

    /// On a runtime that runs this task before those that were woken earlier, lets them queue their requests first: one
    /// write then takes them all.
    fn gives_way(&mut self, task: &mut Context<'_>) -> bool {
        if !self.overtakes || self.yielded || self.connection.load() < 2 {
            return false;
        }
        self.yielded = true;
        task.waker().wake_by_ref();
        true
    }

    fn poll_write(&mut self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.output.is_empty() {
                self.connection.take_output(self.sent, &mut self.output, &mut self.woken);
            }
            if self.output.is_empty() {
                break;
            }
            self.sent += ready!(poll_send(&mut self.stream, &mut self.output, task))? as u64;
            self.flushed = false;
        }
        if !self.flushed {
            ready!(Pin::new(&mut self.stream).poll_flush(task))?;
            self.flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// When the connection has been without a call for too long.
    fn idle_until(&mut self) -> Option<Instant> {
        if self.connection.load() > 0 {
            self.idle_since = None;
            return None;
        }
        self.output.release();
        let timeout = self.idle_timeout?;
        Some(*self.idle_since.get_or_insert_with(clock::now) + timeout)
    }

    fn expire(&mut self, now: Instant) {
        let silence = self.multiplex.config.silence_timeout;
        self.connection.expire(now, silence, &mut self.woken);
        self.wake();
        if self.idle_until().is_some_and(|until| until <= now) {
            self.connection.retire();
        }
    }

    fn wake(&mut self) {
        self.woken.drain(..).for_each(Waker::wake);
    }
}

impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        let woken = self.connection.end(&self.end, self.sent);
        let fault = (!matches!(self.end, End::Drained)).then(|| self.end.error(self.connection.info()));
        self.multiplex.remove(&self.connection, fault);
        woken.into_iter().for_each(Waker::wake);
    }
}
