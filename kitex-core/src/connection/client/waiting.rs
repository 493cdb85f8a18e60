//! The calls of a client that wait for their answers.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Instant;

use crate::Method;

/// What is known of a call until it ends.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    pub(super) method: Method,
    pub(super) deadline: Option<Instant>,
    pub(super) token: T,
}

/// Calls by their sequence ids: many on a multiplexed connection, one on any other.
#[derive(Debug)]
pub(super) struct Calls<T> {
    multiplexed: bool,
    many: HashMap<i32, Waiting<T>, BuildHasherDefault<SequenceHasher>>,
    only: Option<(i32, Waiting<T>)>,
    /// No later than the earliest deadline.
    earliest: Option<Instant>,
    /// Calls that end now, one by one.
    ending: Vec<i32>,
}

impl<T> Calls<T> {
    pub(super) fn new(multiplexed: bool) -> Self {
        Self { multiplexed, many: HashMap::default(), only: None, earliest: None, ending: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.many.len() + usize::from(self.only.is_some())
    }

    pub(super) fn insert(&mut self, sequence: i32, waiting: Waiting<T>) {
        self.earliest = [self.earliest, waiting.deadline].into_iter().flatten().min();
        if self.multiplexed {
            self.many.insert(sequence, waiting);
        } else {
            self.only = Some((sequence, waiting));
        }
    }

    pub(super) fn contains(&self, sequence: i32) -> bool {
        self.only() == Some(sequence) || self.many.contains_key(&sequence)
    }

    /// The call of a connection that is not multiplexed.
    pub(super) fn only(&self) -> Option<i32> {
        self.only.as_ref().map(|(sequence, _)| *sequence)
    }

    pub(super) fn remove(&mut self, sequence: i32) -> Option<Waiting<T>> {
        if self.only() == Some(sequence) {
            self.earliest = None;
            return self.only.take().map(|(_, waiting)| waiting);
        }
        let waiting = self.many.remove(&sequence)?;
        if self.many.is_empty() {
            self.earliest = None;
            if self.many.capacity() > KEPT {
                self.many = HashMap::default();
            }
        }
        Some(waiting)
    }

    /// When the next call may expire.
    pub(super) fn earliest(&self) -> Option<Instant> {
        self.earliest
    }

    /// Removes a call whose deadline has passed. However many pass at once, the calls are looked through once.
    pub(super) fn next_expired(&mut self, now: Instant) -> Option<Waiting<T>> {
        let passed = |deadline: &Instant| *deadline <= now;
        if self.ending.is_empty() && self.earliest.as_ref().is_some_and(passed) {
            let deadlines = || self.iter().filter_map(|(sequence, call)| Some((sequence, call.deadline?)));
            let ending = deadlines().filter(|(_, at)| passed(at)).map(|(sequence, _)| sequence).collect();
            let earliest = deadlines().map(|(_, at)| at).filter(|at| !passed(at)).min();
            (self.ending, self.earliest) = (ending, earliest);
        }
        self.next_ending()
    }

    /// Removes any call.
    pub(super) fn next(&mut self) -> Option<Waiting<T>> {
        self.next_ending().or_else(|| {
            self.ending = self.iter().map(|(sequence, _)| sequence).collect();
            self.next_ending()
        })
    }

    fn next_ending(&mut self) -> Option<Waiting<T>> {
        while let Some(sequence) = self.ending.pop() {
            if self.ending.is_empty() {
                self.ending = Vec::new();
            }
            let waiting = self.remove(sequence);
            if waiting.is_some() {
                return waiting;
            }
        }
        None
    }

    fn iter(&self) -> impl Iterator<Item = (i32, &Waiting<T>)> {
        let only = self.only.iter().map(|(sequence, waiting)| (*sequence, waiting));
        only.chain(self.many.iter().map(|(sequence, waiting)| (*sequence, waiting)))
    }
}

/// Waiting calls that an idle connection keeps room for.
const KEPT: usize = 128;

/// Sequence ids are counted up by this side: no peer chooses them, so that spreading them is enough.
#[derive(Debug, Default)]
struct SequenceHasher(u64);

impl Hasher for SequenceHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_i32(i32::from(*byte));
        }
    }

    fn write_i32(&mut self, value: i32) {
        self.0 = (self.0 ^ u64::from(value as u32)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}
