//! Calls under way, found by an id that is never given twice.

use std::num::NonZeroU32;

/// A call under way on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId {
    index: u32,
    generation: u32,
}

impl CallId {
    /// The id of a client's call: its sequence id.
    pub(super) fn of_sequence(sequence: i32) -> Self {
        Self { index: sequence as u32, generation: 0 }
    }

    pub(super) fn sequence(self) -> i32 {
        self.index as i32
    }
}

/// Values that are looked up by place.
#[derive(Debug)]
pub(super) struct Slots<V> {
    slots: Vec<Slot<V>>,
    free: Option<u32>,
    generation: u32,
    live: usize,
}

#[derive(Debug)]
enum Slot<V> {
    Taken {
        generation: u32,
        value: V,
    },
    /// The next free slot, counted from one.
    Free(Option<NonZeroU32>),
}

/// Slots that an idle connection keeps.
const KEPT: usize = 4;

impl<V> Slots<V> {
    pub(super) fn new() -> Self {
        Self { slots: Vec::new(), free: None, generation: 0, live: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn insert(&mut self, value: V) -> CallId {
        self.generation = self.generation.wrapping_add(1);
        self.live += 1;
        let generation = self.generation;
        let slot = Slot::Taken { generation, value };
        let index = match self.free {
            Some(index) => {
                let taken = std::mem::replace(&mut self.slots[index as usize], slot);
                self.free = match taken {
                    Slot::Free(next) => next.map(|next| next.get() - 1),
                    Slot::Taken { .. } => None,
                };
                index
            }
            None => {
                if self.slots.capacity() == 0 {
                    self.slots.reserve_exact(1);
                }
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        CallId { index, generation }
    }

    pub(super) fn get(&self, id: CallId) -> Option<&V> {
        match self.slots.get(id.index as usize)? {
            Slot::Taken { generation, value } if *generation == id.generation => Some(value),
            _ => None,
        }
    }

    pub(super) fn remove(&mut self, id: CallId) -> Option<V> {
        let slot = self.slots.get_mut(id.index as usize)?;
        if !matches!(slot, Slot::Taken { generation, .. } if *generation == id.generation) {
            return None;
        }
        let next = self.free.and_then(|index| NonZeroU32::new(index + 1));
        let Slot::Taken { value, .. } = std::mem::replace(slot, Slot::Free(next)) else { return None };
        self.free = Some(id.index);
        self.live -= 1;
        if self.live == 0 && self.slots.len() > KEPT {
            self.slots = Vec::new();
            self.free = None;
        }
        Some(value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (CallId, &V)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| match slot {
            Slot::Taken { generation, value } => {
                Some((CallId { index: index as u32, generation: *generation }, value))
            }
            Slot::Free(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_finds_its_value_and_no_later_one() {
        let mut slots = Slots::new();
        let first = slots.insert("a");
        let second = slots.insert("b");
        assert_eq!((slots.get(first).copied(), slots.remove(first)), (Some("a"), Some("a")));
        assert_eq!((slots.get(first).copied(), slots.remove(first)), (None, None));
        let third = slots.insert("c");
        assert_eq!((slots.get(first).copied(), slots.remove(first)), (None, None));
        assert_eq!((slots.remove(third), slots.remove(second)), (Some("c"), Some("b")));
        assert_eq!(slots.len(), 0);
    }

    #[test]
    fn slots_are_used_again_and_freed_when_idle() {
        let mut slots = Slots::new();
        let ids: Vec<_> = (0..100).map(|n| slots.insert(n)).collect();
        assert_eq!(slots.iter().count(), 100);
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(slots.remove(*id), Some(n));
        }
        assert_eq!(slots.slots.capacity(), 0);
        let again = slots.insert(7);
        assert!(ids.iter().all(|id| *id != again));
    }
}
