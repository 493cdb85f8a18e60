//! Values without types, as they are on the wire.

/// A value. Texts and binaries are the same there; the types of elements are those of the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tree {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    /// Its bits.
    Double(u64),
    Bytes(Vec<u8>),
    Uuid([u8; 16]),
    Struct(Vec<(i16, Tree)>),
    List(u8, Vec<Tree>),
    Set(u8, Vec<Tree>),
    Map(u8, u8, Vec<(Tree, Tree)>),
    /// A union without a member, in a field that is absent by it.
    Absent,
}

impl Tree {
    /// The type on the wire.
    pub(super) fn kind(&self) -> u8 {
        match self {
            Tree::Bool(_) => 2,
            Tree::I8(_) => 3,
            Tree::Double(_) => 4,
            Tree::I16(_) => 6,
            Tree::I32(_) => 8,
            Tree::I64(_) => 10,
            Tree::Bytes(_) => 11,
            Tree::Struct(_) | Tree::Absent => 12,
            Tree::Map(..) => 13,
            Tree::Set(..) => 14,
            Tree::List(..) => 15,
            Tree::Uuid(_) => 16,
        }
    }

    pub(super) fn binary(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        let length = |count: usize| u32::try_from(count).unwrap().to_be_bytes();
        match self {
            Tree::Bool(value) => out.push(u8::from(*value)),
            Tree::I8(value) => out.extend(value.to_be_bytes()),
            Tree::I16(value) => out.extend(value.to_be_bytes()),
            Tree::I32(value) => out.extend(value.to_be_bytes()),
            Tree::I64(value) => out.extend(value.to_be_bytes()),
            Tree::Double(bits) => out.extend(bits.to_be_bytes()),
            Tree::Uuid(bytes) => out.extend(bytes),
            Tree::Absent => out.push(0),
            Tree::Bytes(bytes) => {
                out.extend(length(bytes.len()));
                out.extend(bytes);
            }
            Tree::Struct(fields) => {
                for (id, value) in fields {
                    out.push(value.kind());
                    out.extend(id.to_be_bytes());
                    value.write(out);
                }
                out.push(0);
            }
            Tree::List(kind, items) | Tree::Set(kind, items) => {
                out.push(*kind);
                out.extend(length(items.len()));
                items.iter().for_each(|item| item.write(out));
            }
            Tree::Map(key, value, entries) => {
                out.extend([*key, *value]);
                out.extend(length(entries.len()));
                for (key, value) in entries {
                    key.write(out);
                    value.write(out);
                }
            }
        }
    }

    /// Reads a struct that is all of the bytes.
    pub(super) fn read(mut bytes: &[u8]) -> Tree {
        let tree = value(12, &mut bytes);
        assert!(bytes.is_empty(), "bytes behind the struct: {bytes:?}");
        tree
    }

    /// Whether it is a struct of which nothing comes.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Tree::Struct(fields) if fields.iter().all(|(_, value)| *value == Tree::Absent))
    }

    /// Whether all that `given` has is here, with the same values; there may be more fields.
    pub(super) fn holds(&self, given: &Tree) -> bool {
        let each = |found: &[Tree], given: &[Tree]| {
            found.len() == given.len() && found.iter().zip(given).all(|(found, given)| found.holds(given))
        };
        match (self, given) {
            (Tree::Struct(found), Tree::Struct(given)) => given.iter().all(|(id, given)| {
                let found = found.iter().find(|(known, _)| known == id).map(|(_, found)| found);
                match given {
                    // There may be a default in its place.
                    Tree::Absent => found.is_none_or(|found| !found.is_nothing()),
                    given => found.is_some_and(|found| found.holds(given)),
                }
            }),
            (Tree::List(_, found), Tree::List(_, given)) => each(found, given),
            (Tree::Set(_, found), Tree::Set(_, given)) => {
                found.len() == given.len()
                    && given.iter().all(|given| found.iter().any(|found| found.holds(given)))
            }
            (Tree::Map(_, _, found), Tree::Map(_, _, given)) => {
                let same = |given: &(Tree, Tree)| {
                    found.iter().any(|found| found.0.holds(&given.0) && found.1.holds(&given.1))
                };
                found.len() == given.len() && given.iter().all(same)
            }
            (found, given) => found == given,
        }
    }

    /// In an order of its own, where the wire has none, without the types of elements that are not there, and without fields
    /// that are absent.
    pub(super) fn canonical(&self) -> Tree {
        let all = |items: &[Tree]| items.iter().map(Tree::canonical).collect::<Vec<_>>();
        let sorted = |items: &[Tree]| {
            let mut items = all(items);
            items.sort();
            items
        };
        let kind = |kind: u8, count: usize| if count == 0 { 0 } else { kind };
        match self {
            Tree::Struct(fields) => {
                let there = fields.iter().filter(|(_, value)| *value != Tree::Absent);
                let mut fields: Vec<_> = there.map(|(id, value)| (*id, value.canonical())).collect();
                fields.sort();
                Tree::Struct(fields)
            }
            Tree::List(element, items) => Tree::List(kind(*element, items.len()), all(items)),
            Tree::Set(element, items) => Tree::Set(kind(*element, items.len()), sorted(items)),
            Tree::Map(key, value, entries) => {
                let pair = |(key, value): &(Tree, Tree)| (key.canonical(), value.canonical());
                let mut pairs: Vec<_> = entries.iter().map(pair).collect();
                pairs.sort();
                let count = entries.len();
                Tree::Map(kind(*key, count), kind(*value, count), pairs)
            }
            scalar => scalar.clone(),
        }
    }

    /// Whether a map in it has keys that JSON has no form for.
    pub(super) fn has_nameless_keys(&self) -> bool {
        match self {
            Tree::Struct(fields) => fields.iter().any(|(_, value)| value.has_nameless_keys()),
            Tree::List(_, items) | Tree::Set(_, items) => items.iter().any(Tree::has_nameless_keys),
            Tree::Map(key, _, entries) => {
                (!entries.is_empty() && (12..=15).contains(key))
                    || entries.iter().any(|(_, value)| value.has_nameless_keys())
            }
            _ => false,
        }
    }
}

fn taken<'b>(bytes: &mut &'b [u8], count: usize) -> &'b [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

fn fixed<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    taken(bytes, N).try_into().unwrap()
}

fn count(bytes: &mut &[u8]) -> usize {
    u32::from_be_bytes(fixed(bytes)) as usize
}

fn value(kind: u8, bytes: &mut &[u8]) -> Tree {
    match kind {
        2 => Tree::Bool(fixed::<1>(bytes)[0] == 1),
        3 => Tree::I8(i8::from_be_bytes(fixed(bytes))),
        4 => Tree::Double(u64::from_be_bytes(fixed(bytes))),
        6 => Tree::I16(i16::from_be_bytes(fixed(bytes))),
        8 => Tree::I32(i32::from_be_bytes(fixed(bytes))),
        10 => Tree::I64(i64::from_be_bytes(fixed(bytes))),
        11 => {
            let count = count(bytes);
            Tree::Bytes(taken(bytes, count).to_vec())
        }
        12 => {
            let mut fields = Vec::new();
            loop {
                let [kind] = fixed(bytes);
                if kind == 0 {
                    return Tree::Struct(fields);
                }
                fields.push((i16::from_be_bytes(fixed(bytes)), value(kind, bytes)));
            }
        }
        13 => {
            let [key, item] = fixed(bytes);
            let entries = (0..count(bytes)).map(|_| (value(key, bytes), value(item, bytes))).collect();
            Tree::Map(key, item, entries)
        }
        14 | 15 => {
            let [element] = fixed(bytes);
            let items = (0..count(bytes)).map(|_| value(element, bytes)).collect();
            if kind == 14 { Tree::Set(element, items) } else { Tree::List(element, items) }
        }
        16 => Tree::Uuid(fixed(bytes)),
        other => unreachable!("there is no type {other}"),
    }
}
