//! A call that a breaker has let pass.

use std::time::{Duration, Instant};

use kitex_core::{Body, CallResult, Deadline, Error, Method};

use super::handle::{Breaker, dropped_late, took};
use super::outcome::Outcome;
use super::state::{End, Ticket};
use crate::clock::{ended_at, now};
use crate::methods::Spot;

/// A call that has no outcome yet. One that is given up has none.
pub struct Running {
    /// Where its breaker is, for those who look for one by it.
    pub(super) spot: Spot,
    ticket: Ticket,
    /// When it began, if it matters.
    began: Option<Instant>,
    deadline: Option<Deadline>,
    method: Method,
    /// What a call that is answered by a stream has come to if that ends well, and how long its beginning took.
    stream: Option<Box<(Outcome, Option<Duration>)>>,
}

impl Running {
    pub(super) fn new(
        spot: Spot,
        ticket: Ticket,
        began: Option<Instant>,
        deadline: Option<Deadline>,
        method: Method,
    ) -> Self {
        Self { spot, ticket, began, deadline, method, stream: None }
    }

    /// Takes what the call has come to, at the time at which it had ended, and what it has failed with.
    #[inline]
    fn settle(&self, breaker: &Breaker, outcome: Outcome, at: Instant, error: Option<&Error>) {
        let took = match &self.stream {
            Some(stream) => stream.1,
            None => took(self.began, at),
        };
        breaker.settle(self.ticket, End { outcome, at, took }, error);
    }

    /// Takes what the call has come to. A stream that is the answer is followed to its end.
    #[inline]
    pub(super) fn answered(&mut self, breaker: &Breaker, result: &mut CallResult) -> bool {
        let outcome = match breaker.classify(result, &self.method) {
            Ok(outcome) => outcome,
            Err(panicked) => {
                breaker.give_back(self.ticket);
                *result = Err(panicked);
                return false;
            }
        };
        match result {
            Ok(response) if outcome != Outcome::Failure && matches!(response.body, Body::Stream(_)) => {
                // A stream is as fast as its beginning: how long it goes on is its own affair.
                let took = self.began.and_then(|began| took(Some(began), ended_at(result)));
                self.stream = Some(Box::new((outcome, took)));
                return true;
            }
            _ if outcome == Outcome::Ignore => breaker.give_back(self.ticket),
            _ => {
                let at = ended_at(result);
                self.settle(breaker, outcome, at, result.as_ref().err());
            }
        }
        false
    }

    pub(super) fn stream_ended(&self, breaker: &Breaker, error: Option<Error>) -> Option<Error> {
        let Some((well, _)) = self.stream.as_deref().copied() else { return error };
        let Some(error) = error else {
            match well {
                Outcome::Ignore => breaker.give_back(self.ticket),
                well => self.settle(breaker, well, now(), None),
            }
            return None;
        };
        let result = Err(error);
        match breaker.classify(&result, &self.method) {
            Ok(Outcome::Ignore) => breaker.give_back(self.ticket),
            Ok(outcome) => self.settle(breaker, outcome, now(), result.as_ref().err()),
            Err(panicked) => {
                breaker.give_back(self.ticket);
                return Some(panicked);
            }
        }
        result.err()
    }

    /// Nobody waits for the call any more.
    #[cold]
    pub(super) fn given_up(&self, breaker: &Breaker) {
        let late = self.deadline.is_some_and(|deadline| deadline.has_passed(now()));
        if !late {
            return breaker.give_back(self.ticket);
        }
        let result = dropped_late(&self.method);
        match breaker.classify(&result, &self.method) {
            Ok(Outcome::Ignore) | Err(_) => breaker.give_back(self.ticket),
            Ok(outcome) => self.settle(breaker, outcome, now(), result.as_ref().err()),
        }
    }
}
