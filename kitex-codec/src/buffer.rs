//! Chunks of memory that are used again.
//!
//! A connection takes a chunk when there is something to read or write and gives it back when it has nothing left in
//! it, so that idle connections hold none. The free chunks of a thread are kept in that thread: no lock is taken.

use std::cell::RefCell;

use bytes::BytesMut;

use crate::grant;

/// Bytes of a fresh chunk. A read of this size takes in a batch of small calls with one system call.
pub const CHUNK: usize = 16 << 10;

/// Free chunks kept by one thread: 1 MiB in all.
const KEPT: usize = (1 << 20) / CHUNK;

/// Chunks above this size go back to the allocator.
const LARGEST_KEPT: usize = 2 * CHUNK;

thread_local! {
    static FREE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty chunk of at least [`CHUNK`] / 4 free bytes.
pub fn take_chunk() -> BytesMut {
    let free = FREE.try_with(|free| free.borrow_mut().pop());
    free.ok().flatten().unwrap_or_else(|| BytesMut::with_capacity(CHUNK))
}

/// Gives a chunk back. Its content is dropped; memory that values still share is left to them.
pub fn put_chunk(mut chunk: BytesMut) {
    // Whoever has no use for it has nothing to do now, and may be the last that keeps a message.
    grant::settle();
    chunk.clear();
    // What is left of larger memory keeps all of it.
    let large = chunk.capacity() > LARGEST_KEPT || chunk.try_reclaim(LARGEST_KEPT + 1);
    // The whole of it, if nobody has a part any more: a read then brings as much as there is room for.
    if large || !chunk.try_reclaim(CHUNK) && chunk.capacity() < CHUNK / 4 {
        return;
    }
    // What a thread that ends still holds goes back to the allocator.
    let _ = FREE.try_with(|free| {
        let mut free = free.borrow_mut();
        if free.len() < KEPT {
            free.push(chunk);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_whose_parts_are_gone_comes_back_whole() {
        let mut chunk = take_chunk();
        chunk.resize(CHUNK / 2, 7);
        drop(chunk.split());
        assert!(chunk.capacity() <= CHUNK / 2);
        put_chunk(chunk);
        assert!(take_chunk().capacity() >= CHUNK);
    }

    #[test]
    fn a_chunk_comes_back_with_its_memory() {
        let mut chunk = take_chunk();
        chunk.extend_from_slice(b"abc");
        let at = chunk.as_ptr();
        put_chunk(chunk);
        let again = take_chunk();
        assert_eq!((again.as_ptr(), again.len()), (at, 0));
    }

    #[test]
    fn a_chunk_that_values_share_is_not_handed_out_twice() {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        chunk.resize(CHUNK, 7);
        let kept = chunk.split().freeze();
        put_chunk(chunk);
        let mut other = take_chunk();
        other.extend_from_slice(&[9; 64]);
        assert!(kept.iter().all(|byte| *byte == 7));
    }

    #[test]
    fn what_is_left_of_a_grown_chunk_is_not_kept() {
        let mut chunk = BytesMut::with_capacity(8 * CHUNK);
        chunk.resize(7 * CHUNK, 7);
        drop(chunk.split());
        let left = chunk.as_ptr();
        put_chunk(chunk);
        assert_ne!(take_chunk().as_ptr(), left);
    }

    #[test]
    fn a_grown_chunk_is_not_kept() {
        put_chunk(BytesMut::with_capacity(8 * CHUNK));
        assert!(take_chunk().capacity() <= LARGEST_KEPT);
    }
}
