//! Which traits a struct can derive, and which structs are keys.
//!
//! A map's keys and a set's elements need `Eq + Hash`. Structs that are used there hold doubles in an ordered
//! wrapper and maps and sets as B-trees, so that all of `Eq`, `Hash` and `Ord` can be derived.

use crate::thrift::components;
use crate::thrift::model::{Base, Definition, Id, Kind, Program, Type};

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traits {
    /// Used in a key: everything in it can be compared and hashed.
    pub(crate) key: bool,
    pub(crate) eq: bool,
    pub(crate) hash: bool,
}

/// The traits of every struct, by definition.
pub(crate) fn traits(program: &Program) -> Vec<Traits> {
    let mut traits = vec![Traits::default(); program.definitions.len()];
    mark_keys(program, &mut traits);
    let edges: Vec<Vec<Id>> = program.definitions.iter().map(uses).collect();
    for component in components(&edges) {
        // A struct that contains itself is what the rest of it is.
        component.iter().for_each(|&id| (traits[id].eq, traits[id].hash) = (true, true));
        let all = |holds: fn(&Program, &[Traits], bool, &Type) -> bool| {
            component.iter().all(|&id| {
                types(&program.definitions[id]).iter().all(|ty| holds(program, &traits, traits[id].key, ty))
            })
        };
        let (eq, hash) = (all(eq), all(hash));
        component.iter().for_each(|&id| (traits[id].eq, traits[id].hash) = (eq, eq && hash));
    }
    traits
}

fn eq(program: &Program, traits: &[Traits], key: bool, ty: &Type) -> bool {
    match program.target(ty) {
        Type::Base(base) => key || *base != Base::Double,
        Type::List(element) => eq(program, traits, key, element),
        Type::Set(_) => true,
        Type::Map(_, value) => eq(program, traits, key, value),
        Type::Named(id) => program.structure(*id).is_none() || traits[*id].eq,
    }
}

fn hash(program: &Program, traits: &[Traits], key: bool, ty: &Type) -> bool {
    match program.target(ty) {
        Type::Base(base) => key || *base != Base::Double,
        Type::List(element) => hash(program, traits, key, element),
        Type::Set(_) | Type::Map(..) => key,
        Type::Named(id) => program.structure(*id).is_none() || traits[*id].hash,
    }
}

/// Marks structs in keys, and all structs that those hold.
fn mark_keys(program: &Program, traits: &mut [Traits]) {
    let mut found = Vec::new();
    for definition in &program.definitions {
        types(definition).iter().for_each(|ty| keys(ty, false, &mut found));
    }
    while let Some(id) = found.pop() {
        if !traits[id].key {
            traits[id].key = true;
            types(&program.definitions[id]).iter().for_each(|ty| keys(ty, true, &mut found));
        }
    }
}

/// The definitions that `ty` names in a key, or anywhere if all of it is one.
fn keys(ty: &Type, inside: bool, found: &mut Vec<Id>) {
    match ty {
        Type::Base(_) => {}
        Type::List(element) => keys(element, inside, found),
        Type::Set(element) => keys(element, true, found),
        Type::Map(key, value) => {
            keys(key, true, found);
            keys(value, inside, found);
        }
        Type::Named(id) => found.extend(inside.then_some(*id)),
    }
}

fn uses(definition: &Definition) -> Vec<Id> {
    let mut found = Vec::new();
    types(definition).iter().for_each(|ty| keys(ty, true, &mut found));
    found
}

/// All types that a definition mentions.
fn types(definition: &Definition) -> Vec<&Type> {
    match &definition.kind {
        Kind::Const(constant) => vec![&constant.ty],
        Kind::Typedef(ty) => vec![ty],
        Kind::Enum(_) => Vec::new(),
        Kind::Struct(found) => found.fields.iter().map(|field| &field.ty).collect(),
        Kind::Service(service) => service
            .methods
            .iter()
            .flat_map(|method| {
                let fields = method.arguments.iter().chain(&method.throws).map(|field| &field.ty);
                fields.chain(&method.result)
            })
            .collect(),
    }
}
