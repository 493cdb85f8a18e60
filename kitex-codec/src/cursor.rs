//! [`Cursor`]: the free memory behind an output's tail, written to without a look at the output.
//!
//! The unsafe code of this module writes to that memory through a pointer. A write through the tail itself loads where
//! it ends, and stores it again, once for every value.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ptr;

use bytes::{Bytes, BytesMut};

use crate::Output;

/// Bytes that are copied without a call.
const FEW: usize = 64;

/// Writes behind what an [`Output`] holds, which has all of it when the cursor is dropped.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    out: &'a mut Output,
    free: Free,
}

/// Memory that the output's tail owns and does not count, from where nothing was written. Functions that are called take
/// it and give it back by value, so that the compiler may keep in registers where a writer is.
///
/// Invariant: nothing else refers to this memory, and what the tail does not count before `at` has been written. Two null
/// pointers are no memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Free {
    at: *mut u8,
    end: *mut u8,
}

impl Free {
    const NONE: Self = Self { at: ptr::null_mut(), end: ptr::null_mut() };

    #[inline]
    fn behind(tail: &mut BytesMut) -> Self {
        let free = tail.spare_capacity_mut().as_mut_ptr_range();
        Self { at: free.start.cast(), end: free.end.cast() }
    }

    #[inline]
    fn len(self) -> usize {
        self.end.addr() - self.at.addr()
    }

    /// Writes the first `USED` bytes of a word, and behind them the first `len` of words, if there is room for all of
    /// them; else gives false. The lowest byte of a word is its first.
    #[inline]
    pub(crate) fn try_put_words<const USED: usize, const N: usize>(
        &mut self,
        head: u64,
        words: [u64; N],
        len: usize,
    ) -> bool {
        const { assert!(USED <= 8) };
        if self.len() < 8 + 8 * N {
            return false;
        }
        let len = len.min(8 * N);
        // SAFETY: there is room for a word and `N` more, and an unaligned write needs no alignment.
        unsafe { self.at.cast::<u64>().write_unaligned(head.to_le()) };
        // SAFETY: `USED` is no more than what was written.
        let behind = unsafe { self.at.add(USED) };
        // SAFETY: as above; before `behind` there is no more than a word.
        unsafe { behind.cast::<[u64; N]>().write_unaligned(words.map(u64::to_le)) };
        // SAFETY: `len` is no more than what was written.
        self.at = unsafe { behind.add(len) };
        true
    }
}

// SAFETY: the pointers are to memory of the output, which is borrowed for as long and may be sent and shared.
unsafe impl Send for Cursor<'_> {}
// SAFETY: as above; nothing is written through a shared reference.
unsafe impl Sync for Cursor<'_> {}

impl<'a> Cursor<'a> {
    #[inline]
    pub(crate) fn new(out: &'a mut Output) -> Self {
        let free = Free::behind(out.tail());
        Self { out, free }
    }

    /// Makes room for `len` bytes. Whoever knows that many are to come saves that they are moved.
    #[inline]
    pub(crate) fn reserve(&mut self, len: usize) {
        if self.free.len() < len {
            self.free = grow(self.out, self.free, len);
        }
    }

    /// Writes all bytes of an array.
    #[inline]
    pub(crate) fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.put_first(bytes, N);
    }

    /// Writes the first `len` bytes of an array, which goes there whole: that takes no branch on the length.
    #[inline]
    pub(crate) fn put_first<const N: usize>(&mut self, bytes: [u8; N], len: usize) {
        self.reserve(N);
        let len = len.min(N);
        // SAFETY: there is room for all `N` bytes, and bytes need no alignment.
        unsafe { self.free.at.cast::<[u8; N]>().write(bytes) };
        // SAFETY: `len` is no more than what was written.
        self.free.at = unsafe { self.free.at.add(len) };
    }

    /// Writes to the free memory while there is some. Where it begins is a variable of the function's own meanwhile, and
    /// not looked up at every value.
    #[inline]
    pub(crate) fn run<T>(&mut self, write: impl FnOnce(&mut Free) -> T) -> T {
        let mut free = self.free;
        let written = write(&mut free);
        self.free = free;
        written
    }

    /// Writes bytes.
    #[inline]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.free = extended(self.out, self.free, bytes);
    }

    /// Writes bytes, `shared` by reference if they are at least `link_from`.
    #[inline]
    pub(crate) fn append(&mut self, bytes: &[u8], shared: Option<&Bytes>, link_from: usize) {
        self.free = appended(self.out, self.free, bytes, shared.filter(|bytes| bytes.len() >= link_from));
    }

    /// Goes on in a further chunk if there is little room left in this one: what is written then is not moved.
    pub(crate) fn reserve_message(&mut self) {
        counted(self.out, self.free);
        self.out.reserve_message();
        self.free = Free::behind(self.out.tail());
    }

    /// The output's tail, to write to in another way.
    #[inline]
    pub(crate) fn tail(&mut self) -> &mut BytesMut {
        let free = std::mem::replace(&mut self.free, Free::NONE);
        counted(self.out, free)
    }
}

impl Drop for Cursor<'_> {
    #[inline]
    fn drop(&mut self) {
        counted(self.out, self.free);
    }
}

/// The tail, which counts what was written to the memory before `free`.
#[inline]
fn counted(out: &mut Output, free: Free) -> &mut BytesMut {
    let tail = out.tail();
    if !free.end.is_null() {
        let written = tail.capacity() - free.len();
        // SAFETY: by the invariant of `Free` the tail's memory ends at `end`, and is written up to `at`.
        unsafe { tail.set_len(written) };
    }
    tail
}

/// At least `len` bytes of free memory.
#[cold]
#[inline(never)]
fn grow(out: &mut Output, free: Free, len: usize) -> Free {
    let tail = counted(out, free);
    tail.reserve(len);
    Free::behind(tail)
}

#[inline]
fn extended(out: &mut Output, mut free: Free, bytes: &[u8]) -> Free {
    if free.len() < bytes.len() {
        free = grow(out, free, bytes.len());
    }
    // SAFETY: there is room for as many bytes, and nothing else refers to it.
    let to = unsafe { std::slice::from_raw_parts_mut(free.at.cast(), bytes.len()) };
    copy(bytes, to);
    // SAFETY: as many bytes were written.
    free.at = unsafe { free.at.add(bytes.len()) };
    free
}

#[inline(never)]
fn appended(out: &mut Output, free: Free, bytes: &[u8], linked: Option<&Bytes>) -> Free {
    match linked {
        Some(linked) => {
            counted(out, free);
            out.append_above(linked, 0);
            Free::NONE
        }
        None => extended(out, free, bytes),
    }
}

/// Copies between slices of one length. Few bytes go in two or four pieces that may overlap, which needs no call and no
/// loop.
#[inline]
fn copy(from: &[u8], to: &mut [MaybeUninit<u8>]) {
    match from.len() {
        16..=32 => copy_ends::<16>(from, to),
        33..=FEW => copy_ends::<32>(from, to),
        _ => {
            to.write_copy_of_slice(from);
        }
    }
}

/// Copies the first and the last `N` bytes.
#[inline]
fn copy_ends<const N: usize>(from: &[u8], to: &mut [MaybeUninit<u8>]) {
    if let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) {
        to[..N].write_copy_of_slice(first);
        to[from.len() - N..].write_copy_of_slice(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Cursor<'_>)) -> Vec<u8> {
        let mut out = Output::new();
        out.tail().extend_from_slice(b"before ");
        write(&mut Cursor::new(&mut out));
        let all = out.take_segments().into_bytes();
        all.strip_prefix(b"before ").unwrap().to_vec()
    }

    #[test]
    fn bytes_of_every_length_arrive_behind_each_other() {
        let bytes: Vec<u8> = (0..150).collect();
        let all: Vec<u8> = (0..bytes.len()).flat_map(|len| bytes[..len].to_vec()).collect();
        assert_eq!(written(|to| (0..bytes.len()).for_each(|len| to.extend(&bytes[..len]))), all);
        assert_eq!(written(|to| (0..bytes.len()).for_each(|len| to.append(&bytes[..len], None, 0))), all);
    }

    #[test]
    fn of_an_array_and_of_words_there_remains_what_was_asked_for() {
        for len in 0..=8 {
            let put = written(|to| {
                to.put_first(*b"abcdefgh", len);
                to.put(*b"|");
            });
            assert_eq!(put, [&b"abcdefgh"[..len], b"|"].concat());
        }
        let words = [*b"abcdefgh", *b"ijklmnop"];
        for len in 0..=16 {
            let put = written(|to| {
                let head = u64::from_le_bytes(*b"1234----");
                let put =
                    |free: &mut Free| free.try_put_words::<4, 2>(head, words.map(u64::from_le_bytes), len);
                let mut none = Free::NONE;
                assert!(!none.try_put_words::<4, 2>(head, [0; 2], len), "there is no room");
                to.reserve(24);
                assert!(to.run(put));
                to.put(*b"|");
            });
            assert_eq!(put, [b"1234", &words.as_flattened()[..len], b"|"].concat());
        }
    }

    #[test]
    fn what_is_linked_and_what_is_written_to_the_tail_keep_their_place() {
        let bytes = Bytes::from_static(b"linked");
        let put = written(|to| {
            to.put(*b"a");
            to.append(&bytes, Some(&bytes), 6);
            to.put(*b"b");
            to.append(&bytes, Some(&bytes), 7);
            to.tail().extend_from_slice(b"c");
            to.put(*b"d");
        });
        assert_eq!(put, b"alinkedblinkedcd");
    }
}
