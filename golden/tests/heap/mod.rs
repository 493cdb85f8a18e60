//! What a piece of code takes of the heap.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counting what each thread holds.
struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// Runs `work`; also gives the most bytes that it held at a time.
pub(crate) fn peak<R>(work: impl FnOnce() -> R) -> (R, usize) {
    HELD.set(0);
    PEAK.set(0);
    let result = work();
    (result, PEAK.get().unsigned_abs())
}

fn count(taken: usize, given_back: usize) {
    let held = HELD.get() + taken.cast_signed();
    PEAK.set(PEAK.get().max(held));
    HELD.set(held - given_back.cast_signed());
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller keeps the promises that the call asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller keeps the promises that the call asks for.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller keeps the promises that the call asks for.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[test]
fn the_most_that_is_held_at_a_time_counts() {
    let (_, peak) = peak(|| {
        drop(std::hint::black_box(vec![0_u8; 1_000]));
        std::hint::black_box(vec![0_u8; 300])
    });
    assert_eq!(peak, 1_000);
}
