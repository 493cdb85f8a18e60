//! Our client against a server that breaks the rules: no call gets another's answer, and none waits for ever.

use kitex_codec::Form;

use super::raw::{Asking, FORMS, Fed, HI, SAID, framed, headed, headed_with, in_form, message};
use super::*;
use crate::{ErrorKind, Sent};

const BOOM: &[u8] = b"\x0b\0\x01\0\0\0\x04boom\x08\0\x02\0\0\0\x06\0";

#[test]
fn a_reply_with_another_sequence_id_fails_the_call_and_the_connection() {
    for form in FORMS {
        for sequence in [0, 2, -1, i32::MAX] {
            let mut asking = Asking::over(form);
            asking.call(ECHO, 0);
            let reply = in_form(form, sequence, &message(2, "Echo", sequence, SAID));
            let error = asking.feed(&reply).unwrap().unwrap().1.unwrap_err();
            assert_eq!(
                (error.kind(), error.code(), error.sent()),
                (ErrorKind::Protocol, Some(4), Sent::Maybe)
            );
            assert!(!asking.client.is_reusable(0) && !asking.client.accepts_calls());
        }
    }
}

#[test]
fn the_headers_sequence_id_of_a_pooled_reply_does_not_matter() {
    let mut asking = Asking::over(Form::TTHeader);
    asking.call(ECHO, 0);
    assert!(asking.feed(&headed(0, 6, &[], &message(2, "Echo", 1, SAID))).unwrap().unwrap().1.is_ok());
    assert!(asking.client.is_reusable(0));
}

#[test]
fn a_multiplexed_reply_is_found_by_its_header_and_held_to_its_envelope() {
    let mut asking = Asking::mux();
    asking.call(ECHO, 10);
    asking.call(ECHO, 20);
    assert!(asking.feed(&headed(0, 9, &[], &message(2, "Echo", 1, SAID))).unwrap().is_none());
    assert_eq!(asking.client.dropped_answers(), 1);
    let (token, result) = asking.feed(&headed(0, 2, &[], &message(2, "Echo", 1, SAID))).unwrap().unwrap();
    assert_eq!((token, result.unwrap_err().code()), (20, Some(4)));
    let (token, result) = asking.feed(&headed(0, 1, &[], &message(2, "Echo", 1, SAID))).unwrap().unwrap();
    assert_eq!((token, result.is_ok()), (10, true));
    assert!(asking.client.accepts_calls());
}

#[test]
fn a_reply_to_another_method_is_refused() {
    for (name, form) in [("Other", Form::Framed), ("", Form::Framed), ("echo", Form::TTHeader)] {
        let mut asking = Asking::over(form);
        asking.call(ECHO, 0);
        let error =
            asking.feed(&in_form(form, 1, &message(2, name, 1, SAID))).unwrap().unwrap().1.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, Some(3)));
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        assert!(!asking.client.is_reusable(0));
    }
}

#[test]
fn neither_name_nor_sequence_id_of_an_exception_matter() {
    for form in FORMS {
        for (name, sequence) in [("Echo", 1), ("Other", 0), ("", 9)] {
            let mut asking = Asking::over(form);
            asking.call(ECHO, 0);
            let error = asking
                .feed(&in_form(form, 1, &message(3, name, sequence, BOOM)))
                .unwrap()
                .unwrap()
                .1
                .unwrap_err();
            assert_eq!((error.kind(), error.code(), error.message()), (ErrorKind::Remote, Some(6), "boom"));
        }
    }
}

/// A Kitex server closes behind these, and by default does not say so (spec: kitex-wire 6.7, 10.2, 10.3).
#[test]
fn a_pooled_connection_is_not_used_again_after_an_exception_that_no_handler_made() {
    for form in FORMS {
        for (code, kept) in
            [(6, true), (77, true), (0, true), (1, false), (7, false), (9, false), (20, false)]
        {
            let body = [&b"\x0b\0\x01\0\0\0\x01x\x08\0\x02\0\0\0"[..], &[code, 0]].concat();
            let mut asking = Asking::over(form);
            asking.call(ECHO, 0);
            assert!(
                asking.feed(&in_form(form, 1, &message(3, "Echo", 1, &body))).unwrap().unwrap().1.is_err()
            );
            assert_eq!(asking.client.is_reusable(0), kept && form.has_header(), "{form:?} {code}");
        }
    }
}

#[test]
fn a_second_reply_makes_a_pooled_connection_unusable_and_reaches_nobody() {
    for form in FORMS {
        let mut asking = Asking::over(form);
        asking.call(ECHO, 0);
        let reply = in_form(form, 1, &message(2, "Echo", 1, SAID));
        assert!(asking.feed(&[&reply[..], &reply].concat()).unwrap().unwrap().1.is_ok());
        assert!(!asking.client.is_reusable(asking.input.len()), "something stands behind the reply");
        assert!(asking.feed(&[]).unwrap().is_none());
        assert_eq!(asking.client.dropped_answers(), 1);
        assert!(!asking.client.accepts_calls());
    }
}

#[test]
fn a_second_reply_that_comes_during_the_next_call_is_not_its_answer() {
    let mut asking = Asking::over(Form::Framed);
    asking.call(ECHO, 0);
    let reply = framed(&message(2, "Echo", 1, SAID));
    assert!(asking.feed(&reply).unwrap().is_some());
    asking.call(ECHO, 1);
    let (token, result) = asking.feed(&reply).unwrap().unwrap();
    assert_eq!((token, result.unwrap_err().code()), (1, Some(4)));
}

#[test]
fn a_second_multiplexed_reply_is_dropped_and_the_connection_goes_on() {
    let mut asking = Asking::mux();
    asking.call(ECHO, 0);
    let reply = headed(0, 1, &[], &message(2, "Echo", 1, SAID));
    assert!(asking.feed(&[&reply[..], &reply].concat()).unwrap().is_some());
    assert!(asking.feed(&[]).unwrap().is_none());
    assert_eq!(asking.client.dropped_answers(), 1);
    assert!(asking.client.accepts_calls());
}

#[test]
fn an_unsolicited_reply_reaches_nobody() {
    for form in FORMS {
        let mut asking = Asking::over(form);
        assert!(asking.feed(&in_form(form, 1, &message(2, "Echo", 1, SAID))).unwrap().is_none());
        assert!(!asking.client.is_reusable(0) && !asking.client.accepts_calls(), "{form:?}");
    }
    let mut asking = Asking::mux();
    assert!(asking.feed(&headed(0, 1, &[], &message(2, "Echo", 1, SAID))).unwrap().is_none());
    asking.call(ECHO, 0);
    assert_eq!(asking.client.in_flight(), 1, "it is not kept for the call that gets its sequence id");
    assert!(asking.feed(&[]).unwrap().is_none());
}

#[test]
fn a_reply_that_is_no_answer_is_named() {
    for (kind, code) in [(0, 2), (1, 2), (4, 2), (6, 2), (7, 2)] {
        let mut asking = Asking::over(Form::Framed);
        asking.call(ECHO, 0);
        let error = asking.feed(&framed(&message(kind, "Echo", 1, SAID))).unwrap().unwrap().1.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, Some(code)));
        assert!(error.to_string().contains(&format!("message type {kind}")), "{error}");
        assert!(!asking.client.is_reusable(0));
    }
    let mut asking = Asking::over(Form::Framed);
    asking.call(ECHO, 0);
    let protobuf = b"\0\0\0\x13\x90\x01\0\x02\0\0\0\x04Echo\0\0\0\x01\x0a\x01x";
    let error = asking.feed(protobuf).unwrap().unwrap().1.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, Some(9)));
    assert!(error.to_string().contains("not Thrift Binary"), "{error}");
}

#[test]
fn a_reply_of_type_5_is_a_reply() {
    let mut asking = Asking::over(Form::Framed);
    asking.call(ECHO, 0);
    assert!(asking.feed(&framed(&message(5, "Echo", 1, SAID))).unwrap().unwrap().1.is_ok());
}

#[test]
fn a_reply_may_take_any_form() {
    for asked in FORMS {
        for answered in FORMS {
            let mut asking = Asking::over(asked);
            asking.call(ECHO, 0);
            let reply = in_form(answered, 1, &message(2, "Echo", 1, SAID));
            assert!(asking.feed(&reply).unwrap().unwrap().1.is_ok(), "{asked:?} {answered:?}");
        }
    }
}

#[test]
fn a_multiplexed_connection_that_is_answered_without_a_header_ends() {
    for form in [Form::Buffered, Form::Framed] {
        let mut asking = Asking::mux();
        asking.call(ECHO, 7);
        let error = asking.feed(&in_form(form, 1, &message(2, "Echo", 1, SAID))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(!asking.client.accepts_calls());
        assert_eq!(asking.client.next_failed().map(|(_, token)| token), Some(7));
        assert!(asking.client.next_failed().is_none());
    }
}

#[test]
fn a_multiplexed_reply_that_cannot_be_read_fails_its_call_alone() {
    let large = message(2, "Echo", 1, &[0; 5000]);
    let cases = [
        headed(0, 1, &[], b"neither this nor that"),
        headed_with(0, 1, &[0, 0, 0x77, 0], &message(2, "Echo", 1, SAID)),
        headed(0, 1, &[], b""),
        headed(0, 1, &[], &large),
    ];
    for bytes in cases {
        for step in [1, 7, bytes.len()] {
            let mut asking = Asking::mux();
            let info = crate::ConnectionInfo::new(
                crate::Peer::Memory,
                std::sync::Arc::new(limited(|limits| limits.max_frame = 4096)),
            );
            let config = super::super::ClientConfig { multiplexed: true, ..Default::default() };
            asking.client = super::super::ClientConnection::new(std::sync::Arc::new(config), info);
            asking.call(ECHO, 10);
            asking.call(ECHO, 20);
            let mut answers = Vec::new();
            let behind = headed(0, 2, &[], &message(2, "Echo", 2, SAID));
            for piece in bytes.chunks(step).chain([&behind[..]]) {
                asking.input.extend_from_slice(piece);
                while let Some(answer) = asking.client.handle_input(&mut asking.input).unwrap() {
                    answers.push((answer.token, answer.result.is_ok()));
                }
            }
            assert_eq!(answers, [(10, false), (20, true)], "{step}");
            assert!(asking.client.accepts_calls() && asking.input.is_empty());
        }
    }
}

#[test]
fn garbage_fails_every_call_of_the_connection() {
    for bytes in [&[0; 16][..], b"HTTP/1.1 400 Bad Request\r\n", b"\x15\x03\x03\0\x02\x02\x46\0"] {
        for mut asking in [Asking::over(Form::TTHeaderFramed), Asking::mux()] {
            asking.call(ECHO, 7);
            let error = asking.feed(bytes).unwrap_err();
            assert_eq!((error.kind(), error.sent()), (ErrorKind::Protocol, Sent::Maybe));
            assert_eq!(
                asking.client.next_failed().map(|(method, token)| (method.to_string(), token)),
                Some(("EchoSvc.Echo".into(), 7))
            );
            assert!(asking.feed(bytes).unwrap().is_none(), "it is not read again");
        }
    }
}

#[test]
fn an_exception_that_ends_early_is_an_error() {
    for len in 0..BOOM.len() {
        let mut asking = Asking::over(Form::Framed);
        asking.call(ECHO, 0);
        let answer = asking.feed(&framed(&message(3, "Echo", 1, &BOOM[..len]))).unwrap();
        assert!(answer.unwrap().1.is_err());
        assert!(!asking.client.is_reusable(0));
    }
}

#[test]
fn a_result_of_any_bytes_is_skimmed_without_a_panic() {
    for body in [&b""[..], b"\x0c", b"\x0c\0", b"\xff\0\x01", b"\0\0\0"] {
        for form in [Form::Framed, Form::TTHeaderFramed] {
            let mut asking = Asking::over(form);
            asking.call(RISKY, 0);
            let response = asking.feed(&in_form(form, 1, &message(2, "Risky", 1, body))).unwrap().unwrap().1;
            assert_eq!(response.unwrap().status, crate::Status::Ok);
        }
    }
}

/// Every byte of a conversation changed in every bit, for both ends: a value, more to come, or an error.
#[test]
fn no_changed_bit_makes_an_engine_panic_or_answer_twice() {
    for form in FORMS {
        let request = in_form(form, 1, &message(1, "Echo", 1, HI));
        let reply = in_form(form, 1, &message(2, "Echo", 1, SAID));
        for bit in 0..request.len() * 8 {
            let mut changed = request.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let mut fed = Fed::new();
            let mut taken = 0;
            while let Ok(Some(request)) = fed.feed(if taken == 0 { &changed } else { &[] }) {
                taken += 1;
                fed.reply(&request, Ok(value("x")));
            }
            assert!(taken <= 1 && fed.server.output().len() < 1000);
        }
        for bit in 0..reply.len() * 8 {
            let mut changed = reply.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            for mut asking in [Asking::over(form), Asking::mux()] {
                asking.call(ECHO, 7);
                let answered = asking.feed(&changed).is_ok_and(|answer| answer.is_some());
                assert_eq!(asking.client.in_flight(), usize::from(!answered));
            }
        }
    }
}
