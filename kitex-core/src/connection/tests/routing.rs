//! Which service gets a request (spec: kitex-wire 10.2), row by row.

use kitex_codec::{Descriptor, Form, Limits};

use super::pair::{method, unused};
use super::raw::{FORMS, Fed, HI, MUX, headed, headed_with, in_form, message};
use super::*;
use crate::{MethodDescriptor, Router, RouterError, ServerConfig, ServiceDescriptor, Target};

/// Has `Echo` like the first service, and a method of its own.
static OTHER: ServiceDescriptor = ServiceDescriptor {
    name: "OtherSvc",
    methods: &OTHER_METHODS,
    idl: &Descriptor::new("OtherSvc", &[], &[]),
};
static OTHER_METHODS: [MethodDescriptor; 2] =
    [method("OtherSvc", "Echo", 0, false, &[]), method("OtherSvc", "Own", 1, false, &[])];

/// What becomes of a request for `name`, with or without a service name: the service, or the exception's code and text.
fn route(router: &Router, service: Option<&str>, name: &str) -> Result<String, (i32, String)> {
    let mut fed = Fed::of(router.clone(), ServerConfig::default(), Limits::default());
    let pairs: Vec<_> = service.into_iter().map(|service| ("isn", service)).collect();
    match fed.feed(&headed(0, 1, &pairs, &message(1, name, 1, HI))).unwrap() {
        Some(taken) => Ok(taken.request.method.to_string()),
        None => {
            let reply = &fed.written()[0];
            assert_eq!((&*reply.name, reply.string("crrst"), reply.int(22)), (name, Some("1"), Some("3")));
            assert!(fed.server.is_finished(), "closed after the reply");
            let exception = reply.exception();
            Err((exception.code, exception.message.to_string()))
        }
    }
}

fn unknown_service(service: &str, method: &str) -> Result<String, (i32, String)> {
    Err((20, format!("unknown service {service}, method {method}")))
}

fn unknown_method(service: &str, method: &str) -> Result<String, (i32, String)> {
    Err((1, format!("unknown method {method} (service {service})")))
}

fn served(by: &str) -> Result<String, (i32, String)> {
    Ok(by.to_owned())
}

#[test]
fn one_service_serves_what_it_has() {
    let router = router(&[&SERVICE]);
    for none in [None, Some("")] {
        assert_eq!(route(&router, none, "Echo"), served("EchoSvc.Echo"));
        assert_eq!(route(&router, none, "Nope"), unknown_service("", "Nope"));
        // Apache's multiplexed names (spec: thrift-idl 10).
        assert_eq!(route(&router, none, "EchoSvc:Echo"), served("EchoSvc.Echo"));
    }
    assert_eq!(route(&router, Some("EchoSvc"), "Echo"), served("EchoSvc.Echo"));
    assert_eq!(route(&router, Some("EchoSvc"), "Nope"), unknown_method("EchoSvc", "Nope"));
    // Clients of v0.9.0 wrote wrong names.
    assert_eq!(route(&router, Some("Bogus"), "Echo"), served("EchoSvc.Echo"));
    assert_eq!(route(&router, Some("Bogus"), "Nope"), unknown_service("Bogus", "Nope"));
}

#[test]
fn of_two_services_with_one_method_the_name_decides_or_else_the_fallback() {
    let mut both = router(&[&SERVICE, &OTHER]);
    assert_eq!(both.check(), Err(RouterError::SameMethod("Echo", ["EchoSvc", "OtherSvc"])));
    assert_eq!(route(&both, None, "Echo"), served("EchoSvc.Echo"), "the first that was added");
    both.set_fallback("OtherSvc").unwrap();
    assert_eq!(both.check(), Ok(()));
    assert_eq!(route(&both, None, "Echo"), served("OtherSvc.Echo"));
    assert_eq!(route(&both, None, "Own"), served("OtherSvc.Own"));
    assert_eq!(route(&both, None, "Risky"), served("EchoSvc.Risky"), "the fallback does not have it");
    assert_eq!(route(&both, Some("EchoSvc"), "Echo"), served("EchoSvc.Echo"));
    assert_eq!(route(&both, Some("EchoSvc"), "Own"), unknown_method("EchoSvc", "Own"));
    assert_eq!(route(&both, Some("Bogus"), "Own"), served("OtherSvc.Own"), "one alone has it");
    assert_eq!(route(&both, Some("Bogus"), "Echo"), unknown_service("Bogus", "Echo"), "two have it");
}

#[test]
fn a_strict_router_serves_exact_names_only() {
    let mut strict = router(&[&SERVICE, &OTHER]);
    strict.set_strict(true);
    assert_eq!(strict.check(), Ok(()));
    assert_eq!(route(&strict, Some("OtherSvc"), "Echo"), served("OtherSvc.Echo"));
    assert_eq!(route(&strict, Some("OtherSvc"), "Nope"), unknown_method("OtherSvc", "Nope"));
    assert_eq!(route(&strict, None, "Own"), unknown_service("", "Own"));
    assert_eq!(route(&strict, Some("Bogus"), "Own"), unknown_service("Bogus", "Own"));
}

#[test]
fn what_nobody_has_goes_to_the_unknown_service_bytes_and_all() {
    let mut router = router(&[&SERVICE]);
    router.set_unknown(unused());
    assert_eq!(route(&router, Some("Far"), "Away"), served("Far.Away"));
    assert_eq!(route(&router, Some("EchoSvc"), "Away"), served("EchoSvc.Away"));
    assert_eq!(route(&router, None, "Away"), served(".Away"));
    assert_eq!(route(&router, Some("EchoSvc"), "Echo"), served("EchoSvc.Echo"));
    let mut fed = Fed::of(router, ServerConfig::default(), Limits::default());
    let taken = fed.feed(&headed(0, 7, &[("isn", "Far")], &message(1, "Away", 7, HI))).unwrap().unwrap();
    assert_eq!(taken.request.body.message().unwrap().segments().to_bytes(), HI);
    fed.reply(&taken, Ok(value("passed on")));
    let reply = &fed.written()[0];
    assert_eq!((&*reply.name, reply.sequence), ("Away", 7));
}

#[test]
fn a_refusal_takes_the_form_of_its_request_and_closes_a_connection_that_is_not_multiplexed() {
    for form in FORMS {
        let mut fed = Fed::new();
        let refused = in_form(form, 9, &message(1, "Nope", 9, HI));
        let behind = in_form(form, 10, &message(1, "Echo", 10, HI));
        assert!(fed.feed(&[refused, behind].concat()).unwrap().is_none());
        let replies = fed.written();
        assert_eq!(replies.len(), 1, "what was sent behind it is not answered");
        assert_eq!((replies[0].form, replies[0].sequence), (form, 9));
        assert!(fed.server.is_finished());
    }
}

#[test]
fn a_multiplexed_refusal_closes_nothing_and_does_not_say_so() {
    let mut fed = Fed::new();
    let refused = headed(MUX, 1, &[], &message(1, "Nope", 1, HI));
    let good = headed(MUX, 2, &[], &message(1, "Echo", 2, HI));
    assert!(fed.feed(&[refused, good].concat()).unwrap().is_some());
    let reply = &fed.written()[0];
    assert_eq!((reply.exception().code, reply.string("crrst")), (20, None));
    assert!(fed.server.takes_input());
}

#[test]
fn an_empty_router_or_one_with_the_same_service_twice_is_refused() {
    assert_eq!(router(&[]).check(), Err(RouterError::NoService));
    assert_eq!(router(&[&SERVICE, &SERVICE]).check(), Err(RouterError::SameService("EchoSvc")));
    assert_eq!(
        router(&[&SERVICE]).set_fallback("Nope"),
        Err(RouterError::NoSuchService(kitex_codec::Str::from("Nope")))
    );
    let mut only_unknown = Router::new();
    only_unknown.set_unknown(unused());
    assert_eq!(only_unknown.check(), Ok(()));
}

#[test]
fn a_method_name_that_is_not_utf8_is_an_unknown_method_even_with_an_unknown_service() {
    let bytes = |pairs: &[(&str, &str)]| {
        let mut payload = message(1, "Echo", 1, HI);
        payload[8] = 0xff;
        headed(0, 1, pairs, &payload)
    };
    let mut open = router(&[&SERVICE]);
    open.set_unknown(unused());
    for router in [router(&[&SERVICE]), open] {
        for (pairs, code) in [(&[("isn", "EchoSvc")][..], 1), (&[], 20)] {
            let mut fed = Fed::of(router.clone(), ServerConfig::default(), Limits::default());
            assert!(fed.feed(&bytes(pairs)).unwrap().is_none());
            let out = fed.server.output().take_segments().to_bytes();
            assert!(out.windows(4).any(|name| name == b"\xffcho"), "the name comes back as it came");
            assert!(out.windows(4).any(|end| end == [0, 0, 0, code]), "{code}");
        }
    }
}

#[test]
fn a_name_of_any_length_is_answered_with_a_short_text() {
    let long = "N".repeat(1 << 20);
    let service = "S".repeat(60_000);
    let mut fed = Fed::new();
    assert!(fed.feed(&headed(0, 1, &[("isn", &service)], &message(1, &long, 1, HI))).unwrap().is_none());
    let reply = &fed.written()[0];
    assert_eq!(reply.name, long);
    assert!(reply.exception().message.len() < 1000, "{}", reply.exception().message.len());
}

#[test]
fn the_service_name_of_a_mesh_header_counts() {
    let pairs = &super::raw::section(&[("isn", "OtherSvc")])[1..];
    let mesh = [b"\xff\xaf", &(pairs.len() as u16).to_be_bytes()[..], pairs].concat();
    let router = router(&[&SERVICE, &OTHER]);
    let mut fed = Fed::of(router, ServerConfig::default(), Limits::default());
    let taken = fed.feed(&[&mesh[..], &message(1, "Echo", 1, HI)].concat()).unwrap().unwrap();
    assert_eq!(taken.request.method.to_string(), "OtherSvc.Echo");
}

#[test]
fn the_payload_decides_the_codec_and_not_the_protocol_id() {
    for id in [0x00, 0x03, 0x04, 0x10, 0x11] {
        let mut fed = Fed::new();
        let bytes = headed_with(0, 1, &[id, 0], &in_form(Form::Framed, 1, &message(1, "Echo", 1, HI)));
        assert!(fed.feed(&bytes).unwrap().is_some(), "{id:#04x}");
    }
    for id in [0x01, 0x02, 0x05, 0x12, 0x80] {
        let mut fed = Fed::new();
        assert!(fed.feed(&headed_with(0, 1, &[id, 0], &message(1, "Echo", 1, HI))).is_err(), "{id:#04x}");
    }
}

#[test]
fn a_target_finds_its_service() {
    let router = router(&[&SERVICE, &OTHER]);
    let mut fed = Fed::of(router.clone(), ServerConfig::default(), Limits::default());
    let taken = fed.feed(&message(1, "Own", 1, HI)).unwrap().unwrap();
    let target: Target = taken.target;
    assert!(router.service(target).is_some());
    assert_eq!(router.services().map(|service| service.name).collect::<Vec<_>>(), ["EchoSvc", "OtherSvc"]);
}
