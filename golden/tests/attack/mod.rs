//! What is done to recorded messages, and what reads them.

mod mutate;
mod typed;

use std::sync::Arc;
use std::time::{Duration, Instant};

use golden::oracle;
use kitex_codec::{Bytes, BytesMut, Envelope, Frame, FrameDecoder, Limits, Protocol, Walker};
use kitex_core::{ClientConfig, ClientConnection, ConnectionInfo, Method, Payload, Peer, Request};

use crate::heap::peak;
use crate::serving::{Connection, Host};

pub(crate) use mutate::{Variants, flips, lengths, truncations};

/// A recorded message.
pub(crate) struct Recorded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_request: bool,
    /// The method that it is for, whatever a mutation makes of the name.
    method: String,
}

/// The recorded messages, each once: of messages that differ in their sequence ids only the first.
pub(crate) fn messages() -> Vec<Recorded> {
    let mut seen = std::collections::HashSet::new();
    let messages = golden::all().flat_map(|case| &case.messages);
    let recorded = messages.filter_map(|message| {
        let method = message.decoded.as_ref().map_or_else(String::new, |decoded| decoded.method.clone());
        let is_request = message.from == golden::Side::Client;
        seen.insert(unnumbered(&message.bytes)).then(|| Recorded {
            bytes: message.bytes.clone(),
            is_request,
            method,
        })
    });
    recorded.collect()
}

fn unnumbered(bytes: &[u8]) -> Vec<u8> {
    let mut unnumbered = bytes.to_vec();
    if let Some(read) = oracle::read(bytes) {
        let envelope_end = bytes.len() - read.body.len();
        unnumbered[envelope_end - 4..envelope_end].fill(0);
        if read.decoded.header.is_some() {
            unnumbered[8..12].fill(0);
        }
    }
    unnumbered
}

/// Heap beside a message's budget: the chunks that are read into and written from, and what a connection is.
const CONSTANT: usize = 64 << 10;

/// Limits with so small a budget that it tells what was charged for and what was not.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.min_heap = 4 << 10;
    limits
}

/// Reads `bytes` in every way. What reads them may refuse them, but it neither panics nor takes more of the heap than
/// their length justifies. Gives the number of values that they were read to.
pub(crate) fn attack(recorded: &Recorded, bytes: &[u8], host: &Host) -> usize {
    let limits = limits();
    let allowed = limits.budget(bytes.len()).left() + CONSTANT;
    let (read, decoding) = peak(|| decode(recorded, bytes, &limits));
    assert!(decoding <= allowed, "decoding took {decoding} of {allowed}: {bytes:02x?}");
    let (answered, serving) = peak(|| match recorded.is_request {
        true => serve(bytes, host),
        false => [false, true].map(|multiplexed| take(recorded, bytes, multiplexed)).iter().sum(),
    });
    assert!(serving <= allowed, "the engine took {serving} of {allowed}: {bytes:02x?}");
    read + answered
}

/// Reads every true beginning of what stands behind a message's envelope, which is no struct. Gives how many there are.
pub(crate) fn cut_values(recorded: &Recorded) -> usize {
    let Some(read) = oracle::read(&recorded.bytes) else { return 0 };
    let whole = oracle::struct_length(read.body).unwrap_or(read.body.len()).min(mutate::SMALL);
    let body = Bytes::copy_from_slice(&read.body[..whole]);
    for end in 0..whole {
        let (values, peak) = peak(|| typed::read(&recorded.method, &body.slice(..end), &limits()));
        assert_eq!(values, 0, "{} bytes of {body:02x?}", end);
        assert!(peak <= limits().budget(end).left() + CONSTANT, "{peak} bytes for {end} of {body:02x?}");
    }
    whole
}

fn decode(recorded: &Recorded, bytes: &[u8], limits: &Limits) -> usize {
    let (mut decoder, mut buffer) = (FrameDecoder::default(), BytesMut::from(bytes));
    let mut read = 0;
    while let Ok(Some(frame)) = decoder.decode(&mut buffer, limits) {
        read += parts(recorded, frame, limits);
    }
    read
}

/// Reads all that a whole message holds.
fn parts(recorded: &Recorded, frame: Frame, limits: &Limits) -> usize {
    let _ = frame.verify_checksum();
    if let Some(header) = &frame.header {
        let pairs = header.pairs().iter().chain(frame.mesh.iter().flat_map(|pairs| pairs.iter()));
        assert!(header.ints().count() + pairs.count() <= limits.max_header_entries);
    }
    let payload = frame.payload();
    let Ok((_, body_at)) = Envelope::decode(&payload) else { return 0 };
    let body = payload.slice(body_at..);
    let walked = Walker::new(Protocol::Binary, 0, limits.max_depth).walk(&body);
    typed::read(&recorded.method, &body, limits) + usize::from(walked.is_ok())
}

/// Gives the bytes to a server, and waits until it has answered or given up. Its connection ends with its client's.
fn serve(bytes: &[u8], host: &Host) -> usize {
    let mut connection = Connection::new(host);
    connection.feed(bytes);
    connection.wait(LONGEST);
    connection.shut_down();
    connection.end_of_file();
    assert!(
        connection.is_closed() && !connection.is_busy(),
        "{connection:?} outlives its client: {bytes:02x?}"
    );
    oracle::split(&connection.sent).len()
}

/// More than a server waits for the rest of a message, and more than any recorded handler takes.
const LONGEST: Duration = Duration::from_secs(10);

/// Gives the bytes to a client that waits for them.
fn take(recorded: &Recorded, bytes: &[u8], multiplexed: bool) -> usize {
    let mut config = ClientConfig::default();
    config.multiplexed = multiplexed;
    config.checksum = true;
    let info = ConnectionInfo::new(Peer::Memory, Arc::new(limits()));
    let mut engine = ClientConnection::new(Arc::new(config), info);
    let method = Method::dynamic("EchoSvc", recorded.method.as_str());
    let request = Request::new(method, Payload::new(Protocol::Binary, Bytes::from_static(&[0])));
    engine.call(Instant::now(), &request, ()).expect("a first call is taken");
    let mut input = BytesMut::from(bytes);
    let mut answers = 0;
    while let Ok(Some(answer)) = engine.handle_input(&mut input) {
        answers += usize::from(answer.result.is_ok());
    }
    answers
}
