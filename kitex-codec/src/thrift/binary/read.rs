//! Reading Thrift Binary.

use bytes::Bytes;

use super::{BLOCK, Lengths};
use crate::thrift::reader::expect_elements;
use crate::thrift::source::Source;
use crate::thrift::walk::{Level, Steps};
use crate::thrift::{Field, ThriftReader, Type, UnknownField, Uuid, Walk, heap};
use crate::{DecodeError, DecodeReason, Limits, Str};

/// Reads Thrift Binary from contiguous bytes. Long strings and binaries share them.
#[derive(Debug)]
pub struct BinaryReader<'a> {
    source: Source<'a>,
}

impl<'a> BinaryReader<'a> {
    /// A reader at the front of `input` with the budget that `limits` grant it.
    #[inline]
    pub fn new(input: &'a Bytes, limits: &'a Limits) -> Self {
        Self { source: Source::new(input, limits) }
    }

    /// A reader whose values share nothing with `input`.
    #[inline]
    pub fn borrowed(input: &'a [u8], limits: &'a Limits) -> Self {
        Self { source: Source::borrowed(input, limits) }
    }

    /// Bytes that were not read.
    pub fn remaining(&self) -> usize {
        self.source.rest.len()
    }

    #[inline(always)]
    fn length(&mut self) -> Result<usize, DecodeError> {
        length(&mut self.source)
    }

    #[inline]
    fn string(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.length()?;
        self.source.string(len)
    }

    #[inline]
    fn elements(&mut self) -> Result<(Type, usize), DecodeError> {
        let [found] = self.source.array()?;
        let count = self.length()?;
        self.source.enter()?;
        if count == 0 {
            return Ok((any(found), 0));
        }
        let element = Type::from_byte(found)?;
        self.source.check_count(count, element.least_len())?;
        Ok((element, count))
    }

    /// A list of values of `N` bytes; `None` if its elements are of another type. They are turned round in blocks: one
    /// check for room each, and no loop.
    #[inline]
    fn numbers<T: Copy, const N: usize>(
        &mut self,
        element: Type,
        value: impl Fn([u8; N]) -> T,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let (found, count) = self.elements()?;
        let Some(count) = expect_elements(self, found, element, count)? else {
            self.source.leave();
            return Ok(None);
        };
        self.charge(heap::list::<T>(count))?;
        let (values, _) = self.source.take(count.saturating_mul(N))?.as_chunks();
        let mut list = Vec::with_capacity(count);
        let (blocks, rest) = values.as_chunks::<BLOCK>();
        for block in blocks {
            list.extend_from_slice(&block.map(&value));
        }
        list.extend(rest.iter().map(|bytes| value(*bytes)));
        self.source.leave();
        Ok(Some(list))
    }

    fn walk(&mut self, mut walker: Steps<Lengths>) -> Result<(), DecodeError> {
        match walker.walk(self.source.rest)? {
            Walk::Done(len) => self.source.take(len).map(drop),
            Walk::NeedMore => Err(DecodeError::unexpected_end()),
        }
    }
}

/// A length or count.
#[inline(always)]
fn length(source: &mut Source<'_>) -> Result<usize, DecodeError> {
    let len = i32::from_be_bytes(source.array()?);
    usize::try_from(len).map_err(|_| DecodeError::new(DecodeReason::NegativeLength(len)))
}

/// What a bool's byte says. Writers write 0 and 1; whatever else comes is what nearly every reader takes it for (spec:
/// thrift-idl 16.1).
#[inline(always)]
fn truth([byte]: [u8; 1]) -> bool {
    byte != 0
}

/// The element type of an empty container: nothing is read by it, so nobody minds which it is.
fn any(byte: u8) -> Type {
    Type::from_byte(byte).unwrap_or(Type::Void)
}

impl<'a> ThriftReader for BinaryReader<'a> {
    #[inline]
    fn begin_struct(&mut self) -> Result<(), DecodeError> {
        self.source.enter()
    }

    #[inline]
    fn read_field(&mut self) -> Result<Option<Field>, DecodeError> {
        match self.source.rest {
            [0, rest @ ..] => {
                self.source.rest = rest;
                self.source.leave();
                Ok(None)
            }
            [kind, hi, lo, rest @ ..] => {
                self.source.rest = rest;
                Ok(Some(Field { kind: Type::from_byte(*kind)?, id: i16::from_be_bytes([*hi, *lo]) }))
            }
            _ => Err(DecodeError::unexpected_end()),
        }
    }

    #[inline]
    fn read_bool(&mut self) -> Result<bool, DecodeError> {
        self.source.array().map(truth)
    }

    #[inline]
    fn read_i8(&mut self) -> Result<i8, DecodeError> {
        self.source.array().map(i8::from_be_bytes)
    }

    #[inline]
    fn read_i16(&mut self) -> Result<i16, DecodeError> {
        self.source.array().map(i16::from_be_bytes)
    }

    #[inline]
    fn read_i32(&mut self) -> Result<i32, DecodeError> {
        self.source.array().map(i32::from_be_bytes)
    }

    #[inline]
    fn read_i64(&mut self) -> Result<i64, DecodeError> {
        self.source.array().map(i64::from_be_bytes)
    }

    #[inline]
    fn read_double(&mut self) -> Result<f64, DecodeError> {
        self.source.array().map(f64::from_be_bytes)
    }

    #[inline]
    fn read_uuid(&mut self) -> Result<Uuid, DecodeError> {
        self.source.array().map(Uuid)
    }

    #[inline(always)]
    fn read_str(&mut self) -> Result<Str, DecodeError> {
        if let Some(text) = self.source.short_text::<4, 28>(|len| u32::from_be_bytes(len) as usize) {
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
        let [key, value] = self.source.array()?;
        let count = self.length()?;
        self.source.enter()?;
        if count == 0 {
            return Ok((any(key), any(value), 0));
        }
        let (key, value) = (Type::from_byte(key)?, Type::from_byte(value)?);
        let (least_key, least_value) = (key.least_len(), value.least_len());
        self.source
            .check_count(count, (least_key + least_value) * usize::from(least_key * least_value > 0))?;
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

    #[inline]
    fn skip(&mut self, kind: Type) -> Result<(), DecodeError> {
        if let Some(len) = kind.fixed_len() {
            return self.source.take(len).map(drop);
        }
        if kind == Type::String {
            let len = self.length()?;
            return self.source.take(len).map(drop);
        }
        self.walk(Steps::value(kind, self.source.limits.max_depth))
    }

    fn skip_elements(&mut self, element: Type, count: usize) -> Result<(), DecodeError> {
        let elements = Level::Elements { element, left: count };
        self.walk(Steps::of(elements, 0, self.source.limits.max_depth))
    }

    fn skip_entries(&mut self, key: Type, value: Type, count: usize) -> Result<(), DecodeError> {
        self.walk(Steps::of(Level::entries(key, value, count), 0, self.source.limits.max_depth))
    }

    fn read_unknown(&mut self, field: Field) -> Result<UnknownField, DecodeError> {
        let from = self.source.rest;
        self.skip(field.kind)?;
        let raw = &from[..from.len() - self.source.rest.len()];
        self.source.budget.charge(raw.len())?;
        Ok(UnknownField::new(field, self.source.bytes(raw)))
    }

    fn read_str_list(&mut self) -> Result<Option<Vec<Str>>, DecodeError> {
        let (found, count) = self.elements()?;
        let Some(count) = expect_elements(self, found, Type::String, count)? else {
            self.source.leave();
            return Ok(None);
        };
        self.charge(heap::list::<Str>(count))?;
        let quick = |rest: &'a [u8]| {
            let (len, behind) = rest.split_first_chunk()?;
            Some((u32::from_be_bytes(*len) as usize, behind))
        };
        let list = self.source.texts(count, quick, length)?;
        self.source.leave();
        Ok(Some(list))
    }

    #[inline]
    fn read_bool_list(&mut self) -> Result<Option<Vec<bool>>, DecodeError> {
        self.numbers(Type::Bool, truth)
    }

    #[inline]
    fn read_i8_list(&mut self) -> Result<Option<Vec<i8>>, DecodeError> {
        self.numbers(Type::I8, i8::from_be_bytes)
    }

    #[inline]
    fn read_i16_list(&mut self) -> Result<Option<Vec<i16>>, DecodeError> {
        self.numbers(Type::I16, i16::from_be_bytes)
    }

    #[inline]
    fn read_i32_list(&mut self) -> Result<Option<Vec<i32>>, DecodeError> {
        self.numbers(Type::I32, i32::from_be_bytes)
    }

    #[inline]
    fn read_i64_list(&mut self) -> Result<Option<Vec<i64>>, DecodeError> {
        self.numbers(Type::I64, i64::from_be_bytes)
    }

    #[inline]
    fn read_double_list(&mut self) -> Result<Option<Vec<f64>>, DecodeError> {
        self.numbers(Type::Double, f64::from_be_bytes)
    }
}

/// The header of the first field of a struct, if it has one: what a result holds can be told by it without decoding.
pub fn first_field(structure: &[u8]) -> Option<Field> {
    match structure {
        [0, ..] => None,
        [kind, hi, lo, ..] => {
            Some(Field { kind: Type::from_byte(*kind).ok()?, id: i16::from_be_bytes([*hi, *lo]) })
        }
        _ => None,
    }
}
