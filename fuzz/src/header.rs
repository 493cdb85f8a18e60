//! Target `header`: header info of any bytes.
//!
//! What was read can be looked up as it was walked, and comes back from a header that is written of it.

use kitex_codec::{
    Bytes, BytesMut, Frame, Header, HeaderWriter, Limits, MAX_HEADER_INFO, Output, PreparedSection, flags,
    int_key, string_key,
};

use crate::frame::{ints, owned};
use crate::heap::measure;
use crate::script::Script;

/// What parsing may take whatever the input is: an error with its text.
const HEAP: usize = 512;

/// What stands behind every header here: a framed envelope with an empty name.
const PAYLOAD: &[u8] = b"\0\0\0\x0d\x80\x01\0\x01\0\0\0\0\0\0\0\x01\0";

/// Reads flags, sequence id and header info. True if they are a header.
pub fn run(data: &[u8]) -> bool {
    let mut script = Script::new(data);
    let (flags, sequence) = (script.short(), i32::from(script.short().cast_signed()));
    let info = Bytes::copy_from_slice(script.rest());
    let limits = Limits::default();
    let (decoded, heap) = measure(|| Header::decode(flags, sequence, info, &limits));
    assert!(heap <= HEAP, "{heap} bytes taken");
    let Ok(header) = decoded else { return false };

    look_up(&header, &limits);
    if let Some(bytes) = write(&header) {
        assert_same(&header, bytes);
    }
    true
}

fn look_up(header: &Header, limits: &Limits) {
    let (strings, ints) = (owned(header.pairs()), ints(header));
    assert!(strings.len() + ints.len() <= limits.max_header_entries);
    for (key, _) in &ints {
        let last = ints.iter().rfind(|(found, _)| found == key).map(|(_, value)| &value[..]);
        assert_eq!(header.int(*key), last);
    }
    for key in [int_key::RPC_TIMEOUT, int_key::TO_METHOD, int_key::LOG_ID, int_key::MSG_TYPE, 0x7777] {
        assert_eq!(header.int(key).is_some(), ints.iter().any(|(found, _)| *found == key), "{key}");
    }
    for (key, _) in &strings {
        let Ok(key) = std::str::from_utf8(key) else { continue };
        let last = strings.iter().rfind(|(found, _)| found == key.as_bytes()).map(|(_, value)| &value[..]);
        let found = header.pairs().get(key);
        assert_eq!(found, last);
        assert_eq!(header.pairs().share(found.unwrap_or_default()), last.unwrap_or_default());
    }
    assert!(strings.is_empty() || !header.pairs().is_empty());
    assert_eq!(header.service(), header.pairs().get(string_key::SERVICE));
    look_up_noted(header, &strings);
}

/// What is found where it was noted, a walk finds too: the last that is not empty, where a trace is concerned.
fn look_up_noted(header: &Header, strings: &[(Vec<u8>, Vec<u8>)]) {
    let pairs = header.pairs();
    assert_eq!(pairs.caller(), header.int(int_key::FROM_SERVICE));
    let last = |key: &str| {
        let of_key = |(found, value): &&(Vec<u8>, Vec<u8>)| found == key.as_bytes() && !value.is_empty();
        strings.iter().rfind(of_key).map(|(_, value)| &value[..])
    };
    assert_eq!(pairs.trace_parent(), last(string_key::TRACE_PARENT));
    assert_eq!(pairs.trace_state(), last(string_key::TRACE_STATE));
}

/// A message with a header of the same pairs, without the flag of a protocol that is not read; none if they need more room than a header has, as an ACL section does when
/// it becomes a pair.
fn write(header: &Header) -> Option<BytesMut> {
    let mut out = Output::new();
    out.reserve_message();
    let mut writer =
        HeaderWriter::begin(&mut out, header.flags & !flags::STREAMING, header.sequence, header.protocol);
    let prepared = header.pairs().iter().count() / 2;
    writer.prepared(&prepare(header, prepared));
    header.pairs().iter().skip(prepared).for_each(|(key, value)| writer.string(&[key], value));
    header.ints().for_each(|(key, value)| writer.int(key, value));
    if let Err(error) = writer.finish(PAYLOAD.len()) {
        assert!(error.to_string().contains("header"), "{error}");
        assert!(out.is_empty());
        return None;
    }
    out.tail().extend_from_slice(PAYLOAD);
    Some(BytesMut::from(&out.take_segments().into_bytes()[..]))
}

/// The first pairs as a section that headers share.
fn prepare(header: &Header, count: usize) -> PreparedSection {
    let write = |writer: &mut HeaderWriter<'_>| {
        header.pairs().iter().take(count).for_each(|(key, value)| writer.string(&[key], value));
    };
    let section = PreparedSection::build(write).expect("what was read is short enough");
    assert_eq!(section.entries(), count);
    section
}

fn assert_same(header: &Header, mut bytes: BytesMut) {
    let mut limits = Limits::default();
    limits.max_header = MAX_HEADER_INFO;
    let frame = Frame::decode(&mut bytes, &limits).expect("a written header can be read");
    let again = frame.and_then(|frame| frame.header).expect("a written header is whole");
    assert!(bytes.is_empty());
    assert_eq!(again.flags, header.flags & !flags::STREAMING);
    assert_eq!((again.sequence, again.protocol), (header.sequence, header.protocol));
    assert_eq!(owned(again.pairs()), owned(header.pairs()));
    assert_eq!(ints(&again), ints(header));
}
