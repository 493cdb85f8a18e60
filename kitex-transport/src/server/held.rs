//! What is held for the connections of a server together, and who waits until that is less.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Context;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// The step in which what a connection holds is counted: small messages touch no shared counter.
pub(super) const STEP: usize = 64 << 10;

/// What all connections hold.
#[derive(Debug)]
pub(super) struct Held {
    bytes: AtomicUsize,
    most: usize,
    /// One connection goes on though there is no room, until it has given some back: so of many half-read messages one
    /// after another is read whole and answered.
    exempt: AtomicBool,
    /// Each wakes one who waits for room, who passes that on: those who may not be exempt, and those who may.
    room: [Arc<Notify>; 2],
}

impl Held {
    pub(super) fn new(most: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), most, exempt: AtomicBool::new(false), room: Default::default() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes() >= self.most
    }

    fn change(&self, from: usize, to: usize) {
        if to > from {
            self.bytes.fetch_add(to - from, Ordering::SeqCst);
            return;
        }
        let before = self.bytes.fetch_sub(from - to, Ordering::SeqCst);
        if before >= self.most && before - (from - to) < self.most {
            self.room.iter().for_each(|room| room.notify_one());
        }
    }
}

/// What one connection holds, by steps of [`STEP`].
#[derive(Debug, Default)]
pub(super) struct Share {
    counted: usize,
    exempt: bool,
    /// A place among those who wait for room, and whether this one may be exempt.
    waits: Option<(bool, Pin<Box<OwnedNotified>>)>,
}

impl Share {
    /// Counts `bytes` in place of what was counted before.
    pub(super) fn count(&mut self, held: &Held, bytes: usize) {
        let bytes = bytes / STEP * STEP;
        if bytes == self.counted {
            return;
        }
        held.change(self.counted, bytes);
        if bytes < self.counted {
            self.end_exemption(held);
        }
        self.counted = bytes;
    }

    /// True if this one goes on though there is no room.
    pub(super) fn is_exempt(&self) -> bool {
        self.exempt
    }

    /// Holds nothing any more.
    pub(super) fn end(&mut self, held: &Held) {
        self.count(held, 0);
        self.end_exemption(held);
    }

    /// Needs no room. If it was this one's turn, it is the next one's: a notice that nobody has looked at is passed on
    /// when it is dropped.
    pub(super) fn leave(&mut self) {
        self.waits = None;
    }

    /// True if more may be read. Otherwise the task is woken when it may be.
    pub(super) fn poll_room(&mut self, held: &Held, may_be_exempt: bool, task: &mut Context<'_>) -> bool {
        let room = &held.room[usize::from(may_be_exempt)];
        if self.waits.as_ref().is_some_and(|(as_before, _)| *as_before != may_be_exempt) {
            self.leave();
        }
        let mut woken = false;
        while held.is_full() {
            if may_be_exempt && (self.exempt || !held.exempt.swap(true, Ordering::SeqCst)) {
                self.exempt = true;
                self.leave();
                return true;
            }
            let waits = || (may_be_exempt, Box::pin(Arc::clone(room).notified_owned()));
            let (_, waits) = self.waits.get_or_insert_with(waits);
            if waits.as_mut().poll(task).is_ready() {
                // What was freed may be taken again already.
                woken = true;
                self.leave();
            } else if held.is_full() && (!may_be_exempt || held.exempt.load(Ordering::SeqCst)) {
                // Who gives way from now on wakes the task; who did just before may not have.
                return false;
            }
        }
        self.leave();
        self.end_exemption(held);
        if woken {
            room.notify_one();
        }
        true
    }

    fn end_exemption(&mut self, held: &Held) {
        if std::mem::take(&mut self.exempt) {
            held.exempt.store(false, Ordering::SeqCst);
            held.room[1].notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Wake, Waker};

    use super::*;

    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn waker() -> (Arc<Woken>, Waker) {
        let woken = Arc::new(Woken(AtomicUsize::new(0)));
        (Arc::clone(&woken), woken.into())
    }

    /// A server that is full, and the connection that goes on nevertheless.
    fn full(most: usize) -> (Held, Share) {
        let held = Held::new(most);
        let mut share = Share::default();
        share.count(&held, most + STEP + 7);
        assert_eq!(held.bytes(), most + STEP);
        assert!(share.poll_room(&held, true, &mut Context::from_waker(Waker::noop())));
        (held, share)
    }

    struct Waiting {
        share: Share,
        may_be_exempt: bool,
        woken: Arc<Woken>,
        waker: Waker,
    }

    impl Waiting {
        fn new() -> Self {
            let (woken, waker) = waker();
            Self { share: Share::default(), may_be_exempt: true, woken, waker }
        }

        fn has_room(&mut self, held: &Held) -> bool {
            self.share.poll_room(held, self.may_be_exempt, &mut Context::from_waker(&self.waker))
        }

        fn was_woken(&self) -> bool {
            self.woken.0.swap(0, Ordering::SeqCst) > 0
        }
    }

    #[test]
    fn room_wakes_one_after_another_as_long_as_there_is_some() {
        let (held, mut share) = full(2 * STEP);
        let mut waiting = [(); 3].map(|()| Waiting::new());
        assert!(waiting.iter_mut().all(|one| !one.has_room(&held)));
        let [first, second, third] = &mut waiting;
        share.count(&held, STEP);
        assert!(first.was_woken() && first.has_room(&held));
        first.share.count(&held, STEP);
        assert!(second.was_woken());
        assert_eq!(held.bytes(), 2 * STEP);
        // Nobody is exempt now: the second is.
        assert!(second.has_room(&held) && second.share.exempt);
        assert!(!third.has_room(&held));
        third.was_woken();
        first.share.count(&held, 0);
        assert!(third.was_woken() && third.has_room(&held) && !third.share.exempt);
    }

    #[test]
    fn of_many_who_wait_one_goes_on_until_it_has_given_its_bytes_back() {
        let (held, mut share) = full(STEP);
        let (mut first, mut second) = (Waiting::new(), Waiting::new());
        assert!(!first.has_room(&held) && !second.has_room(&held));
        share.count(&held, 3 * STEP);
        assert!(!first.was_woken());
        share.count(&held, 2 * STEP);
        assert!(first.was_woken() && first.has_room(&held) && !second.has_room(&held));
        first.share.count(&held, 3 * STEP);
        first.share.leave();
        assert!(!second.has_room(&held));
        second.was_woken();
        first.share.count(&held, 0);
        assert!(second.was_woken() && second.has_room(&held));
    }

    #[test]
    fn those_who_may_not_be_exempt_hear_of_room_alone() {
        let (held, mut share) = full(STEP);
        let (mut bound, mut free) = (Waiting::new(), Waiting::new());
        bound.may_be_exempt = false;
        assert!(!bound.has_room(&held) && !free.has_room(&held));
        share.count(&held, STEP);
        assert!(!bound.was_woken() && free.was_woken());
        assert!(!bound.has_room(&held) && free.has_room(&held));
        share.count(&held, 0);
        assert!(bound.was_woken() && bound.has_room(&held));
    }

    #[test]
    fn one_who_leaves_instead_of_taking_room_leaves_it_to_the_next() {
        let (held, mut share) = full(STEP);
        let (mut leaves, mut stays) = (Waiting::new(), Waiting::new());
        assert!(!leaves.has_room(&held) && !stays.has_room(&held));
        share.count(&held, 0);
        drop(leaves);
        assert!(stays.was_woken() && stays.has_room(&held));
    }
}
