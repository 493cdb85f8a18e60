//! How a connection gets on in time, and how it ends.

use std::time::{Duration, Instant};

use kitex_codec::BytesMut;

use super::{Pending, ServerConnection, State};
use crate::{CallId, Deadline, DeadlineTerms, Error, ErrorKind, Stage};

impl ServerConnection {
    /// The peer sends no more, and what it has sent is taken. Calls that it waits for have no one to answer to and are
    /// forgotten; oneway calls go on.
    pub fn handle_eof(&mut self) {
        self.close();
        let waiting: Vec<_> =
            self.calls.iter().filter(|(_, call)| !call.method.is_oneway()).map(|(id, _)| id).collect();
        waiting.into_iter().for_each(|id| self.cancel(id));
    }

    /// Begins to shut down: what comes still is served, and the peer is told not to use the connection again.
    ///
    /// A multiplexed connection ends by itself: the peer is told once nothing is under way, and has a moment to close.
    /// Any other is the driver's to close, when it has waited long enough for requests on their way and the connection
    /// [is idle](Self::is_idle).
    pub fn shutdown(&mut self, now: Instant) {
        if self.state == State::Open {
            self.state = State::Draining;
            self.settle(now);
        }
    }

    /// Has waited long enough for requests on their way: shuts down, if that has not begun, and refuses multiplexed
    /// calls from now on, so that those under way come to an end.
    pub fn refuse(&mut self, now: Instant) {
        if matches!(self.state, State::Open | State::Draining) {
            self.state = State::Refusing;
            self.settle(now);
        }
    }

    /// Takes no further request: the connection ends with the answers to those under way.
    pub fn close(&mut self) {
        self.state = State::Closing;
        self.partial_since = None;
    }

    /// True if the connection is between messages: nothing is under way, half read or unsent.
    pub fn is_idle(&self) -> bool {
        self.is_quiet() && self.output.is_empty()
    }

    /// True if nothing was taken or answered for `time`.
    pub fn has_rested(&self, now: Instant, time: Duration) -> bool {
        after(self.last_activity, time) <= now
    }

    /// True if the peer was told that this side goes away and has a moment to close first.
    pub fn awaits_close(&self) -> bool {
        matches!(self.state, State::Told { .. })
    }

    /// True once there is nothing left to do: the driver closes.
    pub fn is_finished(&self) -> bool {
        self.state == State::Closing && self.calls.len() == 0 && self.output.is_empty()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let idle = self.is_idle().then(|| after(self.last_activity, self.config.idle_timeout));
        let partial = self.partial_since.map(|since| after(since, self.config.message_timeout));
        let told = match self.state {
            State::Told { until } => Some(until),
            _ => None,
        };
        let at_once = (self.can_settle() || !self.expired.is_empty()).then_some(self.last_activity);
        [self.earliest, idle, partial, told, at_once].into_iter().flatten().min()
    }

    /// Does what is due at `now`, while `input` has what is there of the next request. Gives a call whose deadline has
    /// passed: it is answered already, and the driver drops its handler. To be called until it gives none.
    ///
    /// Errors if the peer was too slow; the connection then ends as after an error of
    /// [`handle_input`](Self::handle_input). A caller whose request stopped among its arguments is told.
    pub fn handle_timeout(&mut self, now: Instant, input: &mut BytesMut) -> Result<Option<CallId>, Error> {
        if let Some(expired) = self.expire(now) {
            return Ok(Some(expired));
        }
        if self.partial_since.is_some_and(|since| after(since, self.config.message_timeout) <= now) {
            if self.takes_input() {
                return Err(self.slow(input));
            }
            // What this side does not read is not the peer's to hurry with.
            self.partial_since = Some(now);
        }
        let idle = self.is_idle() && after(self.last_activity, self.config.idle_timeout) <= now;
        let told = matches!(self.state, State::Told { until } if until <= now);
        if idle || told {
            self.close();
        }
        self.settle(now);
        Ok(None)
    }

    /// Tells a multiplexed peer that the connection is going away, once nothing is under way: a Kitex client fails
    /// its running calls when it hears it (spec: kitex-wire 12.4).
    pub(super) fn settle(&mut self, now: Instant) {
        if !self.can_settle() {
            return;
        }
        if self.write_control() {
            self.state = State::Told { until: after(now, self.config.linger) };
        } else {
            self.close();
        }
    }

    fn can_settle(&self) -> bool {
        matches!(self.state, State::Draining | State::Refusing) && self.multiplexed && self.is_quiet()
    }

    /// Nothing is under way or half read.
    fn is_quiet(&self) -> bool {
        self.calls.len() == 0 && self.partial_since.is_none()
    }

    /// Answers the next call whose deadline has passed. However many pass at once, the calls are looked through once.
    fn expire(&mut self, now: Instant) -> Option<CallId> {
        if self.expired.is_empty() && self.earliest.is_some_and(|earliest| earliest <= now) {
            let passed = |deadline: &Instant| *deadline <= now;
            let deadlines = || self.calls.iter().filter_map(|(id, call)| Some((id, call.deadline?)));
            self.expired = deadlines().filter(|(_, at)| passed(at)).map(|(id, _)| id).collect();
            self.earliest = deadlines().map(|(_, at)| at).filter(|at| !passed(at)).min();
        }
        while let Some(id) = self.expired.pop() {
            if self.expired.is_empty() {
                self.expired = Vec::new();
            }
            if let Some(call) = self.calls.get(id) {
                let error = if call.granted { self.too_late(call) } else { self.too_long() };
                let error = error.with_method(&call.method);
                self.reply(now, id, Err(error));
                return Some(id);
            }
        }
        None
    }

    /// A call has taken as long as its caller granted.
    #[cold]
    fn too_late(&self, call: &Pending) -> Error {
        let kept = call.deadline.unwrap_or(call.began);
        let at = Deadline::at(kept).less(self.config.deadline_slack);
        Error::deadline_of(Stage::Handle, &DeadlineTerms::granted(call.began, at))
    }

    /// A call has taken as long as any may, and not as long as its caller granted.
    #[cold]
    fn too_long(&self) -> Error {
        let text =
            format!("no call may take longer than max_call_timeout, {:?}", self.config.max_call_timeout);
        Error::new(ErrorKind::Deadline, Stage::Handle, text).with_setting("max_call_timeout")
    }
}

/// `time` after `from`; a moment that is never reached if the clock does not go that far.
fn after(from: Instant, time: Duration) -> Instant {
    Deadline::after(from, time).instant()
}
