//! The oracle reads what the recording's own decoder read.

use std::collections::BTreeSet;

use golden::{Decoded, Difference, Facts, Message, differences, oracle};

/// Messages that are no whole, valid ones, by intent or because the rest follows later: the recording's decoder tells of them
/// what it can, the oracle reads nothing.
const BROKEN: [&str; 41] = [
    "errors/body-buffered-depth-64",
    "errors/body-buffered-depth-65",
    "errors/body-string-length-huge-buffered",
    "errors/body-string-length-negative-buffered",
    "errors/body-truncated-buffered",
    "errors/body-unknown-type-byte-buffered",
    "errors/client-reply-half-close",
    "errors/client-tt-protocol-id-02",
    "errors/client-tt-unknown-section",
    "errors/deep-80-buffered",
    "errors/framed-in-ttheader-longer",
    "errors/framed-length-below-envelope",
    "errors/framed-length-long",
    "errors/framed-length-zero",
    "errors/protobuf-unframed",
    "errors/ttheader-acl-as-map",
    "errors/ttheader-length-long",
    "errors/ttheader-length-zero",
    "errors/ttheader-length-zero-framed",
    "errors/ttheader-protocol-id-01",
    "errors/ttheader-protocol-id-02",
    "errors/ttheader-protocol-id-05",
    "errors/ttheader-protocol-id-12",
    "errors/ttheader-protocol-id-80",
    "errors/ttheader-section-02",
    "errors/ttheader-section-12",
    "errors/ttheader-section-ff",
    "errors/ttheader-transforms-too-many",
    "errors/ttheader-value-too-long",
    "errors/version-ok-name-negative",
    "errors/wait-frame-too-long",
    "errors/wait-half-buffered",
    "errors/wait-half-frame",
    "errors/wait-half-then-rest",
    "errors/wait-half-then-rest-short-timeout",
    "errors/wait-half-ttheader",
    "errors/wait-second-half",
    "mux/hand-bad-protocol-id",
    "mux/hand-length-8",
    "mux/hand-length-zero",
    "mux/hand-unknown-section",
];

fn recorded() -> impl Iterator<Item = (String, &'static Message, &'static Decoded)> {
    golden::all().flat_map(|case| {
        let messages = case.messages.iter().chain(&case.held_reply);
        messages.filter_map(|message| Some((case.path(), message, message.decoded.as_ref()?)))
    })
}

#[test]
fn every_whole_message_is_read_to_its_recorded_facts() {
    let mut wrong = Vec::new();
    for (case, message, recorded) in recorded() {
        let Some(read) = oracle::read(&message.bytes) else { continue };
        let found = differences(&with_exception(recorded, &read.decoded), &read.decoded, Facts::OfOneMessage);
        wrong.extend(found.into_iter().map(|difference| (case.clone(), difference)));
    }
    assert_eq!(wrong, Vec::<(String, Difference)>::new());
}

/// The live recordings leave the exception's text and code to the client's error; there the oracle is the first to read them.
fn with_exception(recorded: &Decoded, read: &Decoded) -> Decoded {
    let exception = recorded.exception.clone().or_else(|| read.exception.clone());
    Decoded { exception, ..recorded.clone() }
}

#[test]
fn only_broken_messages_are_not_read() {
    let unread = recorded().filter(|(_, message, _)| oracle::read(&message.bytes).is_none());
    let unread: BTreeSet<String> = unread.map(|(case, ..)| case).collect();
    assert_eq!(unread, BROKEN.map(str::to_owned).into());
}

#[test]
fn a_client_is_told_the_exception_that_the_oracle_reads() {
    let mut compared = 0;
    for case in golden::all().filter(|case| case.calls.len() == 1) {
        let [exchange] = &case.exchanges()[..] else { continue };
        let exception = exchange.reply.as_ref().and_then(|reply| reply.decoded.exception.as_ref());
        let (Some(exception), Some(error)) = (exception, &case.calls[0].error) else { continue };
        assert!(error.ends_with(&exception.message), "{}", case.path());
        assert_eq!(case.calls[0].code, Some(exception.code), "{}", case.path());
        compared += 1;
    }
    assert_eq!(compared, 13);
}

#[test]
fn a_stream_is_cut_into_its_messages() {
    let case = golden::case("errors/forms-on-one-connection").unwrap();
    let stream = case.stream(1, golden::Side::Client);
    let lengths: Vec<usize> = oracle::split(&stream).iter().map(|message| message.length).collect();
    let sent = case.messages.iter().filter(|message| message.from == golden::Side::Client);
    assert_eq!(lengths, sent.map(|message| message.bytes.len()).collect::<Vec<_>>());
    assert_eq!(oracle::split(&stream[..stream.len() - 1]).len(), lengths.len() - 1);
}

#[test]
fn a_message_sent_byte_by_byte_is_one_exchange() {
    let exchanges = golden::case("errors/byte-by-byte").unwrap().exchanges();
    assert_eq!(exchanges.len(), 1);
    assert_eq!(exchanges[0].reply.as_ref().unwrap().decoded.method, "Echo");
}
