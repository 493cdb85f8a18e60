//! The generated types at work: the reviewed code, compiled, over the real runtime.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

include!("golden/types.rs");
include!("golden/consts.rs");

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kitex::codegen::Message;
use kitex::{Bytes, Double, Limits, Str, Uuid};
use kitex_codec::DecodeReason;
use types::*;

fn bytes(message: &impl Message) -> Bytes {
    kitex_codec::encode(message, &Limits::default()).unwrap().into_bytes()
}

fn read<M: Message>(bytes: &[u8]) -> Result<M, kitex_codec::DecodeError> {
    kitex_codec::decode(&Bytes::copy_from_slice(bytes), &Limits::default())
}

/// Asserts that a value is itself again after the wire.
fn assert_survives<M: Message + PartialEq + std::fmt::Debug>(message: &M) {
    assert_eq!(&read::<M>(&bytes(message)).unwrap(), message);
}

fn inner(name: &str, n: i32) -> Inner {
    Inner { name: name.into(), n }
}

#[test]
fn bytes_are_those_of_thrift_binary() {
    let expected = [0x0b, 0, 1, 0, 0, 0, 2, b'h', b'i', 0x08, 0, 2, 0, 0, 0, 7, 0];
    assert_eq!(bytes(&inner("hi", 7)), &expected[..]);
    assert_eq!(bytes(&Empty {}), &[0][..]);
    assert_eq!(bytes(&Optional::default()), &[0][..]);
    assert_eq!(bytes(&Choice::Color(Color::BLUE)), &[0x08, 0, 6, 0, 0, 0, 10, 0][..]);
}

#[test]
fn every_scalar_survives() {
    assert_survives(&Scalars::default());
    assert_survives(&Scalars {
        b: true,
        y: -128,
        y8: 127,
        s: i16::MIN,
        i: i32::MAX,
        l: i64::MIN,
        d: -0.0,
        str: "中".into(),
        bin: Bytes::from_static(b"\0\xff"),
        id: Uuid([7; 16]),
        color: Color(99),
        below: -1,
        last: 1,
    });
}

#[test]
fn optional_fields_are_absent_or_there() {
    assert_survives(&Optional::default());
    assert_survives(&Optional {
        b: Some(false),
        l: Some(0),
        d: Some(1.5),
        str: Some(Str::default()),
        bin: Some(Bytes::new()),
        id: Some(Uuid::default()),
        color: Some(Color::RED),
        inner: Some(inner("", 0)),
        list: Some(vec![]),
        choice: Some(Choice::Num(1)),
        map: Some(HashMap::from([("k".into(), inner("v", 1))])),
    });
}

#[test]
fn every_container_survives() {
    let numbers = HashMap::from([(1, true), (2, false)]);
    assert_survives(&Containers {
        li: vec![1, -1],
        ls: vec!["a".into(), Str::default()],
        ss: HashSet::from(["x".into()]),
        msl: HashMap::from([("k".into(), 5)]),
        mili: HashMap::from([(1, vec![inner("a", 1), inner("b", 2)]), (2, vec![])]),
        lli: vec![vec![1], vec![], vec![2, 3]],
        mmb: HashMap::from([("m".into(), numbers), ("n".into(), HashMap::new())]),
        lc: vec![Color::RED, Color(5)],
        mcs: HashMap::from([(Color::GREEN, "g".into())]),
        lsi: vec![HashSet::from([1, 2]), HashSet::new()],
        ld: vec![0.5, f64::INFINITY],
        lb: vec![Bytes::from_static(b"\xff")],
        lu: vec![Uuid([1; 16])],
        deep: vec![HashMap::from([(Color::BLUE, vec![Color::RED])])],
        si: HashSet::from([inner("s", 1)]),
    });
}

#[test]
fn anything_can_be_a_key() {
    let numbers = || BTreeMap::from([("a".into(), Double(0.5)), ("b".into(), Double(f64::NAN))]);
    let point = Point {
        x: Double(1.0),
        y: Some(Double(-0.0)),
        more: numbers(),
        tags: BTreeSet::from([Double(f64::NAN)]),
        lm: vec![BTreeMap::from([(Double(2.0), Color::RED)])],
        rm: BTreeMap::from([(1, BTreeSet::from([Double(3.0)]))]),
        os: Some(BTreeSet::from([1, 2])),
    };
    assert_survives(&Keys {
        sd: HashSet::from([Double(f64::NAN), Double(0.0), Double(-0.0)]),
        mdd: HashMap::from([(Double(1.0), 2.0)]),
        sp: HashSet::from([point.clone()]),
        mpi: HashMap::from([(point, inner("p", 1))]),
        sld: HashSet::from([vec![Double(1.0)], vec![]]),
        mmi: HashMap::from([(BTreeMap::from([(1, 2)]), 3)]),
        msm: HashMap::from([(BTreeSet::from([Color::RED]), HashMap::from([("x".into(), 1.0)]))]),
        sn: HashSet::from([numbers()]),
        plain: HashMap::from([("y".into(), 2.0)]),
        sc: HashSet::from([Choice::Ratio(Double(0.5)), Choice::Num(1)]),
        sb: HashSet::from([Bytes::from_static(b"k")]),
        su: HashSet::from([Uuid([2; 16])]),
        sbo: HashSet::from([true, false]),
    });
}

#[test]
fn recursive_values_survive() {
    let leaf = |label: &str| Tree { label: label.into(), ..Tree::default() };
    assert_survives(&Tree {
        label: "root".into(),
        left: Some(Box::new(leaf("left"))),
        kids: vec![leaf("a"), Tree { right: Some(Box::new(leaf("deep"))), ..leaf("b") }],
        node: Some(Box::new(Node { tree: leaf("t"), nodes: HashMap::new() })),
        boxed: Box::new(7),
        numbers: Box::new(vec![1, 2]),
        maybe: Some(Box::new(inner("m", 1))),
        ..Tree::default()
    });
    assert_survives(&Choice::Nested(Box::new(Choice::Text("n".into()))));
    assert_survives(&Oops { cause: Some(Box::new(Oops::default())), ..Oops::default() });
}

#[test]
fn a_missing_required_field_is_named() {
    let error = read::<Required>(&[0]).unwrap_err();
    let DecodeReason::MissingField { structure, field, id } = error.reason() else { panic!("{error}") };
    assert_eq!((*structure, *field, *id), ("Required", "b", 1));
    assert_survives(&Required::default());
}

#[test]
fn unknown_and_mistyped_fields_are_skipped() {
    // An i32 where the name should be, a string under an id nobody knows, and the number.
    let wire = [0x08, 0, 1, 0, 0, 0, 9, 0x0b, 0, 77, 0, 0, 0, 1, b'x', 0x08, 0, 2, 0, 0, 0, 5, 0];
    assert_eq!(read::<Inner>(&wire).unwrap(), inner("", 5));
}

#[test]
fn containers_of_other_elements_are_skipped_as_a_whole() {
    // list<string> where list<i32> is declared, then the set of strings.
    let wire =
        [0x0f, 0, 1, 0x0b, 0, 0, 0, 1, 0, 0, 0, 1, b'a', 0x0e, 0, 3, 0x0b, 0, 0, 0, 1, 0, 0, 0, 1, b's', 0];
    let containers: Containers = read(&wire).unwrap();
    assert_eq!(containers, Containers { ss: HashSet::from(["s".into()]), ..Containers::default() });
    // list<list<i32>> whose inner list holds strings: nothing can stand for that.
    let nested = [0x0f, 0, 6, 0x0f, 0, 0, 0, 1, 0x0b, 0, 0, 0, 1, 0, 0, 0, 1, b'a', 0];
    assert_eq!(read::<Containers>(&nested).unwrap_err().reason(), &DecodeReason::ElementType("list<i32>"));
}

#[test]
fn the_last_of_repeated_fields_wins() {
    let wire = [0x08, 0, 2, 0, 0, 0, 1, 0x08, 0, 2, 0, 0, 0, 2, 0];
    assert_eq!(read::<Inner>(&wire).unwrap().n, 2);
}

#[test]
fn every_truncation_is_an_error() {
    let message = Containers { lli: vec![vec![1]], ls: vec!["a".into()], ..Containers::default() };
    let whole = bytes(&message);
    for length in 0..whole.len() {
        assert!(read::<Containers>(&whole[..length]).is_err(), "{length}");
    }
}

#[test]
fn unions_keep_what_they_do_not_know() {
    let unknown = [0x0b, 0, 50, 0, 0, 0, 1, b'u', 0];
    let union: Choice = read(&unknown).unwrap();
    assert!(matches!(&union, Choice::Unknown(field) if field.id() == Some(50)));
    assert_eq!(bytes(&union), &unknown[..]);
    assert_eq!(read::<types::Nothing>(&unknown).unwrap().clone(), read::<types::Nothing>(&unknown).unwrap());
    // A known member beside an unknown one counts; two known ones are an error.
    let beside = [0x0b, 0, 50, 0, 0, 0, 1, b'u', 0x08, 0, 1, 0, 0, 0, 3, 0];
    assert_eq!(read::<Choice>(&beside).unwrap(), Choice::Num(3));
    let two = [0x08, 0, 1, 0, 0, 0, 3, 0x0b, 0, 2, 0, 0, 0, 1, b'x', 0];
    assert_eq!(read::<Choice>(&two).unwrap_err().reason(), &DecodeReason::UnionMembers("Choice"));
    let again = [0x08, 0, 1, 0, 0, 0, 3, 0x08, 0, 1, 0, 0, 0, 4, 0];
    assert_eq!(read::<Choice>(&again).unwrap(), Choice::Num(4));
    assert_eq!(Chosen::default(), Chosen::Unknown("x".into()));
}

#[test]
fn enums_are_open_and_named() {
    assert_eq!(format!("{:?} {:?}", Color::GREEN, Color(77)), "GREEN Color(77)");
    assert_eq!((Color::GREEN.0, Color::BLUE.name(), Color::default()), (2, Some("BLUE"), Color(0)));
    assert_eq!((Color::from(1), i32::from(Color::RED)), (Color::RED, 1));
    assert_eq!((Mixed::third.0, Mixed::Again.0, Mixed::name_2.name()), (-1, 0, Some("name")));
    assert_eq!(Void(3).name(), None);
}

#[test]
fn exceptions_are_errors() {
    let oops = Oops { reason: "why".into(), ..Oops::default() };
    let error: Box<dyn std::error::Error> = Box::new(oops);
    assert_eq!(error.to_string(), "Oops { reason: \"why\", code: 7, cause: None }");
}

#[test]
fn constants_have_their_values() {
    assert_eq!((consts::TINY, consts::SHORT, consts::WIDE, consts::NUMBER), (-128, 0x7fff, i64::MIN, 10));
    assert_eq!((consts::RATIO, consts::WHOLE), (std::f64::consts::PI, 2.0));
    assert!(consts::NEGATIVE.is_sign_negative());
    assert_eq!((consts::AGAIN, consts::RAW), ("say \"hi\"\n", &b"\0\xff bytes"[..]));
    assert_eq!(consts::FROM_TEXT, consts::GREETING.as_bytes());
    assert_eq!(consts::ID.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
    assert_eq!((consts::BEST, consts::SAME), (consts::Color::BLUE, consts::Color::BLUE));
    assert_eq!(*consts::ALSO, ["a", "b"]);
    assert_eq!((consts::MANY.len(), consts::MANY[26]), (27, 100));
    assert_eq!(*consts::HUNDREDS, (0..200).collect());
    assert_eq!((consts::TABLE["two"].clone(), consts::TABLE["none"].clone()), (vec![2, 2], vec![]));
    assert_eq!((consts::PART.n, consts::BLANK.n, consts::INNER.n), (5, 5, 100));
    assert_eq!(consts::OUTER.by_name["k"], *consts::INNER);
    assert_eq!(consts::OUTER.choice, consts::Choice::Text("t".into()));
    assert_eq!(consts::OUTER.weights, HashSet::from([Double(0.5)]));
}

#[test]
fn defaults_are_those_of_the_idl() {
    let outer = consts::Outer::default();
    assert_eq!((outer.inner.n, outer.zero, outer.some_zero), (100, 0, Some(0)));
    assert_eq!((outer.choice.clone(), outer.color), (consts::Choice::Num(1), Some(consts::Color::BLUE)));
    assert_eq!((&*outer.greeting, outer.yes), ("say \"hi\"\n", true));
    assert_eq!(outer.weights, HashSet::from([Double(1.5), Double(2.0)]));
    // What is not on the wire keeps its default.
    assert_eq!(read::<consts::Outer>(&[0]).unwrap(), outer);
    assert_survives(&outer);
}
