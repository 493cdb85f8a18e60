//! Requests out of the connection, held against what the model makes of the same bytes.

use kitex_codec::{BytesMut, Frame};
use kitex_core::ServerRequest;

use super::model::{self, Came, Served};
use super::{Live, MAX_QUEUED, Server};
use crate::heap::measure;

/// What taking input may take beside its share: chunks for output, and texts of errors.
const HEAP: usize = 256 << 10;

impl Server {
    pub(super) fn take_requests(&mut self) {
        loop {
            let before = self.input.clone();
            let takes_input = self.takes_input();
            let now = self.clock.now();
            let (taken, heap) = measure(|| self.connection.handle_input(now, &mut self.input));
            assert!(heap <= HEAP + 8 * before.len(), "{heap} bytes taken for {}", before.len());
            if let Err(error) = &taken {
                assert!(!error.to_string().is_empty());
                self.failed = true;
            }
            let came = if takes_input { self.follow(before, taken.is_err()) } else { self.pause(&before) };
            let complains = std::mem::take(&mut self.model.complains);
            match (taken, came) {
                (Ok(Some(request)), Some(Came::Request(served))) => {
                    self.model.complains = complains;
                    self.begin(request, served);
                }
                (Err(_), Some(Came::Bad)) => {
                    self.model.complains = complains;
                    return self.settle();
                }
                (taken, None) => {
                    assert_eq!(taken.is_err(), complains, "what is passed over is told once");
                    return self.settle();
                }
                (taken, came) => panic!("{taken:?} where there is {came:?}"),
            }
        }
    }

    pub(super) fn takes_input(&mut self) -> bool {
        !self.model.closing && !self.is_full()
    }

    /// No request is taken before something is answered or written.
    fn is_full(&mut self) -> bool {
        self.live.iter().any(|live| live.served.serial)
            || self.held() > self.config.max_in_flight_bytes
            || self.queued() > MAX_QUEUED
    }

    /// Bytes of the requests under way.
    pub(super) fn held(&self) -> usize {
        self.live.iter().map(|live| live.served.size).sum()
    }

    pub(super) fn queued(&mut self) -> usize {
        self.connection.output().len()
    }

    fn pause(&self, before: &BytesMut) -> Option<Came> {
        assert_eq!(before.len(), self.input.len(), "input is taken where none is to be");
        None
    }

    /// Follows the connection through what it has taken: every message of it was refused, but for the last.
    fn follow(&mut self, mut input: BytesMut, failed: bool) -> Option<Came> {
        let now = self.clock.now();
        // What ends a connection need not be taken off the input; one that is full has taken no such thing.
        let closed = failed && !self.connection.takes_input() && !self.is_full();
        while !self.model.closing && (input.len() > self.input.len() || closed) {
            match self.model.next(now, &mut input, self.live.len(), &self.limits) {
                Some(Came::Refused(owed)) => self.owed.extend(owed),
                Some(Came::Bad) => {
                    self.model.close();
                    return Some(Came::Bad);
                }
                Some(request) => {
                    assert_eq!(input.len(), self.input.len(), "a request ends elsewhere");
                    return Some(request);
                }
                None => break,
            }
        }
        assert_eq!(input.len(), self.input.len(), "a message ends elsewhere");
        if self.takes_input() {
            self.model.rest(now, &mut input);
            let next = Frame::decode(&mut input, &self.limits);
            assert!(matches!(next, Ok(None)), "a message is not taken");
        }
        None
    }

    fn begin(&mut self, request: ServerRequest, served: Box<Served>) {
        let ServerRequest { id, target, concurrent, request, .. } = request;
        let now = self.clock.now();
        let longest = now + self.config.max_call_timeout;
        let granted = model::granted(&served.frame).map(|time| now + time.min(self.config.max_call_timeout));
        let ended = granted.map(|at| at + self.config.deadline_slack).filter(|at| *at < longest);
        assert!(self.router.service(target).is_some());
        assert!(self.live.iter().all(|live| live.id != id) && !self.ended_calls.contains(&id));
        assert_eq!(concurrent, !served.serial);
        assert_eq!(request.context.deadline.map(|deadline| deadline.instant()), granted);
        served.check(&request, &self.limits);
        self.served += 1;
        self.live.push(Live {
            id,
            target,
            request,
            served,
            deadline: ended.unwrap_or(longest),
            granted: ended.is_some(),
        });
    }
}
