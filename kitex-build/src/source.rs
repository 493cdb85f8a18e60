//! The texts of a build: which file a span belongs to, and where in it that is.

use std::path::{Path, PathBuf};

/// A range of bytes in one of the build's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) file: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// From the start of `self` to the end of `last`.
    pub(crate) fn to(self, last: Span) -> Span {
        Span { end: last.end.max(self.start), ..self }
    }
}

/// One IDL file as it was read.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path as the user or an `include` wrote it: what messages show.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Bytes that are not UTF-8 stand in `text` as U+FFFD: allowed in comments only.
    pub(crate) lossy: bool,
    /// The bytes are UTF-16: `text` is what they say, to be shown and not to be compiled.
    pub(crate) wide: bool,
}

impl Source {
    pub(crate) fn new(path: &Path, bytes: Vec<u8>) -> Source {
        if let Some(text) = utf16(&bytes) {
            return Source { path: path.to_owned(), text, lossy: true, wide: true };
        }
        let (text, lossy) = match String::from_utf8(bytes) {
            Ok(text) => (text, false),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
        };
        Source { path: path.to_owned(), text, lossy, wide: false }
    }

    /// Line and column, both from 1, the column in characters. LF, CR and CRLF end a line.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let bytes = before.as_bytes();
        let ends = |(at, byte): (usize, &u8)| match byte {
            b'\n' => true,
            b'\r' => self.text.as_bytes().get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let line = 1 + bytes.iter().enumerate().filter(|&item| ends(item)).count();
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        (line, 1 + before[start..].chars().count())
    }

    /// The line around `offset`, without its end.
    pub(crate) fn line(&self, offset: usize) -> &str {
        let offset = offset.min(self.text.len());
        let (before, after) = self.text.split_at(offset);
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let end = after.find(['\n', '\r']).map_or(self.text.len(), |at| offset + at);
        &self.text[start..end]
    }
}

/// The text of a file that begins with the byte order mark of UTF-16, or with two ASCII letters in it.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (little, skip) = match bytes {
        [0xff, 0xfe, ..] => (true, 2),
        [0xfe, 0xff, ..] => (false, 2),
        [1..0x80, 0, 1..0x80, 0, ..] => (true, 0),
        [0, 1..0x80, 0, 1..0x80, ..] => (false, 0),
        _ => return None,
    };
    let unit = if little { u16::from_le_bytes } else { u16::from_be_bytes };
    let units = bytes[skip..].as_chunks().0.iter().map(|pair| unit(*pair));
    Some(char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_counts_once() {
        let source = Source::new(Path::new("a"), b"a\nb\r\nc\rd".to_vec());
        let lines: Vec<_> = ["a", "b", "c", "d"]
            .iter()
            .map(|word| source.position(source.text.find(word).unwrap()))
            .collect();
        assert_eq!(lines, [(1, 1), (2, 1), (3, 1), (4, 1)]);
        assert_eq!(source.line(5), "c");
    }

    #[test]
    fn columns_count_characters() {
        let source = Source::new(Path::new("a"), "é中x".into());
        assert_eq!(source.position(5), (1, 3));
    }
}
