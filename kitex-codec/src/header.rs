//! TTHeader: the parsed header, and the writer of one (spec: kitex-wire 6).

mod pairs;
mod write;

use bytes::Bytes;

use crate::{DecodeError, Limits, int_key};

pub use pairs::{Pairs, PairsIter};
pub use write::{HeaderWriter, PreparedSection};

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

/// Integer keys that are found without a walk.
const SLOTS: [u16; 6] = [
    int_key::FROM_SERVICE,
    int_key::RPC_TIMEOUT,
    int_key::FROM_METHOD,
    int_key::TO_METHOD,
    int_key::FRAME_TYPE,
    int_key::LOG_ID,
];

/// A TTHeader as it was read. Its strings are ranges of the bytes it came in; nothing was copied.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// See [`flags`].
    pub flags: u16,
    /// The sequence id of the header.
    pub sequence: i32,
    /// The protocol id: 0 for Thrift Binary.
    pub protocol: u8,
    info: Bytes,
    slots: [(u32, u16); SLOTS.len()],
    pairs: Pairs,
}

impl Header {
    /// Parses header info (spec: kitex-wire 6.1): all that stands between the 14 fixed bytes and the payload.
    pub fn decode(flags: u16, sequence: i32, info: Bytes, limits: &Limits) -> Result<Self, DecodeError> {
        let mut walk = Cursor { rest: &info, whole: info.len() };
        let (protocol, transforms) = (walk.byte()?, walk.byte()?);
        if !matches!(protocol, 0x00 | 0x03 | 0x04 | 0x10 | 0x11) {
            return Err(DecodeError::header(format!("unsupported protocol id {protocol:#04x}")));
        }
        walk.take(usize::from(transforms))?;
        let mut header = Self { flags, sequence, protocol, ..Self::default() };
        let mut strings: Option<(usize, usize)> = None;
        let mut entries = 0;
        while !walk.rest.is_empty() {
            let at = walk.at();
            match walk.byte()? {
                PADDING => {}
                STRINGS => {
                    entries += walk.string_section()?;
                    strings = Some((strings.map_or(at, |(from, _)| from), walk.at()));
                }
                INTEGERS => entries += walk.int_section(&mut header.slots)?,
                ACL => {
                    walk.value()?;
                    entries += 1;
                    strings = Some((strings.map_or(at, |(from, _)| from), walk.at()));
                }
                other => return Err(DecodeError::header(format!("unknown section id {other:#04x}"))),
            }
            if entries > limits.max_header_entries {
                return Err(DecodeError::limit(
                    "Limits::max_header_entries",
                    entries,
                    limits.max_header_entries,
                ));
            }
        }
        if let Some((from, to)) = strings {
            header.pairs = Pairs::of_sections(info.slice(from..to));
        }
        header.info = info;
        Ok(header)
    }

    /// The string pairs, an ACL token among them under [`string_key::ACL_TOKEN`](crate::string_key::ACL_TOKEN).
    pub fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// Takes the string pairs out.
    pub fn take_pairs(&mut self) -> Pairs {
        std::mem::take(&mut self.pairs)
    }

    /// The value of an integer key. Keys that a request is served by are found at once, others by a walk.
    pub fn int(&self, key: u16) -> Option<&[u8]> {
        match SLOTS.iter().position(|slot| *slot == key) {
            Some(slot) => {
                let (at, len) = self.slots[slot];
                (at != 0).then(|| &self.info[at as usize..at as usize + usize::from(len)])
            }
            None => self.ints().filter(|(found, _)| *found == key).last().map(|(_, value)| value),
        }
    }

    /// All integer keys with their values, in the order of the wire.
    pub fn ints(&self) -> impl Iterator<Item = (u16, &[u8])> {
        let mut found = Vec::new();
        // The info was walked before, so this walk meets no error.
        let _ = self.walk_ints(&mut found);
        found.into_iter()
    }

    fn walk_ints<'a>(&'a self, found: &mut Vec<(u16, &'a [u8])>) -> Result<(), DecodeError> {
        let mut walk = Cursor { rest: &self.info, whole: self.info.len() };
        if self.info.is_empty() {
            return Ok(());
        }
        walk.byte()?;
        let transforms = walk.byte()?;
        walk.take(usize::from(transforms))?;
        while !walk.rest.is_empty() {
            match walk.byte()? {
                STRINGS => walk.string_section().map(drop)?,
                INTEGERS => {
                    for _ in 0..walk.u16()? {
                        found.push((walk.u16()?, walk.value()?));
                    }
                }
                ACL => walk.value().map(drop)?,
                _ => {}
            }
        }
        Ok(())
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

    fn string_section(&mut self) -> Result<usize, DecodeError> {
        let count = self.u16()?;
        for _ in 0..count {
            self.value()?;
            self.value()?;
        }
        Ok(usize::from(count))
    }

    fn int_section(&mut self, slots: &mut [(u32, u16); SLOTS.len()]) -> Result<usize, DecodeError> {
        let count = self.u16()?;
        for _ in 0..count {
            let key = self.u16()?;
            let at = self.at() + 2;
            let value = self.value()?;
            if let Some(slot) = SLOTS.iter().position(|slot| *slot == key) {
                slots[slot] = (at as u32, value.len() as u16);
            }
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
    let entries = walk.string_section()?;
    if entries > limits.max_header_entries {
        return Err(DecodeError::limit("Limits::max_header_entries", entries, limits.max_header_entries));
    }
    if !walk.rest.is_empty() {
        return Err(DecodeError::header("bytes behind the pairs of a mesh header"));
    }
    Ok(Pairs::of_block(block))
}

#[cfg(test)]
mod tests;
