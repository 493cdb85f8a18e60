//! Services and their functions.

use super::super::lex::Kind;
use super::super::syntax::{Definition, DefinitionKind, Function, Service};
use super::{Parsed, Parser};
use crate::source::Span;

const RESULT: &str = "a function's return type or `}`";
const FUNCTION: &str = "the name of the function";

impl Parser<'_> {
    pub(super) fn service(&mut self, _: &str) -> Parsed<Definition> {
        let name = self.name("the name of the service")?;
        let extends = match self.eat_word("extends") {
            true => Some(self.dotted_name("the service to extend")?),
            false => None,
        };
        if extends.is_some() && self.peek().kind == Kind::Mark(b',') {
            return Err(self.refuse("`{` and the functions", "a service extends one other"));
        }
        self.expect(b'{', "and the functions")?;
        let mut functions = Vec::new();
        while !self.eat(b'}') {
            functions.push(self.function()?);
        }
        let annotations = self.annotations()?;
        let kind = DefinitionKind::Service(Service { extends, functions });
        Ok(Definition { name, doc: None, annotations, kind })
    }

    fn function(&mut self) -> Parsed<Function> {
        let doc = self.doc_before();
        let oneway = self.oneway();
        match self.peek().kind {
            Kind::Word => {}
            Kind::Integer(_) => return Err(self.refuse(RESULT, "functions have names only, no ids")),
            _ => return Err(self.unexpected(RESULT)),
        }
        let result = self.ty()?;
        // `name()` is read as a type with an empty list of annotations.
        if self.peek_back().kind == Kind::Mark(b')') && self.peek().kind != Kind::Word {
            return Err(
                self.refuse(FUNCTION, "a function begins with the type of its result, or with `void`")
            );
        }
        let name = self.name(FUNCTION)?;
        self.expect(b'(', "and the arguments")?;
        let arguments = self.fields(b')')?;
        let throws = match self.eat_word("throws") {
            true => {
                self.expect(b'(', "and the exceptions")?;
                self.fields(b')')?
            }
            false => Vec::new(),
        };
        let annotations = self.annotations()?;
        self.separator();
        let doc = doc.or_else(|| self.doc_after());
        Ok(Function { name, doc, oneway, result, arguments, throws, annotations })
    }

    /// `oneway` and `async` are modifiers unless the word is the function's result type.
    fn oneway(&mut self) -> Option<Span> {
        let modifies = self.peek_at(1).kind == Kind::Word && self.peek_at(2).kind != Kind::Mark(b'(');
        let found = matches!(self.word(), "oneway" | "async") && modifies;
        found.then(|| self.take().span)
    }
}
