//! `Service:method`, as Apache's `TMultiplexedProtocol` writes it.

use kitex_codec::{ApplicationException, BytesMut, Descriptor, Form, Frame, Limits, Protocol};

use super::super::pair::{Pair, method};
use super::super::raw::{Fed, in_form};
use super::super::{ECHO, SERVICE, request, router, value};
use super::{BARE, PROTOCOLS, Said, call, client, in_frame, opened, said};
use crate::{ClientConfig, MethodDescriptor, Request, Response, ServerConfig, ServiceDescriptor, Status};

/// A service with a method of the same name as another's.
static OTHER: ServiceDescriptor =
    ServiceDescriptor { name: "Other", methods: &OTHER_METHODS, idl: &Descriptor::new("Other", &[], &[]) };
static OTHER_METHODS: [MethodDescriptor; 2] =
    [method("Other", "Echo", 0, false, &[]), method("Other", "Only", 1, false, &[])];

fn both() -> Fed {
    Fed::of(router(&[&SERVICE, &OTHER]), ServerConfig::default(), Limits::default())
}

/// The name and the exception that a request is answered with.
fn refused(fed: &mut Fed, bytes: &[u8]) -> (String, ApplicationException) {
    assert!(fed.feed(bytes).unwrap().is_none());
    let mut sent = BytesMut::from(&fed.server.output().take_segments().into_bytes()[..]);
    let frame = Frame::decode(&mut sent, &Limits::default()).unwrap().unwrap();
    let (envelope, body) = opened(&frame);
    let exception = frame.protocol.decode(&body.to_vec().into(), &Limits::default()).unwrap();
    (String::from_utf8(envelope.name.to_vec()).unwrap(), exception)
}

#[test]
fn the_service_before_a_name_is_the_one_that_is_called_and_the_answer_has_the_bare_name() {
    let cases = [
        ("EchoSvc:Echo", "EchoSvc", "Echo"),
        ("Other:Echo", "Other", "Echo"),
        ("Other:Only", "Other", "Only"),
        // A service that one alone can be meant by, whatever it is called.
        ("Calc:Only", "Other", "Only"),
        ("Only", "Other", "Only"),
    ];
    for (protocol, form) in PROTOCOLS.iter().flat_map(|protocol| BARE.map(|form| (*protocol, form))) {
        for (name, service, method) in cases {
            let mut fed = both();
            let request = fed.feed(&in_frame(form, call(protocol, name, 3))).unwrap().unwrap();
            assert_eq!((request.request.method.service(), request.request.method.name()), (service, method));
            fed.reply(&request, Ok(Response::new(Status::Ok, Said::result("hi").payload(protocol))));
            let mut sent = BytesMut::from(&fed.server.output().take_segments().into_bytes()[..]);
            let frame = Frame::decode(&mut sent, &Limits::default()).unwrap().unwrap();
            assert_eq!(opened(&frame).0.name, method.as_bytes());
        }
    }
}

#[test]
fn what_is_not_there_is_answered_as_an_unknown_method_under_the_bare_name() {
    let cases = [
        ("Nope:Echo", "Echo", "unknown service Nope, method Echo"),
        ("EchoSvc:Nope", "Nope", "unknown method Nope (service EchoSvc)"),
        ("EchoSvc:Echo:Echo", "Echo:Echo", "unknown method Echo:Echo (service EchoSvc)"),
        (":", "", "unknown method  (no service is named)"),
        (":Nope", "Nope", "unknown method Nope (no service is named)"),
    ];
    for protocol in [Protocol::Binary, Protocol::Compact, Protocol::Json] {
        for (name, bare, text) in cases {
            let mut fed = both();
            let (answered, exception) = refused(&mut fed, &call(protocol, name, 3));
            assert_eq!((&*answered, exception.code, &*exception.message), (bare, 1, text));
            assert!(fed.server.is_finished());
        }
    }
}

/// A request that names its service by a TTHeader is Kitex's, whose methods' names are looked up as they are.
#[test]
fn a_service_in_the_header_leaves_the_name_alone() {
    let mut fed = both();
    let message = call(Protocol::Binary, "EchoSvc:Echo", 3);
    let bytes = super::super::raw::headed(0, 3, &[("isn", "EchoSvc")], &message);
    let (name, exception) = refused(&mut fed, &bytes);
    assert_eq!((&*name, exception.code), ("EchoSvc:Echo", 1));
    let mut fed = both();
    assert!(fed.feed(&in_form(Form::TTHeader, 3, &message)).unwrap().is_some());
}

#[test]
fn a_client_writes_the_prefix_and_takes_the_answer_under_the_bare_name() {
    for (protocol, form) in PROTOCOLS.iter().flat_map(|protocol| BARE.map(|form| (*protocol, form))) {
        let config = ClientConfig { service_prefix: Some("EchoSvc".into()), ..client(protocol, form) };
        let mut pair = Pair::between(
            router(&[&SERVICE, &OTHER]),
            ServerConfig::default(),
            config,
            Limits::default(),
            Limits::default(),
        );
        let request = Request::new(ECHO, Said::args("hi").payload(protocol));
        let answer = Response::new(Status::Ok, Said::result("hi").payload(protocol));
        let answer = pair.served(request, Ok(answer)).unwrap();
        assert_eq!(said(answer.body.message()), Said::result("hi"));
    }
}

/// There the service is named by the header, which wins.
#[test]
fn behind_a_tt_header_a_client_writes_no_prefix() {
    let config = ClientConfig { service_prefix: Some("EchoSvc".into()), ..ClientConfig::default() };
    let mut pair = Pair::with(ServerConfig::default(), config, Limits::default());
    assert!(pair.served(request(ECHO, "hi"), Ok(value("hi"))).is_ok());
}
