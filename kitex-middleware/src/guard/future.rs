//! An answer for which something is held.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use kitex_core::{CallResult, Error, PendingCall};

use super::{Held, settle};

pin_project! {
    /// The answer to a call that a layer has let pass or not, with what it holds until it is there, its stream has ended,
    /// or nobody waits any more.
    #[must_use = "a call is made when it is awaited"]
    pub struct LayerFuture<C, H>
    where
        C: PendingCall,
        H: Held,
    {
        #[pin]
        call: C,
        held: Option<H>,
        // Why there is no call.
        refused: Option<Error>,
    }

    impl<C, H> PinnedDrop for LayerFuture<C, H>
    where
        C: PendingCall,
        H: Held,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(held) = this.held {
                held.discard(|| this.call.clear());
            }
        }
    }
}

impl<C: PendingCall, H: Held> Default for LayerFuture<C, H> {
    #[inline(always)]
    fn default() -> Self {
        Self { call: C::default(), held: None, refused: None }
    }
}

impl<C: PendingCall, H: Held> LayerFuture<C, H> {
    /// Makes the call in its place, if it is let pass.
    #[inline(always)]
    pub(super) fn begin(
        self: Pin<&mut Self>,
        held: Result<Option<H>, Error>,
        call: impl FnOnce(Pin<&mut C>),
    ) {
        let this = self.project();
        match held {
            Ok(None) => call(this.call),
            Ok(Some(held)) => {
                let held = this.held.insert(held);
                *this.refused = held.run(|| call(this.call)).err();
            }
            Err(error) => *this.refused = Some(error),
        }
    }
}

impl<F, H> LayerFuture<Option<F>, H>
where
    F: Future<Output = CallResult>,
    H: Held,
{
    /// Makes the call, if it is let pass.
    #[inline(always)]
    pub(super) fn called(held: Result<Option<H>, Error>, call: impl FnOnce() -> F) -> Self {
        match held {
            Ok(None) => Self { call: Some(call()), held: None, refused: None },
            Ok(Some(mut held)) => match held.run(call) {
                Ok(answer) => Self { call: Some(answer), held: Some(held), refused: None },
                Err(error) => Self { call: None, held: Some(held), refused: Some(error) },
            },
            Err(error) => Self { call: None, held: None, refused: Some(error) },
        }
    }
}

impl<C: PendingCall, H: Held> PendingCall for LayerFuture<C, H> {
    #[inline]
    fn poll_call(self: Pin<&mut Self>, task: &mut TaskContext<'_>, result: &mut Poll<CallResult>) {
        let mut this = self.project();
        if let Some(error) = this.refused.take() {
            *result = Poll::Ready(Err(error));
            return;
        }
        let Some(held) = this.held else { return this.call.poll_call(task, result) };
        if let Err(error) = held.run(|| this.call.as_mut().poll_call(task, result)) {
            *result = Poll::Ready(Err(error));
        }
        if let Poll::Ready(result) = result {
            held.discard(|| this.call.clear());
            settle(this.held, result);
        }
    }

    #[inline]
    fn clear(self: Pin<&mut Self>) {
        let this = self.project();
        if let Some(held) = this.held {
            held.discard(|| this.call.clear());
            *this.held = None;
        } else {
            this.call.clear();
        }
    }
}

impl<C: PendingCall, H: Held> Future for LayerFuture<C, H> {
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let mut result = Poll::Pending;
        self.poll_call(task, &mut result);
        result
    }
}

impl<C: PendingCall, H: Held> fmt::Debug for LayerFuture<C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LayerFuture")
    }
}
