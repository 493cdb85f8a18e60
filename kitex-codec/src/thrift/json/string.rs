//! Escapes of strings.

use bytes::BytesMut;

/// What is wrong with an escaped string.
pub(super) type Fault = &'static str;

/// Writes text between quotes. Escaped are quotes, backslashes and control characters.
pub(in crate::thrift) fn escape(text: &str, out: &mut BytesMut) {
    out.reserve(text.len() + 2);
    out.extend_from_slice(b"\"");
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, behind)) = special.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            8 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            12 => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            control => {
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(control >> 4), hex(control & 15)])
            }
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(b"\"");
}

fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

/// The bytes between a string's quotes, up to the first quote that is not escaped, and whether there are escapes;
/// `None` if the string does not end. `bytes` begins behind the first quote.
pub(super) fn extent(bytes: &[u8]) -> Option<(usize, bool)> {
    let mut at = 0;
    let mut escaped = false;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if bytes.get(at) == Some(&b'"') {
            return Some((at, escaped));
        }
        escaped = true;
        at += 2;
    }
}

/// What an escaped string says. No longer than it is.
pub(super) fn unescape(text: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        plain.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        let (character, behind) = escaped(rest)?;
        plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = behind;
    }
    plain.extend_from_slice(rest);
    Ok(plain)
}

/// The character that stands behind a backslash, and what follows it.
fn escaped(bytes: &[u8]) -> Result<(char, &[u8]), Fault> {
    let (byte, rest) = bytes.split_first().ok_or("a string ends in a backslash")?;
    let character = match byte {
        b'"' | b'\\' | b'/' => char::from(*byte),
        b'b' => '\x08',
        b'f' => '\x0c',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(rest),
        _ => return Err("a string has an escape that JSON does not know"),
    };
    Ok((character, rest))
}

/// The character of one `\u` escape, or of two that are halves of one.
fn unicode(bytes: &[u8]) -> Result<(char, &[u8]), Fault> {
    const LONE: Fault = "a string has half of a surrogate pair";
    let (unit, rest) = four_digits(bytes)?;
    let (code, rest) = match unit {
        0xd800..=0xdbff => {
            let behind = rest.strip_prefix(b"\\u").ok_or(LONE)?;
            match four_digits(behind)? {
                (low @ 0xdc00..=0xdfff, rest) => (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), rest),
                _ => return Err(LONE),
            }
        }
        _ => (unit, rest),
    };
    Ok((char::from_u32(code).ok_or(LONE)?, rest))
}

fn four_digits(bytes: &[u8]) -> Result<(u32, &[u8]), Fault> {
    const SHORT: Fault = "a \\u is not followed by four hexadecimal digits";
    let (digits, rest) = bytes.split_first_chunk::<4>().ok_or(SHORT)?;
    let value = digits
        .iter()
        .try_fold(0, |value, byte| char::from(*byte).to_digit(16).map(|digit| value << 4 | digit));
    Ok((value.ok_or(SHORT)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped_form(text: &str) -> String {
        let mut out = BytesMut::new();
        escape(text, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn quotes_backslashes_and_controls_are_escaped_and_come_back() {
        assert_eq!(
            escaped_form("a\"\\/\n\x01\x1f\x7fé😀"),
            r#""a\"\\/\n\u0001\u001f"#.to_owned() + "\x7fé😀\""
        );
        let all: String = (0..0x300).chain([0x4e00, 0x1f600]).filter_map(char::from_u32).collect();
        let form = escaped_form(&all);
        let (end, escaped) = extent(&form.as_bytes()[1..]).unwrap();
        assert_eq!((end, escaped), (form.len() - 2, true));
        assert_eq!(unescape(&form.as_bytes()[1..=end]).unwrap(), all.as_bytes());
    }

    #[test]
    fn escapes_of_other_writers_are_read() {
        let cases = [
            (r"\/\b\f\n\r\t", "/\x08\x0c\n\r\t"),
            (r"\u0041\u00e9\u4E2d", "Aé中"),
            (r"\uD83D\uDE00x", "😀x"),
            (r"\ud800\udc00\udbff\udfff", "\u{10000}\u{10ffff}"),
            (r"\u0000", "\0"),
        ];
        for (form, text) in cases {
            assert_eq!(unescape(form.as_bytes()).unwrap(), text.as_bytes(), "{form}");
        }
    }

    #[test]
    fn escapes_that_mean_nothing_are_refused() {
        let cases = [
            r"\",
            r"\x",
            r"\u12",
            r"\u12g4",
            r"\ud83d",
            r"\ud83dx",
            r"\ud83d\u0041",
            r"\ude00",
            r"\ud83d\ud83d",
        ];
        for form in cases {
            assert!(unescape(form.as_bytes()).is_err(), "{form}");
        }
    }

    #[test]
    fn a_string_ends_at_its_quote() {
        assert_eq!(extent(b"ab\"c\""), Some((2, false)));
        assert_eq!(extent(br#"a\"b\\"c"#), Some((6, true)));
        for open in [&b""[..], b"abc", b"\\", b"\\\"", b"\\\\\\"] {
            assert_eq!(extent(open), None);
        }
    }
}
