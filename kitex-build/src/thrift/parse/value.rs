//! Values of constants and defaults.

use super::super::lex::Kind;
use super::super::syntax::{Value, ValueKind};
use super::literal::high_escape;
use super::{Parsed, Parser};
use crate::dialect::Dialect;
use crate::lint::Lint;
use crate::source::Span;

impl Parser<'_> {
    pub(super) fn value(&mut self) -> Parsed<Value> {
        self.nested(Self::value_inside)
    }

    fn value_inside(&mut self) -> Parsed<Value> {
        let token = self.peek();
        let kind = match token.kind {
            Kind::Integer(number) => ValueKind::Integer(self.dialect_integer(token.span, number)),
            Kind::Double(number) => ValueKind::Double(number),
            Kind::Word => match self.text(token.span) {
                "true" => ValueKind::Bool(true),
                "false" => ValueKind::Bool(false),
                name => ValueKind::Name(name.to_owned()),
            },
            Kind::Literal => self.value_literal(token.span),
            Kind::Mark(b'[') => return self.list(),
            Kind::Mark(b'{') => return self.map(),
            _ => return Err(self.unexpected("a value")),
        };
        self.take();
        Ok(Value { kind, span: token.span })
    }

    /// To thriftgo a leading zero makes a value octal.
    fn dialect_integer(&mut self, span: Span, number: i64) -> i64 {
        match self.octal(span) {
            None => number,
            Some(Ok(octal)) => {
                let text = format!("thriftgo reads this as octal: it is {octal}");
                self.report.lint(Lint::LeadingZero, span, text);
                octal
            }
            Some(Err(_)) => {
                let text = "thriftgo reads this as octal, and it is no octal number";
                self.report.error(span, text).hint("take the leading zero away");
                number
            }
        }
    }

    /// What thriftgo reads a number with a leading zero as, if that is what counts.
    fn octal(&self, span: Span) -> Option<Result<i64, std::num::ParseIntError>> {
        let text = self.text(span);
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.trim_start_matches('+')),
        };
        let leading_zero = digits.len() > 1 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let counts = self.dialect == Some(Dialect::Thriftgo) && leading_zero && digits.starts_with('0');
        counts.then(|| i64::from_str_radix(&format!("{sign}{digits}"), 8))
    }

    /// The values of enums are decimal in every dialect, which is said where thriftgo means another one.
    pub(super) fn enum_number(&mut self, span: Span, number: i64) {
        if let Some(octal) = self.octal(span) {
            // What is no octal number is nothing to thriftgo.
            let theirs = octal.unwrap_or(0);
            let text = format!("this is read as {number}, and as {theirs} by thriftgo");
            self.report.lint(Lint::LeadingZero, span, text).hint("take the leading zero away");
        }
    }

    fn value_literal(&mut self, span: Span) -> ValueKind {
        let bytes = self.literal_bytes(span, false);
        ValueKind::Literal { bytes, raw: high_escape(self.text(span)) }
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
