//! How far a server's shutdown has come, and who is told.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::Context;

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

impl Phase {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Draining => "draining",
            Self::Closing => "closing",
            Self::Aborting => "aborting",
        }
    }
}

const PHASES: [Phase; 4] = [Phase::Serving, Phase::Draining, Phase::Closing, Phase::Aborting];

#[derive(Debug)]
pub(super) struct Phases {
    phase: AtomicU8,
    /// Who waits for the phase after each: one that is notified has come, so a notice tells nobody of an old phase.
    next: [Arc<Notify>; 3],
    ended: Notify,
}

impl Phases {
    pub(super) fn new() -> Self {
        Self { phase: AtomicU8::new(0), next: Default::default(), ended: Notify::new() }
    }

    pub(super) fn now(&self) -> Phase {
        PHASES[usize::from(self.phase.load(Ordering::Acquire))]
    }

    /// Moves on to `phase`, never back.
    pub(super) fn advance(&self, phase: Phase) {
        let before = self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        for next in self.next.iter().take(phase as usize).skip(before.into()) {
            next.notify_waiters();
        }
    }

    /// Waits until `phase` has come.
    pub(super) async fn reached(&self, phase: Phase) {
        let Some(before) = (phase as usize).checked_sub(1) else { return };
        let reached = self.next[before].notified();
        if self.now() < phase {
            reached.await;
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
    next: Option<Pin<Box<OwnedNotified>>>,
}

impl PhaseWatch {
    pub(super) fn new() -> Self {
        Self { seen: Phase::Serving, next: None }
    }

    /// The new phase, if it is not the one seen last. Otherwise the task, always the same one, is woken by a change.
    pub(super) fn poll(&mut self, phases: &Phases, task: &mut Context<'_>) -> Option<Phase> {
        if self.next.is_none()
            && let Some(next) = phases.next.get(self.seen as usize)
        {
            let mut next = Box::pin(Arc::clone(next).notified_owned());
            // If it is ready, the phase has changed: the load below says so.
            let _ = next.as_mut().poll(task);
            self.next = Some(next);
        }
        let now = phases.now();
        if now == self.seen {
            return None;
        }
        self.seen = now;
        self.next = None;
        // Polled once more, the task waits for the next change.
        task.waker().wake_by_ref();
        Some(now)
    }

    pub(super) fn seen(&self) -> Phase {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A change is seen by a load before those who wait for it are told; the notice that comes late must not be taken
    /// for one of the next change.
    #[test]
    fn a_late_notice_of_a_change_that_was_seen_does_not_stand_for_the_next() {
        let phases = Phases::new();
        let woken = Arc::new(Woken::default());
        let waker = Arc::clone(&woken).into();
        let mut task = Context::from_waker(&waker);
        let mut watch = PhaseWatch::new();
        assert_eq!(watch.poll(&phases, &mut task), None);
        phases.phase.store(Phase::Draining as u8, Ordering::SeqCst);
        assert_eq!(watch.poll(&phases, &mut task), Some(Phase::Draining));
        assert_eq!(watch.poll(&phases, &mut task), None);
        phases.next[0].notify_waiters();
        assert_eq!(watch.poll(&phases, &mut task), None);
        let before = woken.0.load(Ordering::SeqCst);
        phases.advance(Phase::Closing);
        assert_eq!(woken.0.load(Ordering::SeqCst), before + 1);
        assert_eq!(watch.poll(&phases, &mut task), Some(Phase::Closing));
    }

    #[test]
    fn phases_that_are_passed_over_are_told_too() {
        let phases = Phases::new();
        let woken = Arc::new(Woken::default());
        let waker = Arc::clone(&woken).into();
        let mut watch = PhaseWatch::new();
        assert_eq!(watch.poll(&phases, &mut Context::from_waker(&waker)), None);
        phases.advance(Phase::Aborting);
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert_eq!(watch.poll(&phases, &mut Context::from_waker(&waker)), Some(Phase::Aborting));
        assert_eq!(watch.poll(&phases, &mut Context::from_waker(&waker)), None);
    }
}
