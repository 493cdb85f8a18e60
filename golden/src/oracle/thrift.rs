//! Thrift Binary values as trees.

use std::collections::BTreeMap;

use super::cursor::Cursor;

/// The levels that a Buffered message may have, which is walked to find its end; its arguments are the first.
const BUFFERED_DEPTH: u32 = 64;

/// Deep enough for every recorded value (the deepest has 1,001 levels), shallow enough for a test's stack.
const DEPTH: u32 = 1_100;

/// A value without its names. Two trees are equal if they mean the same: fields and entries have no order, of a field that
/// comes twice the last one counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tree {
    /// `bool`; true only for the byte 1.
    Bool(bool),
    /// `byte`.
    Byte(u8),
    /// `double`, by its bits.
    Double(u64),
    /// `i16`.
    I16(i16),
    /// `i32` and enums.
    I32(i32),
    /// `i64`.
    I64(i64),
    /// `string` and `binary`.
    Bytes(Vec<u8>),
    /// `struct`, `union`, `exception`, and arguments and results.
    Struct(BTreeMap<i16, Tree>),
    /// `map`, sorted, with the type bytes of its keys and values.
    Map(u8, u8, Vec<(Tree, Tree)>),
    /// `set`, sorted; one value may come twice.
    Set(u8, Vec<Tree>),
    /// `list`.
    List(u8, Vec<Tree>),
}

impl Tree {
    /// A field of a struct; `None` for any other value.
    #[must_use]
    pub fn field(&self, id: i16) -> Option<&Tree> {
        match self {
            Self::Struct(fields) => fields.get(&id),
            _ => None,
        }
    }

    /// A string, read leniently; `None` for any other value.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        }
    }
}

/// Reads the struct at the head of `bytes`; what follows it is not looked at.
#[must_use]
pub fn tree(bytes: &[u8]) -> Option<Tree> {
    structure(&mut Cursor::new(bytes), DEPTH)
}

/// The length of what follows the envelope of a Buffered message.
pub(super) fn buffered_length(bytes: &[u8]) -> Option<usize> {
    length_within(bytes, BUFFERED_DEPTH)
}

/// The number of bytes of the struct at the head of `bytes`, if it is there whole.
#[must_use]
pub fn struct_length(bytes: &[u8]) -> Option<usize> {
    length_within(bytes, DEPTH)
}

fn length_within(bytes: &[u8], depth: u32) -> Option<usize> {
    let mut cursor = Cursor::new(bytes);
    structure(&mut cursor, depth)?;
    Some(cursor.at())
}

/// Structs count as levels; the recordings do not tell whether containers do.
fn structure(cursor: &mut Cursor<'_>, depth: u32) -> Option<Tree> {
    let depth = depth.checked_sub(1)?;
    let mut fields = BTreeMap::new();
    loop {
        let kind = cursor.u8()?;
        if kind == 0 {
            return Some(Tree::Struct(fields));
        }
        fields.insert(cursor.i16()?, value(cursor, kind, depth)?);
    }
}

fn value(cursor: &mut Cursor<'_>, kind: u8, depth: u32) -> Option<Tree> {
    Some(match kind {
        2 => Tree::Bool(cursor.u8()? == 1),
        3 => Tree::Byte(cursor.u8()?),
        4 => Tree::Double(cursor.i64()? as u64),
        6 => Tree::I16(cursor.i16()?),
        8 => Tree::I32(cursor.i32()?),
        10 => Tree::I64(cursor.i64()?),
        11 => {
            let length = usize::try_from(cursor.i32()?).ok()?;
            Tree::Bytes(cursor.take(length)?.to_vec())
        }
        12 => structure(cursor, depth)?,
        13 => map(cursor, depth)?,
        14 => {
            let (kind, mut elements) = elements(cursor, depth)?;
            elements.sort();
            Tree::Set(kind, elements)
        }
        15 => {
            let (kind, elements) = elements(cursor, depth)?;
            Tree::List(kind, elements)
        }
        _ => return None,
    })
}

fn map(cursor: &mut Cursor<'_>, depth: u32) -> Option<Tree> {
    let (key, item) = (cursor.u8()?, cursor.u8()?);
    let mut entries = Vec::new();
    for _ in 0..u32::try_from(cursor.i32()?).ok()? {
        entries.push((value(cursor, key, depth)?, value(cursor, item, depth)?));
    }
    entries.sort();
    Some(Tree::Map(key, item, entries))
}

fn elements(cursor: &mut Cursor<'_>, depth: u32) -> Option<(u8, Vec<Tree>)> {
    let kind = cursor.u8()?;
    let mut elements = Vec::new();
    for _ in 0..u32::try_from(cursor.i32()?).ok()? {
        elements.push(value(cursor, kind, depth)?);
    }
    Some((kind, elements))
}
