//! Held against Apache's `thrift` and against `pilota`: bytes that were written, damaged or made up.

use kitex_codec::Protocol;
use proptest::prelude::*;

use crate::differential::classes::{CLASSES, Row};
use crate::differential::{Judged, judge};
use crate::round_trip::fields;

const PROTOCOLS: [Protocol; 2] = [Protocol::Binary, Protocol::Compact];

proptest! {
    #[test]
    fn rivals_read_what_is_written(fields in fields(false)) {
        for protocol in PROTOCOLS {
            prop_assert_eq!(judge(protocol, &fields.bytes(protocol)).accepted, 3);
        }
    }

    #[test]
    fn rivals_read_the_same_of_what_was_damaged(
        fields in fields(false),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
    ) {
        for protocol in PROTOCOLS {
            let mut bytes = fields.bytes(protocol).to_vec();
            for (at, bit) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            judge(protocol, &bytes);
        }
    }

    #[test]
    fn rivals_read_the_same_of_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        for protocol in PROTOCOLS {
            judge(protocol, &bytes);
        }
    }
}

/// Each row of the table by bytes that meet it: for a row of one protocol in that, else in Binary and Compact.
fn examples() -> Vec<(Row, Protocol, Vec<u8>)> {
    let nested = |levels: usize| [b"\x0c\0\x01".repeat(levels - 1), vec![0; levels]].concat();
    let lists = |levels: usize| {
        [&b"\x0f\0\x01"[..], &b"\x0f\0\0\0\x01".repeat(levels - 2), b"\x03\0\0\0\0\0"].concat()
    };
    let binary: [(Row, &[u8]); 8] = [
        (Row::Cut, b"\x0b\0\x01\0\0\0\x05four"),
        (Row::NegativeSize, b"\x0b\0\x01\xff\xff\xff\xff\0"),
        (Row::NegativeSize, b"\x0f\0\x01\x08\x80\0\0\0\0"),
        (Row::UnknownType, b"\x05\0\x01\0"),
        (Row::NoValue, b"\x0f\0\x01\x01\0\0\0\x01\0"),
        (Row::NotText, b"\x0b\0\x01\0\0\0\x02\xff\xfe\0"),
        (Row::EmptyOfUnknown, b"\x0d\0\x01\x09\x11\0\0\0\0\0"),
        (Row::BoolByte, b"\x02\0\x01\x02\0"),
    ];
    let compact: [(Row, &[u8]); 15] = [
        (Row::Cut, b"\x18\x05four"),
        (Row::NegativeSize, b"\x18\xff\xff\xff\xff\x0f\0"),
        (Row::UnknownType, b"\x1e\0"),
        (Row::NoValue, b"\x19\x10\0"),
        (Row::NotText, b"\x18\x02\xff\xfe\0"),
        (Row::EmptyOfUnknown, b"\x19\x0e\0"),
        (Row::ZeroElement, b"\x19\x21\0\x01\0"),
        (Row::OddElement, b"\x19\x11\x03\0"),
        (Row::IdOverflow, b"\x05\xfe\xff\x03\0\x15\0\0"),
        (Row::LongI16, b"\x14\x82\x80\x80\0\0"),
        (Row::WideI16, b"\x14\x80\x80\x04\0"),
        (Row::Wide32, b"\x15\x80\x80\x80\x80\x10\0"),
        (Row::Wide64, b"\x16\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02\0"),
        (Row::LongVarint, b"\x15\x80\x80\x80\x80\x80\0\0"),
        (Row::LongVarint, b"\x16\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\0\0"),
    ];
    let of = |protocol| move |(row, bytes): (Row, &[u8])| (row, protocol, bytes.to_vec());
    let deep = [(Row::Deep, lists(66)), (Row::DeepStructs, nested(65))];
    let binary = binary.into_iter().map(of(Protocol::Binary));
    binary
        .chain(compact.into_iter().map(of(Protocol::Compact)))
        .chain(deep.map(|(row, bytes)| (row, Protocol::Binary, bytes)))
        .collect()
}

/// Judging an example holds each reader to its cell; that the row was met shows that the cell was.
#[test]
fn every_row_of_the_table_is_what_the_readers_do() {
    let mut missing: Vec<_> = CLASSES.iter().map(|class| class.row).collect();
    for (row, protocol, bytes) in examples() {
        let Judged { rows, .. } = judge(protocol, &bytes);
        assert!(rows.contains(&row), "{row:?} is not met by {bytes:02x?}, which has {rows:?}");
        missing.retain(|other| *other != row);
    }
    assert_eq!(missing, [], "rows without an example");
}

#[test]
fn the_table_stands_in_the_document() {
    let document = include_str!("../../../docs/wire.md");
    for class in &CLASSES {
        assert!(document.contains(&format!("\n{}\n", class.line())), "docs/wire.md lacks {}", class.line());
    }
}
