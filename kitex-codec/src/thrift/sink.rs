//! Where a writer writes to, and what it may not exceed: the same for every protocol.

use std::slice::Iter;

use bytes::Bytes;

use crate::cursor::{Cursor, Free};
use crate::{EncodeError, LINK_FROM, Limits, Output, Str};

/// What is written to, and limits.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    pub(super) out: Cursor<'a>,
    limits: &'a Limits,
    /// The limits that are asked at every value, of which none is more than the wire can hold.
    max_string: usize,
    max_container: usize,
    depth: usize,
}

/// What the formats have for lengths and counts.
const LARGEST: usize = i32::MAX as usize;

impl<'a> Sink<'a> {
    #[inline]
    pub(super) fn new(out: &'a mut Output, limits: &'a Limits) -> Self {
        let (max_string, max_container) = (limits.max_string.min(LARGEST), limits.max_container.min(LARGEST));
        Self { out: Cursor::new(out), limits, max_string, max_container, depth: 0 }
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.limits
    }

    #[inline]
    pub(super) fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.out.put(bytes);
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
        if len > self.max_container {
            return Err(EncodeError::limit("Limits::max_container", len, self.limits.max_container));
        }
        Ok(len as u32)
    }

    /// The length of a string. Errors if it is over the limit.
    #[inline]
    pub(super) fn check_string(&self, len: usize) -> Result<u32, EncodeError> {
        if len > self.max_string {
            return Err(EncodeError::limit("Limits::max_string", len, self.limits.max_string));
        }
        Ok(len as u32)
    }

    /// Writes what stands before a text's bytes, the first `USED` of what `head` makes of their number, then the bytes:
    /// those of a short one as they are kept. Errors if they are too many.
    #[inline]
    pub(super) fn text<const USED: usize>(
        &mut self,
        head: impl Fn(usize) -> u64,
        text: &Str,
    ) -> Result<(), EncodeError> {
        let max_string = self.max_string;
        match self.out.run(|free| short_text::<USED>(free, max_string, &head, text)) {
            true => Ok(()),
            false => self.other_text(head(text.len()), USED, text),
        }
    }

    /// Writes texts up to the first that is not short, or for which there is no room yet, and gives that.
    #[inline]
    pub(super) fn short_texts<'t, const USED: usize>(
        &mut self,
        texts: &mut Iter<'t, Str>,
        head: impl Fn(usize) -> u64,
    ) -> Option<&'t Str> {
        let max_string = self.max_string;
        self.out.run(|free| texts.find(|text| !short_text::<USED>(free, max_string, &head, text)))
    }

    /// A text that is long, or for which there is no room yet.
    #[inline(never)]
    fn other_text(&mut self, head: u64, used: usize, text: &Str) -> Result<(), EncodeError> {
        self.check_string(text.len())?;
        self.out.put_first(head.to_le_bytes(), used);
        self.bytes(text.as_bytes(), text.shared());
        Ok(())
    }

    /// Writes bytes: `shared` by reference if they are many.
    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8], shared: Option<&Bytes>) {
        self.out.append(bytes, shared, LINK_FROM);
    }
}

/// Writes a text that is short, if there is room for it; else gives false.
#[inline]
fn short_text<const USED: usize>(
    free: &mut Free,
    max_string: usize,
    head: impl Fn(usize) -> u64,
    text: &Str,
) -> bool {
    let short = text.short_words(max_string);
    short.is_some_and(|(words, len)| free.try_put_words::<USED, _>(head(len), words, len))
}
