//! What the cases send: the values of `kitex/values`, made by other means.

use std::collections::{HashMap, HashSet};

use interop::common::Ping;
use interop::rich::{AllTypes, Choice, Color, Inner, Keys, Opts, Tree};
use kitex::{Bytes, Double, Str};

/// A telling value in every field.
pub(crate) fn full_all_types() -> AllTypes {
    AllTypes {
        b: true,
        y: -7,
        s: -300,
        i: 70_000,
        l: 1 << 40,
        d: 2.5,
        str: "héllo, 世界".into(),
        bin: Bytes::from_static(&[0x00, 0xff, 0xfe, 0x80]),
        li: vec![1, -2, 3],
        ls: texts(["a", "", "ü"]),
        ss: texts(["x", "y"]),
        msl: [("one".into(), 1), ("least".into(), i64::MIN)].into(),
        mili: [(1, vec![inner("a", 1), inner("b", 2)]), (-2, vec![])].into(),
        lli: vec![vec![1], vec![], vec![2, 3]],
        mmb: [("m".into(), [(1, true), (2, false)].into()), ("empty".into(), HashMap::new())].into(),
        inner: inner("in", 5),
        tree: tree(2),
        color: Color::BLUE,
        choice: Choice::Text("text".into()),
        uid: i64::MAX,
        idx: [("i".into(), vec![1, 2])].into(),
        linner: vec![inner("c", 3), inner("", 0)],
        lcolor: vec![Color::RED, Color::GREEN],
        lb: vec![true, false, true],
        ld: vec![0.1, -1e300],
        sl: [-1, 1].into(),
        mcs: [(Color::RED, "red".into())].into(),
        lbin: vec![binary([1, 2]), binary([]), binary([0xc3, 0x28])],
        ping: Ping { id: "ping".into() },
        ly: vec![-128, 127],
        lsi: vec![[-1, 1].into(), HashSet::new()],
        z: 8,
        lshort: vec![i16::MIN, i16::MAX],
        llong: vec![i64::MIN, 0, i64::MAX],
        lm: vec![[("k".into(), "v".into())].into(), HashMap::new()],
        lchoice: vec![Choice::Num(1), Choice::Inner(inner("chosen", 9))],
        mbin: [("b".into(), binary([0xff]))].into(),
        mdouble: [("half".into(), 0.5)].into(),
    }
}

/// Zero numbers and empty everything; the union holds `num` 0.
pub(crate) fn empty_all_types() -> AllTypes {
    AllTypes { choice: Choice::Num(0), ..Default::default() }
}

/// The ends of every range, and values too large to be copied lightly.
pub(crate) fn extreme_all_types() -> AllTypes {
    AllTypes {
        b: true,
        y: i8::MIN,
        s: i16::MIN,
        i: i32::MIN,
        l: i64::MIN,
        d: f64::from_bits(0x7ff8_0000_0000_0001),
        str: repeated("世", 12_288),
        bin: bytes(70_000),
        li: (0..1000).map(|i| i * 7919).collect(),
        ls: vec![repeated("s", 4095), repeated("t", 4096), repeated("u", 4097)],
        ss: [Str::new(), repeated("v", 5000)].into(),
        msl: [(Str::new(), 0)].into(),
        inner: inner(&repeated("n", 300), i32::MAX),
        tree: tree(20),
        color: Color(77),
        choice: Choice::Text(repeated("é", 4096)),
        uid: i64::MIN,
        ld: vec![-0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::from_bits(1)],
        lbin: vec![bytes(4096), Bytes::new()],
        z: i8::MAX,
        ..Default::default()
    }
}

/// Two entries in every map and set.
pub(crate) fn full_keys() -> Keys {
    Keys {
        of_bool: [(true, "yes".into()), (false, "no".into())].into(),
        of_byte: [(-128, 1), (127, 2)].into(),
        of_i16: [(i16::MIN, 1), (i16::MAX, 2)].into(),
        of_i32: [(i32::MIN, "least".into()), (7, "seven".into())].into(),
        of_i64: [(i64::MIN, texts(["a", "b"])), (0, vec![])].into(),
        of_double: [(Double(-2.5), "x".into()), (Double(1e100), "y".into())].into(),
        of_binary: [(Bytes::from_static(b"key"), 1), (Bytes::new(), 2)].into(),
        of_enum: [(Color::RED, Color::BLUE), (Color::BLUE, Color::RED)].into(),
        of_struct: [(inner("a", 1), 1), (inner("b", 2), 2)].into(),
        of_typedef: [(5, true), (6, false)].into(),
        bools: [true, false].into(),
        bytes: [-1, 1].into(),
        i16s: [-1000, 1000].into(),
        i32s: [-100_000, 100_000].into(),
        doubles: [Double(0.25), Double(-0.75)].into(),
        binaries: [binary([0xff]), Bytes::new()].into(),
        enums: [Color::GREEN, Color::RED].into(),
        structs: [inner("c", 3), inner("d", 4)].into(),
        lists: [vec![1, 2], vec![]].into(),
        sets: [("s".into(), texts(["p", "q"])), ("t".into(), HashSet::new())].into(),
    }
}

/// The required fields without a default are set, the rest is as it is declared.
pub(crate) fn plain_opts() -> Opts {
    Opts { req_s: "required".into(), req_i: -1, ..Default::default() }
}

/// Every field is set, to something else than its default.
pub(crate) fn set_opts() -> Opts {
    Opts {
        req_s: Str::new(),
        req_i: 0,
        opt_s: Some(Str::new()),
        opt_i: Some(0),
        def_s: "d".into(),
        def_i: 0,
        opt_def: Some(0),
        req_def: 0,
        greet: Str::new(),
        names: vec![],
        opt_l: Some(vec![]),
        inner: inner("i", 1),
        opt_inner: Some(Inner::default()),
        opt_b: Some(false),
        nil_l: vec![0],
        nil_m: [(Str::new(), Str::new())].into(),
        opt_color: Some(Color::RED),
        ratio: 0.0,
        on: false,
        color: Color::BLUE,
        limit: -1,
        big_id: 300,
        last_id: 32_767,
    }
}

pub(crate) fn inner(name: &str, n: i32) -> Inner {
    Inner { name: name.into(), n }
}

/// A tree of `depth` levels below its root: `left` goes down, each level has one leaf among its `kids`.
pub(crate) fn tree(depth: usize) -> Tree {
    let mut tree = Tree { label: "l".repeat(depth).into(), ..Default::default() };
    if depth > 0 {
        tree.left = Some(Box::new(self::tree(depth - 1)));
        tree.kids = vec![Tree { label: "leaf".into(), ..Default::default() }];
    }
    tree
}

/// `text` again and again, up to `length` bytes.
pub(crate) fn repeated(text: &str, length: usize) -> Str {
    text.repeat(length / text.len()).into()
}

/// Counts up from 0, modulo 251.
pub(crate) fn bytes(length: usize) -> Bytes {
    (0..=250).cycle().take(length).collect()
}

/// The numbers `(i - count / 2) << 40`.
pub(crate) fn longs(count: i64) -> Vec<i64> {
    (0..count).map(|i| (i - count / 2) << 40).collect()
}

pub(crate) fn texts<C: FromIterator<Str>>(list: impl IntoIterator<Item = &'static str>) -> C {
    list.into_iter().map(Str::from).collect()
}

pub(crate) fn binary<const N: usize>(bytes: [u8; N]) -> Bytes {
    Bytes::copy_from_slice(&bytes)
}
