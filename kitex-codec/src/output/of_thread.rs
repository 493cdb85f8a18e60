//! The output that a thread writes messages to.

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::BytesMut;

use super::{Output, ROOM, Segments};
use crate::buffer::{CHUNK, put_chunk, take_chunk};

/// Chunks that messages still share, of one thread, at most: 512 KiB. They are waited for, so that calls which keep their
/// messages until they are answered go round in the same memory.
const LENT: usize = (512 << 10) / CHUNK;

thread_local! {
    static OF_THREAD: RefCell<OfThread> = RefCell::new(OfThread::new());
}

/// What `write` writes to an output that has room for a message. Errors if it does.
///
/// The output is one that the thread keeps: to take a chunk, to move it and to give it back takes as long as a small
/// message.
#[inline]
pub(crate) fn segments<E>(write: impl Fn(&mut Output) -> Result<(), E>) -> Result<Segments, E> {
    let taken = OF_THREAD.try_with(|output| output.try_borrow_mut().ok().map(|mut out| out.message(&write)));
    match taken {
        Ok(Some(segments)) => segments,
        // One message is encoded inside another, or the thread ends.
        _ => OfThread::new().message(&write),
    }
}

struct OfThread {
    output: Output,
    /// Where the output's chunk ends, if that is one of [`CHUNK`] bytes. One that has grown, as in a message that panicked,
    /// ends elsewhere; and of what is left of another one nobody knows how large it was.
    chunk_end: usize,
    /// Used up chunks, in the order in which they were.
    lent: VecDeque<BytesMut>,
    /// As much as the last message took: the next one is likely to be as long, and is not moved if it has that.
    room: usize,
}

impl OfThread {
    fn new() -> Self {
        Self { output: Output::new(), chunk_end: 0, lent: VecDeque::new(), room: ROOM }
    }

    #[inline]
    fn message<E>(&mut self, write: &impl Fn(&mut Output) -> Result<(), E>) -> Result<Segments, E> {
        // Code of a message's own that panics leaves something behind.
        self.output.clear();
        if self.output.tail.capacity() < self.room {
            self.take_chunk();
        }
        let end = self.output.end();
        let segments = write(&mut self.output).map(|()| self.output.take_segments());
        if self.output.end() != end || self.output.done.capacity() > 0 {
            self.output.clear();
            self.output.release();
        }
        if let Ok(segments) = &segments {
            self.room = segments.len().clamp(ROOM, CHUNK / 2);
        }
        segments
    }

    /// Goes on in another chunk, or in the same if nobody shares it any more.
    #[cold]
    fn take_chunk(&mut self) {
        let is_known = self.output.end().addr() == self.chunk_end;
        let mut tail = std::mem::take(&mut self.output.tail);
        if !(is_known && tail.try_reclaim(CHUNK)) {
            self.let_go(tail, is_known);
            tail = self.returned().unwrap_or_else(take_chunk);
        }
        self.output.tail = tail;
        self.chunk_end = if self.output.tail.capacity() == CHUNK { self.output.end().addr() } else { 0 };
    }

    /// Waits for a used up chunk, unless it may be larger than that.
    fn let_go(&mut self, chunk: BytesMut, is_known: bool) {
        if !is_known {
            return put_chunk(chunk);
        }
        if self.lent.len() == LENT {
            self.lent.pop_front();
        }
        self.lent.push_back(chunk);
    }

    /// The chunk that was lent first, if it is back; or the one after it, if that is. Then a message stays in the first, which
    /// is not to be in the way of the others.
    fn returned(&mut self) -> Option<BytesMut> {
        let at = self.lent.iter_mut().take(2).position(|chunk| chunk.try_reclaim(CHUNK))?;
        if at > 0 {
            self.lent.rotate_left(1);
        }
        self.lent.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::convert::Infallible;

    use super::*;

    const MESSAGE: usize = 1100;

    fn write(out: &mut OfThread, len: usize) -> Segments {
        let Ok(segments) = out.message(&|output: &mut Output| {
            output.tail().extend_from_slice(&vec![7; len]);
            Ok::<_, Infallible>(())
        });
        segments
    }

    fn place(segments: &Segments) -> usize {
        segments.iter().next().map_or(0, |piece| piece.as_ptr().addr())
    }

    /// The places of messages of which so many are kept at a time.
    fn places(out: &mut OfThread, kept: usize, messages: usize) -> HashSet<usize> {
        let mut waiting = VecDeque::new();
        let mut places = HashSet::new();
        for _ in 0..messages {
            let message = write(out, MESSAGE);
            places.insert(place(&message));
            waiting.push_back(message);
            if waiting.len() > kept {
                waiting.pop_front();
            }
        }
        places
    }

    #[test]
    fn messages_go_round_in_the_same_memory_while_some_are_kept() {
        for kept in [0, 1, 20, 100] {
            let mut out = OfThread::new();
            let first = places(&mut out, kept, 1000);
            assert!(first.len() <= kept + 3 * (CHUNK / MESSAGE), "{kept}: {}", first.len());
            let more = places(&mut out, kept, 1000);
            assert!(more.is_subset(&first), "{kept}");
        }
    }

    #[test]
    fn a_message_that_stays_keeps_its_chunk_and_no_other() {
        let mut out = OfThread::new();
        let stays = write(&mut out, MESSAGE);
        let first = places(&mut out, 50, 1000);
        assert!(places(&mut out, 50, 1000).is_subset(&first));
        assert!(!first.contains(&place(&stays)));
        assert!(first.len() <= 50 + 4 * (CHUNK / MESSAGE), "{}", first.len());
        assert!(stays.iter().all(|piece| piece.iter().all(|byte| *byte == 7)));
    }

    #[test]
    fn what_is_kept_of_used_up_chunks_is_bounded() {
        let mut out = OfThread::new();
        let all: Vec<_> = (0..2000).map(|_| write(&mut out, MESSAGE)).collect();
        assert_eq!(out.lent.len(), LENT);
        assert!(out.lent.iter().all(|chunk| chunk.capacity() < MESSAGE), "they are used up");
        drop(all);
    }

    #[test]
    fn a_message_of_the_last_ones_length_is_not_moved_and_a_long_one_leaves_nothing() {
        let mut out = OfThread::new();
        write(&mut out, MESSAGE);
        for _ in 0..100 {
            let before = (out.output.end(), out.output.tail.capacity() >= out.room);
            write(&mut out, MESSAGE);
            assert!(!before.1 || out.output.end() == before.0, "there was room for it");
        }
        write(&mut out, 10 * CHUNK);
        assert_eq!((out.output.tail.capacity(), out.room), (0, CHUNK / 2));
        assert_eq!(write(&mut out, 3).len(), 3);
        assert_eq!(out.room, ROOM);
    }

    #[test]
    fn what_a_message_that_panicked_has_left_is_used_up_and_not_kept() {
        let mut out = OfThread::new();
        write(&mut out, MESSAGE);
        out.output.tail.reserve(4 * CHUNK);
        let (grown, mut kept) = (out.output.end(), Vec::new());
        while out.output.end() == grown {
            kept.push(write(&mut out, MESSAGE));
        }
        assert!(kept.len() > 3 * CHUNK / MESSAGE && out.lent.is_empty(), "{}", kept.len());
    }

    #[test]
    fn messages_with_linked_values_are_packed_into_one_chunk() {
        let mut out = OfThread::new();
        let linked = bytes::Bytes::from(vec![1; super::super::LINK_FROM]);
        let kept: Vec<_> = (0..100)
            .map(|_| {
                let Ok(segments) = out.message(&|output: &mut Output| {
                    output.tail().extend_from_slice(&[7; 50]);
                    output.append(&linked);
                    Ok::<_, Infallible>(())
                });
                segments
            })
            .collect();
        let mut ends: Vec<_> = kept.iter().map(place).collect();
        ends.sort_unstable();
        assert!(ends.windows(2).filter(|pair| pair[1] - pair[0] > CHUNK).count() <= 1, "{ends:?}");
    }
}
