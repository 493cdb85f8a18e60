//! Ids for traces and spans.

use std::num::NonZeroU64;

use crate::random::Random;

/// A source of ids. They are not secrets; they have to differ between processes and to be spread evenly.
#[derive(Debug)]
pub(super) struct Ids(Random);

impl Ids {
    pub(super) fn new() -> Self {
        Self(Random::new())
    }

    /// The id of a span.
    pub(super) fn span(&self) -> NonZeroU64 {
        loop {
            if let Some(id) = NonZeroU64::new(self.0.next()) {
                return id;
            }
        }
    }

    /// The ids of a trace and of the span at its root. Zero once in a long while, which is the id of none.
    pub(super) fn root(&self) -> (u128, u64) {
        let [high, low, span] = self.0.next_three();
        (u128::from(high) << 64 | u128::from(low), span)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_differ() {
        let (one, other) = (Ids::new(), Ids::new());
        let ids: HashSet<NonZeroU64> = (0..1000).flat_map(|_| [one.span(), other.span()]).collect();
        assert_eq!(ids.len(), 2000);
        let (root, next) = (one.root(), one.root());
        assert!(root.0 != next.0 && root.1 != next.1);
    }

    #[test]
    fn zero_is_no_id() {
        // The state before the step that ends at zero, which alone is mixed into zero.
        let ids = Ids(Random::seeded(0x9e37_79b9_7f4a_7c15_u64.wrapping_neg()));
        let next = Random::seeded(0).next();
        assert_eq!(ids.span().get(), next);
    }
}
