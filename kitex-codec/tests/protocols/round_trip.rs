//! Every value comes back, and no bytes bring a reader down.

use kitex_codec::{Protocol, Type};
use proptest::prelude::*;

use crate::value::{Fields, Value, double, text};
use crate::{ALL, limits};

/// Makes a value out of any bytes, so that fewer bytes are a smaller value.
struct Maker<'a> {
    bytes: std::slice::Iter<'a, u8>,
    /// Whether maps have only keys that JSON has a form for.
    plain_keys: bool,
}

const TYPES: [Type; 12] = [
    Type::Bool,
    Type::I8,
    Type::I16,
    Type::I32,
    Type::I64,
    Type::Double,
    Type::String,
    Type::Uuid,
    Type::Struct,
    Type::List,
    Type::Set,
    Type::Map,
];

/// Types at the front of [`TYPES`] that have no level of their own.
const SCALARS: usize = 8;

impl Maker<'_> {
    fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or_default()
    }

    /// A number of any size, small ones more often than in one of 64 random bits.
    fn number(&mut self) -> i64 {
        let len = self.byte() % 9;
        (0..len).fold(0, |number, _| number << 8 | i64::from(self.byte().cast_signed()))
    }

    fn kind(&mut self, depth: usize, scalar: bool) -> Type {
        let known = if depth == 0 || scalar { SCALARS } else { TYPES.len() };
        TYPES[usize::from(self.byte()) % known]
    }

    fn values(&mut self, kind: Type, depth: usize) -> Vec<Value> {
        let len = self.byte() % 20;
        (0..len)
            .take_while(|_| self.bytes.len() > 0)
            .collect::<Vec<_>>()
            .iter()
            .map(|_| self.value(kind, depth))
            .collect()
    }

    fn fields(&mut self, depth: usize) -> Fields {
        let mut fields = Vec::new();
        while self.bytes.len() > 0 && !self.byte().is_multiple_of(8) {
            let id = self.number() as i16;
            let kind = self.kind(depth, false);
            fields.push((id, self.value(kind, depth)));
        }
        Fields(fields)
    }

    fn value(&mut self, kind: Type, depth: usize) -> Value {
        let inside = depth.saturating_sub(1);
        match kind {
            Type::Bool => Value::Bool(self.byte().is_multiple_of(2)),
            Type::I8 => Value::I8(self.number() as i8),
            Type::I16 => Value::I16(self.number() as i16),
            Type::I32 => Value::I32(self.number() as i32),
            Type::I64 => Value::I64(self.number()),
            Type::Double => self.double(),
            Type::Uuid => Value::Uuid(std::array::from_fn(|_| self.byte())),
            Type::Struct => Value::Struct(self.fields(inside)),
            Type::List => {
                let element = self.kind(inside, false);
                Value::List(element, self.values(element, inside))
            }
            Type::Set => {
                let element = self.kind(inside, false);
                Value::Set(element, self.values(element, inside))
            }
            Type::Map => {
                let plain = self.plain_keys;
                let (key, value) = (self.kind(inside, plain), self.kind(inside, false));
                let keys = self.values(key, inside);
                Value::Map(key, value, keys.into_iter().map(|key| (key, self.value(value, inside))).collect())
            }
            _ => self.text(),
        }
    }

    fn double(&mut self) -> Value {
        match self.byte() % 8 {
            0 => double(f64::NAN),
            1 => double(f64::INFINITY),
            2 => double(f64::NEG_INFINITY),
            3 => double(-0.0),
            // JSON has one NaN only.
            _ => double(
                Some(f64::from_bits(self.number() as u64)).filter(|value| !value.is_nan()).unwrap_or(0.5),
            ),
        }
    }

    fn text(&mut self) -> Value {
        let len = usize::from(self.byte() % 64);
        let bytes: Vec<u8> = self.bytes.by_ref().take(len).copied().collect();
        text(&String::from_utf8_lossy(&bytes))
    }
}

pub(crate) fn fields(plain_keys: bool) -> impl Strategy<Value = Fields> {
    proptest::collection::vec(any::<u8>(), 0..600)
        .prop_map(move |bytes| Maker { bytes: bytes.iter(), plain_keys }.fields(6))
}

fn assert_comes_back(fields: &Fields, protocol: Protocol) {
    let bytes = fields.bytes(protocol);
    let read: Fields = protocol.decode(&bytes, &limits()).unwrap();
    assert_eq!(read, fields.comparable(), "{protocol:?}");
    assert_eq!(protocol.struct_len(&bytes, &limits()).unwrap(), bytes.len(), "{protocol:?}");
}

proptest! {
    #[test]
    fn every_value_comes_back(fields in fields(false)) {
        assert_comes_back(&fields, Protocol::Binary);
        assert_comes_back(&fields, Protocol::Compact);
    }

    #[test]
    fn every_value_that_json_has_a_form_for_comes_back(fields in fields(true)) {
        assert_comes_back(&fields, Protocol::Json);
    }

    #[test]
    fn what_ends_early_is_refused(fields in fields(true), at in any::<prop::sample::Index>()) {
        for protocol in ALL {
            let bytes = fields.bytes(protocol);
            let cut = bytes.slice(..at.index(bytes.len()));
            prop_assert!(protocol.decode::<Fields>(&cut, &limits()).is_err());
            prop_assert!(protocol.struct_len(&cut, &limits()).is_err());
        }
    }

    #[test]
    fn what_was_damaged_is_survived(
        fields in fields(true),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
    ) {
        for protocol in ALL {
            let mut bytes = fields.bytes(protocol).to_vec();
            for (at, bit) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            let _ = protocol.decode::<Fields>(&bytes.clone().into(), &limits());
            let _ = protocol.struct_len(&bytes, &limits());
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for protocol in ALL {
            let _ = protocol.decode::<Fields>(&bytes.clone().into(), &limits());
            let _ = protocol.struct_len(&bytes, &limits());
            let _ = protocol.decode_envelope(&bytes);
        }
    }
}
