//! What is due, and what comes of it.

use std::time::{Duration, Instant};

use kitex_codec::ApplicationException;
use kitex_core::CallId;

use super::Server;
use super::owed::{Owed, Says};

impl Server {
    /// Lets so many milliseconds pass, or the time to what is due next.
    pub(super) fn wait(&mut self, millis: u16) {
        match self.connection.poll_timeout().filter(|_| millis == 0) {
            Some(due) => self.clock.go_to(due),
            None => self.clock.advance(Duration::from_millis(millis.into())),
        }
        self.handle_timeout();
    }

    pub(super) fn handle_timeout(&mut self) {
        let now = self.clock.now();
        let before = self.input.clone();
        let slow = loop {
            match self.connection.handle_timeout(now, &mut self.input) {
                Ok(Some(expired)) => self.expire(expired, now),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert!(self.live.iter().all(|live| live.deadline > now), "a call outlives its deadline");
        let due = self.message_due().is_some_and(|due| due <= now);
        assert_eq!(slow, due && self.takes_input(), "a message has its time");
        if due && !slow {
            self.model.partial_since = Some(now);
        }
        if slow {
            self.owed.extend(self.model.stopped(&before, &self.limits));
        }
        if slow
            || self.idle_due().is_some_and(|due| due <= now)
            || self.told_due().is_some_and(|due| due <= now)
        {
            self.model.close();
        }
        self.settle();
        let due = self.connection.poll_timeout();
        assert!(
            due.is_none_or(|due| due > now) || self.connection.is_finished(),
            "a timeout that never goes away"
        );
    }

    fn expire(&mut self, id: CallId, now: Instant) {
        let at = self.live.iter().position(|live| live.id == id);
        let live = self.live.remove(at.expect("only calls under way expire"));
        assert!(live.deadline <= now, "a call expires before its deadline");
        self.ended_calls.push(id);
        let text = if live.granted { "deadline" } else { "max_call_timeout" };
        let says = Says::Told { code: ApplicationException::INTERNAL_ERROR, text };
        self.note(live, says, false);
    }

    /// Notes that the peer was told that this side goes away, which is due as soon as nothing is under way.
    pub(super) fn settle(&mut self) {
        let now = self.clock.now();
        let quiet = self.live.is_empty() && self.model.partial_since.is_none();
        let due = self.model.draining && self.model.multiplexed && quiet && !self.model.closing;
        if self.connection.awaits_close() && self.model.told.is_none() {
            assert!(due, "the peer is told too early: {:?}", self.connection);
            self.model.told = Some(now);
            self.owed.push(Owed::control());
        }
        if due {
            let told = self.connection.awaits_close();
            assert!(told || self.connection.poll_timeout().is_some_and(|due| due <= now));
        }
    }

    /// True if the connection is between messages.
    pub(super) fn is_idle(&mut self) -> bool {
        self.live.is_empty() && self.model.partial_since.is_none() && self.queued() == 0
    }

    fn idle_due(&mut self) -> Option<Instant> {
        self.is_idle().then(|| self.model.last_activity + self.config.idle_timeout)
    }

    fn message_due(&self) -> Option<Instant> {
        self.model.partial_since.map(|since| since + self.config.message_timeout)
    }

    fn told_due(&self) -> Option<Instant> {
        self.model.told.filter(|_| !self.model.closing).map(|told| told + self.config.linger)
    }

    /// The driver is called when something is due, at the latest.
    pub(super) fn check_due(&mut self) {
        let calls = self.live.iter().map(|live| live.deadline).min();
        let due = [calls, self.idle_due(), self.message_due(), self.told_due()].into_iter().flatten().min();
        let polled = self.connection.poll_timeout();
        assert!(due.is_none_or(|due| polled.is_some_and(|polled| polled <= due)), "{polled:?} for {due:?}");
    }
}
