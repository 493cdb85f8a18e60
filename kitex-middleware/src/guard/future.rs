//! An answer for which something is held.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use kitex_core::{CallResult, Error};

use super::{Held, settle};

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Running { #[pin] answer: F },
        Refused { error: Option<Error> },
    }
}

impl<F> State<F> {
    #[cold]
    fn refused(error: Error) -> Self {
        Self::Refused { error: Some(error) }
    }
}

pin_project! {
    /// The answer to a call that a layer has let pass or not, with what it holds until it is there, its stream has ended,
    /// or nobody waits any more.
    #[must_use = "a call is made when it is awaited"]
    pub struct LayerFuture<F, H>
    where
        H: Held,
    {
        #[pin]
        state: State<F>,
        held: Option<H>,
    }

    impl<F, H> PinnedDrop for LayerFuture<F, H>
    where
        H: Held,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(held) = this.held {
                held.discard(|| this.state.set(State::Refused { error: None }));
            }
        }
    }
}

impl<F, H: Held> LayerFuture<F, H> {
    /// Makes the call, if it is let pass.
    #[inline(always)]
    pub(super) fn begin(held: Result<Option<H>, Error>, call: impl FnOnce() -> F) -> Self {
        match held {
            Ok(None) => Self { state: State::Running { answer: call() }, held: None },
            Ok(Some(mut held)) => {
                let state = held.run(|| State::Running { answer: call() }, State::refused);
                Self { state, held: Some(held) }
            }
            Err(error) => Self { state: State::refused(error), held: None },
        }
    }
}

impl<F, H> Future for LayerFuture<F, H>
where
    F: Future<Output = CallResult>,
    H: Held,
{
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let mut this = self.project();
        let answer = match this.state.as_mut().project() {
            StateProjection::Running { answer } => answer,
            StateProjection::Refused { error } => match error.take() {
                Some(error) => return Poll::Ready(Err(error)),
                None => return Poll::Pending,
            },
        };
        let Some(held) = this.held else { return answer.poll(task) };
        // It stays where it is: every layer looks at it, and few change it.
        let mut polled = held.run(|| answer.poll(task), |error| Poll::Ready(Err(error)));
        if let Poll::Ready(result) = &mut polled
            && let Some(mut held) = this.held.take()
        {
            held.discard(|| this.state.set(State::Refused { error: None }));
            settle(held, result);
        }
        polled
    }
}

impl<F, H: Held> fmt::Debug for LayerFuture<F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LayerFuture")
    }
}
