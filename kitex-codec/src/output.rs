//! Bytes on their way out: written once, linked when large, sent with one vectored write.

mod of_thread;

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

use crate::buffer::{CHUNK, put_chunk, take_chunk};

pub(crate) use of_thread::segments;

/// Values of this size and more are linked into the output instead of being copied.
pub const LINK_FROM: usize = 4096;

/// Free bytes below which the next message starts in a chunk of its own.
const ROOM: usize = 512;

/// An append-only queue of bytes: a tail that is written to, and finished pieces before it.
#[derive(Debug, Default)]
pub struct Output {
    done: VecDeque<Bytes>,
    done_len: usize,
    tail: BytesMut,
}

impl Output {
    /// An output that holds no memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes queued.
    #[inline]
    pub fn len(&self) -> usize {
        self.done_len + self.tail.len()
    }

    /// True if nothing is queued.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for the next message. Without this call the tail grows by copying.
    #[inline]
    pub fn reserve_message(&mut self) {
        if self.tail.capacity() == 0 {
            self.tail = take_chunk();
        } else if self.tail.capacity() - self.tail.len() < ROOM {
            self.finish_tail();
            if !self.tail.try_reclaim(CHUNK / 4) {
                self.tail = take_chunk();
            }
        }
    }

    /// The tail, to write to.
    #[inline]
    pub fn tail(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Appends `bytes`, by reference if they are long.
    pub fn append(&mut self, bytes: &Bytes) {
        self.append_above(bytes, LINK_FROM);
    }

    /// Appends `bytes`, by reference if they are at least `link_from` long.
    pub fn append_above(&mut self, bytes: &Bytes, link_from: usize) {
        if bytes.len() < link_from {
            self.tail.extend_from_slice(bytes);
        } else {
            self.finish_tail();
            self.done_len += bytes.len();
            self.done.push_back(bytes.clone());
        }
    }

    /// Moves all that `other` holds behind what is here.
    pub fn append_output(&mut self, other: &mut Output) {
        if self.is_empty() {
            std::mem::swap(self, other);
            return;
        }
        self.finish_tail();
        other.finish_tail();
        self.done_len += other.done_len;
        other.done_len = 0;
        self.done.append(&mut other.done);
    }

    /// Fills `slices` with what comes next; returns how many were filled.
    pub fn io_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pieces = self.done.iter().map(|piece| &piece[..]).chain(std::iter::once(&self.tail[..]));
        let mut filled = 0;
        for (slot, piece) in slices.iter_mut().zip(pieces.filter(|piece| !piece.is_empty())) {
            *slot = IoSlice::new(piece);
            filled += 1;
        }
        filled
    }

    /// The next contiguous bytes, and whether they are all there is.
    pub fn front(&self) -> (&[u8], bool) {
        match self.done.front() {
            Some(piece) => (piece, self.done.len() == 1 && self.tail.is_empty()),
            None => (&self.tail, true),
        }
    }

    /// Drops the first `sent` bytes; more than there are drops all.
    pub fn advance(&mut self, mut sent: usize) {
        while let Some(piece) = self.done.front_mut() {
            if sent < piece.len() {
                self.done_len -= sent;
                piece.advance(sent);
                return;
            }
            sent -= piece.len();
            self.done_len -= piece.len();
            self.done.pop_front();
        }
        if sent >= self.tail.len() {
            self.tail.clear();
        } else {
            self.tail.advance(sent);
        }
    }

    /// Gives back all memory if nothing is queued.
    pub fn release(&mut self) {
        if self.is_empty() {
            put_chunk(std::mem::take(&mut self.tail));
            self.done = VecDeque::new();
        }
    }

    /// Drops everything that is queued.
    #[inline]
    pub fn clear(&mut self) {
        if !self.done.is_empty() {
            self.done.clear();
            self.done_len = 0;
        }
        self.tail.clear();
    }

    /// Takes what was written as segments. The memory behind it stays for what is written next.
    #[inline]
    pub fn take_segments(&mut self) -> Segments {
        if self.done.is_empty() {
            return Segments::One(self.tail.split().freeze());
        }
        self.finish_tail();
        self.done_len = 0;
        Segments::Many(self.done.drain(..).collect())
    }

    /// Writes segments behind what is here; large ones by reference.
    pub fn append_segments(&mut self, segments: &Segments, link_from: usize) {
        segments.iter().for_each(|piece| self.append_above(piece, link_from));
    }

    /// Where the tail's memory ends, which tells whether it is still the same.
    #[inline]
    fn end(&self) -> *const u8 {
        self.tail.as_ptr().wrapping_add(self.tail.capacity())
    }

    fn finish_tail(&mut self) {
        if !self.tail.is_empty() {
            self.done_len += self.tail.len();
            self.done.push_back(self.tail.split().freeze());
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.tail.capacity() > 0 {
            put_chunk(std::mem::take(&mut self.tail));
        }
    }
}

/// One encoded value: shared bytes in one piece, or several where large values are linked in.
#[derive(Debug, Clone)]
pub enum Segments {
    /// The usual case.
    One(Bytes),
    /// Written pieces and linked values in turn.
    Many(std::sync::Arc<[Bytes]>),
}

impl Segments {
    /// Bytes in all.
    pub fn len(&self) -> usize {
        match self {
            Self::One(piece) => piece.len(),
            Self::Many(pieces) => pieces.iter().map(Bytes::len).sum(),
        }
    }

    /// True if there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pieces in order.
    pub fn iter(&self) -> impl Iterator<Item = &Bytes> {
        match self {
            Self::One(piece) => std::slice::from_ref(piece).iter(),
            Self::Many(pieces) => pieces.iter(),
        }
    }

    /// All bytes in one piece: by reference if they are in one already.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::One(piece) => piece.clone(),
            Self::Many(pieces) => pieces.concat().into(),
        }
    }

    /// Like [`Segments::to_bytes`], without keeping the segments.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::One(piece) => piece,
            Self::Many(_) => self.to_bytes(),
        }
    }
}

impl From<Bytes> for Segments {
    fn from(bytes: Bytes) -> Self {
        Self::One(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(output: &mut Output, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while !output.is_empty() {
            let (front, _) = output.front();
            let sent = front.len().min(step);
            all.extend_from_slice(&front[..sent]);
            output.advance(sent);
        }
        all
    }

    #[test]
    fn order_is_kept_whatever_is_linked_and_however_it_is_sent() {
        for step in [1, 3, 1000, 1 << 20] {
            let mut output = Output::new();
            output.reserve_message();
            output.tail().extend_from_slice(b"head");
            output.append(&Bytes::from(vec![1; LINK_FROM]));
            output.append(&Bytes::from_static(b"tail"));
            assert_eq!(output.len(), LINK_FROM + 8);
            let mut slices = [IoSlice::new(&[]); 4];
            assert_eq!(output.io_slices(&mut slices), 3);
            let sent = drain(&mut output, step);
            assert_eq!(sent, [b"head".as_slice(), &[1; LINK_FROM], b"tail"].concat());
        }
    }

    #[test]
    fn segments_hold_what_was_written() {
        let mut output = Output::new();
        output.reserve_message();
        output.tail().extend_from_slice(b"one");
        assert!(matches!(output.take_segments(), Segments::One(bytes) if bytes == "one"));
        output.tail().extend_from_slice(b"a");
        output.append(&Bytes::from(vec![2; LINK_FROM]));
        let segments = output.take_segments();
        assert_eq!((segments.len(), segments.iter().count()), (LINK_FROM + 1, 2));
        assert!(output.is_empty());
    }

    #[test]
    fn many_messages_are_not_moved_by_growth() {
        let mut output = Output::new();
        for _ in 0..100 {
            output.reserve_message();
            output.tail().extend_from_slice(&[3; 400]);
        }
        assert_eq!(output.len(), 40_000);
        assert_eq!(drain(&mut output, usize::MAX).len(), 40_000);
    }
}
