//! What is answered, and what closes, when a request cannot be read (spec: kitex-wire 4.3, 6.8, 10.3, 12.3).

use kitex_codec::{BytesMut, Form, Limits};

use super::raw::{FORMS, Fed, HI, MUX, framed, headed, headed_with, in_form, message};
use super::*;
use crate::{Error, ErrorKind, ServerConfig, Stage};

/// Bytes that end a connection without an answer, and what the error says of them.
fn fatal() -> Vec<(Vec<u8>, &'static str)> {
    let good = message(1, "Echo", 1, HI);
    let bad_version = [b"\x80\x02\0\x01", &good[4..]].concat();
    let long_name = [&good[..4], b"\0\0\x10\0", &good[8..]].concat();
    let negative_name = [&good[..4], b"\xff\xff\xff\xff", &good[8..]].concat();
    vec![
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "HTTP/1"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), "HTTP/2"),
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec(), "TLS"),
        (vec![0; 16], "no known protocol"),
        (headed_with(0, 1, &[0, 0, 0x77, 0], &good), "unknown section id 0x77"),
        (headed_with(0, 1, &[2, 0], &good), "unsupported protocol id 0x02"),
        (headed_with(0, 1, &[0, 9], &good), "runs past the header info"),
        (headed_with(0, 1, &[0, 0, 1, 0xff, 0xff], &good), "runs past the header info"),
        (headed(0, 1, &[], b"neither this nor that"), "looks like text"),
        (framed(&bad_version), "no known protocol"),
        (framed(&long_name), "the input ends inside a value"),
        (framed(&negative_name), "negative length"),
        (framed(&message(1, "", 1, HI)), "the method name is empty"),
        (framed(&message(0, "Echo", 1, HI)), "message type 0"),
        (framed(&message(2, "Echo", 1, HI)), "message type 2"),
        (framed(&message(3, "Echo", 1, HI)), "message type 3"),
        (framed(&message(6, "Echo", 1, HI)), "message type 6"),
        (framed(&[b"\x80\x01\x01\x01", &good[4..]].concat()), "message type 257"),
        ([b"\0\0\0\x13\x90\x01\0\x01", &good[4..19]].concat(), "not Thrift Binary"),
    ]
}

#[test]
fn what_is_no_request_closes_the_connection_without_an_answer() {
    for (bytes, expected) in fatal() {
        let mut fed = Fed::new();
        let error = fed.feed(&bytes).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}\nexpected {expected}");
        assert!(error.to_string().contains("this process"), "the peer is named: {error}");
        assert!(fed.server.output().is_empty(), "{expected}");
        assert!(fed.server.is_finished() && !fed.server.takes_input(), "{expected}");
        assert!(fed.feed(&in_form(Form::Framed, 1, &message(1, "Echo", 1, HI))).unwrap().is_none());
    }
}

#[test]
fn calls_under_way_are_answered_before_such_an_end() {
    for (bytes, expected) in fatal() {
        let mut fed = Fed::new();
        let call = fed.feed(&headed(MUX, 5, &[], &message(1, "Echo", 5, HI))).unwrap().unwrap();
        assert!(fed.feed(&bytes).is_err(), "{expected}");
        assert!(!fed.server.is_finished(), "{expected}");
        fed.reply(&call, Ok(value("hi")));
        assert_eq!(fed.written()[0].sequence, 5);
        assert!(fed.server.is_finished(), "{expected}");
    }
}

#[test]
fn arguments_that_cannot_be_decoded_are_answered_with_code_7_and_close() {
    let undecodable = || {
        Error::new(ErrorKind::Arguments, Stage::Decode, "the arguments cannot be decoded")
            .with_source(kitex_codec::DecodeError::unexpected_end())
    };
    for form in FORMS {
        let mut fed = Fed::new();
        let request = fed.feed(&in_form(form, 1, &message(1, "Echo", 1, HI))).unwrap().unwrap();
        fed.reply(&request, Err(undecodable()));
        assert!(!fed.server.is_finished(), "the reply is to be sent first");
        let reply = &fed.written()[0];
        assert_eq!(reply.exception().code, 7);
        assert!(reply.exception().message.contains("the input ends inside a value"));
        assert_eq!(reply.string("crrst"), form.has_header().then_some("1"));
        assert!(fed.server.is_finished());
    }
    let mut fed = Fed::new();
    let request = fed.feed(&headed(MUX, 1, &[], &message(1, "Echo", 1, HI))).unwrap().unwrap();
    fed.reply(&request, Err(undecodable()));
    let reply = &fed.written()[0];
    assert_eq!((reply.exception().code, reply.string("crrst")), (7, None));
    assert!(fed.server.takes_input(), "a multiplexed connection goes on");
}

#[test]
fn a_buffered_message_whose_arguments_cannot_be_walked_closes_without_an_answer() {
    for args in [&b"\x63\0\x01"[..], b"\x0b\0\x01\xff\xff\xff\xff", &b"\x0c\0\x01".repeat(65)] {
        let mut fed = Fed::new();
        assert!(fed.feed(&message(1, "Echo", 1, args)).is_err());
        assert!(fed.server.is_finished());
    }
}

/// On a multiplexed connection a message that cannot be read is passed over, since its length is known.
#[test]
fn a_multiplexed_message_that_cannot_be_read_is_passed_over_and_the_rest_is_served() {
    let good = message(1, "Echo", 1, HI);
    let cases = [
        (headed_with(MUX, 1, &[0, 0, 0x77, 0], &good), "unknown section id"),
        (headed_with(MUX, 1, &[2, 0], &good), "unsupported protocol id"),
        (headed(MUX, 1, &[], b"neither this nor that"), "looks like text"),
        (headed(MUX, 1, &[], &framed(&[b"\x80\x02\0\x01", &good[4..]].concat())), "no known protocol"),
        (headed(MUX, 1, &[], b""), "no room for a message"),
        (headed(MUX, 1, &[], &message(1, "", 1, HI)), "the method name is empty"),
        (headed(MUX, 1, &[], &[&good[..4], b"\0\0\x10\0", &good[8..]].concat()), "ends inside a value"),
        (headed(MUX, 1, &[], &[b"\0\0\0\x1d", &good[..20]].concat()), "a frame of"),
        (headed(MUX, 1, &[("crc32c", "00000000")], &good), "CRC-32C"),
        (headed(MUX, 1, &[("pad", &"x".repeat(3000))], &good), "Limits::max_header"),
        (headed(MUX, 1, &[], &message(1, "Echo", 1, &[0; 5000])), "Limits::max_frame"),
    ];
    let behind = headed(MUX, 2, &[], &message(1, "Echo", 2, HI));
    let limits = limited(|limits| {
        limits.max_frame = 4096;
        limits.max_header = 1024;
    });
    for (bytes, expected) in cases {
        for step in [1, 5, 13, usize::MAX] {
            let config = ServerConfig { checksum: true, ..ServerConfig::default() };
            let mut fed = Fed::with(config, limits.clone());
            let mut complaints = Vec::new();
            let mut taken = Vec::new();
            for piece in [&bytes[..], &behind].concat().chunks(step.min(bytes.len() + behind.len())) {
                fed.input.extend_from_slice(piece);
                loop {
                    match fed.next() {
                        Ok(Some(request)) => taken.push(request),
                        Ok(None) => break,
                        Err(error) => complaints.push(error.to_string()),
                    }
                }
            }
            assert_eq!(taken.len(), 1, "{expected} {step}");
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(complaints[0].contains(expected), "{}", complaints[0]);
            fed.reply(&taken[0], Ok(value("hi")));
            assert_eq!(fed.written()[0].sequence, 2);
            assert!(fed.server.takes_input() && fed.server.is_idle(), "{expected} {step}");
        }
    }
}

#[test]
fn a_refused_message_type_closes_a_multiplexed_connection_too() {
    let mut fed = Fed::new();
    assert!(fed.feed(&headed(MUX, 1, &[], &message(2, "Echo", 1, HI))).is_err());
    assert!(fed.server.is_finished());
}

#[test]
fn a_length_that_cannot_be_true_closes_a_multiplexed_connection_too() {
    let mut bytes = headed(MUX, 1, &[], &message(1, "Echo", 1, HI));
    bytes[..4].copy_from_slice(&8_u32.to_be_bytes());
    let mut fed = Fed::new();
    assert!(fed.feed(&bytes).is_err());
    assert!(fed.server.is_finished());
}

#[test]
fn a_message_that_is_passed_over_holds_no_memory_and_has_its_time() {
    let config = ServerConfig { message_timeout: seconds(10), ..ServerConfig::default() };
    let mut fed = Fed::with(config, Limits::default());
    let mut head = headed(MUX, 1, &[], &message(1, "Echo", 1, HI));
    head[..4].copy_from_slice(&0x7000_0000_u32.to_be_bytes());
    assert!(fed.feed(&head).is_err());
    for _ in 0..100 {
        assert!(fed.feed(&[0; 10_000]).unwrap().is_none());
        assert!(fed.input.is_empty());
    }
    assert_eq!(fed.server.poll_timeout(), Some(base() + seconds(10)));
    assert!(fed.server.handle_timeout(base() + seconds(10), &mut fed.input).is_err());
    assert!(fed.server.is_finished());
}

#[test]
fn a_message_that_was_passed_over_to_its_end_leaves_nothing_half_read() {
    let mut limits = Limits::default();
    limits.max_frame = 1000;
    let mut fed = Fed::with(ServerConfig::default(), limits);
    let mut head = headed(MUX, 1, &[], &message(1, "Echo", 1, HI));
    head[..4].copy_from_slice(&2000_u32.to_be_bytes());
    assert!(fed.feed(&head).is_err());
    assert!(fed.feed(&vec![0; 2003 - head.len()]).unwrap().is_none());
    assert!(!fed.server.is_idle(), "a byte is still to come");
    assert!(fed.feed(&[0]).unwrap().is_none());
    assert!(fed.server.is_idle() && fed.server.poll_timeout() > Some(base() + seconds(10)));
}

#[test]
fn what_follows_a_message_that_was_passed_over_has_a_time_of_its_own() {
    let mut limits = Limits::default();
    limits.max_frame = 1000;
    let mut fed = Fed::with(ServerConfig::default(), limits);
    let mut head = headed(MUX, 1, &[], &message(1, "Echo", 1, HI));
    head[..4].copy_from_slice(&2000_u32.to_be_bytes());
    let half = head.len() / 2;
    let now = base() + seconds(9);
    assert!(fed.feed(&head).is_err());
    let mut input = BytesMut::zeroed(2004 - head.len());
    input.extend_from_slice(&headed(MUX, 1, &[], &message(1, "Echo", 1, HI))[..half]);
    assert!(fed.server.handle_input(now, &mut input).unwrap().is_none());
    assert_eq!((input.len(), fed.server.poll_timeout()), (half, Some(now + seconds(10))));
}
