//! Where a writer writes to, and what it may not exceed: the same for every protocol.

use bytes::Bytes;

use crate::{EncodeError, LINK_FROM, Limits, Output, Str};

/// The tail of an [`Output`], and limits.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    pub(super) out: &'a mut Output,
    limits: &'a Limits,
    depth: usize,
}

impl<'a> Sink<'a> {
    pub(super) fn new(out: &'a mut Output, limits: &'a Limits) -> Self {
        Self { out, limits, depth: 0 }
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.limits
    }

    #[inline]
    pub(super) fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.out.tail().extend_from_slice(&bytes);
    }

    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), EncodeError> {
        self.depth += 1;
        if self.depth > self.limits.max_depth {
            return Err(EncodeError::limit("Limits::max_depth", self.depth, self.limits.max_depth));
        }
        Ok(())
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The count of a container. Errors if it is over the limit.
    #[inline]
    pub(super) fn check_count(&self, len: usize) -> Result<u32, EncodeError> {
        match i32::try_from(len) {
            Ok(count) if len <= self.limits.max_container => Ok(count.cast_unsigned()),
            _ => Err(EncodeError::limit("Limits::max_container", len, self.limits.max_container)),
        }
    }

    /// The length of a string. Errors if it is over the limit.
    #[inline]
    pub(super) fn check_string(&self, len: usize) -> Result<u32, EncodeError> {
        match i32::try_from(len) {
            Ok(short) if len <= self.limits.max_string => Ok(short.cast_unsigned()),
            _ => Err(EncodeError::limit("Limits::max_string", len, self.limits.max_string)),
        }
    }

    /// Writes the first `len` bytes of an array. Copying it whole and giving back what is too much has no branch on
    /// the length.
    #[inline]
    pub(super) fn put_first(&mut self, bytes: &[u8], len: usize) {
        let tail = self.out.tail();
        let end = tail.len() + len;
        tail.extend_from_slice(bytes);
        tail.truncate(end);
    }

    /// Writes what stands before a text's bytes, the first `USED` of `head`, then the bytes. A short text goes there
    /// with it in four words: bytes put together in memory would be waited for when they are copied.
    #[inline]
    pub(super) fn text<const USED: u32>(&mut self, head: [u8; 8], text: &Str) {
        const { assert!(USED > 0 && USED < 8) };
        let used = USED as usize;
        match text.short_words() {
            Some(([low, middle, high], len)) => {
                let (up, down) = (8 * USED, 64 - 8 * USED);
                let words = [
                    u64::from_le_bytes(head) | low << up,
                    low >> down | middle << up,
                    middle >> down | high << up,
                    high >> down,
                ];
                self.put_first(words.map(u64::to_le_bytes).as_flattened(), used + len);
            }
            None => self.string(&head[..used], text.as_bytes(), text.shared()),
        }
    }

    /// Writes what stands before a string's bytes, then the bytes: `shared` by reference if they are many.
    pub(super) fn string(&mut self, head: &[u8], bytes: &[u8], shared: Option<&Bytes>) {
        let tail = self.out.tail();
        match shared.filter(|bytes| bytes.len() >= LINK_FROM) {
            Some(bytes) => {
                tail.extend_from_slice(head);
                self.out.append(bytes);
            }
            None => {
                tail.reserve(head.len() + bytes.len());
                tail.extend_from_slice(head);
                tail.extend_from_slice(bytes);
            }
        }
    }
}
