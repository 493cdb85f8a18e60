//! How a struct of known types is read from what an older, newer or careless peer has written: the same on every
//! protocol (thrift-idl 8.3, 18).

use kitex_codec::{Bytes, DecodeReason, Protocol, Type};

use crate::sample::{Sample, sample};
use crate::value::{Fields, Value, double, fields_of, list, map, set, structure, text};
use crate::{ALL, limits};

const ID: (i16, Value) = (12, Value::Uuid([9; 16]));

/// What is read of these fields, on every protocol.
fn read(fields: impl IntoIterator<Item = (i16, Value)>) -> Result<Sample, DecodeReason> {
    let fields = fields_of(fields);
    let read = ALL.map(|protocol| {
        let read = protocol.decode::<Sample>(&fields.bytes(protocol), &limits());
        read.map_err(|error| error.reason().clone())
    });
    let [binary, compact, json] = read;
    assert_eq!(compact, binary, "Compact");
    assert_eq!(json, binary, "JSON");
    binary
}

fn only_id() -> Sample {
    Sample { id: sample().id, ..Sample::default() }
}

#[test]
fn a_struct_comes_back() {
    let whole = sample();
    for protocol in ALL {
        let bytes = protocol.encode(&whole, &limits()).unwrap().into_bytes();
        assert_eq!(protocol.decode::<Sample>(&bytes, &limits()).unwrap(), whole, "{protocol:?}");
        assert_eq!(protocol.encode_to_vec(&whole, &limits()).unwrap(), bytes);
        assert_eq!(protocol.decode_slice::<Sample>(&bytes, &limits()).unwrap(), whole);
    }
}

#[test]
fn a_required_field_that_is_missing_or_of_another_type_is_an_error() {
    let missing = DecodeReason::MissingField { structure: "Sample", field: "id", id: 12 };
    assert_eq!(read([]), Err(missing.clone()));
    assert_eq!(read([(12, text("x"))]), Err(missing));
}

#[test]
fn unknown_fields_of_every_type_are_skipped() {
    let i32s = || list(Type::I32, [Value::I32(1), Value::I32(-500)]);
    let unknown = [
        Value::Bool(true),
        Value::Bool(false),
        Value::I8(1),
        Value::I16(-300),
        Value::I32(1 << 30),
        Value::I64(i64::MIN),
        double(1.5),
        text("\"}\\ ] text"),
        Value::Uuid([1; 16]),
        structure([(1, Value::Bool(true)), (200, i32s()), (-5, structure([]))]),
        i32s(),
        set(Type::Bool, [Value::Bool(true), Value::Bool(false)]),
        list(Type::Struct, [structure([(3, text("x"))]), structure([])]),
        map(Type::String, Type::List, [(text("k"), i32s()), (text("l"), list(Type::I32, []))]),
        map(Type::Bool, Type::Bool, [(Value::Bool(true), Value::Bool(false))]),
        map(Type::I8, Type::I8, []),
    ];
    let fields = (400..).zip(unknown).chain([ID, (1, Value::Bool(true))]);
    assert_eq!(read(fields), Ok(Sample { flag: true, ..only_id() }));
}

#[test]
fn known_fields_of_another_type_are_skipped() {
    let others = [
        (1, Value::I8(1)),
        (2, Value::Bool(true)),
        (3, Value::I32(1)),
        (4, Value::I64(1)),
        (5, double(1.0)),
        (6, Value::I64(1)),
        (7, list(Type::String, [text("x")])),
        (8, structure([])),
        (9, set(Type::I32, [Value::I32(1)])),
        (10, list(Type::Bool, [Value::Bool(true)])),
        (11, text("x")),
        (300, Value::I32(1)),
        (14, list(Type::Struct, [structure([ID])])),
        ID,
    ];
    assert_eq!(read(others), Ok(only_id()));
}

#[test]
fn elements_of_another_type_are_skipped_as_a_whole_and_empty_containers_may_be_of_any() {
    let others = [
        (9, list(Type::Struct, [structure([(1, list(Type::Bool, [Value::Bool(true)]))]), structure([])])),
        (10, set(Type::I8, [Value::I8(1)])),
        (11, map(Type::String, Type::I32, [(text("k"), Value::I32(1)), (text("l"), Value::I32(2))])),
        ID,
        (1, Value::Bool(true)),
    ];
    assert_eq!(read(others), Ok(Sample { flag: true, ..only_id() }));
    let empty =
        [(9, list(Type::String, [])), (10, set(Type::Map, [])), (11, map(Type::I8, Type::Set, [])), ID];
    assert_eq!(read(empty), Ok(only_id()));
}

#[test]
fn the_last_of_a_repeated_field_counts_and_replaces_the_first() {
    let inner = |fields: Vec<(i16, Value)>| structure(fields.into_iter().chain([ID]));
    let fields = [
        (4, Value::I32(1)),
        (14, inner(vec![(4, Value::I32(5)), (1, Value::Bool(true))])),
        (4, Value::I32(2)),
        ID,
        (14, inner(vec![(4, Value::I32(6))])),
    ];
    let next = Some(Box::new(Sample { number: 6, ..only_id() }));
    assert_eq!(read(fields), Ok(Sample { number: 2, next, ..only_id() }));
}

#[test]
fn ids_may_be_high_low_and_out_of_order() {
    let fields = [i16::MAX, 300, 299, 128, i16::MIN, -1, 0, 20].map(|id| (id, Value::I32(i32::from(id))));
    let fields = fields.into_iter().chain([ID, (4, Value::I32(7)), (1, Value::Bool(true))]);
    // Field 300 is a union here.
    assert_eq!(read(fields), Ok(Sample { number: 7, flag: true, ..only_id() }));
}

#[test]
fn bytes_behind_the_end_belong_to_the_caller() {
    for protocol in ALL {
        let bytes = protocol.encode(&sample(), &limits()).unwrap().into_bytes();
        let longer = Bytes::from([&bytes[..], b"}]\0more"].concat());
        assert_eq!(protocol.decode::<Sample>(&longer, &limits()).unwrap(), sample());
    }
}

#[test]
fn bytes_behind_the_end_are_refused_where_that_is_asked_for() {
    let mut strict = limits();
    strict.refuse_trailing = true;
    let mut deeper = limits();
    deeper.max_depth = 100;
    let nested = |levels: usize| (1..levels).fold(structure([]), |inner, _| structure([(14, inner)]));
    for protocol in ALL {
        let bytes = protocol.encode(&sample(), &limits()).unwrap().into_bytes();
        let read = protocol.decode::<Sample>(&bytes, &strict).unwrap();
        assert_eq!(protocol.decode_slice::<Sample>(&bytes, &strict).unwrap(), read);
        for behind in [&b"\0"[..], b"}", b" more"] {
            let longer = Bytes::from([&bytes[..], behind].concat());
            let left = behind.trim_ascii_start().len()
                + usize::from(protocol != Protocol::Json && behind[0] == b' ');
            let error = protocol.decode::<Sample>(&longer, &strict).unwrap_err();
            assert_eq!(error.reason(), &DecodeReason::Trailing(left), "{protocol:?}");
            assert!(error.to_string().contains("Limits::refuse_trailing"), "{error}");
            assert_eq!(
                protocol.decode_slice::<Sample>(&longer, &strict).unwrap_err().reason(),
                error.reason()
            );
        }
        let cut = protocol.decode::<Sample>(&bytes.slice(..bytes.len() - 1), &strict).unwrap_err();
        assert!(cut.is_unexpected_end(), "{cut}");
        // An unknown field has as many levels of its own.
        let deep = fields_of([(400, nested(64)), ID]);
        let deep = protocol.encode(&deep, &deeper).unwrap().into_bytes();
        assert_eq!(protocol.decode::<Sample>(&deep, &strict).unwrap(), only_id());
    }
    let line = Bytes::from([&json_of_id()[..], b" \n"].concat());
    assert_eq!(Protocol::Json.decode::<Sample>(&line, &strict).unwrap(), only_id());
}

fn json_of_id() -> Bytes {
    fields_of([ID]).bytes(Protocol::Json)
}

#[test]
fn text_that_is_not_utf8_is_refused_and_a_binary_may_be_anything() {
    let mut sample = sample();
    sample.raw = Bytes::from((0..=255).collect::<Vec<u8>>());
    for protocol in ALL {
        let bytes = protocol.encode(&sample, &limits()).unwrap().into_bytes();
        assert_eq!(protocol.decode::<Sample>(&bytes, &limits()).unwrap(), sample);
    }
    let bad: [(Protocol, &[u8]); 3] = [
        (Protocol::Binary, b"\x0b\0\x07\0\0\0\x01\xff\0"),
        (Protocol::Compact, b"\x78\x01\xff\0"),
        (Protocol::Json, b"{\"7\":{\"str\":\"\xff\"}}"),
    ];
    for (protocol, bytes) in bad {
        let error = protocol.decode::<Sample>(&Bytes::from_static(bytes), &limits()).unwrap_err();
        assert_eq!(error.reason(), &DecodeReason::NotUtf8, "{protocol:?}");
    }
}

/// Samples whose text, and keys, are not UTF-8: short, and long enough to be shared.
fn bad_texts(protocol: Protocol, len: usize) -> Bytes {
    let good = "?".repeat(len);
    let map = map(Type::String, Type::I16, [(text(&format!("k{good}")), Value::I16(1))]);
    let fields = fields_of([(7, text(&format!("a{good}z"))), (11, map), ID, (400, text(&good))]);
    let bytes = fields.bytes(protocol).into_iter().map(|byte| if byte == b'?' { 0xff } else { byte });
    bytes.collect::<Vec<_>>().into()
}

#[test]
fn text_that_is_not_utf8_is_read_with_signs_for_it_where_that_is_asked_for() {
    let mut lossy = limits();
    lossy.lossy_text = true;
    for (protocol, len) in ALL.iter().flat_map(|protocol| [1, 20, 700, 9000].map(|len| (*protocol, len))) {
        let bytes = bad_texts(protocol, len);
        let error = protocol.decode::<Sample>(&bytes, &limits()).unwrap_err();
        assert_eq!(error.reason(), &DecodeReason::NotUtf8, "{protocol:?} {len}");
        let read = protocol.decode::<Sample>(&bytes, &lossy).unwrap();
        let signs = "\u{fffd}".repeat(len);
        assert_eq!(read.text, format!("a{signs}z"), "{protocol:?} {len}");
        assert_eq!(read.map.get(format!("k{signs}").as_str()), Some(&1));
        assert_eq!(protocol.decode::<Sample>(&bytes, &lossy).unwrap(), read);
    }
    let escaped = Bytes::from_static(
        b"{\"7\":{\"str\":\"\\n\xff\"},\"12\":{\"uid\":\"00000000000000000000000000000000\"}}",
    );
    assert_eq!(Protocol::Json.decode::<Sample>(&escaped, &lossy).unwrap().text, "\n\u{fffd}");
    (lossy.min_heap, lossy.heap_factor) = (2000, 0);
    for protocol in ALL {
        let error = protocol.decode::<Sample>(&bad_texts(protocol, 700), &lossy).unwrap_err().to_string();
        assert!(error.contains("heap_factor"), "{error}");
    }
}

/// Of Binary, whose bools are bytes; of Compact see `hostile`, and JSON has no third.
#[test]
fn whatever_is_not_zero_is_true() {
    for byte in 0..=255 {
        let (field, flags) = ([2, 0, 1, byte], [&b"\x0f\0\x02\x02\0\0\0\x02"[..], &[byte, 0]].concat());
        let bytes = [&b"\x0c\0\x0a\0"[..], &field, &flags, &[0]].concat();
        let expected = fields_of([
            (10, structure([])),
            (1, Value::Bool(byte != 0)),
            (2, list(Type::Bool, [Value::Bool(byte != 0), Value::Bool(false)])),
        ]);
        assert_eq!(Protocol::Binary.decode::<Fields>(&bytes.into(), &limits()).unwrap(), expected);
    }
}

#[test]
fn sixty_four_levels_are_read_and_written_and_sixty_five_are_not() {
    let nested = |levels: usize| (1..levels).fold(structure([ID]), |inner, _| structure([ID, (14, inner)]));
    for protocol in ALL {
        let Value::Struct(deepest) = nested(64) else { panic!("a struct") };
        let bytes = deepest.bytes(protocol);
        assert!(protocol.decode::<Sample>(&bytes, &limits()).is_ok(), "{protocol:?}");
        let Value::Struct(too_deep) = nested(65) else { panic!("a struct") };
        let error = protocol.encode(&too_deep, &limits()).unwrap_err().to_string();
        assert!(error.contains("65 is over the limit of 64 (Limits::max_depth)"), "{error}");
        let mut deeper = limits();
        deeper.max_depth = 100;
        let bytes = protocol.encode(&too_deep, &deeper).unwrap().into_bytes();
        let error = protocol.decode::<Sample>(&bytes, &limits()).unwrap_err().to_string();
        assert!(error.contains("65 is over the limit of 64 (Limits::max_depth)"), "{error}");
        let error = protocol.struct_len(&bytes, &limits()).unwrap_err().to_string();
        assert!(error.contains("65 is over the limit of 64 (Limits::max_depth)"), "{error}");
        assert!(protocol.decode::<Sample>(&bytes, &deeper).is_ok());
    }
}
