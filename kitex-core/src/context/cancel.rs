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
    waiting: Vec<Waker>,
}

impl Cancellation {
    /// Why the call ended; `None` while it goes on.
    pub fn reason(&self) -> Option<CancelReason> {
        self.0.lock().reason
    }

    /// Waits until the call has ended.
    pub fn cancelled(&self) -> impl Future<Output = CancelReason> + Send + 'static {
        Cancelled(Arc::clone(&self.0))
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
        waiting.into_iter().for_each(Waker::wake);
    }
}

struct Cancelled(Arc<Signal>);

impl Future for Cancelled {
    type Output = CancelReason;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CancelReason> {
        let mut state = self.0.lock();
        if let Some(reason) = state.reason {
            return Poll::Ready(reason);
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(task.waker())) {
            state.waiting.push(task.waker().clone());
        }
        Poll::Pending
    }
}

/// Fires the signal of a call when the call's context is dropped. Costs nothing unless a handle was asked for.
#[derive(Debug, Default)]
pub(super) struct CancelGuard(Option<Box<Guarded>>);

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
    fn those_who_wait_are_woken() {
        let (mut context, _) = context();
        let mut waiting = pin!(context.cancellation().cancelled());
        let mut task = TaskContext::from_waker(Waker::noop());
        assert_eq!(waiting.as_mut().poll(&mut task), Poll::Pending);
        drop(context);
        assert_eq!(waiting.poll(&mut task), Poll::Ready(CancelReason::GivenUp));
    }
}
