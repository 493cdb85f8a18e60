//! The output that a thread writes messages to.

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::BytesMut;

use super::{Output, ROOM, Segments};
use crate::buffer::CHUNK;

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
    /// It has no memory, or a chunk of [`CHUNK`] bytes.
    output: Output,
    /// Used up chunks, in the order in which they were.
    lent: VecDeque<BytesMut>,
    /// As much as the last message took: the next one is likely to be as long, and is not moved if it has that.
    room: usize,
}

impl OfThread {
    fn new() -> Self {
        Self { output: Output::new(), lent: VecDeque::new(), room: ROOM }
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
        let mut tail = std::mem::take(&mut self.output.tail);
        let is_back = tail.capacity() > 0 && tail.try_reclaim(CHUNK);
        // What has grown larger, as in a message that panicked, is not kept.
        if !is_back || tail.capacity() > CHUNK {
            if !is_back {
                self.lend(tail);
            }
            tail = self.returned().unwrap_or_else(|| BytesMut::with_capacity(CHUNK));
        }
        self.output.tail = tail;
    }

    fn lend(&mut self, chunk: BytesMut) {
        if chunk.capacity() == 0 {
            return;
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
        out.output.tail.reserve(10 * CHUNK);
        for _ in 0..11 * CHUNK / MESSAGE {
            write(&mut out, MESSAGE);
        }
        assert!(out.output.tail.capacity() <= CHUNK, "what was left behind is used up, and not kept");
        write(&mut out, 10 * CHUNK);
        assert_eq!((out.output.tail.capacity(), out.room), (0, CHUNK / 2));
        assert_eq!(write(&mut out, 3).len(), 3);
        assert_eq!(out.room, ROOM);
    }
}
