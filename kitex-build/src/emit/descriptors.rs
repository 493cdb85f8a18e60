//! What the IDL says of each definition, to be asked for at run time.

use std::collections::HashMap;

use super::layout::Node;
use super::value::literal;
use super::{Code, Emitter, docs};
use crate::thrift::model::{Annotated, Field, Id, Kind, MethodOf};

/// A definition's own annotations, and its members by their paths.
struct Description<'a> {
    name: &'a str,
    own: Vec<&'a (String, String)>,
    members: Vec<Member<'a>>,
    /// Where the members are.
    places: HashMap<String, usize>,
}

struct Member<'a> {
    path: String,
    id: i32,
    annotations: Vec<&'a (String, String)>,
    /// Parts of its type that are annotated.
    parts: Vec<Member<'a>>,
}

impl<'a> Member<'a> {
    fn new(path: &str, id: i32) -> Member<'a> {
        Member { path: path.to_owned(), id, annotations: Vec::new(), parts: Vec::new() }
    }

    fn node(&self) -> Node {
        let id = self.id.to_string().into();
        Node::Tuple(vec![literal(&self.path).into(), id, pairs(&self.annotations)])
    }
}

impl<'a> Description<'a> {
    fn new(name: &'a str) -> Description<'a> {
        Description { name, own: Vec::new(), members: Vec::new(), places: HashMap::new() }
    }

    /// Where the member is; it comes last if it is new.
    fn place(&mut self, path: &str, id: i32) -> usize {
        if let Some(&at) = self.places.get(path) {
            return at;
        }
        self.places.insert(path.to_owned(), self.members.len());
        self.members.push(Member::new(path, id));
        self.members.len() - 1
    }

    fn fields(&mut self, before: &str, fields: &[Field]) {
        fields.iter().for_each(|field| {
            self.place(&format!("{before}{}", field.name.text), field.id.into());
        });
    }

    /// Adds annotations to what the path leads to, or to a new part of what the path leads through.
    fn annotate(&mut self, path: &str, pairs: &'a [(String, String)]) {
        let outer = path.split_once(".<").map_or(path, |(outer, _)| outer);
        let known = [path, outer].into_iter().find(|path| self.places.contains_key(*path));
        let at = self.place(known.unwrap_or(outer), 0);
        let member = &mut self.members[at];
        if member.path == path {
            return member.annotations.extend(pairs);
        }
        let found = member.parts.iter().position(|part| part.path == path);
        let part = found.unwrap_or(member.parts.len());
        if found.is_none() {
            member.parts.push(Member::new(path, 0));
        }
        member.parts[part].annotations.extend(pairs);
    }

    /// Adds annotations whose path begins with the definition's name.
    fn annotate_inside(&mut self, annotated: &'a Annotated) {
        match annotated.path.split_once('.') {
            None => self.own.extend(&annotated.pairs),
            Some((_, path)) => self.annotate(path, &annotated.pairs),
        }
    }

    fn node(&self) -> Node {
        let all = self.members.iter().flat_map(|member| std::iter::once(member).chain(&member.parts));
        let members = borrowed(Node::Array(all.map(Member::node).collect()));
        let arguments = vec![literal(self.name).into(), pairs(&self.own), members];
        Node::call("::kitex::codegen::Descriptor::new", arguments)
    }
}

fn pairs(annotations: &[&(String, String)]) -> Node {
    let pair =
        |(key, value): &&(String, String)| Node::Tuple(vec![literal(key).into(), literal(value).into()]);
    borrowed(Node::Array(annotations.iter().map(pair).collect()))
}

fn borrowed(node: Node) -> Node {
    Node::Prefixed("&", Box::new(node))
}

impl Emitter<'_> {
    /// `impl Described`.
    pub(crate) fn described(&self, code: &mut Code, id: Id) {
        code.gap();
        code.implementation("::kitex::codegen::Described", &self.plan.names[id], |code| {
            let head = "const DESCRIPTOR: &'static ::kitex::codegen::Descriptor =";
            code.assign(head, &self.descriptor(id), ";");
        });
    }

    /// A reference to the descriptor of a definition.
    pub(crate) fn descriptor(&self, id: Id) -> Node {
        let definition = &self.program.definitions[id];
        let mut description = Description::new(&definition.name.text);
        match &definition.kind {
            Kind::Const(_) | Kind::Typedef(_) => {}
            Kind::Enum(values) => {
                values.iter().for_each(|value| {
                    description.place(&value.name.text, value.number);
                });
            }
            Kind::Struct(found) => description.fields("", &found.fields),
            Kind::Service(_) => self.methods(id, &mut description),
        }
        definition.annotations.iter().for_each(|annotated| description.annotate_inside(annotated));
        borrowed(description.node())
    }

    /// All methods of a service, with the annotations that they have where they are declared.
    fn methods<'a>(&'a self, id: Id, description: &mut Description<'a>) {
        let mut owners = Vec::new();
        for (at, names) in self.plan.services[&id].methods.iter().enumerate() {
            let MethodOf { owner, method } = self.program.method(names.owner, names.at);
            let name = &method.name.text;
            description.place(name, i32::try_from(at).unwrap_or(i32::MAX));
            description.fields(&format!("{name}."), &method.arguments);
            description.fields(&format!("{name}.<throws>."), &method.throws);
            owners.push((names.owner, owner));
        }
        owners.dedup_by_key(|(owner, _)| *owner);
        for (_, owner) in owners.into_iter().filter(|(owner, _)| *owner != id) {
            let inside = owner.annotations.iter().filter(|annotated| annotated.path.contains('.'));
            inside.for_each(|annotated| description.annotate_inside(annotated));
        }
    }

    /// One for what has no type or service to ask: the namespace, typedefs and constants, if they have annotations.
    pub(crate) fn module_descriptor(&self, code: &mut Code, module: usize) {
        let module = &self.plan.modules[module];
        let mut description = Description::new(module.path.last().map_or("", |name| name));
        let files = module.files.iter().filter(|_| module.elsewhere.is_none());
        let own = files.filter_map(|&file| self.program.files[file].annotations.as_ref());
        own.for_each(|annotated| description.own.extend(&annotated.pairs));
        for definition in module.definitions.iter().map(|&id| &self.program.definitions[id]) {
            if matches!(definition.kind, Kind::Const(_) | Kind::Typedef(_)) {
                for annotated in &definition.annotations {
                    description.annotate(&annotated.path, &annotated.pairs);
                }
            }
        }
        if description.own.is_empty() && description.members.is_empty() {
            return;
        }
        code.gap();
        docs::write(code, None, "What the IDL says of the namespace, of typedefs and of constants.");
        let head = format!("pub static {}: ::kitex::codegen::Descriptor =", module.descriptor);
        code.assign(&head, &description.node(), ";");
    }
}
