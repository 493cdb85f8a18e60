//! Every type of every input, round the wire.

use super::rows::*;
use super::{assert_survives, assert_unwritable};

/// Asserts that the default of each type survives.
macro_rules! survive {
    ($($ty:ty),* $(,)?) => { $(assert_survives(&<$ty>::default());)* };
}

#[test]
fn defaults_of_all_types_survive() {
    survive!(annotations::User, annotations::Gone, apache_ids::Implicit, apache_ids::Gone);
    survive!(cases::upper::camel_case::A, cases::upper::camel_case::A2, cases::upper::camel_case::A3);
    survive!(choices::Chosen, choices::Inner, choices::Keyed, choices::Keys, choices::Either);
    survive!(containers::Point, containers::Keys, crowded::A, crowded::X);
    survive!(defaults::Inner, defaults::All, defaults::Zero);
    survive!(derives::Plain, docs_hostile::Ends, docs_hostile::Markup);
    survive!(empty::Struct, empty::Exception, empty::Holds);
    survive!(
        enums::Uses,
        exceptions::Empty,
        exceptions::Full,
        exceptions::Holds,
        headers::inner::Uses,
        ids::Ids
    );
    survive!(including::includes::Page, including::includes::Base, including::includes::dotted::Gone);
    survive!(inheriting::example::base::Page, literals::Texts, lexical::Spread);
    survive!(recursion::Own, recursion::Left, recursion::Right, recursion::Third, recursion::Outside);
    survive!(recursion::Branch, recursion::Cause, recursion::Linked, recursion::Referenced);
    survive!(recursion::Required, recursion::Loose, renames::Pretty, renames::Failed);
    survive!(requiredness::Inner, requiredness::All, streams::Chunk);
    survive!(thriftgo_ids::Implicit, thriftgo_ids::Holds, thriftgo_ids::Gone, typedefs::Node);
    survive!(unions::Chosen, unions::Holds, unions::Fields, unions::Nils);
    survive!(unknown::Keeps, unknown::Empty, unknown::Leaves, unknown::Failed, unknown::Key, unknown::Holds);
    survive!(volo::Item);
}

/// Asserts that the default of each union, which has no member, is not written.
macro_rules! hold_nothing {
    ($($ty:ty),* $(,)?) => { $(assert_unwritable(&<$ty>::default());)* };
}

#[test]
fn unions_hold_nothing_by_default() {
    hold_nothing!(annotations::Either, defaults::Either, derives::Either, docs_hostile::Shapes, empty::Union);
    hold_nothing!(recursion::Choice, renames::Either, keywords::r#mod::self_::Match, prelude::Result);
    hold_nothing!(unions::Empty, unions::One, unions::Many, unions::Unknown, unions::Key, unions::Only);
}

#[test]
fn types_with_names_of_rust_survive() {
    use keywords::r#mod::self_ as words;
    survive!(words::Strict, words::Reserved, words::Weak, words::Idl, words::Self_, words::Try);
    survive!(prelude::Option, prelude::Some, prelude::None, prelude::Ok, prelude::Err);
    survive!(prelude::Vec, prelude::String, prelude::Box, prelude::Default, prelude::Clone, prelude::Sync);
    survive!(prelude::From, prelude::Into, prelude::Message, prelude::Type);
}

#[test]
fn members_of_unions_survive() {
    use unions::{Key, Kind, Many, One};
    for union in [
        Many::Flag(true),
        Many::Text("t".into()),
        Many::Numbers(vec![1, -1]),
        Many::Named([("a".into(), One::Only(1))].into()),
        Many::One(One::Only(i32::MIN)),
        Many::Many(Box::new(Many::Flag(false))),
        Many::Ratio(-0.0),
        Many::Raw(kitex::Bytes::from_static(b"\0\xff")),
        Many::Kind(Kind(9)),
        Many::Id(kitex::Uuid([9; 16])),
        Many::Below(-1),
    ] {
        assert_survives(&union);
    }
    assert_survives(&unions::Holds {
        keys: [Key::Ratio(kitex::Double(f64::NAN)), Key::Ratios(vec![kitex::Double(0.5)])].into(),
        many: Many::Flag(true),
        ..unions::Holds::default()
    });
}

#[test]
fn every_kind_of_key_survives() {
    use containers::{Color, Keys, Point};
    use kitex::{Bytes, Double, Uuid};
    let point = || Point { x: Double(1.5), more: Some([("a".into(), Double(f64::NAN))].into()) };
    assert_survives(&Keys {
        a: [true].into(),
        b: [-1].into(),
        c: [Double(f64::NAN), Double(0.0), Double(-0.0)].into(),
        d: ["d".into()].into(),
        e: [Bytes::from_static(b"e")].into(),
        f: [Uuid([1; 16])].into(),
        g: [Color::BLUE, Color(7)].into(),
        h: [point(), Point::default()].into(),
        i: [vec![1, 2], vec![]].into(),
        j: [[1].into()].into(),
        k: [[(1, 2)].into()].into(),
        l: [(true, 1)].into(),
        m: [(Double(1.0), 2.0)].into(),
        n: [(point(), point())].into(),
        o: [([(1, 2)].into(), 3)].into(),
        p: [(vec![Double(1.0)], vec![2.0])].into(),
        q: [([point()].into(), [point()].into())].into(),
        r: vec![[(Bytes::new(), vec![[Uuid([2; 16])].into()])].into()],
    });
}

#[test]
fn recursive_values_survive() {
    use recursion::{Choice, Left, Linked, Own, Referenced, Right, Third};
    let leaf = || Own { map: [("k".into(), Own::default())].into(), ..Own::default() };
    assert_survives(&Own {
        own: Some(Box::new(leaf())),
        list: vec![leaf()],
        plain: Some(Box::new(leaf())),
        ..leaf()
    });
    // Of the three structs that hold each other, each cycle is cut once.
    let right = Right { left: None, third: Some(Third { left: None }) };
    assert_survives(&Left { right: Some(right), n: 1 });
    let chain = (0..60).fold(Linked::default(), |next, _| Linked { next: Some(Box::new(next)) });
    assert_survives(&chain);
    assert_survives(&Choice::Choice(Box::new(Choice::Leaf(1))));
    assert_survives(&Referenced { n: Box::new(1), r: Some(Box::default()), l: Box::new(vec![1]) });
}
