//! Where a value of Apache's JSON ends.

use kitex_codec::Type;

use super::Endless;

/// The end of a value found by recursion, as the wire is described.
pub(super) struct Reference<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) max_depth: usize,
}

/// Where brackets alone say that an array or object ends. Errors if they do not match, or if one closes before one opens.
pub(super) fn closed(bytes: &[u8], most: usize) -> Result<usize, Endless> {
    let (mut open, mut at) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' if open.len() == most => return Err(Endless::Refused),
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' if open.pop() != Some(*byte) => return Err(Endless::Refused),
            b'}' | b']' if open.is_empty() => return Ok(at),
            b'}' | b']' => {}
            white if white.is_ascii_whitespace() => {}
            _ if open.is_empty() => return Err(Endless::Refused),
            b'"' => at += 1 + text(&bytes[at..]).ok_or(Endless::Short)?,
            _ => {}
        }
    }
    Err(Endless::Short)
}

/// Bytes up to the quote that ends a string.
fn text(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

const TAGS: [&[u8]; 12] =
    [b"tf", b"i8", b"i16", b"i32", b"i64", b"dbl", b"str", b"uid", b"rec", b"lst", b"set", b"map"];

/// The tag of a type; none if no value has it.
pub(super) fn tag(kind: Type) -> &'static [u8] {
    match kind {
        Type::Bool => b"tf",
        Type::I8 => b"i8",
        Type::I16 => b"i16",
        Type::I32 => b"i32",
        Type::I64 => b"i64",
        Type::Double => b"dbl",
        Type::String => b"str",
        Type::Uuid => b"uid",
        Type::Struct => b"rec",
        Type::List => b"lst",
        Type::Set => b"set",
        Type::Map => b"map",
        Type::Stop | Type::Void => b"",
    }
}

impl<'a> Reference<'a> {
    /// The end of the value at `at` of the type that a tag names, inside `depth` structs and containers. A key of a map
    /// stands between quotes, whatever it is.
    pub(super) fn end(&self, tag: &[u8], at: usize, depth: usize, key: bool) -> Result<usize, Endless> {
        match tag {
            b"tf" => self.integer(at, key, 0, 1),
            b"i8" => self.integer(at, key, i8::MIN.into(), i8::MAX.into()),
            b"i16" => self.integer(at, key, i16::MIN.into(), i16::MAX.into()),
            b"i32" => self.integer(at, key, i32::MIN.into(), i32::MAX.into()),
            b"i64" => self.integer(at, key, i64::MIN, i64::MAX),
            b"dbl" => self.double(at, key),
            b"str" => self.string(at).map(|(_, end)| end),
            b"uid" => self.uuid(at),
            b"rec" => self.structure(at, depth),
            b"lst" | b"set" => self.elements(at, depth),
            b"map" => self.entries(at, depth),
            _ => Err(Endless::Refused),
        }
    }

    /// The next byte that is no white space, and where it stands.
    fn peek(&self, at: usize) -> Result<(u8, usize), Endless> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let white = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        rest.get(white).map(|byte| (*byte, at + white)).ok_or(Endless::Short)
    }

    fn expect(&self, at: usize, wanted: &[u8]) -> Result<usize, Endless> {
        wanted.iter().try_fold(at, |at, wanted| match self.peek(at)? {
            (byte, at) if byte == *wanted => Ok(at + 1),
            _ => Err(Endless::Refused),
        })
    }

    /// What stands between quotes, as it stands there.
    fn string(&self, at: usize) -> Result<(&'a [u8], usize), Endless> {
        let at = self.expect(at, b"\"")?;
        let len = text(&self.bytes[at..]).ok_or(Endless::Short)?;
        Ok((&self.bytes[at..at + len], at + len + 1))
    }

    /// The bytes of a number, behind which something has to stand.
    fn number(&self, at: usize) -> Result<(&'a [u8], usize), Endless> {
        let (_, at) = self.peek(at)?;
        let is_of_number = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let len = self.bytes[at..].iter().take_while(|byte| is_of_number(byte)).count();
        if at + len == self.bytes.len() {
            Err(Endless::Short)
        } else {
            Ok((&self.bytes[at..at + len], at + len))
        }
    }

    fn integer(&self, at: usize, key: bool, least: i64, most: i64) -> Result<usize, Endless> {
        let (digits, end) = if key { self.string(at)? } else { self.number(at)? };
        let (sign, figures) = match digits {
            [b'-', figures @ ..] => (-1, figures),
            figures => (1, figures),
        };
        if figures.is_empty() || !figures.iter().all(u8::is_ascii_digit) {
            return Err(Endless::Refused);
        }
        let add = |number: i128, figure: &u8| (number * 10 + i128::from(figure - b'0')).min(1 << 100);
        let number = sign * figures.iter().fold(0, add);
        if (i128::from(least)..=i128::from(most)).contains(&number) { Ok(end) } else { Err(Endless::Refused) }
    }

    fn double(&self, at: usize, key: bool) -> Result<usize, Endless> {
        let quoted = self.peek(at)?.0 == b'"';
        let (digits, end) = match (quoted, key) {
            (true, _) => self.string(at)?,
            (false, true) => return Err(Endless::Refused),
            (false, false) => self.number(at)?,
        };
        let named: [&[u8]; 6] = [b"NaN", b"nan", b"Infinity", b"inf", b"-Infinity", b"-inf"];
        let plain = matches!(digits, [b'0'..=b'9' | b'-' | b'.', ..])
            && digits.iter().all(|byte| b"0123456789+-.eE".contains(byte))
            && std::str::from_utf8(digits).is_ok_and(|digits| digits.parse::<f64>().is_ok());
        if plain || named.contains(&digits) { Ok(end) } else { Err(Endless::Refused) }
    }

    fn uuid(&self, at: usize) -> Result<usize, Endless> {
        let (text, end) = self.string(at)?;
        let digits = text.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
        let others = text.iter().filter(|byte| **byte == b'-').count();
        let long = matches!(text.len(), 32 | 36) && digits == 32 && digits + others == text.len();
        if long { Ok(end) } else { Err(Endless::Refused) }
    }

    fn enter(&self, depth: usize) -> Result<usize, Endless> {
        if depth < self.max_depth { Ok(depth + 1) } else { Err(Endless::Refused) }
    }

    fn structure(&self, at: usize, depth: usize) -> Result<usize, Endless> {
        let mut at = self.expect(at, b"{")?;
        let depth = self.enter(depth)?;
        let mut fresh = true;
        loop {
            if self.peek(at)?.0 == b'}' {
                return self.expect(at, b"}");
            }
            at = if fresh { at } else { self.expect(at, b",")? };
            fresh = false;
            at = self.expect(self.integer(at, true, i16::MIN.into(), i16::MAX.into())?, b":{")?;
            let (tag, end) = self.string(at)?;
            at = self.expect(self.end(self.known(tag, 1)?, self.expect(end, b":")?, depth, false)?, b"}")?;
        }
    }

    /// A tag, which has to be one where there is something of it.
    fn known<'t>(&self, tag: &'t [u8], count: usize) -> Result<&'t [u8], Endless> {
        if count == 0 || TAGS.contains(&tag) { Ok(tag) } else { Err(Endless::Refused) }
    }

    /// A count of what takes so many bytes at least; of more than the bytes can hold the rest is not looked at.
    fn count(&self, at: usize, least: usize, behind: &[u8]) -> Result<(usize, usize), Endless> {
        let end = self.integer(at, false, i32::MIN.into(), i32::MAX.into())?;
        let (digits, _) = self.number(at)?;
        let end = self.expect(end, behind)?;
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        let count = digits.parse::<usize>().or(if digits.trim_start_matches(['-', '0']).is_empty() {
            Ok(0)
        } else {
            Err(Endless::Refused)
        })?;
        if count > (self.bytes.len() - end) / least { Err(Endless::Refused) } else { Ok((count, end)) }
    }

    fn elements(&self, at: usize, depth: usize) -> Result<usize, Endless> {
        let at = self.expect(at, b"[")?;
        let depth = self.enter(depth)?;
        let (tag, at) = self.string(at)?;
        let (count, at) = self.count(self.expect(at, b",")?, 2, b"")?;
        let tag = self.known(tag, count)?;
        let end = (0..count).try_fold(at, |at, _| self.end(tag, self.expect(at, b",")?, depth, false))?;
        self.expect(end, b"]")
    }

    fn entries(&self, at: usize, depth: usize) -> Result<usize, Endless> {
        let at = self.expect(at, b"[")?;
        let depth = self.enter(depth)?;
        let (key, at) = self.string(at)?;
        let (value, at) = self.string(self.expect(at, b",")?)?;
        let (count, mut at) = self.count(self.expect(at, b",")?, 5, b",{")?;
        let (key, value) = (self.known(key, count)?, self.known(value, count)?);
        for entry in 0..count {
            at = if entry == 0 { at } else { self.expect(at, b",")? };
            at = self.expect(self.end(key, at, depth, true)?, b":")?;
            at = self.end(value, at, depth, false)?;
        }
        self.expect(at, b"}]")
    }
}
