//! What a layer holds for a call, from the moment at which it lets the call pass.

use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use kitex_core::{Body, CallRef, CallResult, Error, Request, Response};

use super::inner::{ByRef, Clear, Inner};
use super::stream::follow;
use super::{Guard, LayerService};

/// What a layer has for a call: nothing if the answer is passed on.
pub(super) struct Hold<H> {
    /// Until the answer is there. Whoever has a hold lets go of this, as each call that is cleared does by [`over`] or
    /// [`GivenUp`]: that there is nothing to be dropped after that is more than a compiler knows.
    pub(super) held: ManuallyDrop<Option<H>>,
}

impl<H> Default for Hold<H> {
    #[inline(always)]
    fn default() -> Self {
        Self { held: ManuallyDrop::new(None) }
    }
}

// What is beneath is called and polled in one place each: a whole stack of layers then is one piece of code, where two
// would be doubled by each layer.
impl<H> Hold<H> {
    /// Makes the call beneath, for which something is held or not.
    #[inline(always)]
    pub(super) fn begin<S, L>(
        &mut self,
        service: &LayerService<S, L>,
        mut call: Pin<&mut S::Call>,
        request: &mut Request,
    ) -> Result<(), Error>
    where
        S: CallRef,
        L: Guard<Held = H>,
    {
        let LayerService { inner, layer } = service;
        let mut entered = Entered::new(layer, &mut self.held);
        let begun = if L::CATCHES {
            entered.catch(|| inner.begin(request, call.as_mut()))
        } else {
            Ok(inner.begin(request, call.as_mut()))
        };
        entered.leave(begun.is_ok());
        begun.unwrap_or_else(|panicked| {
            self.give_up(layer, &ByRef(inner), call);
            Err(panicked)
        })
    }

    /// Goes on with what is beneath, and tells the layer once it has ended.
    #[inline(always)]
    pub(super) fn poll<C, L: Guard<Held = H>>(
        &mut self,
        layer: &L,
        inner: &impl Inner<C>,
        mut call: Pin<&mut C>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    ) {
        let mut entered = Entered::new(layer, &mut self.held);
        let polled = if L::CATCHES {
            entered.catch(|| inner.poll(call.as_mut(), task, result))
        } else {
            inner.poll(call.as_mut(), task, result);
            Ok(())
        };
        entered.leave(polled.is_ok());
        if let Err(error) = polled {
            *result = Poll::Ready(Err(error));
        }
        if let Poll::Ready(result) = result {
            if L::CATCHES {
                layer.discard(|| inner.clear(call));
            }
            self.answered(layer, result);
        }
    }

    /// Tells the layer of the answer, and lets go of what is held; an answer that is a stream takes it along.
    #[inline(always)]
    fn answered<L: Guard<Held = H>>(&mut self, layer: &L, result: &mut CallResult) {
        let Some(held) = &mut *self.held else { return };
        if layer.answered(held, result)
            && let Ok(response) = result
            && let Body::Stream(_) = response.body
        {
            return self.hand_over(layer, response);
        }
        over(layer, &mut self.held, true);
    }

    #[inline(never)]
    fn hand_over<L: Guard<Held = H>>(&mut self, layer: &L, response: &mut Response) {
        if let Some(held) = self.held.take() {
            follow(response, layer, held);
        }
    }

    /// Drops what is beneath, and then what is held, even if that panics.
    #[inline(always)]
    pub(super) fn give_up<C, L: Guard<Held = H>>(
        &mut self,
        layer: &L,
        inner: &impl Clear<C>,
        call: Pin<&mut C>,
    ) {
        let given_up = GivenUp { layer, held: &mut self.held };
        // Of a call that has ended nothing is there any more that could panic.
        if L::CATCHES && given_up.held.is_some() {
            layer.discard(|| inner.clear(call));
        } else {
            inner.clear(call);
        }
    }
}

/// Runs what is beneath as the layer has it: a call or a poll.
pub(super) fn run<T, L: Guard>(
    layer: &L,
    held: &mut Option<L::Held>,
    run: impl FnOnce() -> T,
) -> Result<T, Error> {
    let mut entered = Entered::new(layer, held);
    let value = if L::CATCHES { entered.catch(run) } else { Ok(run()) };
    entered.leave(value.is_ok());
    value
}

/// Tells a layer that what is beneath was run, when it is dropped.
struct Entered<'a, L: Guard> {
    layer: &'a L,
    held: &'a mut Option<L::Held>,
    came_back: bool,
}

impl<'a, L: Guard> Entered<'a, L> {
    #[inline(always)]
    fn new(layer: &'a L, held: &'a mut Option<L::Held>) -> Self {
        if let Some(held) = held {
            layer.enter(held);
        }
        Self { layer, held, came_back: false }
    }

    #[inline(always)]
    fn catch<T>(&mut self, run: impl FnOnce() -> T) -> Result<T, Error> {
        match self.held {
            Some(held) => self.layer.catch(held, run),
            None => Ok(run()),
        }
    }

    #[inline(always)]
    fn leave(mut self, came_back: bool) {
        self.came_back = came_back;
    }
}

impl<L: Guard> Drop for Entered<'_, L> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(held) = self.held {
            self.layer.leave(held, self.came_back);
        }
    }
}

/// Tells a layer of the answer of a call, and lets go of what it holds; an answer that is a stream takes that along.
pub(crate) fn settle<L: Guard>(layer: &L, held: L::Held, result: &mut CallResult) {
    let mut hold = Hold { held: ManuallyDrop::new(Some(held)) };
    let at_the_end = LetGoOfAll(&mut hold);
    at_the_end.0.answered(layer, result);
}

/// Tells a layer that a call is over, and lets go of what it holds: it is told once, even if it panics.
#[inline(always)]
pub(super) fn over<L: Guard>(layer: &L, held: &mut Option<L::Held>, has_ended: bool) {
    let told = LetGo(held);
    if let Some(held) = told.0 {
        layer.over(held, has_ended);
    }
}

/// Lets go of what is held, if it still is, even if a layer panics.
struct LetGoOfAll<'a, H>(&'a mut Hold<H>);

impl<H> Drop for LetGoOfAll<'_, H> {
    fn drop(&mut self) {
        *self.0.held = None;
    }
}

struct LetGo<'a, H>(&'a mut Option<H>);

impl<H> Drop for LetGo<'_, H> {
    #[inline(always)]
    fn drop(&mut self) {
        *self.0 = None;
    }
}

/// Tells a layer that a call was given up, when it is dropped, if the call was not over before.
pub(super) struct GivenUp<'a, L: Guard> {
    pub(super) layer: &'a L,
    pub(super) held: &'a mut Option<L::Held>,
}

impl<L: Guard> GivenUp<'_, L> {
    #[cold]
    fn tell(&mut self) {
        over(self.layer, self.held, false);
    }
}

impl<L: Guard> Drop for GivenUp<'_, L> {
    #[inline(always)]
    fn drop(&mut self) {
        // Of a call that has ended nothing is held any more.
        if self.held.is_some() {
            self.tell();
        }
    }
}

#[cfg(test)]
mod tests;
