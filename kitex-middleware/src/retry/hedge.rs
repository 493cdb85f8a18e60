//! Backup requests.

use std::time::Duration;

use kitex_core::SettingError;

/// A backup request: a call that has no answer yet is made once more beside itself, and the first good answer is the
/// answer.
///
/// Only calls that are idempotent are made twice. The request that has lost is given up as a dropped call is.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Hedge {
    /// How long an answer is waited for before.
    pub delay: HedgeDelay,
    /// Backup requests that a call may have, each so much after the last. 1.
    pub most: u32,
}

/// How long an answer is waited for before a backup request is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum HedgeDelay {
    /// So long; best the time that all but one call in a hundred take.
    After(Duration),
    /// As long as all but the slowest calls of this very method take, by what has been seen of the last few thousand:
    /// the 99th percentile makes a backup request of one call in a hundred. Until more than a hundred calls have been
    /// seen, there is none.
    Percentile {
        /// Above 0 and below 100.
        percentile: f64,
        /// Never sooner than this, however fast the method is.
        least: Duration,
    },
}

impl Hedge {
    /// A backup request after a fixed time.
    pub fn after(delay: Duration) -> Self {
        Self { delay: HedgeDelay::After(delay), most: 1 }
    }

    /// A backup request for the calls that take longer than a percentile of their method's, and no less than 1 ms.
    pub fn percentile(percentile: f64) -> Self {
        Self { delay: HedgeDelay::Percentile { percentile, least: Duration::from_millis(1) }, most: 1 }
    }

    pub(super) fn check(&self) -> Result<(), SettingError> {
        if self.most == 0 {
            return Err(SettingError::new("Hedge::most", "0 backup requests are RetryPolicy::hedge = None"));
        }
        match self.delay {
            HedgeDelay::After(Duration::ZERO) => {
                Err(SettingError::new("Hedge::delay", "without a delay each call is made twice"))
            }
            HedgeDelay::Percentile { percentile, .. } if !(percentile > 0.0 && percentile < 100.0) => {
                let text = format!("{percentile} is not above 0 and below 100");
                Err(SettingError::new("HedgeDelay::percentile", text))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused_by_name() {
        let mut none = Hedge::percentile(99.0);
        none.check().unwrap();
        none.most = 0;
        assert_eq!(none.check().unwrap_err().setting(), "Hedge::most");
        assert_eq!(Hedge::after(Duration::ZERO).check().unwrap_err().setting(), "Hedge::delay");
        for percentile in [0.0, 100.0, -1.0, 101.0, f64::NAN, f64::INFINITY] {
            let error = Hedge::percentile(percentile).check().unwrap_err();
            assert_eq!(error.setting(), "HedgeDelay::percentile", "{percentile}");
        }
    }
}
