//! TTHeader: the parsed header, and the writer of one (spec: kitex-wire 6).

mod pairs;
mod write;

use bytes::{Buf as _, Bytes};

use crate::{DecodeError, Limits, int_key, string_key};

pub use pairs::{Pairs, PairsIter};
pub use write::{HeaderWriter, PreparedSection};

use pairs::Places;

/// Bytes of header info that the format can express.
pub const MAX_HEADER_INFO: usize = 4 * 65535;

/// The flags word.
pub mod flags {
    /// The sender takes responses in any order.
    pub const OUT_OF_ORDER: u16 = 0x0001;
    /// The frame belongs to TTHeader Streaming.
    pub const STREAMING: u16 = 0x0002;
}

/// Bytes before the header info.
pub(crate) const META: usize = 14;

/// A TTHeader as it was read. Its strings are ranges of the bytes it came in; nothing was copied.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// See [`flags`].
    pub flags: u16,
    /// The sequence id of the header.
    pub sequence: i32,
    /// The protocol id: 0 for Thrift Binary.
    pub protocol: u8,
    /// All sections.
    pairs: Pairs,
    /// Where the values stand that every request is served by: they are found without a walk.
    service: Range,
    timeout: Range,
}

/// Where a value stands among the sections, and its length; `None` if it is not there.
type Range = Option<(u32, u16)>;

/// What the one walk over its pairs that every message takes notes of them.
#[derive(Default)]
struct Noted {
    service: Range,
    places: Places,
}

impl Noted {
    #[inline]
    fn pair(&mut self, key: &[u8], at: usize, value: &[u8]) {
        const SERVICE: usize = string_key::SERVICE.len();
        const PARENT: usize = string_key::TRACE_PARENT.len();
        const STATE: usize = string_key::TRACE_STATE.len();
        // Most keys are told from those that are noted by their length.
        match key.len() {
            SERVICE if key == string_key::SERVICE.as_bytes() => {
                self.service = Some((at as u32, value.len() as u16));
            }
            PARENT | STATE => self.places.pair(key, at, value),
            _ => {}
        }
    }
}

impl Header {
    /// Parses header info (spec: kitex-wire 6.1): all that stands between the 14 fixed bytes and the payload.
    pub fn decode(flags: u16, sequence: i32, mut info: Bytes, limits: &Limits) -> Result<Self, DecodeError> {
        let mut walk = Cursor { rest: &info, whole: info.len() };
        let (protocol, transforms) = (walk.byte()?, walk.byte()?);
        if !matches!(protocol, 0x00 | 0x03 | 0x04 | 0x10 | 0x11) {
            return Err(DecodeError::header(format!("unsupported protocol id {protocol:#04x}")));
        }
        walk.take(usize::from(transforms))?;
        info.advance(2 + usize::from(transforms));
        let mut walk = Cursor { rest: &info, whole: info.len() };
        let mut header = Self { flags, sequence, protocol, ..Self::default() };
        let (mut entries, mut strings, mut noted) = (0, 0, Noted::default());
        while !walk.rest.is_empty() {
            let (found, string) = header.section(&mut walk, &mut noted)?;
            entries += found;
            if string {
                strings = info.len() - walk.rest.len();
            }
            if entries > limits.max_header_entries {
                return Err(DecodeError::limit(
                    "Limits::max_header_entries",
                    entries,
                    limits.max_header_entries,
                ));
            }
        }
        if entries > 0 {
            header.pairs = Pairs::of_sections(info, strings, noted.places);
        }
        header.service = noted.service;
        Ok(header)
    }

    /// Walks over a section; gives how many entries it has, and whether they show among the string pairs.
    fn section(&mut self, walk: &mut Cursor<'_>, noted: &mut Noted) -> Result<(usize, bool), DecodeError> {
        match walk.byte()? {
            PADDING => Ok((0, false)),
            STRINGS => Ok((walk.strings(noted)?, true)),
            INTEGERS => Ok((walk.ints(&mut self.timeout, &mut noted.places)?, false)),
            ACL => walk.value().map(|_| (1, true)),
            other => Err(DecodeError::header(format!("unknown section id {other:#04x}"))),
        }
    }

    /// The string pairs, an ACL token among them under [`string_key::ACL_TOKEN`](crate::string_key::ACL_TOKEN).
    pub fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// Takes the pairs out, the integer keys with them.
    pub fn take_pairs(&mut self) -> Pairs {
        (self.service, self.timeout) = (None, None);
        std::mem::take(&mut self.pairs)
    }

    /// The value of [`string_key::SERVICE`](crate::string_key::SERVICE), found at once.
    pub fn service(&self) -> Option<&[u8]> {
        self.service.and_then(|range| self.pairs.range(range))
    }

    /// The value of an integer key: that of the timeout is found at once, others by a walk.
    pub fn int(&self, key: u16) -> Option<&[u8]> {
        match key {
            int_key::RPC_TIMEOUT => self.timeout.and_then(|range| self.pairs.range(range)),
            _ => self.pairs.int(key),
        }
    }

    /// All integer keys with their values, in the order of the wire.
    pub fn ints(&self) -> impl Iterator<Item = (u16, &[u8])> {
        self.pairs.ints()
    }
}

const PADDING: u8 = 0x00;
const STRINGS: u8 = 0x01;
const INTEGERS: u8 = 0x10;
const ACL: u8 = 0x11;

/// A walk over header info.
struct Cursor<'a> {
    rest: &'a [u8],
    whole: usize,
}

impl<'a> Cursor<'a> {
    fn at(&self) -> usize {
        self.whole - self.rest.len()
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(overrun)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (byte, rest) = self.rest.split_first().ok_or_else(overrun)?;
        self.rest = rest;
        Ok(*byte)
    }

    #[inline]
    fn u16(&mut self) -> Result<u16, DecodeError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(overrun)?;
        self.rest = rest;
        Ok(u16::from_be_bytes(*bytes))
    }

    #[inline]
    fn value(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    fn strings(&mut self, noted: &mut Noted) -> Result<usize, DecodeError> {
        let count = self.u16()?;
        for _ in 0..count {
            let key = self.value()?;
            let at = self.at() + 2;
            let value = self.value()?;
            noted.pair(key, at, value);
        }
        Ok(usize::from(count))
    }

    fn ints(&mut self, timeout: &mut Range, places: &mut Places) -> Result<usize, DecodeError> {
        let count = self.u16()?;
        for _ in 0..count {
            let key = self.u16()?;
            let at = self.at() + 2;
            let value = self.value()?;
            if key == int_key::RPC_TIMEOUT {
                *timeout = Some((at as u32, value.len() as u16));
            }
            places.int(key, at);
        }
        Ok(usize::from(count))
    }
}

#[cold]
fn overrun() -> DecodeError {
    DecodeError::header("a count or a length runs past the header info")
}

/// The pairs of a mesh header (spec: kitex-wire 17.2), checked.
pub(crate) fn mesh_pairs(block: Bytes, limits: &Limits) -> Result<Pairs, DecodeError> {
    let mut walk = Cursor { rest: &block, whole: block.len() };
    let mut noted = Noted::default();
    let entries = walk.strings(&mut noted)?;
    if entries > limits.max_header_entries {
        return Err(DecodeError::limit("Limits::max_header_entries", entries, limits.max_header_entries));
    }
    if !walk.rest.is_empty() {
        return Err(DecodeError::header("bytes behind the pairs of a mesh header"));
    }
    Ok(Pairs::of_block(block, noted.places))
}

#[cfg(test)]
mod tests;
