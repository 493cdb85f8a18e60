//! How long calls of a method take: a percentile of it, while it changes.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// A histogram of times with buckets that are an eighth of a power of two wide, from microseconds to more than an hour:
/// a percentile read from it is at most an eighth too high. A kilobyte, whatever comes.
///
/// When it has counted [`MANY`], all counts are halved, so that it follows what changes: what came before the last
/// two times [`MANY`] has next to no weight.
#[derive(Debug)]
pub(super) struct Latency {
    percentile: f64,
    buckets: [AtomicU32; BUCKETS],
    count: AtomicU32,
    /// The percentile, in microseconds, as of the last time that it was looked for; 0 as long as too little is known.
    found: AtomicU64,
}

/// Parts that a power of two is split into: 2 to this power.
const PARTS: u32 = 3;

const BUCKETS: usize = 256;

/// Counts at which all are halved.
const MANY: u32 = 4096;

/// After so many more the percentile is looked for again.
const STEP: u32 = 64;

/// Fewer say nothing of a percentile.
const FEW: u32 = 128;

impl Latency {
    pub(super) fn new(percentile: f64) -> Self {
        let buckets = [const { AtomicU32::new(0) }; BUCKETS];
        Self { percentile, buckets, count: AtomicU32::new(0), found: AtomicU64::new(0) }
    }

    /// The percentile; `None` as long as too few calls have ended.
    pub(super) fn percentile(&self) -> Option<Duration> {
        match self.found.load(Ordering::Relaxed) {
            0 => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }

    pub(super) fn record(&self, time: Duration) {
        self.buckets[bucket(time)].fetch_add(1, Ordering::Relaxed);
        let count = self.count.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if count >= FEW && count.is_multiple_of(STEP) {
            self.find(count >= MANY);
        }
    }

    /// Looks for the percentile; `halves` makes room for newer times first.
    fn find(&self, halves: bool) {
        if halves {
            self.halve();
        }
        let counts: [u32; BUCKETS] = std::array::from_fn(|at| self.buckets[at].load(Ordering::Relaxed));
        let sum: u64 = counts.iter().map(|count| u64::from(*count)).sum();
        let rank = (sum as f64 * self.percentile / 100.0).ceil().max(1.0) as u64;
        let mut below = 0_u64;
        let at = counts.iter().position(|count| {
            below += u64::from(*count);
            below >= rank
        });
        if let Some(at) = at {
            self.found.store(ceiling(at), Ordering::Relaxed);
        }
    }

    /// What others add meanwhile stays.
    fn halve(&self) {
        let mut left = 0_u32;
        for bucket in &self.buckets {
            let count = bucket.load(Ordering::Relaxed);
            // Two threads that halve at once must not take more than there is.
            let taken = bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| Some(count / 2));
            left = left.wrapping_add(taken.unwrap_or(count) / 2);
        }
        self.count.store(left - left % STEP, Ordering::Relaxed);
    }
}

fn bucket(time: Duration) -> usize {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    if micros < 1 << PARTS {
        return micros as usize;
    }
    let power = micros.ilog2();
    let part = (micros >> (power - PARTS)) & ((1 << PARTS) - 1);
    let bucket = (u64::from(power - PARTS + 1) << PARTS) + part;
    usize::try_from(bucket).map_or(BUCKETS - 1, |bucket| bucket.min(BUCKETS - 1))
}

/// The microseconds that the times of a bucket are below.
fn ceiling(bucket: usize) -> u64 {
    let (row, part) = (bucket as u64 >> PARTS, bucket as u64 & ((1 << PARTS) - 1));
    match row {
        0 => part + 1,
        _ => ((1 << PARTS) + part + 1) << (row - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn each_time_is_below_the_ceiling_of_its_bucket_by_an_eighth_at_most() {
        for power in 0..32 {
            for micros in [1_u64 << power, (1 << power) + (1 << power) / 3, (2 << power) - 1] {
                let ceiling = ceiling(bucket(Duration::from_micros(micros)));
                assert!(micros < ceiling && ceiling <= micros + micros / 8 + 1, "{micros} {ceiling}");
            }
        }
        for far in [Duration::from_secs(1 << 20), Duration::MAX] {
            assert_eq!(bucket(far), BUCKETS - 1);
        }
    }

    #[test]
    fn a_percentile_is_found_once_enough_is_known() {
        let (latency, random) = (Latency::new(99.0), Random::seeded(5));
        for at in 0..10_000 {
            if at < FEW - 1 {
                assert_eq!(latency.percentile(), None, "{at}");
            }
            latency.record(Duration::from_secs_f64(random.fraction() / 10.0));
        }
        let found = latency.percentile().unwrap();
        assert!((Duration::from_millis(97)..Duration::from_millis(113)).contains(&found), "{found:?}");
    }

    #[test]
    fn it_follows_what_changes() {
        let latency = Latency::new(90.0);
        let after = |calls: u32, millis| {
            (0..calls).for_each(|_| latency.record(Duration::from_millis(millis)));
            latency.percentile().unwrap().as_millis()
        };
        assert!((10..12).contains(&after(100_000, 10)));
        assert!((100..113).contains(&after(MANY, 100)), "slower at once");
        assert!((10..12).contains(&after(5 * MANY, 10)), "and faster after a while");
    }

    #[test]
    fn threads_that_halve_at_once_lose_nothing_else() {
        let latency = Latency::new(50.0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50_000).for_each(|_| latency.record(Duration::from_millis(10))));
            }
        });
        let sum: u32 = latency.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum();
        assert!(sum <= 2 * MANY, "{sum}");
        assert!((10..12).contains(&latency.percentile().unwrap().as_millis()));
    }
}
