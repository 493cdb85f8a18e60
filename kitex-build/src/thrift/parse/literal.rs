//! String literals and their escapes.

use super::super::lex::Kind;
use super::{Failed, Parsed, Parser};
use crate::source::Span;

impl Parser<'_> {
    /// A literal that is a path or the like: UTF-8, on one line.
    pub(super) fn string(&mut self, what: &str) -> Parsed<(String, Span)> {
        self.text_literal(what, false)
    }

    /// Other tools allow line breaks in an annotation's value, and their option files have them.
    pub(super) fn annotation_value(&mut self) -> Parsed<String> {
        self.text_literal("a string as the annotation's value", true).map(|(text, _)| text)
    }

    fn text_literal(&mut self, what: &str, lines: bool) -> Parsed<(String, Span)> {
        if self.peek().kind != Kind::Literal {
            return Err(self.unexpected(what));
        }
        let span = self.take().span;
        let bytes = self.literal_bytes(span, lines);
        match String::from_utf8(bytes) {
            Ok(text) => Ok((text, span)),
            Err(_) => {
                self.report.error(span, "this string is not UTF-8");
                Err(Failed)
            }
        }
    }

    /// The bytes a literal stands for. What is wrong with it is reported and left out.
    pub(super) fn literal_bytes(&mut self, span: Span, lines: bool) -> Vec<u8> {
        let text = self.text(span);
        let inside = text.get(1..text.len().saturating_sub(1)).unwrap_or("");
        if !lines && inside.contains(['\n', '\r']) {
            let opening = Span { end: span.start + 1, ..span };
            self.report.error(opening, "this string runs over the end of the line").hint("write `\\n`");
        }
        if self.source.lossy && inside.contains('\u{fffd}') {
            let finding = self.report.error(span, "this string is not UTF-8");
            finding.hint("save the file as UTF-8; bytes of a `binary` are written as `\\xNN`");
        }
        let mut bytes = Vec::with_capacity(inside.len());
        let mut rest = inside;
        while let Some(at) = rest.find('\\') {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
            let offset = span.start + 1 + inside.len() - rest.len() + at;
            let length = match escape(&rest[at + 1..], &mut bytes) {
                Some(length) => length,
                None => self.bad_escape(offset, &rest[at + 1..]),
            };
            rest = &rest[at + 1 + length..];
        }
        bytes.extend_from_slice(rest.as_bytes());
        bytes
    }

    fn bad_escape(&mut self, offset: usize, after: &str) -> usize {
        let length = after.chars().next().map_or(0, char::len_utf8);
        let span = Span { file: self.peek().span.file, start: offset, end: offset + 1 + length };
        let finding = self.report.error(span, "unknown escape in a string");
        finding.hint("known are \\n \\r \\t \\\\ \\\" \\' \\xNN \\uNNNN \\u{N…}");
        length
    }
}

/// Whether a literal has `\x80` to `\xff`: bytes, which are no characters of a text.
pub(super) fn high_escape(literal: &str) -> bool {
    let mut rest = literal;
    while let Some(at) = rest.find('\\') {
        let escape = &rest.as_bytes()[at + 1..];
        if matches!(escape, [b'x', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]) {
            return true;
        }
        rest = rest.get(at + 2..).unwrap_or("");
    }
    false
}

/// Decodes what follows a backslash; the length of it, or `None` if it is no escape.
fn escape(after: &str, bytes: &mut Vec<u8>) -> Option<usize> {
    let byte = match after.as_bytes().first()? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        quote @ (b'\\' | b'"' | b'\'') => *quote,
        b'x' => {
            bytes.push(u8::try_from(hex(after.get(1..3)?)?).ok()?);
            return Some(3);
        }
        b'u' => return unicode(&after[1..], bytes).map(|length| 1 + length),
        _ => return None,
    };
    bytes.push(byte);
    Some(1)
}

/// `4e2d` or `{1f600}`.
fn unicode(after: &str, bytes: &mut Vec<u8>) -> Option<usize> {
    let (digits, length) = match after.strip_prefix('{') {
        Some(braced) => braced.find('}').filter(|&end| end <= 6).map(|end| (&braced[..end], end + 2))?,
        None => (after.get(..4)?, 4),
    };
    let character = char::from_u32(hex(digits)?)?;
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(length)
}

fn hex(digits: &str) -> Option<u32> {
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if valid { u32::from_str_radix(digits, 16).ok() } else { None }
}
