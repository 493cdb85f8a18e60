//! What a thread has done so far.

use std::cell::Cell;
use std::ops::{AddAssign, Sub};

use crate::places::{self, What};

/// What is counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Allocations, and blocks that were made larger or smaller.
    pub(crate) allocations: u64,
    /// Bytes of them.
    pub(crate) allocated: u64,
    /// Bytes that are held.
    pub(crate) held: i64,
    /// Bytes copied by the library's functions for it.
    pub(crate) copied: u64,
    /// System calls that read.
    pub(crate) reads: u64,
    /// System calls that write.
    pub(crate) writes: u64,
    /// System calls that wait.
    pub(crate) waits: u64,
}

thread_local! {
    // One by one: these are changed by functions that may not copy anything themselves.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
    static COPIED: Cell<u64> = const { Cell::new(0) };
    static READS: Cell<u64> = const { Cell::new(0) };
    static WRITES: Cell<u64> = const { Cell::new(0) };
    static WAITS: Cell<u64> = const { Cell::new(0) };
}

impl Counts {
    /// What this thread has done so far.
    pub(crate) fn now() -> Self {
        Self {
            allocations: ALLOCATIONS.get(),
            allocated: ALLOCATED.get(),
            held: HELD.get(),
            copied: COPIED.get(),
            reads: READS.get(),
            writes: WRITES.get(),
            waits: WAITS.get(),
        }
    }
}

/// What `work` does on this thread.
pub(crate) fn during(work: impl FnOnce()) -> Counts {
    let before = Counts::now();
    work();
    Counts::now() - before
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            allocations: self.allocations - before.allocations,
            allocated: self.allocated - before.allocated,
            held: self.held - before.held,
            copied: self.copied - before.copied,
            reads: self.reads - before.reads,
            writes: self.writes - before.writes,
            waits: self.waits - before.waits,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.allocations += more.allocations;
        self.allocated += more.allocated;
        self.held += more.held;
        self.copied += more.copied;
        self.reads += more.reads;
        self.writes += more.writes;
        self.waits += more.waits;
    }
}

pub(crate) fn allocated(bytes: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    ALLOCATED.set(ALLOCATED.get() + bytes as u64);
    HELD.set(HELD.get() + bytes as i64);
    places::note(What::Allocation, bytes);
}

pub(crate) fn freed(bytes: usize) {
    HELD.set(HELD.get() - bytes as i64);
}

pub(crate) fn copied(bytes: usize) {
    COPIED.set(COPIED.get() + bytes as u64);
    places::note(What::Copy, bytes);
}

pub(crate) fn read() {
    READS.set(READS.get() + 1);
}

pub(crate) fn written() {
    WRITES.set(WRITES.get() + 1);
}

pub(crate) fn waited() {
    WAITS.set(WAITS.get() + 1);
}
