//! An answer for which something is held.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use kitex_core::{CallResult, Error, PendingCall};

use super::{Held, stream::follow};

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
        hold: Hold<H>,
    }

    impl<C, H> PinnedDrop for LayerFuture<C, H>
    where
        C: PendingCall,
        H: Held,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Hold::Held(held) = this.hold {
                held.discard(|| this.call.clear());
            }
        }
    }
}

/// What a layer has for a call.
enum Hold<H> {
    /// The answer is passed on.
    Nothing,
    /// Held until the answer is there.
    Held(H),
    /// There is no call, for this reason.
    Refused(Error),
}

impl<H: Held> Hold<H> {
    #[cold]
    fn refuse(&mut self, result: &mut Poll<CallResult>) {
        if let Self::Refused(error) = std::mem::replace(self, Self::Nothing) {
            *result = Poll::Ready(Err(error));
        }
    }

    /// Lets go of what is held; an answer that is a stream takes it along.
    #[inline]
    fn end(&mut self, follows: bool, result: &mut CallResult) {
        if follows && let Ok(response) = result {
            if let Self::Held(held) = std::mem::replace(self, Self::Nothing) {
                follow(response, held);
            }
        } else {
            *self = Self::Nothing;
        }
    }
}

impl<C: PendingCall, H: Held> Default for LayerFuture<C, H> {
    #[inline(always)]
    fn default() -> Self {
        Self { call: C::default(), hold: Hold::Nothing }
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
        let mut this = self.project();
        match held {
            Ok(None) => return call(this.call),
            Ok(Some(held)) => *this.hold = Hold::Held(held),
            Err(error) => *this.hold = Hold::Refused(error),
        }
        if let Hold::Held(held) = this.hold
            && let Err(error) = held.run(|| call(this.call.as_mut()))
        {
            held.discard(|| this.call.clear());
            *this.hold = Hold::Refused(error);
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
            Ok(None) => Self { call: Some(call()), hold: Hold::Nothing },
            Ok(Some(mut held)) => match held.run(call) {
                Ok(answer) => Self { call: Some(answer), hold: Hold::Held(held) },
                Err(error) => Self { call: None, hold: Hold::Refused(error) },
            },
            Err(error) => Self { call: None, hold: Hold::Refused(error) },
        }
    }
}

impl<C: PendingCall, H: Held> PendingCall for LayerFuture<C, H> {
    #[inline]
    fn poll_call(self: Pin<&mut Self>, task: &mut TaskContext<'_>, result: &mut Poll<CallResult>) {
        let mut this = self.project();
        let held = match this.hold {
            Hold::Held(held) => held,
            Hold::Nothing => return this.call.poll_call(task, result),
            Hold::Refused(_) => return this.hold.refuse(result),
        };
        if let Err(error) = held.run(|| this.call.as_mut().poll_call(task, result)) {
            *result = Poll::Ready(Err(error));
        }
        if let Poll::Ready(result) = result {
            if H::CATCHES {
                held.discard(|| this.call.clear());
            }
            let follows = held.answered(result);
            this.hold.end(follows, result);
        }
    }

    #[inline]
    fn clear(self: Pin<&mut Self>) {
        let this = self.project();
        if let Hold::Held(held) = this.hold {
            held.discard(|| this.call.clear());
            *this.hold = Hold::Nothing;
        } else {
            this.call.clear();
        }
    }
}

impl<C: PendingCall, H: Held> Future for LayerFuture<C, H> {
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        self.poll_future(task)
    }
}

impl<C: PendingCall, H: Held> fmt::Debug for LayerFuture<C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LayerFuture")
    }
}
