//! Calls that wait for a connection, first come, first served.

use std::collections::VecDeque;
use std::sync::Arc;

use kitex_core::{Deadline, Error, Stage};
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::endpoint::Endpoint;
use super::errors;

/// Those who wait for a `G`, in order.
#[derive(Debug)]
pub(super) struct Waiters<G> {
    queue: VecDeque<(u64, oneshot::Sender<G>)>,
    next: u64,
}

impl<G> Waiters<G> {
    pub(super) fn new() -> Self {
        Self { queue: VecDeque::new(), next: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Queues one more; gives what to leave the queue with, and where the grant comes.
    pub(super) fn push(&mut self) -> (u64, oneshot::Receiver<G>) {
        let (sender, receiver) = oneshot::channel();
        let id = self.next;
        self.next += 1;
        self.queue.push_back((id, sender));
        (id, receiver)
    }

    /// Takes out one that gave up. Has no effect if it was granted something already.
    pub(super) fn remove(&mut self, id: u64) {
        if let Ok(at) = self.queue.binary_search_by_key(&id, |(id, _)| *id) {
            self.queue.remove(at);
        }
    }

    /// Grants something to the one that came first; gives it back if there is none.
    pub(super) fn grant(&mut self, grant: G) -> Result<(), G> {
        let mut grant = grant;
        while let Some((_, sender)) = self.queue.pop_front() {
            match sender.send(grant) {
                Ok(()) => return Ok(()),
                Err(back) => grant = back,
            }
        }
        Err(grant)
    }
}

/// What has a queue of waiting calls.
pub(super) trait Queue {
    type Grant;

    fn endpoint(&self) -> &Endpoint;

    /// Takes a call out of the queue; gives the stage that it was at.
    fn leave(&self, id: u64) -> Stage;

    /// Takes back what was granted to a call that had just given up.
    fn take_back(self: &Arc<Self>, grant: Self::Grant);
}

/// A call's place in a queue. Dropping it gives the place up.
#[derive(Debug)]
pub(super) struct Waiting<'a, Q: Queue> {
    queue: &'a Arc<Q>,
    id: u64,
    receiver: oneshot::Receiver<Result<Q::Grant, Error>>,
}

impl<'a, Q: Queue> Waiting<'a, Q> {
    pub(super) fn new(
        queue: &'a Arc<Q>,
        (id, receiver): (u64, oneshot::Receiver<Result<Q::Grant, Error>>),
    ) -> Self {
        Self { queue, id, receiver }
    }

    /// What the call is granted. Errors if that is a refusal, or if the deadline passes before.
    pub(super) async fn granted(mut self, deadline: Option<Deadline>) -> Result<Q::Grant, Error> {
        let granted = match deadline {
            Some(deadline) => timeout_at(deadline.instant().into(), &mut self.receiver).await,
            None => Ok((&mut self.receiver).await),
        };
        match granted {
            Ok(granted) => granted.unwrap_or_else(|_| Err(errors::shutdown())),
            Err(_) => Err(self.queue.endpoint().at_peer(Error::deadline(self.queue.leave(self.id)))),
        }
    }
}

impl<Q: Queue> Drop for Waiting<'_, Q> {
    fn drop(&mut self) {
        if self.receiver.is_terminated() {
            return;
        }
        self.queue.leave(self.id);
        if let Ok(Ok(grant)) = self.receiver.try_recv() {
            self.queue.take_back(grant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_served_first_and_who_left_is_not() {
        let mut waiters = Waiters::new();
        let (_, mut first) = waiters.push();
        let (left, _gone) = waiters.push();
        let (_, mut last) = waiters.push();
        waiters.remove(left);
        assert_eq!(waiters.len(), 2);
        assert_eq!(waiters.grant("a"), Ok(()));
        assert_eq!(waiters.grant("b"), Ok(()));
        assert_eq!(waiters.grant("c"), Err("c"));
        assert_eq!((first.try_recv(), last.try_recv()), (Ok("a"), Ok("b")));
        waiters.remove(left);
    }

    #[test]
    fn nothing_is_granted_to_one_that_is_gone() {
        let mut waiters = Waiters::new();
        drop(waiters.push());
        let (_, mut waiting) = waiters.push();
        assert_eq!(waiters.grant(1), Ok(()));
        assert_eq!(waiting.try_recv(), Ok(1));
    }
}
