//! A place among the calls that run, and how long it is held.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context as TaskContext, Poll, ready};

use kitex_core::{Body, BoxFuture, CallResult, Error, MessageSource, MessageStream, Payload};

use super::{Found, Keyed};

/// Calls that run.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU32);

impl Counter {
    /// Counts one more, unless there are as many as `limit`.
    pub(crate) fn enter(&self, limit: u32) -> bool {
        let mut running = self.0.load(Ordering::Relaxed);
        loop {
            if running >= limit {
                return false;
            }
            match self.0.compare_exchange_weak(running, running + 1, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => running = now,
            }
        }
    }

    /// Counts one less. Once for each that has entered.
    pub(crate) fn leave(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) fn running(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A place among those of a [`Counter`], given back when it is dropped.
#[derive(Debug)]
pub(crate) enum Permit {
    One(Arc<Counter>),
    Slot(Arc<Keyed<Counter>>, usize),
}

impl Permit {
    /// A place, if fewer than `limit` are taken.
    pub(crate) fn enter(counter: Found<'_, Counter>, limit: u32) -> Option<Self> {
        counter.enter(limit).then(|| match counter {
            Found::One(counter) => Self::One(Arc::clone(counter)),
            Found::Slot(keyed, place) => Self::Slot(Arc::clone(keyed), place),
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self {
            Self::One(counter) => counter.leave(),
            Self::Slot(keyed, place) => keyed.at(*place).leave(),
        }
    }
}

/// What is held for a call, and dropped when the call is over.
pub(crate) trait Ending: Send + Unpin + 'static {
    /// The call has an answer. One that is a stream goes on until that ends.
    fn answered(&mut self, result: &mut CallResult);
}

impl Ending for Permit {
    fn answered(&mut self, _: &mut CallResult) {}
}

/// An answer for which something is held: until it is there, its stream has ended, or nobody waits any more.
pub(crate) struct Held<P> {
    answer: BoxFuture<CallResult>,
    held: Option<P>,
}

impl<P: Ending> Held<P> {
    pub(crate) fn new(answer: BoxFuture<CallResult>, held: P) -> Self {
        Self { answer, held: Some(held) }
    }
}

impl<P: Ending> Future for Held<P> {
    type Output = CallResult;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let mut result = ready!(self.answer.as_mut().poll(task));
        let Some(mut held) = self.held.take() else { return Poll::Ready(result) };
        held.answered(&mut result);
        Poll::Ready(result.map(|mut response| {
            if let Body::Stream(stream) = response.body {
                response.body = Body::Stream(MessageStream::new(HeldStream { stream, held: Some(held) }));
            }
            response
        }))
    }
}

/// A stream for which something is held until its end.
struct HeldStream<P> {
    stream: MessageStream,
    held: Option<P>,
}

impl<P: Ending> MessageSource for HeldStream<P> {
    fn poll_next(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Payload, Error>>> {
        let next = ready!(self.stream.poll_next(task));
        if !matches!(next, Some(Ok(_))) {
            self.held = None;
        }
        Poll::Ready(next)
    }
}
