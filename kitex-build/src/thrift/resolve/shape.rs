//! Everything of a definition but its values: those are typed when all types are known.

use std::collections::HashMap;

use super::super::load::{Build, Loaded};
use super::super::model::{
    self, Const, EnumValue, File, Kind, Method, Program, Service, Struct, Type, Value, Wishes,
};
use super::super::syntax::{self, DefinitionKind, StructKind, TypeKind};
use super::annotations;
use super::fields::Place;
use super::symbols::{Space, Symbols};
use crate::dialect::Dialect;
use crate::lint::Lint;
use crate::report::Report;
use crate::source::Span;

/// Stands in a constant until it is evaluated.
const PENDING: Value = Value::Bool(false);

pub(super) fn program(build: &Build, symbols: &Symbols<'_>, report: &mut Report) -> Program {
    let mut program = Program::default();
    let all = build.loaded.iter().flat_map(|loaded| &loaded.document.definitions);
    let services: Vec<bool> = all.map(|found| matches!(found.kind, DefinitionKind::Service(_))).collect();
    let dialect = build.dialect;
    let mut shaper = Shaper { symbols, services: &services, report, dialect, file: 0 };
    for (file, loaded) in build.loaded.iter().enumerate() {
        shaper.file = file;
        program.files.push(shaper.describe(loaded));
        program.files[file].root = build.is_root(file);
        for definition in &loaded.document.definitions {
            let kind = shaper.kind(&definition.kind);
            program.definitions.push(model::Definition {
                file,
                name: definition.name.clone(),
                doc: definition.doc.clone(),
                wishes: Wishes::read(&definition.annotations, shaper.report),
                annotations: annotations::of(definition),
                kind,
            });
        }
    }
    program
}

pub(super) struct Shaper<'a> {
    symbols: &'a Symbols<'a>,
    /// Which definitions are services: no type may name them.
    services: &'a [bool],
    pub(super) report: &'a mut Report,
    pub(super) dialect: Option<Dialect>,
    file: usize,
}

impl Shaper<'_> {
    /// The module is named by `namespace rs`, else `rust`, else `*`, else by the file.
    fn describe(&mut self, loaded: &Loaded) -> File {
        let namespaces = &loaded.document.namespaces;
        let named = |scope: &str| namespaces.iter().rev().find(|namespace| namespace.scope == scope);
        let namespace = match named("rs").or_else(|| named("rust")).or_else(|| named("*")) {
            Some(namespace) => namespace.name.text.split('.').map(str::to_owned).collect(),
            None => vec![loaded.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()],
        };
        let chosen = ["rs", "rust", "*"].into_iter().find_map(named);
        File {
            path: loaded.path.clone(),
            doc: loaded.document.doc.clone(),
            namespace,
            root: false,
            annotations: chosen.and_then(|namespace| annotations::own("", &namespace.annotations)),
        }
    }

    fn kind(&mut self, kind: &DefinitionKind) -> Kind {
        match kind {
            DefinitionKind::Const(ty, _) => Kind::Const(Const { ty: self.ty(ty), value: PENDING }),
            DefinitionKind::Typedef(ty) => Kind::Typedef(self.ty(ty)),
            DefinitionKind::Enum(values) => Kind::Enum(self.enum_values(values)),
            DefinitionKind::Struct(kind, fields) => {
                let place = if *kind == StructKind::Union { Place::Union } else { Place::Struct };
                Kind::Struct(Struct { kind: *kind, fields: self.fields(fields, place) })
            }
            DefinitionKind::Service(service) => Kind::Service(self.service(service)),
        }
    }

    /// What cannot be resolved is reported and becomes some type: nothing is emitted then.
    pub(super) fn ty(&mut self, ty: &syntax::Type) -> Type {
        match &ty.kind {
            TypeKind::Base(base) => Type::Base(*base),
            TypeKind::List(element) => Type::List(Box::new(self.ty(element))),
            TypeKind::Set(element) => Type::Set(Box::new(self.ty(element))),
            TypeKind::Map(key, value) => Type::Map(Box::new(self.ty(key)), Box::new(self.ty(value))),
            TypeKind::Named(name) => self.named(name, ty.span),
            TypeKind::Void => {
                self.report.error(ty.span, "`void` is the result of a function, not a type of values");
                Type::Base(syntax::Base::Bool)
            }
        }
    }

    fn named(&mut self, name: &str, span: Span) -> Type {
        let found = self.symbols.require(self.file, name, span, Space::Types, self.report);
        if found.is_some_and(|id| self.services[id]) {
            self.report.error(span, format!("`{name}` is a service, not a type"));
        }
        found.map_or(Type::Base(syntax::Base::Bool), Type::Named)
    }

    fn enum_values(&mut self, values: &[syntax::EnumValue]) -> Vec<EnumValue> {
        let mut names: HashMap<&str, Span> = HashMap::new();
        let mut numbers: HashMap<i32, &str> = HashMap::new();
        let mut next = 0_i64;
        let mut shaped = Vec::new();
        for value in values {
            let name = &value.name;
            if let Some(first) = names.insert(&name.text, name.span) {
                let finding =
                    self.report.error(name.span, format!("the value `{}` is defined twice", name.text));
                finding.see(first, "first defined here");
            }
            let (number, span) = value.number.unwrap_or((next, name.span));
            next = number.saturating_add(1);
            let Ok(number) = i32::try_from(number) else {
                self.report
                    .error(span, format!("{number} does not fit into 32 bits, as the values of enums must"));
                continue;
            };
            if let Some(first) = numbers.get(&number) {
                let text =
                    format!("`{}` and `{first}` are both {number}: `{first}` is the name shown", name.text);
                self.report.lint(Lint::RepeatedNumber, span, text);
            }
            numbers.entry(number).or_insert(&name.text);
            let wishes = Wishes::read(&value.annotations, self.report);
            shaped.push(EnumValue { name: name.clone(), doc: value.doc.clone(), wishes, number });
        }
        shaped
    }

    fn service(&mut self, service: &syntax::Service) -> Service {
        let extends = service.extends.as_ref().and_then(|base| self.base(base));
        let mut names: HashMap<&str, Span> = HashMap::new();
        for function in &service.functions {
            let name = &function.name;
            if let Some(first) = names.insert(&name.text, name.span) {
                let finding =
                    self.report.error(name.span, format!("the function `{}` is defined twice", name.text));
                finding.see(first, "first defined here");
            }
        }
        Service { extends, methods: service.functions.iter().map(|function| self.method(function)).collect() }
    }

    fn base(&mut self, base: &syntax::Name) -> Option<usize> {
        let id = self.symbols.require(self.file, &base.text, base.span, Space::Services, self.report)?;
        if !self.services[id] {
            self.report.error(base.span, format!("`{}` is not a service", base.text));
        }
        Some(id)
    }

    fn method(&mut self, function: &syntax::Function) -> Method {
        let void = matches!(function.result.kind, TypeKind::Void);
        if function.oneway.is_some() {
            if !void {
                self.report.error(function.result.span, "a oneway function returns `void`");
            }
            if let Some(thrown) = function.throws.first() {
                self.report.error(thrown.name.span, "a oneway function throws nothing: it is never answered");
            }
        }
        Method {
            name: function.name.clone(),
            doc: function.doc.clone(),
            wishes: Wishes::read(&function.annotations, self.report),
            oneway: function.oneway.is_some(),
            result: (!void).then(|| self.ty(&function.result)),
            arguments: self.fields(&function.arguments, Place::Arguments),
            throws: self.fields(&function.throws, Place::Throws),
            annotations: function.annotations.clone(),
        }
    }
}
