//! Definitions: constants, typedefs, enums and structs with their fields.

use super::super::lex::Kind;
use super::super::syntax::{Definition, DefinitionKind, EnumValue, Field, Requiredness, StructKind};
use super::{Failed, Parsed, Parser};
use crate::nearest::nearest;

/// Definitions of other dialects.
const FOREIGN: [&str; 6] = ["senum", "package", "interaction", "performs", "cpp_namespace", "php_namespace"];

/// What begins a header or a definition.
const DEFINITIONS: [&str; 10] = [
    "const",
    "typedef",
    "enum",
    "struct",
    "union",
    "exception",
    "service",
    "include",
    "namespace",
    "cpp_include",
];

impl Parser<'_> {
    pub(super) fn definition(&mut self) -> Parsed<Definition> {
        let doc = self.doc_before();
        let keyword = self.word();
        let parse = match keyword {
            "const" => Self::constant,
            "typedef" => Self::typedef,
            "enum" => Self::enumeration,
            "struct" | "union" | "exception" => Self::structure,
            "service" => Self::service,
            _ => return Err(self.no_definition()),
        };
        self.take();
        let mut definition = parse(self, keyword)?;
        definition.doc = doc.or(definition.doc);
        Ok(definition)
    }

    fn no_definition(&mut self) -> Failed {
        let token = self.peek();
        let word = self.word();
        if FOREIGN.contains(&word) || token.kind == Kind::Mark(b'@') {
            let what = self.text(token.span);
            self.report.error(token.span, format!("`{what}` belongs to another dialect of Thrift"));
            return Failed;
        }
        if matches!(token.kind, Kind::Mark(b',' | b';')) {
            let finding = self.report.error(token.span, "no separator stands between definitions");
            finding.hint("remove it");
            return Failed;
        }
        let span = token.span;
        let failed =
            self.unexpected("a definition (const, typedef, enum, struct, union, exception, service)");
        if let Some(near) = nearest(word, DEFINITIONS.into_iter()) {
            self.hint(span, format!("did you mean `{near}`?"));
        } else if DEFINITIONS.iter().any(|keyword| word.starts_with(keyword)) {
            self.hint(span, "a blank is missing behind the keyword".to_owned());
        }
        failed
    }

    fn constant(&mut self, _: &str) -> Parsed<Definition> {
        let ty = self.ty()?;
        let name = self.name("the name of the constant")?;
        self.expect(b'=', "and the constant's value")?;
        let value = self.value()?;
        let mut annotations = self.annotations()?;
        self.separator();
        annotations.extend(self.annotations()?);
        let doc = self.doc_after();
        Ok(Definition { name, doc, annotations, kind: DefinitionKind::Const(ty, value) })
    }

    fn typedef(&mut self, _: &str) -> Parsed<Definition> {
        let ty = self.ty()?;
        let name = self.name("the new name of the type")?;
        let annotations = self.annotations()?;
        self.separator();
        let doc = self.doc_after();
        Ok(Definition { name, doc, annotations, kind: DefinitionKind::Typedef(ty) })
    }

    fn enumeration(&mut self, _: &str) -> Parsed<Definition> {
        let name = self.name("the name of the enum")?;
        self.expect(b'{', "and the enum's values")?;
        let mut values = Vec::new();
        while !self.eat(b'}') {
            values.push(self.enum_value()?);
        }
        let annotations = self.annotations()?;
        Ok(Definition { name, doc: None, annotations, kind: DefinitionKind::Enum(values) })
    }

    fn enum_value(&mut self) -> Parsed<EnumValue> {
        let doc = self.doc_before();
        let name = self.name("a value's name or `}`")?;
        let number = if self.eat(b'=') { Some(self.integer("the value's number")?) } else { None };
        number.iter().for_each(|(number, span)| self.enum_number(*span, *number));
        let annotations = self.annotations()?;
        self.separator();
        let doc = doc.or_else(|| self.doc_after());
        Ok(EnumValue { name, doc, number, annotations })
    }

    fn integer(&mut self, what: &str) -> Parsed<(i64, crate::source::Span)> {
        match self.peek().kind {
            Kind::Integer(number) => Ok((number, self.take().span)),
            _ => Err(self.unexpected(what)),
        }
    }

    fn structure(&mut self, keyword: &str) -> Parsed<Definition> {
        let kind = match keyword {
            "struct" => StructKind::Struct,
            "union" => StructKind::Union,
            _ => StructKind::Exception,
        };
        let name = self.name(&format!("the name of the {keyword}"))?;
        self.eat_word("xsd_all");
        self.expect(b'{', "and the fields")?;
        let fields = self.fields(b'}')?;
        let annotations = self.annotations()?;
        Ok(Definition { name, doc: None, annotations, kind: DefinitionKind::Struct(kind, fields) })
    }

    /// Fields up to and with the closing mark.
    pub(super) fn fields(&mut self, close: u8) -> Parsed<Vec<Field>> {
        let mut fields = Vec::new();
        while !self.eat(close) {
            fields.push(self.field(close)?);
        }
        Ok(fields)
    }

    fn field(&mut self, close: u8) -> Parsed<Field> {
        let doc = self.doc_before();
        let id = self.field_id(close)?;
        let requiredness = match self.word() {
            "required" => Requiredness::Required,
            "optional" => Requiredness::Optional,
            _ => Requiredness::Default,
        };
        self.at += usize::from(requiredness != Requiredness::Default);
        if requiredness != Requiredness::Default && matches!(self.peek().kind, Kind::Integer(_)) {
            return Err(self.refuse("a type", "a field's id stands before its requiredness: `1: required`"));
        }
        let ty = self.ty()?;
        let reference = self.eat(b'&');
        let name = self.name("the name of the field")?;
        let default = if self.eat(b'=') { Some(self.value()?) } else { None };
        self.xsd()?;
        let annotations = self.annotations()?;
        self.separator();
        let doc = doc.or_else(|| self.doc_after());
        Ok(Field { id, requiredness, ty, reference, name, default, doc, annotations })
    }

    fn field_id(&mut self, close: u8) -> Parsed<Option<(i64, crate::source::Span)>> {
        match self.peek().kind {
            Kind::Integer(_) => {
                let id = self.integer("a field's id")?;
                self.expect(b':', "after the field's id")?;
                Ok(Some(id))
            }
            Kind::Word => Ok(None),
            _ => Err(self.unexpected(&format!("a field or `{}`", close as char))),
        }
    }

    /// `xsd_optional xsd_nillable xsd_attrs { … }` mean nothing here.
    fn xsd(&mut self) -> Parsed<()> {
        let _ = self.eat_word("xsd_optional");
        let _ = self.eat_word("xsd_nillable");
        if self.eat_word("xsd_attrs") {
            self.expect(b'{', "and the attributes")?;
            self.nested(|parser| parser.fields(b'}'))?;
        }
        Ok(())
    }
}
