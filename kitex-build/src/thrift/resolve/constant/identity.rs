//! What tells the elements of a set and the keys of a map apart: what is the same at run time is the same here, whether it
//! is written out, called by a name, or in another order where order does not count.

use std::collections::HashMap;

use super::super::super::model::{Id, Kind, Program, Type, Value};

/// Gives the same number to values that are the same.
#[derive(Debug, Default)]
pub(super) struct Identities {
    numbers: HashMap<Shape, usize>,
    constants: HashMap<Id, usize>,
}

/// A value, given the numbers of what it consists of.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Shape {
    Bool(bool),
    /// Of an enum, too: two names may have one number.
    Integer(i64),
    Double(u64),
    /// A text, too.
    Bytes(Vec<u8>),
    Uuid([u8; 16]),
    List(Vec<usize>),
    Set(Vec<usize>),
    Map(Vec<(usize, usize)>),
    Struct(Id, Vec<(usize, usize)>),
}

impl Identities {
    pub(super) fn of(&mut self, program: &Program, ty: &Type, value: &Value) -> usize {
        let mut used = Vec::new();
        constants(value, &mut used);
        self.prepare(program, used);
        self.number(program, ty, value)
    }

    /// Numbers constants, each after those that it refers to. A loop, not recursion: a chain of them may be as long as
    /// the file.
    fn prepare(&mut self, program: &Program, mut next: Vec<Id>) {
        while let Some(&id) = next.last() {
            let known = next.len();
            if let (false, Kind::Const(constant)) =
                (self.constants.contains_key(&id), &program.definitions[id].kind)
            {
                constants(&constant.value, &mut next);
                let unknown = next.split_off(known);
                next.extend(unknown.into_iter().filter(|id| !self.constants.contains_key(id)));
                if next.len() > known {
                    continue;
                }
                let number = self.number(program, &constant.ty, &constant.value);
                self.constants.insert(id, number);
            }
            next.pop();
        }
    }

    /// The number of a value whose constants have theirs.
    fn number(&mut self, program: &Program, ty: &Type, value: &Value) -> usize {
        let shape = match (value, program.target(ty)) {
            (Value::Const(id), _) => return self.constants.get(id).copied().unwrap_or(usize::MAX),
            (Value::Bool(value), _) => Shape::Bool(*value),
            (Value::Integer(number), _) => Shape::Integer(*number),
            (Value::Double(number), _) => Shape::Double(number.to_bits()),
            (Value::Text(text), _) => Shape::Bytes(text.clone().into_bytes()),
            (Value::Bytes(bytes), _) => Shape::Bytes(bytes.clone()),
            (Value::Uuid(uuid), _) => Shape::Uuid(*uuid),
            (Value::Open(_, number), _) => Shape::Integer((*number).into()),
            (Value::Enum(id, at), _) => match &program.definitions[*id].kind {
                Kind::Enum(values) => Shape::Integer(values[*at].number.into()),
                _ => Shape::Integer(0),
            },
            (Value::List(items), Type::Set(element)) => {
                let mut numbers = self.numbers(program, element, items);
                numbers.sort_unstable();
                Shape::Set(numbers)
            }
            (Value::List(items), Type::List(element)) => Shape::List(self.numbers(program, element, items)),
            (Value::Map(entries), Type::Map(key, element)) => {
                let entry = |(name, item): &(Value, Value)| {
                    (self.number(program, key, name), self.number(program, element, item))
                };
                let mut entries: Vec<_> = entries.iter().map(entry).collect();
                entries.sort_unstable();
                Shape::Map(entries)
            }
            (Value::Struct(id, members), _) => {
                let fields = program.structure(*id).map_or(&[][..], |found| &found.fields);
                let member =
                    |(at, value): &(usize, Value)| (*at, self.number(program, &fields[*at].ty, value));
                Shape::Struct(*id, members.iter().map(member).collect())
            }
            (Value::List(_) | Value::Map(_), _) => Shape::List(Vec::new()),
        };
        let next = self.numbers.len();
        *self.numbers.entry(shape).or_insert(next)
    }

    fn numbers(&mut self, program: &Program, element: &Type, items: &[Value]) -> Vec<usize> {
        items.iter().map(|item| self.number(program, element, item)).collect()
    }
}

/// The constants that a value refers to.
fn constants(value: &Value, found: &mut Vec<Id>) {
    match value {
        Value::Const(id) => found.push(*id),
        Value::List(items) => items.iter().for_each(|item| constants(item, found)),
        Value::Map(entries) => entries.iter().for_each(|(key, item)| {
            constants(key, found);
            constants(item, found);
        }),
        Value::Struct(_, members) => members.iter().for_each(|(_, member)| constants(member, found)),
        _ => {}
    }
}
