//! Types that the Apache compiler has generated, as messages: beside Apache's own protocols, and among hostile bytes.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod beside;
mod heap;
mod hostile;
#[allow(
    rust_2018_idioms,
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::all,
    clippy::unwrap_used,
    reason = "it is generated"
)]
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use kitex_codec::Protocol;
use thrift::OrderedFloat;

use shapes::{Choice, Color, Leaf, Tree};

const PROTOCOLS: [Protocol; 3] = [Protocol::Binary, Protocol::Compact, Protocol::Json];

/// More than `Tree` and `Leaf` take.
const STRUCT: usize = 384;
const _: () = assert!(size_of::<Tree>() <= STRUCT && size_of::<Leaf>() <= STRUCT);

type Apache<T> = kitex_codec::Apache<T, STRUCT>;

fn leaf(name: &str) -> Leaf {
    Leaf::new(name.to_owned(), -1)
}

/// A value in every field, but that no map has a struct for its key: JSON has no form for it.
fn tree() -> Tree {
    Tree {
        truth: Some(true),
        tiny: Some(i8::MIN),
        small: Some(i16::MAX),
        middle: Some(i32::MIN),
        large: Some(i64::MIN),
        real: Some(OrderedFloat(-0.000_341)),
        text: Some("}{\"\u{1}日本 😀".repeat(9)),
        raw: Some((0..=255).collect()),
        color: Some(Color(77)),
        choice: Some(Choice::Leaf(Box::new(leaf("chosen")))),
        child: Some(Box::new(Tree { choice: Some(Choice::Number(3)), ..Tree::default() })),
        children: Some(vec![
            Box::new(Tree::default()),
            Box::new(Tree { truth: Some(true), ..Tree::default() }),
        ]),
        leaves: Some(BTreeMap::from([("a".to_owned(), leaf("b")), (String::new(), leaf(""))])),
        reals: Some(BTreeSet::from([OrderedFloat(0.5), OrderedFloat(f64::INFINITY)])),
        truths: Some(vec![true, false, true]),
        table: Some(vec![vec![1, -1], Vec::new()]),
        keyed: Some(BTreeMap::new()),
        numbers: Some(BTreeSet::from([1, 2, 3])),
    }
}
