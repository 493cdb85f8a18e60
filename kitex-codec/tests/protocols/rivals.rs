//! Held against Apache's `thrift` and against `pilota`: bytes that were written, damaged or made up.

use kitex_codec::{Envelope, MessageType, Output, Protocol};
use proptest::prelude::*;

use crate::differential::classes::{CLASSES, Row};
use crate::differential::{Judged, judge, judge_message};
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

proptest! {
    #[test]
    fn rivals_read_whole_messages_and_the_same_of_damaged_ones(
        fields in fields(false),
        kind in 1..5_u16,
        name in "\\PC{0,30}",
        sequence in any::<i32>(),
        flip in (any::<prop::sample::Index>(), 0..8_u8),
        cut in any::<prop::sample::Index>(),
    ) {
        for protocol in PROTOCOLS {
            let mut out = Output::new();
            let envelope = Envelope { kind: MessageType(kind), name: name.as_bytes(), sequence };
            protocol.encode_envelope(&envelope, &mut out).unwrap();
            let envelope = out.take_segments().into_bytes();
            let mut bytes = [&envelope[..], &fields.bytes(protocol)].concat();
            prop_assert_eq!(judge_message(protocol, &bytes).accepted, 3);
            judge_message(protocol, &bytes[..cut.index(bytes.len())]);
            bytes[flip.0.index(envelope.len())] ^= 1 << flip.1;
            judge_message(protocol, &bytes);
        }
    }

    #[test]
    fn rivals_read_the_same_of_any_bytes_as_envelopes(
        head in prop::sample::select(vec![&b""[..], b"\x80\x01", b"\x80\x01\0", b"\0\0\0", b"\x82", b"\x82\x21"]),
        bytes in proptest::collection::vec(any::<u8>(), 0..30),
    ) {
        for protocol in PROTOCOLS {
            judge_message(protocol, &[head, &bytes].concat());
        }
    }
}

/// The same for the rows of envelopes.
fn example_messages() -> Vec<(Row, Protocol, &'static [u8])> {
    let binary: [(Row, &[u8]); 9] = [
        (Row::Cut, b"\x80\x01\0\x01\0\0\0\x04Ech"),
        (Row::NegativeSize, b"\x80\x01\0\x01\xff\xff\xff\xff\0\0\0\x01\0"),
        (Row::Version, b"\x80\x02\0\x01\0\0\0\x01E\0\0\0\x01\0"),
        (Row::OldForm, b"\0\0\0\x01E\x01\0\0\0\x01\0"),
        (Row::ThirdByte, b"\x80\x01\x07\x01\0\0\0\x01E\0\0\0\x01\0"),
        (Row::TypeNibble, b"\x80\x01\0\x11\0\0\0\x01E\0\0\0\x01\0"),
        (Row::MessageType, b"\x80\x01\0\x05\0\0\0\x01E\0\0\0\x01\0"),
        (Row::MessageType, b"\0\0\0\x01E\0\0\0\0\x01\0"),
        (Row::NameNotText, b"\x80\x01\0\x01\0\0\0\x01\xff\0\0\0\x01\0"),
    ];
    let compact: [(Row, &[u8]); 8] = [
        (Row::Cut, b"\x82\x21\x01\x04Ech"),
        (Row::NegativeSize, b"\x82\x21\x01\xff\xff\xff\xff\x0f\0"),
        (Row::Version, b"\x82\x22\x01\x01E\0"),
        (Row::Version, b"\x83\x21\x01\x01E\0"),
        (Row::MessageType, b"\x82\xa1\x01\x01E\0"),
        (Row::NameNotText, b"\x82\x21\x01\x01\xff\0"),
        (Row::Wide32, b"\x82\x21\xff\xff\xff\xff\x1f\x01E\0"),
        (Row::LongVarint, b"\x82\x21\x80\x80\x80\x80\x80\0\x01E\0"),
    ];
    let of = |protocol| move |(row, bytes)| (row, protocol, bytes);
    binary.map(of(Protocol::Binary)).into_iter().chain(compact.map(of(Protocol::Compact))).collect()
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
    let structs = examples().into_iter().map(|(row, protocol, bytes)| (row, judge(protocol, &bytes), bytes));
    let messages = example_messages().into_iter();
    let messages =
        messages.map(|(row, protocol, bytes)| (row, judge_message(protocol, bytes), bytes.to_vec()));
    for (row, Judged { rows, .. }, bytes) in structs.chain(messages) {
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
