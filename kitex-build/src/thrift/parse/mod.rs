//! Tokens to the tree of one file: recursive descent with one token of lookahead (three where a
//! keyword may also be a name), every token looked at a bounded number of times.

mod definition;
mod docs;
mod literal;
mod service;
mod types;
mod value;

use super::lex::{self, Kind, Token, Tokens};
use super::syntax::{Annotation, Document, Include, Name, Namespace};
use crate::dialect::Dialect;
use crate::report::Report;
use crate::source::{Source, Span};

/// Types and values nest at most this deep: nothing real comes near, and the stack is finite.
const DEPTH: usize = 256;

/// The error was reported; what is left is to find a place to go on.
#[derive(Debug)]
pub(super) struct Failed;

type Parsed<T> = Result<T, Failed>;

pub(crate) fn parse(file: usize, source: &Source, dialect: Option<Dialect>, report: &mut Report) -> Document {
    let tokens = lex::lex(file, source, dialect, report);
    let mut parser = Parser { source, tokens, dialect, at: 0, depth: 0, report };
    parser.document()
}

struct Parser<'a> {
    source: &'a Source,
    tokens: Tokens,
    dialect: Option<Dialect>,
    at: usize,
    depth: usize,
    report: &'a mut Report,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Document {
        let mut document = Document::default();
        while self.peek().kind != Kind::End {
            let start = self.at;
            if self.item(&mut document).is_err() {
                self.recover(start);
            }
        }
        document
    }

    /// One header or definition.
    fn item(&mut self, document: &mut Document) -> Parsed<()> {
        match self.word() {
            "include" | "cpp_include" | "namespace" => self.header(document),
            _ => {
                let definition = self.definition()?;
                document.definitions.push(definition);
                Ok(())
            }
        }
    }

    fn header(&mut self, document: &mut Document) -> Parsed<()> {
        if document.doc.is_none() && document.includes.is_empty() && document.namespaces.is_empty() {
            document.doc = self.doc_before();
        }
        let keyword = self.take();
        if !document.definitions.is_empty() {
            let finding = self.report.error(keyword.span, "headers stand before all definitions");
            finding.hint("move this line to the top of the file");
        }
        match self.text(keyword.span) {
            "include" => {
                let (path, span) = self.string("the path of a file")?;
                document.includes.push(Include { path, span });
            }
            "cpp_include" => drop(self.string("the path of a header")?),
            _ => document.namespaces.push(self.namespace()?),
        }
        Ok(())
    }

    fn namespace(&mut self) -> Parsed<Namespace> {
        let scope = match self.eat(b'*') {
            true => "*".to_owned(),
            false => self.dotted_name("a language or `*`")?.text,
        };
        let name = self.dotted_name("the name of the namespace")?;
        let annotations = self.annotations()?;
        self.eat(b';');
        Ok(Namespace { scope, name, annotations })
    }

    /// Goes to the next word at the start of a line that begins a definition or header.
    fn recover(&mut self, start: usize) {
        self.depth = 0;
        self.at = self.at.max(start + 1).min(self.tokens.tokens.len() - 1);
        while self.peek().kind != Kind::End && !self.at_item_start() {
            self.at += 1;
        }
    }

    fn at_item_start(&self) -> bool {
        let keyword = matches!(
            self.word(),
            "include"
                | "cpp_include"
                | "namespace"
                | "const"
                | "typedef"
                | "enum"
                | "struct"
                | "union"
                | "exception"
                | "service"
        );
        let previous = self.at.checked_sub(1).map(|last| self.tokens.tokens[last]);
        // What stands at the start of a line behind a brace is meant to be a definition, if a wrong one.
        let closed = previous.is_some_and(|token| token.kind == Kind::Mark(b'}'));
        let begins = closed && matches!(self.peek().kind, Kind::Word | Kind::Mark(b'@'));
        (keyword || begins) && previous.is_none_or(|token| token.lines.last < self.peek().lines.first)
    }

    fn peek(&self) -> Token {
        self.peek_at(0)
    }

    /// The token `ahead` of the current one; the last token is the end and never passed.
    fn peek_at(&self, ahead: usize) -> Token {
        let last = self.tokens.tokens.len() - 1;
        self.tokens.tokens[(self.at + ahead).min(last)]
    }

    /// The token before the current one, of which there is one.
    fn peek_back(&self) -> Token {
        self.tokens.tokens[self.at.saturating_sub(1)]
    }

    fn take(&mut self) -> Token {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.tokens.len() - 1);
        token
    }

    fn text(&self, span: Span) -> &'a str {
        self.source.text.get(span.start..span.end).unwrap_or("")
    }

    /// The current token's text if it is a word, else nothing.
    fn word(&self) -> &'a str {
        self.word_at(0)
    }

    fn word_at(&self, ahead: usize) -> &'a str {
        let token = self.peek_at(ahead);
        if token.kind == Kind::Word { self.text(token.span) } else { "" }
    }

    fn eat(&mut self, mark: u8) -> bool {
        let found = self.peek().kind == Kind::Mark(mark);
        self.at += usize::from(found);
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.word() == word;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: u8, place: &str) -> Parsed<()> {
        if self.eat(mark) { Ok(()) } else { Err(self.unexpected(&format!("`{}` {place}", mark as char))) }
    }

    /// At most one `,` or `;`.
    fn separator(&mut self) {
        let _ = self.eat(b',') || self.eat(b';');
    }

    fn unexpected(&mut self, expected: &str) -> Failed {
        let token = self.peek();
        if (token.kind == Kind::End && self.tokens.cut) || self.follows_dropped() {
            return Failed;
        }
        let found = match token.kind {
            Kind::End => "the end of the file".to_owned(),
            Kind::Literal => "a string".to_owned(),
            _ => format!("`{}`", self.text(token.span)),
        };
        self.report.error(token.span, format!("expected {expected}, found {found}"));
        Failed
    }

    /// The same, and what to do about it.
    fn refuse(&mut self, expected: &str, hint: &str) -> Failed {
        let failed = self.unexpected(expected);
        self.hint(self.peek().span, hint.to_owned());
        failed
    }

    /// Whether characters were dropped a few tokens before: what is missing here is an echo of that.
    fn follows_dropped(&self) -> bool {
        let start = self.at.checked_sub(3).map_or(0, |before| self.tokens.tokens[before].span.end);
        let later = self.tokens.dropped.partition_point(|&dropped| dropped < start);
        self.tokens.dropped.get(later).is_some_and(|&dropped| dropped < self.peek().span.start)
    }

    /// Says more about what was just reported at `span`.
    fn hint(&mut self, span: Span, text: String) {
        let last = self.report.diagnostics.last_mut().filter(|found| found.span == Some(span));
        last.map(|found| found.hint(text));
    }

    /// A name that is declared: any word but `true` and `false`, without dots.
    fn name(&mut self, what: &str) -> Parsed<Name> {
        let name = self.dotted_name(what)?;
        if name.text.contains('.') {
            let text = format!("`{}` is declared here, and a declared name cannot contain a dot", name.text);
            self.report.error(name.span, text).hint("dots refer to what an included file declares");
        }
        Ok(name)
    }

    fn dotted_name(&mut self, what: &str) -> Parsed<Name> {
        match self.word() {
            "" | "true" | "false" => Err(self.unexpected(what)),
            text => Ok(Name { text: text.to_owned(), span: self.take().span }),
        }
    }

    fn annotations(&mut self) -> Parsed<Vec<Annotation>> {
        let mut annotations = Vec::new();
        if !self.eat(b'(') {
            return Ok(annotations);
        }
        while !self.eat(b')') {
            let key = self.dotted_name("the key of an annotation or `)`")?;
            let value = if self.eat(b'=') { self.annotation_value()? } else { "1".to_owned() };
            annotations.push(Annotation { key, value });
            self.separator();
        }
        Ok(annotations)
    }

    /// Runs `parse` one level deeper, or says that the input nests too deep.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH {
            let span = self.peek().span;
            self.report.error(span, format!("types and values nest at most {DEPTH} deep"));
            return Err(Failed);
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }
}

#[cfg(test)]
mod tests;
