//! What is beneath a layer, once it has been called.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use kitex_core::{CallRef, CallResult, poll_future};

/// How a layer goes on with the call beneath it, whichever way that was made. A trait in place of closures: its methods can
/// be told to be in line, so that the layers of a stack are one piece of code.
pub(crate) trait Inner<C>: Clear<C> {
    /// Goes on with the call; see [`CallRef::poll_call`].
    fn poll(&self, call: Pin<&mut C>, task: &mut TaskContext<'_>, result: &mut Poll<CallResult>);
}

/// How a layer lets go of the call beneath it. A trait of its own: what is dropped is not known to be a future there.
pub(crate) trait Clear<C> {
    /// Gives the call up, or lets go of what has ended.
    fn clear(&self, call: Pin<&mut C>);

    /// The same, where it is seldom done: there the whole stack is not in line once more.
    #[cold]
    #[inline(never)]
    fn clear_early(&self, call: Pin<&mut C>) {
        self.clear(call);
    }
}

/// A service that is called by reference.
pub(crate) struct ByRef<'a, S>(pub(crate) &'a S);

impl<S: CallRef> Inner<S::Call> for ByRef<'_, S> {
    #[inline(always)]
    fn poll(&self, call: Pin<&mut S::Call>, task: &mut TaskContext<'_>, result: &mut Poll<CallResult>) {
        self.0.poll_call(call, task, result);
    }
}

impl<S: CallRef> Clear<S::Call> for ByRef<'_, S> {
    #[inline(always)]
    fn clear(&self, call: Pin<&mut S::Call>) {
        self.0.clear(call);
    }
}

/// The future of a service of tower's kind, which needs nothing else.
pub(crate) struct AsFuture;

impl<F: Future<Output = CallResult>> Inner<Option<F>> for AsFuture {
    #[inline(always)]
    fn poll(&self, call: Pin<&mut Option<F>>, task: &mut TaskContext<'_>, result: &mut Poll<CallResult>) {
        poll_future(call, task, result);
    }
}

impl<F> Clear<Option<F>> for AsFuture {
    #[inline(always)]
    fn clear(&self, mut call: Pin<&mut Option<F>>) {
        call.set(None);
    }
}
