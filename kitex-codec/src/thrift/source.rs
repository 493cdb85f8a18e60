//! The bytes that a reader reads, and what it may spend on them: the same for every protocol.

use bytes::Bytes;

use crate::grant::Grant;
use crate::text::{Words, check_utf8};
use crate::{Budget, DecodeError, DecodeReason, INLINE, Limits, Str};

/// Messages below this size were read into a chunk that they share with others: see [`Source::share_from`].
const SMALL_MESSAGE: usize = crate::CHUNK / 4;

/// Strings of a small message are copied up to this size, so that keeping one does not keep a whole chunk.
const COPY_BELOW: usize = 512;

/// Contiguous bytes, limits, and the budget that they grant.
#[derive(Debug)]
pub(super) struct Source<'a> {
    /// What long values share; `None` if the bytes are only borrowed.
    shared: Option<&'a Bytes>,
    /// What was not read.
    pub(super) rest: &'a [u8],
    pub(super) limits: &'a Limits,
    pub(super) budget: Budget,
    /// Structs and containers that are open.
    pub(super) depth: usize,
    /// Bytes from which a string is shared and not copied.
    pub(super) share_from: usize,
    /// Bytes of the longest text that takes no memory and is allowed.
    pub(super) short: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(input: &'a Bytes, limits: &'a Limits) -> Self {
        let share_from = if input.len() < SMALL_MESSAGE { COPY_BELOW } else { INLINE + 1 };
        let budget = limits.budget(input.len());
        Self {
            shared: Some(input),
            rest: input,
            limits,
            budget,
            depth: 0,
            share_from,
            short: INLINE.min(limits.max_string),
        }
    }

    /// A source that nothing is shared with.
    pub(super) fn borrowed(input: &'a [u8], limits: &'a Limits) -> Self {
        let budget = limits.budget(input.len());
        Self {
            shared: None,
            rest: input,
            limits,
            budget,
            depth: 0,
            share_from: usize::MAX,
            short: INLINE.min(limits.max_string),
        }
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(DecodeError::unexpected_end)?;
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(DecodeError::unexpected_end)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The bytes of a string, charged to the budget.
    #[inline]
    pub(super) fn string(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        self.check_string(len)?;
        let bytes = self.take(len)?;
        self.budget.charge(len)?;
        Ok(bytes)
    }

    #[inline]
    pub(super) fn check_string(&self, len: usize) -> Result<(), DecodeError> {
        if len > self.limits.max_string {
            return Err(DecodeError::limit("Limits::max_string", len, self.limits.max_string));
        }
        Ok(())
    }

    /// Text of bytes of this source that have been charged. Errors if they are not UTF-8 and have to be.
    pub(super) fn text(&mut self, bytes: &'a [u8]) -> Result<Str, DecodeError> {
        let text = match self.shared {
            Some(input) if bytes.len() >= self.share_from => Str::from_utf8(input.slice_ref(bytes)),
            _ => check_utf8(bytes).map(Str::from),
        };
        text.or_else(|error| self.lossy_text(bytes, error))
    }

    /// Text of bytes that have been charged and, as an `error` says, are not UTF-8, with U+FFFD for what is wrong in them.
    #[cold]
    pub(super) fn lossy_text(&mut self, bytes: &[u8], error: DecodeError) -> Result<Str, DecodeError> {
        if !self.limits.lossy_text {
            return Err(error);
        }
        // A byte becomes three at most, and the text is built in memory that grows by doubling.
        self.budget.charge(bytes.len().saturating_mul(6))?;
        Ok(Str::from(String::from_utf8_lossy(bytes)))
    }

    /// A text of few ASCII bytes behind `H` bytes that tell how many, charged to the budget; `None`, with nothing read, if
    /// the next one is another. `N` is how many bytes both have at most.
    #[inline(always)]
    pub(super) fn short_text<const H: usize, const N: usize>(
        &mut self,
        length: impl Fn([u8; H]) -> usize,
    ) -> Option<Words> {
        const { assert!(N == H + INLINE + 1) };
        let chunk: &[u8; N] = self.rest.first_chunk()?;
        let len = length(*chunk.first_chunk()?);
        if len > self.short {
            return None;
        }
        let text = Words::short_ascii(chunk.last_chunk()?, len)?;
        self.budget.charge_if_held(len).then_some(())?;
        self.rest = &self.rest[H + len..];
        Some(text)
    }

    /// The next `len` bytes as text, charged to the budget. Errors if they are not UTF-8 and have to be.
    #[inline(never)]
    pub(super) fn string_text(&mut self, len: usize) -> Result<Str, DecodeError> {
        let bytes = self.string(len)?;
        self.text(bytes)
    }

    /// References to the input, charged to the budget; `None` if that does not hold them, or if nothing is shared.
    pub(super) fn grant(&mut self) -> Option<Grant> {
        let input = self.shared?;
        self.budget.charge_if_held(Grant::COST).then(|| Grant::new(input.clone()))
    }

    /// Bytes of this source that have been charged.
    #[inline]
    pub(super) fn bytes(&self, bytes: &'a [u8]) -> Bytes {
        match self.shared {
            Some(input) if bytes.len() >= self.share_from => input.slice_ref(bytes),
            _ => Bytes::copy_from_slice(bytes),
        }
    }

    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), DecodeError> {
        self.depth += 1;
        if self.depth > self.limits.max_depth {
            return Err(DecodeError::limit("Limits::max_depth", self.depth, self.limits.max_depth));
        }
        Ok(())
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Holds a count of elements of at least `least_len` bytes against the bytes that are left and against the limits.
    #[inline]
    pub(super) fn check_count(&self, count: usize, least_len: usize) -> Result<(), DecodeError> {
        let remaining = self.rest.len();
        if least_len == 0 || count > remaining / least_len {
            return Err(DecodeError::new(DecodeReason::CountTooLarge { count, remaining }));
        }
        if count > self.limits.max_container {
            return Err(DecodeError::limit("Limits::max_container", count, self.limits.max_container));
        }
        Ok(())
    }
}
