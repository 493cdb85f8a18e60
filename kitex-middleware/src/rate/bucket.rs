//! A bucket of tokens that fills with time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::limit::OUT_OF_ORDER;

/// Parts of a nanosecond that time is counted in, so that a hundred million tokens a second are exact to a hundredth.
const PARTS: u64 = 16;

/// More tokens a second than any limit can mean.
pub(super) const MAX_RATE: f64 = 100e6;

/// The longest that a bucket may take to fill, in nanoseconds: ten years, well inside of what is counted.
const MAX_FILL: f64 = 10.0 * 365.0 * 86_400.0 * 1e9;

/// A token bucket, kept as the moment at which it will be full: each token that is taken moves that on by what it takes
/// for one to come (the generic cell rate algorithm).
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    full_at: AtomicU64,
    /// The latest time that a call has shown. One that is older takes its tokens at this time.
    seen: AtomicU64,
}

/// How fast buckets fill, and how much is in a full one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Time for one token.
    interval: u64,
    /// Time from empty to full.
    fill: u64,
}

impl Pace {
    /// `rate` tokens a second, of which a full bucket has `burst`. `None` if a bucket took longer than years to fill.
    pub(crate) fn new(rate: f64, burst: u32) -> Option<Self> {
        let interval = 1e9 / rate;
        if interval * f64::from(burst) > MAX_FILL {
            return None;
        }
        let interval = (interval * PARTS as f64).round() as u64;
        Some(Self { interval, fill: interval * u64::from(burst) })
    }

    /// Takes a token at `now`, in nanoseconds, as which a call has its time; `clock` is asked if that is long ago. Errors,
    /// with the time until there is a token, if there is none.
    pub(crate) fn take(self, bucket: &Bucket, now: u64, clock: impl FnOnce() -> u64) -> Result<(), Duration> {
        let now = bucket.see(parts(now), clock);
        let mut full_at = bucket.full_at.load(Ordering::Relaxed);
        loop {
            let next = full_at.max(now).saturating_add(self.interval);
            let late = (next - now).saturating_sub(self.fill);
            if late > 0 {
                // A full bucket is never further away than one token; another thread may be setting it back.
                return Err(Duration::from_nanos(late.min(self.interval).div_ceil(PARTS)));
            }
            match bucket.full_at.compare_exchange_weak(full_at, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(changed) => full_at = changed,
            }
        }
    }

    /// Tokens that are there at `now`, in nanoseconds.
    pub(crate) fn tokens(self, bucket: &Bucket, now: u64) -> u64 {
        let now = parts(now).max(bucket.seen.load(Ordering::Relaxed));
        let missing = bucket.full_at.load(Ordering::Relaxed).saturating_sub(now);
        self.fill.saturating_sub(missing) / self.interval
    }
}

impl Bucket {
    /// True if it is full at `now`, in nanoseconds: then it is as good as a new one.
    pub(crate) fn is_full(&self, now: u64) -> bool {
        let now = parts(now).max(self.seen.load(Ordering::Relaxed));
        self.full_at.load(Ordering::Relaxed) <= now
    }

    /// The time to take tokens at: never earlier than one that was seen, unless that was wrong.
    fn see(&self, now: u64, clock: impl FnOnce() -> u64) -> u64 {
        let seen = self.seen.load(Ordering::Relaxed);
        if now >= seen {
            self.seen.fetch_max(now, Ordering::Relaxed);
            return now;
        }
        let bound = parts(u64::try_from(OUT_OF_ORDER.as_nanos()).unwrap_or(u64::MAX));
        if seen - now <= bound {
            return seen;
        }
        // Either the clock was wrong, or the call has waited for long since it had its time.
        let now = parts(clock());
        if seen.saturating_sub(now) > bound { self.set_back(seen, now) } else { seen }
    }

    /// Goes on at `now` with the tokens that were there at `seen`.
    #[cold]
    fn set_back(&self, seen: u64, now: u64) -> u64 {
        if self.seen.compare_exchange(seen, now, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            let back = |full_at: u64| Some(now.saturating_add(full_at.saturating_sub(seen)));
            let _ = self.full_at.fetch_update(Ordering::AcqRel, Ordering::Relaxed, back);
        }
        now
    }
}

fn parts(nanos: u64) -> u64 {
    nanos.saturating_mul(PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const HOUR: u64 = 3600 * SECOND;

    fn taken(pace: Pace, bucket: &Bucket, now: u64) -> usize {
        (0..100_000).take_while(|_| pace.take(bucket, now, || now).is_ok()).count()
    }

    #[test]
    fn a_bucket_begins_full_and_fills_at_its_rate_up_to_its_burst() {
        let (pace, bucket) = (Pace::new(10.0, 5).unwrap(), Bucket::default());
        assert_eq!(taken(pace, &bucket, 0), 5);
        assert_eq!(pace.take(&bucket, 0, || 0), Err(Duration::from_millis(100)));
        assert_eq!(pace.take(&bucket, SECOND / 50, || 0), Err(Duration::from_millis(80)));
        assert_eq!(taken(pace, &bucket, SECOND / 10), 1);
        assert_eq!(taken(pace, &bucket, SECOND / 10 * 4 - 1), 2);
        assert_eq!(pace.tokens(&bucket, SECOND), 5, "no more than its burst");
        assert_eq!(taken(pace, &bucket, HOUR), 5);
    }

    #[test]
    fn rates_are_kept_over_time_however_fast() {
        for (rate, steps) in [(0.5, 40), (3.0, 1_000), (1e6, 1_000_000), (99e6, 1_000)] {
            let (pace, bucket) = (Pace::new(rate, 1).unwrap(), Bucket::default());
            let step = (20.0 * 1e9 / rate / 10.0) as u64;
            let taken = (0..steps).filter(|at| pace.take(&bucket, at * step, || 0).is_ok()).count() as f64;
            // Two tokens come in each step, and a bucket has room for one.
            assert!((taken - steps as f64).abs() <= 0.02 * steps as f64, "{rate}: {taken} in {steps} steps");
            let (bucket, step) = (Bucket::default(), (1e9 / rate / 10.0).max(1.0));
            let time = |at: u64| (at as f64 * step) as u64;
            let taken =
                (0..10 * steps).filter(|at| pace.take(&bucket, time(*at), || 0).is_ok()).count() as f64;
            let expected = time(10 * steps) as f64 / 1e9 * rate;
            assert!((taken / expected - 1.0).abs() < 0.1, "{rate}: {taken} of {expected}");
        }
    }

    #[test]
    fn time_that_goes_backwards_gives_no_tokens_and_takes_none() {
        for back in [1, SECOND, 9 * SECOND, 11 * SECOND, HOUR, 2 * HOUR] {
            let (pace, bucket) = (Pace::new(10.0, 10).unwrap(), Bucket::default());
            for _ in 0..4 {
                pace.take(&bucket, 2 * HOUR, || 2 * HOUR).unwrap();
            }
            assert_eq!(taken(pace, &bucket, 2 * HOUR - back), 6, "{back}");
            assert_eq!(taken(pace, &bucket, 2 * HOUR - back), 0, "{back}");
        }
    }

    #[test]
    fn a_call_that_has_waited_for_long_gives_no_tokens() {
        let (pace, bucket) = (Pace::new(10.0, 10).unwrap(), Bucket::default());
        assert_eq!(taken(pace, &bucket, HOUR), 10);
        assert!(pace.take(&bucket, HOUR - 11 * SECOND, || HOUR).is_err());
        assert_eq!(taken(pace, &bucket, HOUR), 0);
        assert_eq!(taken(pace, &bucket, HOUR + SECOND / 2), 5);
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_moment_is_forgotten() {
        let (pace, bucket) = (Pace::new(10.0, 10).unwrap(), Bucket::default());
        assert_eq!(taken(pace, &bucket, SECOND), 10);
        assert_eq!(taken(pace, &bucket, 1000 * HOUR), 10);
        assert_eq!(taken(pace, &bucket, 2 * SECOND), 0);
        assert_eq!(taken(pace, &bucket, 2 * SECOND + SECOND / 2), 5);
    }

    #[test]
    fn threads_that_meet_at_a_bucket_take_no_token_twice() {
        let (pace, bucket) = (Pace::new(1.0, 10_000).unwrap(), Bucket::default());
        let taken: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| taken(pace, &bucket, SECOND))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, 10_000);
    }
}
