//! The tokens of JSON, one at a time. White space between them is passed.

use super::string;
use crate::DecodeError;

/// What is left of a text, and where it began.
#[derive(Debug, Clone, Copy)]
pub(in crate::thrift) struct Tokens<'a> {
    pub(in crate::thrift) rest: &'a [u8],
}

/// A string's bytes as they stand between its quotes.
#[derive(Debug, Clone, Copy)]
pub(in crate::thrift) struct Text<'a> {
    pub(in crate::thrift) raw: &'a [u8],
    pub(in crate::thrift) escaped: bool,
}

#[cold]
pub(in crate::thrift) fn malformed(what: &'static str) -> DecodeError {
    DecodeError::malformed("JSON", what)
}

impl<'a> Tokens<'a> {
    /// The next byte that is no white space.
    pub(in crate::thrift) fn peek(&mut self) -> Result<u8, DecodeError> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied().ok_or_else(DecodeError::unexpected_end)
    }

    /// Passes one byte, which must be this one; `what` says that it is missing.
    pub(in crate::thrift) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), DecodeError> {
        if self.peek()? != byte {
            return Err(malformed(what));
        }
        self.rest = self.rest.get(1..).unwrap_or_default();
        Ok(())
    }

    pub(in crate::thrift) fn comma(&mut self) -> Result<(), DecodeError> {
        self.expect(b',', "a comma is missing")
    }

    /// A string.
    pub(in crate::thrift) fn text(&mut self) -> Result<Text<'a>, DecodeError> {
        self.expect(b'"', "a string is missing")?;
        let (len, escaped) = string::extent(self.rest).ok_or_else(DecodeError::unexpected_end)?;
        let raw = self.rest.get(..len).unwrap_or_default();
        self.rest = self.rest.get(len + 1..).unwrap_or_default();
        Ok(Text { raw, escaped })
    }

    /// The bytes of a number, or of a name that stands for one.
    pub(in crate::thrift) fn number(&mut self) -> Result<&'a [u8], DecodeError> {
        self.peek()?;
        let len = self.rest.iter().take_while(|byte| is_of_number(**byte)).count();
        let (number, rest) = self.rest.split_at(len);
        // A number has no end of its own: something stands behind it.
        if rest.is_empty() {
            return Err(DecodeError::unexpected_end());
        }
        self.rest = rest;
        Ok(number)
    }

    /// A whole number of a type, as large as that.
    pub(in crate::thrift) fn integer<T: TryFrom<i64>>(&mut self) -> Result<T, DecodeError> {
        integer(self.number()?)
    }
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// A whole number of decimal digits.
pub(in crate::thrift) fn integer<T: TryFrom<i64>>(digits: &[u8]) -> Result<T, DecodeError> {
    let number = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
    let number = number
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| malformed("a whole number is missing"))?;
    T::try_from(number).map_err(|_| malformed("a number is too large for its type"))
}

/// A floating number. Python's writer has other names for those that JSON cannot say.
pub(in crate::thrift) fn double(digits: &[u8]) -> Result<f64, DecodeError> {
    Ok(match digits {
        b"NaN" | b"nan" => f64::NAN,
        b"Infinity" | b"inf" => f64::INFINITY,
        b"-Infinity" | b"-inf" => f64::NEG_INFINITY,
        [b'0'..=b'9' | b'-' | b'.', behind @ ..]
            if !behind.iter().any(|byte| matches!(byte, b'n' | b'N')) =>
        {
            let digits = std::str::from_utf8(digits).ok();
            digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| malformed("a number is missing"))?
        }
        _ => return Err(malformed("a number is missing")),
    })
}
