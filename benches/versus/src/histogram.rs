//! Latencies in buckets whose width grows with the value.

use std::time::Duration;

/// Buckets within each power of two: a quantile is off by at most one part in 32.
const SUBDIVISIONS: usize = 1 << SUBDIVISION_BITS;
const SUBDIVISION_BITS: u32 = 5;
/// Powers of two told apart: the last bucket takes everything from about 69 s on.
const POWERS: usize = 36;

/// Counts of nanoseconds; recording touches one counter.
#[derive(Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; SUBDIVISIONS * POWERS] }
    }
}

impl Histogram {
    /// Counts one latency.
    pub(crate) fn record(&mut self, latency: Duration) {
        let index = index(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
        self.counts[index.min(SUBDIVISIONS * POWERS - 1)] += 1;
    }

    /// Adds the counts of another histogram.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }

    /// Returns how many latencies were counted.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the latency in microseconds that this share of all calls did not exceed.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let rank = (self.count() as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(index) / 1_000.0;
            }
        }
        0.0
    }
}

fn index(nanoseconds: u64) -> usize {
    if nanoseconds < SUBDIVISIONS as u64 {
        return nanoseconds as usize;
    }
    let power = nanoseconds.ilog2() - SUBDIVISION_BITS;
    let within = (nanoseconds >> power) as usize - SUBDIVISIONS;
    (power as usize + 1) * SUBDIVISIONS + within
}

/// Returns the middle of a bucket in nanoseconds.
fn middle(index: usize) -> f64 {
    if index < SUBDIVISIONS {
        return index as f64;
    }
    let power = index / SUBDIVISIONS - 1;
    let within = index % SUBDIVISIONS + SUBDIVISIONS;
    (within as f64 + 0.5) * (1u64 << power) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_no_wider_than_one_part_in_32() {
        for value in (0..200_000u64).step_by(7) {
            let off = (middle(index(value)) - value as f64).abs();
            assert!(off <= value as f64 / 32.0, "{value} is filed {off} away");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_recorded_latencies() {
        let mut low = Histogram::default();
        let mut high = Histogram::default();
        for micros in 1..=500 {
            low.record(Duration::from_micros(micros));
            high.record(Duration::from_micros(500 + micros));
        }
        low.merge(&high);
        assert_eq!(low.count(), 1_000);
        assert!((low.quantile(0.5) - 500.0).abs() < 16.0, "{}", low.quantile(0.5));
        assert!((low.quantile(0.99) - 990.0).abs() < 31.0, "{}", low.quantile(0.99));
    }

    #[test]
    fn a_latency_beyond_the_last_bucket_is_kept_in_it() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::MAX);
        assert_eq!(histogram.count(), 1);
        assert!(histogram.quantile(0.99) > 60_000_000.0);
    }
}
