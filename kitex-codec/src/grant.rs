//! [`Grant`]: references to a message for the texts of a list, counted together.
//!
//! A text that is read costs little more than a look at its bytes, and two atomic operations, one to count it and one
//! when it is dropped, are many times that. So a list takes references in advance and gives back what is left of them. A
//! thread that drops texts of a list, one after the other, counts them for itself, and takes them off together: with the
//! list's last text, with the first text of another list, or when they are all there are.
//!
//! The unsafe code of this module counts references by hand.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::process::abort;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use bytes::Bytes;

/// References that an open grant holds, of which it gives to texts. No program has room for as many texts.
const GRANTED: usize = 1 << (usize::BITS - 2);

/// What the texts of a list refer to.
#[derive(Debug)]
pub(crate) struct Head {
    /// References that have not been taken off: those of texts, those that threads owe, and those of the open grant.
    references: AtomicUsize,
    /// The message.
    bytes: Bytes,
}

/// The right to make texts of a message.
#[derive(Debug)]
pub(crate) struct Grant {
    head: NonNull<Head>,
    /// References that texts have been given.
    given: usize,
}

/// A reference to the bytes of a message. It is `Copy`, as words of a text are: whoever has it sees to it that it is
/// dropped once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference {
    pub(crate) start: NonNull<u8>,
    pub(crate) len: usize,
    pub(crate) head: NonNull<Head>,
}

// SAFETY: what a head has is atomic or never changes, and whoever takes off the last reference has it alone.
unsafe impl Send for Grant {}
// SAFETY: as above; nothing is given through a shared reference.
unsafe impl Sync for Grant {}

impl Grant {
    /// Bytes of heap that a grant takes.
    pub(crate) const COST: usize = size_of::<Head>();

    pub(crate) fn new(bytes: Bytes) -> Self {
        let head = Box::new(Head { references: AtomicUsize::new(GRANTED), bytes });
        Self { head: NonNull::from(Box::leak(head)), given: 0 }
    }

    fn head(&self) -> &Head {
        // SAFETY: the references that the grant holds keep the head alive.
        unsafe { self.head.as_ref() }
    }

    /// A reference to bytes of the message; `None` if they are others.
    #[inline(always)]
    pub(crate) fn refer(&mut self, part: &[u8]) -> Option<Reference> {
        let bytes = &self.head().bytes;
        let before = part.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr());
        if before > bytes.len() || part.len() > bytes.len() - before {
            return None;
        }
        // SAFETY: so many bytes of the message stand before the part.
        let start = unsafe { NonNull::from(&**bytes).cast::<u8>().add(before) };
        self.given += 1;
        Some(Reference { start, len: part.len(), head: self.head })
    }
}

impl Drop for Grant {
    // By value, so that the compiler may keep an open grant in registers.
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the grant holds what it did not give.
        unsafe { close(self.head, GRANTED - self.given) };
    }
}

/// # Safety
///
/// As for [`give_back`].
#[inline(never)]
unsafe fn close(head: NonNull<Head>, left: usize) {
    // If nothing was read in the end, this thread may owe all that was given.
    let owed = OWED.with(|owed| owed.take_of(head));
    // SAFETY: what is left is the caller's, and what was owed were references of this thread.
    unsafe { give_back(head, left + owed) };
}

impl Reference {
    /// The bytes as a part of the message, which is shared.
    ///
    /// # Safety
    ///
    /// The reference must not have been dropped.
    pub(crate) unsafe fn to_bytes(self) -> Bytes {
        // SAFETY: the reference keeps the head alive.
        let bytes = unsafe { &self.head.as_ref().bytes };
        let before = self.start.as_ptr().addr() - bytes.as_ptr().addr();
        bytes.slice(before..before + self.len)
    }

    /// Makes another one.
    ///
    /// # Safety
    ///
    /// The reference must not have been dropped.
    pub(crate) unsafe fn share(self) -> Self {
        // SAFETY: the reference keeps the head alive. Whatever hands the text to another thread orders what follows.
        let before = unsafe { self.head.as_ref() }.references.fetch_add(1, Ordering::Relaxed);
        if before > usize::MAX / 2 {
            // There cannot be as many texts: they were forgotten, and the count would begin anew.
            abort();
        }
        self
    }

    /// Drops it, and takes off what the thread owes to the same message.
    ///
    /// # Safety
    ///
    /// The reference must not have been dropped, and is dropped by the call.
    pub(crate) unsafe fn release(self) {
        let owed = OWED.with(|owed| owed.take_of(self.head));
        // SAFETY: the one is the caller's, and the others were the thread's.
        unsafe { give_back(self.head, 1 + owed) };
    }

    /// Drops it, to be taken off with others.
    ///
    /// # Safety
    ///
    /// As for [`Reference::release`].
    #[inline]
    pub(crate) unsafe fn release_later(self) {
        // SAFETY: the reference goes over to what the thread owes.
        OWED.with(|owed| unsafe { owed.add(self.head) });
    }
}

/// References to one message that the thread has dropped, and that are still counted.
///
/// A message may stay while a thread owes to it, though nobody refers to it any more, if several threads have dropped
/// texts of a list of it, and not the list's last one last: one message for each thread at most.
struct Owed {
    /// Null if nothing is owed.
    head: Cell<*const Head>,
    count: Cell<usize>,
}

thread_local! {
    // It has no destructor, so that to find it is no more than to add to a register.
    static OWED: Owed = const { Owed { head: Cell::new(ptr::null()), count: Cell::new(0) } };
    static AT_END: AtEnd = const { AtEnd };
}

impl Owed {
    /// # Safety
    ///
    /// As for [`Reference::release`].
    #[inline]
    unsafe fn add(&self, head: NonNull<Head>) {
        if self.head.get() != head.as_ptr() {
            // SAFETY: as the caller's.
            return unsafe { self.begin(head) };
        }
        let count = self.count.get() + 1;
        self.count.set(count);
        // What is seen here may be out of date: all that hangs on it is whether to settle now or later.
        // SAFETY: what is owed has not been taken off, so the head is still there.
        if unsafe { head.as_ref() }.references.load(Ordering::Relaxed) == count {
            self.settle();
        }
    }

    /// Owes to another message from now on.
    ///
    /// # Safety
    ///
    /// As for [`Reference::release`].
    #[cold]
    #[inline(never)]
    unsafe fn begin(&self, head: NonNull<Head>) {
        self.settle();
        // A thread that ends owes no more. Its first debt registers what settles the last one.
        if AT_END.try_with(|_| ()).is_err() {
            // SAFETY: the reference is the caller's.
            return unsafe { give_back(head, 1) };
        }
        self.head.set(head.as_ptr());
        // SAFETY: as the caller's.
        unsafe { self.add(head) };
    }

    /// What is owed to the message: the caller is to take it off.
    fn take_of(&self, head: NonNull<Head>) -> usize {
        if self.head.get() != head.as_ptr() {
            return 0;
        }
        self.head.set(ptr::null());
        self.count.replace(0)
    }

    #[cold]
    fn settle(&self) {
        if let Some(head) = NonNull::new(self.head.get().cast_mut()) {
            // SAFETY: what is owed are references that were this thread's.
            unsafe { give_back(head, self.take_of(head)) };
        }
    }
}

/// Settles what a thread owes when it ends.
struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        settle();
    }
}

/// Takes off what this thread owes. For those who have nothing to do for a while.
pub(crate) fn settle() {
    OWED.with(|owed| {
        if !owed.head.get().is_null() {
            owed.settle();
        }
    });
}

/// Takes `count` references off, and frees the head if they are the last.
///
/// # Safety
///
/// The caller must have so many references, which it has no longer after the call.
unsafe fn give_back(head: NonNull<Head>, count: usize) {
    // SAFETY: the references keep the head alive up to here.
    if unsafe { head.as_ref() }.references.fetch_sub(count, Ordering::Release) == count {
        // What other threads did with their references has happened before.
        fence(Ordering::Acquire);
        // SAFETY: it came from a box, and there is no reference left.
        drop(unsafe { Box::from_raw(head.as_ptr()) });
    }
}

#[cfg(test)]
mod tests;
