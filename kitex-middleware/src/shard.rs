//! Where threads count, so that they do not meet on a cache line.

use std::cell::Cell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More shards are not worth the time of summing them up.
pub(crate) const MAX_SHARDS: usize = 8;

/// In how many shards threads count: as many as can run at a time, at most [`MAX_SHARDS`], and a power of two.
pub(crate) fn shards() -> usize {
    static SHARDS: LazyLock<usize> = LazyLock::new(|| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        threads.next_power_of_two().min(MAX_SHARDS)
    });
    *SHARDS
}

/// The number of this thread, of which the low bits are its shard: threads take turns.
#[inline]
pub(crate) fn shard() -> usize {
    thread_local! {
        // Made without a check whether it is there: it needs no drop, and so is never gone.
        static SHARD: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    match SHARD.get() {
        usize::MAX => {
            let next = next();
            SHARD.set(next);
            next
        }
        shard => shard,
    }
}

#[cold]
fn next() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed) % (1 << 16)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_thread_keeps_its_shard_and_each_has_another() {
        let thread = || (shard(), shard());
        let shards: HashSet<usize> = (0..MAX_SHARDS)
            .map(|_| {
                let (first, second) = std::thread::spawn(thread).join().unwrap();
                assert_eq!(first, second);
                first
            })
            .collect();
        assert_eq!(shards.len(), MAX_SHARDS);
    }
}
