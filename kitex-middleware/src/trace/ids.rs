//! Ids for traces and spans.

use std::cell::Cell;
use std::num::NonZeroU64;

use crate::random::{self, STEP, mix};

/// The id of a span.
#[inline]
pub(super) fn span() -> NonZeroU64 {
    SOURCE.with(|source| NonZeroU64::new(source.next())).unwrap_or_else(span_again)
}

/// Zero is the id of none, and comes once in a long while.
#[cold]
fn span_again() -> NonZeroU64 {
    span()
}

/// The ids of a trace and of the span at its root. Zero once in a long while, which is the id of none.
#[inline]
pub(super) fn root() -> (u128, u64) {
    SOURCE.with(|source| {
        let [high, low, span] = [source.next(), source.next(), source.next()];
        (u128::from(high) << 64 | u128::from(low), span)
    })
}

/// Where the ids of one thread come from: splitmix64, begun anywhere. They are not secrets; they have to differ between
/// threads and processes and to be spread evenly. No thread meets another here, as it would at one source for all.
struct Source(Cell<u64>);

/// Of a source that has not begun yet.
const UNSEEDED: u64 = 0;

thread_local! {
    // Made without a check whether it is there: it needs no drop, and so is never gone.
    static SOURCE: Source = const { Source(Cell::new(UNSEEDED)) };
}

impl Source {
    #[inline]
    fn next(&self) -> u64 {
        let state = match self.0.get() {
            // One that comes back to where it was unseeded begins anew, which harms nobody.
            UNSEEDED => random::seed(),
            state => state,
        };
        let state = state.wrapping_add(STEP);
        self.0.set(state);
        mix(state)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_differ_within_a_thread_and_between_threads() {
        let take = || (0..1000).map(|_| span()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(take)).collect();
        let mut ids: HashSet<NonZeroU64> = take().into_iter().collect();
        ids.extend(threads.into_iter().flat_map(|thread| thread.join().unwrap()));
        assert_eq!(ids.len(), 5000);
        let (one, next) = (root(), root());
        assert!(one.0 != next.0 && one.1 != next.1);
    }

    #[test]
    fn zero_is_no_id() {
        let next = {
            let source = Source(Cell::new(STEP.wrapping_neg()));
            // Zero is the one state that is mixed into zero; behind it the source begins anew.
            assert_eq!(source.next(), 0);
            source.0.get()
        };
        assert_eq!(next, UNSEEDED);
        SOURCE.with(|source| source.0.set(STEP.wrapping_neg()));
        assert_ne!(span().get(), 0);
    }
}
