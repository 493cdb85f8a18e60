//! Target `envelope`: a message from its envelope on, with a struct of every shape.
//!
//! What could be read comes back when it is written and read again; reading takes no more of the heap than the budget
//! that the input has; reading and walking agree on where a struct ends.

mod samples;

use std::fmt::Debug;

use kitex_codec::{
    ApplicationException, BinaryReader, Bytes, Envelope, Limits, Message, MessageType, Output, Protocol,
    Walk, Walker, decode, encode, first_field,
};

use crate::heap::measure;
use crate::rich::rich_svc_calls as calls;
use crate::shapes;

/// What reading may take beside the budget: an error with its text, and the levels of a walk over what is skipped.
const BESIDE: usize = 2 << 10;

/// Reads a message. True if it is one.
pub fn run(data: &[u8]) -> bool {
    let Ok((envelope, at)) = Envelope::decode(data) else { return false };
    let mut out = Output::new();
    envelope.encode(&mut out);
    assert_eq!(at, envelope.len());
    assert_eq!(out.take_segments().into_bytes(), data[..at]);

    let body = Bytes::copy_from_slice(&data[at..]);
    match (envelope.kind, envelope.name) {
        (MessageType::EXCEPTION, _) => check::<ApplicationException>(&body),
        (MessageType::REPLY, name) => read_result(name, &body),
        (_, name) => read_args(name, &body),
    }
}

fn read_result(name: &[u8], body: &Bytes) -> bool {
    match name {
        b"All" => check::<calls::AllResult>(body),
        b"Options" => check::<calls::OptionsResult>(body),
        b"Pick" => check::<calls::PickResult>(body),
        b"Grow" => check::<calls::GrowResult>(body),
        b"Table" => check::<calls::TableResult>(body),
        b"Longs" => check::<calls::LongsResult>(body),
        b"Bytes" => check::<calls::BytesResult>(body),
        b"Two" => check::<calls::TwoResult>(body),
        b"VoidThrow" => check::<calls::VoidThrowResult>(body),
        b"Nop" => check::<calls::NopResult>(body),
        _ => read_args(name, body),
    }
}

fn read_args(name: &[u8], body: &Bytes) -> bool {
    match name {
        b"All" => check::<calls::AllArgs>(body),
        b"Options" => check::<calls::OptionsArgs>(body),
        b"Pick" => check::<calls::PickArgs>(body),
        b"Grow" => check::<calls::GrowArgs>(body),
        b"Table" => check::<calls::TableArgs>(body),
        b"Longs" => check::<calls::LongsArgs>(body),
        b"Bytes" => check::<calls::BytesArgs>(body),
        b"Sum" => check::<calls::SumArgs>(body),
        _ => read_shape(name, body),
    }
}

fn read_shape(name: &[u8], body: &Bytes) -> bool {
    match name {
        b"Scalars" => check::<shapes::Scalars>(body),
        b"Keys" => check::<shapes::Keys>(body),
        b"Graph" => check::<shapes::Graph>(body),
        b"Wide" => check::<shapes::Wide>(body),
        b"Empties" => check::<shapes::Empties>(body),
        b"Required" => check::<shapes::Required>(body),
        b"Member" => check::<shapes::Member>(body),
        _ => check::<shapes::Empty>(body),
    }
}

/// Limits that grant input little more than its share, so that a short input can exceed it.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.min_heap = 1 << 10;
    limits
}

fn check<M: Message + PartialEq + Clone + Debug>(body: &Bytes) -> bool {
    let limits = limits();
    let mut reader = BinaryReader::new(body, &limits);
    let (value, heap) = measure(|| M::decode(&mut reader));
    let budget = limits.budget(body.len()).left();
    assert!(heap <= budget + BESIDE, "{heap} bytes taken for {}, which may take {budget}", body.len());
    let Ok(value) = value else { return false };

    let end = body.len() - reader.remaining();
    assert_eq!(first_field(body).is_none(), body[0] == 0);
    assert_eq!(
        Walker::new(Protocol::Binary, 0, 1000).walk(body).expect("what was read can be walked"),
        Walk::Done(end)
    );
    if value.empty_union().is_some() {
        // It may stand in another, and is nothing by itself.
        assert!(decode::<M>(body, &Limits::default()).is_err(), "a union without a member is refused");
        assert!(encode(&value, &Limits::default()).is_err(), "a union without a member is not written");
        return false;
    }
    assert_comes_back(&value);
    true
}

/// Fields that did not come are written as what they are by default, which may be deeper and larger than what came.
fn assert_comes_back<M: Message + PartialEq + Clone + Debug>(value: &M) {
    let mut limits = Limits::default();
    limits.max_depth *= 2;
    let bytes = encode(value, &limits).expect("what was read can be written").into_bytes();
    let mut reader = BinaryReader::new(&bytes, &limits);
    let again = M::decode(&mut reader).expect("what was written can be read");
    assert_eq!(reader.remaining(), 0);
    #[expect(clippy::eq_op, reason = "a value with a NaN in it is not itself")]
    if value == value {
        assert_eq!(&again, value);
    }
    let bytes_again = encode(&again, &limits).expect("what was read can be written").into_bytes();
    assert_eq!(sorted(&bytes), sorted(&bytes_again));
}

/// The order of sets and maps is another for each of them.
fn sorted(bytes: &[u8]) -> Vec<u8> {
    let mut sorted = bytes.to_vec();
    sorted.sort_unstable();
    sorted
}

/// A message of each shape that was not recorded.
pub(crate) fn samples() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    samples::all().into_iter().map(|(name, method, body)| {
        let mut out = Output::new();
        Envelope { kind: MessageType::CALL, name: method.as_bytes(), sequence: 1 }.encode(&mut out);
        (name, [&out.take_segments().into_bytes()[..], &body].concat())
    })
}
