//! Counters that every call adds to.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::shard::{MAX_SHARDS as SHARDS, shard};

/// What is passed on at once where a sum is summed further.
pub(super) const CHUNK: u64 = 8;

/// A sum that threads add to without meeting on a cache line, as long as there are no more of them than shards.
#[derive(Debug, Default)]
pub(super) struct Counter([Shard; SHARDS]);

/// On a line of its own; processors fetch lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(AtomicU64);

impl Counter {
    /// True each time that a shard has grown by [`CHUNK`].
    pub(super) fn add_one(&self) -> bool {
        let before = self.0[shard() % SHARDS].0.fetch_add(1, Ordering::Relaxed);
        before % CHUNK == CHUNK - 1
    }

    pub(super) fn add(&self, more: u64) {
        self.0[shard() % SHARDS].0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum, shard| sum.wrapping_add(shard.0.load(Ordering::Relaxed)))
    }

    /// The sum, which is nothing afterwards: what is added is taken once.
    pub(super) fn take(&self) -> u64 {
        let filled = self.0.iter().filter(|shard| shard.0.load(Ordering::Relaxed) > 0);
        filled.fold(0, |sum, shard| sum.wrapping_add(shard.0.swap(0, Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_add_is_summed_and_taken_once() {
        let counter = Counter::default();
        let taken = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..SHARDS + 2)
                .map(|_| {
                    scope.spawn(|| {
                        let chunks = (0..1000).filter(|_| counter.add_one()).count();
                        assert!(chunks > 0);
                        counter.take()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>()
        });
        assert_eq!(taken + counter.sum(), 1000 * (SHARDS as u64 + 2));
        counter.add(1);
        assert_eq!((counter.take() >= 1, counter.sum()), (true, 0));
    }
}
