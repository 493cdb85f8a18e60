//! The system's allocator, which counts.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

use crate::counts;

struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

// SAFETY: every call goes to the system's allocator with the arguments it came with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        counts::allocated(layout.size());
        // SAFETY: the caller's promises are those that the call needs.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        counts::freed(layout.size());
        // SAFETY: the caller's promises are those that the call needs.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        counts::allocated(layout.size());
        // SAFETY: the caller's promises are those that the call needs.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        counts::allocated(size);
        counts::freed(layout.size());
        // SAFETY: the caller's promises are those that the call needs.
        unsafe { System.realloc(at, layout, size) }
    }
}
