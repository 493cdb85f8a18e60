//! Unions without a member: refused by themselves, absent where they may be, and kept where Go peers send nil so.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

include!("golden/unions.rs");

use std::sync::Arc;

use kitex::codegen::Message;
use kitex::{Bytes, Limits, UnknownField};
use kitex_codec::{DecodeError, DecodeReason, EncodeReason, Protocol};
use unions::picks_calls::{PickArgs, PickResult, SameResult};
use unions::*;

const ALL: [Protocol; 3] = [Protocol::Binary, Protocol::Compact, Protocol::Json];
const NOTHING: One = One::Unknown(UnknownField::none());
/// The headers of struct fields with the ids 1 to 5.
const STRUCT: [[u8; 3]; 5] = [[12, 0, 1], [12, 0, 2], [12, 0, 3], [12, 0, 4], [12, 0, 5]];

fn read<M: Message>(bytes: &[u8]) -> Result<M, DecodeError> {
    kitex_codec::decode(&Bytes::copy_from_slice(bytes), &Limits::default())
}

fn bytes<M: Message>(message: &M, protocol: Protocol) -> Bytes {
    protocol.encode(message, &Limits::default()).unwrap().into_bytes()
}

/// What is read of Binary, and the same of every protocol that it is written in.
fn everywhere<M: Message + PartialEq + std::fmt::Debug>(binary: &[u8]) -> M {
    let value: M = read(binary).unwrap();
    for protocol in ALL {
        let again: M = protocol.decode(&bytes(&value, protocol), &Limits::default()).unwrap();
        assert_eq!(again, value, "{protocol}");
    }
    value
}

fn refused<M: Message + std::fmt::Debug>(binary: &[u8]) -> DecodeReason {
    read::<M>(binary).unwrap_err().reason().clone()
}

#[test]
fn by_itself_none_is_read() {
    assert_eq!(refused::<One>(&[0]), DecodeReason::EmptyUnion("One"));
    assert_eq!(refused::<Chosen>(&[0]), DecodeReason::EmptyUnion("Chosen"));
    assert_eq!(refused::<Empty>(&[0]), DecodeReason::EmptyUnion("Empty"));
    assert_eq!(refused::<Same>(&[0]), DecodeReason::EmptyUnion("One"));
    for protocol in ALL {
        let empty = Bytes::from_static(protocol.empty_struct());
        let error = protocol.decode::<One>(&empty, &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "union One has no member set");
    }
}

#[test]
fn by_itself_none_is_written() {
    for protocol in ALL {
        let error = protocol.encode(&NOTHING, &Limits::default()).unwrap_err();
        assert!(matches!(error.reason(), EncodeReason::Unwritable { what: "One", .. }), "{error}");
        assert!(protocol.encode(&Same(NOTHING), &Limits::default()).is_err());
        assert!(protocol.encode(&Outer::Apart(Arc::new(NOTHING)), &Limits::default()).is_err());
    }
}

#[test]
fn a_member_that_holds_none_is_none() {
    let holds_none = [&STRUCT[0][..], &[0, 0]].concat();
    assert_eq!(refused::<Outer>(&holds_none), DecodeReason::EmptyUnion("Outer"));
    assert_eq!(refused::<Only>(&holds_none), DecodeReason::EmptyUnion("Only"));
    let in_a_field =
        [&[12, 0, 5], &STRUCT[0][..], &[0, 0], &STRUCT[1], &[8, 0, 1, 0, 0, 0, 7, 0, 0]].concat();
    let fields: Fields = everywhere(&in_a_field);
    assert_eq!((fields.outer, fields.shared), (None, Arc::new(One::Only(7))));
    let beside = [&STRUCT[0][..], &[0], &STRUCT[1], &[8, 0, 1, 0, 0, 0, 7, 0, 0]].concat();
    assert_eq!(everywhere::<Outer>(&beside), Outer::Same(Same(One::Only(7))));
}

#[test]
fn a_field_that_holds_none_is_as_one_that_did_not_come() {
    let fields = [&STRUCT.map(|header| [&header[..], &[0]].concat()).concat()[..], &[0]].concat();
    let read: Fields = everywhere(&fields);
    assert_eq!(read, Fields { shared: Arc::new(NOTHING), ..Fields::default() });
    assert_eq!(read.given, Some(One::Only(4)));
    let seven = [[&[12, 0, 7][..], &[0]].concat(), [&[12, 0, 6][..], &[0]].concat()].concat();
    let holds: Holds = everywhere(&[&seven[..], &[12, 0, 1, 0, 12, 0, 2, 0, 12, 0, 3, 0, 0]].concat());
    assert_eq!(holds, Holds::default());
    assert_eq!((holds.given, holds.chosen, holds.one), (One::Only(3), Chosen::Number(7), None));
}

/// What a Kitex client has sent for a struct whose pointers are nil, also those in its containers.
#[test]
fn nil_of_a_go_peer_is_read_and_goes_back() {
    let sent = [
        &[12, 0, 1, 0][..],
        &[12, 0, 3, 0],
        &[15, 0, 4, 12, 0, 0, 0, 1, 0],
        &[13, 0, 5, 11, 12, 0, 0, 0, 1, 0, 0, 0, 1, b'k', 0],
        &[14, 0, 6, 12, 0, 0, 0, 1, 0],
        &[13, 0, 7, 12, 8, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
    ]
    .concat();
    let expected = Nils {
        plain: NOTHING,
        maybe: None,
        needed: NOTHING,
        many: vec![NOTHING],
        named: [("k".into(), NOTHING)].into(),
        some: [NOTHING].into(),
        keyed: [(NOTHING, 1)].into(),
    };
    assert_eq!(read::<Nils>(&sent).unwrap(), expected);
    // JSON has no form for keys that are structs.
    for protocol in [Protocol::Binary, Protocol::Compact] {
        let again = bytes(&expected, protocol);
        assert_eq!(protocol.decode::<Nils>(&again, &Limits::default()).unwrap(), expected);
    }
    assert_eq!(bytes(&expected, Protocol::Binary), sent[4..]);
    assert_eq!(
        refused::<Nils>(&[0]),
        DecodeReason::MissingField { structure: "Nils", field: "needed", id: 3 }
    );
}

#[test]
fn arguments_and_results_that_hold_none_are_absent() {
    assert_eq!(everywhere::<PickArgs>(&[12, 0, 1, 0, 0]), PickArgs::default());
    assert_eq!(everywhere::<PickResult>(&[12, 0, 0, 0, 0]), PickResult { outcome: None });
    assert_eq!(everywhere::<SameResult>(&[12, 0, 0, 0, 0]), SameResult { outcome: None });
    for protocol in ALL {
        assert_eq!(bytes(&PickArgs { one: NOTHING }, protocol), protocol.empty_struct());
        assert_eq!(bytes(&PickResult { outcome: Some(Ok(NOTHING)) }, protocol), protocol.empty_struct());
    }
}

#[test]
fn a_member_that_nobody_knows_is_one() {
    let unknown = [11, 0, 50, 0, 0, 0, 1, b'u', 0];
    let kept: One = everywhere(&unknown);
    assert!(matches!(&kept, One::Unknown(field) if field.id() == Some(50)));
    assert_eq!(bytes(&kept, Protocol::Binary), &unknown[..]);
    let held = [&STRUCT[0][..], &unknown, &STRUCT[2], &unknown, &[0]].concat();
    let nils: Nils = everywhere(&held);
    assert_eq!((&nils.plain, &nils.needed), (&kept, &kept));
    let result: PickResult = everywhere(&[&[12, 0, 0][..], &unknown, &[0]].concat());
    assert_eq!(result, PickResult { outcome: Some(Ok(kept)) });
}
