//! Lists of texts, and texts and binaries from where they stand, which are written by one call each.

use kitex_codec::{Bytes, DecodeError, EncodeError, Limits, Message, Str, ThriftReader, ThriftWriter, Type};

use crate::{ALL, limits};

/// All by one call each.
#[derive(Debug, Default, PartialEq)]
struct AtOnce {
    texts: Vec<Str>,
    text: String,
    data: Vec<u8>,
}

/// The same, text by text and from values of the codec's own.
struct OneByOne<'a>(&'a AtOnce);

impl Message for AtOnce {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        out.write_field(Type::List, 1);
        out.write_str_list(&self.texts)?;
        out.write_text_field(2, &self.text)?;
        out.write_slice_field(3, &self.data)?;
        out.write_field(Type::String, 4);
        out.write_text(&self.text)?;
        out.write_field(Type::String, 5);
        out.write_slice(&self.data)?;
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut value = Self::default();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match field.id {
                1 => value.texts = from.read_str_list()?.unwrap_or_default(),
                2 | 4 => value.text = from.read_str()?.into(),
                _ => value.data = from.read_bytes()?.into(),
            }
        }
        Ok(value)
    }
}

impl Message for OneByOne<'_> {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        let (text, data) = (Str::from(&self.0.text), Bytes::from(self.0.data.clone()));
        out.begin_struct()?;
        out.write_field(Type::List, 1);
        out.begin_list(Type::String, self.0.texts.len())?;
        self.0.texts.iter().try_for_each(|text| out.write_str(text))?;
        out.end_list();
        out.write_str_field(2, &text)?;
        out.write_bytes_field(3, &data)?;
        out.write_field(Type::String, 4);
        out.write_str(&text)?;
        out.write_field(Type::String, 5);
        out.write_bytes(&data)?;
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(_: &mut R) -> Result<Self, DecodeError> {
        unreachable!("it is only written")
    }
}

/// Texts of every length up to some, in turns, with what is not ASCII between them.
fn value(lens: impl Iterator<Item = usize>) -> AtOnce {
    let text = |len: usize| match len % 5 {
        4 => "é\"\n\\".repeat(len / 4),
        _ => "abcdefgh".repeat(len / 8 + 1)[..len].to_owned(),
    };
    let texts: Vec<Str> = lens.map(|len| Str::from(text(len))).collect();
    let last = texts.last().map(Str::to_string).unwrap_or_default();
    AtOnce { texts, data: last.clone().into_bytes(), text: last }
}

#[test]
fn one_call_writes_what_many_do_and_all_comes_back() {
    let shuffled = (0..700).map(|at| at * 263 % 700);
    let values = [
        value(0..0),
        value(0..40),
        value(20..130),
        value(shuffled),
        value([5000, 1, 4096, 20_000].into_iter()),
    ];
    for protocol in ALL {
        for value in &values {
            let at_once = protocol.encode(value, &limits()).unwrap().into_bytes();
            assert_eq!(at_once, protocol.encode(&OneByOne(value), &limits()).unwrap().into_bytes());
            let read: AtOnce = protocol.decode(&at_once, &limits()).unwrap();
            assert_eq!(&read, value);
        }
    }
}

#[test]
fn a_text_over_the_limit_is_not_written() {
    let mut limits = Limits::default();
    limits.max_string = 10;
    for protocol in ALL {
        for (len, is_written) in [(10, true), (11, false), (23, false), (24, false)] {
            let value = |texts, text: usize, data| AtOnce {
                texts: vec![Str::from("a".repeat(texts))],
                text: "a".repeat(text),
                data: vec![7; data],
            };
            for value in [value(len, 1, 1), value(1, len, 1), value(1, 1, len)] {
                assert_eq!(protocol.encode(&value, &limits).is_ok(), is_written, "{len} in {protocol:?}");
                assert_eq!(protocol.encode(&OneByOne(&value), &limits).is_ok(), is_written);
            }
        }
    }
}
