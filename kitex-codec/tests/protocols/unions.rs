//! How many members of a union there are, and what is made of it: by itself, and in a field (thrift-idl 8.4).

use kitex_codec::{
    Bytes, DecodeError, DecodeReason, EncodeReason, Message, Protocol, Type, UnknownField, binary, compact,
    json,
};

use crate::sample::{Choice, Sample};
use crate::value::{Fields, Value, fields_of, list, structure, text};
use crate::{ALL, limits};

const ID: (i16, Value) = (12, Value::Uuid([0; 16]));
const NUMBER: (i16, Value) = (1, Value::I32(5));

fn nobodys() -> (i16, Value) {
    (9, list(Type::I64, [Value::I64(1)]))
}

/// What every protocol makes of the same fields.
fn read<M: Message + PartialEq + std::fmt::Debug>(fields: Vec<(i16, Value)>) -> Result<M, DecodeReason> {
    let fields = fields_of(fields);
    let read = |protocol: Protocol| {
        protocol.decode::<M>(&fields.bytes(protocol), &limits()).map_err(|error| error.reason().clone())
    };
    let [binary, compact, json] = ALL.map(read);
    assert_eq!(binary, compact);
    assert_eq!(binary, json);
    binary
}

fn by_itself(members: Vec<(i16, Value)>) -> Result<Choice, DecodeReason> {
    read(members)
}

fn in_a_field(members: Vec<(i16, Value)>) -> Result<Option<Choice>, DecodeReason> {
    read([(300, structure(members)), ID].into()).map(|sample: Sample| sample.choice)
}

#[test]
fn one_known_member_is_taken_with_whatever_stands_beside_it() {
    for members in [vec![NUMBER], vec![nobodys(), NUMBER], vec![nobodys(), NUMBER, nobodys()]] {
        assert_eq!(by_itself(members.clone()), Ok(Choice::Number(5)));
        assert_eq!(in_a_field(members), Ok(Some(Choice::Number(5))));
    }
}

#[test]
fn of_a_member_that_comes_twice_the_last_counts() {
    let twice = vec![(2, text("x")), NUMBER, NUMBER];
    assert_eq!(by_itself(twice[1..].to_vec()), Ok(Choice::Number(5)));
    assert_eq!(by_itself(twice), Err(DecodeReason::UnionMembers("Choice")));
    assert_eq!(by_itself(vec![(2, text("x")), (2, text("y"))]), Ok(Choice::Text("y".into())));
}

#[test]
fn two_known_members_are_refused() {
    let two = vec![NUMBER, (2, text("x"))];
    assert_eq!(by_itself(two.clone()), Err(DecodeReason::UnionMembers("Choice")));
    assert_eq!(in_a_field(two), Err(DecodeReason::UnionMembers("Choice")));
}

#[test]
fn one_unknown_member_is_kept() {
    let kept = by_itself(vec![nobodys()]);
    assert!(matches!(&kept, Ok(Choice::Unknown(field)) if field.id() == Some(9) && !field.is_none()));
    assert_eq!(in_a_field(vec![nobodys()]), kept.map(Some));
}

#[test]
fn without_a_member_a_union_is_refused_and_a_field_of_it_absent() {
    assert_eq!(by_itself(vec![]), Err(DecodeReason::EmptyUnion("Choice")));
    assert_eq!(in_a_field(vec![]), Ok(None));
    let after_another = vec![(300, structure([NUMBER])), ID, (300, structure([]))];
    assert_eq!(read::<Sample>(after_another).map(|sample| sample.choice), Ok(Some(Choice::Number(5))));
}

#[test]
fn every_way_to_decode_refuses_it() {
    type Decode = fn(&Bytes) -> Result<Choice, DecodeError>;
    let ways: [(Decode, &'static [u8]); 6] = [
        (|bytes| binary::decode(bytes, &limits()), b"\0"),
        (|bytes| binary::decode_slice(bytes, &limits()), b"\0"),
        (|bytes| compact::decode(bytes, &limits()), b"\0"),
        (|bytes| compact::decode_slice(bytes, &limits()), b"\0"),
        (|bytes| json::decode(bytes, &limits()), b"{}"),
        (|bytes| json::decode_slice(bytes, &limits()), b"{}"),
    ];
    for (decode, empty) in ways {
        let error = decode(&Bytes::from_static(empty)).unwrap_err();
        assert_eq!(error.to_string(), "union Choice has no member set");
    }
}

#[test]
fn what_holds_no_member_is_not_written_by_itself_and_left_out_of_a_field() {
    let nothing = Choice::Unknown(UnknownField::none());
    let sample = Sample { choice: Some(nothing.clone()), ..Sample::default() };
    for protocol in ALL {
        let error = protocol.encode(&nothing, &limits()).unwrap_err();
        assert!(matches!(error.reason(), EncodeReason::Unwritable { what: "Choice", .. }));
        assert_eq!(error.to_string(), "Choice cannot be written: no member of the union is set");
        let bytes = |sample: &Sample| protocol.encode(sample, &limits()).unwrap().into_bytes();
        assert_eq!(bytes(&sample), bytes(&Sample::default()));
    }
}

/// Whoever reads a value without its type reads an empty struct as one.
#[test]
fn a_struct_without_fields_is_no_union() {
    assert_eq!(read::<Fields>(vec![]).map(|fields| fields.0), Ok(vec![]));
}
