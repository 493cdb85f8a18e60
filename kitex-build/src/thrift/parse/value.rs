//! Values of constants and defaults.

use super::super::lex::Kind;
use super::super::syntax::{Value, ValueKind};
use super::{Parsed, Parser};

impl Parser<'_> {
    pub(super) fn value(&mut self) -> Parsed<Value> {
        self.nested(Self::value_inside)
    }

    fn value_inside(&mut self) -> Parsed<Value> {
        let token = self.peek();
        let kind = match token.kind {
            Kind::Integer(number) => ValueKind::Integer(number),
            Kind::Double(number) => ValueKind::Double(number),
            Kind::Word => match self.text(token.span) {
                "true" => ValueKind::Bool(true),
                "false" => ValueKind::Bool(false),
                name => ValueKind::Name(name.to_owned()),
            },
            Kind::Literal => ValueKind::Literal(self.literal_bytes(token.span, false)),
            Kind::Mark(b'[') => return self.list(),
            Kind::Mark(b'{') => return self.map(),
            _ => return Err(self.unexpected("a value")),
        };
        self.take();
        Ok(Value { kind, span: token.span })
    }

    fn list(&mut self) -> Parsed<Value> {
        let start = self.take().span;
        let mut items = Vec::new();
        while self.peek().kind != Kind::Mark(b']') {
            items.push(self.value()?);
            self.separator();
        }
        let span = start.to(self.take().span);
        Ok(Value { kind: ValueKind::List(items), span })
    }

    fn map(&mut self) -> Parsed<Value> {
        let start = self.take().span;
        let mut entries = Vec::new();
        while self.peek().kind != Kind::Mark(b'}') {
            let key = self.value()?;
            self.expect(b':', "between key and value")?;
            entries.push((key, self.value()?));
            self.separator();
        }
        let span = start.to(self.take().span);
        Ok(Value { kind: ValueKind::Map(entries), span })
    }
}
