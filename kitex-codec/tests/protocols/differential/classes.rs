//! What readers of Binary and Compact make differently, as `docs/wire.md` has it: the table stands in both.

use super::Reader;
use Does::{Reads, Refuses, Unheld};

/// Something in a message that is not plain, and that not all readers take alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    Cut,
    NegativeSize,
    UnknownType,
    NoValue,
    NotText,
    Deep,
    DeepStructs,
    EmptyOfUnknown,
    BoolByte,
    ZeroElement,
    OddElement,
    IdOverflow,
    LongI16,
    WideI16,
    Wide32,
    Wide64,
    LongVarint,
    Version,
    OldForm,
    ThirdByte,
    TypeNibble,
    MessageType,
    NameNotText,
}

/// What a reader does where it meets a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    /// The message is an error, or a panic.
    Refuses,
    /// It is read, as the words say.
    Reads(&'static str),
    /// One or the other, by how the reader was compiled.
    Unheld(&'static str),
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) row: Row,
    input: &'static str,
    kitex: Does,
    apache: Does,
    pilota: Does,
}

/// The table, in the order of the rows.
pub(crate) const CLASSES: [Class; 23] = [
    class(Row::Cut, "the bytes end before the struct does", Refuses, Refuses, Refuses),
    class(Row::NegativeSize, "a negative length or count", Refuses, Refuses, Refuses),
    class(
        Row::UnknownType,
        "a type that nobody knows, of a field or of elements that are there",
        Refuses,
        Refuses,
        Refuses,
    ),
    class(Row::NoValue, "a field or elements of type void, elements of type stop", Refuses, Refuses, Refuses),
    class(Row::NotText, "a `string` that is not UTF-8", Refuses, Refuses, Reads("unchecked")),
    class(
        Row::Deep,
        "more than 64 levels, structs and containers",
        Refuses,
        Reads("containers do not count"),
        Reads("no limit"),
    ),
    class(Row::DeepStructs, "more than 64 structs inside one another", Refuses, Refuses, Reads("no limit")),
    class(
        Row::EmptyOfUnknown,
        "an empty container of a type that nobody knows",
        Reads("empty"),
        Refuses,
        Refuses,
    ),
    class(
        Row::BoolByte,
        "Binary: a bool that is neither 0 nor 1",
        Reads("true"),
        Reads("true"),
        Reads("true"),
    ),
    class(Row::ZeroElement, "Compact: a 0 among bools", Reads("false"), Reads("false"), Refuses),
    class(Row::OddElement, "Compact: a number over 2 among bools", Refuses, Refuses, Refuses),
    class(
        Row::IdOverflow,
        "Compact: a field id that goes over 32767",
        Refuses,
        Refuses,
        Unheld("wraps round or panics"),
    ),
    class(
        Row::LongI16,
        "Compact: an i16 or field id of 4 or 5 bytes",
        Reads("as it is"),
        Reads("as it is"),
        Refuses,
    ),
    class(
        Row::WideI16,
        "Compact: an i16 or field id of more than 16 bits",
        Refuses,
        Reads("the lowest 16 bits"),
        Refuses,
    ),
    class(
        Row::Wide32,
        "Compact: a number of 5 bytes with more than 32 bits",
        Refuses,
        Reads("the lowest 32 bits"),
        Refuses,
    ),
    class(
        Row::Wide64,
        "Compact: a number of 10 bytes with more than 64 bits",
        Refuses,
        Reads("the lowest 64 bits"),
        Refuses,
    ),
    class(
        Row::LongVarint,
        "Compact: a number of more than 5 bytes, an i64 of more than 10",
        Refuses,
        Refuses,
        Refuses,
    ),
    class(Row::Version, "an envelope of a version that nobody knows", Refuses, Refuses, Refuses),
    class(Row::OldForm, "Binary: an envelope without a version word", Reads("read"), Reads("read"), Refuses),
    class(
        Row::ThirdByte,
        "Binary: a third byte of the version word that is not 0",
        Reads("part of the type"),
        Reads("passed over"),
        Reads("passed over"),
    ),
    class(
        Row::TypeNibble,
        "Binary: a message type over 15 whose lowest four bits are one of 1 to 4",
        Reads("as it is"),
        Refuses,
        Reads("the lowest four bits"),
    ),
    class(
        Row::MessageType,
        "any other message type that is none of 1 to 4",
        Reads("as it is"),
        Refuses,
        Refuses,
    ),
    class(
        Row::NameNotText,
        "a method's name that is not UTF-8",
        Reads("unchecked"),
        Refuses,
        Reads("unchecked"),
    ),
];

const fn class(row: Row, input: &'static str, kitex: Does, apache: Does, pilota: Does) -> Class {
    Class { row, input, kitex, apache, pilota }
}

impl Row {
    pub(crate) fn class(self) -> &'static Class {
        let class = &CLASSES[self as usize];
        assert_eq!(class.row, self, "the table is in another order");
        class
    }

    pub(super) fn by(self, reader: Reader) -> Does {
        let class = self.class();
        match reader {
            Reader::Kitex => class.kitex,
            Reader::Apache => class.apache,
            Reader::Pilota => class.pilota,
        }
    }
}

impl Class {
    /// Whether those that read it do not all read the same value.
    pub(super) fn is_read_otherwise(&self) -> bool {
        let readings = [self.kitex, self.apache, self.pilota];
        let mut words = readings.iter().filter_map(|does| match does {
            Reads(how) => Some(how),
            Refuses | Unheld(_) => None,
        });
        let first = words.next();
        words.any(|how| Some(how) != first) || readings.iter().any(|does| matches!(does, Unheld(_)))
    }

    /// The row as a document has it.
    pub(crate) fn line(&self) -> String {
        let cell = |does: Does| match does {
            Refuses => "refused",
            Reads(how) | Unheld(how) => how,
        };
        format!("| {} | {} | {} | {} |", self.input, cell(self.kitex), cell(self.apache), cell(self.pilota))
    }
}
