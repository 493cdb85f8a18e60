//! The byte vectors of thrift-idl 16.4, written and read.

use kitex_codec::{
    ApplicationException, Bytes, DecodeError, DecodeReason, EncodeError, Envelope, Message, MessageType,
    Output, Protocol, ThriftReader, ThriftWriter, Type,
};

use crate::limits;
use crate::sample::Choice;
use crate::value::{Fields, Value, double, fields_of, list, map, set, structure, text};

/// A struct and its bytes; an empty text where the document has none.
struct Row {
    fields: Fields,
    binary: &'static str,
    compact: &'static str,
    json: &'static str,
}

fn row(
    fields: impl IntoIterator<Item = (i16, Value)>,
    binary: &'static str,
    compact: &'static str,
    json: &'static str,
) -> Row {
    Row { fields: fields_of(fields), binary, compact, json }
}

fn bytes_of(hex: &str) -> Bytes {
    let digits: Vec<u8> = hex.bytes().filter(|byte| *byte != b' ').collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn assert_row(row: &Row) {
    let columns = [
        (Protocol::Binary, bytes_of(row.binary)),
        (Protocol::Compact, bytes_of(row.compact)),
        (Protocol::Json, Bytes::from_static(row.json.as_bytes())),
    ];
    for (protocol, bytes) in columns.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
        assert_eq!(row.fields.bytes(protocol), bytes, "{protocol:?} of {:?}", row.fields);
        let read: Fields = protocol.decode(&bytes, &limits()).unwrap();
        assert_eq!(read, row.fields.comparable(), "{protocol:?}");
    }
}

fn numbers(a: i8, b: i16, c: i32, d: i64, e: f64) -> [(i16, Value); 5] {
    [(1, Value::I8(a)), (2, Value::I16(b)), (3, Value::I32(c)), (4, Value::I64(d)), (5, double(e))]
}

fn bools<const N: usize>(fields: [(i16, bool); N]) -> impl IntoIterator<Item = (i16, Value)> {
    fields.map(|(id, value)| (id, Value::Bool(value)))
}

/// A whole message without arguments in each protocol.
fn assert_message(kind: MessageType, name: &str, sequence: i32, hex: [&str; 2], json: &str) {
    let columns = [
        (Protocol::Binary, bytes_of(hex[0])),
        (Protocol::Compact, bytes_of(hex[1])),
        (Protocol::Json, Bytes::copy_from_slice(json.as_bytes())),
    ];
    for (protocol, bytes) in columns {
        let envelope = Envelope { kind, name: name.as_bytes(), sequence };
        let mut out = Output::new();
        protocol.encode_envelope(&envelope, &mut out).unwrap();
        out.tail().extend_from_slice(protocol.empty_struct());
        out.tail().extend_from_slice(protocol.trailer());
        assert_eq!(out.take_segments().into_bytes(), bytes, "{protocol:?}");
        let (read, body) = protocol.decode_message(&bytes, &limits()).unwrap();
        assert_eq!((read, &bytes[body]), (envelope, protocol.empty_struct()));
    }
}

#[test]
fn messages() {
    let (call, reply, oneway) = (MessageType::CALL, MessageType::REPLY, MessageType::ONEWAY);
    let hex = ["800100010000000470696e670000000100", "8221010470696e6700"];
    assert_message(call, "ping", 1, hex, r#"[1,"ping",1,1,{}]"#);
    let hex = ["800100040000000470696e670000000000", "8281000470696e6700"];
    assert_message(oneway, "ping", 0, hex, r#"[1,"ping",4,0,{}]"#);
    let hex = ["800100020000000470696e67ffffffff00", "8241ffffffff0f0470696e6700"];
    assert_message(reply, "ping", -1, hex, r#"[1,"ping",2,-1,{}]"#);
    let hex = ["80010001000000007fffffff00", "8221ffffffff070000"];
    assert_message(call, "", i32::MAX, hex, r#"[1,"",1,2147483647,{}]"#);
}

/// A binary under 2.
#[derive(Debug, Default)]
struct Holder(Bytes);

impl Message for Holder {
    fn encode<W: ThriftWriter>(&self, _: &mut W) -> Result<(), EncodeError> {
        unreachable!("it is only read")
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut holder = Self::default();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            assert_eq!((field.id, field.kind), (2, Type::String));
            holder.0 = from.read_bytes()?;
        }
        Ok(holder)
    }
}

#[test]
fn a_binary() {
    let fields = fields_of([(2, Value::Raw(vec![1, 2]))]);
    assert_eq!(fields.bytes(Protocol::Binary), bytes_of("0b000200000002010200"));
    assert_eq!(fields.bytes(Protocol::Compact), bytes_of("2802010200"));
    assert_eq!(fields.bytes(Protocol::Json), r#"{"2":{"str":"AQI="}}"#);
    // By a type that says that it is none of text, which the bytes do not.
    let read = |protocol: Protocol, bytes: &'static [u8]| {
        let binary: Holder = protocol.decode(&Bytes::from_static(bytes), &limits()).unwrap();
        assert_eq!(binary.0, &[1, 2][..], "{protocol:?}");
    };
    read(Protocol::Binary, b"\x0b\0\x02\0\0\0\x02\x01\x02\0");
    read(Protocol::Compact, b"\x28\x02\x01\x02\0");
    read(Protocol::Json, br#"{"2":{"str":"AQI="}}"#);
    read(Protocol::Json, br#"{"2":{"str":"AQI"}}"#);
}

/// The members of the union that the document says must be refused.
#[test]
fn a_union_of_two_members() {
    let columns =
        [(Protocol::Binary, "080001000000050b0002000000017800"), (Protocol::Compact, "150a18017800")];
    for (protocol, hex) in columns {
        let error = protocol.decode::<Choice>(&bytes_of(hex), &limits()).unwrap_err();
        assert_eq!(error.reason(), &DecodeReason::UnionMembers("Choice"), "{protocol:?}");
    }
}

#[test]
fn bools_and_their_field_headers() {
    let rows = [
        row(bools([]), "00", "00", "{}"),
        row(bools([(1, true), (2, false), (20, true)]), "02000101020002000200140100", "1112012800", ""),
        row(bools([(20, true)]), "0200140100", "012800", ""),
        row(bools([(3, true), (20, false)]), "020003010200140000", "31022800", ""),
    ];
    rows.iter().for_each(assert_row);
}

#[test]
fn numbers_at_their_limits() {
    let rows = [
        row(
            numbers(i8::MIN, i16::MIN, i32::MIN, i64::MIN, -0.0),
            "030001800600028000080003800000000a00048000000000000000040005800000000000000000",
            "138014ffff0315ffffffff0f16ffffffffffffffffff0117000000000000008000",
            "",
        ),
        row(
            numbers(i8::MAX, i16::MAX, i32::MAX, i64::MAX, std::f64::consts::PI),
            "0300017f0600027fff0800037fffffff0a00047fffffffffffffff040005400921fb54442d1800",
            "137f14feff0315feffffff0f16feffffffffffffffff0117182d4454fb21094000",
            "",
        ),
        row(
            numbers(-1, 0, 1, -1, 1.5),
            "030001ff0600020000080003000000010a0004ffffffffffffffff0400053ff800000000000000",
            "13ff14001502160117000000000000f83f00",
            "",
        ),
        row([(5, double(f64::NAN))], "0400057ff800000000000000", "57000000000000f87f00", ""),
        row([(5, double(f64::INFINITY))], "0400057ff000000000000000", "57000000000000f07f00", ""),
        row([(5, double(f64::NEG_INFINITY))], "040005fff000000000000000", "57000000000000f0ff00", ""),
        row([(1, text("")), (2, text(""))], "0b0001000000000b00020000000000", "1800180000", ""),
    ];
    rows.iter().for_each(assert_row);
}

#[test]
fn ids_apart_by_up_to_and_more_than_fifteen() {
    let ids = [1, 16, 32, 33, 300].into_iter().zip(1..);
    assert_row(&row(
        ids.map(|(id, value)| (id, Value::I32(value))),
        "0800010000000108001000000002080020000000030800210000000408012c0000000500",
        "1502f504054006150805d8040a00",
        "",
    ));
}

#[test]
fn empty_containers() {
    let fields = [
        list(Type::I32, []),
        set(Type::String, []),
        map(Type::I32, Type::String, []),
        list(Type::Bool, []),
        map(Type::String, Type::Bool, []),
        list(Type::List, []),
        list(Type::Struct, []),
        map(Type::Bool, Type::I8, []),
    ];
    assert_row(&row(
        (1..).zip(fields),
        "0f000108000000000e00020b000000000d0003080b000000000f000402000000000d00050b0200000000\
        0f00060f000000000f00070c000000000d000802030000000000",
        "19051a081b0019011b001909190c1b0000",
        "",
    ));
}

#[test]
fn containers_of_one_element() {
    let i32s = |values: &[i32]| list(Type::I32, values.iter().map(|value| Value::I32(*value)));
    let fields = [
        i32s(&[1]),
        set(Type::String, [text("a")]),
        map(Type::I32, Type::String, [(Value::I32(1), text("x"))]),
        list(Type::Bool, [Value::Bool(true), Value::Bool(false)]),
        map(Type::String, Type::Bool, [(text("k"), Value::Bool(true))]),
        list(Type::List, [i32s(&[1]), i32s(&[])]),
        list(Type::Struct, [structure([]), structure([])]),
        map(Type::Bool, Type::I8, [(Value::Bool(true), Value::I8(1))]),
    ];
    assert_row(&row(
        (1..).zip(fields),
        "0f00010800000001000000010e00020b0000000100000001610d0003080b00000001000000010000000178\
        0f0004020000000201000d00050b0200000001000000016b010f00060f0000000208000000010000000108000000000f0007\
        0c0000000200000d0008020300000001010100",
        "1915021a1801611b0158020178192101021b0181016b011929150205192c00001b0113010100",
        concat!(
            r#"{"1":{"lst":["i32",1,1]},"2":{"set":["str",1,"a"]},"3":{"map":["i32","str",1,{"1":"x"}]},"#,
            r#""4":{"lst":["tf",2,1,0]},"5":{"map":["str","tf",1,{"k":1}]},"#,
            r#""6":{"lst":["lst",2,["i32",1,1],["i32",0]]},"7":{"lst":["rec",2,{},{}]},"#,
            r#""8":{"map":["tf","i8",1,{"1":1}]}}"#
        ),
    ));
}

#[test]
fn lists_around_the_longest_short_header() {
    for (len, head) in [(14, "19e5"), (15, "19f50f")] {
        let fields = fields_of([(1, list(Type::I32, (0..len).map(Value::I32)))]);
        let numbers = (0..len).map(|value| value as u8 * 2);
        let expected: Vec<u8> = bytes_of(head).into_iter().chain(numbers).chain([0]).collect();
        assert_eq!(fields.bytes(Protocol::Compact), expected);
        assert_eq!(Protocol::Compact.decode::<Fields>(&expected.into(), &limits()).unwrap(), fields);
    }
}

#[test]
fn structs_in_structs() {
    let inner = structure(bools([(1, true), (2, false)]));
    let in_list = list(Type::Struct, [structure(bools([(20, true)]))]);
    let rows = [
        row(
            [(1, inner), (2, Value::I32(7)), (3, in_list), (4, Value::I32(9))],
            "0c0001020001010200020000080002000000070f00030c0000000102001401000800040000000900",
            "1c111200150e191c012800151200",
            "",
        ),
        row(
            [(1, structure([(1, Value::I32(5))])), (2, Value::I32(-2))],
            "0c00010800010000000500080002fffffffe00",
            "1c150a00150300",
            "",
        ),
        row([(1, structure([])), (2, Value::I32(1))], "0c0001000800020000000100", "1c00150200", ""),
    ];
    rows.iter().for_each(assert_row);
}

#[test]
fn uuids() {
    let some = Value::Uuid(*b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff");
    assert_row(&row(
        [(1, some), (2, list(Type::Uuid, [Value::Uuid([0; 16])]))],
        "10000100112233445566778899aabbccddeeff0f0002100000000100000000000000000000000000000000\
        00",
        "1d00112233445566778899aabbccddeeff191d0000000000000000000000000000000000",
        r#"{"1":{"uid":"00112233-4455-6677-8899-aabbccddeeff"},"2":{"lst":["uid",1,"00000000-0000-0000-0000-000000000000"]}}"#,
    ));
}

#[test]
fn keys_of_maps_in_json() {
    assert_row(&row(
        [
            (1, map(Type::I32, Type::I32, [(Value::I32(1), Value::I32(-2))])),
            (2, map(Type::Double, Type::String, [(double(1.5), text("a"))])),
            (
                3,
                map(
                    Type::Bool,
                    Type::I8,
                    [(Value::Bool(true), Value::I8(1)), (Value::Bool(false), Value::I8(2))],
                ),
            ),
        ],
        "",
        "",
        concat!(
            r#"{"1":{"map":["i32","i32",1,{"1":-2}]},"2":{"map":["dbl","str",1,{"1.5":"a"}]},"#,
            r#""3":{"map":["tf","i8",2,{"1":1,"0":2}]}}"#
        ),
    ));
}

#[test]
fn an_exception() {
    let exception = ApplicationException { code: 1, message: "Invalid method name: x".into() };
    let columns = [
        (Protocol::Binary, "0b000100000016496e76616c6964206d6574686f64206e616d653a20780800020000000100"),
        (Protocol::Compact, "1816496e76616c6964206d6574686f64206e616d653a2078150200"),
    ];
    for (protocol, hex) in columns {
        let bytes = protocol.encode(&exception, &limits()).unwrap().into_bytes();
        assert_eq!(bytes, bytes_of(hex));
        assert_eq!(protocol.decode::<ApplicationException>(&bytes, &limits()).unwrap(), exception);
    }
}
