//! A place among the calls that run, and how long it is held.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kitex_core::CallResult;

use super::{Found, Keyed};
use crate::guard::Held;

/// Calls that run.
#[derive(Debug, Default)]
pub struct Counter(AtomicU32);

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

/// A place among those of a [`Counter`], given back when it is dropped.
#[derive(Debug)]
pub enum Permit {
    One(Arc<Counter>),
    Slot(Arc<Keyed<Counter>>, usize),
}

impl Permit {
    /// A place, if fewer than `limit` are taken.
    pub(crate) fn enter(counter: Found<'_, Counter>, limit: u32) -> Option<Self> {
        counter.enter(limit).then(|| match counter {
            Found::One(counter) => Self::One(Arc::clone(counter)),
            Found::Slot(keyed, place) => Self::Slot(Arc::clone(keyed), place),
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self {
            Self::One(counter) => counter.leave(),
            Self::Slot(keyed, place) => keyed.at(*place).leave(),
        }
    }
}

impl Held for Permit {
    #[inline]
    fn answered(&mut self, _: &mut CallResult) -> bool {
        true
    }
}
