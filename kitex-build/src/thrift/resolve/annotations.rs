//! All annotations of a definition, each with the way to what it stands at.

use super::super::model::Annotated;
use super::super::syntax::{Annotation, Definition, DefinitionKind, Field, Service, Type, TypeKind};

/// In the order in which they are written.
pub(super) fn of(definition: &Definition) -> Vec<Annotated> {
    let mut found = Vec::new();
    let name = definition.name.text.as_str();
    match &definition.kind {
        DefinitionKind::Const(ty, _) | DefinitionKind::Typedef(ty) => of_type(name, ty, 0, &mut found),
        DefinitionKind::Enum(values) => {
            for value in values {
                found.extend(own(&format!("{name}.{}", value.name.text), &value.annotations));
            }
        }
        DefinitionKind::Struct(_, fields) => of_fields(name, fields, &mut found),
        DefinitionKind::Service(service) => of_service(name, service, &mut found),
    }
    own(name, &definition.annotations).into_iter().chain(found).collect()
}

/// Those that stand at one place, if there are any.
pub(super) fn own(path: &str, annotations: &[Annotation]) -> Option<Annotated> {
    let pair = |annotation: &Annotation| (annotation.key.text.clone(), annotation.value.clone());
    let pairs: Vec<(String, String)> = annotations.iter().map(pair).collect();
    (!pairs.is_empty()).then(|| Annotated { path: path.to_owned(), pairs })
}

fn of_service(name: &str, service: &Service, found: &mut Vec<Annotated>) {
    for function in &service.functions {
        let path = format!("{name}.{}", function.name.text);
        found.extend(own(&path, &function.annotations));
        of_type(&format!("{path}.<result>"), &function.result, 0, found);
        of_fields(&path, &function.arguments, found);
        of_fields(&format!("{path}.<throws>"), &function.throws, found);
    }
}

fn of_fields(name: &str, fields: &[Field], found: &mut Vec<Annotated>) {
    for field in fields {
        let path = format!("{name}.{}", field.name.text);
        found.extend(own(&path, &field.annotations));
        of_type(&path, &field.ty, 0, found);
    }
}

/// Those of a type belong to what has the type; those of its elements have a step of their own.
fn of_type(path: &str, ty: &Type, depth: usize, found: &mut Vec<Annotated>) {
    found.extend(own(path, &ty.annotations));
    match &ty.kind {
        TypeKind::List(element) | TypeKind::Set(element) => inside(path, "element", element, depth, found),
        TypeKind::Map(key, value) => {
            inside(path, "key", key, depth, found);
            inside(path, "value", value, depth, found);
        }
        TypeKind::Void | TypeKind::Base(_) | TypeKind::Named(_) => {}
    }
}

/// Paths get no longer than this: a type of many levels would have as many long ones.
const STEPS: usize = 8;

fn inside(path: &str, step: &str, ty: &Type, depth: usize, found: &mut Vec<Annotated>) {
    if depth >= STEPS {
        of_type(path, ty, depth, found);
    } else if annotated(ty) {
        of_type(&format!("{path}.<{step}>"), ty, depth + 1, found);
    }
}

fn annotated(ty: &Type) -> bool {
    let inside = match &ty.kind {
        TypeKind::List(element) | TypeKind::Set(element) => annotated(element),
        TypeKind::Map(key, value) => annotated(key) || annotated(value),
        TypeKind::Void | TypeKind::Base(_) | TypeKind::Named(_) => false,
    };
    inside || !ty.annotations.is_empty()
}
