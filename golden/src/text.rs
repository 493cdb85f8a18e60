//! The two notations of the data files: runs in hex, and escapes in text.

/// Reads `00ff 6162*3` as 00 ff 61 62 61 62 61 62.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for word in text.split_ascii_whitespace() {
        let (unit, count) = word.split_once('*').unwrap_or((word, "1"));
        let unit = plain_hex(unit)?;
        bytes.extend(unit.repeat(count.parse().ok()?));
    }
    Some(bytes)
}

fn plain_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| Some(c.to_digit(16)? as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Reads the escapes: `\\`, `\xHH` for a byte of UTF-8, and `v\*60000;` for 60,000 times `v`.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        rest = escape(after, &mut out)?;
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8(out).ok()
}

/// Appends what the escape at the head of `text` stands for and returns what follows it.
fn escape<'a>(text: &'a str, out: &mut Vec<u8>) -> Option<&'a str> {
    if let Some(rest) = text.strip_prefix('\\') {
        out.push(b'\\');
        return Some(rest);
    }
    if let Some(rest) = text.strip_prefix('x') {
        out.extend(plain_hex(rest.get(..2)?)?);
        return rest.get(2..);
    }
    let (count, rest) = text.strip_prefix('*')?.split_once(';')?;
    let last = out.pop()?;
    out.extend(std::iter::repeat_n(last, count.parse().ok()?));
    Some(rest)
}

/// Reads `404 not found`.
pub(crate) fn number_and_text(rest: &str) -> Option<(i32, String)> {
    let (number, text) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((number.parse().ok()?, unescape(text)?))
}

/// Reads `key=value`; the value may hold `=` itself.
pub(crate) fn pair(rest: &str) -> Option<(String, String)> {
    let (key, value) = rest.split_once('=')?;
    Some((unescape(key)?, unescape(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_written_out() {
        assert_eq!(hex("00ff 6162*3 01"), Some(b"\x00\xffababab\x01".to_vec()));
        assert_eq!(hex(""), Some(vec![]));
    }

    #[test]
    fn bad_hex_is_refused() {
        for text in ["0", "0g", "00*", "00*x", "00*-1"] {
            assert_eq!(hex(text), None, "{text}");
        }
    }

    #[test]
    fn escapes_stand_for_their_text() {
        assert_eq!(unescape(r"a\\b\x00\xc3\xa9v\*4;w").as_deref(), Some("a\\b\0évvvvw"));
        for text in [r"\", r"\q", r"\x0", r"\xff", r"\*4;", r"v\*4"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }
}
