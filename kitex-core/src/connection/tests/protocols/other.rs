//! Payloads and answers in another protocol than the connection's.

use kitex_codec::{Form, Limits, MessageType, Protocol};

use super::super::pair::Pair;
use super::super::raw::{Asking, Fed};
use super::super::{ECHO, limited};
use super::{BARE, PROTOCOLS, Said, call, client, in_frame, message, said};
use crate::{ClientConfig, Error, ErrorKind, Payload, Request, Response, ServerConfig, Status};

fn answer(protocol: Protocol, name: &str, sequence: i32) -> Vec<u8> {
    message(protocol, MessageType::REPLY, name, sequence, &Said::result("hi").bytes(protocol))
}

/// What becomes of an answer to the first call of a client.
fn asked(config: ClientConfig, bytes: &[u8]) -> Result<Response, Error> {
    let protocol = config.protocol;
    let mut asking = Asking::with(config);
    let request = Request::new(ECHO, Said::args("hi").payload(protocol));
    asking.client.call(super::super::base(), &request, 0).unwrap();
    asking.client.output().clear();
    asking.feed(bytes).unwrap().unwrap().1
}

#[test]
fn an_answer_in_another_protocol_is_refused_by_name() {
    for (mine, other) in PROTOCOLS.iter().flat_map(|mine| PROTOCOLS.map(|other| (*mine, other))) {
        for (form, back) in BARE.iter().flat_map(|form| BARE.map(|back| (*form, back))) {
            let result = asked(client(mine, form), &in_frame(back, answer(other, "Echo", 1)));
            if mine == other {
                assert_eq!(said(result.unwrap().body.message()), Said::result("hi"));
                continue;
            }
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, Some(9)));
            let text = format!("the answer is {other}, and not {mine} as the request was");
            assert_eq!(error.message(), text);
        }
    }
}

#[test]
fn a_reply_to_another_call_is_refused_in_every_protocol() {
    for protocol in PROTOCOLS {
        let config = || client(protocol, Form::Framed);
        let frame = |name, sequence| in_frame(Form::Framed, answer(protocol, name, sequence));
        assert_eq!(asked(config(), &frame("Echo", 2)).unwrap_err().code(), Some(4));
        assert_eq!(asked(config(), &frame("Fire", 1)).unwrap_err().code(), Some(3));
        // Servers answer under the bare name (spec: thrift-idl 10).
        assert_eq!(asked(config(), &frame("EchoSvc:Echo", 1)).unwrap_err().code(), Some(3));
    }
}

/// A server that forwards to another, or a layer that answers in a handler's place, does not know the connection.
#[test]
fn an_answer_goes_into_the_protocol_of_the_request_or_is_refused() {
    for (asked, answered) in PROTOCOLS.iter().flat_map(|asked| PROTOCOLS.map(|answered| (*asked, answered))) {
        let mut pair = Pair::with(ServerConfig::default(), client(asked, Form::Framed), Limits::default());
        let request = Request::new(ECHO, Said::args("hi").payload(asked));
        let result =
            pair.served(request, Ok(Response::new(Status::Ok, Said::result("hi").payload(answered))));
        if asked == answered || asked != Protocol::Json && answered != Protocol::Json {
            assert_eq!(said(result.unwrap().body.message()), Said::result("hi"));
            continue;
        }
        let error = result.unwrap_err();
        assert_eq!(error.code(), Some(6));
        assert!(error.message().contains("Thrift JSON does not tell a string from a binary"), "{error}");
    }
}

/// A layer that answers in a handler's place knows its type, if not what was asked in.
#[test]
fn a_typed_answer_goes_into_every_protocol() {
    for asked in PROTOCOLS {
        let mut pair = Pair::with(ServerConfig::default(), client(asked, Form::Framed), Limits::default());
        let request = Request::new(ECHO, Said::args("hi").payload(asked));
        let typed = Payload::encode_typed(&Said::result("hi"), &Limits::default()).unwrap();
        let result = pair.served(request, Ok(Response::new(Status::Ok, typed))).unwrap();
        let payload = result.body.message();
        assert_eq!((payload.unwrap().protocol(), said(payload)), (asked, Said::result("hi")));
    }
}

#[test]
fn bytes_that_are_not_of_the_type_that_they_were_made_of_are_refused() {
    let mut limits = Limits::default();
    let typed = Payload::encode_typed(&Said::result("hi"), &limits).unwrap();
    limits.max_string = 1;
    let error = typed.transcode(Protocol::Json, &limits).unwrap_err();
    assert!(error.to_string().contains("not of the type"), "{error}");
}

#[test]
fn an_answer_without_a_value_goes_into_every_protocol() {
    for asked in PROTOCOLS {
        let mut pair = Pair::with(ServerConfig::default(), client(asked, Form::Buffered), Limits::default());
        let request = Request::new(ECHO, Said::args("hi").payload(asked));
        let answer = pair.served(request, Ok(Response::empty(Status::Ok))).unwrap();
        let payload = answer.body.message().unwrap();
        assert_eq!(payload.clone().into_bytes(), asked.empty_struct());
    }
}

#[test]
fn a_request_goes_into_the_protocol_of_the_connection_or_is_not_sent() {
    for (mine, given) in PROTOCOLS.iter().flat_map(|mine| PROTOCOLS.map(|given| (*mine, given))) {
        let mut pair = Pair::with(ServerConfig::default(), client(mine, Form::Framed), Limits::default());
        let sent = pair.send(Request::new(ECHO, Said::args("hi").payload(given)));
        if mine == given || mine != Protocol::Json && given != Protocol::Json {
            pair.flow();
            let payload = pair.requests[0].request.body.message();
            assert_eq!((payload.unwrap().protocol(), said(payload)), (mine, Said::args("hi")));
            continue;
        }
        let error = sent.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert!(error.to_string().contains("Thrift JSON"), "{error}");
        assert!(pair.client.output().is_empty() && pair.client.accepts_calls());
    }
}

#[test]
fn behind_a_tt_header_a_client_sends_binary_alone() {
    for (protocol, form) in [(Protocol::Compact, Form::TTHeader), (Protocol::Json, Form::TTHeaderFramed)] {
        let mut pair = Pair::with(ServerConfig::default(), client(protocol, form), Limits::default());
        let error = pair.send(Request::new(ECHO, Said::args("hi").payload(protocol))).unwrap_err();
        assert!(error.to_string().contains("behind a TTHeader stands Thrift Binary"), "{error}");
        assert!(pair.client.output().is_empty() && pair.client.accepts_calls());
    }
}

#[test]
fn no_message_is_larger_than_this_side_would_take() {
    let limits = || limited(|limits| limits.max_frame = 300);
    for (protocol, form) in PROTOCOLS.iter().flat_map(|protocol| BARE.map(|form| (*protocol, form))) {
        let largest = |len: usize| {
            let mut fed = Fed::with(ServerConfig::default(), limits());
            let request = fed.feed(&in_frame(form, call(protocol, "Echo", 1))).unwrap().unwrap();
            let result = Said::result(&"x".repeat(len)).payload(protocol);
            fed.reply(&request, Ok(Response::new(Status::Ok, result)));
            fed.server.output().take_segments().into_bytes()
        };
        let mut lens = (200..400).map(|len| (len, largest(len)));
        let (_, over) = lens
            .find(|(len, sent)| !sent.windows(*len).any(|part| part == "x".repeat(*len).as_bytes()))
            .unwrap();
        let over = String::from_utf8_lossy(&over).into_owned();
        assert!(over.contains("301 is over the limit of 300 (Limits::max_frame)"), "{over}");
    }
}
