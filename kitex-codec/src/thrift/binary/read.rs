//! Reading Thrift Binary.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use bytes::Bytes;

use super::heap;
use crate::text::check_utf8;
use crate::thrift::{Field, ThriftReader, Type, UnknownField, Uuid, Walk, Walker};
use crate::{Budget, DecodeError, DecodeReason, INLINE, Limits, Str};

/// Messages below this size were read into a chunk that they share with others: see [`BinaryReader::share_from`].
const SMALL_MESSAGE: usize = crate::CHUNK / 4;

/// Strings of a small message are copied up to this size, so that keeping one does not keep a whole chunk.
const COPY_BELOW: usize = 512;

/// Reads Thrift Binary from contiguous bytes. Long strings and binaries share them.
#[derive(Debug)]
pub struct BinaryReader<'a> {
    input: &'a Bytes,
    rest: &'a [u8],
    limits: &'a Limits,
    budget: Budget,
    depth: usize,
    /// Bytes from which a string is shared and not copied.
    share_from: usize,
}

impl<'a> BinaryReader<'a> {
    /// A reader at the front of `input` with the budget that `limits` grant it.
    pub fn new(input: &'a Bytes, limits: &'a Limits) -> Self {
        let share_from = if input.len() < SMALL_MESSAGE { COPY_BELOW } else { INLINE + 1 };
        Self { input, rest: input, limits, budget: limits.budget(input.len()), depth: 0, share_from }
    }

    /// Bytes that were not read.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(DecodeError::unexpected_end)?;
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(DecodeError::unexpected_end)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn length(&mut self) -> Result<usize, DecodeError> {
        let len = i32::from_be_bytes(self.array()?);
        usize::try_from(len).map_err(|_| DecodeError::new(DecodeReason::NegativeLength(len)))
    }

    /// The bytes of a string, charged to the budget.
    #[inline]
    fn string(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.length()?;
        if len > self.limits.max_string {
            return Err(DecodeError::limit("Limits::max_string", len, self.limits.max_string));
        }
        let bytes = self.take(len)?;
        self.budget.charge(len)?;
        Ok(bytes)
    }

    #[inline]
    fn enter(&mut self) -> Result<(), DecodeError> {
        self.depth += 1;
        if self.depth > self.limits.max_depth {
            return Err(DecodeError::limit("Limits::max_depth", self.depth, self.limits.max_depth));
        }
        Ok(())
    }

    /// Holds a count against the bytes that are left and against the limits, and charges what so many elements take.
    #[inline]
    fn check_count(
        &mut self,
        count: usize,
        least_len: usize,
        heap: impl Fn(usize) -> usize,
    ) -> Result<(), DecodeError> {
        let remaining = self.rest.len();
        if least_len == 0 || count > remaining / least_len {
            return Err(DecodeError::new(DecodeReason::CountTooLarge { count, remaining }));
        }
        if count > self.limits.max_container {
            return Err(DecodeError::limit("Limits::max_container", count, self.limits.max_container));
        }
        self.budget.charge(heap(count))
    }

    /// Reads a list's header. `None` if its elements are of another type; they have been skipped then.
    #[inline]
    fn elements(
        &mut self,
        element: Type,
        heap: impl Fn(usize) -> usize,
    ) -> Result<Option<usize>, DecodeError> {
        let from = self.rest;
        let [found] = self.array()?;
        let count = self.length()?;
        if count == 0 {
            return Ok(Some(0));
        }
        if found != element as u8 {
            self.rest = from;
            return self.skip(Type::List).map(|()| None);
        }
        self.check_count(count, element.least_len(), heap)?;
        Ok(Some(count))
    }

    fn entries(
        &mut self,
        key: Type,
        value: Type,
        heap: impl Fn(usize) -> usize,
    ) -> Result<Option<usize>, DecodeError> {
        let from = self.rest;
        let found: [u8; 2] = self.array()?;
        let count = self.length()?;
        if count == 0 {
            return Ok(Some(0));
        }
        if found != [key as u8, value as u8] {
            self.rest = from;
            return self.skip(Type::Map).map(|()| None);
        }
        self.check_count(count, key.least_len() + value.least_len(), heap)?;
        Ok(Some(count))
    }
}

impl ThriftReader for BinaryReader<'_> {
    #[inline]
    fn begin_struct(&mut self) -> Result<(), DecodeError> {
        self.enter()
    }

    #[inline]
    fn read_field(&mut self) -> Result<Option<Field>, DecodeError> {
        match self.rest {
            [0, rest @ ..] => {
                self.rest = rest;
                self.depth -= 1;
                Ok(None)
            }
            [kind, hi, lo, rest @ ..] => {
                self.rest = rest;
                Ok(Some(Field { kind: Type::from_byte(*kind)?, id: i16::from_be_bytes([*hi, *lo]) }))
            }
            _ => Err(DecodeError::unexpected_end()),
        }
    }

    #[inline]
    fn read_bool(&mut self) -> Result<bool, DecodeError> {
        self.array().map(|[byte]| byte == 1)
    }

    #[inline]
    fn read_i8(&mut self) -> Result<i8, DecodeError> {
        self.array().map(i8::from_be_bytes)
    }

    #[inline]
    fn read_i16(&mut self) -> Result<i16, DecodeError> {
        self.array().map(i16::from_be_bytes)
    }

    #[inline]
    fn read_i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_be_bytes)
    }

    #[inline]
    fn read_i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_be_bytes)
    }

    #[inline]
    fn read_double(&mut self) -> Result<f64, DecodeError> {
        self.array().map(f64::from_be_bytes)
    }

    #[inline]
    fn read_uuid(&mut self) -> Result<Uuid, DecodeError> {
        self.array().map(Uuid)
    }

    #[inline]
    fn read_str(&mut self) -> Result<Str, DecodeError> {
        let bytes = self.string()?;
        if bytes.len() < self.share_from {
            return check_utf8(bytes).map(Str::from);
        }
        Str::from_utf8(self.input.slice_ref(bytes))
    }

    #[inline]
    fn read_bytes(&mut self) -> Result<Bytes, DecodeError> {
        let bytes = self.string()?;
        if bytes.len() < self.share_from {
            return Ok(Bytes::copy_from_slice(bytes));
        }
        Ok(self.input.slice_ref(bytes))
    }

    fn read_list<T>(
        &mut self,
        element: Type,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.elements(element, heap::list::<T>)? else { return Ok(None) };
        self.enter()?;
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(read(self)?);
        }
        self.depth -= 1;
        Ok(Some(list))
    }

    fn read_set<T: Eq + Hash>(
        &mut self,
        element: Type,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<HashSet<T>>, DecodeError> {
        let Some(count) = self.elements(element, heap::table::<T>)? else { return Ok(None) };
        self.enter()?;
        let mut set = HashSet::with_capacity(count);
        for _ in 0..count {
            set.insert(read(self)?);
        }
        self.depth -= 1;
        Ok(Some(set))
    }

    fn read_map<K: Eq + Hash, V>(
        &mut self,
        key: Type,
        value: Type,
        mut read_key: impl FnMut(&mut Self) -> Result<K, DecodeError>,
        mut read_value: impl FnMut(&mut Self) -> Result<V, DecodeError>,
    ) -> Result<Option<HashMap<K, V>>, DecodeError> {
        let Some(count) = self.entries(key, value, heap::table::<(K, V)>)? else { return Ok(None) };
        self.enter()?;
        let mut map = HashMap::with_capacity(count);
        for _ in 0..count {
            let key = read_key(self)?;
            map.insert(key, read_value(self)?);
        }
        self.depth -= 1;
        Ok(Some(map))
    }

    fn read_sorted_set<T: Ord>(
        &mut self,
        element: Type,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<BTreeSet<T>>, DecodeError> {
        let Some(count) = self.elements(element, heap::tree::<T>)? else { return Ok(None) };
        self.enter()?;
        let mut set = BTreeSet::new();
        for _ in 0..count {
            set.insert(read(self)?);
        }
        self.depth -= 1;
        Ok(Some(set))
    }

    fn read_sorted_map<K: Ord, V>(
        &mut self,
        key: Type,
        value: Type,
        mut read_key: impl FnMut(&mut Self) -> Result<K, DecodeError>,
        mut read_value: impl FnMut(&mut Self) -> Result<V, DecodeError>,
    ) -> Result<Option<BTreeMap<K, V>>, DecodeError> {
        let Some(count) = self.entries(key, value, heap::tree::<(K, V)>)? else { return Ok(None) };
        self.enter()?;
        let mut map = BTreeMap::new();
        for _ in 0..count {
            let key = read_key(self)?;
            map.insert(key, read_value(self)?);
        }
        self.depth -= 1;
        Ok(Some(map))
    }

    #[inline]
    fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        self.budget.charge(bytes)
    }

    #[inline]
    fn skip(&mut self, kind: Type) -> Result<(), DecodeError> {
        if let Some(len) = kind.fixed_len() {
            return self.take(len).map(drop);
        }
        if kind == Type::String {
            let len = self.length()?;
            return self.take(len).map(drop);
        }
        match Walker::value(kind, self.limits.max_depth).walk(self.rest)? {
            Walk::Done(len) => self.take(len).map(drop),
            Walk::NeedMore => Err(DecodeError::unexpected_end()),
        }
    }

    fn read_unknown(&mut self, field: Field) -> Result<UnknownField, DecodeError> {
        let from = self.rest;
        self.skip(field.kind)?;
        let raw = &from[..from.len() - self.rest.len()];
        self.budget.charge(raw.len())?;
        let raw =
            if raw.len() < self.share_from { Bytes::copy_from_slice(raw) } else { self.input.slice_ref(raw) };
        Ok(UnknownField::new(field, raw))
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
