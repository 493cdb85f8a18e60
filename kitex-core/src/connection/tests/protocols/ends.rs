//! Both ends, and bytes as Apache's peers write them.

use kitex_codec::{BytesMut, Form, Frame, Limits, Protocol};

use super::super::pair::Pair;
use super::super::raw::{Fed, headed, in_form};
use super::super::{ECHO, FIRE, RISKY};
use super::{BARE, PROTOCOLS, Said, call, client, in_frame, old_call, opened, said};
use crate::{Error, ErrorKind, Request, Response, ServerConfig, Stage, Status};

fn pair(protocol: Protocol, form: Form, step: usize) -> Pair {
    let mut pair = Pair::with(ServerConfig::default(), client(protocol, form), Limits::default());
    pair.step = step;
    pair
}

#[test]
fn every_kind_of_answer_comes_back_however_the_bytes_are_cut() {
    for (protocol, form) in PROTOCOLS.iter().flat_map(|protocol| BARE.map(|form| (*protocol, form))) {
        for step in (1..70).chain([usize::MAX]) {
            let mut pair = pair(protocol, form, step);
            let long = "a [quoted] \"}\\ ".repeat(300);
            for text in ["hi", "", &long] {
                let request = Request::new(ECHO, Said::args(text).payload(protocol));
                let answer = Response::new(Status::Ok, Said::result(text).payload(protocol));
                let answer = pair.served(request, Ok(answer)).unwrap();
                assert_eq!(answer.status, Status::Ok);
                assert_eq!(answer.body.message().unwrap().protocol(), protocol);
                assert_eq!(said(answer.body.message()), Said::result(text));
            }
            let thrown = Said { id: 2, text: "no".into() };
            let request = Request::new(RISKY, Said::args("hi").payload(protocol));
            let answer =
                pair.served(request, Ok(Response::new(Status::Ok, thrown.payload(protocol)))).unwrap();
            assert_eq!((answer.status, said(answer.body.message())), (Status::Exception(2), thrown));
            let request = Request::new(ECHO, Said::args("hi").payload(protocol));
            let error = pair.served(request, Err(Error::handler("no"))).unwrap_err();
            assert_eq!(
                (error.kind(), error.code(), error.message()),
                (ErrorKind::Remote, Some(6), "biz error: no")
            );
        }
    }
}

#[test]
fn what_is_served_has_the_protocol_that_it_came_in_and_a_oneway_call_is_not_answered() {
    for (protocol, form) in PROTOCOLS.iter().flat_map(|protocol| BARE.map(|form| (*protocol, form))) {
        let mut pair = pair(protocol, form, usize::MAX);
        pair.send(Request::new(FIRE, Said::args("off").payload(protocol))).unwrap();
        pair.send(Request::new(ECHO, Said::args("hi").payload(protocol))).unwrap();
        pair.flow();
        let payload = pair.requests[0].request.body.message();
        assert_eq!((payload.unwrap().protocol(), said(payload)), (protocol, Said::args("off")));
        pair.answer(0, Ok(Response::empty(Status::Ok)));
        pair.flow();
        assert!(pair.answers.is_empty());
        assert_eq!(said(pair.requests[0].request.body.message()), Said::args("hi"));
        pair.answer(0, Ok(Response::new(Status::Ok, Said::result("hi").payload(protocol))));
        pair.flow();
        assert_eq!(said(pair.answers[0].1.as_ref().unwrap().body.message()), Said::result("hi"));
    }
}

#[test]
fn golden_bytes_are_served_and_answered_with_golden_bytes() {
    let cases: [(&[u8], &[u8]); 4] = [
        (
            b"\x80\x01\0\x01\0\0\0\x04Echo\0\0\0\x01\x0b\0\x01\0\0\0\x02hi\0",
            b"\x80\x01\0\x02\0\0\0\x04Echo\0\0\0\x01\x0b\0\0\0\0\0\x02hi\0",
        ),
        // Without a version word; the answer has one.
        (
            b"\0\0\0\x04Echo\x01\0\0\0\x01\x0b\0\x01\0\0\0\x02hi\0",
            b"\x80\x01\0\x02\0\0\0\x04Echo\0\0\0\x01\x0b\0\0\0\0\0\x02hi\0",
        ),
        (b"\x82\x21\x01\x04Echo\x18\x02hi\0", b"\x82\x41\x01\x04Echo\x08\0\x02hi\0"),
        (br#"[1,"Echo",1,1,{"1":{"str":"hi"}}]"#, br#"[1,"Echo",2,1,{"0":{"str":"hi"}}]"#),
    ];
    for form in BARE {
        for (asked, answered) in cases {
            let mut fed = Fed::new();
            let request = fed.feed(&in_frame(form, asked.to_vec())).unwrap().unwrap();
            let payload = request.request.body.message().unwrap();
            assert_eq!(said(Some(payload)), Said::args("hi"));
            let answer = Said::result("hi").payload(payload.protocol());
            fed.reply(&request, Ok(Response::new(Status::Ok, answer)));
            let sent = fed.server.output().take_segments().into_bytes();
            assert_eq!(sent, in_frame(form, answered.to_vec()));
            assert!(!fed.server.is_finished());
        }
    }
}

#[test]
fn one_connection_serves_all_of_them_in_turn() {
    let mut fed = Fed::new();
    let binary = call(Protocol::Binary, "Echo", 9);
    let mut stream = Vec::new();
    for form in BARE {
        let all =
            [Protocol::Binary, Protocol::Compact, Protocol::Json].map(|protocol| call(protocol, "Echo", 9));
        all.into_iter()
            .chain([old_call("Echo", 9)])
            .for_each(|message| stream.extend(in_frame(form, message)));
    }
    stream.extend(in_form(Form::TTHeaderFramed, 9, &binary));
    let mut served = 0;
    for byte in stream {
        if let Some(request) = fed.feed(&[byte]).unwrap() {
            assert_eq!(said(request.request.body.message()), Said::args("hi"));
            let protocol = request.request.body.message().unwrap().protocol();
            fed.reply(&request, Ok(Response::new(Status::Ok, Said::result("hi").payload(protocol))));
            served += 1;
        }
    }
    assert_eq!(served, 9);
}

/// Behind a TTHeader a Kitex server reads Binary alone (spec: kitex-wire 2.5, 6.3).
#[test]
fn behind_a_tt_header_other_protocols_are_refused_by_name() {
    let old = old_call("Echo", 1);
    let cases = [
        (call(Protocol::Compact, "Echo", 1), "Thrift Compact"),
        (call(Protocol::Json, "Echo", 1), "Thrift JSON"),
        (old, "non-strict Thrift Binary"),
    ];
    for (message, name) in cases {
        for form in [Form::TTHeader, Form::TTHeaderFramed] {
            let mut fed = Fed::new();
            let error = fed.feed(&in_form(form, 1, &message)).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
            assert!(fed.server.is_finished());
        }
        // Of a multiplexed connection one message is passed over.
        let mut fed = Fed::new();
        assert!(fed.feed(&headed(1, 7, &[], &message)).is_err());
        assert!(fed.server.takes_input());
    }
}

#[test]
fn exceptions_go_back_as_the_request_came() {
    for (protocol, form) in PROTOCOLS.iter().flat_map(|protocol| BARE.map(|form| (*protocol, form))) {
        let cases = [
            ("Echo", 6, Error::handler("it \"failed\"")),
            ("Echo", 7, Error::new(ErrorKind::Arguments, Stage::Decode, "no arguments")),
            // Code 20 is Kitex's own.
            ("Nope", if protocol == Protocol::Binary { 20 } else { 1 }, Error::handler("nothing is served")),
        ];
        for (name, code, error) in cases {
            let mut fed = Fed::new();
            if let Some(request) = fed.feed(&in_frame(form, call(protocol, name, 5))).unwrap() {
                fed.reply(&request, Err(error));
            }
            let mut sent = BytesMut::from(&fed.server.output().take_segments().into_bytes()[..]);
            let frame = Frame::decode(&mut sent, &Limits::default()).unwrap().unwrap();
            assert_eq!((frame.form, frame.protocol, sent.len()), (form, protocol, 0));
            let (envelope, body) = opened(&frame);
            assert_eq!((envelope.kind.0, envelope.name, envelope.sequence), (3, name.as_bytes(), 5));
            let exception: kitex_codec::ApplicationException =
                protocol.decode(&body.to_vec().into(), &Limits::default()).unwrap();
            assert_eq!(exception.code, code, "{exception:?}");
            if code == 1 {
                assert_eq!(exception.message, "unknown method Nope (no service is named)");
            }
            assert_eq!(fed.server.is_finished(), code != 6);
        }
    }
}
