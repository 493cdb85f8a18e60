//! What the calls of a multiplexed connection wait for.

use std::task::Waker;

use kitex_core::{Error, Response};

/// Places where answers are left for their calls. A place belongs to its call until the call takes it back.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Debug)]
enum Slot {
    Free,
    /// The call is under way.
    Waiting {
        waker: Waker,
        /// How many bytes of other requests stand before it.
        start: u64,
    },
    Ended(Result<Response, Error>),
}

/// Places that a connection with no call keeps.
const KEPT: usize = 128;

impl Slots {
    /// A place for a call that begins.
    pub(super) fn insert(&mut self, waker: &Waker, start: u64) -> u32 {
        let slot = Slot::Waiting { waker: waker.clone(), start };
        match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        }
    }

    /// Where the request of a call that is under way begins among all that were written.
    pub(super) fn start(&self, index: u32) -> u64 {
        match self.slots.get(index as usize) {
            Some(Slot::Waiting { start, .. }) => *start,
            _ => 0,
        }
    }

    /// Leaves the result of a call; gives whom to wake.
    pub(super) fn end(&mut self, index: u32, result: Result<Response, Error>) -> Option<Waker> {
        let slot = self.slots.get_mut(index as usize)?;
        match std::mem::replace(slot, Slot::Ended(result)) {
            Slot::Waiting { waker, .. } => Some(waker),
            _ => None,
        }
    }

    /// Takes the result of a call and its place, or notes whom to wake.
    pub(super) fn take(&mut self, index: u32, task: &Waker) -> Option<Result<Response, Error>> {
        let slot = self.slots.get_mut(index as usize)?;
        if let Slot::Waiting { waker, .. } = slot {
            waker.clone_from(task);
            return None;
        }
        let slot = std::mem::replace(slot, Slot::Free);
        self.give_back(index);
        match slot {
            Slot::Ended(result) => Some(result),
            _ => None,
        }
    }

    /// Takes the place of a call that was given up, with what was left there.
    pub(super) fn remove(&mut self, index: u32) {
        if let Some(slot) = self.slots.get_mut(index as usize) {
            *slot = Slot::Free;
            self.give_back(index);
        }
    }

    fn give_back(&mut self, index: u32) {
        self.free.push(index);
        if self.free.len() == self.slots.len() && self.slots.len() > KEPT {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use kitex_core::{ErrorKind, Stage, Status};

    use super::*;

    #[test]
    fn a_result_waits_for_its_call_and_then_its_place_is_free() {
        let mut slots = Slots::default();
        let (first, second) = (slots.insert(Waker::noop(), 0), slots.insert(Waker::noop(), 7));
        assert_eq!(slots.start(second), 7);
        assert!(slots.take(first, Waker::noop()).is_none());
        assert!(slots.end(first, Ok(Response::empty(Status::Ok))).is_some());
        let error = Error::new(ErrorKind::Closed, Stage::Read, "gone");
        assert!(slots.end(second, Err(error)).is_some());
        assert!(slots.take(second, Waker::noop()).unwrap().is_err());
        assert!(slots.take(first, Waker::noop()).unwrap().is_ok());
        assert_eq!(slots.insert(Waker::noop(), 0), first);
        slots.remove(first);
        assert_eq!(slots.insert(Waker::noop(), 0), first);
    }

    #[test]
    fn a_burst_leaves_no_memory_behind() {
        let mut slots = Slots::default();
        let all: Vec<_> = (0..1000).map(|_| slots.insert(Waker::noop(), 0)).collect();
        all.into_iter().for_each(|index| slots.remove(index));
        assert_eq!(slots.slots.capacity(), 0);
    }
}
