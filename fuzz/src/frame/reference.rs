//! Messages held against a decoder that shares nothing with this one.

use std::collections::BTreeMap;

use golden::Form as Recorded;
use golden::oracle;
use kitex_codec::{Envelope, Form, Limits, Protocol, string_key};

use super::{Seen, Split};

/// Asserts that the messages at the front of `data` are what the reference reads there.
pub(super) fn check(split: &Split, data: &[u8]) {
    let mut at = 0;
    for seen in &split.messages {
        check_end(seen);
        let rest = &data[at..];
        at += seen.length;
        // The reference knows no mesh header and strict Binary alone, and reads the envelope too.
        let Ok((envelope, _)) = Envelope::decode(&seen.payload) else { continue };
        if rest.starts_with(&[0xff, 0xaf]) || seen.protobuf {
            continue;
        }
        let Some(read) = oracle::read(rest) else {
            // Only a bare message is walked to its end, in which a uuid may stand: the reference knows none.
            assert_eq!(seen.form, Form::Buffered);
            continue;
        };
        assert_eq!(read.length, seen.length);
        assert_eq!(form(read.decoded.form), seen.form);
        assert_eq!((read.decoded.message_type, read.decoded.seq), (envelope.kind.0, envelope.sequence));
        assert_eq!(read.decoded.method, text(envelope.name));
        check_header(seen, read.decoded.header);
    }
}

/// Asserts that a message without a frame ends where a reader of its protocol is done, if its struct can be read.
fn check_end(seen: &Seen) {
    let limits = Limits::default();
    let Ok((_, body)) = seen.protocol.decode_message(&seen.payload, &limits) else { return };
    let Ok(len) = seen.protocol.struct_len(&seen.payload[body.start..], &limits) else { return };
    let behind = &seen.payload[body.start + len..];
    let ends = match seen.protocol {
        // Something that nobody reads may stand behind the struct.
        Protocol::Json => behind.ends_with(b"]"),
        Protocol::Binary | Protocol::Compact => behind.is_empty(),
    };
    assert!(ends || seen.form != Form::Buffered, "{seen:?}");
}

fn form(form: Recorded) -> Form {
    match form {
        Recorded::Buffered => Form::Buffered,
        Recorded::Framed => Form::Framed,
        Recorded::TtHeader => Form::TTHeader,
        Recorded::TtHeaderFramed => Form::TTHeaderFramed,
    }
}

fn check_header(seen: &Seen, read: Option<golden::Header>) {
    assert_eq!(read.is_some(), seen.header.is_some());
    let Some(mut read) = read else { return };
    assert_eq!(Some((read.flags, read.seq, read.protocol_id)), seen.header);
    let ints: BTreeMap<u16, String> = seen.ints.iter().map(|(key, value)| (*key, text(value))).collect();
    assert_eq!(ints, read.int);
    let mut strings: BTreeMap<String, String> =
        seen.strings.iter().map(|(key, value)| (text(key), text(value))).collect();
    // The reference keeps a token apart that came in a section of its own.
    let tokens =
        [strings.remove(string_key::ACL_TOKEN), read.str.remove(string_key::ACL_TOKEN), read.acl_token];
    assert_eq!(strings, read.str);
    let [token, pair, section] = tokens;
    assert!(token == pair || token == section);
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
