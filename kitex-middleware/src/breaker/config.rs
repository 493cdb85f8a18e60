//! When a breaker opens, for how long, and how it closes again.

use std::time::Duration;

use kitex_core::SettingError;

/// More buckets than this are no better a window, and cost memory for each method.
pub(super) const MAX_BUCKETS: usize = 10_000;

/// The longest time that a setting can ask for: a breaker that is open for longer is a configuration.
const MAX_TIME: Duration = Duration::from_secs(24 * 3600);

/// What the counters of trial calls hold.
const MAX_PROBES: u32 = 1 << 20;

/// When a breaker opens, for how long, and how it closes again.
///
/// The defaults are Kitex's:
///
/// | setting | default | in Kitex |
/// |---|---|---|
/// | [`bucket`](Self::bucket) | 100 ms | `BucketTime` |
/// | [`buckets`](Self::buckets) | 100 | `BucketNums` |
/// | [`failure_rate`](Self::failure_rate) | 0.5 | `ErrRate` |
/// | [`min_samples`](Self::min_samples) | 200 | `MinSample` |
/// | [`consecutive_failures`](Self::consecutive_failures) | none | `ConsecutiveTripFunc`, not used by its suite |
/// | [`slow_call`](Self::slow_call) | none | not there |
/// | [`open_for`](Self::open_for) | 5 s | `CoolingTimeout` |
/// | [`probe_interval`](Self::probe_interval) | 200 ms | `DetectTimeout` |
/// | [`probe_successes`](Self::probe_successes) | 2 | `HalfOpenSuccesses` |
/// | [`probes`](Self::probes) | 2 | not bounded: as many as there are intervals |
///
/// ```
/// use kitex_middleware::{BreakerConfig, BreakerLayer};
///
/// let mut config = BreakerConfig::default();
/// config.failure_rate = 0.3;
/// let layer = BreakerLayer::new(config.clone())?;
///
/// config.failure_rate = f64::NAN;
/// let error = BreakerLayer::new(config).unwrap_err();
/// assert_eq!(error.to_string(), "BreakerConfig::failure_rate: NaN is no share: more than 0, at most 1");
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BreakerConfig {
    /// The time that one bucket of the window counts.
    pub bucket: Duration,
    /// Buckets of the window; what happened in the times of all of them together is judged.
    pub buckets: usize,
    /// Opens when this share of the window's calls has failed: more than 0, at most 1.
    pub failure_rate: f64,
    /// Calls in the window from which on its shares are judged.
    pub min_samples: u32,
    /// Opens when so many calls in a row have failed, however few there are.
    pub consecutive_failures: Option<u32>,
    /// Opens when this share of the window's calls took longer than this.
    pub slow_call: Option<(Duration, f64)>,
    /// How long an open breaker refuses all calls.
    pub open_for: Duration,
    /// The least time between the trial calls of a half-open breaker.
    pub probe_interval: Duration,
    /// Trial calls under way at a time. One that has no outcome for the time of `open_for` no longer counts.
    pub probes: u32,
    /// Trial calls that must succeed before the breaker closes. One that fails opens it again.
    pub probe_successes: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            bucket: Duration::from_millis(100),
            buckets: 100,
            failure_rate: 0.5,
            min_samples: 200,
            consecutive_failures: None,
            slow_call: None,
            open_for: Duration::from_secs(5),
            probe_interval: Duration::from_millis(200),
            probes: 2,
            probe_successes: 2,
        }
    }
}

impl BreakerConfig {
    /// The time that is judged.
    pub(super) fn window(&self) -> Duration {
        self.bucket.saturating_mul(u32::try_from(self.buckets).unwrap_or(u32::MAX))
    }

    /// Errors if a setting makes no sense.
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let millisecond = Duration::from_millis(1);
        time("BreakerConfig::bucket", self.bucket, millisecond)?;
        count("BreakerConfig::buckets", self.buckets, MAX_BUCKETS)?;
        share("BreakerConfig::failure_rate", self.failure_rate)?;
        count("BreakerConfig::min_samples", self.min_samples as usize, u32::MAX as usize)?;
        let in_a_row = self.consecutive_failures.unwrap_or(1);
        count("BreakerConfig::consecutive_failures", in_a_row as usize, u32::MAX as usize)?;
        if let Some((slow, of_calls)) = self.slow_call {
            time("BreakerConfig::slow_call", slow, Duration::from_nanos(1))?;
            share("BreakerConfig::slow_call", of_calls)?;
        }
        time("BreakerConfig::open_for", self.open_for, millisecond)?;
        time("BreakerConfig::probe_interval", self.probe_interval, Duration::ZERO)?;
        count("BreakerConfig::probes", self.probes as usize, MAX_PROBES as usize)?;
        count("BreakerConfig::probe_successes", self.probe_successes as usize, MAX_PROBES as usize)
    }
}

fn time(setting: &'static str, time: Duration, least: Duration) -> Result<(), SettingError> {
    if (least..=MAX_TIME).contains(&time) {
        return Ok(());
    }
    Err(SettingError::new(setting, format!("{time:?} is not between {least:?} and {MAX_TIME:?}")))
}

fn count(setting: &'static str, count: usize, most: usize) -> Result<(), SettingError> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    Err(SettingError::new(setting, format!("{count} is not between 1 and {most}")))
}

fn share(setting: &'static str, share: f64) -> Result<(), SettingError> {
    // A NaN is in no range.
    if share > 0.0 && share <= 1.0 {
        return Ok(());
    }
    Err(SettingError::new(setting, format!("{share} is no share: more than 0, at most 1")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_window_is_a_hundred_buckets_of_100_ms() {
        let config = BreakerConfig::default();
        assert_eq!((config.bucket, config.buckets, config.window()), (100 * MS, 100, 10_000 * MS));
    }

    #[test]
    fn half_of_200_calls_open_a_breaker_and_nothing_else_does() {
        let config = BreakerConfig::default();
        assert_eq!((config.failure_rate, config.min_samples), (0.5, 200));
        assert_eq!((config.consecutive_failures, config.slow_call), (None, None));
    }

    #[test]
    fn an_open_breaker_is_tried_after_5_s_every_200_ms_and_closed_by_2_successes() {
        let config = BreakerConfig::default();
        assert_eq!((config.open_for, config.probe_interval), (5000 * MS, 200 * MS));
        assert_eq!((config.probes, config.probe_successes), (2, 2));
    }

    /// The setting that is refused after `change`.
    fn refused(change: impl FnOnce(&mut BreakerConfig)) -> &'static str {
        let mut config = BreakerConfig::default();
        assert_eq!(config.check(), Ok(()));
        change(&mut config);
        config.check().unwrap_err().setting()
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_by_name() {
        for bucket in [Duration::ZERO, Duration::MAX] {
            assert_eq!(refused(|config| config.bucket = bucket), "BreakerConfig::bucket");
            assert_eq!(refused(|config| config.open_for = bucket), "BreakerConfig::open_for");
            let slow = Some((bucket, 0.5));
            assert_eq!(refused(|config| config.slow_call = slow), "BreakerConfig::slow_call");
        }
        for buckets in [0, MAX_BUCKETS + 1, usize::MAX] {
            assert_eq!(refused(|config| config.buckets = buckets), "BreakerConfig::buckets");
        }
        for share in [0.0, -0.5, 1.01, 50.0, f64::NAN, f64::INFINITY] {
            assert_eq!(refused(|config| config.failure_rate = share), "BreakerConfig::failure_rate");
            let slow = Some((MS, share));
            assert_eq!(refused(|config| config.slow_call = slow), "BreakerConfig::slow_call");
        }
        assert_eq!(refused(|config| config.min_samples = 0), "BreakerConfig::min_samples");
        let none = Some(0);
        let setting = refused(|config| config.consecutive_failures = none);
        assert_eq!(setting, "BreakerConfig::consecutive_failures");
        let setting = refused(|config| config.probe_interval = Duration::MAX);
        assert_eq!(setting, "BreakerConfig::probe_interval");
        for probes in [0, u32::MAX] {
            assert_eq!(refused(|config| config.probes = probes), "BreakerConfig::probes");
            let setting = refused(|config| config.probe_successes = probes);
            assert_eq!(setting, "BreakerConfig::probe_successes");
        }
    }
}
