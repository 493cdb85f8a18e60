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

/// What a layer has for a call: nothing if the answer is passed on.
struct Hold<H> {
    /// Until the answer is there.
    held: Option<H>,
    /// Why there is no call.
    refused: Option<Error>,
}

impl<H> Default for Hold<H> {
    #[inline(always)]
    fn default() -> Self {
        Self { held: None, refused: None }
    }
}

impl<C: Default, H> Default for LayerCall<C, H> {
    #[inline(always)]
    fn default() -> Self {
        Self { call: C::default(), hold: Hold::default() }
    }
}

impl<C, H> LayerCall<C, H> {
    /// Makes the call in its place, if it is let pass.
    #[inline(always)]
    pub(super) fn begin<S, L>(self: Pin<&mut Self>, service: &LayerService<S, L>, request: &mut Request)
    where
        S: CallRef<Call = C>,
        L: Guard<Held = H>,
    {
        let this = self.project();
        match service.layer.admit(request, &mut this.hold.held) {
            Ok(()) => this.hold.begin(service, this.call, request),
            Err(error) => this.hold.refused = Some(error.with_request(request)),
        }
    }

    /// Makes a call that has been let pass.
    pub(super) fn resume<S, L>(
        self: Pin<&mut Self>,
        service: &LayerService<S, L>,
        held: Option<H>,
        request: &mut Request,
    ) where
        S: CallRef<Call = C>,
        L: Guard<Held = H>,
    {
        let this = self.project();
        this.hold.held = held;
        this.hold.begin(service, this.call, request);
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
    /// Makes the call beneath, for which something is held or not.
    #[inline(always)]
    fn begin<S, L>(
        &mut self,
        service: &LayerService<S, L>,
        mut call: Pin<&mut S::Call>,
        request: &mut Request,
    ) where
        S: CallRef,
        L: Guard<Held = H>,
    {
        let LayerService { inner, layer } = service;
        let Some(held) = &mut self.held else { return inner.begin(request, call) };
        if let Err(error) = layer.run(held, || inner.begin(request, call.as_mut())) {
            self.give_up(layer, || inner.clear(call));
            self.refused = Some(error);
        }
    }

    #[cold]
    fn refuse(&mut self, result: &mut Poll<CallResult>) {
        if let Some(error) = self.refused.take() {
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
        let Some(held) = &mut self.held else {
            return if self.refused.is_some() { self.refuse(result) } else { poll(call, result) };
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
            if let Some(held) = self.held.take() {
                follow(response, layer, held);
            }
            return;
        }
        self.let_go(layer, true);
    }

    #[inline]
    fn let_go<L: Guard<Held = H>>(&mut self, layer: &L, has_ended: bool) {
        if let Some(held) = &mut self.held {
            layer.over(held, has_ended);
            self.held = None;
        }
    }

    /// Drops what is beneath, and then what is held, even if that panics.
    #[inline]
    fn give_up<L: Guard<Held = H>>(&mut self, layer: &L, clear: impl FnOnce()) {
        if self.held.is_some() {
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
    Hold { held: Some(held), refused: None }.end(layer, follows, result);
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
    pub(super) fn called(layer: &L, mut request: Request, call: impl FnOnce(Request) -> F) -> Self {
        let mut this = Self { call: None, hold: Hold::default(), layer: None };
        match layer.admit(&mut request, &mut this.hold.held) {
            Ok(()) if this.hold.held.is_none() => this.call = Some(call(request)),
            Ok(()) => this.make(layer, || call(request)),
            Err(error) => this.hold.refused = Some(error),
        }
        this
    }

    /// Makes the call. It is over if that panics, which drops the future.
    #[inline(always)]
    fn make(&mut self, layer: &L, call: impl FnOnce() -> F) {
        let Some(held) = &mut self.hold.held else { return };
        self.layer = Some(layer.clone());
        match layer.run(held, call) {
            Ok(answer) => self.call = Some(answer),
            Err(error) => {
                self.hold.let_go(layer, false);
                self.hold.refused = Some(error);
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
