//! What the limits of calls are made of: who shares one, what it holds, and what a refused call is told.

mod counter;
mod keyed;
mod refusal;
mod scope;

pub(crate) use counter::Counter;
pub(crate) use keyed::Keyed;
pub(crate) use refusal::Refusals;
pub(crate) use scope::{Methods, Place, Scoped};

use std::time::{Duration, Instant};

use kitex_core::SettingError;

/// By how much the clock may fall behind the latest time seen before that one is taken for wrong. Calls come out of
/// order by what they waited elsewhere, which is less.
pub(crate) const OUT_OF_ORDER: Duration = Duration::from_secs(10);

/// `now` in nanoseconds since `epoch`; no time if it is earlier.
pub(crate) fn nanos(epoch: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(epoch).as_nanos()).unwrap_or(u64::MAX)
}

/// The longest that a caller can be asked to stay away: for longer a service is not limited, but gone.
const LONGEST_PUSH_BACK: Duration = Duration::from_secs(24 * 3600);

/// Errors, naming `setting`, unless a caller can be asked to stay away for so long.
pub(crate) fn check_push_back(setting: &'static str, time: Duration) -> Result<(), SettingError> {
    if time <= LONGEST_PUSH_BACK {
        return Ok(());
    }
    Err(SettingError::new(setting, format!("{time:?} is more than {LONGEST_PUSH_BACK:?}")))
}

/// More keys than this are not told apart, and cost their memory at the start.
pub(crate) const MAX_KEYS: usize = 1 << 24;

/// Errors, naming `setting`, unless there is room for some keys, and memory for as many.
pub(crate) fn check_keys(setting: &'static str, keys: usize) -> Result<(), SettingError> {
    if (1..=MAX_KEYS).contains(&keys) {
        return Ok(());
    }
    Err(SettingError::new(setting, format!("{keys} is not from 1 to {MAX_KEYS}")))
}
