//! Reading Thrift Compact.

use bytes::Bytes;

use super::ids::Ids;
use super::kind::{FALSE, TRUE, least_len, of_number};
use super::varint::{self, Fault};
use crate::thrift::copy;
use crate::thrift::reader::expect_elements;
use crate::thrift::source::Source;
use crate::thrift::{Field, ThriftReader, Type, UnknownField, Uuid, heap};
use crate::{DecodeError, DecodeReason, Limits, Str};

/// Reads Thrift Compact from contiguous bytes. Long strings and binaries share them.
#[derive(Debug)]
pub struct CompactReader<'a> {
    source: Source<'a>,
    ids: Ids,
    /// The value of a bool field, which stands in the field's header.
    flag: Option<bool>,
}

impl<'a> CompactReader<'a> {
    /// A reader at the front of `input` with the budget that `limits` grant it.
    #[inline]
    pub fn new(input: &'a Bytes, limits: &'a Limits) -> Self {
        Self { source: Source::new(input, limits), ids: Ids::default(), flag: None }
    }

    /// A reader whose values share nothing with `input`.
    #[inline]
    pub fn borrowed(input: &'a [u8], limits: &'a Limits) -> Self {
        Self { source: Source::borrowed(input, limits), ids: Ids::default(), flag: None }
    }

    /// Bytes that were not read.
    pub fn remaining(&self) -> usize {
        self.source.rest.len()
    }

    /// A varint of so many bits.
    #[inline]
    fn varint(&mut self, bits: u32) -> Result<u64, DecodeError> {
        varint(&mut self.source, bits)
    }

    #[inline]
    fn length(&mut self) -> Result<usize, DecodeError> {
        length(&mut self.source)
    }

    /// The id of a header that does not count from the last one.
    #[inline(never)]
    fn long_id(&mut self) -> Result<i16, DecodeError> {
        self.read_i16()
    }

    #[inline]
    fn string(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.length()?;
        self.source.string(len)
    }

    #[inline]
    fn elements(&mut self) -> Result<(Type, usize), DecodeError> {
        let [head] = self.source.array()?;
        let count = if head >> 4 == 15 { self.length()? } else { usize::from(head >> 4) };
        self.source.enter()?;
        if count == 0 {
            return Ok((of_number(head & 15).unwrap_or(Type::Void), 0));
        }
        let element = of_number(head & 15)?;
        self.source.check_count(count, least_len(element))?;
        Ok((element, count))
    }
}

#[inline]
fn varint(source: &mut Source<'_>, bits: u32) -> Result<u64, DecodeError> {
    match varint::read(source.rest, bits) {
        Ok((value, len)) => {
            source.rest = source.rest.get(len..).unwrap_or_default();
            Ok(value)
        }
        Err(fault) => Err(refused(fault)),
    }
}

/// A length or count; with its highest bit set it is negative.
#[inline]
fn length(source: &mut Source<'_>) -> Result<usize, DecodeError> {
    let len = (varint(source, 32)? as u32).cast_signed();
    usize::try_from(len).map_err(|_| DecodeError::new(DecodeReason::NegativeLength(len)))
}

#[cold]
pub(super) fn refused(fault: Fault) -> DecodeError {
    match fault {
        Fault::Short => DecodeError::unexpected_end(),
        Fault::Long => DecodeError::malformed("Compact", "a number has more bits than its type"),
    }
}

impl<'a> ThriftReader for CompactReader<'a> {
    #[inline]
    fn begin_struct(&mut self) -> Result<(), DecodeError> {
        self.source.enter()?;
        self.ids.push();
        Ok(())
    }

    #[inline(always)]
    fn read_field(&mut self) -> Result<Option<Field>, DecodeError> {
        let [head] = self.source.array()?;
        let (delta, number) = (i16::from(head >> 4), head & 15);
        if number == 0 {
            self.ids.pop();
            self.source.leave();
            return Ok(None);
        }
        let kind = of_number(number)?;
        self.flag = (kind == Type::Bool).then_some(number == TRUE);
        self.ids.last = if delta == 0 {
            self.long_id()?
        } else {
            let id = self.ids.last.checked_add(delta);
            id.ok_or_else(|| DecodeError::malformed("Compact", "a field's id is over 32767"))?
        };
        Ok(Some(Field { kind, id: self.ids.last }))
    }

    #[inline]
    fn read_bool(&mut self) -> Result<bool, DecodeError> {
        if let Some(flag) = self.flag.take() {
            return Ok(flag);
        }
        match self.source.array()? {
            [TRUE] => Ok(true),
            // Older writers have 0 for false.
            [FALSE | 0] => Ok(false),
            _ => Err(DecodeError::malformed("Compact", "a bool is neither 0, 1 nor 2")),
        }
    }

    #[inline]
    fn read_i8(&mut self) -> Result<i8, DecodeError> {
        self.source.array().map(i8::from_be_bytes)
    }

    #[inline]
    fn read_i16(&mut self) -> Result<i16, DecodeError> {
        let value = varint::unfold(self.varint(32)?);
        i16::try_from(value).map_err(|_| refused(Fault::Long))
    }

    #[inline]
    fn read_i32(&mut self) -> Result<i32, DecodeError> {
        self.varint(32).map(|value| varint::unfold(value) as i32)
    }

    #[inline]
    fn read_i64(&mut self) -> Result<i64, DecodeError> {
        self.varint(64).map(varint::unfold)
    }

    #[inline]
    fn read_double(&mut self) -> Result<f64, DecodeError> {
        self.source.array().map(f64::from_le_bytes)
    }

    #[inline]
    fn read_uuid(&mut self) -> Result<Uuid, DecodeError> {
        self.source.array().map(Uuid)
    }

    #[inline(always)]
    fn read_str(&mut self) -> Result<Str, DecodeError> {
        if let Some(text) = self.source.short_text::<1, 25>(|[len]| usize::from(len)) {
            return Ok(Str::from(text));
        }
        let len = self.length()?;
        let text = self.source.string_text(len)?;
        Ok(text)
    }

    fn read_string(&mut self) -> Result<Bytes, DecodeError> {
        self.read_bytes()
    }

    #[inline]
    fn read_bytes(&mut self) -> Result<Bytes, DecodeError> {
        let bytes = self.string()?;
        Ok(self.source.bytes(bytes))
    }

    #[inline]
    fn begin_list(&mut self) -> Result<(Type, usize), DecodeError> {
        self.elements()
    }

    #[inline]
    fn end_list(&mut self) -> Result<(), DecodeError> {
        self.source.leave();
        Ok(())
    }

    #[inline]
    fn begin_set(&mut self) -> Result<(Type, usize), DecodeError> {
        self.elements()
    }

    #[inline]
    fn end_set(&mut self) -> Result<(), DecodeError> {
        self.source.leave();
        Ok(())
    }

    #[inline]
    fn begin_map(&mut self) -> Result<(Type, Type, usize), DecodeError> {
        let count = self.length()?;
        self.source.enter()?;
        if count == 0 {
            return Ok((Type::Void, Type::Void, 0));
        }
        let [kinds] = self.source.array()?;
        let (key, value) = (of_number(kinds >> 4)?, of_number(kinds & 15)?);
        self.source.check_count(count, least_len(key) + least_len(value))?;
        Ok((key, value, count))
    }

    #[inline]
    fn end_map(&mut self) -> Result<(), DecodeError> {
        self.source.leave();
        Ok(())
    }

    #[inline]
    fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        self.source.budget.charge(bytes)
    }

    fn skip(&mut self, kind: Type) -> Result<(), DecodeError> {
        match kind {
            Type::Bool => self.read_bool().map(drop),
            Type::I8 => self.source.take(1).map(drop),
            Type::I16 => self.read_i16().map(drop),
            Type::I32 => self.varint(32).map(drop),
            Type::I64 => self.varint(64).map(drop),
            Type::Double => self.source.take(8).map(drop),
            Type::Uuid => self.source.take(16).map(drop),
            Type::String => {
                let len = self.length()?;
                self.source.take(len).map(drop)
            }
            _ => {
                let depth = std::mem::take(&mut self.source.depth);
                copy::skip(self, kind)?;
                self.source.depth = depth;
                Ok(())
            }
        }
    }

    fn skip_elements(&mut self, element: Type, count: usize) -> Result<(), DecodeError> {
        copy::skip_elements(self, element, count)
    }

    fn skip_entries(&mut self, key: Type, value: Type, count: usize) -> Result<(), DecodeError> {
        copy::skip_entries(self, key, value, count)
    }

    fn read_str_list(&mut self) -> Result<Option<Vec<Str>>, DecodeError> {
        let (found, count) = self.elements()?;
        let Some(count) = expect_elements(self, found, Type::String, count)? else {
            self.source.leave();
            return Ok(None);
        };
        self.charge(heap::list::<Str>(count))?;
        let quick = |rest: &'a [u8]| {
            let (len, head) = varint::read(rest, 32).ok()?;
            Some((usize::try_from(len).ok()?, rest.get(head..)?))
        };
        let list = self.source.texts(count, quick, length)?;
        self.source.leave();
        Ok(Some(list))
    }

    fn read_unknown(&mut self, field: Field) -> Result<UnknownField, DecodeError> {
        let depth = std::mem::take(&mut self.source.depth);
        let kept = copy::keep(self, field, self.source.limits)?;
        self.source.depth = depth;
        Ok(kept)
    }
}
