//! Messages of Thrift Compact, which no recorded server has sent: read so that what ours answers in it can be compared.

use std::collections::BTreeMap;

use super::Tree;
use super::cursor::Cursor;

/// A message of Thrift Compact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compact {
    /// Message type.
    pub message_type: u8,
    /// Method.
    pub method: String,
    /// Sequence id.
    pub seq: i32,
    /// What follows the envelope, with the type bytes of Binary.
    pub body: Tree,
}

/// Reads a message that is all of `bytes`. `None` if they are none, or more.
#[must_use]
pub fn compact(bytes: &[u8]) -> Option<Compact> {
    let mut cursor = Cursor::new(bytes);
    let head = cursor.u16()?;
    if head & 0xff1f != 0x8201 {
        return None;
    }
    let seq = u32::try_from(varint(&mut cursor)?).ok()?.cast_signed();
    let length = size(&mut cursor)?;
    let method = cursor.text(length)?;
    let body = structure(&mut cursor)?;
    let message_type = (head >> 5) as u8 & 7;
    cursor.rest().is_empty().then_some(Compact { message_type, method, seq, body })
}

fn varint(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut value = 0;
    for group in 0..10 {
        let byte = cursor.u8()?;
        value |= u64::from(byte & 0x7f) << (7 * group);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn size(cursor: &mut Cursor<'_>) -> Option<usize> {
    usize::try_from(varint(cursor)?).ok()
}

fn signed(cursor: &mut Cursor<'_>) -> Option<i64> {
    let folded = varint(cursor)?;
    Some((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
}

fn structure(cursor: &mut Cursor<'_>) -> Option<Tree> {
    let (mut fields, mut last) = (BTreeMap::new(), 0_i16);
    loop {
        let head = cursor.u8()?;
        let kind = head & 15;
        if kind == 0 {
            return Some(Tree::Struct(fields));
        }
        last = match head >> 4 {
            0 => i16::try_from(signed(cursor)?).ok()?,
            delta => last.checked_add(i16::from(delta))?,
        };
        let field = if kind <= 2 { Tree::Bool(kind == 1) } else { value(cursor, kind)? };
        fields.insert(last, field);
    }
}

fn value(cursor: &mut Cursor<'_>, kind: u8) -> Option<Tree> {
    Some(match kind {
        1 | 2 => Tree::Bool(cursor.u8()? == 1),
        3 => Tree::Byte(cursor.u8()?),
        4 => Tree::I16(i16::try_from(signed(cursor)?).ok()?),
        5 => Tree::I32(i32::try_from(signed(cursor)?).ok()?),
        6 => Tree::I64(signed(cursor)?),
        7 => Tree::Double(cursor.i64()?.cast_unsigned().swap_bytes()),
        8 => {
            let length = size(cursor)?;
            Tree::Bytes(cursor.take(length)?.to_vec())
        }
        9 => elements(cursor).map(|(kind, elements)| Tree::List(kind, elements))?,
        10 => {
            let (kind, mut elements) = elements(cursor)?;
            elements.sort();
            Tree::Set(kind, elements)
        }
        11 => map(cursor)?,
        12 => structure(cursor)?,
        _ => return None,
    })
}

fn elements(cursor: &mut Cursor<'_>) -> Option<(u8, Vec<Tree>)> {
    let head = cursor.u8()?;
    let count = if head >> 4 == 15 { size(cursor)? } else { usize::from(head >> 4) };
    let elements = (0..count).map(|_| value(cursor, head & 15)).collect::<Option<_>>()?;
    Some((in_binary(head & 15)?, elements))
}

fn map(cursor: &mut Cursor<'_>) -> Option<Tree> {
    let count = size(cursor)?;
    let kinds = if count == 0 { 0 } else { cursor.u8()? };
    let (key, item) = (kinds >> 4, kinds & 15);
    let entry = |_| Some((value(cursor, key)?, value(cursor, item)?));
    let mut entries = (0..count).map(entry).collect::<Option<Vec<_>>>()?;
    entries.sort();
    Some(Tree::Map(in_binary(key)?, in_binary(item)?, entries))
}

/// The type byte that Binary has for a number of Compact; 0 where there is none.
fn in_binary(kind: u8) -> Option<u8> {
    [0, 2, 2, 3, 6, 8, 10, 4, 11, 15, 14, 13, 12].get(usize::from(kind)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{1: true, 2: -1, 20: ["a"], 21: {"k": 2.0}}` in both.
    #[test]
    fn the_tree_is_that_of_binary() {
        let compact_bytes =
            b"\x82\x41\x07\x01x\x11\x15\x01\x09\x28\x18\x01a\x1b\x01\x87\x01k\0\0\0\0\0\0\0\x40\0";
        let binary = b"\x02\0\x01\x01\x08\0\x02\xff\xff\xff\xff\x0f\0\x14\x0b\0\0\0\x01\0\0\0\x01a\
            \x0d\0\x15\x0b\x04\0\0\0\x01\0\0\0\x01k\x40\0\0\0\0\0\0\0\0";
        let read = compact(compact_bytes).unwrap();
        assert_eq!((read.message_type, &*read.method, read.seq), (2, "x", 7));
        assert_eq!(read.body, super::super::tree(binary).unwrap());
        assert_eq!(compact(&compact_bytes[..compact_bytes.len() - 1]), None);
        assert_eq!(compact(&[&compact_bytes[..], b"\0"].concat()), None);
    }
}
