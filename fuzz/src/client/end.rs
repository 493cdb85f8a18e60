//! What holds after each step, and how a connection ends.

use kitex_codec::{BytesMut, Frame};

use super::model::State;
use super::{Client, LARGEST_REQUEST, MAX_IN_FLIGHT, MAX_QUEUED};
use crate::engine::send;

impl Client {
    pub(super) fn check(&mut self) {
        let under_way = self.waits().len();
        assert_eq!(self.connection.in_flight(), under_way);
        assert!(under_way <= if self.model.multiplexed { MAX_IN_FLIGHT } else { 1 });
        assert_eq!(self.connection.accepts_calls(), self.model.state == State::Open);
        assert_eq!(self.connection.dropped_answers(), self.model.dropped);
        let queued = self.connection.output().len();
        let reusable =
            self.model.state == State::Open && under_way == 0 && self.input.is_empty() && queued == 0;
        assert_eq!(self.connection.is_reusable(self.input.len()), reusable);
        assert!(queued <= MAX_QUEUED + LARGEST_REQUEST, "{:?}", self.connection);
        let due = self.calls.iter().filter(|call| !call.ended).filter_map(|call| call.deadline).min();
        let polled = self.connection.poll_timeout();
        assert!(due.is_none_or(|due| polled.is_some_and(|polled| polled <= due)), "{polled:?} for {due:?}");
    }

    /// Every call ends when the connection does, and all that was sent is the requests.
    pub(super) fn end(mut self) {
        self.fail_all();
        self.check();
        assert!(self.calls.iter().all(|call| call.ended));
        send(self.connection.output(), usize::MAX, &mut self.sent);
        let mut sent = BytesMut::from(&self.sent[..]);
        for asked in &self.asked {
            let frame = Frame::decode(&mut sent, &self.limits);
            let frame = frame.expect("what is sent this side would take itself");
            let frame = frame.unwrap_or_else(|| panic!("not sent: {asked:?}"));
            asked.check(&frame, &self.config, &self.limits);
        }
        assert!(sent.is_empty(), "{} bytes more than were to be sent", sent.len());
    }
}
