//! What a message is read from.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use bytes::Bytes;

use super::{Field, Message, Type, UnknownField, Uuid, heap};
use crate::{DecodeError, Str};

/// Reads Thrift values, charging a budget for what they take.
///
/// The calls follow the shape of the value, as they do for [`ThriftWriter`](crate::ThriftWriter). Whoever knows what
/// a container should hold takes [`read_list`](Self::read_list) and its like, which do the rest.
pub trait ThriftReader: Sized {
    /// Begins a struct. Errors if it nests too deep. [`read_field`](Self::read_field) ends it.
    fn begin_struct(&mut self) -> Result<(), DecodeError>;
    /// Reads the next field's header; `None` at the struct's end.
    fn read_field(&mut self) -> Result<Option<Field>, DecodeError>;
    /// Reads a bool. In Binary 0 is false, and no other byte is.
    fn read_bool(&mut self) -> Result<bool, DecodeError>;
    /// Reads an i8.
    fn read_i8(&mut self) -> Result<i8, DecodeError>;
    /// Reads an i16.
    fn read_i16(&mut self) -> Result<i16, DecodeError>;
    /// Reads an i32.
    fn read_i32(&mut self) -> Result<i32, DecodeError>;
    /// Reads an i64.
    fn read_i64(&mut self) -> Result<i64, DecodeError>;
    /// Reads a double.
    fn read_double(&mut self) -> Result<f64, DecodeError>;
    /// Reads a uuid.
    fn read_uuid(&mut self) -> Result<Uuid, DecodeError>;
    /// Reads a string. Errors if it is not UTF-8 and the limits do not say that it is [read](crate::Limits::lossy_text) then.
    fn read_str(&mut self) -> Result<Str, DecodeError>;
    /// Reads the bytes of a string that may be text or not. In JSON they are text, if only the digits of a binary.
    fn read_string(&mut self) -> Result<Bytes, DecodeError>;
    /// Reads a binary.
    fn read_bytes(&mut self) -> Result<Bytes, DecodeError>;
    /// Begins a list: the type and the number of its elements, which the bytes that are left can hold. An empty list
    /// may be of any type, [`Type::Void`] where the wire does not tell it. Errors if it is too long or nests too deep.
    fn begin_list(&mut self) -> Result<(Type, usize), DecodeError>;
    /// Ends a list, all of whose elements have been read.
    fn end_list(&mut self) -> Result<(), DecodeError>;
    /// Begins a set, as a list is begun.
    fn begin_set(&mut self) -> Result<(Type, usize), DecodeError>;
    /// Ends a set, all of whose elements have been read.
    fn end_set(&mut self) -> Result<(), DecodeError>;
    /// Begins a map: the types of its keys and values and the number of its entries; else as a list is begun.
    fn begin_map(&mut self) -> Result<(Type, Type, usize), DecodeError>;
    /// Ends a map, all of whose entries have been read.
    fn end_map(&mut self) -> Result<(), DecodeError>;
    /// Takes `bytes` off the budget, for memory that a value takes beside what reading it gives. Errors if the budget
    /// does not hold them.
    fn charge(&mut self, bytes: usize) -> Result<(), DecodeError>;
    /// Skips a value, whose levels are counted from its own.
    fn skip(&mut self, kind: Type) -> Result<(), DecodeError>;
    /// Skips `count` elements of a list or set that has been begun.
    fn skip_elements(&mut self, element: Type, count: usize) -> Result<(), DecodeError>;
    /// Skips `count` entries of a map that has been begun.
    fn skip_entries(&mut self, key: Type, value: Type, count: usize) -> Result<(), DecodeError>;
    /// Reads a value as it stands, to write it again later, be it in another protocol.
    fn read_unknown(&mut self, field: Field) -> Result<UnknownField, DecodeError>;

    /// Reads a list. `None` if it has elements of another type than `element`: they have been skipped.
    #[inline]
    fn read_list<T>(
        &mut self,
        element: Type,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let (found, count) = self.begin_list()?;
        let Some(count) = expect_elements(self, found, element, count)? else {
            return self.end_list().map(|()| None);
        };
        self.charge(heap::list::<T>(count))?;
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(read(self)?);
        }
        self.end_list()?;
        Ok(Some(list))
    }

    /// Reads a struct in the place of another.
    #[inline]
    fn read_struct<T: Message + Default>(&mut self, place: &mut T) -> Result<(), DecodeError> {
        *place = T::default();
        place.merge(self)
    }

    /// Reads the union of a field that may be absent: `None` if it has no member.
    #[inline]
    fn read_union<T: Message>(&mut self) -> Result<Option<T>, DecodeError> {
        T::decode(self).map(|union| if union.empty_union().is_none() { Some(union) } else { None })
    }

    /// Reads a list of structs, each where it stays. `None` as for a list.
    #[inline]
    fn read_struct_list<T: Message + Default>(&mut self) -> Result<Option<Vec<T>>, DecodeError> {
        let (found, count) = self.begin_list()?;
        let Some(count) = expect_elements(self, found, Type::Struct, count)? else {
            return self.end_list().map(|()| None);
        };
        self.charge(heap::list::<T>(count))?;
        let mut list = Vec::with_capacity(count);
        for at in 0..count {
            // A push would make it elsewhere, and move it.
            list.resize_with(at + 1, T::default);
            if let Some(last) = list.last_mut() {
                last.merge(self)?;
            }
        }
        self.end_list()?;
        Ok(Some(list))
    }

    /// Reads a list of bools. `None` as for a list.
    #[inline]
    fn read_bool_list(&mut self) -> Result<Option<Vec<bool>>, DecodeError> {
        self.read_list(Type::Bool, Self::read_bool)
    }

    /// Reads a list of i8s. `None` as for a list.
    #[inline]
    fn read_i8_list(&mut self) -> Result<Option<Vec<i8>>, DecodeError> {
        self.read_list(Type::I8, Self::read_i8)
    }

    /// Reads a list of i16s. `None` as for a list.
    #[inline]
    fn read_i16_list(&mut self) -> Result<Option<Vec<i16>>, DecodeError> {
        self.read_list(Type::I16, Self::read_i16)
    }

    /// Reads a list of i32s. `None` as for a list.
    #[inline]
    fn read_i32_list(&mut self) -> Result<Option<Vec<i32>>, DecodeError> {
        self.read_list(Type::I32, Self::read_i32)
    }

    /// Reads a list of i64s. `None` as for a list.
    #[inline]
    fn read_i64_list(&mut self) -> Result<Option<Vec<i64>>, DecodeError> {
        self.read_list(Type::I64, Self::read_i64)
    }

    /// Reads a list of doubles. `None` as for a list.
    #[inline]
    fn read_double_list(&mut self) -> Result<Option<Vec<f64>>, DecodeError> {
        self.read_list(Type::Double, Self::read_double)
    }

    /// Reads a list of strings. `None` as for a list.
    fn read_str_list(&mut self) -> Result<Option<Vec<Str>>, DecodeError> {
        let (found, count) = self.begin_list()?;
        let Some(count) = expect_elements(self, found, Type::String, count)? else {
            return self.end_list().map(|()| None);
        };
        self.charge(heap::list::<Str>(count))?;
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(self.read_str()?);
        }
        self.end_list()?;
        Ok(Some(list))
    }

    /// Reads a set. `None` as for a list; of equal elements one stays.
    fn read_set<T: Eq + Hash>(
        &mut self,
        element: Type,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<HashSet<T>>, DecodeError> {
        let (found, count) = self.begin_set()?;
        let Some(count) = expect_elements(self, found, element, count)? else {
            return self.end_set().map(|()| None);
        };
        self.charge(heap::table::<T>(count))?;
        let mut set = HashSet::with_capacity(count);
        for _ in 0..count {
            set.insert(read(self)?);
        }
        self.end_set()?;
        Ok(Some(set))
    }

    /// Reads a map. `None` as for a list; of equal keys the last stays.
    fn read_map<K: Eq + Hash, V>(
        &mut self,
        key: Type,
        value: Type,
        mut read_key: impl FnMut(&mut Self) -> Result<K, DecodeError>,
        mut read_value: impl FnMut(&mut Self) -> Result<V, DecodeError>,
    ) -> Result<Option<HashMap<K, V>>, DecodeError> {
        let Some(count) = expect_entries(self, key, value)? else {
            return self.end_map().map(|()| None);
        };
        self.charge(heap::table::<(K, V)>(count))?;
        let mut map = HashMap::with_capacity(count);
        for _ in 0..count {
            let key = read_key(self)?;
            map.insert(key, read_value(self)?);
        }
        self.end_map()?;
        Ok(Some(map))
    }

    /// Reads a set in order. `None` as for a list; of equal elements one stays.
    fn read_sorted_set<T: Ord>(
        &mut self,
        element: Type,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<BTreeSet<T>>, DecodeError> {
        let (found, count) = self.begin_set()?;
        let Some(count) = expect_elements(self, found, element, count)? else {
            return self.end_set().map(|()| None);
        };
        self.charge(heap::tree::<T>(count))?;
        let mut set = BTreeSet::new();
        for _ in 0..count {
            set.insert(read(self)?);
        }
        self.end_set()?;
        Ok(Some(set))
    }

    /// Reads a map in the order of its keys. `None` as for a list; of equal keys the last stays.
    fn read_sorted_map<K: Ord, V>(
        &mut self,
        key: Type,
        value: Type,
        mut read_key: impl FnMut(&mut Self) -> Result<K, DecodeError>,
        mut read_value: impl FnMut(&mut Self) -> Result<V, DecodeError>,
    ) -> Result<Option<BTreeMap<K, V>>, DecodeError> {
        let Some(count) = expect_entries(self, key, value)? else {
            return self.end_map().map(|()| None);
        };
        self.charge(heap::tree::<(K, V)>(count))?;
        let mut map = BTreeMap::new();
        for _ in 0..count {
            let key = read_key(self)?;
            map.insert(key, read_value(self)?);
        }
        self.end_map()?;
        Ok(Some(map))
    }

    /// Puts a value in a box, which is charged to the budget. Errors if that does not hold it.
    #[inline]
    fn boxed<T>(&mut self, value: T) -> Result<Box<T>, DecodeError> {
        self.charge(size_of::<T>())?;
        Ok(Box::new(value))
    }
}

/// The elements to read; `None` if they are of another type and have been skipped.
#[inline]
pub(super) fn expect_elements<R: ThriftReader>(
    from: &mut R,
    found: Type,
    expected: Type,
    count: usize,
) -> Result<Option<usize>, DecodeError> {
    if found == expected || count == 0 {
        return Ok(Some(count));
    }
    from.skip_elements(found, count).map(|()| None)
}

/// Begins a map, and gives the entries to read; `None` if they are of other types and have been skipped.
#[inline]
fn expect_entries<R: ThriftReader>(
    from: &mut R,
    key: Type,
    value: Type,
) -> Result<Option<usize>, DecodeError> {
    let (found_key, found_value, count) = from.begin_map()?;
    if (found_key, found_value) == (key, value) || count == 0 {
        return Ok(Some(count));
    }
    from.skip_entries(found_key, found_value, count).map(|()| None)
}
