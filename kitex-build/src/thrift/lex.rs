//! Text to tokens, in one pass over the bytes.

use crate::dialect::Dialect;
use crate::lint::Lint;
use crate::report::Report;
use crate::source::{Source, Span};

/// Names are copied and compared often: a longer one is an accident or an attack.
const NAME_LENGTH: usize = 500;

/// What a token is. Texts are taken from the source by the token's span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A word with its dots, `shared.User`. Keywords are words: the parser knows where they count.
    Word,
    Integer(i64),
    Double(f64),
    /// A string literal with its quotes.
    Literal,
    /// One of `{}[]()<>,;:=*&@`.
    Mark(u8),
    End,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    pub(crate) lines: Lines,
}

/// The lines on which a token or comment starts and ends, counted from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// A comment, for the docs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comment {
    pub(crate) span: Span,
    pub(crate) lines: Lines,
    /// `/** … */` or `/// …`: documents what follows it.
    pub(crate) leading: bool,
    /// The token that follows it.
    pub(crate) before: usize,
}

/// The tokens of a file, the last one [`Kind::End`].
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) tokens: Vec<Token>,
    pub(crate) comments: Vec<Comment>,
    /// Something is never closed, so that the rest of the file is missing; that is reported.
    pub(crate) cut: bool,
    /// Where characters were dropped that start no token; that is reported.
    pub(crate) dropped: Vec<usize>,
}

pub(crate) fn lex(file: usize, source: &Source, dialect: Option<Dialect>, report: &mut Report) -> Tokens {
    let mut lexer = Lexer {
        file,
        dialect,
        source,
        bytes: source.text.as_bytes(),
        at: 0,
        line: 0,
        counted: 0,
        tokens: Tokens { tokens: Vec::new(), comments: Vec::new(), cut: false, dropped: Vec::new() },
        report,
    };
    lexer.run();
    lexer.tokens
}

struct Lexer<'a> {
    file: usize,
    dialect: Option<Dialect>,
    source: &'a Source,
    bytes: &'a [u8],
    at: usize,
    /// The line ends before the byte `counted`.
    line: usize,
    counted: usize,
    tokens: Tokens,
    report: &'a mut Report,
}

impl Lexer<'_> {
    fn run(&mut self) {
        if self.source.wide {
            self.wide();
        } else if self.source.text.starts_with('\u{feff}') {
            self.at = 3;
        }
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => self.at += 1,
                b'#' => self.line_comment(),
                b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
                b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
                b'"' | b'\'' => self.literal(byte),
                b'_' | b'a'..=b'z' | b'A'..=b'Z' => self.word(),
                b'0'..=b'9' | b'.' | b'+' | b'-' => self.number(),
                b'{' | b'}' | b'[' | b']' | b'(' | b')' | b'<' | b'>' => self.mark(byte),
                b',' | b';' | b':' | b'=' | b'*' | b'&' | b'@' => self.mark(byte),
                _ => self.stray(),
            }
        }
        self.push(Kind::End, self.at);
    }

    /// A file of another encoding is reported once, not letter by letter.
    fn wide(&mut self) {
        self.at = self.bytes.len();
        self.tokens.cut = true;
        let first = Span { file: self.file, start: 0, end: 1 };
        self.report.error(first, "this file is UTF-16").hint("IDL files are UTF-8 text: save it as UTF-8");
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn span(&self, start: usize) -> Span {
        Span { file: self.file, start, end: self.at }
    }

    fn push(&mut self, kind: Kind, start: usize) {
        let span = self.span(start);
        let lines = self.lines(start);
        self.tokens.tokens.push(Token { kind, span, lines });
    }

    /// The lines of what starts at `start` and ends here.
    fn lines(&mut self, start: usize) -> Lines {
        let first = self.line_of(start);
        Lines { first, last: self.line_of(self.at) }
    }

    /// Positions are asked for in rising order, so each byte is looked at once.
    fn line_of(&mut self, offset: usize) -> usize {
        let new = self.bytes.get(self.counted..offset).unwrap_or(&[]);
        let next = self.bytes.get(self.counted + 1..).unwrap_or(&[]);
        let ends =
            |(at, byte): &(usize, &u8)| **byte == b'\n' || (**byte == b'\r' && next.get(*at) != Some(&b'\n'));
        self.line += new.iter().enumerate().filter(ends).count();
        self.counted = self.counted.max(offset);
        self.line
    }

    fn mark(&mut self, byte: u8) {
        self.at += 1;
        self.push(Kind::Mark(byte), self.at - 1);
    }

    /// Moves over bytes while `keep` holds.
    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|&byte| !keep(byte)).unwrap_or(rest.len());
    }

    fn line_comment(&mut self) {
        let start = self.at;
        self.skip_while(|byte| byte != b'\n' && byte != b'\r');
        let text = &self.bytes[start..self.at];
        self.comment(start, text.starts_with(b"///") && !text.starts_with(b"////"));
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let Some(length) = self.source.text[start + 2..].find("*/") else {
            self.at = self.bytes.len();
            self.tokens.cut = true;
            let opening = Span { file: self.file, start, end: start + 2 };
            self.report.error(opening, "this comment is never closed").hint("close it with `*/`");
            return;
        };
        self.at = start + length + 4;
        let text = &self.bytes[start..self.at];
        // `/**/` is an empty ordinary comment.
        self.comment(start, text.starts_with(b"/**") && text.len() > 4);
    }

    fn comment(&mut self, start: usize, leading: bool) {
        let (span, lines) = (self.span(start), self.lines(start));
        let comment = Comment { span, lines, leading, before: self.tokens.tokens.len() };
        self.tokens.comments.push(comment);
    }

    /// A dot belongs to the word when a letter, digit or underscore follows it.
    fn word(&mut self) {
        let start = self.at;
        loop {
            self.skip_while(is_word);
            if self.peek(0) != Some(b'.') || !self.peek(1).is_some_and(is_word) {
                break;
            }
            self.at += 1;
        }
        if self.at - start > NAME_LENGTH {
            let span = self.span(start);
            self.report.error(span, format!("names are at most {NAME_LENGTH} characters long"));
            self.at = start + NAME_LENGTH;
            self.push(Kind::Word, start);
            self.at = span.end;
            return;
        }
        self.push(Kind::Word, start);
    }

    /// The text between the quotes is checked where it is used: what is allowed depends on that.
    fn literal(&mut self, quote: u8) {
        let start = self.at;
        self.at += 1;
        loop {
            self.skip_while(|byte| byte != quote && byte != b'\\');
            match self.peek(0) {
                Some(b'\\') => self.at = (self.at + 2).min(self.bytes.len()),
                Some(_) => break,
                None => return self.open_literal(start),
            }
        }
        self.at += 1;
        self.push(Kind::Literal, start);
    }

    /// Nothing after the opening quote can be trusted: the file ends here.
    fn open_literal(&mut self, start: usize) {
        self.at = self.bytes.len();
        self.tokens.cut = true;
        let opening = Span { file: self.file, start, end: start + 1 };
        self.report.error(opening, "this string is never closed");
    }

    fn number(&mut self) {
        let start = self.at;
        self.at += usize::from(matches!(self.peek(0), Some(b'+' | b'-')));
        let digits = self.at;
        if self.peek(0) == Some(b'0') && self.peek(1) == Some(b'x') {
            self.at += 2;
            self.skip_while(|byte| byte.is_ascii_hexdigit());
            return self.finish_integer(start, digits + 2, 16);
        }
        let octal = self.peek(0) == Some(b'0') && self.peek(1) == Some(b'o');
        if octal && self.dialect == Some(Dialect::Thriftgo) {
            self.at += 2;
            self.skip_while(|byte| matches!(byte, b'0'..=b'7'));
            return self.finish_integer(start, digits + 2, 8);
        }
        self.skip_while(|byte| byte.is_ascii_digit());
        let whole = self.at - digits;
        let fraction = self.fraction();
        let exponent = self.exponent(whole > 0 || fraction);
        match (whole > 0, fraction || exponent) {
            (_, true) => self.finish_double(start),
            (true, false) => self.finish_integer(start, digits, 10),
            (false, false) => {
                self.at = start;
                self.stray();
            }
        }
    }

    /// `.5`; a dot without digits is left alone and makes the number a bad one.
    fn fraction(&mut self) -> bool {
        let found = self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|byte| byte.is_ascii_digit());
        if found {
            self.at += 1;
            self.skip_while(|byte| byte.is_ascii_digit());
        }
        found
    }

    fn exponent(&mut self, after_digits: bool) -> bool {
        if !after_digits || !matches!(self.peek(0), Some(b'e' | b'E')) {
            return false;
        }
        let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
        let found = self.peek(1 + sign).is_some_and(|byte| byte.is_ascii_digit());
        if found {
            self.at += 1 + sign;
            self.skip_while(|byte| byte.is_ascii_digit());
        }
        found
    }

    /// Letters, digits, dots that stick to a number make all of it an error.
    fn rejects_tail(&mut self, start: usize) -> bool {
        let end = self.at;
        self.skip_while(|byte| is_word(byte) || byte == b'.');
        if self.at == end {
            return false;
        }
        let span = self.span(start);
        let message = format!("`{}` is not a number", &self.source.text[span.start..span.end]);
        let octal = self.source.text[span.start..span.end].trim_start_matches(['+', '-']).starts_with("0o");
        self.report.error(span, message).hint(match octal {
            true => "only thriftgo reads this, as octal: Dialect::Thriftgo",
            false => "numbers are 12, -0x1f, 1.5, 2e10",
        });
        self.push(Kind::Integer(0), start);
        true
    }

    fn finish_integer(&mut self, start: usize, digits: usize, radix: u32) {
        let text = &self.source.text[digits..self.at];
        if text.is_empty() {
            self.at -= 1; // `0x` alone: the letter is the tail
        }
        if self.rejects_tail(start) {
            return;
        }
        let negative = self.bytes[start] == b'-';
        let value = i128::from_str_radix(text, radix).ok();
        let value = value.map(|value| if negative { -value } else { value });
        let value = value.and_then(|value| i64::try_from(value).ok());
        let leading_zero = radix == 10 && text.len() > 1 && text.starts_with('0');
        self.push(Kind::Integer(value.unwrap_or(0)), start);
        let span = self.span(start);
        if value.is_none() {
            self.report.error(span, "this number does not fit into 64 bits");
        } else if leading_zero && self.dialect != Some(Dialect::Thriftgo) {
            let text = "a leading zero does not make a number octal: this is read as decimal";
            self.report.lint(Lint::LeadingZero, span, text).hint("thriftgo reads such values as octal");
        }
    }

    fn finish_double(&mut self, start: usize) {
        if self.rejects_tail(start) {
            return;
        }
        let span = self.span(start);
        let value = self.source.text[span.start..span.end].parse().unwrap_or(f64::INFINITY);
        self.push(Kind::Double(value), start);
        if !value.is_finite() {
            self.report.error(span, "this number is too large for a double");
        }
    }

    /// Reports a run of characters that start no token, once, and drops it.
    fn stray(&mut self) {
        let start = self.at;
        let character = self.source.text[start..].chars().next().unwrap_or('\0');
        let same = self.source.text[start..].chars().take_while(|&next| next == character);
        self.at += same.map(char::len_utf8).sum::<usize>().max(1);
        self.tokens.dropped.push(start);
        let span = self.span(start);
        let finding = self.report.error(span, format!("unexpected character `{}`", character.escape_debug()));
        if character == '\u{fffd}' && self.source.lossy {
            finding.hint("the bytes that stand here are not UTF-8");
        } else if !character.is_ascii() {
            finding.hint("names consist of ASCII letters, digits and `_`");
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

#[cfg(test)]
#[path = "lex_tests.rs"]
mod tests;
