//! Writing a TTHeader in one pass: counts and lengths are patched where they were reserved.

use bytes::{BufMut, BytesMut};

use super::{ACL, INTEGERS, MAX_HEADER_INFO, META, STRINGS};
use crate::{EncodeError, Output};

/// A TTHeader that is being written to the tail of an [`Output`].
///
/// The order of the calls is the order of the wire: [`acl`](Self::acl), then [`string`](Self::string)s, then
/// [`int`](Self::int)s, then [`finish`](Self::finish). Nothing may be written to the output in between.
#[derive(Debug)]
pub struct HeaderWriter<'a> {
    out: &'a mut BytesMut,
    start: usize,
    section: Section,
    error: Option<EncodeError>,
}

/// The section that is open: its id, where its count stands, and the count.
#[derive(Debug, Clone, Copy)]
struct Section {
    id: u8,
    count_at: usize,
    count: u16,
}

impl<'a> HeaderWriter<'a> {
    /// Begins a header. Its lengths are zero, which no reader accepts, until [`finish`](Self::finish).
    pub fn begin(out: &'a mut Output, flags: u16, sequence: i32, protocol: u8) -> Self {
        let out = out.tail();
        let start = out.len();
        let mut fixed = [0; META + 2];
        fixed[4] = 0x10;
        fixed[6..8].copy_from_slice(&flags.to_be_bytes());
        fixed[8..12].copy_from_slice(&sequence.to_be_bytes());
        fixed[14] = protocol;
        out.extend_from_slice(&fixed);
        Self { out, start, section: Section { id: 0, count_at: 0, count: 0 }, error: None }
    }

    /// Writes a section that was put together before; further entries of its kind go on in it.
    pub fn prepared(&mut self, section: &PreparedSection) {
        if section.count > 0 {
            self.close_section();
            let count_at = self.out.len() + 1;
            self.out.extend_from_slice(&section.bytes);
            self.section = Section { id: section.bytes[0], count_at, count: section.count };
        }
    }

    /// Writes the ACL section.
    pub fn acl(&mut self, token: &[u8]) {
        self.out.put_u8(ACL);
        self.value(&[token]);
    }

    /// Writes a string pair. `key` is given in pieces, so that a prefix need not be joined to it.
    pub fn string(&mut self, key: &[&[u8]], value: &[u8]) {
        self.entry(STRINGS);
        let mut entry = ShortEntry::default();
        if !(entry.value(key) && entry.value(&[value])) {
            self.value(key);
            return self.value(&[value]);
        }
        self.out.extend_from_slice(entry.bytes());
    }

    /// Writes a string pair that stands together as on the wire: the length of the key, the key, the length of the
    /// value, the value. Gives it where it was written, for what differs from pair to pair to be filled in.
    pub fn whole_string(&mut self, pair: &[u8]) -> &mut [u8] {
        self.entry(STRINGS);
        let at = self.out.len();
        self.out.extend_from_slice(pair);
        &mut self.out[at..]
    }

    /// Writes an integer key with its value.
    pub fn int(&mut self, key: u16, value: &[u8]) {
        self.entry(INTEGERS);
        let mut entry = ShortEntry::default();
        if !(entry.key(key) && entry.value(&[value])) {
            self.out.put_u16(key);
            return self.value(&[value]);
        }
        self.out.extend_from_slice(entry.bytes());
    }

    /// Writes a pair whose value is known only after the header, such as a checksum; returns where it stands.
    pub fn reserve_string<const N: usize>(&mut self, key: &str) -> usize {
        self.string(&[key.as_bytes()], &[0; N]);
        self.out.len() - N
    }

    /// Pads the header and patches its lengths for a payload of `payload` bytes.
    ///
    /// Errors if a key or value is longer than 65 535 bytes, if a section has more entries, or if the header info is
    /// larger than the format can express; the output is then as it was before the header.
    pub fn finish(mut self, payload: usize) -> Result<(), EncodeError> {
        self.close_section();
        let padding = (4 - (self.out.len() - self.start - META) % 4) % 4;
        self.out.extend_from_slice(&[0; 3][..padding]);
        let info = self.out.len() - self.start - META;
        if info > MAX_HEADER_INFO {
            self.error.get_or_insert(EncodeError::limit("TTHeader's header info", info, MAX_HEADER_INFO));
        }
        let length = 10 + info + payload;
        if length > i32::MAX as usize {
            self.error.get_or_insert(EncodeError::limit("TTHeader's LENGTH", length, i32::MAX as usize));
        }
        if let Some(error) = self.error {
            self.out.truncate(self.start);
            return Err(error);
        }
        let header = &mut self.out[self.start..];
        header[..4].copy_from_slice(&(length as u32).to_be_bytes());
        header[12..14].copy_from_slice(&((info / 4) as u16).to_be_bytes());
        Ok(())
    }

    fn entry(&mut self, id: u8) {
        if self.section.id != id {
            self.close_section();
            self.out.put_u8(id);
            self.section = Section { id, count_at: self.out.len(), count: 0 };
            self.out.put_u16(0);
        }
        match self.section.count.checked_add(1) {
            Some(count) => self.section.count = count,
            None => self.fail("entries of a TTHeader section", 65536),
        }
    }

    fn close_section(&mut self) {
        let Section { id, count_at, count } = self.section;
        if id != 0 {
            self.out[count_at..count_at + 2].copy_from_slice(&count.to_be_bytes());
        }
    }

    fn value(&mut self, pieces: &[&[u8]]) {
        let len = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        let Ok(short) = u16::try_from(len) else {
            return self.fail("a key or value of a TTHeader", len);
        };
        self.out.put_u16(short);
        pieces.iter().for_each(|piece| self.out.extend_from_slice(piece));
    }

    #[cold]
    fn fail(&mut self, what: &'static str, asked: usize) {
        self.error.get_or_insert(EncodeError::limit(what, asked, 65535));
    }
}

/// An entry put together on the stack: appending once costs less than appending each of its parts.
struct ShortEntry {
    bytes: [u8; 128],
    len: usize,
}

impl Default for ShortEntry {
    fn default() -> Self {
        Self { bytes: [0; 128], len: 0 }
    }
}

impl ShortEntry {
    fn key(&mut self, key: u16) -> bool {
        self.put(&key.to_be_bytes())
    }

    /// False if there is no room.
    fn value(&mut self, pieces: &[&[u8]]) -> bool {
        let len = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        len < self.bytes.len()
            && self.put(&(len as u16).to_be_bytes())
            && pieces.iter().all(|piece| self.put(piece))
    }

    fn put(&mut self, bytes: &[u8]) -> bool {
        let Some(room) = self.bytes[self.len..].get_mut(..bytes.len()) else { return false };
        room.copy_from_slice(bytes);
        self.len += bytes.len();
        true
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A section that many headers share, put together once.
#[derive(Debug, Clone, Default)]
pub struct PreparedSection {
    /// The section as it stands on the wire.
    bytes: Vec<u8>,
    count: u16,
}

impl PreparedSection {
    /// A section of integer keys. Errors if there are too many, or if a value is too long.
    pub fn ints(pairs: &[(u16, &[u8])]) -> Result<Self, EncodeError> {
        Self::build(|header| pairs.iter().for_each(|(key, value)| header.int(*key, value)))
    }

    /// Entries in it.
    pub fn entries(&self) -> usize {
        usize::from(self.count)
    }

    /// The section of entries of one kind that `write` writes. Errors if there are too many, or if a key or value is too
    /// long.
    pub fn build(write: impl FnOnce(&mut HeaderWriter<'_>)) -> Result<Self, EncodeError> {
        let mut out = Output::new();
        let mut header = HeaderWriter::begin(&mut out, 0, 0, 0);
        let start = header.out.len();
        write(&mut header);
        header.close_section();
        let count = header.section.count;
        if let Some(error) = header.error {
            return Err(error);
        }
        Ok(Self { bytes: out.tail()[start..].to_vec(), count })
    }
}
