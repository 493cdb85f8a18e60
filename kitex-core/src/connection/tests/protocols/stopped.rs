//! Messages that are no messages, that do not end, or that stop.

use kitex_codec::{BytesMut, Frame, Limits, MessageType, Protocol};

use super::super::raw::Fed;
use super::super::{base, limited, seconds};
use super::{BARE, Said, call, in_frame, message, old_call, opened};
use crate::{ErrorKind, ServerConfig};

const ALL: [Protocol; 3] = [Protocol::Binary, Protocol::Compact, Protocol::Json];

#[test]
fn what_is_no_message_ends_the_connection_without_an_answer() {
    let kind =
        |protocol, kind| message(protocol, MessageType(kind), "Echo", 1, &Said::args("hi").bytes(protocol));
    let cases: [(Vec<u8>, &str); 13] = [
        (kind(Protocol::Compact, 2), "message type 2"),
        (kind(Protocol::Json, 3), "message type 3"),
        (call(Protocol::Compact, "", 1), "the method name is empty"),
        (call(Protocol::Json, "", 1), "the method name is empty"),
        (b"\x82\x22\x01\x04Echo\0".to_vec(), "Thrift Compact of another version"),
        (b"\x82\x21\x01\x04Echo\x0e\0".to_vec(), "unknown type byte 0x0e"),
        (b"\x82\x21\x01\x04Echo\x18\xff\xff\xff\xff\x0f".to_vec(), "negative length -1"),
        (b"\x82\x21\xff\xff\xff\xff\xff\xff\xff".to_vec(), "more bits than its type"),
        (br#"[1,"Echo",1,1,{]"#.to_vec(), "closes what it did not open"),
        (br#"[1,"Ec\u0068o",1,1,{}]"#.to_vec(), "the method's name has escapes"),
        (br#"[1,"Echo",1,99999999999,{}]"#.to_vec(), "too large"),
        (br#"[1,"Echo"]  "#.to_vec(), "a comma is missing"),
        (b"[2,\"Echo\",1,1,{}]".to_vec(), "looks like text"),
    ];
    for (bytes, expected) in cases {
        let mut fed = Fed::new();
        let error = fed.feed(&bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains(expected), "{error}\nexpected {expected}");
        assert!(fed.server.output().is_empty() && fed.server.is_finished(), "{expected}");
    }
}

#[test]
fn limits_hold_for_messages_without_a_frame_and_are_named() {
    let deep = |protocol| match protocol {
        Protocol::Binary => {
            [&b"\x80\x01\0\x01\0\0\0\x04Echo\0\0\0\x01"[..], &b"\x0c\0\x01".repeat(70)].concat()
        }
        Protocol::Compact => [&b"\x82\x21\x01\x04Echo"[..], &b"\x1c".repeat(70)].concat(),
        Protocol::Json => [&br#"[1,"Echo",1,1,{"#[..], &br#""1":{"rec":{"#.repeat(70)].concat(),
    };
    for protocol in ALL {
        let mut fed = Fed::new();
        let error = fed.feed(&deep(protocol)).unwrap_err();
        assert_eq!((error.kind(), error.setting()), (ErrorKind::Limit, Some("Limits::max_depth")));
        let mut fed = Fed::with(ServerConfig::default(), limited(|limits| limits.max_frame = 40));
        let long =
            message(protocol, MessageType::CALL, "Echo", 1, &Said::args(&"x".repeat(50)).bytes(protocol));
        let error = fed.feed(&long[..41]).unwrap_err();
        assert_eq!((error.kind(), error.setting()), (ErrorKind::Limit, Some("Limits::max_frame")));
    }
}

/// A message that stops among its arguments is answered where its frame tells how long it is (spec: kitex-wire 10.3).
#[test]
fn a_request_that_stops_is_answered_in_its_protocol_if_its_arguments_had_begun() {
    let messages = ALL.map(|protocol| (protocol, call(protocol, "Echo", 4)));
    for (protocol, message) in messages.into_iter().chain([(Protocol::Binary, old_call("EchoSvc:Echo", 4))]) {
        for form in BARE {
            let mut fed = Fed::new();
            let bytes = in_frame(form, message.clone());
            assert!(fed.feed(&bytes[..bytes.len() - 1]).unwrap().is_none());
            let mut input = fed.input.split();
            let error = fed.server.handle_timeout(base() + seconds(11), &mut input).unwrap_err();
            assert_eq!(error.setting(), Some("message_timeout"));
            let mut sent = BytesMut::from(&fed.server.output().take_segments().into_bytes()[..]);
            let answer = Frame::decode(&mut sent, &Limits::default()).unwrap();
            assert_eq!(answer.is_some(), form.is_framed(), "{protocol} {form:?}");
            let Some(frame) = answer else { continue };
            assert_eq!((frame.form, frame.protocol), (form, protocol));
            let (envelope, body) = opened(&frame);
            assert_eq!((envelope.kind.0, envelope.name, envelope.sequence), (3, &b"Echo"[..], 4));
            let exception: kitex_codec::ApplicationException =
                protocol.decode(&body.to_vec().into(), &Limits::default()).unwrap();
            assert_eq!(exception.code, 7);
        }
    }
}
