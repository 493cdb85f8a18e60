//! What holds after each step, and how a connection ends.

use kitex_codec::{BytesMut, Frame};
use kitex_core::{Response, Status};

use super::{LARGEST_ANSWER, MAX_QUEUED, Server};
use crate::engine::send;

impl Server {
    pub(super) fn check(&mut self) {
        assert_eq!(self.connection.in_flight(), self.live.len());
        assert_eq!(self.connection.in_flight_bytes(), self.held());
        assert!(self.live.len() <= self.config.max_in_flight);
        assert_eq!(self.connection.takes_input(), self.takes_input(), "{:?}", self.connection);
        assert_eq!(self.connection.is_idle(), self.is_idle(), "{:?}", self.connection);
        let finished = self.model.closing && self.live.is_empty() && self.queued() == 0;
        assert_eq!(self.connection.is_finished(), finished);
        self.check_due();
        // What is over the limit by the last request taken, and what its calls under way were answered with since.
        let most = MAX_QUEUED + (self.config.max_in_flight + 1) * LARGEST_ANSWER;
        assert!(self.queued() <= most, "{:?}", self.connection);
    }

    pub(super) fn answer_all(&mut self) {
        while let Some(live) = self.choose(0) {
            self.give(live, Ok(Response::empty(Status::Ok)));
        }
        send(self.connection.output(), usize::MAX, &mut self.sent);
    }

    /// A connection that takes no further request ends with its last answer.
    pub(super) fn end_by_close(mut self) {
        self.close();
        self.answer_all();
        assert!(self.connection.is_finished(), "{:?}", self.connection);
        self.check_sent();
    }

    /// A connection whose peer says nothing more ends when its timeouts are over.
    pub(super) fn end_by_time(mut self) {
        if !self.model.draining {
            self.shutdown();
        }
        for _ in 0..10_000 {
            self.answer_all();
            self.take_requests();
            if self.connection.is_finished() {
                return self.check_sent();
            }
            self.check();
            if self.live.is_empty() && self.queued() == 0 {
                let due = self.connection.poll_timeout();
                self.clock.go_to(due.expect("a connection without a timeout never ends"));
                self.handle_timeout();
            }
        }
        panic!("the connection does not end: {:?}", self.connection);
    }

    /// All that was sent is what was to be sent.
    pub(super) fn check_sent(&self) {
        let mut sent = BytesMut::from(&self.sent[..]);
        for owed in &self.owed {
            let frame = Frame::decode(&mut sent, &self.limits);
            let frame = frame.expect("what is sent this side would take itself");
            let frame = frame.unwrap_or_else(|| panic!("not sent: {owed:?}"));
            owed.check(&frame, self.config.checksum, &self.limits);
        }
        assert!(sent.is_empty(), "{} bytes more than were to be sent", sent.len());
    }
}
