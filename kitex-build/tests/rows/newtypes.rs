//! Typedefs that are types of their own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use kitex::{Double, Limits};
use kitex_codec::{DecodeReason, Protocol};

use super::rows::newtypes::{
    AGAIN, Blob, Groups, IDS, Ids, Key, Name, OTHERS, OwnerId, Ratio, SECOND, Table, User, UserId, WEIGHTS,
    Weight, Weights,
};
use super::{assert_survives, read};

fn ids(numbers: &[i64]) -> Ids {
    Ids(numbers.iter().copied().map(UserId).collect())
}

fn user() -> User {
    User {
        id: UserId(-1),
        owner: Some(OwnerId(UserId(9))),
        name: Name("n".into()),
        groups: Some(Groups(HashMap::from([(Name("g".into()), vec![ids(&[1]), ids(&[])])]))),
        weights: Weights(HashSet::from([Weight(Double(f64::NAN))])),
        ratios: HashMap::from([(UserId(1), Ratio(-0.0))]),
        tables: HashSet::from([Table(BTreeMap::from([(1, 2)]))]),
        next: Some(Box::default()),
        boxed: Box::new(ids(&[3])),
        ..User::default()
    }
}

#[test]
fn newtypes_survive_in_every_protocol() {
    assert_survives(&user());
    for key in [
        Key::Id(UserId(1)),
        Key::Name(Name("k".into())),
        Key::Ids(ids(&[1, 2])),
        Key::Groups(Arc::new(Groups::default())),
        Key::Key(Box::new(Key::Ids(ids(&[])))),
    ] {
        assert_survives(&key);
    }
    let plain = User { weights: Weights::default(), tables: HashSet::new(), ..user() };
    for protocol in [Protocol::Binary, Protocol::Compact, Protocol::Json] {
        let bytes = protocol.encode(&plain, &Limits::default()).unwrap().into_bytes();
        assert_eq!(protocol.decode::<User>(&bytes, &Limits::default()).unwrap(), plain);
    }
}

#[test]
fn constants_and_defaults_are_in_their_newtypes() {
    let user = User::default();
    assert_eq!((user.plain, user.ratio, SECOND), (UserId(7), Some(Ratio(0.5)), UserId(1)));
    assert_eq!((&user.ids, &user.more, &user.from_raw), (&ids(&[1, 2]), &ids(&[3, 1]), &ids(&[5])));
    assert_eq!((&*AGAIN, &*OTHERS, user.raw), (&*IDS, &ids(&[5]), vec![5]));
    assert_eq!((user.blob, user.shared), (Some(Blob(b"b"[..].into())), Arc::new(Name("name".into()))));
    assert_eq!(WEIGHTS[&Name("name".into())], Weight(Double(1.0)));
}

#[test]
fn newtypes_are_made_from_what_they_hold_and_read_as_it() {
    let name: Name = kitex::Str::from("text").into();
    assert_eq!((name.len(), OwnerId::from(UserId(3)).abs()), (4, 3));
    assert_eq!(serde_json::to_string(&name).unwrap(), "\"text\"");
}

/// They are on the wire what they hold: elements of another type make a field absent, and fail inside of a container.
#[test]
fn the_wire_knows_no_newtypes() {
    // The name, and a list of strings where ids are.
    let wire =
        [11, 0, 3, 0, 0, 0, 1, b'n', 15, 0, 12, 10, 0, 0, 0, 0, 15, 0, 22, 11, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    let found: User = read(&wire).unwrap();
    assert_eq!((found.name, found.more, found.from_raw), (Name("n".into()), ids(&[]), ids(&[5])));
    let nested = [15, 0, 16, 15, 0, 0, 0, 1, 11, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    assert_eq!(read::<User>(&nested).unwrap_err().reason(), &DecodeReason::ElementType("list<UserId>"));
}

#[test]
fn all_typedefs_of_a_build_can_be_newtypes() {
    use super::rows::newtyped::{Ids, Matrix, Nodes, Other, Second, Third, Uses, Weights};
    let made = Uses {
        nodes: Nodes(HashMap::from([(Second(Third(1)), Other::default())])),
        weights: Weights([1.5, f64::NAN].map(Double).map(super::rows::newtyped::Weight).into()),
        ..Uses::default()
    };
    assert_eq!(made.kept, Second(Third(5)));
    assert_eq!(made.matrix, Matrix(vec![Ids(vec![Second(Third(1)), Second(Third(2))])]));
    assert_survives(&made);
}

mod more {
    use kitex::codegen::MethodResult;
    use kitex::{Described, Double};

    use super::super::rows::newtyped_more::{
        Color, Either, Gone, GuideFindError, HERE, HOME, Home, Link, Lost, Node, PAINT, PATH, Paint, Path,
        Place, Point, TINT, Tint, Uses, Which, guide_calls,
    };
    use super::super::{assert_survives, bytes, read};

    fn point(x: f64) -> Point {
        Point { x: Double(x), ..Point::default() }
    }

    #[test]
    fn structs_enums_unions_and_exceptions_can_be_newtypes() {
        assert_survives(&Uses::default());
        let which = Which(Either::Which(Box::new(Which(Either::Tint(Tint(Color(9)))))));
        assert_survives(&Uses {
            home: Some(Home(Place(point(7.0)))),
            paint: Some(PAINT),
            whiches: [which.clone(), Which::default()].into(),
            lost: Lost(Gone { paint: Paint(Tint(Color::RED)), ..Gone::default() }),
            paints: [(Paint(Tint(Color::BLUE)), vec![Tint(Color::RED)])].into(),
            nested: vec![[Place(point(f64::NAN))].into()],
            link: Link(Node { next: Some(Box::default()), which }),
            ..Uses::default()
        });
    }

    #[test]
    fn their_constants_and_defaults_are_those_of_the_idl() {
        let uses = Uses::default();
        assert_eq!(
            (&uses.place, uses.tint, uses.paint),
            (&Place(point(2.0)), TINT, Some(Paint(Tint(Color::RED))))
        );
        assert_eq!(
            (&*HERE, &*HOME, PAINT),
            (&Place(point(3.0)), &Home(Place(point(3.0))), Paint(Tint(Color::BLUE)))
        );
        assert_eq!((&uses.homes[0], &uses.plain, &uses.path), (&*HOME, &point(3.0), &*PATH));
        assert_eq!(*PATH, Path(vec![HERE.clone(), HERE.clone()]));
        assert_eq!(uses.tints[&Place(point(1.0))], Tint(Color::RED));
        assert_eq!(uses.which, Which(Either::Place(HERE.clone())));
        assert_eq!(uses.lost.paint.0.0.0, 5);
    }

    #[test]
    fn a_newtype_of_a_struct_is_the_same_message() {
        let home = Home(Place(point(0.5)));
        assert_eq!(bytes(&home), bytes(&point(0.5)));
        assert_eq!(read::<Home>(&bytes(&point(0.5))).unwrap(), home);
        assert_eq!((home.x, Home::from(Place::from(point(0.5)))), (Double(0.5), home));
        assert!(std::ptr::eq(Home::DESCRIPTOR, Point::DESCRIPTOR) && Tint::DESCRIPTOR.name() == "Color");
        assert!(std::ptr::eq(Lost::DESCRIPTOR, Gone::DESCRIPTOR));
    }

    #[test]
    fn each_exception_is_its_own_error() {
        let lost = Lost(Gone { place: Place(point(1.0)), ..Gone::default() });
        let error: Box<dyn std::error::Error> = Box::new(lost.clone());
        assert_eq!(error.to_string(), lost.0.to_string());
        assert_eq!(GuideFindError::from(lost.clone()), GuideFindError::Lost(lost.clone()));
        assert_eq!(GuideFindError::from(lost.0.clone()), GuideFindError::Gone(lost.0.clone()));
        for outcome in
            [Ok(Place(point(2.0))), Err(GuideFindError::Lost(lost.clone())), Err(lost.0.clone().into())]
        {
            assert_survives(&guide_calls::FindResult::from_outcome(outcome));
        }
        assert_survives(&guide_calls::LookResult::from_outcome(Ok(PAINT)));
        assert_survives(&guide_calls::WayResult::from_outcome(Ok(PATH.clone())));
        assert_survives(&guide_calls::FindArgs { home: HOME.clone(), tint: Tint(Color::RED) });
        assert_eq!(guide_calls::FindArgs::default().tint, TINT);
    }
}
