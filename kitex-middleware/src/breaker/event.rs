//! What a breaker says of itself: its states, why it opened, and the events of its changes.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kitex_core::Method;

/// Whether a breaker lets calls pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// All of them.
    Closed,
    /// None.
    Open,
    /// Some, to see whether they succeed.
    HalfOpen,
}

impl BreakerState {
    /// As it is written in texts and shown by a [`Registry`](kitex_core::Registry).
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

impl BreakerState {
    /// As a figure: the more calls it keeps out, the higher.
    pub(super) fn level(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::HalfOpen => 1.0,
            Self::Open => 2.0,
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a breaker opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TripReason {
    /// Too large a share of the window's calls had failed.
    FailureRate {
        /// Calls that failed.
        failed: u32,
        /// Calls in all.
        calls: u32,
    },
    /// So many calls had failed in a row.
    ConsecutiveFailures(u32),
    /// Too large a share of the window's calls had taken too long.
    SlowCalls {
        /// Calls that took too long.
        slow: u32,
        /// Calls in all.
        calls: u32,
    },
    /// A trial call failed.
    Probe,
}

/// What 31 bits hold.
const MAX: u32 = u32::MAX >> 1;

impl TripReason {
    /// The setting that made it a reason.
    pub fn setting(self) -> &'static str {
        match self {
            Self::FailureRate { .. } => "BreakerConfig::failure_rate",
            Self::ConsecutiveFailures(_) => "BreakerConfig::consecutive_failures",
            Self::SlowCalls { .. } => "BreakerConfig::slow_call",
            Self::Probe => "BreakerConfig::open_for",
        }
    }

    /// True if a reason has this setting.
    pub(super) fn is_setting(setting: &str) -> bool {
        let reasons = [
            Self::FailureRate { failed: 0, calls: 0 },
            Self::ConsecutiveFailures(0),
            Self::SlowCalls { slow: 0, calls: 0 },
            Self::Probe,
        ];
        reasons.iter().any(|reason| reason.setting() == setting)
    }

    /// In one word, so that it is read and written as a whole.
    pub(super) fn to_word(self) -> u64 {
        let (kind, first, second) = match self {
            Self::FailureRate { failed, calls } => (0, failed, calls),
            Self::ConsecutiveFailures(failed) => (1, failed, 0),
            Self::SlowCalls { slow, calls } => (2, slow, calls),
            Self::Probe => (3, 0, 0),
        };
        kind << 62 | u64::from(first.min(MAX)) << 31 | u64::from(second.min(MAX))
    }

    pub(super) fn from_word(word: u64) -> Self {
        let (first, second) = ((word >> 31) as u32 & MAX, word as u32 & MAX);
        match word >> 62 {
            0 => Self::FailureRate { failed: first, calls: second },
            1 => Self::ConsecutiveFailures(first),
            2 => Self::SlowCalls { slow: first, calls: second },
            _ => Self::Probe,
        }
    }

    /// With what the settings say of it.
    pub(super) fn text(self, window: Duration, slow: Option<Duration>) -> String {
        let percent =
            |part: u32, all: u32| (u64::from(part) * 100 + u64::from(all) / 2) / u64::from(all.max(1));
        let window = seconds(window);
        match self {
            Self::FailureRate { failed, calls } => {
                format!("{} % of {calls} calls failed in the last {window}", percent(failed, calls))
            }
            Self::ConsecutiveFailures(failed) => format!("{failed} calls failed in a row"),
            Self::SlowCalls { slow: part, calls } => {
                let (percent, slow) = (percent(part, calls), seconds(slow.unwrap_or_default()));
                format!("{percent} % of {calls} calls took longer than {slow} in the last {window}")
            }
            Self::Probe => "a trial call failed".to_owned(),
        }
    }
}

/// A time for people: `5 s`, `1.2 s`, `200 ms`; rounded up, so that it is not over before it has passed.
pub(super) fn seconds(time: Duration) -> String {
    let millis = time.as_nanos().div_ceil(1_000_000);
    if millis < 1000 {
        return format!("{millis} ms");
    }
    match millis.div_ceil(100) {
        tenths if tenths % 10 == 0 => format!("{} s", tenths / 10),
        tenths => format!("{}.{} s", tenths / 10, tenths % 10),
    }
}

/// A breaker has changed its state.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BreakerEvent {
    /// What it is for.
    pub scope: BreakerScope,
    /// The state that it was in.
    pub from: BreakerState,
    /// The state that it is in.
    pub to: BreakerState,
    /// Why it opened, if it did.
    pub reason: Option<TripReason>,
    /// When.
    pub at: Instant,
}

/// What a breaker is for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BreakerScope {
    /// Calls of a method.
    Method(Method),
    /// Calls of all those methods that came after the first 1024, or that no IDL is known of and whose names have more than
    /// 256 bytes. They have a breaker together.
    OtherMethods,
    /// Calls to an endpoint.
    Endpoint {
        /// Its place among those of the client.
        place: usize,
        /// Its address; empty if no call has been sent there yet.
        address: Arc<str>,
    },
}

impl fmt::Display for BreakerScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method(method) => method.fmt(f),
            Self::OtherMethods => f.write_str("other methods"),
            Self::Endpoint { address, .. } => f.write_str(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_what_they_were_after_a_word() {
        let reasons = [
            TripReason::FailureRate { failed: 137, calls: 240 },
            TripReason::ConsecutiveFailures(MAX),
            TripReason::SlowCalls { slow: 1, calls: MAX },
            TripReason::Probe,
        ];
        for reason in reasons {
            assert_eq!(TripReason::from_word(reason.to_word()), reason);
        }
        let large = TripReason::FailureRate { failed: u32::MAX, calls: u32::MAX };
        let cut = TripReason::FailureRate { failed: MAX, calls: MAX };
        assert_eq!(TripReason::from_word(large.to_word()), cut);
    }

    #[test]
    fn times_are_told_in_seconds_or_milliseconds() {
        let told = [0, 1, 200, 999, 1000, 1101, 1200, 10_000].map(|ms| seconds(Duration::from_millis(ms)));
        assert_eq!(told, ["0 ms", "1 ms", "200 ms", "999 ms", "1 s", "1.2 s", "1.2 s", "10 s"]);
        assert_eq!(seconds(Duration::from_micros(1)), "1 ms");
    }
}
