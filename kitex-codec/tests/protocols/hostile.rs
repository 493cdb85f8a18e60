//! Input that no writer makes (thrift-idl 16 and 17).

use kitex_codec::{Bytes, DecodeReason, Protocol, Type};

use crate::sample::{Sample, sample};
use crate::value::{Fields, Value, double, fields_of, list, map, structure, text};
use crate::{ALL, limits};

fn compact(bytes: &[u8]) -> Result<Fields, DecodeReason> {
    read(Protocol::Compact, bytes)
}

fn json(text: &str) -> Result<Fields, DecodeReason> {
    read(Protocol::Json, text.as_bytes())
}

fn read(protocol: Protocol, bytes: &[u8]) -> Result<Fields, DecodeReason> {
    let read = protocol.decode(&Bytes::copy_from_slice(bytes), &limits());
    read.map_err(|error| error.reason().clone())
}

fn one(value: Value) -> Result<Fields, DecodeReason> {
    Ok(fields_of([(1, value)]))
}

#[test]
fn every_truncation_is_an_error_and_every_flipped_bit_is_survived() {
    for protocol in ALL {
        let bytes = protocol.encode(&sample(), &limits()).unwrap().into_bytes();
        for len in 0..bytes.len() {
            let error = protocol.decode::<Sample>(&bytes.slice(..len), &limits()).unwrap_err();
            let short =
                matches!(error.reason(), DecodeReason::UnexpectedEnd | DecodeReason::CountTooLarge { .. });
            assert!(short, "{protocol:?} cut at {len}: {error}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let _ = protocol.decode::<Sample>(&flipped.clone().into(), &limits());
            let _ = protocol.struct_len(&flipped, &limits());
        }
    }
}

#[test]
fn compact_reads_both_forms_of_a_header() {
    assert_eq!(compact(b"\x15\x02\0"), one(Value::I32(1)));
    assert_eq!(compact(b"\x05\x02\x02\0"), one(Value::I32(1)));
    assert_eq!(compact(b"\x05\x82\x80\x00\x02\0"), one(Value::I32(1)), "an id in more bytes than it needs");
    let apart = fields_of([(1, Value::I32(1)), (16, Value::Bool(true))]);
    assert_eq!(compact(b"\x15\x02\x01\x20\0"), Ok(apart.clone()), "15 in the long form");
    assert_eq!(compact(b"\x15\x02\xf1\0"), Ok(apart));
    assert_eq!(
        compact(b"\x19\xf5\x01\x02\0"),
        one(list(Type::I32, [Value::I32(1)])),
        "a short list's long form"
    );
    let same = fields_of([(1, Value::I8(1)), (1, Value::I8(2)), (-3, Value::I8(3))]);
    assert_eq!(compact(b"\x13\x01\x03\x02\x02\x03\x05\x03\0"), Ok(same));
}

#[test]
fn compact_refuses_ids_that_are_no_i16() {
    let malformed = |what| Err(DecodeReason::Malformed { protocol: "Compact", what });
    assert_eq!(compact(b"\x03\xfe\xff\x03\x01\x13\x01\0"), malformed("a field's id is over 32767"));
    assert_eq!(compact(b"\x03\x80\x80\x04\x01\0"), malformed("a number has more bits than its type"));
    let last = fields_of([(32767, Value::I8(1))]);
    assert_eq!(compact(b"\x03\xfe\xff\x03\x01\0"), Ok(last));
}

#[test]
fn compact_reads_bools_of_all_writers() {
    let bools = |bytes: &[u8]| compact(&[b"\x19", bytes, b"\0"].concat());
    let both = || one(list(Type::Bool, [Value::Bool(true), Value::Bool(false)]));
    assert_eq!(bools(b"\x21\x01\x02"), both());
    assert_eq!(bools(b"\x22\x01\x00"), both());
    assert!(bools(b"\x21\x01\x03").is_err());
    let map_of = map(Type::Bool, Type::Bool, [(Value::Bool(true), Value::Bool(false))]);
    assert_eq!(compact(b"\x1b\x01\x22\x01\x00\0"), one(map_of));
}

#[test]
fn compact_holds_numbers_to_their_width() {
    assert_eq!(compact(b"\x15\x80\x80\x00\0"), one(Value::I32(0)));
    assert!(compact(b"\x15\x80\x80\x80\x80\x10\0").is_err());
    assert!(compact(b"\x15\x80\x80\x80\x80\x80\x00\0").is_err());
    assert_eq!(compact(b"\x14\xff\xff\x03\0"), one(Value::I16(i16::MIN)));
    assert!(compact(b"\x14\x80\x80\x04\0").is_err());
    assert!(compact(b"\x16\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\0").is_err());
}

#[test]
fn lengths_that_lie_are_refused_before_memory_is_taken() {
    for bytes in
        [&b"\x18\xff\xff\xff\xff\x0f"[..], b"\x19\xf5\xff\xff\xff\xff\x0f", b"\x1b\x80\x80\x80\x80\x08\x55"]
    {
        assert!(matches!(compact(bytes), Err(DecodeReason::NegativeLength(_))), "{bytes:02x?}");
    }
    for bytes in [
        &b"\x19\xfc\xff\xff\xff\xff\x07\0\0\0"[..],
        b"\x1b\xff\xff\xff\xff\x07\x55\0\0\0",
        b"\x19\x37\0\0\0\0\0\0\0\0\0",
    ] {
        assert!(matches!(compact(bytes), Err(DecodeReason::CountTooLarge { .. })), "{bytes:02x?}");
    }
    for text in [r#"{"1":{"lst":["i8",2147483647,1]}}"#, r#"{"1":{"map":["i8","i8",3,{"1":1}]}}"#] {
        assert!(matches!(json(text), Err(DecodeReason::CountTooLarge { .. })), "{text}");
    }
    assert_eq!(json(r#"{"1":{"lst":["i8",-1]}}"#), Err(DecodeReason::NegativeLength(-1)));
    assert_eq!(compact(b"\x19\x3e\0\0\0\0"), Err(DecodeReason::UnknownType(14)));
    assert_eq!(compact(b"\x1e\0"), Err(DecodeReason::UnknownType(14)));
}

#[test]
fn deep_input_takes_no_stack() {
    let deep: [(Protocol, Vec<u8>); 3] = [
        (Protocol::Binary, b"\x0f\0\x63".iter().copied().chain(b"\x0f\0\0\0\x01".repeat(1 << 20)).collect()),
        (Protocol::Compact, [&b"\x09\xc6\x01"[..], &b"\x19".repeat(1 << 20)].concat()),
        (Protocol::Json, [&br#"{"99":{"lst":"#[..], &br#"["lst",1,"#.repeat(1 << 20)].concat()),
    ];
    for (protocol, bytes) in deep {
        let error = protocol.decode::<Sample>(&bytes.into(), &limits()).unwrap_err().to_string();
        assert!(error.contains("Limits::max_depth"), "{protocol:?}: {error}");
    }
}

#[test]
fn json_reads_what_other_writers_write() {
    assert_eq!(json(" { \"1\" : {\t\"i32\" :\n 5 } } "), one(Value::I32(5)));
    assert_eq!(json(r#"{"1":{"str":"\/\u0041\ud83d\ude00"}}"#), one(text("/A😀")));
    assert_eq!(read(Protocol::Json, b"{\"1\":{\"str\":\"raw \x01\n\"}}"), one(text("raw \x01\n")));
    for (form, value) in [
        ("NaN", f64::NAN),
        ("nan", f64::NAN),
        ("\"NaN\"", f64::NAN),
        ("inf", f64::INFINITY),
        ("\"Infinity\"", f64::INFINITY),
        ("-inf", f64::NEG_INFINITY),
        ("\"-Infinity\"", f64::NEG_INFINITY),
        ("1", 1.0),
        ("\"1.5\"", 1.5),
        ("-0.0", -0.0),
        ("1E+3", 1000.0),
        ("1e-3", 0.001),
    ] {
        assert_eq!(json(&format!(r#"{{"1":{{"dbl":{form}}}}}"#)), one(double(value)), "{form}");
    }
    let keys = map(Type::Double, Type::I8, [(double(f64::NAN), Value::I8(1)), (double(2.0), Value::I8(2))]);
    assert_eq!(json(r#"{"1":{"map":["dbl","i8",2,{"NaN":1,"2":2}]}}"#), one(keys));
    let by_struct = map(Type::Struct, Type::I8, [(structure([(1, Value::I8(3))]), Value::I8(1))]);
    assert_eq!(json(r#"{"1":{"map":["rec","i8",1,{{"1":{"i8":3}}:1}]}}"#), one(by_struct));
    assert_eq!(json(r#"{"1":{"lst":["new",0]}}"#), one(list(Type::Void, [])));
}

#[test]
fn json_refuses_what_breaks_its_grammar() {
    for value in [
        r#"{"i32":"5"}"#,
        r#"{"i32":5.0}"#,
        r#"{"i32":+5}"#,
        r#"{"i32":}"#,
        r#"{"i32":2147483648}"#,
        r#"{"i8":128}"#,
        r#"{"i64":9223372036854775808}"#,
        r#"{"tf":2}"#,
        r#"{"tf":true}"#,
        r#"{"dbl":1n}"#,
        r#"{"dbl":infinity}"#,
        r#"{"dbl":"x"}"#,
        r#"{"str":5}"#,
        r#"{"str":"\ud800"}"#,
        r#"{"str":"\q"}"#,
        r#"{"odd":1}"#,
        r#"{"uid":"00112233-4455-6677-8899-aabbccddee"}"#,
        r#"{"uid":"00112233-4455-6677-8899-aabbccddeefg"}"#,
        r#"{"i32":1,"i32":2}"#,
        r#"{"lst":["i32",1,1,2]}"#,
        r#"{"lst":["i32",2,1 2]}"#,
        r#"{"lst":["i32",2,1,]}"#,
        r#"{"lst":["odd",1,1]}"#,
        r#"{"map":["i32","i32",1,{1:1}]}"#,
        r#"{"map":["i32","i32",1,{"1" 1}]}"#,
        r#"{"map":["i32","i32",1,{"1":1,"2":2}]}"#,
        "5",
    ] {
        let text = format!(r#"{{"1":{value}}}"#);
        let error = json(&text).unwrap_err();
        let malformed = matches!(error, DecodeReason::Malformed { protocol: "JSON", .. });
        assert!(malformed, "{text}: {error:?}");
    }
    for text in [r#"{"x":{"i32":1}}"#, r#"{"40000":{"i32":1}}"#, r#"{1:{"i32":1}}"#, r#"{,}"#, "[]"] {
        assert!(matches!(json(text), Err(DecodeReason::Malformed { .. })), "{text}");
    }
    assert!(matches!(json(r#"{"1":{"i32":1}"2":{"i32":1}}"#), Err(DecodeReason::Malformed { .. })));
}

#[test]
fn a_map_with_structs_as_keys_is_not_written_as_json() {
    let keys = fields_of([(1, map(Type::List, Type::I8, [(list(Type::I8, []), Value::I8(1))]))]);
    let error = Protocol::Json.encode(&keys, &limits()).unwrap_err().to_string();
    assert!(error.contains("keys are structs or containers"), "{error}");
    let none = fields_of([(1, map(Type::List, Type::I8, []))]);
    assert_eq!(none.bytes(Protocol::Json), r#"{"1":{"map":["lst","i8",0,{}]}}"#);
}

#[test]
fn counts_and_lengths_over_a_limit_are_refused_in_both_directions() {
    let fields = fields_of([(7, text(&"x".repeat(101))), (9, list(Type::I32, vec![Value::I32(1); 101]))]);
    for (setting, string, container) in [("max_string", 100, 1000), ("max_container", 1000, 100)] {
        let mut tight = limits();
        (tight.max_string, tight.max_container) = (string, container);
        for protocol in ALL {
            let refused = protocol.encode(&fields, &tight).unwrap_err().to_string();
            assert!(refused.contains(setting), "{refused}");
            let refused = protocol.decode::<Sample>(&fields.bytes(protocol), &tight).unwrap_err().to_string();
            assert!(refused.contains(setting), "{protocol:?}: {refused}");
        }
    }
}
