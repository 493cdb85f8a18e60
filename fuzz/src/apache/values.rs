//! The same IDL compiled by both compilers, and values of the one as values of the other.

use std::collections::{HashMap, HashSet};

use kitex_codec::{Bytes, Double, Limits, Message, Protocol};
use thrift::OrderedFloat;

use super::classes::{CHOICE, FAULT, LEAF, Shape, TREE};

/// What `thrift --gen rs` has made.
#[path = "../../../kitex-codec/tests/apache/shapes.rs"]
#[allow(
    rust_2018_idioms,
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::all,
    clippy::unwrap_used,
    reason = "it is generated"
)]
pub(super) mod theirs;

mod compiled {
    kitex::include_idl!("apache");
}

pub(super) use compiled::shapes as ours;

/// A type that both compilers have made.
pub(super) trait Same: Sized {
    const SHAPE: &'static Shape;

    /// The same with what it has by default here: an enum that did not come is none there.
    fn with_defaults(self) -> Self {
        self
    }
}

impl Same for theirs::Tree {
    const SHAPE: &'static Shape = &TREE;

    fn with_defaults(mut self) -> Self {
        self.color.get_or_insert(theirs::Color(0));
        let boxed = |tree: Box<Self>| Box::new(tree.with_defaults());
        self.child = self.child.map(boxed);
        self.children = self.children.map(|children| children.into_iter().map(boxed).collect());
        self
    }
}

impl Same for theirs::Choice {
    const SHAPE: &'static Shape = &CHOICE;
}

impl Same for theirs::Leaf {
    const SHAPE: &'static Shape = &LEAF;
}

impl Same for theirs::Fault {
    const SHAPE: &'static Shape = &FAULT;
}

impl From<ours::Fault> for theirs::Fault {
    fn from(fault: ours::Fault) -> Self {
        Self { why: Some(fault.why.into()) }
    }
}

impl From<ours::Leaf> for theirs::Leaf {
    fn from(leaf: ours::Leaf) -> Self {
        Self { name: leaf.name.into(), weight: Some(leaf.weight) }
    }
}

impl From<ours::Choice> for theirs::Choice {
    fn from(choice: ours::Choice) -> Self {
        match choice {
            ours::Choice::Number(number) => Self::Number(number),
            ours::Choice::Text(text) => Self::Text(text.into()),
            ours::Choice::Leaf(leaf) => Self::Leaf(Box::new(leaf.into())),
            ours::Choice::Unknown(field) => panic!("it has no form for {field:?}"),
        }
    }
}

impl From<ours::Tree> for theirs::Tree {
    fn from(tree: ours::Tree) -> Self {
        let boxed = |tree: ours::Tree| Box::new(Self::from(tree));
        let raw = |list: Vec<Bytes>| list.into_iter().map(Vec::from).collect();
        Self {
            truth: Some(tree.truth),
            tiny: Some(tree.tiny),
            small: Some(tree.small),
            middle: Some(tree.middle),
            large: Some(tree.large),
            real: Some(OrderedFloat(tree.real)),
            text: Some(tree.text.into()),
            raw: Some(tree.raw.into()),
            color: Some(theirs::Color(tree.color.0)),
            choice: tree.choice.map(Into::into),
            child: tree.child.map(|child| boxed(*child)),
            children: Some(tree.children.into_iter().map(boxed).collect()),
            leaves: Some(tree.leaves.into_iter().map(|(name, leaf)| (name.into(), leaf.into())).collect()),
            reals: Some(tree.reals.into_iter().map(|real| OrderedFloat(real.0)).collect()),
            truths: Some(tree.truths),
            table: Some(tree.table),
            keyed: Some(tree.keyed.into_iter().map(|(key, list)| (key.into(), raw(list))).collect()),
            numbers: Some(tree.numbers.into_iter().collect()),
        }
    }
}

fn leaf(name: &str) -> ours::Leaf {
    ours::Leaf { name: name.into(), weight: -1 }
}

fn tree() -> ours::Tree {
    ours::Tree {
        truth: true,
        tiny: i8::MIN,
        small: i16::MAX,
        middle: i32::MIN,
        large: i64::MIN,
        real: -0.000_341,
        text: "}{\"\u{1}日本 😀".into(),
        raw: Bytes::from_static(b"\0\xff"),
        color: ours::Color(77),
        choice: Some(ours::Choice::Leaf(leaf("chosen"))),
        child: Some(Box::new(ours::Tree { choice: Some(ours::Choice::Number(3)), ..ours::Tree::default() })),
        children: vec![ours::Tree::default(), ours::Tree { truth: true, ..ours::Tree::default() }],
        leaves: HashMap::from([("a".into(), leaf("b"))]),
        reals: HashSet::from([Double(0.5)]),
        truths: vec![true, false, true],
        table: vec![vec![1, -1], Vec::new()],
        keyed: HashMap::new(),
        numbers: HashSet::from([1]),
    }
}

/// Values of each shape in a protocol: a name, the number of the shape, and the bytes.
pub(super) fn samples(protocol: Protocol) -> Vec<(&'static str, u8, Bytes)> {
    let keyed = HashMap::from([(leaf("key"), vec![Bytes::from_static(b"\0\xff"), Bytes::new()])]);
    let all = [
        ("tree", 0, bytes(protocol, &tree())),
        ("sapling", 0, bytes(protocol, &ours::Tree::default())),
        ("keyed", 0, bytes(protocol, &ours::Tree { keyed, ..ours::Tree::default() })),
        ("number", 1, bytes(protocol, &ours::Choice::Number(7))),
        ("chosen-leaf", 1, bytes(protocol, &ours::Choice::Leaf(leaf("x")))),
        ("another-type", 1, bytes(protocol, &leaf("x"))),
        ("leaf", 2, bytes(protocol, &leaf("x"))),
        ("nothing", 1, Some(Bytes::from_static(protocol.empty_struct()))),
        ("fault", 3, bytes(protocol, &ours::Fault { why: "because".into() })),
    ];
    all.into_iter().filter_map(|(name, shape, bytes)| Some((name, shape, bytes?))).collect()
}

/// `None` if the protocol has no form for the value.
fn bytes(protocol: Protocol, value: &impl Message) -> Option<Bytes> {
    protocol.encode(value, &Limits::default()).ok().map(|segments| segments.into_bytes())
}
