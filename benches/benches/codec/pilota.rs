//! A rival: `pilota`, the codec of Volo. Its types are what `pilota-build` 0.13.12 makes of the same structs of
//! `idl/bench.thrift`; they stand here, so that a build does not need it.
//! Two things were changed, since without them they read no struct within a struct, and no bool, from Compact: the calls
//! that add up lengths while a struct is decoded are gone, and one at its end, which takes up the id before, is there.
//! In Binary these calls do nothing.

use benches::bench;
use kitex_codec::{Bytes, BytesMut, Str};
use pilota::FastStr;
use pilota::thrift::binary::TBinaryProtocol;
use pilota::thrift::compact::{TCompactInputProtocol, TCompactOutputProtocol};
use pilota::thrift::{Message, ThriftException};

#[allow(unsafe_code, reason = "it is what the rival runs")]
mod made {
    include!("pilota/shapes.in");
}
use made::shapes::bench::{Kind, Mixed, Nested, Numbers, Owner, Part, Point, Texts};

/// Writes and reads as Volo does: the size is found, memory for it is taken, and the value is written to it. Long
/// texts share the bytes that they are read from, and long binaries are written by reference where that is possible.
pub(super) trait Protocol {
    fn encode<M: Message>(value: &M) -> Result<Bytes, ThriftException>;
    fn decode<M: Message>(bytes: &Bytes) -> Result<M, ThriftException>;
}

pub(super) struct Binary;
pub(super) struct Compact;

impl Protocol for Binary {
    fn encode<M: Message>(value: &M) -> Result<Bytes, ThriftException> {
        let size = value.size(&mut TBinaryProtocol::new((), false));
        let mut memory = BytesMut::with_capacity(size);
        value.encode(&mut TBinaryProtocol::new(&mut memory, false))?;
        Ok(memory.freeze())
    }

    fn decode<M: Message>(bytes: &Bytes) -> Result<M, ThriftException> {
        M::decode(&mut TBinaryProtocol::new(&mut bytes.clone(), false))
    }
}

impl Protocol for Compact {
    fn encode<M: Message>(value: &M) -> Result<Bytes, ThriftException> {
        let size = value.size(&mut TCompactOutputProtocol::new((), false));
        let mut memory = BytesMut::with_capacity(size);
        value.encode(&mut TCompactOutputProtocol::new(&mut memory, false))?;
        Ok(memory.freeze())
    }

    fn decode<M: Message>(bytes: &Bytes) -> Result<M, ThriftException> {
        M::decode(&mut TCompactInputProtocol::new(&mut bytes.clone()))
    }
}

fn text(text: &Str) -> FastStr {
    FastStr::from_string(text.to_string())
}

pub(super) fn mixed(value: &bench::Mixed) -> Mixed {
    Mixed {
        flag: Some(value.flag),
        tiny: Some(value.tiny),
        small: Some(value.small),
        number: Some(value.number),
        id: Some(value.id),
        ratio: Some(value.ratio),
        name: Some(text(&value.name)),
        title: Some(text(&value.title)),
        city: Some(text(&value.city)),
        country: Some(text(&value.country)),
        currency: Some(text(&value.currency)),
        state: Some(text(&value.state)),
        description: Some(text(&value.description)),
        digest: Some(value.digest.clone()),
        times: Some(value.times.clone()),
        tags: Some(value.tags.iter().map(text).collect()),
        comment: value.comment.as_ref().map(text),
        kind: Some(Kind::from(i32::from(value.kind))),
    }
}

pub(super) fn nested(value: &bench::Nested) -> Nested {
    let parts = value.parts.iter().map(part).collect();
    Nested { id: Some(value.id), owner: Some(owner(&value.owner)), parts: Some(parts) }
}

fn owner(value: &bench::Owner) -> Owner {
    Owner {
        id: Some(value.id),
        name: Some(text(&value.name)),
        address: Some(text(&value.address)),
        place: Some(point(&value.place)),
    }
}

fn part(value: &bench::Part) -> Part {
    Part {
        id: Some(value.id),
        name: Some(text(&value.name)),
        kind: Some(Kind::from(i32::from(value.kind))),
        place: Some(point(&value.place)),
        counts: Some(value.counts.clone()),
        maker: value.maker.as_ref().map(owner),
    }
}

fn point(value: &bench::Point) -> Point {
    Point { x: Some(value.x), y: Some(value.y) }
}

pub(super) fn numbers(value: &bench::Numbers) -> Numbers {
    Numbers { values: Some(value.values.clone()) }
}

pub(super) fn texts(value: &bench::Texts) -> Texts {
    Texts { values: Some(value.values.iter().map(text).collect()) }
}
