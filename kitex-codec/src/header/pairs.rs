//! String pairs as ranges of the header that they came in.

use bytes::Bytes;

use super::{ACL, INTEGERS, STRINGS};
use crate::string_key;

/// The string pairs of one header. Cheap to clone; looked up by a walk, which for the handful of pairs that headers
/// carry costs less than building a map.
#[derive(Clone, Default)]
pub struct Pairs {
    /// Checked sections, the first of them beginning with its id unless `bare`.
    raw: Bytes,
    /// True if `raw` begins with the count of its only section, as a mesh header does.
    bare: bool,
}

impl Pairs {
    /// No pairs.
    pub const fn new() -> Self {
        Self { raw: Bytes::new(), bare: false }
    }

    /// `raw` must have been walked without an error.
    pub(super) fn of_sections(raw: Bytes) -> Self {
        Self { raw, bare: false }
    }

    /// `raw` must have been walked without an error.
    pub(super) fn of_block(raw: Bytes) -> Self {
        Self { raw, bare: true }
    }

    /// True if there is no pair.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// The value of `key`; of several the last.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.iter().filter(|(found, _)| *found == key.as_bytes()).last().map(|(_, value)| value)
    }

    /// All pairs in the order of the wire.
    pub fn iter(&self) -> PairsIter<'_> {
        let mut pairs = PairsIter { rest: &self.raw, left: 0 };
        if self.bare && !self.raw.is_empty() {
            pairs.left = pairs.u16();
        }
        pairs
    }

    /// The value as shared bytes.
    pub fn share(&self, value: &[u8]) -> Bytes {
        if value.is_empty() { Bytes::new() } else { self.raw.slice_ref(value) }
    }
}

impl std::fmt::Debug for Pairs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |bytes| String::from_utf8_lossy(bytes);
        f.debug_map().entries(self.iter().map(|(key, value)| (text(key), text(value)))).finish()
    }
}

/// An iteration over [`Pairs`].
#[derive(Debug, Clone)]
pub struct PairsIter<'a> {
    rest: &'a [u8],
    left: u16,
}

impl<'a> PairsIter<'a> {
    /// The sections were checked when the header was parsed; what is missing all the same reads as nothing.
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

    fn skip_ints(&mut self) {
        for _ in 0..self.u16() {
            self.u16();
            self.value();
        }
    }
}

impl<'a> Iterator for PairsIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.left > 0 {
                self.left -= 1;
                let key = self.value();
                return Some((key, self.value()));
            }
            match *self.take(1).first()? {
                STRINGS => self.left = self.u16(),
                INTEGERS => self.skip_ints(),
                ACL => return Some((string_key::ACL_TOKEN.as_bytes(), self.value())),
                _ => {}
            }
        }
    }
}
