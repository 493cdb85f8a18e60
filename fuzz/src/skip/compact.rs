//! Where a value of Thrift Compact ends.

use kitex_codec::Type;

use super::Endless;

/// The end of a value found by recursion, as the wire is described.
pub(super) struct Reference<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) max_depth: usize,
    /// A bool among others is held to be one, as a reader does and a walk does not.
    pub(super) strict: bool,
}

const BOOL: [u8; 2] = [1, 2];

/// The number of a type; 0 if no value has it.
pub(super) fn number(kind: Type) -> u8 {
    match kind {
        Type::Bool => 1,
        Type::I8 => 3,
        Type::I16 => 4,
        Type::I32 => 5,
        Type::I64 => 6,
        Type::Double => 7,
        Type::String => 8,
        Type::List => 9,
        Type::Set => 10,
        Type::Map => 11,
        Type::Struct => 12,
        Type::Uuid => 13,
        Type::Stop | Type::Void => 0,
    }
}

impl Reference<'_> {
    /// The end of the value at `at` of a type by its number in Compact, inside `depth` structs and containers.
    pub(super) fn end(&self, kind: u8, at: usize, depth: usize) -> Result<usize, Endless> {
        match kind {
            1 | 2 => match self.byte(at)? {
                (3.., _) if self.strict => Err(Endless::Refused),
                (_, end) => Ok(end),
            },
            3 => self.pass(at, 1),
            4 => self.i16(at),
            5 => self.varint(at, 5, 32).map(|(_, end)| end),
            6 => self.varint(at, 10, 64).map(|(_, end)| end),
            7 => self.pass(at, 8),
            8 => self.size(at).and_then(|(len, at)| self.pass(at, len)),
            9 | 10 => self.elements(at, depth),
            11 => self.entries(at, depth),
            12 => self.structure(at, depth),
            13 => self.pass(at, 16),
            _ => Err(Endless::Refused),
        }
    }

    fn pass(&self, at: usize, len: usize) -> Result<usize, Endless> {
        let end = at.saturating_add(len);
        if end <= self.bytes.len() { Ok(end) } else { Err(Endless::Short) }
    }

    fn byte(&self, at: usize) -> Result<(u8, usize), Endless> {
        let end = self.pass(at, 1)?;
        Ok((self.bytes[at], end))
    }

    /// A number of at most so many bytes and bits, and its end.
    fn varint(&self, mut at: usize, bytes: usize, bits: u32) -> Result<(u64, usize), Endless> {
        let mut number = 0_u128;
        for group in 0..bytes {
            let (byte, end) = self.byte(at)?;
            number |= u128::from(byte & 0x7f) << (7 * group);
            at = end;
            if number >> bits != 0 {
                return Err(Endless::Refused);
            }
            if byte < 0x80 {
                return Ok((number as u64, at));
            }
        }
        Err(Endless::Refused)
    }

    fn i16(&self, at: usize) -> Result<usize, Endless> {
        let (folded, end) = self.varint(at, 5, 32)?;
        if folded > u64::from(u16::MAX) { Err(Endless::Refused) } else { Ok(end) }
    }

    fn size(&self, at: usize) -> Result<(usize, usize), Endless> {
        let (size, end) = self.varint(at, 5, 32)?;
        if size >> 31 == 0 { Ok((size as usize, end)) } else { Err(Endless::Refused) }
    }

    fn enter(&self, depth: usize) -> Result<usize, Endless> {
        if depth < self.max_depth { Ok(depth + 1) } else { Err(Endless::Refused) }
    }

    fn known(kind: u8) -> Result<u8, Endless> {
        if (1..=13).contains(&kind) { Ok(kind) } else { Err(Endless::Refused) }
    }

    fn structure(&self, mut at: usize, depth: usize) -> Result<usize, Endless> {
        let depth = self.enter(depth)?;
        let mut last = 0_i32;
        loop {
            let (head, end) = self.byte(at)?;
            if head & 15 == 0 {
                return Ok(end);
            }
            let kind = Self::known(head & 15)?;
            at = if head >> 4 == 0 { self.i16(end)? } else { end };
            last = if head >> 4 == 0 { self.id(end)? } else { last + i32::from(head >> 4) };
            if self.strict && last > i32::from(i16::MAX) {
                return Err(Endless::Refused);
            }
            if !BOOL.contains(&kind) {
                at = self.end(kind, at, depth)?;
            }
        }
    }

    fn id(&self, at: usize) -> Result<i32, Endless> {
        let (folded, _) = self.varint(at, 5, 32)?;
        Ok((folded >> 1) as i32 ^ -((folded & 1) as i32))
    }

    fn elements(&self, at: usize, depth: usize) -> Result<usize, Endless> {
        let (head, end) = self.byte(at)?;
        let (count, end) = match head >> 4 {
            15 => self.size(end)?,
            short => (usize::from(short), end),
        };
        let depth = self.enter(depth)?;
        if count == 0 {
            return Ok(end);
        }
        let kind = Self::known(head & 15)?;
        (0..count).try_fold(end, |at, _| self.end(kind, at, depth))
    }

    fn entries(&self, at: usize, depth: usize) -> Result<usize, Endless> {
        let (count, end) = self.size(at)?;
        if count == 0 {
            return self.enter(depth).map(|_| end);
        }
        let (kinds, end) = self.byte(end)?;
        let depth = self.enter(depth)?;
        let (key, value) = (Self::known(kinds >> 4)?, Self::known(kinds & 15)?);
        (0..count).try_fold(end, |at, _| self.end(value, self.end(key, at, depth)?, depth))
    }
}
