//! The data files hold what the recordings are said to hold.

use golden::{Origin, Side};
use sha2::{Digest, Sha256};

#[test]
fn every_family_is_complete() {
    let counts = golden::FAMILIES.map(|name| (name, golden::family(name).len()));
    let recorded = [
        ("buffered", 12),
        ("framed", 43),
        ("ttheader", 31),
        ("ttheader-framed", 30),
        ("meta", 44),
        ("mux", 63),
        ("errors", 280),
    ];
    assert_eq!(counts, recorded);
}

#[test]
fn no_message_call_or_fact_is_lost() {
    let cases = golden::all().collect::<Vec<_>>();
    let messages = || cases.iter().flat_map(|case| &case.messages);
    let decoded = || messages().filter_map(|message| message.decoded.as_ref());
    let headers = || decoded().filter_map(|decoded| decoded.header.as_ref());
    let calls = || cases.iter().flat_map(|case| &case.calls);
    assert_eq!(messages().count(), 1340);
    assert_eq!(messages().filter(|message| message.digest.is_some()).count(), 7);
    assert_eq!(decoded().count(), 1247);
    assert_eq!(decoded().filter(|decoded| decoded.exception.is_some()).count(), 49);
    assert_eq!(headers().count(), 825);
    assert_eq!(headers().filter(|header| !header.int.is_empty()).count(), 417);
    assert_eq!(headers().filter(|header| !header.str.is_empty() || header.acl_token.is_some()).count(), 325);
    assert_eq!(calls().count(), 406);
    assert_eq!(calls().filter(|call| call.error.is_some()).count(), 112);
    assert_eq!(calls().filter(|call| call.business.is_some()).count(), 20);
    assert_eq!(calls().filter(|call| call.backward.is_some()).count(), 9);
    assert_eq!(cases.iter().filter(|case| !case.closed_by.is_empty()).count(), 203);
    assert_eq!(cases.iter().filter(|case| case.held_reply.is_some()).count(), 3);
}

#[test]
fn names_are_unique_and_sorted() {
    for name in golden::FAMILIES {
        let cases = golden::family(name);
        assert!(cases.windows(2).all(|pair| pair[0].name < pair[1].name), "{name}");
    }
}

#[test]
fn every_case_is_described() {
    for case in golden::all() {
        let texts = [&case.name, &case.what, &case.transport, &case.idl, &case.server_options];
        assert!(texts.iter().all(|text| !text.is_empty()), "{}", case.path());
        assert_eq!(golden::case(&case.path()), Some(case));
    }
}

#[test]
fn long_messages_are_what_was_hashed() {
    for case in golden::all() {
        for message in &case.messages {
            let Some(digest) = &message.digest else { continue };
            assert_eq!(message.bytes.len(), digest.length, "{}", case.path());
            let sum = Sha256::digest(&message.bytes);
            let text: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(text, digest.sha256, "{}", case.path());
        }
    }
}

#[test]
fn who_made_the_bytes_is_told_apart() {
    let count = |origin| golden::all().filter(|case| case.origin() == origin).count();
    assert_eq!(count(Origin::HandMadeRequests), 230);
    assert_eq!(count(Origin::HandMadeAnswers), 83);
    assert_eq!(count(Origin::Live), 190);
}

#[test]
fn switches_are_read() {
    let case = golden::case("meta/multi-service").unwrap();
    assert_eq!(case.server_switch("svcs"), Some("echo,rich,other+"));
    assert_eq!(case.server_switch("meta"), Some(""));
    assert_eq!(case.server_switch("me"), None);
    let case = golden::case("ttheader/biz-status-extra").unwrap();
    assert_eq!(case.client_switch("msg"), Some("bizx:404:not found:k=v"));
    assert_eq!(case.client_switch("call"), Some("echo"));
    let case = golden::case("framed/empty-string").unwrap();
    assert_eq!(case.client_switch("msg"), Some(""));
}

#[test]
fn a_close_is_noted_by_connection() {
    let case = golden::case("errors/client-reply-then-close").unwrap();
    assert_eq!(case.closed_by, [(1, Side::Server), (2, Side::Server)].into());
    let case = golden::case("framed/echo").unwrap();
    assert!(case.closed_by.is_empty());
}
