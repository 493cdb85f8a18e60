//! Ids for traces and spans.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of ids: splitmix64, begun where the standard library's random keys say. Ids are not secrets; they have to
/// differ between processes and to be spread evenly.
#[derive(Debug)]
pub(super) struct Ids(AtomicU64);

/// The step of splitmix64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Ids {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(RandomState::new().build_hasher().finish()))
    }

    /// The id of a span; never zero.
    pub(super) fn span(&self) -> u64 {
        loop {
            let id = mix(self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP));
            if id != 0 {
                return id;
            }
        }
    }

    /// The id of a trace; never zero.
    pub(super) fn trace(&self) -> u128 {
        u128::from(self.span()) << 64 | u128::from(self.span())
    }
}

fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_differ() {
        let (one, other) = (Ids::new(), Ids::new());
        let ids: HashSet<u64> = (0..1000).flat_map(|_| [one.span(), other.span()]).collect();
        assert_eq!(ids.len(), 2000);
        assert_ne!(one.trace(), one.trace());
    }

    #[test]
    fn zero_is_no_id() {
        // The state before the step that ends at zero, which alone is mixed into zero.
        let ids = Ids(AtomicU64::new(STEP.wrapping_neg()));
        assert_ne!(ids.span(), 0);
    }
}
