//! The pairs of a header as ranges of the bytes that they came in.

use bytes::Bytes;

use super::{ACL, INTEGERS, STRINGS};
use crate::{int_key, string_key};

/// The pairs of one header. Cheap to clone; looked up by a walk, which for the handful of pairs that headers carry costs
/// less than building a map. Those with string keys are its pairs; integer keys are found by [`int`](Self::int).
#[derive(Clone, Default)]
pub struct Pairs {
    /// Checked sections, the first of them beginning with its id unless [`BARE`].
    raw: Bytes,
    /// Where the last section with string keys ends, 0 if there is none: they stand in front of integer keys, and who
    /// looks for one need not walk over those.
    strings: u32,
    places: Places,
}

/// In place of where the strings end: `raw` begins with the count of its only section, as a mesh header does.
const BARE: u32 = u32::MAX;

/// Where the pairs stand that all who serve or call look for: those of a trace, and the name of the caller.
///
/// From below, where the value of `traceparent` begins, 0 if there is none; in the next bits where the caller's name does;
/// and [`STATE`](Self::STATE). Every header that its format can express is short enough for the first.
#[derive(Clone, Copy, Default)]
pub(super) struct Places(u32);

impl Places {
    const PARENT: u32 = (1 << 18) - 1;

    const CALLER_SHIFT: u32 = Self::PARENT.count_ones();

    /// In place of where the caller's name begins: too far behind to be noted.
    const FAR: u32 = (1 << (31 - Self::CALLER_SHIFT)) - 1;

    /// Set if there is a `tracestate`.
    const STATE: u32 = 1 << 31;

    /// Notes the value of a pair with an integer key. Of several the last counts.
    #[inline]
    pub(super) fn int(&mut self, key: u16, at: usize) {
        if key == int_key::FROM_SERVICE {
            let at = (at as u32).min(Self::FAR);
            self.0 = self.0 & !(Self::FAR << Self::CALLER_SHIFT) | at << Self::CALLER_SHIFT;
        }
    }

    fn caller(self) -> u32 {
        self.0 >> Self::CALLER_SHIFT & Self::FAR
    }

    /// Notes a pair that has the length of one of these. One that is empty does not count.
    #[inline(never)]
    pub(super) fn pair(&mut self, key: &[u8], at: usize, value: &[u8]) {
        if value.is_empty() {
            return;
        }
        if key == string_key::TRACE_PARENT.as_bytes() {
            // In a header that no frame can have, what is too far behind is not found.
            let at = Some(at as u32).filter(|at| *at <= Self::PARENT).unwrap_or_default();
            self.0 = self.0 & !Self::PARENT | at;
        } else if key == string_key::TRACE_STATE.as_bytes() {
            self.0 |= Self::STATE;
        }
    }
}

impl Pairs {
    /// No pairs.
    pub const fn new() -> Self {
        Self { raw: Bytes::new(), strings: 0, places: Places(0) }
    }

    /// `raw` must have been walked without an error; `strings` is where the last section with string keys ends.
    pub(super) fn of_sections(raw: Bytes, strings: usize, places: Places) -> Self {
        // A header is not longer than its format can express, which fits.
        Self { raw, strings: u32::try_from(strings).unwrap_or(BARE - 1), places }
    }

    /// `raw` must have been walked without an error.
    pub(super) fn of_block(raw: Bytes, places: Places) -> Self {
        if raw.len() > 2 { Self { raw, strings: BARE, places } } else { Self::new() }
    }

    /// True if there is no pair with a string key.
    pub fn is_empty(&self) -> bool {
        self.strings == 0
    }

    /// The value of `key`; of several the last.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.iter().filter(|(found, _)| *found == key.as_bytes()).last().map(|(_, value)| value)
    }

    /// The value of [`string_key::TRACE_PARENT`](crate::string_key::TRACE_PARENT), found at once; of several the last
    /// that is not empty.
    #[inline]
    pub fn trace_parent(&self) -> Option<&[u8]> {
        self.value_at(self.places.0 & Places::PARENT)
    }

    /// The value of [`int_key::FROM_SERVICE`](crate::int_key::FROM_SERVICE), found at once in headers of a usual size; of
    /// several the last.
    #[inline]
    pub fn caller(&self) -> Option<&[u8]> {
        match self.places.caller() {
            Places::FAR => self.int(int_key::FROM_SERVICE),
            at => self.value_at(at),
        }
    }

    /// The value that begins there, behind its length; none at 0.
    #[inline]
    fn value_at(&self, at: u32) -> Option<&[u8]> {
        let (len, rest) = self.raw.get((at as usize).checked_sub(2)?..)?.split_first_chunk()?;
        rest.get(..usize::from(u16::from_be_bytes(*len)))
    }

    /// Whether there is a value of [`string_key::TRACE_STATE`](crate::string_key::TRACE_STATE).
    #[inline]
    pub fn has_trace_state(&self) -> bool {
        self.places.0 & Places::STATE != 0
    }

    /// The value of [`string_key::TRACE_STATE`](crate::string_key::TRACE_STATE), by a walk if there is one; of several
    /// the last that is not empty.
    pub fn trace_state(&self) -> Option<&[u8]> {
        if !self.has_trace_state() {
            return None;
        }
        let is_state =
            |(key, value): &(&[u8], &[u8])| *key == string_key::TRACE_STATE.as_bytes() && !value.is_empty();
        self.iter().filter(is_state).last().map(|(_, value)| value)
    }

    /// The value of an integer key; of several the last.
    pub fn int(&self, key: u16) -> Option<&[u8]> {
        self.ints().filter(|(found, _)| *found == key).last().map(|(_, value)| value)
    }

    /// All pairs with string keys in the order of the wire.
    pub fn iter(&self) -> PairsIter<'_> {
        PairsIter(self.walk(self.raw.len().min(self.strings as usize)))
    }

    /// All pairs with integer keys in the order of the wire.
    pub fn ints(&self) -> impl Iterator<Item = (u16, &[u8])> {
        self.walk(self.raw.len()).filter_map(|entry| match entry {
            Entry::Int(key, value) => Some((key, value)),
            Entry::String(..) => None,
        })
    }

    /// The value as shared bytes.
    pub fn share(&self, value: &[u8]) -> Bytes {
        if value.is_empty() { Bytes::new() } else { self.raw.slice_ref(value) }
    }

    pub(super) fn range(&self, (at, len): (u32, u16)) -> Option<&[u8]> {
        self.raw.get(at as usize..at as usize + usize::from(len))
    }

    fn walk(&self, end: usize) -> Walk<'_> {
        let mut walk = Walk { rest: self.raw.get(..end).unwrap_or_default(), section: STRINGS, left: 0 };
        if self.strings == BARE && end > 0 {
            walk.left = walk.u16();
        }
        walk
    }
}

impl std::fmt::Debug for Pairs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |bytes| String::from_utf8_lossy(bytes);
        f.debug_map().entries(self.iter().map(|(key, value)| (text(key), text(value)))).finish()
    }
}

/// An iteration over [`Pairs`] with string keys.
#[derive(Debug, Clone)]
pub struct PairsIter<'a>(Walk<'a>);

impl<'a> Iterator for PairsIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.find_map(|entry| match entry {
            Entry::String(key, value) => Some((key, value)),
            Entry::Int(..) => None,
        })
    }
}

enum Entry<'a> {
    String(&'a [u8], &'a [u8]),
    Int(u16, &'a [u8]),
}

/// A walk over sections. They were checked when the header was parsed; what is missing all the same reads as nothing.
#[derive(Debug, Clone)]
struct Walk<'a> {
    rest: &'a [u8],
    section: u8,
    left: u16,
}

impl<'a> Walk<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn u16(&mut self) -> u16 {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                u16::from_be_bytes(*bytes)
            }
            None => {
                self.rest = &[];
                0
            }
        }
    }

    fn value(&mut self) -> &'a [u8] {
        let len = self.u16();
        self.take(usize::from(len))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        while self.left == 0 {
            match *self.take(1).first()? {
                section @ (STRINGS | INTEGERS) => (self.section, self.left) = (section, self.u16()),
                ACL => return Some(Entry::String(string_key::ACL_TOKEN.as_bytes(), self.value())),
                _ => {}
            }
        }
        self.left -= 1;
        Some(match self.section {
            INTEGERS => Entry::Int(self.u16(), self.value()),
            _ => {
                let key = self.value();
                Entry::String(key, self.value())
            }
        })
    }
}
