//! What annotations do: other types, names, traits, and fields that are kept.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use kitex::Double;
use kitex_codec::DecodeReason;

use super::rows::*;
use super::{assert_survives, bytes, read};

fn chosen() -> choices::Chosen {
    choices::Chosen {
        sorted: BTreeMap::from([("b".into(), 2), ("a".into(), 1)]),
        text: String::from("text that is too long to be held inline by a string type, whatever its size"),
        bytes: vec![0, 255],
        shared: Arc::new(choices::Inner { n: 7 }),
        maybe_sorted: Some(BTreeMap::from([(1, vec![choices::Inner { n: 1 }])])),
        required_text: String::new(),
        next: Some(Arc::new(choices::Chosen::default())),
        ..choices::Chosen::default()
    }
}

#[test]
fn chosen_types_have_their_defaults() {
    let chosen = choices::Chosen::default();
    assert_eq!(chosen.ordered, BTreeSet::from([Double(2.0), Double(1.0)]));
    assert_eq!((chosen.text.as_str(), &chosen.bytes[..]), ("t", &b"\xff"[..]));
    assert_eq!(
        (chosen.maybe_text.as_deref(), chosen.maybe_bytes.as_deref()),
        (Some("constant"), Some(&b"constant"[..]))
    );
    assert_eq!(chosen.maybe_shared, Some(Arc::new(choices::Inner { n: 9 })));
    assert_eq!(chosen.required_sorted, BTreeMap::from([(choices::Inner { n: 1 }, 2)]));
    assert_eq!((chosen.usual, chosen.constant), (HashSet::from([1, 3]), BTreeSet::from([1, 3])));
    assert_eq!((&**chosen.shared_text, *chosen.shared_number), ("constant", 5));
    assert_eq!((choices::CHOSEN.text.as_str(), choices::CHOSEN.shared.n), ("constant", 5));
    assert_eq!(choices::Either::default(), choices::Either::Bytes(vec![b'b']));
}

#[test]
fn chosen_types_survive() {
    assert_survives(&chosen());
    assert_survives(&choices::Either::Text("t".to_owned()));
    assert_survives(&choices::Either::Map(BTreeMap::from([(1, 2)])));
    assert_survives(&choices::Either::Inner(Arc::new(choices::Inner { n: 1 })));
    assert_survives(&choices::Either::Either(Arc::new(vec![choices::Either::Bytes(vec![1])])));
    let keyed = choices::Keyed {
        text: "k".to_owned(),
        map: BTreeMap::from([(Double(1.0), Double(f64::NAN))]),
        shared: Arc::new(Double(0.5)),
    };
    assert_survives(&choices::Keys { keys: HashSet::from([keyed.clone()]), list: vec![keyed] });
}

#[test]
fn the_wire_is_the_same_for_every_choice() {
    let inner = choices::Inner { n: 7 };
    let plain = bytes(&choices::Chosen::default());
    assert!(plain.windows(bytes(&inner).len()).any(|part| part == bytes(&choices::Inner { n: 9 })));
}

#[test]
fn names_are_those_of_annotations() {
    let pretty = renames::Pretty { count: 1, count_2: 2, r#type: 3, keptAsIs: 4 };
    assert_survives(&pretty);
    assert_eq!(renames::BEST, renames::Color::RED);
    assert_eq!((renames::Color::RED.name(), renames::Color::COLOR_BLUE.0), (Some("COLOR_RED"), 5));
    assert_survives(&renames::Either::First(1));
    let alias: renames::Alias = pretty;
    assert_eq!(alias.count, 1);
    let failed = renames::Failed { message: "m".into() };
    assert!(matches!(renames::UsersGetError::from(failed), renames::UsersGetError::Wrong(_)));
    let method = &renames::users_calls::METHODS[0];
    assert_eq!((method.service, method.name), ("svc_users", "DoGetV2"));
}

#[test]
fn traits_are_derived_and_attributes_kept() {
    let plain = derives::Plain { text: "t".into(), ratio: 0.5, color: Some(derives::Color::BLUE) };
    let json = serde_json::to_string(&plain).unwrap();
    assert_eq!(json, r#"{"renamed":"t","ratio":0.5,"color":1}"#);
    assert_eq!(serde_json::from_str::<derives::Plain>(&json).unwrap(), plain);
}

#[test]
fn every_type_of_value_can_be_derived_for() {
    let mut whole = derives::Whole {
        text: "中".into(),
        bytes: kitex::Bytes::from_static(b"\xff\0"),
        id: kitex::Uuid([7; 16]),
        named: [("half".into(), 0.5)].into(),
        keyed: [(Double(-1.5), "k".into())].into(),
        choice: Some(derives::Choice::Colors(vec![derives::Color(9)])),
        failed: vec![derives::Failed::default()],
        colors: HashSet::from([derives::Color::BLUE]),
        next: Some(Box::default()),
        ..derives::Whole::default()
    };
    // One field that nobody knows, and a member of a union that nobody knows.
    let wire = [3, 0, 99, 5, 12, 0, 6, 6, 0, 77, 1, 2, 0, 0];
    let unknown: derives::Whole = read(&wire).unwrap();
    whole.unknown_fields.clone_from(&unknown.unknown_fields);
    for value in [whole, unknown] {
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<derives::Whole>(&json).unwrap(), value, "{json}");
        assert_survives(&value);
    }
    assert_eq!(serde_json::from_str::<derives::Whole>("{}").unwrap(), derives::Whole::default());
}

#[test]
fn unknown_fields_are_kept_and_written_again() {
    // A string under an id that nobody knows, before and behind the number.
    let wire = [11, 0, 77, 0, 0, 0, 1, b'x', 8, 0, 1, 0, 0, 0, 5, 11, 0, 78, 0, 0, 0, 1, b'y', 0];
    let kept = read::<unknown::Keeps>(&wire).unwrap();
    assert_eq!((kept.n, kept.unknown_fields.len()), (5, 2));
    assert_survives(&kept);
    let ids: Vec<_> = kept.unknown_fields.iter().map(|field| field.id()).collect();
    assert_eq!(ids, [Some(77), Some(78)]);
    let empty = read::<unknown::Empty>(&wire[..8].iter().copied().chain([0]).collect::<Vec<u8>>()).unwrap();
    assert_eq!(bytes(&empty).len(), 9);
    // Struct update goes on as before, and a field of that name keeps it.
    let made = unknown::Keeps { n: 5, ..unknown::Keeps::default() };
    assert_eq!((made.n, made.unknown_fields.len(), unknown::KEPT.text.as_deref()), (5, 0, Some("u")));
    assert_eq!(unknown::Failed::default().unknown_fields, 0);
    assert_survives(&unknown::Holds { keeps: kept, empties: vec![empty], ..unknown::Holds::default() });
    assert_eq!(bytes(&read::<unknown::Leaves>(&wire).unwrap()).len(), 8);
}

#[test]
fn unknown_fields_are_charged() {
    let mut wire: Vec<u8> = std::iter::repeat_n([2, 0x70, 0, 1], 1000).flatten().collect();
    wire.push(0);
    let mut tight = kitex::Limits::default();
    tight.max_heap = 40_000;
    let error = kitex_codec::decode::<unknown::Keeps>(&kitex::Bytes::from(wire), &tight).unwrap_err();
    assert!(matches!(error.reason(), DecodeReason::Limit { .. }), "{error}");
}

#[test]
fn annotations_can_be_asked_for() {
    use kitex::{Described, Descriptor};
    let of = |descriptor: &Descriptor, path: &str| descriptor.member(path).unwrap().annotations;
    let user = annotations::User::DESCRIPTOR;
    assert_eq!((user.name(), user.annotation("api.path")), ("User", Some("/users")));
    assert_eq!(user.annotations(), [("api.path", "/users"), ("text", "a\nline and \"quotes\"")]);
    assert_eq!(of(user, "id"), [("go.tag", "json:\"id\""), ("go.tag", "second"), ("flag", "1")]);
    assert_eq!(user.members().map(|member| member.id).collect::<Vec<_>>(), [1, 2, 0]);
    assert_eq!(of(user, "names.<element>"), [("element", "e")]);
    assert_eq!(of(annotations::Either::DESCRIPTOR, "left"), [("l", "1")]);
    assert_eq!(of(annotations::Color::DESCRIPTOR, "RED"), [("hex", "f00")]);
    assert_eq!(annotations::Gone::DESCRIPTOR.annotation("e"), Some("1"));
    // What has no type is in the module's own.
    let module = &annotations::DESCRIPTOR;
    assert_eq!((module.annotations(), of(module, "LIMIT")), (&[("file", "1")][..], &[("unit", "ms")][..]));
    assert_eq!((of(module, "Table"), of(module, "Table.<key>")), (&[("t", "1")][..], &[("k", "1")][..]));
    assert_eq!(annotations::ANNOTATIONS, 1);
}

#[test]
fn annotations_of_services_are_found_from_their_clients_and_servers() {
    use kitex::GeneratedClient;
    let service = annotations::UsersClient::SERVICE;
    assert_eq!((service.idl.name(), service.idl.annotation("api.prefix")), ("Users", Some("v1")));
    let find = |path: &str, key: &str| service.idl.member(path).unwrap().annotation(key);
    assert_eq!((find("Get", "api.get"), service.methods[0].annotations[0].1), (Some("/:id"), "/:id"));
    assert_eq!((find("Get.id", "api.query"), find("Get.<throws>.gone", "status")), (Some("id"), Some("404")));
    assert_eq!((find("Get.<result>", "r"), find("Plain", "r")), (Some("1"), None));
    let derived = annotations::MoreClient::SERVICE;
    assert_eq!(derived.idl.member("Get.id"), service.idl.member("Get.id"));
    assert_eq!(derived.idl.member("More").map(|method| method.id), Some(2));
    assert_eq!(derived.idl.annotation("api.prefix"), None);
}
