//! The answer of any service.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use kitex_core::{BoxError, CallResult, Response};

use super::into_error;

pin_project! {
    /// The answer of a service with errors of its own, which are put into ours. Services that are called by reference have
    /// ours already: an answer passes them where it is, and is not moved to look at its error.
    #[derive(Debug)]
    #[must_use = "a call is made when it is awaited"]
    pub struct AnswerFuture<F> {
        #[pin]
        answer: F,
    }
}

impl<F> AnswerFuture<F> {
    #[inline]
    pub(crate) fn new(answer: F) -> Self {
        Self { answer }
    }
}

impl<F, E> Future for AnswerFuture<F>
where
    F: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
{
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        self.project().answer.poll(task).map_err(into_error)
    }
}
