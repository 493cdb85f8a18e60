//! Bytes that are not what they should be.

use kitex_codec::{Bytes, DecodeError, DecodeReason, EncodeReason, Limits, Protocol};
use proptest::prelude::*;
use thrift::protocol::TSerializable;

use crate::shapes::{Choice, Color, Leaf, Tree};
use crate::{Apache, PROTOCOLS, tree};

fn read<T: TSerializable>(protocol: Protocol, bytes: &[u8]) -> Result<T, DecodeError> {
    let read: Result<Apache<T>, _> = protocol.decode(&Bytes::copy_from_slice(bytes), &Limits::default());
    read.map(|value| value.0)
}

fn refused<T: TSerializable + std::fmt::Debug>(protocol: Protocol, bytes: &[u8]) -> String {
    read::<T>(protocol, bytes).unwrap_err().to_string()
}

#[test]
fn what_is_cut_off_is_refused_wherever_it_ends() {
    for protocol in PROTOCOLS {
        let bytes = protocol.encode(&Apache::from(tree()), &Limits::default()).unwrap().into_bytes();
        for len in 0..bytes.len() {
            assert!(read::<Tree>(protocol, &bytes[..len]).is_err(), "{protocol:?} {len}");
        }
    }
}

/// Generated code would take the one for the other, and the bytes behind it for fields.
#[test]
fn a_value_of_another_type_is_refused() {
    let text = "Apache's generated code: a value of type I32 is read as one of type String";
    assert_eq!(refused::<Leaf>(Protocol::Binary, b"\x08\0\x01\0\0\0\x01\0"), text);
    assert_eq!(refused::<Leaf>(Protocol::Compact, b"\x15\x02\0"), text);
    assert_eq!(refused::<Leaf>(Protocol::Json, br#"{"1":{"i32":1}}"#), text);
    let elements = refused::<Tree>(Protocol::Binary, b"\x0f\0\x0f\x08\0\0\0\x01\0\0\0\x01\0");
    assert_eq!(elements, "Apache's generated code: a value of type I32 is read as one of type Bool");
    let values = refused::<Tree>(Protocol::Json, br#"{"13":{"map":["str","str",1,{"a":"b"}]}}"#);
    assert_eq!(values, "Apache's generated code: a value of type String is read as one of type Struct");
}

#[test]
fn what_generated_code_refuses_is_told_in_its_words() {
    let missing = refused::<Leaf>(Protocol::Binary, b"\0");
    assert!(missing.contains("Leaf.name"), "{missing}");
    assert!(refused::<Choice>(Protocol::Json, b"{}").contains("empty union"));
    let two = refused::<Choice>(Protocol::Json, br#"{"1":{"i32":1},"2":{"str":"x"}}"#);
    assert!(two.contains("multiple fields"), "{two}");
}

#[test]
fn fields_that_nobody_knows_are_skipped() {
    let later =
        br#"{"9":{"map":["str","lst",1,{"k":["i64",2,1,2]}]},"1":{"str":"x"},"8":{"rec":{"1":{"tf":1}}}}"#;
    assert_eq!(read::<Leaf>(Protocol::Json, later).unwrap(), Leaf::new("x".to_owned(), 0));
    assert!(read::<Leaf>(Protocol::Compact, b"\x18\x01x\x81\0").is_ok());
}

/// Generated code panics at the one.
#[test]
fn a_member_that_a_union_does_not_know_is_refused() {
    let later: [&[u8]; 3] = [b"\x0c\0\x63\0\0", b"\x0c\xc6\x01\0\0", br#"{"99":{"rec":{}}}"#];
    for (protocol, bytes) in PROTOCOLS.into_iter().zip(later) {
        let refused = refused::<Choice>(protocol, bytes);
        assert!(refused.contains("multiple fields"), "{refused}");
        // To a struct it is a field like any other.
        let read: Tree = read(protocol, bytes).unwrap_or_else(|error| panic!("{protocol:?}: {error}"));
        assert_eq!(read, Tree::default());
    }
    // In a field, and behind it another one.
    let inside = br#"{"10":{"rec":{"9":{"lst":["i8",1,1]}}},"1":{"tf":1}}"#;
    assert!(self::refused::<Tree>(Protocol::Json, inside).contains("multiple fields"));
    let beside = br#"{"11":{"rec":{"99":{"lst":["i8",1,1]}}},"1":{"tf":1}}"#;
    let read: Tree = read(Protocol::Json, beside).unwrap();
    assert_eq!((read.truth, read.child), (Some(true), Some(Box::new(Tree::default()))));
}

#[test]
fn depth_is_held_in_both_directions() {
    let nested = |depth: usize| {
        (1..depth).fold(Tree::default(), |child, _| Tree { child: Some(Box::new(child)), ..Tree::default() })
    };
    let mut deeper = Limits::default();
    deeper.max_depth = 100;
    for protocol in PROTOCOLS {
        let setting = |text: String| assert!(text.contains("(Limits::max_depth)"), "{text}");
        // A tree has lists in it, which are a level more, and lists in those.
        let bytes = protocol.encode(&Apache::from(nested(62)), &Limits::default()).unwrap().into_bytes();
        assert_eq!(read::<Tree>(protocol, &bytes).unwrap(), nested(62));
        setting(protocol.encode(&Apache::from(nested(65)), &Limits::default()).unwrap_err().to_string());
        let bytes = protocol.encode(&Apache::from(nested(65)), &deeper).unwrap().into_bytes();
        setting(refused::<Tree>(protocol, &bytes));
    }
}

#[test]
fn an_enum_is_no_message() {
    for protocol in PROTOCOLS {
        let error = protocol.encode(&Apache::from(Color::RED), &Limits::default()).unwrap_err();
        assert!(matches!(error.reason(), EncodeReason::Unwritable { .. }), "{error}");
        let error = read::<Color>(protocol, b"\0\0\0\x01").unwrap_err();
        assert!(matches!(error.reason(), DecodeReason::Apache(_)), "{error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for protocol in PROTOCOLS {
            let _ = read::<Tree>(protocol, &bytes);
            let _ = read::<Choice>(protocol, &bytes);
        }
    }

    #[test]
    fn flipped_bits_are_survived(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
    ) {
        for protocol in PROTOCOLS {
            let bytes = protocol.encode(&Apache::from(tree()), &Limits::default()).unwrap().into_bytes();
            let mut bytes = Vec::from(bytes);
            for (at, bit) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            if let Ok(read) = read::<Tree>(protocol, &bytes) {
                let again = protocol.encode(&Apache::from(read), &Limits::default());
                prop_assert!(again.is_ok());
            }
        }
    }
}
