//! Fields that a build does not know pass through it from any protocol to any other.

use kitex_codec::{Bytes, Field, Message, Protocol, Type, UnknownField};

use crate::sample::Choice;
use crate::value::{Fields, Value, double, fields_of, list, map, set, structure, text};
use crate::{ALL, limits};

fn members() -> [Value; 14] {
    let i64s = list(Type::I64, [Value::I64(1 << 40), Value::I64(-1)]);
    [
        Value::Bool(true),
        Value::Bool(false),
        Value::I8(-1),
        Value::I16(300),
        Value::I32(-70_000),
        Value::I64(1 << 50),
        double(-0.0),
        text("text \"with\" 中"),
        Value::Uuid([3; 16]),
        structure([(1, Value::Bool(true)), (40, i64s.clone()), (2, structure([]))]),
        i64s,
        set(Type::Bool, [Value::Bool(true), Value::Bool(false)]),
        map(Type::I32, Type::Struct, [(Value::I32(1), structure([(1, text("x"))]))]),
        map(Type::I32, Type::I32, []),
    ]
}

fn read<M: Message>(bytes: &Bytes, protocol: Protocol) -> M {
    protocol.decode(bytes, &limits()).unwrap()
}

#[test]
fn an_unknown_member_passes_from_every_protocol_to_every_other() {
    for member in members() {
        let fields = fields_of([(77, member)]);
        for (from, to) in ALL.iter().flat_map(|from| ALL.map(|to| (*from, to))) {
            let kept: Choice = read(&fields.bytes(from), from);
            assert!(matches!(kept, Choice::Unknown(_)));
            let bytes = to.encode(&kept, &limits()).unwrap().into_bytes();
            assert_eq!(read::<Fields>(&bytes, to), fields.comparable(), "{from:?} to {to:?}");
        }
    }
}

#[test]
fn the_same_value_is_kept_alike_whatever_protocol_it_came_in() {
    for member in members().into_iter().take(13) {
        let fields = fields_of([(77, member)]);
        let [binary, compact, json]: [Choice; 3] =
            ALL.map(|protocol| read(&fields.bytes(protocol), protocol));
        assert_eq!(binary, compact);
        assert_eq!(binary, json);
    }
}

#[test]
fn an_empty_map_without_types_is_kept_with_some_that_every_peer_knows() {
    let kept: Choice = read(&Bytes::from_static(b"\x0b\x9a\x01\x00\x00"), Protocol::Compact);
    let binary = Protocol::Binary.encode(&kept, &limits()).unwrap().into_bytes();
    assert_eq!(binary, &b"\x0d\0\x4d\x03\x03\0\0\0\0\0"[..]);
}

#[test]
fn a_kept_binary_is_base64_in_json() {
    let kept = |bytes: &'static [u8], protocol| read::<Choice>(&Bytes::from_static(bytes), protocol);
    let binary = kept(b"\x0b\0\x4d\0\0\0\x02\xff\0\0", Protocol::Binary);
    let json = Protocol::Json.encode(&binary, &limits()).unwrap().into_bytes();
    assert_eq!(json, r#"{"77":{"str":"/wA="}}"#);
}

#[test]
fn a_kept_field_that_a_protocol_has_no_form_for_fails_the_message() {
    let fields = fields_of([(77, map(Type::Struct, Type::I8, [(structure([]), Value::I8(1))]))]);
    let kept: Choice = read(&fields.bytes(Protocol::Compact), Protocol::Compact);
    assert_eq!(
        Protocol::Binary.encode(&kept, &limits()).unwrap().into_bytes(),
        fields.bytes(Protocol::Binary)
    );
    let error = Protocol::Json.encode(&kept, &limits()).unwrap_err().to_string();
    assert!(error.contains("keys are structs or containers"), "{error}");
}

#[test]
fn bytes_that_are_no_value_are_not_written_as_one() {
    let field = Field { kind: Type::List, id: 1 };
    let broken = Choice::Unknown(UnknownField::new(field, Bytes::from_static(b"\x08\0\0\0\x09")));
    for protocol in [Protocol::Compact, Protocol::Json] {
        let error = protocol.encode(&broken, &limits()).unwrap_err().to_string();
        assert!(error.contains("no value of its type"), "{error}");
    }
}

#[test]
fn what_is_kept_is_charged() {
    let fields = fields_of([(77, list(Type::Double, vec![double(1.0); 100_000]))]);
    let mut tight = limits();
    (tight.heap_factor, tight.min_heap) = (1, 0);
    for protocol in [Protocol::Compact, Protocol::Json] {
        let error = protocol.decode::<Choice>(&fields.bytes(protocol), &tight).unwrap_err().to_string();
        assert!(error.contains("heap budget"), "{error}");
        assert!(protocol.decode::<Choice>(&fields.bytes(protocol), &limits()).is_ok());
    }
}
