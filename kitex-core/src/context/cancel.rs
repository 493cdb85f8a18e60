//! Telling tasks that outlive a handler that its call was given up.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use super::ConnectionInfo;

/// Why a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelReason {
    /// It was answered: there is nothing left to do for it.
    Answered,
    /// The peer went away.
    Disconnected,
    /// Its deadline passed, or a layer gave it up.
    GivenUp,
}

/// Tells when a call has ended, and why. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cancellation(Arc<Signal>);

#[derive(Debug, Default)]
struct Signal(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    reason: Option<CancelReason>,
    /// Those who wait, each at a place of its own; `None` where one has gone.
    waiting: Vec<Option<Waker>>,
}

impl Cancellation {
    /// Why the call ended; `None` while it goes on.
    pub fn reason(&self) -> Option<CancelReason> {
        self.0.lock().reason
    }

    /// Waits until the call has ended.
    pub fn cancelled(&self) -> impl Future<Output = CancelReason> + Send + 'static {
        Cancelled { signal: Arc::clone(&self.0), place: None }
    }
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fire(&self, reason: CancelReason) {
        let waiting = {
            let mut state = self.lock();
            state.reason.get_or_insert(reason);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

struct Cancelled {
    signal: Arc<Signal>,
    /// Where its waker stands.
    place: Option<usize>,
}

impl Future for Cancelled {
    type Output = CancelReason;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CancelReason> {
        let this = self.get_mut();
        let mut state = this.signal.lock();
        if let Some(reason) = state.reason {
            return Poll::Ready(reason);
        }
        let free = || state.waiting.iter().position(Option::is_none);
        let place = this.place.or_else(free).unwrap_or(state.waiting.len());
        if place >= state.waiting.len() {
            state.waiting.resize(place + 1, None);
        }
        let before = state.waiting[place].replace(task.waker().clone());
        this.place = Some(place);
        // Dropping a waker may run code of anybody's: not while the lock is held.
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let waker = self.signal.lock().waiting.get_mut(place).and_then(Option::take);
        drop(waker);
    }
}

/// Fires the signal of a call when the call's context is dropped. Costs nothing unless a handle was asked for.
#[derive(Debug)]
pub(super) struct CancelGuard(Option<Box<Guarded>>);

impl CancelGuard {
    /// Of a call that nobody can cancel.
    pub(super) const NONE: Self = Self(None);
}

#[derive(Debug)]
struct Guarded {
    signal: Arc<Signal>,
    connection: Option<Arc<ConnectionInfo>>,
    answered: bool,
}

impl CancelGuard {
    pub(super) fn handle(&mut self, connection: Option<&Arc<ConnectionInfo>>) -> Cancellation {
        let guarded = self.0.get_or_insert_with(|| {
            Box::new(Guarded { signal: Arc::default(), connection: connection.cloned(), answered: false })
        });
        Cancellation(Arc::clone(&guarded.signal))
    }

    pub(super) fn answered(&mut self) {
        if let Some(guarded) = &mut self.0 {
            guarded.answered = true;
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let closed = self.connection.as_ref().is_some_and(|connection| connection.is_closed());
        self.signal.fire(match (self.answered, closed) {
            (true, _) => CancelReason::Answered,
            (false, true) => CancelReason::Disconnected,
            (false, false) => CancelReason::GivenUp,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context as TaskContext, Poll, Waker};

    use super::*;
    use crate::{Context, Metadata, Peer};

    fn context() -> (Context, Arc<ConnectionInfo>) {
        let connection = ConnectionInfo::new(Peer::Memory, Arc::default());
        (Context::received(Arc::clone(&connection), Metadata::new()), connection)
    }

    #[test]
    fn a_dropped_call_tells_why() {
        let (mut dropped, _) = context();
        let (mut answered, _) = context();
        let (mut disconnected, connection) = context();
        let handles = [&mut dropped, &mut answered, &mut disconnected].map(Context::cancellation);
        assert!(handles.iter().all(|handle| handle.reason().is_none()));
        answered.set_answered();
        connection.set_closed();
        drop((dropped, answered, disconnected));
        let reasons = handles.map(|handle| handle.reason());
        let expected = [CancelReason::GivenUp, CancelReason::Answered, CancelReason::Disconnected];
        assert_eq!(reasons, expected.map(Some));
    }

    #[test]
    fn those_who_no_longer_wait_leave_nothing_behind() {
        let (mut context, _) = context();
        let handle = context.cancellation();
        for _ in 0..100 {
            let mut waiting = [(); 3].map(|()| Box::pin(handle.cancelled()));
            for _ in 0..3 {
                let waker = Waker::from(Arc::new(Counts::default()));
                let mut task = TaskContext::from_waker(&waker);
                waiting.iter_mut().for_each(|each| assert!(each.as_mut().poll(&mut task).is_pending()));
            }
        }
        assert_eq!(handle.0.lock().waiting.len(), 3);
        let (kept, gone) = (Arc::new(Counts::default()), Arc::new(Counts::default()));
        let mut waiting = [&kept, &gone].map(|counts| {
            let mut each = Box::pin(handle.cancelled());
            let waker = Waker::from(Arc::clone(counts));
            assert!(each.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_pending());
            Some(each)
        });
        waiting[1] = None;
        drop(context);
        assert_eq!([kept, gone].map(|counts| counts.0.load(Ordering::Relaxed)), [1, 0]);
    }

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Counts(AtomicUsize);

    impl std::task::Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn those_who_wait_are_woken() {
        let (mut context, _) = context();
        let mut waiting = pin!(context.cancellation().cancelled());
        let mut task = TaskContext::from_waker(Waker::noop());
        assert_eq!(waiting.as_mut().poll(&mut task), Poll::Pending);
        drop(context);
        assert_eq!(waiting.poll(&mut task), Poll::Ready(CancelReason::GivenUp));
    }
}
