//! What stands before a message's struct.

use kitex_codec::Protocol;

use super::super::Reader;
use super::super::classes::Row;
use super::super::envelopes::Head;
use super::{Reading, Reference, Stop};

/// What a message of Compact begins with.
const COMPACT: u8 = 0x82;

impl<'a> Reference<'a> {
    pub(in super::super) fn read_envelope(
        protocol: Protocol,
        reader: Reader,
        bytes: &'a [u8],
    ) -> Reading<Head> {
        Self::new(protocol, reader, bytes).reading(|reference| match reference.is_compact() {
            true => reference.compact_envelope(),
            false => reference.binary_envelope(),
        })
    }

    fn binary_envelope(&mut self) -> Result<Head, Stop> {
        let word = self.big_endian(4)? as u32;
        if word >> 31 == 0 {
            return self.old_envelope(word as usize);
        }
        self.meet_if(word >> 16 != 0x8001, Row::Version)?;
        self.meet_if(word >> 8 & 0xff != 0, Row::ThirdByte)?;
        self.message_type(word as u8)?;
        let len = self.size()?;
        let name = self.name(len)?;
        let sequence = self.big_endian(4)? as i32;
        let kind = match self.reader {
            Reader::Kitex => word as u16,
            Reader::Apache => word as u16 & 0xff,
            Reader::Pilota => word as u16 & 0xf,
        };
        Ok(Head { kind, name, sequence })
    }

    /// The name's length stands where the version would.
    fn old_envelope(&mut self, len: usize) -> Result<Head, Stop> {
        self.meet(Row::OldForm)?;
        let name = self.name(len)?;
        let kind = self.byte()?;
        self.message_type(kind)?;
        let sequence = self.big_endian(4)? as i32;
        Ok(Head { kind: u16::from(kind), name, sequence })
    }

    fn compact_envelope(&mut self) -> Result<Head, Stop> {
        let first = self.byte()?;
        self.meet_if(first != COMPACT, Row::Version)?;
        let kind = self.byte()?;
        self.meet_if(kind & 0x1f != 1, Row::Version)?;
        self.message_type(kind >> 5)?;
        let sequence = self.varint(32)? as i32;
        let len = self.size()?;
        let name = self.name(len)?;
        Ok(Head { kind: u16::from(kind >> 5), name, sequence })
    }

    fn message_type(&mut self, kind: u8) -> Result<(), Stop> {
        match (kind, kind & 15) {
            (1..=4, _) => Ok(()),
            (_, 1..=4) => self.meet(Row::TypeNibble),
            _ => self.meet(Row::MessageType),
        }
    }

    fn name(&mut self, len: usize) -> Result<Vec<u8>, Stop> {
        let name = self.take(len)?;
        self.meet_if(std::str::from_utf8(name).is_err(), Row::NameNotText)?;
        Ok(name.to_vec())
    }
}
