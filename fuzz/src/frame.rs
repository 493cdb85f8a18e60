//! Target `frame`: messages split off a stream of any bytes.
//!
//! A stream that comes in pieces gives the same messages and the same end as one that comes at once; the messages are those that
//! an independent decoder reads; splitting takes no memory beyond the input.

mod reference;

use kitex_codec::{BytesMut, Form, Frame, FrameDecoder, Header, Limits, Pairs, Protocol};

use crate::heap::measure;
use crate::script::pieces;

/// What splitting may take whatever the input is: the walker with its levels, a shared buffer's count, an error.
const HEAP: usize = 4 << 10;

/// Splits `data`. True if it is messages and nothing else.
pub fn run(data: &[u8]) -> bool {
    let limits = Limits::default();
    let whole = split([data], &limits);
    reference::check(&whole, data);
    assert_eq!(whole, split(data.chunks(1), &limits));
    assert_eq!(whole, split(pieces(data), &limits));

    let tight = tight();
    let whole_tight = split([data], &tight).without_reason();
    assert_eq!(whole_tight, split(data.chunks(1), &tight).without_reason());
    assert_eq!(whole_tight, split(pieces(data), &tight).without_reason());
    !whole.messages.is_empty() && matches!(whole.end, End::Waits(0))
}

/// Limits that short input reaches.
fn tight() -> Limits {
    let mut limits = Limits::default();
    (limits.max_frame, limits.max_header, limits.max_header_entries, limits.max_depth) = (300, 64, 4, 5);
    limits
}

#[derive(Debug, PartialEq)]
struct Split {
    messages: Vec<Seen>,
    end: End,
}

#[derive(Debug, PartialEq)]
enum End {
    /// This many bytes are no whole message yet.
    Waits(usize),
    Refused(String),
}

impl Split {
    /// Of several limits that a message exceeds, which is named depends on how much of it is there.
    fn without_reason(mut self) -> Self {
        if let End::Refused(reason) = &mut self.end {
            reason.clear();
        }
        self
    }
}

/// All that can be seen of a message.
#[derive(Debug, PartialEq)]
struct Seen {
    length: usize,
    form: Form,
    protocol: Protocol,
    protobuf: bool,
    header: Option<(u16, i32, u8)>,
    strings: Vec<(Vec<u8>, Vec<u8>)>,
    ints: Vec<(u16, Vec<u8>)>,
    mesh: Vec<(Vec<u8>, Vec<u8>)>,
    checksum: bool,
    payload: Vec<u8>,
}

fn split<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Split {
    let (mut decoder, mut buffer, mut messages) = (FrameDecoder::default(), BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let before = buffer.len();
            let (decoded, heap) = measure(|| decoder.decode(&mut buffer, limits));
            assert!(heap <= HEAP, "{heap} bytes taken for {before}");
            match decoded {
                Ok(Some(frame)) => {
                    messages.push(see(&frame, before - buffer.len()));
                }
                Ok(None) => break check_expected(&decoder, &buffer, before, limits),
                Err(error) => return Split { messages, end: End::Refused(format!("{:?}", error.reason())) },
            }
        }
    }
    Split { messages, end: End::Waits(buffer.len()) }
}

/// A message that is waited for leaves the buffer alone, and its length is more than is there and within the limits.
fn check_expected(decoder: &FrameDecoder, buffer: &BytesMut, before: usize, limits: &Limits) {
    assert_eq!(buffer.len(), before);
    let Some(expected) = decoder.expected() else { return };
    let mesh = 4 + usize::from(u16::MAX);
    assert!(expected > before && expected <= limits.max_frame + 4 + mesh, "{expected}");
}

fn see(frame: &Frame, length: usize) -> Seen {
    let header = frame.header.as_ref();
    assert_eq!(header.is_some(), frame.form.has_header());
    assert_eq!(frame.payload(), frame.payload_bytes());
    Seen {
        length,
        form: frame.form,
        protocol: frame.protocol,
        protobuf: frame.protobuf,
        header: header.map(|header| (header.flags, header.sequence, header.protocol)),
        strings: header.map(|header| owned(header.pairs())).unwrap_or_default(),
        ints: header.map(ints).unwrap_or_default(),
        mesh: frame.mesh.as_ref().map(owned).unwrap_or_default(),
        checksum: frame.verify_checksum().is_ok(),
        payload: frame.payload_bytes().to_vec(),
    }
}

pub(crate) fn owned(pairs: &Pairs) -> Vec<(Vec<u8>, Vec<u8>)> {
    pairs.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

pub(crate) fn ints(header: &Header) -> Vec<(u16, Vec<u8>)> {
    header.ints().map(|(key, value)| (key, value.to_vec())).collect()
}
