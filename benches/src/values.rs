//! Values to carry.

use kitex::{Bytes, Str};

use crate::bench::{
    Blob, Counts, Item, Kind, Message, Mixed, Nested, Numbers, Owner, Part, Point, Rich, Texts,
};

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

/// Scalars, short texts and small lists: about 500 bytes in Binary.
pub fn mixed() -> Mixed {
    Mixed {
        flag: true,
        tiny: -7,
        small: 1200,
        number: 1 << 20,
        id: 1 << 40,
        ratio: 0.75,
        name: "order-00017".into(),
        title: "a title as they are".into(),
        city: "Hangzhou".into(),
        country: "CN".into(),
        currency: "CNY".into(),
        state: "shipped".into(),
        description: text(80),
        digest: Bytes::from_static(&[7; 32]),
        times: (0..10).map(|at| 1_700_000_000_000 + at * 86_400_000).collect(),
        tags: [
            "new",
            "heavy",
            "to be checked",
            "fragile",
            "express",
            "gift",
            "insured",
            "night",
            "returned",
            "two parcels",
        ]
        .map(Str::from)
        .into(),
        comment: Some("leave it at the door".into()),
        kind: Kind::FOLDED,
    }
}

/// Structs in structs and in lists: about 1 600 bytes in Binary.
pub fn nested() -> Nested {
    Nested { id: 1 << 40, owner: owner(0), parts: (0..10).map(part).collect() }
}

fn owner(id: i64) -> Owner {
    Owner { id, name: "an owner's name".into(), address: text(40), place: point(id) }
}

fn part(id: i64) -> Part {
    Part {
        id,
        name: "a part's name".into(),
        kind: Kind::PLAIN,
        place: point(id),
        counts: (0..4).collect(),
        maker: (id % 2 == 0).then(|| owner(id)),
    }
}

/// A list of texts of 60 bytes that take `len` bytes in Binary.
pub fn lines(len: usize) -> Texts {
    Texts { values: (0..len / 64).map(|_| text(60)).collect() }
}
