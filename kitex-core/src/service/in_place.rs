//! Calls that are made where they stay.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use super::{BoxFuture, SharedService};
use crate::{CallResult, Request};

/// A service that is called by reference and always ready, so that nothing is cloned for a call.
///
/// What tower asks for, a service that is cloned for each call, makes all threads meet at its counts of references.
/// Layers that can do without are such services over others of the kind, and [`SharedService::by_ref`] takes the type
/// off a whole stack of them, of which a call costs one box.
pub trait CallRef: Send + Sync + 'static {
    /// A call of the service, under way.
    type Call: PendingCall + Send + 'static;

    /// Makes a call where `call` is, which is empty, with a request that is taken out of its place, see
    /// [`Request::take`]: a stack of layers hands both down without moving them.
    fn begin(&self, request: &mut Request, call: Pin<&mut Self::Call>);

    /// Calls the service, for an answer in a box. One that is in a box already is passed on.
    fn call_boxed(&self, mut request: Request) -> BoxFuture<CallResult> {
        boxed(|call| self.begin(&mut request, call))
    }
}

/// A call under way. It is empty at first, so that those of a whole stack of layers are made in their one place.
pub trait PendingCall: Default {
    /// Goes on with the call, and gives its result once there is one. A result is large: here it is not moved from layer
    /// to layer, as it would be if each returned it. `result` is pending before, and is not polled for once more after.
    fn poll_call(self: Pin<&mut Self>, task: &mut TaskContext<'_>, result: &mut Poll<CallResult>);

    /// Gives the call up, or lets go of what has ended.
    fn clear(self: Pin<&mut Self>);

    /// Goes on with the call as any future does.
    #[inline]
    fn poll_future(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let mut result = Poll::Pending;
        self.poll_call(task, &mut result);
        // Which moves nothing.
        if result.is_pending() { Poll::Pending } else { result }
    }
}

/// The call of a service whose futures are any.
impl<F: Future<Output = CallResult>> PendingCall for Option<F> {
    #[inline]
    fn poll_call(self: Pin<&mut Self>, task: &mut TaskContext<'_>, result: &mut Poll<CallResult>) {
        if let Some(answer) = self.as_pin_mut()
            && let ended @ Poll::Ready(_) = answer.poll(task)
        {
            *result = ended;
        }
    }

    #[inline]
    fn clear(mut self: Pin<&mut Self>) {
        self.set(None);
    }
}

pin_project! {
    #[derive(Default)]
    struct Whole<C> {
        #[pin]
        call: C,
    }
}

impl<C: PendingCall> Future for Whole<C> {
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        self.project().call.poll_future(task)
    }
}

/// A call that is made in a box, by `begin`.
#[inline(always)]
pub fn boxed<C: PendingCall + Send + 'static>(begin: impl FnOnce(Pin<&mut C>)) -> BoxFuture<CallResult> {
    let mut whole: Pin<Box<Whole<C>>> = Box::into_pin(Box::default());
    begin(whole.as_mut().project().call);
    whole
}

impl CallRef for SharedService {
    type Call = Option<BoxFuture<CallResult>>;

    #[inline]
    fn begin(&self, request: &mut Request, mut call: Pin<&mut Self::Call>) {
        call.set(Some(self.call(request.take())));
    }

    #[inline]
    fn call_boxed(&self, request: Request) -> BoxFuture<CallResult> {
        self.call(request)
    }
}
