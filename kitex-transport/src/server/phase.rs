//! How far a server's shutdown has come, and who is told.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// How far the shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It has not begun.
    Serving,
    /// Nothing is accepted, peers are told, what comes is served.
    Draining,
    /// Connections without a call are closed.
    Closing,
    /// All connections are closed.
    Aborting,
}

const PHASES: [Phase; 4] = [Phase::Serving, Phase::Draining, Phase::Closing, Phase::Aborting];

#[derive(Debug)]
pub(super) struct Phases {
    phase: AtomicU8,
    changed: Arc<Notify>,
    ended: Notify,
}

impl Phases {
    pub(super) fn new() -> Self {
        Self { phase: AtomicU8::new(0), changed: Arc::default(), ended: Notify::new() }
    }

    pub(super) fn now(&self) -> Phase {
        PHASES[usize::from(self.phase.load(Ordering::Acquire))]
    }

    /// Moves on to `phase`, never back.
    pub(super) fn advance(&self, phase: Phase) {
        if self.phase.fetch_max(phase as u8, Ordering::AcqRel) < phase as u8 {
            self.changed.notify_waiters();
        }
    }

    /// Waits until `phase` has come.
    pub(super) async fn reached(&self, phase: Phase) {
        loop {
            let changed = self.changed.notified();
            if self.now() >= phase {
                return;
            }
            changed.await;
        }
    }

    /// Says that one of those who are counted has ended.
    pub(super) fn ended(&self) {
        self.ended.notify_waiters();
    }

    /// Waits until none is counted any more.
    pub(super) async fn emptied(&self, counted: &AtomicUsize) {
        loop {
            let ended = self.ended.notified();
            if counted.load(Ordering::Acquire) == 0 {
                return;
            }
            ended.await;
        }
    }
}

/// A task's view of the phases: polling costs a load as long as nothing changes.
#[derive(Debug)]
pub(super) struct PhaseWatch {
    seen: Phase,
    changed: Option<Pin<Box<OwnedNotified>>>,
}

impl PhaseWatch {
    pub(super) fn new() -> Self {
        Self { seen: Phase::Serving, changed: None }
    }

    /// The new phase, if it is not the one seen last. Otherwise the task, always the same one, is woken by a change.
    pub(super) fn poll(&mut self, phases: &Phases, task: &mut Context<'_>) -> Option<Phase> {
        if self.changed.is_none() {
            let mut changed = Box::pin(Arc::clone(&phases.changed).notified_owned());
            if changed.as_mut().poll(task) == Poll::Pending {
                self.changed = Some(changed);
            }
        }
        let now = phases.now();
        if now == self.seen {
            return None;
        }
        self.seen = now;
        self.changed = None;
        // Polled once more, the task waits for the next change.
        task.waker().wake_by_ref();
        Some(now)
    }

    pub(super) fn seen(&self) -> Phase {
        self.seen
    }
}
