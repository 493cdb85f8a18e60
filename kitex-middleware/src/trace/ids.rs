//! Ids for traces and spans.

use crate::random::Random;

/// A source of ids. They are not secrets; they have to differ between processes and to be spread evenly.
#[derive(Debug)]
pub(super) struct Ids(Random);

impl Ids {
    pub(super) fn new() -> Self {
        Self(Random::new())
    }

    /// The id of a span; never zero.
    pub(super) fn span(&self) -> u64 {
        loop {
            let id = self.0.next();
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
        let ids = Ids(Random::seeded(0x9e37_79b9_7f4a_7c15_u64.wrapping_neg()));
        assert_ne!(ids.span(), 0);
    }
}
