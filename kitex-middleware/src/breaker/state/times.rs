//! Instants as nanoseconds.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Instants as nanoseconds.
pub(super) struct Times {
    /// The first instant there was.
    base: OnceLock<Instant>,
    clock: fn() -> Instant,
}

/// What the first instant is: a year, so that a clock that goes back still tells the time.
pub(super) const FIRST: u64 = 365 * 24 * 3600 * 1_000_000_000;

impl Times {
    pub(super) fn new(clock: fn() -> Instant) -> Self {
        Self { base: OnceLock::new(), clock }
    }

    pub(super) fn of(&self, at: Instant) -> u64 {
        let base = *self.base.get_or_init(|| at);
        match at.checked_duration_since(base) {
            Some(after) => FIRST.saturating_add(nanos(after)),
            None => FIRST.saturating_sub(nanos(base.saturating_duration_since(at))),
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.of((self.clock)())
    }

    pub(super) fn instant(&self, time: u64) -> Instant {
        let base = *self.base.get_or_init(self.clock);
        let after = Duration::from_nanos(time.saturating_sub(FIRST));
        let before = Duration::from_nanos(FIRST.saturating_sub(time));
        base.checked_add(after).and_then(|at| at.checked_sub(before)).unwrap_or(base)
    }
}
