//! What the root files use: the rest of the files that they include is not generated.

use crate::thrift::model::{Field, Id, Kind, Program, Type, Value};

/// By definition, whether it stands in a root file or something there uses it.
pub(crate) fn reached(program: &Program) -> Vec<bool> {
    let mut reached = vec![false; program.definitions.len()];
    let is_root = |&id: &Id| program.files[program.definitions[id].file].root;
    let mut next: Vec<Id> = (0..reached.len()).filter(is_root).collect();
    while let Some(id) = next.pop() {
        if !std::mem::replace(&mut reached[id], true) {
            uses(program, id, &mut next);
        }
    }
    reached
}

fn uses(program: &Program, id: Id, found: &mut Vec<Id>) {
    match &program.definitions[id].kind {
        Kind::Const(constant) => {
            of_type(&constant.ty, found);
            of_value(&constant.value, found);
        }
        Kind::Typedef(ty) => of_type(ty, found),
        Kind::Enum(_) => {}
        Kind::Struct(structure) => of_fields(&structure.fields, found),
        Kind::Service(service) => {
            found.extend(service.extends);
            for method in &service.methods {
                method.result.iter().for_each(|ty| of_type(ty, found));
                of_fields(&method.arguments, found);
                of_fields(&method.throws, found);
            }
        }
    }
}

fn of_fields(fields: &[Field], found: &mut Vec<Id>) {
    for field in fields {
        of_type(&field.ty, found);
        field.default.iter().for_each(|value| of_value(value, found));
    }
}

fn of_type(ty: &Type, found: &mut Vec<Id>) {
    match ty {
        Type::Base(_) => {}
        Type::List(element) | Type::Set(element) => of_type(element, found),
        Type::Map(key, value) => {
            of_type(key, found);
            of_type(value, found);
        }
        Type::Named(id) => found.push(*id),
    }
}

fn of_value(value: &Value, found: &mut Vec<Id>) {
    match value {
        Value::Const(id) | Value::Enum(id, _) | Value::Open(id, _) => found.push(*id),
        Value::List(items) => items.iter().for_each(|item| of_value(item, found)),
        Value::Map(entries) => entries.iter().for_each(|(key, item)| {
            of_value(key, found);
            of_value(item, found);
        }),
        Value::Struct(id, members) => {
            found.push(*id);
            members.iter().for_each(|(_, member)| of_value(member, found));
        }
        Value::Bool(_) | Value::Integer(_) | Value::Double(_) => {}
        Value::Text(_) | Value::Bytes(_) | Value::Uuid(_) => {}
    }
}
