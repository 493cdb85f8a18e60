//! Values of generated types for serde, so that those types can derive its traits.
//!
//! [`Bytes`] has its implementation from its own crate. Texts are texts and doubles are numbers; a uuid is text where
//! people read, and bytes elsewhere.

use std::fmt;

use ::serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use ::serde::ser::{Serialize, Serializer};

use crate::thrift::Field;
use crate::{BinaryReader, Bytes, Double, Limits, Str, ThriftReader, Type, UnknownField, Uuid};

impl Serialize for Str {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Str {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Takes a text, owned or not.
struct Text;

impl Visitor<'_> for Text {
    type Value = Str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Str, E> {
        Ok(Str::from(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Str, E> {
        Ok(Str::from(text))
    }
}

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(self),
            false => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return <[u8; 16]>::deserialize(deserializer).map(Self);
        }
        let text = Str::deserialize(deserializer)?;
        let form = "a uuid such as 00112233-4455-6677-8899-aabbccddeeff";
        uuid(&text).ok_or_else(|| Error::invalid_value(Unexpected::Str(&text), &form))
    }
}

/// The uuid of its canonical text.
fn uuid(text: &str) -> Option<Uuid> {
    let hyphens = [8, 13, 18, 23];
    let placed = text.bytes().enumerate().all(|(at, byte)| hyphens.contains(&at) == (byte == b'-'));
    let digits = text.chars().filter_map(|letter| letter.to_digit(16));
    let number = digits.fold(0_u128, |number, digit| number << 4 | u128::from(digit));
    let hexadecimal = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    (text.len() == 36 && placed && hexadecimal).then(|| Uuid(number.to_be_bytes()))
}

impl Serialize for UnknownField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.parts().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for UnknownField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<(u8, i16, Bytes)>::deserialize(deserializer)? {
            Some((kind, id, raw)) => field(kind, id, raw).map_err(Error::custom),
            None => Ok(Self::none()),
        }
    }
}

/// The field, if the bytes are exactly one value of the type: they are written to messages as they are.
fn field(kind: u8, id: i16, raw: Bytes) -> Result<UnknownField, String> {
    let kind = Type::from_byte(kind).map_err(|error| error.to_string())?;
    let limits = Limits::default();
    let mut reader = BinaryReader::new(&raw, &limits);
    reader.skip(kind).map_err(|error| error.to_string())?;
    match reader.remaining() {
        0 => Ok(UnknownField::new(Field { kind, id }, raw)),
        more => Err(format!("{more} bytes follow the value of the unknown field {id}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> (String, T) {
        let json = serde_json::to_string(value).unwrap();
        let read = serde_json::from_str(&json).unwrap();
        (json, read)
    }

    #[test]
    fn values_are_themselves_again() {
        let long = Str::from("a text that is too long to stand in place, with \"quotes\" and 中");
        assert_eq!(again(&long), (serde_json::to_string(&long[..]).unwrap(), long));
        assert_eq!(again(&Double(-0.5)), ("-0.5".to_owned(), Double(-0.5)));
        let id = Uuid([
            0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
        ]);
        assert_eq!(again(&id), ("\"00112233-4455-6677-8899-aabbccddeeff\"".to_owned(), id));
        let kept = UnknownField::new(Field { kind: Type::I16, id: 9 }, Bytes::from_static(b"\x01\x02"));
        assert_eq!(again(&kept), ("[6,9,[1,2]]".to_owned(), kept));
        assert_eq!(again(&UnknownField::none()), ("null".to_owned(), UnknownField::none()));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in [
            "\"\"",
            "\"00112233-4455-6677-8899-aabbccddeef\"",
            "\"00112233-4455-6677-8899_aabbccddeeff\"",
            "1",
        ] {
            assert!(serde_json::from_str::<Uuid>(text).is_err(), "{text}");
        }
        // No type, no value of the type, half a value, more than one, an element type that there is none of.
        for text in ["[5,1,[]]", "[0,1,[]]", "[1,1,[]]", "[6,1,[1]]", "[6,1,[1,2,3]]", "[15,1,[1,0,0,0,9]]"] {
            assert!(serde_json::from_str::<UnknownField>(text).is_err(), "{text}");
        }
    }
}
