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

    /// Takes what the call has come to, at the time at which it had ended, and what it has failed with.
    #[inline]
    fn settle(&self, handle: &Handle, outcome: Outcome, at: Instant, error: Option<&Error>) {
        let took = match self.stream {
            Some((_, took)) => took,
            None => took(self.began, at),
        };
        handle.settle(self.ticket, End { outcome, at, took }, error);
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
                return true;
            }
            _ if outcome == Outcome::Ignore => handle.give_back(self.ticket),
            _ => {
                let at = ended_at(result);
                self.settle(&handle, outcome, at, result.as_ref().err());
            }
        }
        false
    }

    fn stream_ended(&mut self, error: Option<Error>) -> Option<Error> {
        let (Some(handle), Some((well, _))) = (self.handle.take(), self.stream) else { return error };
        let Some(error) = error else {
            match well {
                Outcome::Ignore => handle.give_back(self.ticket),
                well => self.settle(&handle, well, now(), None),
            }
            return None;
        };
        let result = Err(error);
        match handle.classify(&result, &self.method) {
            Ok(Outcome::Ignore) => handle.give_back(self.ticket),
            Ok(outcome) => self.settle(&handle, outcome, now(), result.as_ref().err()),
            Err(panicked) => {
                handle.give_back(self.ticket);
                return Some(panicked);
            }
        }
        result.err()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(handle) = self.handle.take() else { return };
        let late = self.deadline.is_some_and(|deadline| deadline.has_passed(now()));
        if !late {
            return handle.give_back(self.ticket);
        }
        let result = dropped_late(&self.method);
        match handle.classify(&result, &self.method) {
            Ok(Outcome::Ignore) | Err(_) => handle.give_back(self.ticket),
            Ok(outcome) => self.settle(&handle, outcome, now(), result.as_ref().err()),
        }
    }
}
