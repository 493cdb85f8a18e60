//! Numbers that many threads add to without meeting: each thread has a cell of its own.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Threads that have cells of their own at a time: the bits of `TAKEN`. Those beyond share one.
const OWN: usize = 32;

static TAKEN: AtomicU32 = AtomicU32::new(0);

/// Of a thread that has not asked for a place yet.
const UNKNOWN: usize = usize::MAX;

thread_local! {
    // Made without a check whether it is there: it needs no drop, and so is never gone.
    static PLACE: Cell<usize> = const { Cell::new(UNKNOWN) };

    static OWNED: Owned = Owned::take();
}

/// The place of one thread, free again when that ends.
struct Owned(usize);

impl Owned {
    fn take() -> Self {
        let free = |taken: u32| (taken != u32::MAX).then(|| taken | (taken + 1));
        // Acquire: what the place's last owner has stored is seen by the next, who adds to it.
        let before = TAKEN.fetch_update(Ordering::Acquire, Ordering::Relaxed, free);
        Self(before.map_or(OWN, |taken| taken.trailing_ones() as usize))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // What the thread adds after this, it adds as one of many.
        PLACE.set(OWN);
        if self.0 < OWN {
            TAKEN.fetch_and(!(1 << self.0), Ordering::Release);
        }
    }
}

#[cold]
fn take_place() -> usize {
    let place = OWNED.try_with(|owned| owned.0).unwrap_or(OWN);
    PLACE.set(place);
    place
}

/// One `T` for each thread that came by, and one that the rest shares.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Cells<T: ?Sized> {
    own: [OnceLock<Box<T>>; OWN],
    shared: OnceLock<Box<T>>,
}

impl<T: ?Sized> Cells<T> {
    pub(super) const fn new() -> Self {
        Self { own: [const { OnceLock::new() }; OWN], shared: OnceLock::new() }
    }

    /// Adds to the cell of this thread, made when it comes first.
    #[inline]
    pub(super) fn add(&self, make: impl FnOnce() -> Box<T>, add: impl FnOnce(&T, Writer)) {
        // Nearly every thread has been here before.
        match self.own() {
            Some(cell) => add(cell, Writer::Only),
            None => self.add_first(make, add),
        }
    }

    /// The cell of this thread, if it has been here before.
    #[inline(always)]
    pub(super) fn own(&self) -> Option<&T> {
        Some(self.own.get(PLACE.get())?.get()?)
    }

    /// Adds to the cell of this thread, be it that it comes first or that it has none of its own.
    #[cold]
    pub(super) fn add_first(&self, make: impl FnOnce() -> Box<T>, add: impl FnOnce(&T, Writer)) {
        let place = if PLACE.get() == UNKNOWN { take_place() } else { PLACE.get() };
        match self.own.get(place) {
            Some(cell) => add(cell.get_or_init(make), Writer::Only),
            None => add(self.shared.get_or_init(make), Writer::OneOfMany),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.own.iter().chain([&self.shared]).filter_map(OnceLock::get).map(Box::as_ref)
    }
}

/// Who adds to a cell at a time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Writer {
    Only,
    OneOfMany,
}

impl Writer {
    #[inline]
    pub(super) fn add(self, cell: &AtomicU64, number: u64) {
        match self {
            Self::Only => cell.store(cell.load(Ordering::Relaxed).wrapping_add(number), Ordering::Relaxed),
            Self::OneOfMany => {
                cell.fetch_add(number, Ordering::Relaxed);
            }
        }
    }

    /// Adds to a cell that holds the bits of an `f64`.
    #[inline]
    pub(super) fn add_float(self, cell: &AtomicU64, number: f64) {
        let sum = |bits| (f64::from_bits(bits) + number).to_bits();
        match self {
            Self::Only => cell.store(sum(cell.load(Ordering::Relaxed)), Ordering::Relaxed),
            Self::OneOfMany => {
                let add = |bits| Some(sum(bits));
                let _ = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn nothing_is_lost_between_more_threads_than_have_cells_of_their_own() {
        let cells = Cells::<AtomicU64>::new();
        // All at once, so that some have to share.
        let all_there = std::sync::Barrier::new(3 * OWN);
        std::thread::scope(|scope| {
            for _ in 0..3 * OWN {
                scope.spawn(|| {
                    let add = |number| cells.add(Box::default, |cell, writer| writer.add(cell, number));
                    add(0);
                    all_there.wait();
                    (0..1000).for_each(|_| add(1));
                });
            }
        });
        let sum: u64 = cells.all().map(|cell| cell.load(Ordering::Relaxed)).sum();
        assert_eq!(sum, 3000 * OWN as u64);
        assert!(cells.shared.get().is_some(), "there were fewer threads at once than places");
    }

    #[test]
    fn a_place_is_used_again_after_its_thread() {
        let cells = Cells::<AtomicU64>::new();
        for _ in 0..3 * OWN {
            std::thread::scope(|scope| {
                scope.spawn(|| cells.add(Box::default, |cell, writer| writer.add_float(cell, 0.5)));
            });
        }
        let sum: f64 = cells.all().map(|cell| f64::from_bits(cell.load(Ordering::Relaxed))).sum();
        assert_eq!(sum, 1.5 * OWN as f64);
    }

    #[test]
    fn what_a_thread_adds_while_it_ends_is_counted() {
        struct Late(Arc<Cells<AtomicU64>>);
        impl Drop for Late {
            fn drop(&mut self) {
                self.0.add(Box::default, |cell, writer| writer.add(cell, 1));
            }
        }
        thread_local! {
            static BEFORE: RefCell<Option<Late>> = const { RefCell::new(None) };
            static AFTER: RefCell<Option<Late>> = const { RefCell::new(None) };
        }
        let cells = Arc::new(Cells::new());
        let thread = || {
            BEFORE.set(Some(Late(Arc::clone(&cells))));
            cells.add(Box::default, |cell, writer| writer.add(cell, 1));
            AFTER.set(Some(Late(Arc::clone(&cells))));
        };
        for _ in 0..OWN {
            std::thread::scope(|scope| scope.spawn(thread).join().unwrap());
        }
        let sum: u64 = cells.all().map(|cell| cell.load(Ordering::Relaxed)).sum();
        assert_eq!(sum, 3 * OWN as u64);
        assert!(cells.shared.get().is_some(), "one of the two comes after the thread's place");
    }
}
