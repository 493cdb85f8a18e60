//! A call that a breaker has let pass.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use kitex_codec::Bytes;
use kitex_core::{
    Body, BoxError, CallResult, Deadline, Error, MessageSource, MessageStream, Method, Payload, Protocol,
    Response,
};

use super::handle::{Handle, dropped_late, took};
use super::now;
use super::outcome::Outcome;
use super::state::{End, Ticket};
use crate::clock::ended_at;

/// A call that has no outcome yet. Dropped, it has none.
pub(super) struct Running {
    handle: Option<Arc<Handle>>,
    ticket: Ticket,
    /// When it began, if it matters.
    began: Option<Instant>,
    deadline: Option<Deadline>,
    method: Method,
}

impl Running {
    pub(super) fn new(
        handle: Arc<Handle>,
        ticket: Ticket,
        began: Option<Instant>,
        deadline: Option<Deadline>,
        method: Method,
    ) -> Self {
        Self { handle: Some(handle), ticket, began, deadline, method }
    }

    /// Takes what the call has come to. A stream that is the answer is followed to its end.
    pub(super) fn end(&mut self, result: &mut CallResult) {
        let Some(handle) = self.handle.take() else { return };
        let outcome = match handle.classify(result, &self.method) {
            Ok(outcome) => outcome,
            Err(panicked) => {
                handle.give_back(self.ticket);
                *result = Err(panicked);
                return;
            }
        };
        match result {
            Ok(response) if outcome != Outcome::Failure && response.body.message().is_none() => {
                self.handle = Some(handle);
                self.follow(response, outcome);
            }
            _ => self.settle(&handle, outcome, || ended_at(result)),
        }
    }

    fn settle(&self, handle: &Handle, outcome: Outcome, ended: impl FnOnce() -> Instant) {
        if outcome == Outcome::Ignore {
            return handle.give_back(self.ticket);
        }
        let at = ended();
        handle.settle(self.ticket, End { outcome, at, took: took(self.began, at) });
    }

    /// Hands itself over to the stream of an answer.
    #[cold]
    fn follow(&mut self, response: &mut Response, outcome: Outcome) {
        // A stream is as fast as its beginning: how long it goes on is its own affair.
        let took = self.began.and_then(|began| took(Some(began), *response.ended.get_or_insert_with(now)));
        let running = Self {
            handle: self.handle.take(),
            method: self.method.clone(),
            began: None,
            ticket: self.ticket,
            deadline: self.deadline,
        };
        let nothing = Body::Message(Payload::new(Protocol::ThriftBinary, Bytes::new()));
        response.body = match std::mem::replace(&mut response.body, nothing) {
            Body::Stream(stream) => {
                Body::Stream(MessageStream::new(Followed { stream, running, outcome, took }))
            }
            message @ Body::Message(_) => message,
        };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(handle) = self.handle.take() else { return };
        let late = self.deadline.is_some_and(|deadline| deadline.has_passed(now()));
        let outcome = match late {
            true => handle.classify(&dropped_late(&self.method), &self.method).unwrap_or(Outcome::Ignore),
            false => Outcome::Ignore,
        };
        self.settle(&handle, outcome, now);
    }
}

/// The stream of an answer, whose end is the call's.
struct Followed {
    stream: MessageStream,
    running: Running,
    /// What the call has come to if the stream ends well.
    outcome: Outcome,
    took: Option<Duration>,
}

impl Followed {
    /// The end of the stream, by an error or without.
    fn end(&mut self, error: Option<Error>) -> Option<Result<Payload, Error>> {
        let Some(handle) = self.running.handle.take() else { return error.map(Err) };
        let (outcome, error) = match error {
            None => (self.outcome, None),
            Some(error) => self.classify(&handle, error),
        };
        if outcome == Outcome::Ignore {
            handle.give_back(self.running.ticket);
        } else {
            handle.settle(self.running.ticket, End { outcome, at: now(), took: self.took });
        }
        error.map(Err)
    }

    fn classify(&self, handle: &Handle, error: Error) -> (Outcome, Option<Error>) {
        let result = Err(error);
        match handle.classify(&result, &self.running.method) {
            Ok(outcome) => (outcome, result.err()),
            Err(panicked) => (Outcome::Ignore, Some(panicked)),
        }
    }
}

impl MessageSource for Followed {
    fn poll_next(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Payload, Error>>> {
        let next = ready!(self.stream.poll_next(task));
        Poll::Ready(match next {
            Some(Ok(message)) => Some(Ok(message)),
            Some(Err(error)) => self.end(Some(error)),
            None => self.end(None),
        })
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Running { #[pin] answer: F, running: Running },
        Refused { error: Option<Error> },
    }
}

pin_project! {
    /// The answer to a call that a breaker has let pass or not.
    #[must_use = "a call is made when it is awaited"]
    pub struct BreakerFuture<F> {
        #[pin]
        state: State<F>,
    }
}

impl<F> BreakerFuture<F> {
    pub(super) fn running(answer: F, running: Running) -> Self {
        Self { state: State::Running { answer, running } }
    }

    pub(super) fn refused(error: Error) -> Self {
        Self { state: State::Refused { error: Some(error) } }
    }
}

impl<F> std::fmt::Debug for BreakerFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BreakerFuture")
    }
}

impl<F, E> Future for BreakerFuture<F>
where
    F: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Running { answer, running } => {
                let mut result = ready!(answer.poll(task)).map_err(|error| Error::from_box(error.into()));
                running.end(&mut result);
                Poll::Ready(result)
            }
            StateProjection::Refused { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
        }
    }
}
