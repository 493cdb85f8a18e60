//! Structs of every shape in any protocol.
//!
//! Reading takes no more of the heap than the budget that the input has; reading and skipping agree on where a struct
//! ends; and what could be read comes back when it is written and read again, in Binary and in its own protocol.

use std::fmt::Debug;

use kitex_codec::{Bytes, Envelope, Limits, Message, Protocol, Walk, Walker};

use crate::heap::measure;
use crate::script::pieces;
use crate::shapes;

/// What reading may take beside the budget: an error with its text, and the levels of what is open.
const BESIDE: usize = 4 << 10;

pub(crate) fn run(protocol: Protocol, data: &[u8]) -> bool {
    let Some((shape, body)) = data.split_first() else { return false };
    let body = Bytes::copy_from_slice(body);
    match shape % 8 {
        0 => check::<shapes::Scalars>(protocol, &body),
        1 => check::<shapes::Keys>(protocol, &body),
        2 => check::<shapes::Graph>(protocol, &body),
        3 => check::<shapes::Wide>(protocol, &body),
        4 => check::<shapes::Empties>(protocol, &body),
        5 => check::<shapes::Required>(protocol, &body),
        6 => check::<shapes::Member>(protocol, &body),
        _ => check::<shapes::Point>(protocol, &body),
    }
}

/// A struct of each shape.
pub(crate) fn samples(protocol: Protocol) -> Vec<(&'static str, Vec<u8>)> {
    crate::envelope::samples()
        .filter_map(|(name, message)| Some((name, sample(protocol, &message)?)))
        .collect()
}

/// The struct of a message in another protocol; `None` if it is of no shape here, or if the protocol has no form for it.
fn sample(protocol: Protocol, message: &[u8]) -> Option<Vec<u8>> {
    let (envelope, at) = Envelope::decode(message).ok()?;
    let body = Bytes::copy_from_slice(&message[at..]);
    let (shape, written) = match envelope.name {
        b"Scalars" => (0, again::<shapes::Scalars>(protocol, &body)),
        b"Keys" => (1, again::<shapes::Keys>(protocol, &body)),
        b"Graph" => (2, again::<shapes::Graph>(protocol, &body)),
        b"Wide" => (3, again::<shapes::Wide>(protocol, &body)),
        b"Empties" => (4, again::<shapes::Empties>(protocol, &body)),
        b"Required" => (5, again::<shapes::Required>(protocol, &body)),
        b"Member" => (6, again::<shapes::Member>(protocol, &body)),
        _ => return None,
    };
    Some([&[shape][..], &written?].concat())
}

fn again<M: Message>(protocol: Protocol, body: &Bytes) -> Option<Bytes> {
    let value: M = Protocol::Binary.decode(body, &Limits::default()).ok()?;
    protocol.encode(&value, &Limits::default()).ok().map(|segments| segments.into_bytes())
}

/// Limits that grant input little more than its share, so that a short input can exceed it.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.min_heap = 1 << 10;
    limits
}

fn check<M: Message + PartialEq + Debug>(protocol: Protocol, body: &Bytes) -> bool {
    let limits = limits();
    let (value, heap) = measure(|| protocol.decode::<M>(body, &limits));
    let budget = limits.budget(body.len()).left();
    assert!(heap <= budget + BESIDE, "{heap} bytes taken for {}, which may take {budget}", body.len());
    // What a reader passes over has as many levels as the rest (see `Limits::max_depth`); a walk counts all from the top.
    let mut deeper = Limits::default();
    deeper.max_depth *= 2;
    let skipped = protocol.struct_len(body, &deeper);
    let Ok(value) = value else { return false };

    let end = skipped.expect("what was read can be skipped");
    assert!(
        protocol.decode::<M>(&body.slice(..end), &Limits::default()).is_ok(),
        "it ends where skipping does"
    );
    assert!(protocol.struct_len(&body.slice(..end - 1), &Limits::default()).is_err(), "and not before");
    check_walk(protocol, body, end);
    assert_comes_back(&value, Protocol::Binary);
    assert_comes_back(&value, protocol);
    if protocol == Protocol::Compact {
        assert_transcoded(&value, &body.slice(..end), &deeper);
    }
    true
}

/// A walk finds the same end, at once and in pieces.
fn check_walk(protocol: Protocol, body: &Bytes, end: usize) {
    let walk =
        |input: &[u8]| Walker::new(protocol, 0, 1000).walk(input).expect("what was read can be walked");
    assert_eq!(walk(body), Walk::Done(end));
    let (mut walker, mut there) = (Walker::new(protocol, 0, 1000), 0);
    for piece in pieces(&body[..end]) {
        there += piece.len();
        let walked = walker.walk(&body[..there]).expect("what was read can be walked");
        assert_eq!(walked, if there == end { Walk::Done(end) } else { Walk::NeedMore });
    }
}

/// Turned into Binary and back, bytes mean what they did.
fn assert_transcoded<M: Message + PartialEq + Debug>(value: &M, compact: &Bytes, limits: &Limits) {
    let mut limits = limits.clone();
    limits.min_heap = limits.max_heap;
    let to = |from: Protocol, to, bytes: &Bytes| {
        from.transcode(to, bytes, &limits).expect("what was read can be transcoded").into_bytes()
    };
    let binary = to(Protocol::Compact, Protocol::Binary, compact);
    let again = to(Protocol::Binary, Protocol::Compact, &binary);
    for (protocol, bytes) in [(Protocol::Binary, &binary), (Protocol::Compact, &again)] {
        let read: M = protocol.decode(bytes, &limits).expect("what was transcoded can be read");
        #[expect(clippy::eq_op, reason = "a value with a NaN in it is not itself")]
        if value == value {
            assert_eq!(&read, value);
        }
    }
}

/// Fields that did not come are written as what they are by default, which may be deeper and larger than what came.
fn assert_comes_back<M: Message + PartialEq + Debug>(value: &M, protocol: Protocol) {
    let mut limits = Limits::default();
    limits.max_depth *= 2;
    // JSON has no form for keys that are structs or containers, which this reader reads.
    let Ok(bytes) = protocol.encode(value, &limits) else {
        assert_eq!(protocol, Protocol::Json, "what was read can be written");
        return;
    };
    let again: M = protocol.decode(&bytes.into_bytes(), &limits).expect("what was written can be read");
    #[expect(clippy::eq_op, reason = "a value with a NaN in it is not itself")]
    if value == value {
        assert_eq!(&again, value);
    }
}
