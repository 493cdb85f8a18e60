//! What constants, defaults and names are.

use std::collections::HashMap;

use kitex::Double;

use super::rows::*;
use super::{bytes, read};

#[test]
fn literals_are_what_is_written() {
    use literals::*;
    assert_eq!((QUOTES, APOSTROPHE, ESCAPES, BACKSLASH), ("say \"hi\"", "it's", "\n\r\t\\\"'", "x\\"));
    assert_eq!((LETTERS, BRACES, TAB), ("A中😀", "{} }{ ${x} */ // #", "\ttab"));
    assert_eq!((RIGHT_TO_LEFT, BYTES), ("a\u{202e}b", b"\0\x7f\x80\xff \xe4\xb8\xad".as_slice()));
    assert_eq!((QUOTED, BRACED.0[15]), (b"\"\\".as_slice(), 0xff));
    let texts = Texts::default();
    assert_eq!((&*texts.quotes, &*texts.bytes), ("say \"hi\"", b"\xff\"".as_slice()));
    assert_eq!(texts.all, ["say \"hi\"", "\0"]);
    assert_eq!(texts.named[b"\xfe".as_slice()], "\n\r\t\\\"'");
}

#[test]
fn numbers_are_what_is_written() {
    use lexical::*;
    assert_eq!((MOST, LEAST, PLUS, HEX, MINUS_HEX, ZEROS), (i64::MAX, i64::MIN, 5, 255, -16, 10));
    assert_eq!((HALF, BIG, SMALL, HUNDRED, NAMED), (0.5, 1e10, -0.0025, 100.0, 1));
    assert_eq!(LONG, 9_223_372_036_854_775_816.43);
    assert!(MINUS == 0.0 && MINUS.is_sign_negative());
    assert_eq!(Spread::default().a, -16);
}

#[test]
fn defaults_are_those_of_the_idl() {
    use defaults::*;
    let all = All::default();
    assert_eq!((all.a, all.b, all.c, all.d, all.e, all.f), (true, -128, 0x7fff, 1, 1, 1.0));
    assert_eq!((&*all.g, &*all.h, all.i.0[0]), ("g", b"h".as_slice(), 0));
    assert_eq!((all.j, all.k, all.l.clone(), all.m.clone()), (Color::BLUE, 5, vec![1, 2], vec![1, 2, 3, 4]));
    assert_eq!((all.n.len(), all.o["a"].n, all.p.n, all.q.n), (2, 1, 3, 4));
    assert_eq!((all.p.list.clone(), all.q.list.clone()), (vec![1, 2], vec![1, 2]));
    assert_eq!((all.r, all.s.clone(), all.t.clone()), (Some(0), Some(vec![]), Some(Inner::default())));
    assert_eq!((all.u.len(), all.v.len(), all.w.clone()), (0, 0, Either::Right("r".into())));
    assert_eq!((all.x[0][0].n, all.x[0][1].n, all.x[1].len(), all.z), (1, 3, 0, 1e300));
    assert!(all.y.is_sign_negative());
    assert_eq!((WHOLE, YES, ONE), (7.0, true, 1));
    assert_eq!(Zero::default().f, None);
    // What is not on the wire keeps its default.
    assert_eq!(read::<All>(&[0]).unwrap(), all);
}

#[test]
fn requiredness_decides_what_may_be_missing() {
    use requiredness::All;
    let all = All::default();
    assert_eq!((all.r5, all.o1, all.o5, all.d5), (1.5, None, Some(1.5), 1.5));
    assert_eq!((all.o6.clone().unwrap().n, all.d6.n, all.r3.n), (4, 3, 3));
    for (id, name) in ["r1", "r2", "r3", "r4", "r5"].into_iter().enumerate() {
        let whole = bytes(&all);
        let mut without = whole.to_vec();
        // The field's id becomes one that nobody knows.
        let header = [[2, 0, 1], [11, 0, 2], [12, 0, 3], [15, 0, 4], [4, 0, 5]][id];
        let at = whole.windows(3).position(|window| window == header).unwrap();
        without[at + 1] = 0x70;
        let error = read::<All>(&without).unwrap_err().to_string();
        assert!(error.contains(name), "{name}: {error}");
    }
}

#[test]
fn enums_are_open_and_keep_their_names() {
    use enums::*;
    assert_eq!(
        [Steps::A.0, Steps::B.0, Steps::C.0, Steps::D.0, Steps::E.0, Steps::F.0],
        [0, -2, -1, 16, 17, -1]
    );
    assert_eq!((Twice::FIRST, Twice::SECOND.name(), Twice::THIRD.0), (Twice::SECOND, Some("FIRST"), 2));
    assert_eq!((Cases::a.0, Cases::A.0, Cases::aB.0, Cases::a_b.0, Cases::AB.0), (0, 1, 2, 3, 4));
    assert_eq!((Edge::LEAST.0, Uses::default().most, Empty(5).name()), (i32::MIN, Edge::MOST, None));
    assert_eq!((Names::name_2.name(), Names::Self_.name()), (Some("name"), Some("Self")));
}

#[test]
fn dialects_number_fields_in_their_way() {
    let wire = |message: kitex::Bytes| -> Vec<u8> {
        message[..message.len() - 1].chunks(7).map(|field| field[2]).collect()
    };
    assert_eq!(wire(bytes(&apache_ids::Implicit::default())), [5, 0xff, 2, 0xfe]);
    assert_eq!(wire(bytes(&thriftgo_ids::Implicit::default())), [5, 6, 2, 3, 10, 11]);
    let octals = thriftgo_ids::Implicit::default();
    assert_eq!((octals.octal, octals.other), (8, 15));
    assert_eq!((thriftgo_ids::BEYOND, thriftgo_ids::NINE), (thriftgo_ids::Open(9), 9));
    let holds = thriftgo_ids::Holds::default();
    assert_eq!((holds.open.0, holds.list.clone()), (7, vec![thriftgo_ids::Open(9), thriftgo_ids::Open(8)]));
}

#[test]
fn constants_of_containers_are_whole() {
    assert_eq!(containers::CONSTANT[&vec![1, 2]], [Double(0.5), Double(1.0)].into());
    assert_eq!((containers::CONSTANT.len(), containers::POINTS.len(), containers::NESTED.len()), (2, 2, 1));
    assert_eq!(*typedefs::IDS, [1, 2]);
    assert_eq!((typedefs::BEST, typedefs::SOME.len()), (typedefs::Shade::LIGHT, 2));
    assert_eq!(typedefs::Node::default().matrix, [vec![1], vec![]]);
    assert_eq!((*unions::CONSTANT).clone(), unions::One::Only(1));
    assert_eq!((&*exceptions::DEFAULT.message, exceptions::DEFAULT.code), ("m", 500));
    assert_eq!((volo::A.len(), volo::EMPTY.len(), volo::Kind::Fancy.0), (2, 0, 2));
}

#[test]
fn only_what_is_used_of_included_files_is_there() {
    use including::includes::*;
    assert_eq!(
        (BEST, LIMIT, COLORS.clone()),
        (dotted::Color::BLUE, 5, vec![dotted::Color::RED, dotted::Color::BLUE])
    );
    let page = Page { color: dotted::Color::BLUE, ..Page::default() };
    assert_eq!(read::<Page>(&bytes(&page)).unwrap(), page);
    let code = include_str!("../golden/includes.rs");
    for name in ["Unused", "NotUsed"] {
        assert!(!code.contains(&format!("pub struct {name}")), "{name}");
    }
}

#[test]
fn types_of_another_build_are_used() {
    let page = inheriting::example::base::Page::default();
    let uses = mapped::Uses { page: page.clone(), ..mapped::Uses::default() };
    assert_eq!(read::<mapped::Uses>(&bytes(&uses)).unwrap().page, page);
    assert!(!include_str!("../golden/mapped.rs").contains("pub struct Page"));
    assert_eq!(mapped::derived_calls::METHODS.len(), 3);
}

#[test]
fn exceptions_are_errors() {
    let cause = exceptions::Full { message: "m".into(), ..exceptions::Full::default() };
    let error: Box<dyn std::error::Error> = Box::new(cause.clone());
    assert!(error.to_string().starts_with("Full { message: \"m\", code: 500"));
    let declared: exceptions::ThrowsTwoError = cause.into();
    assert!(matches!(declared, exceptions::ThrowsTwoError::First(_)));
}

#[test]
fn streaming_functions_are_left_out() {
    let names: Vec<_> = streams::mixed_calls::METHODS.iter().map(|method| method.name).collect();
    assert_eq!(names, ["Before", "Once", "After"]);
}

#[test]
fn clashing_names_are_numbered() {
    use cases::upper::camel_case as here;
    let first = here::A { foo_bar: 1, foo_bar_2: 2, foo_bar_3: 3, ..here::A::default() };
    assert_eq!(first.foo_bar_4, 0);
    assert_eq!((here::FOO_BAR, here::FOO_BAR_2, here::FOO_BAR_3), (1, 2, 3));
    let names: HashMap<_, _> =
        here::cases_calls::METHODS.iter().map(|method| (method.name, method.index)).collect();
    assert_eq!(names.len(), 5);
}
