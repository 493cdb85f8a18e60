//! How many further attempts there may be, all calls together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kitex_core::SettingError;
use serde_json::{Value, json};

use super::counter::Counter;

/// How many further attempts, retries and backup requests alike, the calls through a layer may make together.
///
/// Each call earns a [`share`](Self::share) of an attempt, each second
/// [`least_per_second`](Self::least_per_second); each further attempt spends one. What is earned fades with the time
/// constant [`window`](Self::window), so that there is never more to spend than the traffic of the last seconds has
/// earned. Over any time the further attempts are thus at most the share of the calls made in it, plus the least rate,
/// plus what one window earns. A layer begins with what the least rate earns in a window.
///
/// ```
/// use kitex_middleware::RetryBudget;
///
/// let mut budget = RetryBudget::default();
/// budget.share = 0.05;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RetryBudget {
    /// Further attempts that one call earns. 0.1; at most 1.
    pub share: f64,
    /// Further attempts that each second earns, so that a client with few calls can retry too. 10.
    pub least_per_second: f64,
    /// How long about what was earned can be spent. 10 seconds; at most an hour.
    pub window: Duration,
}

/// More than this cannot be saved.
const MOST_SAVED: f64 = 1_000_000.0;

/// The longest window.
const HOUR: Duration = Duration::from_secs(3600);

impl Default for RetryBudget {
    fn default() -> Self {
        Self { share: 0.1, least_per_second: 10.0, window: Duration::from_secs(10) }
    }
}

impl RetryBudget {
    fn check(&self) -> Result<(), SettingError> {
        if !(0.0..=1.0).contains(&self.share) {
            let text = format!("{} is no share: it must be from 0 to 1", self.share);
            return Err(SettingError::new("RetryBudget::share", text));
        }
        if self.window < Duration::from_millis(1) || self.window > HOUR {
            let text = format!("{:?} is not from 1 ms to an hour", self.window);
            return Err(SettingError::new("RetryBudget::window", text));
        }
        let saved = self.least_per_second * self.window.as_secs_f64();
        if !(0.0..=MOST_SAVED).contains(&saved) {
            let text =
                format!("{} over {:?} is not from 0 to {MOST_SAVED}", self.least_per_second, self.window);
            return Err(SettingError::new("RetryBudget::least_per_second", text));
        }
        if self.share == 0.0 && self.least_per_second == 0.0 {
            let text = "with a share of 0 as well there is no retry at all: that is RetryPolicy::off";
            return Err(SettingError::new("RetryBudget::least_per_second", text));
        }
        Ok(())
    }
}

/// The state of a budget.
#[derive(Debug)]
pub(super) struct Purse {
    budget: RetryBudget,
    /// Calls that have not been turned into savings yet.
    earning: Counter,
    saved: AtomicU64,
    epoch: Instant,
}

/// What is saved and when that was so, packed in a word: ticks since the epoch, and savings in parts.
#[derive(Debug, Clone, Copy)]
struct Saved {
    /// Wraps after more than a year. Nobody waits for a retry for so long that it matters.
    at: u32,
    parts: u32,
}

/// Parts of an attempt that are counted; [`MOST_SAVED`] of them fit.
const PARTS: f64 = 4096.0;

/// Milliseconds of a tick.
const TICK: u32 = 8;

/// Threads read the clock in one order and come here in another: so many ticks before the last are as good as none.
const SLACK: u32 = 125;

impl Purse {
    pub(super) fn new(budget: RetryBudget, now: Instant) -> Result<Self, SettingError> {
        budget.check()?;
        let parts = to_parts(budget.least_per_second * budget.window.as_secs_f64());
        let saved = AtomicU64::new(Saved { at: 0, parts }.pack());
        Ok(Self { budget, earning: Counter::default(), saved, epoch: now })
    }

    /// So many calls were made.
    pub(super) fn earn(&self, calls: u64) {
        self.earning.add(calls);
    }

    /// Spends one attempt, if there is one.
    pub(super) fn spend(&self, now: Instant) -> bool {
        let earned = self.earning.take() as f64 * self.budget.share;
        let at = (now.saturating_duration_since(self.epoch).as_millis() / u128::from(TICK)) as u32;
        let mut packed = self.saved.load(Ordering::Relaxed);
        loop {
            let last = Saved::unpack(packed);
            let forward = at.wrapping_sub(last.at) as i32 > 0;
            let (at, saved) = self.grown(last, at, earned);
            let spends = saved >= 1.0;
            if !spends && earned == 0.0 && forward {
                // Time is all that was earned: it goes on from where it was, so that asking often rounds nothing away.
                return false;
            }
            let parts = to_parts(if spends { saved - 1.0 } else { saved });
            let next = Saved { at, parts }.pack();
            match self.saved.compare_exchange_weak(packed, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return spends,
                Err(other) => packed = other,
            }
        }
    }

    /// What is saved at a time, and the time that is noted for it.
    fn grown(&self, last: Saved, at: u32, earned: f64) -> (u32, f64) {
        let (at, passed) = match at.wrapping_sub(last.at) as i32 {
            passed @ 0.. => (at, f64::from(passed) * f64::from(TICK) / 1000.0),
            // So much has gone by that it looks like the future.
            i32::MIN..=-0x4000_0000 => (at, HOUR.as_secs_f64() * 24.0),
            behind if behind.unsigned_abs() <= SLACK => (last.at, 0.0),
            // The clock was put back: time goes on from there, and has earned nothing.
            _ => (at, 0.0),
        };
        let window = self.budget.window.as_secs_f64();
        let kept = (-passed / window).exp();
        // What was earned evenly over the time that has passed has faded the more, the longer ago it was.
        let fresh = if passed > 0.0 { (1.0 - kept) * window / passed } else { 1.0 };
        let saved = f64::from(last.parts) / PARTS;
        let saved = saved * kept + (earned + self.budget.least_per_second * passed) * fresh;
        (at, saved.min(MOST_SAVED))
    }

    /// Gives back what was spent on an attempt that was not made.
    pub(super) fn refund(&self) {
        let back = |packed| {
            let Saved { at, parts } = Saved::unpack(packed);
            let parts = parts.saturating_add(to_parts(1.0)).min(to_parts(MOST_SAVED));
            Some(Saved { at, parts }.pack())
        };
        let _ = self.saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, back);
    }

    /// What is saved, as of the last change.
    pub(super) fn saved(&self) -> f64 {
        f64::from(Saved::unpack(self.saved.load(Ordering::Relaxed)).parts) / PARTS
    }

    /// The budget, and what is saved.
    pub(super) fn inspect(&self) -> Value {
        let RetryBudget { share, least_per_second, window } = self.budget;
        json!({
            "share": share,
            "least_per_second": least_per_second,
            "window_ms": window.as_millis() as u64,
            "saved": self.saved(),
        })
    }
}

impl Saved {
    fn pack(self) -> u64 {
        u64::from(self.at) << 32 | u64::from(self.parts)
    }

    fn unpack(packed: u64) -> Self {
        Self { at: (packed >> 32) as u32, parts: packed as u32 }
    }
}

/// Rounded down, so that rounding never pays for an attempt.
fn to_parts(attempts: f64) -> u32 {
    (attempts * PARTS) as u32
}

#[cfg(test)]
mod tests;
