//! The bytes of a struct read by plain recursion, as the table says that one of the readers does.

mod envelope;

use kitex_codec::{Protocol, Type};

use super::classes::{Does, Row};
use super::{Reader, kind_of};
use crate::value::{Fields, Value};

/// Levels that are read of what a rival reads without a limit: see `readers`.
pub(super) const DEEPEST: usize = 200;

/// What becomes of the bytes: what they say and how many are left.
#[derive(Debug)]
pub(super) enum Outcome<T = Fields> {
    Read(T, usize),
    Refused,
    Unheld,
}

/// An outcome, and the rows that were met on the way.
#[derive(Debug)]
pub(super) struct Reading<T = Fields> {
    pub(super) outcome: Outcome<T>,
    pub(super) rows: Vec<Row>,
}

/// Why nothing was read.
#[derive(Debug)]
enum Stop {
    Refused,
    Unheld,
}

#[derive(Debug)]
pub(super) struct Reference<'a> {
    rest: &'a [u8],
    protocol: Protocol,
    reader: Reader,
    rows: Vec<Row>,
    structs: usize,
    levels: usize,
}

impl<'a> Reference<'a> {
    pub(super) fn read(protocol: Protocol, reader: Reader, bytes: &'a [u8]) -> Reading {
        Self::new(protocol, reader, bytes).reading(Self::structure)
    }

    fn new(protocol: Protocol, reader: Reader, bytes: &'a [u8]) -> Self {
        Self { rest: bytes, protocol, reader, rows: Vec::new(), structs: 0, levels: 0 }
    }

    fn reading<T>(mut self, read: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Reading<T> {
        let outcome = match read(&mut self) {
            Ok(value) => Outcome::Read(value, self.rest.len()),
            Err(Stop::Refused) => Outcome::Refused,
            Err(Stop::Unheld) => Outcome::Unheld,
        };
        Reading { outcome, rows: self.rows }
    }

    /// Goes on where the reader does.
    fn meet(&mut self, row: Row) -> Result<(), Stop> {
        self.rows.push(row);
        match row.by(self.reader) {
            Does::Reads(_) => Ok(()),
            Does::Refuses => Err(Stop::Refused),
            Does::Unheld(_) => Err(Stop::Unheld),
        }
    }

    fn meet_if(&mut self, met: bool, row: Row) -> Result<(), Stop> {
        if met { self.meet(row) } else { Ok(()) }
    }

    fn is_compact(&self) -> bool {
        self.protocol == Protocol::Compact
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Stop> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            self.meet(Row::Cut)?;
            return Err(Stop::Refused);
        };
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// So many bytes as a number, the highest first.
    fn big_endian(&mut self, len: usize) -> Result<u64, Stop> {
        Ok(self.take(len)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// A number in groups of seven bits, the lowest first, of at most `bits` bits.
    fn varint(&mut self, bits: u32) -> Result<u64, Stop> {
        let longest = bits.div_ceil(7) as usize;
        let mut number = 0_u128;
        for at in 0..longest {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                let wide = if bits == 64 { Row::Wide64 } else { Row::Wide32 };
                self.meet_if(number >> bits != 0, wide)?;
                return Ok((number & ((1 << bits) - 1)) as u64);
            }
        }
        self.meet(Row::LongVarint)?;
        Err(Stop::Refused)
    }

    /// A signed number of `bits` bits.
    fn signed(&mut self, bits: u32) -> Result<i64, Stop> {
        if !self.is_compact() {
            let shift = 64 - bits;
            return Ok((self.big_endian(bits as usize / 8)? << shift).cast_signed() >> shift);
        }
        let before = self.rest.len();
        let folded = self.varint(bits.max(32))?;
        let number = (folded >> 1).cast_signed() ^ -(folded & 1).cast_signed();
        if bits != 16 {
            return Ok(number);
        }
        self.meet_if(before - self.rest.len() > 3, Row::LongI16)?;
        self.meet_if(i16::try_from(number).is_err(), Row::WideI16)?;
        Ok(i64::from(number as i16))
    }

    /// A length or count.
    fn size(&mut self) -> Result<usize, Stop> {
        let size = if self.is_compact() { self.varint(32)? } else { self.big_endian(4)? } as u32;
        self.meet_if(size.cast_signed() < 0, Row::NegativeSize)?;
        Ok(size as usize)
    }

    fn enter(&mut self, structure: bool) -> Result<(), Stop> {
        self.levels += 1;
        self.structs += usize::from(structure);
        self.meet_if(structure && self.structs > 64, Row::DeepStructs)?;
        self.meet_if(self.levels > 64, Row::Deep)?;
        if self.levels > DEEPEST { Err(Stop::Unheld) } else { Ok(()) }
    }

    fn structure(&mut self) -> Result<Fields, Stop> {
        self.enter(true)?;
        let (mut fields, mut last) = (Vec::new(), 0);
        while let Some((id, kind, flag)) = self.field(last)? {
            let value = match flag {
                Some(flag) => Value::Bool(flag),
                None => self.value(kind)?,
            };
            fields.push((id, value));
            last = id;
        }
        self.levels -= 1;
        self.structs -= 1;
        Ok(Fields(fields))
    }

    /// A field's id and type, and its value if the header has it.
    fn field(&mut self, last: i16) -> Result<Option<(i16, Type, Option<bool>)>, Stop> {
        let head = self.byte()?;
        if !self.is_compact() {
            if head == 0 {
                return Ok(None);
            }
            self.meet_if(kind_of(self.protocol, head).is_none() && head != 1, Row::UnknownType)?;
            let id = self.big_endian(2)? as i16;
            return Ok(Some((id, self.kind(head)?, None)));
        }
        let number = head & 15;
        if number == 0 {
            return Ok(None);
        }
        let kind = self.kind(number)?;
        let id = match head >> 4 {
            0 => self.signed(16)? as i16,
            delta => match last.checked_add(i16::from(delta)) {
                Some(id) => id,
                None => {
                    self.meet(Row::IdOverflow)?;
                    return Err(Stop::Refused);
                }
            },
        };
        Ok(Some((id, kind, (kind == Type::Bool).then_some(number == 1))))
    }

    /// The type of a value that is there.
    fn kind(&mut self, number: u8) -> Result<Type, Stop> {
        match kind_of(self.protocol, number) {
            Some(kind) => Ok(kind),
            None => {
                let none = number == 0 || !self.is_compact() && number == 1;
                self.meet(if none { Row::NoValue } else { Row::UnknownType })?;
                Err(Stop::Refused)
            }
        }
    }

    /// The type of so many elements; void, if there are none.
    fn element(&mut self, number: u8, count: usize) -> Result<Type, Stop> {
        if count > 0 {
            return self.kind(number);
        }
        let named = number == 0 || !self.is_compact() && number == 1;
        self.meet_if(!named && kind_of(self.protocol, number).is_none(), Row::EmptyOfUnknown)?;
        Ok(Type::Void)
    }

    fn value(&mut self, kind: Type) -> Result<Value, Stop> {
        Ok(match kind {
            Type::Bool => Value::Bool(self.bool()?),
            Type::I8 => Value::I8(self.byte()?.cast_signed()),
            Type::I16 => Value::I16(self.signed(16)? as i16),
            Type::I32 => Value::I32(self.signed(32)? as i32),
            Type::I64 => Value::I64(self.signed(64)?),
            Type::Double if self.is_compact() => Value::Double(self.big_endian(8)?.swap_bytes()),
            Type::Double => Value::Double(self.big_endian(8)?),
            Type::Uuid => {
                let mut uuid = [0; 16];
                uuid.copy_from_slice(self.take(16)?);
                Value::Uuid(uuid)
            }
            Type::String => self.string()?,
            Type::Struct => Value::Struct(self.structure()?),
            Type::List => self.elements().map(|(element, values)| Value::List(element, values))?,
            Type::Set => self.elements().map(|(element, values)| Value::Set(element, values))?,
            Type::Map => self.map()?,
            Type::Stop | Type::Void => return Err(Stop::Refused),
        })
    }

    /// A bool that is no field of Compact.
    fn bool(&mut self) -> Result<bool, Stop> {
        let byte = self.byte()?;
        if self.is_compact() {
            self.meet_if(byte == 0, Row::ZeroElement)?;
            self.meet_if(byte > 2, Row::OddElement)?;
            return Ok(byte == 1);
        }
        self.meet_if(byte > 1, Row::BoolByte)?;
        Ok(byte == 1 || byte != 0 && Row::BoolByte.by(self.reader) == Does::Reads("true"))
    }

    fn string(&mut self) -> Result<Value, Stop> {
        let len = self.size()?;
        let bytes = self.take(len)?;
        Ok(match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => {
                self.meet(Row::NotText)?;
                Value::Raw(bytes.to_vec())
            }
        })
    }

    fn elements(&mut self) -> Result<(Type, Vec<Value>), Stop> {
        let head = self.byte()?;
        let (number, short) = if self.is_compact() { (head & 15, head >> 4) } else { (head, 15) };
        let count = if short == 15 { self.size()? } else { usize::from(short) };
        let element = self.element(number, count)?;
        self.enter(false)?;
        let values = (0..count).map(|_| self.value(element)).collect::<Result<_, _>>()?;
        self.levels -= 1;
        Ok((element, values))
    }

    fn map(&mut self) -> Result<Value, Stop> {
        let (count, [key, value]) = self.map_head()?;
        let (key, value) = (self.element(key, count)?, self.element(value, count)?);
        self.enter(false)?;
        let entries = (0..count).map(|_| Ok((self.value(key)?, self.value(value)?)));
        let entries = entries.collect::<Result<_, Stop>>()?;
        self.levels -= 1;
        Ok(Value::Map(key, value, entries))
    }

    /// An empty map of Compact has no types.
    fn map_head(&mut self) -> Result<(usize, [u8; 2]), Stop> {
        if !self.is_compact() {
            let kinds = [self.byte()?, self.byte()?];
            return Ok((self.size()?, kinds));
        }
        let count = self.size()?;
        let kinds = if count == 0 { 0 } else { self.byte()? };
        Ok((count, [kinds >> 4, kinds & 15]))
    }
}
