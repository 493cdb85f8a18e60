//! Values of the shapes that were not recorded.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kitex_codec::{Bytes, Double, Limits, Message, Str, Uuid, encode};

use crate::shapes::*;

/// Each value with a name, and the method that the target reads it for.
pub(super) fn all() -> [(&'static str, &'static str, Bytes); 9] {
    [
        ("scalars", "Scalars", bytes(&scalars())),
        ("keys", "Keys", bytes(&keys())),
        ("graph", "Graph", bytes(&graph())),
        ("empties", "Empties", bytes(&empties())),
        ("required", "Required", bytes(&Required { b: true, str: Str::from("text"), ..Required::default() })),
        (
            "member",
            "Member",
            bytes(&Member::Nested(Box::new(Member::Inners(vec![inner(), Inner::default()])))),
        ),
        ("chains", "Wide", chains()),
        ("small-sets", "Wide", small_sets()),
        ("small-maps", "Keys", small_maps()),
    ]
}

/// Four bytes for each box.
fn chains() -> Bytes {
    let chain = [&[12, 0, 1].repeat(50)[..], &[0; 51]].concat();
    Bytes::from([&[15, 0, 2, 12, 0, 0, 0, 8][..], &chain.repeat(8), &[0]].concat())
}

/// Six bytes for each tree.
fn small_sets() -> Bytes {
    let sets: Vec<u8> = (0..200).flat_map(|n| [3, 0, 0, 0, 1, n]).collect();
    Bytes::from([&[14, 0, 10, 14, 0, 0, 0, 200][..], &sets, &[0]].concat())
}

/// Eighteen bytes for each tree.
fn small_maps() -> Bytes {
    let maps: Vec<u8> =
        (0..100).flat_map(|n| [11, 4, 0, 0, 0, 1, 0, 0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0]).collect();
    Bytes::from([&[14, 0, 8, 13, 0, 0, 0, 100][..], &maps, &[0]].concat())
}

fn bytes(value: &impl Message) -> Bytes {
    encode(value, &Limits::default()).expect("a sample is within the limits").into_bytes()
}

fn inner() -> Inner {
    Inner { name: Str::from("name"), n: 7 }
}

fn scalars() -> Scalars {
    let id = Uuid(*b"0123456789abcdef");
    Scalars {
        id,
        other: Some(id),
        last: -1,
        ids: vec![id, Uuid::default()],
        seen: HashSet::from([id]),
        weights: HashMap::from([(id, 0.5)]),
    }
}

fn point() -> Point {
    let numbers = BTreeMap::from([(Str::from("one"), Double(1.0)), (Str::from("none"), Double(f64::NAN))]);
    Point {
        x: Double(0.5),
        y: Some(Double(-0.0)),
        more: numbers,
        tags: BTreeSet::from([Double(1.0), Double(2.0)]),
        lm: vec![BTreeMap::from([(Double(3.0), Color::RED)])],
        rm: BTreeMap::from([(1, BTreeSet::from([Double(4.0)]))]),
        os: Some(BTreeSet::from([5])),
    }
}

fn keys() -> Keys {
    Keys {
        sd: HashSet::from([Double(0.0), Double(-0.0)]),
        mdd: HashMap::from([(Double(1.0), 2.0)]),
        sp: HashSet::from([point()]),
        mpi: HashMap::from([(point(), inner())]),
        sld: HashSet::from([vec![Double(1.0)], vec![]]),
        mmi: HashMap::from([(BTreeMap::from([(1, 2)]), 3)]),
        msm: HashMap::from([(BTreeSet::from([Color::BLUE]), HashMap::from([(Str::from("k"), 1.0)]))]),
        sn: HashSet::from([point().more]),
        members: HashSet::from([Member::Num(1), Member::Ratio(Double(0.25)), Member::Inner(inner())]),
        sb: HashSet::from([Bytes::from_static(b"bytes")]),
        sbo: HashSet::from([true, false]),
        si: HashSet::from([inner()]),
    }
}

fn graph() -> Graph {
    let leaf = Graph { boxed: Some(Box::new(1)), ..Graph::default() };
    let node = Node { graph: Some(Box::new(leaf.clone())), members: vec![Member::Num(1)], ..Node::default() };
    let named = HashMap::from([(Str::from("a"), Node::default()), (Str::from("b"), node.clone())]);
    let node = Node { nodes: named, ..node };
    Graph { right: Some(Box::new(leaf)), node, ..Graph::default() }
}

fn empties() -> Empties {
    Empties {
        many: vec![Empty {}; 5],
        named: HashMap::from([(Str::from("one"), Empty {})]),
        one: HashSet::from([Empty {}]),
    }
}
