//! Lists of numbers, which are written and read by one call each.

use std::fmt::Debug;

use kitex_codec::{Bytes, DecodeError, DecodeReason, EncodeError, Message, ThriftReader, ThriftWriter, Type};

use crate::{ALL, limits};

/// A type that has such calls.
trait Number: Copy + Debug + PartialEq {
    const KIND: Type;
    fn of(number: i64) -> Self;
    fn write<W: ThriftWriter>(self, out: &mut W);
    fn write_all<W: ThriftWriter>(list: &[Self], out: &mut W) -> Result<(), EncodeError>;
    fn read<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError>;
    fn read_all<R: ThriftReader>(from: &mut R) -> Result<Option<Vec<Self>>, DecodeError>;
}

macro_rules! number {
    ($($type:ty, $kind:ident, $write:ident, $write_all:ident, $read:ident, $read_all:ident, $of:expr;)*) => {$(
        impl Number for $type {
            const KIND: Type = Type::$kind;

            fn of(number: i64) -> Self {
                $of(number)
            }

            fn write<W: ThriftWriter>(self, out: &mut W) {
                out.$write(self);
            }

            fn write_all<W: ThriftWriter>(list: &[Self], out: &mut W) -> Result<(), EncodeError> {
                out.$write_all(list)
            }

            fn read<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
                from.$read()
            }

            fn read_all<R: ThriftReader>(from: &mut R) -> Result<Option<Vec<Self>>, DecodeError> {
                from.$read_all()
            }
        }
    )*};
}

number! {
    bool, Bool, write_bool, write_bool_list, read_bool, read_bool_list, |number| number % 3 == 0;
    i8, I8, write_i8, write_i8_list, read_i8, read_i8_list, |number| number as i8;
    i16, I16, write_i16, write_i16_list, read_i16, read_i16_list, |number| number as i16;
    i32, I32, write_i32, write_i32_list, read_i32, read_i32_list, |number| number as i32;
    i64, I64, write_i64, write_i64_list, read_i64, read_i64_list, |number| number;
    f64, Double, write_double, write_double_list, read_double, read_double_list, |number| number as f64 / 8.0;
}

/// Field 1 by one call, and behind it field 2.
#[derive(Debug, PartialEq)]
struct AtOnce<T> {
    list: Option<Vec<T>>,
    behind: i32,
}

/// The same, number by number.
#[derive(Debug, PartialEq)]
struct OneByOne<T>(AtOnce<T>);

impl<T: Number> Message for AtOnce<T> {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        if let Some(list) = &self.list {
            out.write_field(Type::List, 1);
            T::write_all(list, out)?;
        }
        out.write_i32_field(2, self.behind);
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        read(from, T::read_all)
    }
}

impl<T: Number> Message for OneByOne<T> {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        if let Some(list) = &self.0.list {
            out.write_field(Type::List, 1);
            out.begin_list(T::KIND, list.len())?;
            list.iter().for_each(|number| number.write(out));
            out.end_list();
        }
        out.write_i32_field(2, self.0.behind);
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        read(from, |from| from.read_list(T::KIND, T::read)).map(Self)
    }
}

fn read<T, R: ThriftReader>(
    from: &mut R,
    read_list: impl Fn(&mut R) -> Result<Option<Vec<T>>, DecodeError>,
) -> Result<AtOnce<T>, DecodeError> {
    let mut value = AtOnce { list: None, behind: 0 };
    from.begin_struct()?;
    while let Some(field) = from.read_field()? {
        match field.id {
            1 => value.list = read_list(from)?,
            _ => value.behind = from.read_i32()?,
        }
    }
    Ok(value)
}

fn list<T: Number>(len: i64) -> Option<Vec<T>> {
    // Numbers of every length and both signs.
    Some((0..len).map(|at| T::of((at - len / 2) << (at % 60))).collect())
}

fn is_the_same_at_once<T: Number>() {
    for protocol in ALL {
        for len in (0..40).chain([1000]) {
            let value = AtOnce { list: list::<T>(len), behind: 7 };
            let bytes = protocol.encode(&value, &limits()).unwrap().into_bytes();
            let same = OneByOne(AtOnce { list: list::<T>(len), behind: 7 });
            assert_eq!(protocol.encode(&same, &limits()).unwrap().into_bytes(), bytes);
            assert_eq!(protocol.decode::<AtOnce<T>>(&bytes, &limits()).unwrap(), value);
            assert_eq!(protocol.decode::<OneByOne<T>>(&bytes, &limits()).unwrap(), same);
        }
    }
}

#[test]
fn a_list_is_written_and_read_at_once_as_it_is_one_by_one() {
    is_the_same_at_once::<bool>();
    is_the_same_at_once::<i8>();
    is_the_same_at_once::<i16>();
    is_the_same_at_once::<i32>();
    is_the_same_at_once::<i64>();
    is_the_same_at_once::<f64>();
}

#[test]
fn a_list_of_another_type_is_skipped_and_an_empty_one_is_read() {
    for protocol in ALL {
        let value = AtOnce { list: list::<i32>(20), behind: 7 };
        let bytes = protocol.encode(&value, &limits()).unwrap().into_bytes();
        let read: AtOnce<i64> = protocol.decode(&bytes, &limits()).unwrap();
        assert_eq!(read, AtOnce { list: None, behind: 7 });
        let value = AtOnce { list: list::<i32>(0), behind: 7 };
        let bytes = protocol.encode(&value, &limits()).unwrap().into_bytes();
        let read: AtOnce<i64> = protocol.decode(&bytes, &limits()).unwrap();
        assert_eq!(read, AtOnce { list: Some(Vec::new()), behind: 7 });
    }
}

#[test]
fn limits_and_truncations_are_those_of_any_list() {
    for protocol in ALL {
        let value = AtOnce { list: list::<i64>(20), behind: 7 };
        let bytes = protocol.encode(&value, &limits()).unwrap().into_bytes();
        for len in 0..bytes.len() {
            let cut = Bytes::copy_from_slice(&bytes[..len]);
            let at_once = protocol.decode::<AtOnce<i64>>(&cut, &limits()).unwrap_err();
            let one_by_one = protocol.decode::<OneByOne<i64>>(&cut, &limits()).unwrap_err();
            assert_eq!(at_once.reason(), one_by_one.reason(), "{protocol:?} cut at {len}");
        }
        let mut few = limits();
        few.max_container = 19;
        assert!(protocol.encode(&value, &few).is_err());
        assert!(protocol.decode::<AtOnce<i64>>(&bytes, &few).is_err());
        let mut poor = limits();
        (poor.heap_factor, poor.min_heap) = (0, 159);
        let error = protocol.decode::<AtOnce<i64>>(&bytes, &poor).unwrap_err();
        assert!(matches!(error.reason(), DecodeReason::Limit { .. }), "{protocol:?}: {error}");
        poor.min_heap = 160;
        assert_eq!(protocol.decode::<AtOnce<i64>>(&bytes, &poor).unwrap(), value);
        let mut flat = limits();
        flat.max_depth = 1;
        assert!(protocol.encode(&value, &flat).is_err());
        assert!(protocol.decode::<AtOnce<i64>>(&bytes, &flat).is_err());
    }
}
