//! What has come from a peer and is not taken yet.

use std::mem;
use std::ops::{Deref, DerefMut};

use kitex_codec::{BytesMut, CHUNK, put_chunk, take_chunk};

/// Bytes that are a small message's, or what has come of one.
pub(crate) const LITTLE: usize = CHUNK / 4;

/// A chunk of its thread, or more memory for as long as a large message needs it.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: BytesMut,
    /// The memory has become larger than a chunk. What is left of it when its message was taken may look like a chunk,
    /// and would keep all of it.
    grown: bool,
}

impl Input {
    /// Takes a chunk, when there is no memory.
    pub(crate) fn begin(&mut self) {
        self.bytes = take_chunk();
        self.grown = false;
    }

    /// Makes room for so many bytes more.
    pub(crate) fn grow(&mut self, additional: usize) {
        self.bytes.reserve(additional);
        self.grown |= self.bytes.capacity() > 2 * CHUNK;
    }

    /// Moves on to memory of two chunks, with the little that is left: to what it has, if those who had a part are gone.
    pub(crate) fn enlarge(&mut self) {
        if self.grown && self.bytes.try_reclaim((2 * CHUNK).saturating_sub(self.bytes.len())) {
            return;
        }
        let mut bytes = BytesMut::with_capacity(2 * CHUNK);
        bytes.extend_from_slice(&self.bytes);
        self.release();
        *self = Self { bytes, grown: true };
    }

    /// Moves a little that is left in larger memory into a chunk, so that whoever waits for the rest of it keeps no more.
    pub(crate) fn move_little(&mut self) {
        if self.grown && self.bytes.len() < LITTLE {
            let mut chunk = take_chunk();
            chunk.extend_from_slice(&self.bytes);
            *self = Self { bytes: chunk, grown: false };
        }
    }

    /// Gives the memory back; what is in it is dropped.
    pub(crate) fn release(&mut self) {
        let Self { bytes, grown } = mem::take(self);
        if !grown {
            put_chunk(bytes);
        }
    }
}

impl Deref for Input {
    type Target = BytesMut;

    fn deref(&self) -> &BytesMut {
        &self.bytes
    }
}

impl DerefMut for Input {
    fn deref_mut(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a message of so many bytes out of an input that has room for some more.
    fn message(input: &mut Input, len: usize) -> kitex_codec::Bytes {
        input.begin();
        input.grow(len + CHUNK / 2);
        input.resize(len, 7);
        input.split().freeze()
    }

    #[test]
    fn what_is_left_of_a_large_messages_memory_is_no_chunk() {
        let mut input = Input::default();
        let held = message(&mut input, 60_000);
        let left = input.as_ptr();
        input.release();
        input.begin();
        assert_ne!(input.as_ptr(), left, "a value of {} bytes is held by the pool", held.len());
    }

    #[test]
    fn a_little_that_is_left_does_not_keep_larger_memory() {
        let mut input = Input::default();
        drop(message(&mut input, 60_000));
        for (left, moves) in [(LITTLE, false), (LITTLE - 1, true)] {
            input.resize(left, 3);
            let before = input.as_ptr();
            input.move_little();
            assert_eq!((input.as_ptr() != before, input.len()), (moves, left));
        }
        assert!(input.iter().all(|byte| *byte == 3) && input.capacity() <= 2 * CHUNK);
        let before = input.as_ptr();
        input.move_little();
        assert_eq!(input.as_ptr(), before, "it is in a chunk");
    }

    #[test]
    fn an_enlarged_input_keeps_what_is_left_and_gives_its_chunk_back() {
        let mut input = Input::default();
        input.begin();
        let chunk = input.as_ptr();
        input.extend_from_slice(b"the rest");
        input.enlarge();
        assert_eq!((&input[..], input.capacity()), (&b"the rest"[..], 2 * CHUNK));
        let mut other = Input::default();
        other.begin();
        assert_eq!((other.as_ptr(), other.len()), (chunk, 0));
        let larger = input.as_ptr();
        input.resize(2 * CHUNK, 0);
        drop(input.split_to(2 * CHUNK - 3));
        input.enlarge();
        assert_eq!((input.as_ptr(), &input[..], input.capacity()), (larger, &[0; 3][..], 2 * CHUNK));
        let held = input.split();
        input.enlarge();
        assert!(input.as_ptr() != larger && held[..] == [0; 3] && input.capacity() == 2 * CHUNK);
    }

    #[test]
    fn a_small_messages_memory_is_used_again() {
        let mut input = Input::default();
        let first = message(&mut input, 100).as_ptr();
        input.release();
        input.begin();
        assert_eq!(input.as_ptr(), first);
    }
}
