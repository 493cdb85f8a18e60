//! An answer for which something is held.

use std::fmt;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use kitex_core::{CallRef, CallResult, Error, Request, polled};

use super::hold::{Hold, over, run};
use super::inner::{AsFuture, ByRef};
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

impl<C: Default, H> Default for LayerCall<C, H> {
    #[inline(always)]
    fn default() -> Self {
        Self { call: C::default(), hold: Hold::default() }
    }
}

impl<C, H> LayerCall<C, H> {
    /// Makes the call in its place, if it is let pass.
    #[inline(always)]
    pub(super) fn begin<S, L>(
        self: Pin<&mut Self>,
        service: &LayerService<S, L>,
        request: &mut Request,
    ) -> Result<(), Error>
    where
        S: CallRef<Call = C>,
        L: Guard<Held = H>,
    {
        let this = self.project();
        match service.layer.admit(request, &mut this.hold.held) {
            Ok(()) => this.hold.begin(service, this.call, request),
            Err(error) => Err(error.with_request(request)),
        }
    }

    /// Makes a call that has been let pass.
    pub(super) fn resume<S, L>(
        self: Pin<&mut Self>,
        service: &LayerService<S, L>,
        held: Option<H>,
        request: &mut Request,
    ) -> Result<(), Error>
    where
        S: CallRef<Call = C>,
        L: Guard<Held = H>,
    {
        let this = self.project();
        this.hold.held = ManuallyDrop::new(held);
        this.hold.begin(service, this.call, request)
    }

    #[inline(always)]
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
        this.hold.poll(layer, &ByRef(inner), this.call, task, result);
    }

    #[inline(always)]
    pub(super) fn clear<S, L>(self: Pin<&mut Self>, service: &LayerService<S, L>)
    where
        S: CallRef<Call = C>,
        L: Guard<Held = H>,
    {
        let LayerService { inner, layer } = service;
        let this = self.project();
        this.hold.give_up(layer, &ByRef(inner), this.call);
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
        // Why there is no call.
        refused: Option<Error>,
    }

    impl<F, L> PinnedDrop for LayerFuture<F, L>
    where
        L: Guard,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.hold.give_up(this.layer, &AsFuture, this.call);
        }
    }
}

impl<F, L: Guard> LayerFuture<F, L> {
    /// Makes the call, if it is let pass.
    #[inline(always)]
    pub(super) fn called(layer: &L, mut request: Request, call: impl FnOnce(Request) -> F) -> Self {
        let mut this = Self { call: None, hold: Hold::default(), layer: None, refused: None };
        match layer.admit(&mut request, &mut this.hold.held) {
            Ok(()) if this.hold.held.is_none() => this.call = Some(call(request)),
            Ok(()) => this.make(layer, || call(request)),
            Err(error) => this.refused = Some(error),
        }
        this
    }

    /// Makes the call. It is over if that panics, which drops the future.
    #[inline(always)]
    fn make(&mut self, layer: &L, call: impl FnOnce() -> F) {
        self.layer = Some(layer.clone());
        match run(layer, &mut self.hold.held, call) {
            Ok(answer) => self.call = Some(answer),
            Err(error) => {
                over(layer, &mut self.hold.held, false);
                self.refused = Some(error);
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
        polled(this.refused, |result| this.hold.poll(this.layer, &AsFuture, this.call, task, result))
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
