//! Random numbers for jitter, sampling and the choice of victims.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// splitmix64, shared by threads: spread evenly and cheap, and no secret. The same seed gives the same numbers.
#[derive(Debug)]
pub(crate) struct Random(AtomicU64);

/// The step of splitmix64.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// Begun where the standard library's random keys say.
    pub(crate) fn new() -> Self {
        Self::seeded(seed())
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(crate) fn next(&self) -> u64 {
        mix(self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP))
    }

    /// At least 0 and below 1.
    pub(crate) fn fraction(&self) -> f64 {
        // The 53 bits that a float holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Where to begin: by the random keys of the standard library, other ones each time.
#[cold]
pub(crate) fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The output of splitmix64 at a state.
#[inline]
pub(crate) fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_gives_others() {
        let numbers = |random: Random| (0..100).map(|_| random.next()).collect::<Vec<_>>();
        assert_eq!(numbers(Random::seeded(7)), numbers(Random::seeded(7)));
        assert_ne!(numbers(Random::seeded(7)), numbers(Random::seeded(8)));
        assert_ne!(numbers(Random::new()), numbers(Random::new()));
    }

    #[test]
    fn fractions_are_spread_evenly() {
        let random = Random::seeded(1);
        let mut tenths = [0_u32; 10];
        for _ in 0..1_000_000 {
            tenths[(random.fraction() * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (99_000..101_000).contains(count)), "{tenths:?}");
    }
}
