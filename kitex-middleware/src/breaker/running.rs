//! A call that a breaker has let pass.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kitex_core::{Body, CallResult, Deadline, Error, Method};

use super::handle::{Handle, dropped_late, took};
use super::outcome::Outcome;
use super::state::{End, Ticket};
use crate::clock::{ended_at, now};
use crate::guard::Held;

/// A call that has no outcome yet. Dropped, it has none.
pub struct Running {
    handle: Option<Arc<Handle>>,
    ticket: Ticket,
    /// When it began, if it matters.
    began: Option<Instant>,
    deadline: Option<Deadline>,
    method: Method,
    /// What a call that is answered by a stream has come to if that ends well, and how long its beginning took.
    stream: Option<(Outcome, Option<Duration>)>,
}

impl Running {
    pub(super) fn new(
        handle: Arc<Handle>,
        ticket: Ticket,
        began: Option<Instant>,
        deadline: Option<Deadline>,
        method: Method,
    ) -> Self {
        Self { handle: Some(handle), ticket, began, deadline, method, stream: None }
    }

    fn settle(&self, handle: &Handle, outcome: Outcome, ended: impl FnOnce() -> Instant) {
        if outcome == Outcome::Ignore {
            return handle.give_back(self.ticket);
        }
        let at = ended();
        let took = match self.stream {
            Some((_, took)) => took,
            None => took(self.began, at),
        };
        handle.settle(self.ticket, End { outcome, at, took });
    }
}

impl Held for Running {
    /// Takes what the call has come to. A stream that is the answer is followed to its end.
    #[inline]
    fn answered(&mut self, result: &mut CallResult) -> bool {
        let Some(handle) = self.handle.take() else { return false };
        let outcome = match handle.classify(result, &self.method) {
            Ok(outcome) => outcome,
            Err(panicked) => {
                handle.give_back(self.ticket);
                *result = Err(panicked);
                return false;
            }
        };
        match result {
            Ok(response) if outcome != Outcome::Failure && matches!(response.body, Body::Stream(_)) => {
                // A stream is as fast as its beginning: how long it goes on is its own affair.
                let took = self.began.and_then(|began| took(Some(began), ended_at(result)));
                self.stream = Some((outcome, took));
                self.handle = Some(handle);
                true
            }
            _ => {
                self.settle(&handle, outcome, || ended_at(result));
                false
            }
        }
    }

    fn stream_ended(&mut self, error: Option<Error>) -> Option<Error> {
        let (Some(handle), Some((well, _))) = (self.handle.take(), self.stream) else { return error };
        let Some(error) = error else {
            self.settle(&handle, well, now);
            return None;
        };
        let result = Err(error);
        match handle.classify(&result, &self.method) {
            Ok(outcome) => {
                self.settle(&handle, outcome, now);
                result.err()
            }
            Err(panicked) => {
                handle.give_back(self.ticket);
                Some(panicked)
            }
        }
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
