//! Bytes held against Apache's `thrift` and against `pilota`, and against what the wire is said to be.
//!
//! A plain [`reference`] reads the bytes as each of the three is known to, row by row of the table in [`classes`]: what a
//! reader makes of them has to be exactly that, down to the byte where it ends. So whatever two of them accept is the same
//! value but for a row that says otherwise, and what only one accepts has met a row by which the other refuses it.

pub(crate) mod classes;
mod envelopes;
pub(crate) mod readers;
mod reference;

use std::fmt::Debug;

use kitex_codec::{Bytes, Limits, Protocol, Type};

use crate::value::Fields;

use classes::Row;
use readers::{by_apache, by_pilota};
use reference::{Outcome, Reading, Reference};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Kitex,
    Apache,
    Pilota,
}

/// What a reader made of bytes: a struct and how many bytes are left; `None` if it refused them.
pub(crate) type Read = Option<(Fields, usize)>;

/// What was read by all.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The readers that accept the bytes.
    pub(crate) accepted: usize,
    /// The rows that any of them has met.
    pub(crate) rows: Vec<Row>,
}

/// Holds what each reader makes of a struct against the table, and those that accept it against each other.
pub(crate) fn judge(protocol: Protocol, bytes: &[u8]) -> Judged {
    let readers = [
        (Reader::Kitex, by_kitex(protocol, bytes)),
        (Reader::Apache, by_apache(protocol, bytes)),
        (Reader::Pilota, by_pilota(protocol, bytes)),
    ];
    compare(protocol, bytes, readers, |reader| Reference::read(protocol, reader, bytes))
}

/// The same of a message: of its envelope, and of the struct behind it as far as ours finds one.
pub(crate) fn judge_message(protocol: Protocol, bytes: &[u8]) -> Judged {
    let ours = envelopes::by_kitex(protocol, bytes);
    let behind = ours.as_ref().map(|(_, left)| &bytes[bytes.len() - left..]);
    let readers = [
        (Reader::Apache, envelopes::by_apache(protocol, bytes)),
        (Reader::Pilota, envelopes::by_pilota(protocol, bytes)),
        (Reader::Kitex, ours),
    ];
    let mut judged =
        compare(protocol, bytes, readers, |reader| Reference::read_envelope(protocol, reader, bytes));
    if let Some(behind) = behind {
        let Judged { accepted, rows } = judge(protocol, behind);
        judged.accepted = judged.accepted.min(accepted);
        judged.rows.extend(rows);
    }
    judged
}

fn compare<T: Debug + PartialEq>(
    protocol: Protocol,
    bytes: &[u8],
    readers: [(Reader, Option<(T, usize)>); 3],
    expected: impl Fn(Reader) -> Reading<T>,
) -> Judged {
    let mut judged = Judged { accepted: 0, rows: Vec::new() };
    let mut plain: Option<(Reader, T)> = None;
    for (reader, read) in readers {
        let reading = expected(reader);
        check(protocol, reader, bytes, &read, &reading);
        judged.accepted += usize::from(read.is_some());
        let otherwise = reading.rows.iter().any(|row| row.class().is_read_otherwise());
        judged.rows.extend(reading.rows);
        let Some((value, _)) = read.filter(|_| !otherwise) else { continue };
        match &plain {
            Some((other, first)) => assert_eq!(*first, value, "{other:?} and {reader:?}: {bytes:02x?}"),
            None => plain = Some((reader, value)),
        }
    }
    judged
}

fn check<T: Debug + PartialEq>(
    protocol: Protocol,
    reader: Reader,
    bytes: &[u8],
    read: &Option<(T, usize)>,
    reading: &Reading<T>,
) {
    let what = || format!("{reader:?} on {protocol:?} {bytes:02x?}, which has {:?}", reading.rows);
    match &reading.outcome {
        Outcome::Read(value, left) => {
            let read = read.as_ref().map(|(value, left)| (value, left));
            assert_eq!(read, Some((value, left)), "{}", what());
        }
        Outcome::Refused => assert!(read.is_none(), "{read:?} read by {}", what()),
        Outcome::Unheld => {}
    }
}

fn by_kitex(protocol: Protocol, bytes: &[u8]) -> Read {
    let (limits, input) = (Limits::default(), Bytes::copy_from_slice(bytes));
    let fields: Fields = protocol.decode(&input, &limits).ok()?;
    let end = protocol.struct_len(bytes, &limits).expect("what was read can be skipped");
    Some((fields, bytes.len() - end))
}

/// The type of a number of the protocol's, if it is one of those that a value has.
fn kind_of(protocol: Protocol, number: u8) -> Option<Type> {
    match protocol {
        Protocol::Compact => Some(match number {
            1 | 2 => Type::Bool,
            3 => Type::I8,
            4 => Type::I16,
            5 => Type::I32,
            6 => Type::I64,
            7 => Type::Double,
            8 => Type::String,
            9 => Type::List,
            10 => Type::Set,
            11 => Type::Map,
            12 => Type::Struct,
            13 => Type::Uuid,
            _ => return None,
        }),
        _ => Type::from_byte(number).ok().filter(|kind| !matches!(kind, Type::Stop | Type::Void)),
    }
}
