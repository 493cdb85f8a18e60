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
