//! The moment after which nobody waits for a call any more.

use std::time::{Duration, Instant};

/// A moment by which a call must have ended. It covers all of the call: resolve, dial, write, wait, read, decode.
///
/// Time is an argument everywhere: a deadline never reads a clock.
///
/// ```
/// use std::time::{Duration, Instant};
/// use kitex_core::Deadline;
///
/// let now = Instant::now();
/// let deadline = Deadline::after(now, Duration::from_millis(250));
/// assert_eq!(deadline.remaining_millis(now + Duration::from_millis(100)), 150);
/// assert!(deadline.has_passed(now + Duration::from_millis(250)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

/// A moment that is never reached, for timeouts that overflow the clock.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl Deadline {
    /// At `at`.
    pub fn at(at: Instant) -> Self {
        Self(at)
    }

    /// `timeout` after `now`.
    pub fn after(now: Instant, timeout: Duration) -> Self {
        Self(now.checked_add(timeout).unwrap_or(now + FAR))
    }

    /// The moment.
    pub fn instant(self) -> Instant {
        self.0
    }

    /// What is left of it; zero once it has passed.
    pub fn remaining(self, now: Instant) -> Duration {
        self.0.saturating_duration_since(now)
    }

    /// True if it has passed.
    pub fn has_passed(self, now: Instant) -> bool {
        self.0 <= now
    }

    /// The same, earlier by `margin`: what a call made on behalf of another may use.
    pub fn less(self, margin: Duration) -> Self {
        Self(self.0.checked_sub(margin).unwrap_or(self.0))
    }

    /// The same, later by `time`.
    pub(crate) fn later(self, time: Duration) -> Self {
        Self::after(self.0, time)
    }

    /// What is left in whole milliseconds, rounded up, as it goes on the wire (spec: kitex-wire 6.5, key 12).
    pub fn remaining_millis(self, now: Instant) -> u64 {
        let left = self.remaining(now);
        u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}
