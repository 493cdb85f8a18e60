//! Target `apache`: a struct read into types that the Apache compiler has generated, and into ours of the same IDL.
//!
//! Both read the same value or both refuse the bytes, but where generated code of Apache's is told by the ids alone what
//! stands on the wire: a field or elements of another type, and a union without exactly one member that it knows, it
//! refuses, and nothing else; ours refuses of such unions one that has no member and is all there is. Reading takes no more
//! of the heap than the budget, and goes no deeper than the limit.

mod classes;
mod values;

use std::fmt::Debug;

use kitex_codec::{Apache, Bytes, DecodeError, DecodeReason, Limits, Message, Protocol};
use thrift::protocol::TSerializable;

use crate::engine::PROTOCOLS;
use crate::heap::measure;

use classes::{Class, classes};
use values::{Same, ours, theirs};

/// More than a struct of the IDL takes.
const STRUCT: usize = 384;
const _: () = assert!(size_of::<theirs::Tree>() <= STRUCT && size_of::<theirs::Leaf>() <= STRUCT);

/// What reading may take beside the budget: the levels that are open, texts on their way, an error.
const BESIDE: usize = 8 << 10;

/// Reads a struct; the first byte chooses its protocol and its shape. True if both read it.
pub fn run(data: &[u8]) -> bool {
    let Some((choice, body)) = data.split_first() else { return false };
    let protocol = PROTOCOLS[usize::from(choice >> 2) % PROTOCOLS.len()];
    let body = Bytes::copy_from_slice(body);
    match choice & 3 {
        0 => check::<theirs::Tree, ours::Tree>(protocol, &body),
        1 => check::<theirs::Choice, ours::Choice>(protocol, &body),
        2 => check::<theirs::Leaf, ours::Leaf>(protocol, &body),
        _ => check::<theirs::Fault, ours::Fault>(protocol, &body),
    }
}

/// A struct of each shape in each protocol that has a form for it.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let of = |protocol: Protocol| {
        let first = PROTOCOLS.iter().position(|other| *other == protocol).unwrap_or_default() << 2;
        let samples = values::samples(protocol).into_iter();
        samples.map(move |(name, shape, bytes)| {
            (format!("{name}-{protocol:?}").to_lowercase(), [&[first as u8 | shape], &bytes[..]].concat())
        })
    };
    PROTOCOLS.into_iter().flat_map(of).collect()
}

/// Limits whose budget no input here exceeds.
fn roomy() -> Limits {
    let mut limits = Limits::default();
    limits.min_heap = limits.max_heap;
    limits
}

fn check<T, M>(protocol: Protocol, body: &Bytes) -> bool
where
    T: TSerializable + Same + Clone + Eq + Debug + From<M>,
    M: Message,
{
    check_heap::<T>(protocol, body);
    let limits = roomy();
    let ours: Result<M, _> = protocol.decode(body, &limits);
    let theirs: Result<Apache<T, STRUCT>, _> = protocol.decode(body, &limits);
    let found = classes::<T>(protocol, body, &limits);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let found = found.expect("what was read can be walked");
            let refused = found.iter().find(|class| **class != Class::OwnDefault);
            assert_eq!(refused, None, "read all the same: {theirs:?}");
            if found.is_empty() {
                assert_eq!(T::from(ours), theirs.0.clone().with_defaults());
            }
            assert_comes_back(theirs);
            true
        }
        (Ok(_), Err(error)) => {
            let found = found.expect("what was read can be walked");
            assert!(found.iter().any(|class| class.says(&error)), "{error} for {found:?}");
            false
        }
        (Err(ours), Ok(theirs)) => panic!("{ours} where there is {theirs:?}"),
        (Err(_), Err(error)) => {
            assert!(!told(&error).is_empty());
            false
        }
    }
}

/// What generated code takes is charged before.
fn check_heap<T: TSerializable>(protocol: Protocol, body: &Bytes) {
    let mut limits = Limits::default();
    limits.min_heap = 1 << 10;
    let (read, heap) = measure(|| protocol.decode::<Apache<T, STRUCT>>(body, &limits));
    let budget = limits.budget(body.len()).left();
    assert!(heap <= budget + BESIDE, "{heap} bytes taken for {}, which may take {budget}", body.len());
    drop(read);
}

/// What was read can be written, and is the same again, in its own protocol as in others.
fn assert_comes_back<T: TSerializable + Eq + Debug>(value: Apache<T, STRUCT>) {
    let mut limits = roomy();
    limits.max_depth *= 2;
    for protocol in PROTOCOLS {
        // JSON has no form for keys that are structs.
        let Ok(bytes) = protocol.encode(&value, &limits) else {
            assert_eq!(protocol, Protocol::Json, "what was read can be written");
            continue;
        };
        let again: Apache<T, STRUCT> =
            protocol.decode(&bytes.into_bytes(), &limits).expect("what was written can be read");
        assert_eq!(again, value);
    }
}

/// The words of generated code, of an error that is its.
fn told(error: &DecodeError) -> String {
    match error.reason() {
        DecodeReason::Apache(text) => text.to_string(),
        _ => error.to_string(),
    }
}
