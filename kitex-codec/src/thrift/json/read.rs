//! Reading Thrift JSON.

use bytes::Bytes;

use super::token::{Text, Tokens, double, integer, malformed};
use super::{base64, string, tag};
use crate::text::check_utf8;
use crate::thrift::copy;
use crate::thrift::source::Source;
use crate::thrift::{Field, ThriftReader, Type, UnknownField, Uuid};
use crate::{DecodeError, DecodeReason, Limits, Str};

/// Bytes that the shortest element takes, its comma included.
const LEAST_ELEMENT: usize = 2;

/// Bytes that the shortest entry takes: the quotes of its key, a colon, a value and a comma.
const LEAST_ENTRY: usize = 5;

/// Bytes beside its content that a `Bytes` of its own takes.
const OF_ITS_OWN: usize = 4 * size_of::<usize>();

/// Reads Apache Thrift's JSON from contiguous bytes. Long strings without escapes share them.
#[derive(Debug)]
pub struct JsonReader<'a> {
    source: Source<'a>,
    /// What is open around the next value, the outermost first.
    around: Vec<Around>,
}

/// What stands around a value, and so before and behind it.
#[derive(Debug, Clone, Copy)]
enum Around {
    Struct { fresh: bool },
    Field,
    Elements,
    Key { fresh: bool },
    Value,
}

impl<'a> JsonReader<'a> {
    /// A reader at the front of `input` with the budget that `limits` grant it.
    pub fn new(input: &'a Bytes, limits: &'a Limits) -> Self {
        Self { source: Source::new(input, limits), around: Vec::new() }
    }

    /// A reader whose values share nothing with `input`.
    pub fn borrowed(input: &'a [u8], limits: &'a Limits) -> Self {
        Self { source: Source::borrowed(input, limits), around: Vec::new() }
    }

    /// Bytes that were not read.
    pub fn remaining(&self) -> usize {
        self.source.rest.len()
    }

    /// Bytes behind what was read and the white space that follows it.
    pub(super) fn behind(&self) -> usize {
        self.source.rest.trim_ascii_start().len()
    }

    fn tokens<T>(
        &mut self,
        read: impl FnOnce(&mut Tokens<'a>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut tokens = Tokens { rest: self.source.rest };
        let read = read(&mut tokens)?;
        self.source.rest = tokens.rest;
        Ok(read)
    }

    /// Passes what stands before a value; true if the value is a map's key.
    fn before(&mut self) -> Result<bool, DecodeError> {
        match self.around.last() {
            Some(Around::Elements) => self.tokens(Tokens::comma).map(|()| false),
            Some(Around::Key { fresh: false }) => self.tokens(Tokens::comma).map(|()| true),
            Some(Around::Key { fresh: true }) => Ok(true),
            Some(Around::Value) => {
                self.tokens(|tokens| tokens.expect(b':', "a colon is missing")).map(|()| false)
            }
            _ => Ok(false),
        }
    }

    /// Passes what stands behind a value.
    fn after(&mut self) -> Result<(), DecodeError> {
        match self.around.last_mut() {
            Some(Around::Field) => {
                self.around.pop();
                return self.tokens(|tokens| tokens.expect(b'}', "a field's value does not end"));
            }
            Some(key @ Around::Key { .. }) => *key = Around::Value,
            Some(value @ Around::Value) => *value = Around::Key { fresh: false },
            Some(Around::Struct { .. } | Around::Elements) | None => {}
        }
        Ok(())
    }

    fn open(&mut self, byte: u8, what: &'static str) -> Result<(), DecodeError> {
        self.before()?;
        self.tokens(|tokens| tokens.expect(byte, what))?;
        self.source.enter()
    }

    /// A whole number, between quotes if it is a map's key.
    fn integer<T: TryFrom<i64>>(&mut self) -> Result<T, DecodeError> {
        let is_key = self.before()?;
        let number = self.tokens(|tokens| match is_key {
            true => integer(tokens.text()?.raw),
            false => tokens.integer(),
        })?;
        self.after()?;
        Ok(number)
    }

    fn text(&mut self) -> Result<Text<'a>, DecodeError> {
        self.before()?;
        let text = self.tokens(Tokens::text)?;
        self.after()?;
        self.source.check_string(text.raw.len())?;
        Ok(text)
    }

    /// What an escaped string says, charged to the budget.
    fn unescaped(&mut self, text: Text<'a>) -> Result<Vec<u8>, DecodeError> {
        self.source.budget.charge(text.raw.len() + OF_ITS_OWN)?;
        string::unescape(text.raw).map_err(malformed)
    }

    fn elements(&mut self) -> Result<(Type, usize), DecodeError> {
        self.open(b'[', "a list is missing")?;
        let (name, count) = self.tokens(|tokens| {
            let name = tokens.text()?.raw;
            tokens.comma()?;
            Ok((name, tokens.integer::<i32>()?))
        })?;
        self.around.push(Around::Elements);
        let count = length(count)?;
        self.source.check_count(count, LEAST_ELEMENT)?;
        Ok((element(name, count)?, count))
    }

    fn close(&mut self, ends: &[u8]) -> Result<(), DecodeError> {
        self.tokens(|tokens| {
            ends.iter().try_for_each(|end| tokens.expect(*end, "a container does not end"))
        })?;
        self.around.pop();
        self.source.leave();
        self.after()
    }

    /// Reads with depths counted anew.
    fn apart<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
        let depth = std::mem::take(&mut self.source.depth);
        let read = read(self)?;
        self.source.depth = depth;
        Ok(read)
    }
}

fn length(len: i32) -> Result<usize, DecodeError> {
    usize::try_from(len).map_err(|_| DecodeError::new(DecodeReason::NegativeLength(len)))
}

/// The type of a name; any will do where there is no element.
fn element(name: &[u8], count: usize) -> Result<Type, DecodeError> {
    match tag::kind(name) {
        None if count > 0 => Err(malformed("a type's name is unknown")),
        kind => Ok(kind.unwrap_or(Type::Void)),
    }
}

impl ThriftReader for JsonReader<'_> {
    fn begin_struct(&mut self) -> Result<(), DecodeError> {
        self.open(b'{', "a struct is missing")?;
        self.around.push(Around::Struct { fresh: true });
        Ok(())
    }

    fn read_field(&mut self) -> Result<Option<Field>, DecodeError> {
        if self.tokens(Tokens::peek)? == b'}' {
            self.tokens(|tokens| tokens.expect(b'}', "a struct does not end"))?;
            self.around.pop();
            self.source.leave();
            return self.after().map(|()| None);
        }
        let fresh = matches!(self.around.last(), Some(Around::Struct { fresh: true }));
        let (id, name) = self.tokens(|tokens| {
            if !fresh {
                tokens.comma()?;
            }
            let id = integer(tokens.text()?.raw)?;
            tokens.expect(b':', "a colon is missing")?;
            tokens.expect(b'{', "a field's value is missing")?;
            let name = tokens.text()?.raw;
            tokens.expect(b':', "a colon is missing")?;
            Ok((id, name))
        })?;
        if let Some(Around::Struct { fresh }) = self.around.last_mut() {
            *fresh = false;
        }
        self.around.push(Around::Field);
        Ok(Some(Field { kind: element(name, 1)?, id }))
    }

    fn read_bool(&mut self) -> Result<bool, DecodeError> {
        match self.integer::<i64>()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(malformed("a bool is neither 0 nor 1")),
        }
    }

    fn read_i8(&mut self) -> Result<i8, DecodeError> {
        self.integer()
    }

    fn read_i16(&mut self) -> Result<i16, DecodeError> {
        self.integer()
    }

    fn read_i32(&mut self) -> Result<i32, DecodeError> {
        self.integer()
    }

    fn read_i64(&mut self) -> Result<i64, DecodeError> {
        self.integer()
    }

    fn read_double(&mut self) -> Result<f64, DecodeError> {
        let is_key = self.before()?;
        let digits = self.tokens(|tokens| match tokens.peek()? {
            b'"' => Ok(tokens.text()?.raw),
            _ if is_key => Err(malformed("a key is no string")),
            _ => tokens.number(),
        })?;
        self.after()?;
        double(digits)
    }

    fn read_uuid(&mut self) -> Result<Uuid, DecodeError> {
        let text = self.text()?.raw;
        parse_uuid(text).ok_or_else(|| malformed("a uuid is not of 32 hexadecimal digits"))
    }

    fn read_str(&mut self) -> Result<Str, DecodeError> {
        let text = self.text()?;
        if text.escaped {
            let plain = Bytes::from(self.unescaped(text)?);
            return Str::from_utf8(plain.clone()).or_else(|error| self.source.lossy_text(&plain, error));
        }
        self.source.budget.charge(text.raw.len())?;
        self.source.text(text.raw)
    }

    /// Text and the digits of a binary look alike: both are kept as the text that they are. A binary that has come
    /// this way is its base64.
    fn read_string(&mut self) -> Result<Bytes, DecodeError> {
        let text = self.text()?;
        let plain = match text.escaped {
            true => Bytes::from(self.unescaped(text)?),
            false => {
                self.source.budget.charge(text.raw.len())?;
                self.source.bytes(text.raw)
            }
        };
        match check_utf8(&plain) {
            Ok(_) => Ok(plain),
            Err(error) => self.source.lossy_text(&plain, error).map(|text| text.to_bytes()),
        }
    }

    fn read_bytes(&mut self) -> Result<Bytes, DecodeError> {
        let text = self.text()?;
        self.source.budget.charge(base64::decoded_len(text.raw.len()) + OF_ITS_OWN)?;
        let bytes =
            if text.escaped { base64::decode(&self.unescaped(text)?) } else { base64::decode(text.raw) };
        bytes.map(Bytes::from).ok_or_else(|| malformed("a binary is no base64"))
    }

    fn begin_list(&mut self) -> Result<(Type, usize), DecodeError> {
        self.elements()
    }

    fn end_list(&mut self) -> Result<(), DecodeError> {
        self.close(b"]")
    }

    fn begin_set(&mut self) -> Result<(Type, usize), DecodeError> {
        self.elements()
    }

    fn end_set(&mut self) -> Result<(), DecodeError> {
        self.close(b"]")
    }

    fn begin_map(&mut self) -> Result<(Type, Type, usize), DecodeError> {
        self.open(b'[', "a map is missing")?;
        let (key, value, count) = self.tokens(|tokens| {
            let key = tokens.text()?.raw;
            tokens.comma()?;
            let value = tokens.text()?.raw;
            tokens.comma()?;
            let count = tokens.integer::<i32>()?;
            tokens.comma()?;
            tokens.expect(b'{', "a map's entries are missing")?;
            Ok((key, value, count))
        })?;
        self.around.push(Around::Key { fresh: true });
        let count = length(count)?;
        self.source.check_count(count, LEAST_ENTRY)?;
        Ok((element(key, count)?, element(value, count)?, count))
    }

    fn end_map(&mut self) -> Result<(), DecodeError> {
        self.close(b"}]")
    }

    fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        self.source.budget.charge(bytes)
    }

    fn skip(&mut self, kind: Type) -> Result<(), DecodeError> {
        match kind {
            Type::Bool => self.read_bool().map(drop),
            Type::I8 => self.read_i8().map(drop),
            Type::I16 => self.read_i16().map(drop),
            Type::I32 => self.read_i32().map(drop),
            Type::I64 => self.read_i64().map(drop),
            Type::Double => self.read_double().map(drop),
            Type::Uuid => self.read_uuid().map(drop),
            Type::String => self.text().map(drop),
            _ => self.apart(|from| copy::skip(from, kind)),
        }
    }

    fn skip_elements(&mut self, element: Type, count: usize) -> Result<(), DecodeError> {
        copy::skip_elements(self, element, count)
    }

    fn skip_entries(&mut self, key: Type, value: Type, count: usize) -> Result<(), DecodeError> {
        copy::skip_entries(self, key, value, count)
    }

    fn read_unknown(&mut self, field: Field) -> Result<UnknownField, DecodeError> {
        let limits = self.source.limits;
        self.apart(|from| copy::keep(from, field, limits))
    }
}

fn parse_uuid(text: &[u8]) -> Option<Uuid> {
    let mut uuid = [0; 16];
    let mut digits = text.iter().filter(|byte| **byte != b'-');
    for byte in &mut uuid {
        for _ in 0..2 {
            let digit = char::from(*digits.next()?).to_digit(16)?;
            *byte = *byte << 4 | digit as u8;
        }
    }
    (digits.next().is_none() && matches!(text.len(), 32 | 36)).then_some(Uuid(uuid))
}
