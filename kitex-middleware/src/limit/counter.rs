//! The calls that run beneath a limit.

use std::sync::atomic::{AtomicU32, Ordering};

/// Calls that run.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU32);

impl Counter {
    /// Counts one more, unless there are as many as `limit`.
    pub(crate) fn enter(&self, limit: u32) -> bool {
        let mut running = self.0.load(Ordering::Relaxed);
        loop {
            if running >= limit {
                return false;
            }
            match self.0.compare_exchange_weak(running, running + 1, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => running = now,
            }
        }
    }

    /// Counts one less. Once for each that has entered.
    pub(crate) fn leave(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) fn running(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}
