//! Types.

use super::super::lex::Kind;
use super::super::syntax::{Base, Type, TypeKind};
use super::{Failed, Parsed, Parser};

/// Types of other dialects, and what to write instead.
const FOREIGN: [(&str, &str); 3] = [
    ("stream", "a method streams when it has the annotation (streaming.mode = \"…\")"),
    ("sink", "a method streams when it has the annotation (streaming.mode = \"…\")"),
    ("slist", "use `string`"),
];

impl Parser<'_> {
    pub(super) fn ty(&mut self) -> Parsed<Type> {
        self.nested(Self::ty_inside)
    }

    fn ty_inside(&mut self) -> Parsed<Type> {
        let start = self.peek().span;
        let kind = self.ty_kind()?;
        let end = self.tokens.tokens[self.at - 1].span;
        let annotations = self.annotations()?;
        Ok(Type { kind, annotations, span: start.to(end) })
    }

    fn ty_kind(&mut self) -> Parsed<TypeKind> {
        let word = self.word();
        if let Some(base) = Base::from_keyword(word) {
            self.take();
            return Ok(TypeKind::Base(base));
        }
        let opens = self.peek_at(1).kind == Kind::Mark(b'<') || self.word_at(1) == "cpp_type";
        match word {
            "void" => {
                self.take();
                Ok(TypeKind::Void)
            }
            "map" | "set" | "list" if opens => self.container(word),
            _ => self.named(),
        }
    }

    fn container(&mut self, word: &str) -> Parsed<TypeKind> {
        self.take();
        self.cpp_type()?;
        self.expect(b'<', "before the element's type")?;
        let first = Box::new(self.ty()?);
        let kind = match word {
            "map" => {
                self.expect(b',', "between the types of key and value")?;
                TypeKind::Map(first, Box::new(self.ty()?))
            }
            "set" => TypeKind::Set(first),
            _ => TypeKind::List(first),
        };
        self.expect(b'>', "after the element's type")?;
        if word == "list" {
            self.cpp_type()?;
        }
        Ok(kind)
    }

    /// `cpp_type "…"` is for another language.
    fn cpp_type(&mut self) -> Parsed<()> {
        if self.word() == "cpp_type" && self.peek_at(1).kind == Kind::Literal {
            self.take();
            self.string("a C++ type")?;
        }
        Ok(())
    }

    fn named(&mut self) -> Parsed<TypeKind> {
        let word = self.word();
        let known = FOREIGN.iter().find(|(name, _)| *name == word);
        let foreign = known.filter(|_| self.peek_at(1).kind == Kind::Mark(b'<') || word == "slist");
        if let Some((name, hint)) = foreign {
            let span = self.peek().span;
            self.report.error(span, format!("there is no type `{name}` in this dialect")).hint(*hint);
            return Err(Failed);
        }
        Ok(TypeKind::Named(self.dotted_name("a type")?.text))
    }
}
