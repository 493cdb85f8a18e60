//! The words that a breaker's state is kept in, each changed as a whole.

use super::Ticket;
use crate::breaker::event::BreakerState;

/// Nanoseconds of the unit in which a [`Word`] has its time.
pub(super) const MILLI: u64 = 1_000_000;

/// What 20 bits hold: generations of the state, which are told apart while a call lasts.
pub(super) const GENERATIONS: u32 = (1 << 20) - 1;

/// The generation after another.
pub(super) fn next_generation(generation: u32) -> u32 {
    (generation + 1) & GENERATIONS
}

/// What 22 bits hold.
pub(super) const PROBES: u32 = (1 << 22) - 1;

/// What 42 bits hold.
pub(super) const MILLIS: u64 = (1 << 42) - 1;

/// All that a state consists of, changed as a whole: 2 bits of state, 20 of generation, 42 of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) state: BreakerState,
    /// Counts the changes.
    pub(super) generation: u32,
    /// When the next call may be admitted, in milliseconds.
    pub(super) next: u64,
}

impl Word {
    pub(super) const CLOSED: Self = Self { state: BreakerState::Closed, generation: 0, next: 0 };

    pub(super) fn read(word: u64) -> Self {
        let state = match word >> 62 {
            0 => BreakerState::Closed,
            1 => BreakerState::Open,
            _ => BreakerState::HalfOpen,
        };
        Self { state, generation: (word >> 42) as u32 & GENERATIONS, next: word & MILLIS }
    }

    pub(super) fn write(self) -> u64 {
        let state = match self.state {
            BreakerState::Closed => 0,
            BreakerState::Open => 1,
            BreakerState::HalfOpen => 2_u64,
        };
        state << 62 | u64::from(self.generation & GENERATIONS) << 42 | self.next.min(MILLIS)
    }

    pub(super) fn next(self) -> u64 {
        self.next * MILLI
    }

    pub(super) fn same_state(self, other: Self) -> bool {
        (self.state, self.generation) == (other.state, other.generation)
    }

    pub(super) fn ticket(self, is_probe: bool) -> Ticket {
        Ticket { generation: self.generation, is_probe }
    }

    /// True if the next call is further off than it can have been put, by far.
    pub(super) fn is_too_far(self, time: u64, rest: u64) -> bool {
        self.next().saturating_sub(time) > rest.saturating_mul(2).max(MILLI)
    }
}

/// Trial calls of one half-open state, changed as a whole: 20 bits of its generation, 22 of each count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probes {
    pub(super) generation: u32,
    pub(super) under_way: u32,
    pub(super) succeeded: u32,
}

impl Probes {
    /// True if the word tells of `generation`.
    pub(super) fn is_of(word: u64, generation: u32) -> bool {
        (word >> 44) as u32 == generation
    }

    /// Those of `generation`: none, if the word tells of another.
    pub(super) fn read(word: u64, generation: u32) -> Self {
        if !Self::is_of(word, generation) {
            return Self { generation, under_way: 0, succeeded: 0 };
        }
        let count = |shift: u32| (word >> shift) as u32 & PROBES;
        Self { generation, under_way: count(22), succeeded: count(0) }
    }

    pub(super) fn write(self) -> u64 {
        u64::from(self.generation) << 44 | u64::from(self.under_way) << 22 | u64::from(self.succeeded)
    }
}
