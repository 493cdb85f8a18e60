//! The same bytes and values as Apache's own protocols.

use std::collections::BTreeMap;

use kitex_codec::{Bytes, Limits, Message, Protocol, compact};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol, TSerializable,
};
use thrift::transport::{TBufferChannel, TIoChannel};

use crate::shapes::{Choice, Fault, Tree};
use crate::{Apache, PROTOCOLS, leaf, tree};

fn every() -> Tree {
    Tree { keyed: Some(BTreeMap::from([(leaf("key"), vec![vec![0, 255], Vec::new()])])), ..tree() }
}

fn encoded<T: TSerializable>(protocol: Protocol, value: T) -> Bytes {
    protocol.encode(&Apache::from(value), &Limits::default()).unwrap().into_bytes()
}

/// What Apache's own protocol writes.
fn apaches<T: TSerializable>(protocol: Protocol, value: &T) -> Vec<u8> {
    let channel = TBufferChannel::with_capacity(0, 1 << 16);
    let (_, write) = channel.split().unwrap();
    match protocol {
        Protocol::Compact => {
            value.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut write.clone()))
        }
        _ => value.write_to_out_protocol(&mut TBinaryOutputProtocol::new(&mut write.clone(), true)),
    }
    .unwrap();
    write.write_bytes()
}

/// What Apache's own protocol reads.
fn read_by_apache<T: TSerializable>(protocol: Protocol, bytes: &[u8]) -> T {
    match protocol {
        Protocol::Compact => T::read_from_in_protocol(&mut TCompactInputProtocol::new(bytes)),
        _ => T::read_from_in_protocol(&mut TBinaryInputProtocol::new(bytes, true)),
    }
    .unwrap()
}

#[test]
fn binary_is_byte_for_byte_what_apache_writes() {
    assert_eq!(encoded(Protocol::Binary, every()), apaches(Protocol::Binary, &every()));
    assert_eq!(encoded(Protocol::Binary, Tree::default()), apaches(Protocol::Binary, &Tree::default()));
}

/// Not by the byte: Apache's Rust writes some headers in their longer form (spec: thrift-idl 16.2).
#[test]
fn each_reads_what_the_other_has_written() {
    for protocol in [Protocol::Binary, Protocol::Compact] {
        let read: Tree = read_by_apache(protocol, &encoded(protocol, every()));
        assert_eq!(read, every());
        let bytes = Bytes::from(apaches(protocol, &every()));
        let read: Apache<Tree> = protocol.decode(&bytes, &Limits::default()).unwrap();
        assert_eq!(read.0, every());
    }
}

#[test]
fn values_come_back_by_every_protocol() {
    for protocol in PROTOCOLS {
        let read: Apache<Tree> = protocol.decode(&encoded(protocol, tree()), &Limits::default()).unwrap();
        assert_eq!(read.0, tree());
        let text = Choice::Text("x".into());
        let read: Apache<Choice> =
            protocol.decode(&encoded(protocol, text.clone()), &Limits::default()).unwrap();
        assert_eq!(read.0, text);
        let read: Apache<Fault> =
            protocol.decode(&encoded(protocol, Fault::new(None)), &Limits::default()).unwrap();
        assert_eq!(read.0, Fault::new(String::new()));
    }
}

/// A struct of a service that has moved, with one of the code base in it.
#[derive(Default)]
struct Around(Apache<Tree>);

impl Message for Around {
    fn encode<W: kitex_codec::ThriftWriter>(&self, out: &mut W) -> Result<(), kitex_codec::EncodeError> {
        out.begin_struct()?;
        out.write_bool_field(1, true);
        out.write_field(kitex_codec::Type::Struct, 2);
        self.0.encode(out)?;
        out.write_i32_field(3, 5);
        out.end_struct();
        Ok(())
    }

    fn decode<R: kitex_codec::ThriftReader>(from: &mut R) -> Result<Self, kitex_codec::DecodeError> {
        let mut around = Self::default();
        let mut others = Vec::new();
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match field.id {
                2 => around.0 = Message::decode(from)?,
                id => {
                    others.push(id);
                    from.skip(field.kind)?;
                }
            }
        }
        assert_eq!(others, [1, 3]);
        Ok(around)
    }
}

#[test]
fn they_stand_inside_of_other_messages() {
    for protocol in PROTOCOLS {
        let bytes = protocol.encode(&Around(tree().into()), &Limits::default()).unwrap().into_bytes();
        let read: Around = protocol.decode(&bytes, &Limits::default()).unwrap();
        assert_eq!(read.0.0, tree());
    }
}

#[test]
fn one_is_wrapped_without_naming_its_structs() {
    let stored = compact::encode_to_vec(&kitex_codec::Apache::new(leaf("x")), &Limits::default()).unwrap();
    let read: kitex_codec::Apache<crate::shapes::Leaf> =
        compact::decode_slice(&stored, &Limits::default()).unwrap();
    assert_eq!(*read, leaf("x"));
}
