//! Which module every definition goes to, and what everything is called.

use std::collections::HashMap;

use super::Options;
use super::naming::{Case, Scope};
use crate::thrift::model::{Definition, EnumValue, Field, Id, Kind, Program, StructKind, Wishes};

/// A module of the output.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The names from the outermost module to this one; none for the root.
    pub(crate) path: Vec<String>,
    pub(crate) children: Vec<usize>,
    /// Its definitions in order.
    pub(crate) definitions: Vec<Id>,
    pub(crate) doc: Option<String>,
    /// The files whose definitions it holds.
    pub(crate) files: Vec<usize>,
    pub(crate) types: Scope,
    pub(crate) values: Scope,
    /// The module that is used in its place.
    pub(crate) elsewhere: Option<String>,
    /// What the module's own descriptor is called.
    pub(crate) descriptor: String,
}

/// The names that belong to one service.
#[derive(Debug, Default)]
pub(crate) struct ServiceNames {
    pub(crate) server: String,
    pub(crate) client: String,
    /// The module of argument and result structs.
    pub(crate) calls: String,
    /// Of all methods, inherited ones first.
    pub(crate) methods: Vec<MethodNames>,
}

#[derive(Clone, Debug)]
pub(crate) struct MethodNames {
    /// The service that declares the method, and the method's place in it.
    pub(crate) owner: Id,
    pub(crate) at: usize,
    pub(crate) function: String,
    /// The function that makes an answer without a server.
    pub(crate) answer: String,
}

/// The names of a method's types, in the module of the service that declares it.
#[derive(Debug, Default)]
pub(crate) struct CallNames {
    pub(crate) arguments: String,
    pub(crate) result: String,
    /// The enum of declared exceptions, if there are any.
    pub(crate) error: Option<String>,
    pub(crate) fields: Vec<String>,
    pub(crate) variants: Vec<String>,
}

/// The names of everything.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) modules: Vec<Module>,
    filled: Vec<bool>,
    /// By definition: its module and its name there.
    pub(crate) module_of: Vec<usize>,
    pub(crate) names: Vec<String>,
    /// By definition: fields, variants or values.
    pub(crate) members: Vec<Vec<String>>,
    /// The name of the variant that a union has for what it does not know, or of the field that a struct has for it.
    pub(crate) unknown: HashMap<Id, String>,
    pub(crate) services: HashMap<Id, ServiceNames>,
    pub(crate) calls: HashMap<(Id, usize), CallNames>,
}

/// Functions that clients, servers or their traits have already.
const METHODS: [&str; 18] = [
    "builder",
    "call",
    "clone",
    "connect",
    "decode",
    "default",
    "drop",
    "encode",
    "eq",
    "fmt",
    "from",
    "from_handle",
    "hash",
    "into",
    "new",
    "poll_ready",
    "try_from",
    "try_into",
];

impl Plan {
    pub(crate) fn new(program: &Program, wanted: &[bool], options: &Options) -> Plan {
        let mut plan = Plan { modules: vec![Module::default()], ..Plan::default() };
        let files: Vec<usize> = program.files.iter().map(|file| plan.module(&file.namespace)).collect();
        for (at, (file, module)) in program.files.iter().zip(&files).enumerate() {
            let module = &mut plan.modules[*module];
            let namespace = file.namespace.join(".");
            let found = options.elsewhere.iter().rfind(|(known, _)| *known == namespace);
            module.elsewhere = found.map(|(_, path)| path.clone());
            module.files.push(at);
            module.doc = module.doc.take().or_else(|| file.doc.clone());
        }
        for (id, definition) in program.definitions.iter().enumerate() {
            let module = files[definition.file];
            let here = wanted[id] && plan.modules[module].elsewhere.is_none();
            plan.modules[module].definitions.extend(here.then_some(id));
            plan.module_of.push(module);
            let tuple = definition.wishes.newtype.unwrap_or(options.newtypes);
            let name = plan.definition_name(module, definition, tuple);
            plan.names.push(name);
            let members = plan.member_names(id, definition, options.unknown_fields);
            plan.members.push(members);
        }
        // After all names of the IDL, so that those stay plain.
        for id in 0..program.definitions.len() {
            plan.service_types(program, id);
        }
        for id in 0..program.definitions.len() {
            plan.service_methods(program, id);
        }
        for module in &mut plan.modules {
            module.descriptor = module.values.claim("DESCRIPTOR", Case::Upper);
        }
        plan.fill();
        plan
    }

    /// Finds the modules that hold something. Children come after their parents.
    fn fill(&mut self) {
        self.filled = self.modules.iter().map(|module| !module.definitions.is_empty()).collect();
        for at in (0..self.modules.len()).rev() {
            let inside = self.modules[at].children.iter().any(|&child| self.filled[child]);
            self.filled[at] |= inside;
        }
    }

    /// Whether the module, or one inside of it, holds anything.
    pub(crate) fn is_filled(&self, module: usize) -> bool {
        self.filled[module]
    }

    /// The module of a namespace, made with all its parents where it is new.
    fn module(&mut self, namespace: &[String]) -> usize {
        let mut at = 0;
        for name in namespace {
            let name = Scope::default().claim(&identifier(name), Case::Snake);
            let known = |&&child: &&usize| self.modules[child].path.last() == Some(&name);
            at = match self.modules[at].children.iter().find(known) {
                Some(&child) => child,
                None => self.add_module(at, name),
            };
        }
        at
    }

    fn add_module(&mut self, parent: usize, name: String) -> usize {
        let child = self.modules.len();
        let path = [&self.modules[parent].path[..], &[name]].concat();
        self.modules[parent].types.reserve(path.last().map_or("", String::as_str));
        self.modules[parent].children.push(child);
        self.modules.push(Module { path, ..Module::default() });
        child
    }

    /// The name; `tuple` says whether a typedef would be a tuple struct.
    fn definition_name(&mut self, module: usize, definition: &Definition, tuple: bool) -> String {
        let Module { types, values, .. } = &mut self.modules[module];
        let (name, camel) = wished(&definition.name.text, &definition.wishes, Case::Camel);
        match &definition.kind {
            Kind::Const(_) => {
                let (name, case) = wished(&definition.name.text, &definition.wishes, Case::Upper);
                values.claim(name, case)
            }
            kind if matches!(kind, Kind::Enum(_)) || (tuple && matches!(kind, Kind::Typedef(_))) => {
                // A tuple struct is a value too, and these would hide the prelude's.
                ["Some", "None", "Ok", "Err"].iter().for_each(|name| types.reserve(name));
                let name = types.claim(name, camel);
                values.reserve(&name);
                name
            }
            _ => types.claim(name, camel),
        }
    }

    fn member_names(&mut self, id: Id, definition: &Definition, unknown_fields: bool) -> Vec<String> {
        match &definition.kind {
            Kind::Enum(values) => {
                let mut scope = Scope::reserving(&["name"]);
                let name = |value: &EnumValue| {
                    scope.claim(wished(&value.name.text, &value.wishes, Case::Kept).0, Case::Kept)
                };
                values.iter().map(name).collect()
            }
            Kind::Struct(found) if found.kind == StructKind::Union => {
                let mut scope = Scope::default();
                let names = field_names(&found.fields, &mut scope, Case::Camel);
                self.unknown.insert(id, scope.claim("Unknown", Case::Camel));
                names
            }
            Kind::Struct(found) => {
                let mut scope = Scope::default();
                let names = field_names(&found.fields, &mut scope, Case::Snake);
                if definition.wishes.unknown_fields.unwrap_or(unknown_fields) {
                    self.unknown.insert(id, scope.claim("unknown_fields", Case::Snake));
                }
                names
            }
            _ => Vec::new(),
        }
    }

    fn service_types(&mut self, program: &Program, id: Id) {
        let Some(service) = program.service(id) else { return };
        let name = self.names[id].clone();
        let definition = &program.definitions[id];
        let (declared, _) = wished(&definition.name.text, &definition.wishes, Case::Kept);
        let types = &mut self.modules[self.module_of[id]].types;
        let names = ServiceNames {
            server: types.claim(&format!("{name}Server"), Case::Camel),
            client: types.claim(&format!("{name}Client"), Case::Camel),
            calls: types.claim(&format!("{declared}_calls"), Case::Snake),
            methods: Vec::new(),
        };
        let mut inside = Scope::default();
        for (at, method) in service.methods.iter().enumerate() {
            let (declared, _) = wished(&method.name.text, &method.wishes, Case::Kept);
            let camel = super::naming::cased(declared, Case::Camel);
            let mut variants = Scope::default();
            let call = CallNames {
                arguments: inside.claim(&format!("{camel}Args"), Case::Camel),
                result: inside.claim(&format!("{camel}Result"), Case::Camel),
                error: (!method.throws.is_empty())
                    .then(|| types.claim(&format!("{name}{camel}Error"), Case::Camel)),
                fields: field_names(&method.arguments, &mut Scope::reserving(&["context"]), Case::Snake),
                variants: field_names(&method.throws, &mut variants, Case::Camel),
            };
            self.calls.insert((id, at), call);
        }
        self.services.insert(id, names);
    }

    /// All methods of a service, those of its bases first.
    fn service_methods(&mut self, program: &Program, id: Id) {
        let mut chain = Vec::new();
        let mut next = program.service(id).map(|_| id);
        while let Some(owner) = next {
            chain.push(owner);
            next = program.service(owner).and_then(|service| service.extends);
        }
        let mut scope = Scope::reserving(&METHODS);
        let mut methods = Vec::new();
        for owner in chain.into_iter().rev() {
            for (at, method) in program.service(owner).iter().flat_map(|service| &service.methods).enumerate()
            {
                let (name, case) = wished(&method.name.text, &method.wishes, Case::Snake);
                let function = scope.claim(name, case);
                methods.push(MethodNames { owner, at, function, answer: String::new() });
            }
        }
        // After all names of the IDL, so that those stay plain.
        for method in &mut methods {
            let declared = program.service(method.owner).map(|service| &service.methods[method.at]);
            let name = declared.map_or("", |method| wished(&method.name.text, &method.wishes, Case::Kept).0);
            method.answer = scope.claim(&format!("{name}_answer"), Case::Snake);
        }
        if let Some(names) = self.services.get_mut(&id) {
            names.methods = methods;
        }
    }

    /// How code in the module of the path `from` names something in `module`.
    pub(crate) fn path(&self, from: &[String], module: usize, name: &str) -> String {
        if let Some(path) = &self.modules[module].elsewhere {
            return format!("{path}::{name}");
        }
        let to = &self.modules[module].path;
        let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        let up = std::iter::repeat_n("super", from.len() - common);
        let down = to[common..].iter().map(String::as_str);
        up.chain(down).chain([name]).collect::<Vec<_>>().join("::")
    }

    /// Whether a definition is generated elsewhere.
    pub(crate) fn is_elsewhere(&self, id: Id) -> bool {
        self.modules[self.module_of[id]].elsewhere.is_some()
    }

    /// How code in the module of the path `from` names a definition.
    pub(crate) fn definition(&self, from: &[String], id: Id) -> String {
        self.path(from, self.module_of[id], &self.names[id])
    }
}

fn field_names(fields: &[Field], scope: &mut Scope, case: Case) -> Vec<String> {
    let name = |field: &Field| {
        let (name, case) = wished(&field.name.text, &field.wishes, case);
        scope.claim(name, case)
    };
    fields.iter().map(name).collect()
}

/// The name that an annotation asks for, as it is, or else the IDL's, in Rust's case.
fn wished<'a>(name: &'a str, wishes: &'a Wishes, case: Case) -> (&'a str, Case) {
    wishes.name.as_deref().map_or((name, case), |wished| (wished, Case::Kept))
}

/// File names may hold anything: what is no letter, digit or underscore becomes an underscore.
fn identifier(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}
