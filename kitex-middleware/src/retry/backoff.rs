//! The pause before a call is made once more.

use std::time::Duration;

use kitex_core::SettingError;

use crate::random::Random;

/// The pause between a failed attempt and the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BackOff {
    /// None: the next attempt goes to another endpoint, if there is one.
    #[default]
    None,
    /// Always the same.
    Fixed(Duration),
    /// Anything from `least` to `most`.
    Random {
        /// The shortest pause.
        least: Duration,
        /// The longest pause.
        most: Duration,
    },
    /// Anything from nothing to `first` after the first failure, to twice that after the second, and so on, to `most`:
    /// exponential, with full jitter.
    Exponential {
        /// The longest pause after the first failure.
        first: Duration,
        /// The longest pause at all.
        most: Duration,
    },
}

impl BackOff {
    /// Errors if the pauses make no sense.
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let reason = match *self {
            Self::Fixed(Duration::ZERO) => "a fixed pause of nothing is BackOff::None",
            Self::Random { least, most } if least >= most => "the shortest pause is not below the longest",
            Self::Exponential { first: Duration::ZERO, .. } => "pauses that begin with nothing never grow",
            Self::Exponential { first, most } if first > most => "the first pause is above the longest",
            _ => return Ok(()),
        };
        Err(SettingError::new("RetryPolicy::back_off", reason))
    }

    /// The pause after so many failures of a call.
    pub(super) fn pause(&self, failures: u32, random: &Random) -> Duration {
        match *self {
            Self::None => Duration::ZERO,
            Self::Fixed(pause) => pause,
            Self::Random { least, most } => {
                least.saturating_add(part(most.saturating_sub(least), random.fraction()))
            }
            Self::Exponential { first, most } => {
                let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
                part(first.saturating_mul(doubled).min(most), random.fraction())
            }
        }
    }
}

/// A fraction below 1 of a time, without the overflow that `mul_f64` panics on.
fn part(time: Duration, fraction: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * fraction).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn pauses(back_off: BackOff, failures: u32) -> (Duration, Duration) {
        let random = Random::seeded(3);
        let pauses = || (0..1000).map(|_| back_off.pause(failures, &random));
        (pauses().min().unwrap(), pauses().max().unwrap())
    }

    #[test]
    fn pauses_fill_their_range() {
        assert_eq!(pauses(BackOff::None, 1), (Duration::ZERO, Duration::ZERO));
        assert_eq!(pauses(BackOff::Fixed(7 * MS), 9), (7 * MS, 7 * MS));
        let (least, most) = pauses(BackOff::Random { least: 10 * MS, most: 20 * MS }, 1);
        assert!((10 * MS..=11 * MS).contains(&least) && (19 * MS..=20 * MS).contains(&most));
        let exponential = BackOff::Exponential { first: 10 * MS, most: 35 * MS };
        for (failures, ceiling) in [(1, 10), (2, 20), (3, 35), (u32::MAX, 35)] {
            let (least, most) = pauses(exponential, failures);
            assert!(
                least < MS && most <= ceiling * MS && most > ceiling * MS * 9 / 10,
                "{failures}: {most:?}"
            );
        }
    }

    #[test]
    fn nonsense_is_refused_and_the_extremes_do_not_overflow() {
        let (zero, far) = (Duration::ZERO, Duration::MAX);
        let refused = [
            BackOff::Fixed(zero),
            BackOff::Random { least: MS, most: MS },
            BackOff::Random { least: 2 * MS, most: MS },
            BackOff::Exponential { first: zero, most: MS },
            BackOff::Exponential { first: 2 * MS, most: MS },
        ];
        for back_off in refused {
            assert_eq!(back_off.check().unwrap_err().setting(), "RetryPolicy::back_off", "{back_off:?}");
        }
        for back_off in [
            BackOff::Fixed(far),
            BackOff::Random { least: zero, most: far },
            BackOff::Exponential { first: far, most: far },
        ] {
            back_off.check().unwrap();
            pauses(back_off, 64);
        }
    }
}
