//! Values to carry.

use kitex::{Bytes, Str};

use crate::bench::{Blob, Counts, Item, Kind, Message, Numbers, Point, Rich, Texts};

/// A text of `len` bytes, in memory of its own, as an application has it.
pub fn text(len: usize) -> Str {
    Str::from("abcdefgh".repeat(len / 8 + 1)[..len].to_owned())
}

/// About `len` bytes of Chinese text: three bytes a character.
pub fn chinese(len: usize) -> Str {
    Str::from("天地玄黄宇宙洪荒".repeat(len / 24 + 1))
}

/// A message of `len` bytes.
pub fn message(len: usize) -> Message {
    Message { text: text(len) }
}

/// A struct with structs inside containers: 8 items.
pub fn rich() -> Rich {
    Rich {
        id: 1 << 40,
        title: "Quarterly figures, as they were agreed upon".into(),
        visible: true,
        revision: 7,
        score: 0.75,
        items: (0..8).map(item).collect(),
        places: (0..8).map(|id| (id, point(id))).collect(),
        groups: (0..8).collect(),
        note: Some(message(64)),
        digest: Bytes::from_static(&[7; 32]),
    }
}

fn item(id: i64) -> Item {
    let attributes = [("color", "blue"), ("size", "large"), ("origin", "somewhere else")];
    Item {
        id,
        name: format!("item number {id}").into(),
        tags: ["new", "heavy", "to be checked by hand"].map(Str::from).into(),
        attributes: attributes.map(|(key, value)| (key.into(), value.into())).into(),
        kind: Kind::PLAIN,
        place: (id % 2 == 0).then(|| point(id)),
    }
}

fn point(id: i64) -> Point {
    Point { x: id as f64, y: 0.5 }
}

/// A list of `len` numbers.
pub fn numbers(len: usize) -> Numbers {
    Numbers { values: (0..len as i64).map(|value| value << 20).collect() }
}

/// A list of `len` short texts.
pub fn texts(len: usize) -> Texts {
    Texts { values: (0..len).map(key).collect() }
}

/// A map of `len` short texts to numbers.
pub fn counts(len: usize) -> Counts {
    Counts { values: (0..len).map(|at| (key(at), at as i64)).collect() }
}

fn key(at: usize) -> Str {
    Str::from(format!("key-{at:08}"))
}

/// A binary of `len` bytes.
pub fn blob(len: usize) -> Blob {
    Blob { data: Bytes::from(vec![7; len]) }
}
