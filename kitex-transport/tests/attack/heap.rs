//! What this process holds of the heap.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

/// The system's allocator, counting what is held and the most that was.
struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

static HELD: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

/// Bytes that are held now.
pub(crate) fn held() -> isize {
    HELD.load(Ordering::SeqCst)
}

/// Begins to look for the most that is held; gives what is held now.
pub(crate) fn begin() -> isize {
    let held = held();
    PEAK.store(held, Ordering::SeqCst);
    held
}

/// The most bytes that were held at a time since the last [`begin`].
pub(crate) fn peak() -> isize {
    PEAK.load(Ordering::SeqCst)
}

fn take(size: usize) {
    let held = HELD.fetch_add(size.cast_signed(), Ordering::SeqCst) + size.cast_signed();
    PEAK.fetch_max(held, Ordering::SeqCst);
}

// A block that grows is not told apart: the allocator's own `realloc` takes a new block, copies, and gives the old one
// back, which is the most that growing can cost.
//
// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller keeps the promises that the call asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size().cast_signed(), Ordering::SeqCst);
        // SAFETY: the caller keeps the promises that the call asks for.
        unsafe { System.dealloc(at, layout) }
    }
}
