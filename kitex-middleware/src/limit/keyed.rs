//! State for each of many keys, in memory that is bounded.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};

/// Slots of a row: their tags fill a cache line.
const ROW: usize = 8;

/// Attempts to take a slot that other threads want too.
const ATTEMPTS: usize = 4;

/// State for each key. Memory is taken once; finding takes no lock and allocates nothing.
///
/// A key may be in one of two rows that its hash names, and is known there by its hash alone: it is keyed anew by each
/// process, and 63 of its bits tell keys apart. A slot whose state is idle, which is to say that it is what a new key
/// begins with, is given to the next key that needs one, so that nothing is lost by it. A key that finds no idle slot
/// shares one state with all others that find none.
///
/// Threads that meet at a slot in the same instant while it changes hands may count one call for the other key, or give
/// a new key two slots, of which one is found from then on.
#[derive(Debug)]
pub(crate) struct Keyed<T> {
    rows: Box<[Row]>,
    /// By row, and at the end that of the keys without a slot.
    states: Box<[T]>,
    hasher: RandomState,
}

/// What stands in each slot: a tag, or 0 if nothing ever did.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Row([AtomicU64; ROW]);

impl<T> Keyed<T> {
    /// Room for `keys` at a time, and a quarter more: then there is nearly always a slot in one of two rows.
    pub(crate) fn new(keys: usize, make: impl Fn() -> T) -> Self {
        let rows = (keys + keys / 4).div_ceil(ROW).max(1);
        Self {
            rows: (0..rows).map(|_| Row::default()).collect(),
            states: (0..=rows * ROW).map(|_| make()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Where the state of `key` is. A slot that `is_idle` may be given to it.
    pub(crate) fn find(&self, key: impl Hash, is_idle: impl Fn(&T) -> bool) -> usize {
        let hash = self.hasher.hash_one(key);
        let rows = [self.row(hash >> 32), self.row(hash & u64::from(u32::MAX))];
        let tag = hash | 1;
        for _ in 0..ATTEMPTS {
            if let Some(slot) = self.tagged(rows, tag) {
                return slot;
            }
            match self.claim(rows, tag, &is_idle) {
                Claim::Taken(slot) => return slot,
                Claim::Lost => {}
                Claim::Full => break,
            }
        }
        self.rows.len() * ROW
    }

    /// The state at a place that [`find`](Self::find) gave.
    pub(crate) fn at(&self, place: usize) -> &T {
        &self.states[place]
    }

    /// All states, used or not.
    pub(crate) fn states(&self) -> &[T] {
        &self.states
    }

    /// One of the rows, by 32 bits.
    fn row(&self, bits: u64) -> usize {
        ((bits * self.rows.len() as u64) >> 32) as usize
    }

    fn tagged(&self, rows: [usize; 2], tag: u64) -> Option<usize> {
        let slots = rows.into_iter().flat_map(|row| (0..ROW).map(move |slot| (row, slot)));
        let mut slots = slots.filter(|(row, slot)| self.rows[*row].0[*slot].load(Ordering::Acquire) == tag);
        slots.next().map(|(row, slot)| row * ROW + slot)
    }

    /// Takes an idle slot, of the row that has more of them.
    #[cold]
    fn claim(&self, rows: [usize; 2], tag: u64, is_idle: &impl Fn(&T) -> bool) -> Claim {
        let [first, second] = rows.map(|row| self.idle(row, is_idle));
        let Some((_, slot, there)) = first.max(second) else { return Claim::Full };
        let tags = &self.rows[slot / ROW].0[slot % ROW];
        match tags.compare_exchange(there, tag, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => Claim::Taken(slot),
            Err(_) => Claim::Lost,
        }
    }

    /// How many slots of a row are idle, and one of them with its tag.
    fn idle(&self, row: usize, is_idle: &impl Fn(&T) -> bool) -> Option<(usize, usize, u64)> {
        let slots = row * ROW..(row + 1) * ROW;
        let tagged = slots.map(|slot| (slot, self.rows[row].0[slot % ROW].load(Ordering::Acquire)));
        let mut idle = tagged.filter(|(slot, _)| is_idle(&self.states[*slot]));
        let (slot, tag) = idle.next()?;
        Some((1 + idle.count(), slot, tag))
    }
}

enum Claim {
    Taken(usize),
    /// Another thread was faster.
    Lost,
    Full,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn keyed(keys: usize) -> Keyed<AtomicU64> {
        Keyed::new(keys, AtomicU64::default)
    }

    fn is_idle(state: &AtomicU64) -> bool {
        state.load(Ordering::Relaxed) == 0
    }

    fn take(keyed: &Keyed<AtomicU64>, key: &str) -> usize {
        let place = keyed.find(key, is_idle);
        keyed.at(place).fetch_add(1, Ordering::Relaxed);
        place
    }

    #[test]
    fn as_many_keys_as_there_is_room_for_have_a_slot_each() {
        let keyed = keyed(4096);
        let places: Vec<_> = (0..4096).map(|key| take(&keyed, &key.to_string())).collect();
        let shared = places.iter().filter(|place| **place == keyed.states.len() - 1).count();
        let own: HashSet<_> = places.iter().collect();
        assert!(shared <= 40, "{shared} keys share a state");
        assert_eq!(own.len(), 4096 - shared + usize::from(shared > 0), "nobody shares a slot");
        let again: Vec<_> = (0..4096).map(|key| keyed.find(key.to_string().as_str(), is_idle)).collect();
        assert_eq!(again, places);
    }

    #[test]
    fn a_million_keys_take_no_more_memory_than_the_first_and_those_without_a_slot_share_one() {
        let keyed = keyed(1000);
        let (slots, shared) = (keyed.states.len(), keyed.states.len() - 1);
        assert!(slots <= 1264, "{slots}");
        let mut without = 0;
        for key in 0..1_000_000 {
            without += u64::from(take(&keyed, &key.to_string()) == shared);
        }
        assert_eq!(keyed.states.len(), slots);
        assert!(without >= 1_000_000 - 1264, "{without}");
        assert_eq!(keyed.at(shared).load(Ordering::Relaxed), without);
    }

    #[test]
    fn a_key_that_is_idle_makes_room_and_one_that_is_not_stays() {
        let keyed = keyed(1);
        let stays = take(&keyed, "stays");
        for key in 0..1000 {
            let place = take(&keyed, &key.to_string());
            assert_ne!((place, keyed.states.len() - 1), (stays, place), "{key}");
            keyed.at(place).store(0, Ordering::Relaxed);
        }
        assert_eq!(keyed.find("stays", is_idle), stays);
    }
}
