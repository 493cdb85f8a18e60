//! An answer for which something is held.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use kitex_core::{Body, CallRef, CallResult, Error, Request, poll_future, polled};

use super::stream::follow;
use super::{Guard, LayerService};

pin_project! {
    /// A call that a layer has let pass or not, with what it holds until the answer is there, its stream has ended, or
    /// nobody waits any more.
    pub struct LayerCall<C, H> {
        #[pin]
        call: C,
        hold: Hold<H>,
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

impl<C: Default, H> Default for LayerCall<C, H> {
    #[inline(always)]
    fn default() -> Self {
        Self { call: C::default(), hold: Hold::Nothing }
    }
}

impl<C, H> LayerCall<C, H> {
    /// Makes the call in its place, if it is let pass.
    #[inline(always)]
    pub(super) fn begin<S, L>(
        self: Pin<&mut Self>,
        service: &LayerService<S, L>,
        held: Result<Option<H>, Error>,
        request: &mut Request,
    ) where
        S: CallRef<Call = C>,
        L: Guard<Held = H>,
    {
        let LayerService { inner, layer } = service;
        let mut this = self.project();
        match held {
            Ok(None) => return inner.begin(request, this.call),
            Ok(Some(held)) => *this.hold = Hold::Held(held),
            Err(error) => *this.hold = Hold::Refused(error.with_request(request)),
        }
        if let Hold::Held(held) = this.hold
            && let Err(error) = layer.run(held, || inner.begin(request, this.call.as_mut()))
        {
            this.hold.give_up(layer, || inner.clear(this.call));
            *this.hold = Hold::Refused(error);
        }
    }

    #[inline]
    pub(super) fn poll<S, L>(
        self: Pin<&mut Self>,
        service: &LayerService<S, L>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    ) where
        S: CallRef<Call = C>,
        L: Guard<Held = H>,
    {
        let LayerService { inner, layer } = service;
        let this = self.project();
        this.hold.poll(
            layer,
            this.call,
            result,
            |call, result| inner.poll_call(call, task, result),
            |call| inner.clear(call),
        );
    }

    #[inline]
    pub(super) fn clear<S, L>(self: Pin<&mut Self>, service: &LayerService<S, L>)
    where
        S: CallRef<Call = C>,
        L: Guard<Held = H>,
    {
        let this = self.project();
        this.hold.give_up(&service.layer, || service.inner.clear(this.call));
    }
}

impl<H> Hold<H> {
    #[cold]
    fn refuse(&mut self, result: &mut Poll<CallResult>) {
        if let Self::Refused(error) = std::mem::replace(self, Self::Nothing) {
            *result = Poll::Ready(Err(error));
        }
    }

    /// Goes on with what is beneath, and tells the layer once it has ended.
    #[inline(always)]
    fn poll<C, L: Guard<Held = H>>(
        &mut self,
        layer: &L,
        mut call: Pin<&mut C>,
        result: &mut Poll<CallResult>,
        poll: impl FnOnce(Pin<&mut C>, &mut Poll<CallResult>),
        clear: impl FnOnce(Pin<&mut C>),
    ) {
        let held = match self {
            Self::Held(held) => held,
            Self::Nothing => return poll(call, result),
            Self::Refused(_) => return self.refuse(result),
        };
        if let Err(error) = layer.run(held, || poll(call.as_mut(), result)) {
            *result = Poll::Ready(Err(error));
        }
        if let Poll::Ready(result) = result {
            if L::CATCHES {
                layer.discard(|| clear(call));
            }
            let follows = layer.answered(held, result);
            self.end(layer, follows, result);
        }
    }

    /// Lets go of what is held; an answer that is a stream takes it along.
    #[inline]
    fn end<L: Guard<Held = H>>(&mut self, layer: &L, follows: bool, result: &mut CallResult) {
        if follows
            && let Ok(response) = result
            && let Body::Stream(_) = response.body
        {
            if let Self::Held(held) = std::mem::replace(self, Self::Nothing) {
                follow(response, layer, held);
            }
            return;
        }
        self.let_go(layer, true);
    }

    #[inline]
    fn let_go<L: Guard<Held = H>>(&mut self, layer: &L, has_ended: bool) {
        if let Self::Held(held) = self {
            layer.over(held, has_ended);
            *self = Self::Nothing;
        }
    }

    /// Drops what is beneath, and then what is held, even if that panics.
    #[inline]
    fn give_up<L: Guard<Held = H>>(&mut self, layer: &L, clear: impl FnOnce()) {
        if let Self::Held(_) = self {
            let _given_up = GivenUp { layer, hold: self };
            layer.discard(clear);
        } else {
            clear();
        }
    }
}

/// Tells a layer of the answer of a call, and lets go of what it holds; an answer that is a stream takes that along.
pub(crate) fn settle<L: Guard>(layer: &L, mut held: L::Held, result: &mut CallResult) {
    let follows = layer.answered(&mut held, result);
    Hold::Held(held).end(layer, follows, result);
}

/// Tells a layer that a call was given up, when it is dropped.
struct GivenUp<'a, L: Guard> {
    layer: &'a L,
    hold: &'a mut Hold<L::Held>,
}

impl<L: Guard> Drop for GivenUp<'_, L> {
    #[inline]
    fn drop(&mut self) {
        self.hold.let_go(self.layer, false);
    }
}

pin_project! {
    /// The answer to a call of a service of tower's kind, by a layer that has a reference of its own to its state.
    #[must_use = "a call is made when it is awaited"]
    pub struct LayerFuture<F, L>
    where
        L: Guard,
    {
        #[pin]
        call: Option<F>,
        hold: Hold<L::Held>,
        // Of a call for which something is held.
        layer: Option<L>,
    }

    impl<F, L> PinnedDrop for LayerFuture<F, L>
    where
        L: Guard,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.hold.give_up(this.layer, || this.call.set(None));
        }
    }
}

impl<F, L: Guard> LayerFuture<F, L> {
    /// Makes the call, if it is let pass.
    #[inline(always)]
    pub(super) fn called(layer: &L, held: Result<Option<L::Held>, Error>, call: impl FnOnce() -> F) -> Self {
        let mut this = Self { call: None, hold: Hold::Nothing, layer: None };
        match held {
            Ok(None) => this.call = Some(call()),
            Ok(Some(held)) => this.make(layer, held, call),
            Err(error) => this.hold = Hold::Refused(error),
        }
        this
    }
}

impl<F, L: Guard> LayerFuture<F, L> {
    /// Makes the call. It is over if that panics, which drops the future.
    #[inline(always)]
    fn make(&mut self, layer: &L, held: L::Held, call: impl FnOnce() -> F) {
        self.layer = Some(layer.clone());
        self.hold = Hold::Held(held);
        let Hold::Held(held) = &mut self.hold else { return };
        match layer.run(held, call) {
            Ok(answer) => self.call = Some(answer),
            Err(error) => {
                self.hold.let_go(layer, false);
                self.hold = Hold::Refused(error);
            }
        }
    }
}

impl<F, L> Future for LayerFuture<F, L>
where
    F: Future<Output = CallResult>,
    L: Guard,
{
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let this = self.project();
        let poll = |call: Pin<&mut _>, result: &mut _| poll_future(call, task, result);
        polled(|result| this.hold.poll(this.layer, this.call, result, poll, |mut call| call.set(None)))
    }
}

impl<C, H> fmt::Debug for LayerCall<C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LayerCall")
    }
}

impl<F, L: Guard> fmt::Debug for LayerFuture<F, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LayerFuture")
    }
}
