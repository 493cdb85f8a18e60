//! One connection of a server: a task that reads, calls, writes and watches the clock.

mod ending;
mod reading;
mod serving;
mod writing;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use kitex_core::{ConnectionInfo, Error, Method, Peer, ServerConnection, catch_panic};

use super::Shared;
use super::accept::Counted;
use super::calls::{Call, Calls};
use super::held::Share;
use super::phase::{Phase, PhaseWatch};
use crate::Io;
use crate::clock::{self, LazyTimer};
use crate::input::Input;

use ending::End;

/// How long a connection goes on before the others of its thread have their turn. Few have as much to do at once.
const TURN: Duration = Duration::from_micros(100);

pub(super) struct Driver<S> {
    /// `None` once the connection is lost: calls that nobody waits for may go on without it.
    stream: Option<S>,
    engine: ServerConnection,
    input: Input,
    /// What is counted of this connection in the server's sum.
    share: Share,
    /// The call that is answered before the next request is taken.
    serial: Option<Call>,
    /// The calls that run beside one another; made when there is one.
    calls: Option<Box<Calls>>,
    /// One of them was not polled since it was put there.
    unpolled: bool,
    timer: LazyTimer,
    /// The stream may hold back a part of what was written to it.
    unflushed: bool,
    /// Since when the peer has taken nothing of what is to be written.
    stalled: Option<Instant>,
    /// What is left to do at the connection's end.
    end: Option<End>,
    /// The peer sends no more.
    eof: bool,
    /// The last read took in all that there was room for.
    was_full: bool,
    phase: PhaseWatch,
    info: Arc<ConnectionInfo>,
    counted: Counted,
}

/// What a step led to.
enum Step {
    /// There may be more to do at once.
    Progress,
    /// The task is woken when there is.
    Wait,
}

impl<S: Io> Driver<S> {
    pub(super) fn new(stream: S, peer: Peer, counted: Counted) -> Self {
        let shared = &counted.0;
        if let Some(observer) = &shared.settings.observer {
            observer.connection_opened(&peer);
        }
        let info = ConnectionInfo::new(peer, Arc::clone(&shared.limits));
        let (router, config) = (Arc::clone(&shared.router), Arc::clone(&shared.connection));
        let engine = ServerConnection::new(router, config, Arc::clone(&info), clock::now());
        Self {
            stream: Some(stream),
            engine,
            input: Input::default(),
            share: Share::default(),
            serial: None,
            calls: None,
            unpolled: false,
            timer: LazyTimer::default(),
            unflushed: false,
            stalled: None,
            end: None,
            eof: false,
            was_full: false,
            phase: PhaseWatch::new(),
            info,
            counted,
        }
    }

    fn shared(&self) -> &Shared {
        &self.counted.0
    }

    fn drive(&mut self, task: &mut Context<'_>) -> Poll<()> {
        let begin = clock::now();
        let mut now = begin;
        loop {
            if let Some(phase) = self.phase.poll(&self.counted.0.phases, task) {
                match phase {
                    Phase::Aborting => return Poll::Ready(()),
                    Phase::Closing => self.engine.refuse(now),
                    _ => self.engine.shutdown(now),
                }
            }
            let step = self.advance(now, task);
            if self.engine.is_finished() {
                return self.close(now, task);
            }
            match step {
                Step::Progress => {
                    now = clock::now();
                    if now.saturating_duration_since(begin) >= TURN {
                        self.expire(now, task);
                        self.rest();
                        return yield_turn(task);
                    }
                }
                Step::Wait if self.expire(now, task) => now = clock::now(),
                Step::Wait if self.is_to_close() => return self.close_idle(now, task),
                Step::Wait => {
                    self.rest();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Does what there is to do without waiting: answers, takes requests, writes, reads.
    fn advance(&mut self, now: Instant, task: &mut Context<'_>) -> Step {
        let finished = self.finish_calls(now, task);
        let taken = match self.take_requests(now, task) {
            Step::Progress => Step::Progress,
            Step::Wait => self.end_input(),
        };
        if self.flush(now, task).is_err() {
            self.lose();
        }
        match (finished, taken) {
            // More to read is of no use before what is here is taken.
            (Step::Progress, _) | (_, Step::Progress) => Step::Progress,
            _ if self.engine.is_finished() => Step::Wait,
            _ => self.fill(task),
        }
    }

    /// True if the server's shutdown has come to connections that have nothing to do.
    fn is_to_close(&self) -> bool {
        self.phase.seen() >= Phase::Closing && self.engine.is_idle() && !self.engine.awaits_close()
    }

    /// Notes how long a call has kept its thread; no time is that of one that runs elsewhere.
    fn note_poll(&self, method: &Method, took: Duration) {
        if took.is_zero() {
            return;
        }
        let shared = self.shared();
        let slow = took >= shared.settings.slow_poll;
        shared.slow_methods.note(method, slow);
        if !slow {
            return;
        }
        shared.slow_polls.fetch_add(1, Ordering::Relaxed);
        if let Some(observer) = &shared.settings.observer {
            observer.slow_poll(method, took);
        }
        if let Some(suppressed) = shared.logs.slow.admit(clock::now()) {
            let setting = "slow_poll";
            tracing::warn!(%method, ?took, setting, suppressed, "a handler kept its thread: await, or move the work off");
        }
    }

    #[cold]
    fn complain(&self, error: &Error) {
        let shared = self.shared();
        if let Some(observer) = &shared.settings.observer {
            observer.peer_failed(error);
        }
        if let Some(suppressed) = shared.logs.peers.admit(clock::now()) {
            let what =
                if self.engine.takes_input() { "passed over a message" } else { "closing a connection" };
            tracing::warn!(%error, suppressed, "{what}");
        }
    }
}

/// Lets the other tasks of the thread go on, and its sockets and timers be looked at, before this one does.
fn yield_turn(task: &mut Context<'_>) -> Poll<()> {
    pin!(tokio::task::yield_now()).poll(task)
}

impl<S: Io> Future for Driver<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        self.get_mut().drive(task)
    }
}

impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        self.info.set_closed();
        if let Some(observer) = &self.counted.0.settings.observer {
            // A panic while another one ends the connection would end the process.
            let _ = catch_panic(|| observer.connection_closed(self.info.peer()));
        }
        self.share.end(&self.counted.0.held);
        self.input.release();
    }
}
