//! What headers carry beside the call (spec: kitex-wire 6.4, 6.5, 6.7, 8).

use std::sync::Arc;

use kitex_codec::Form;

use super::super::ClientConfig;
use super::raw::{Fed, HI, headed, headed_with, message, section, written};
use super::*;
use crate::{Context, Method, Scope, ServerConfig, TraceContext, TraceParent};

/// The context of a request that came with these pairs.
fn received(pairs: &[(&str, &str)]) -> Context {
    let mut fed = Fed::new();
    let bytes = headed(0, 1, pairs, &message(1, "Echo", 1, HI));
    fed.feed(&bytes).unwrap().unwrap().request.context
}

#[test]
fn transient_and_persistent_pairs_reach_the_handler() {
    let mut pair = Pair::new(Form::TTHeaderFramed);
    let mut sent = request(ECHO, "x");
    sent.context.metadata.set(Scope::Transient, "T", "1");
    sent.context.metadata.set(Scope::Persistent, "P", "2");
    sent.context.metadata.set(Scope::Persistent, "EMPTY", "");
    pair.send(sent).unwrap();
    pair.flow();
    let context = &pair.requests[0].request.context;
    assert_eq!((context.transient("T"), context.persistent("P")), (Some("1"), Some("2")));
    assert_eq!((context.transient("P"), context.persistent("T")), (None, None));
    assert_eq!(context.persistent("EMPTY"), None);
}

#[test]
fn a_call_on_behalf_of_another_carries_persistent_pairs_on_and_nothing_else() {
    let mut served = received(&[
        ("RPC_TRANSIT_T", "1"),
        ("RPC_TRANSIT_UPSTREAM_U", "2"),
        ("RPC_PERSIST_P", "3"),
        ("RPC_PERSIST_Q", "old"),
        ("isn", "EchoSvc"),
        ("other", "4"),
    ]);
    assert_eq!((served.transient("T"), served.transient("UPSTREAM_U")), (Some("1"), None));
    served.set_method(Method::from(ECHO));
    let mut onward = served.inherited();
    assert_eq!(onward.transient("T"), None, "not even a layer of this process sees it");
    assert_eq!(onward.metadata.iter(Scope::Transient).count(), 0);
    onward.metadata.set(Scope::Persistent, "Q", "new");
    onward.metadata.set(Scope::Transient, "OWN", "5");
    let mut sent = request(ECHO, "x");
    sent.context = onward;
    let mut pair = Pair::new(Form::TTHeader);
    pair.send(sent).unwrap();
    let request = &written(pair.client.output())[0];
    let mut pairs: Vec<_> =
        request.pairs.iter().map(|(key, value)| [key, value].map(String::from_utf8_lossy)).collect();
    pairs.sort_unstable();
    let expected =
        [["RPC_PERSIST_P", "3"], ["RPC_PERSIST_Q", "new"], ["RPC_TRANSIT_OWN", "5"], ["isn", "EchoSvc"]];
    assert_eq!(pairs, expected);
    assert_eq!(request.int(20), Some("Echo"), "the method that was being served");
}

#[test]
fn nothing_of_one_request_sticks_to_the_connection() {
    let mut fed = Fed::new();
    let with = headed(0, 1, &[("RPC_PERSIST_P", "1"), ("isn", "EchoSvc")], &message(1, "Echo", 1, HI));
    let request = fed.feed(&with).unwrap().unwrap();
    fed.reply(&request, Ok(value("x")));
    let request = fed.feed(&message(1, "Echo", 2, HI)).unwrap().unwrap();
    assert_eq!(request.request.context.persistent("P"), None);
    assert!(request.request.context.metadata.is_empty());
}

#[test]
fn the_acl_token_is_the_transient_pair_of_its_name_and_has_a_section_of_its_own() {
    let mut pair = Pair::new(Form::TTHeader);
    let mut sent = request(ECHO, "x");
    sent.context.metadata.set(Scope::Transient, "gdpr-token", "tok");
    sent.context.metadata.set(Scope::Transient, "T", "1");
    pair.send(sent).unwrap();
    let bytes = pair.client.output().take_segments().to_bytes();
    assert!(bytes.windows(6).any(|window| window == b"\x11\0\x03tok"), "{bytes:?}");
    assert!(!bytes.windows(10).any(|window| window == b"gdpr-token"));
    let mut fed = Fed::new();
    let context = fed.feed(&bytes).unwrap().unwrap().request.context;
    assert_eq!((context.transient("gdpr-token"), context.transient("T")), (Some("tok"), Some("1")));
    assert_eq!(context.inherited().transient("gdpr-token"), None);
}

#[test]
fn a_trace_that_is_sent_is_a_transient_pair_and_one_that_is_noted_is_none() {
    let key = "RPC_TRANSIT_traceparent";
    let parent = TraceParent::new(0x0123_4567_89ab_cdef << 64 | 0xfedc_ba98, 0x00f0_67aa, true).unwrap();
    let trace = TraceContext { parent, state: "a=1".into() };
    let mut pair = Pair::new(Form::TTHeaderFramed);
    let mut write = |context: Context| {
        let mut sent = request(ECHO, "x");
        sent.context = context;
        pair.send(sent).unwrap();
        let bytes = pair.client.output().take_segments().to_bytes();
        pair = Pair::new(Form::TTHeaderFramed);
        let mut output = kitex_codec::Output::new();
        output.tail().extend_from_slice(&bytes);
        let written = written(&mut output).remove(0);
        let count = written.pairs.iter().filter(|(found, _)| *found == key.as_bytes()).count();
        let context = Fed::new().feed(&bytes).unwrap().unwrap().request.context;
        assert_eq!(context.transient("traceparent"), written.string(key));
        assert_eq!(written.pairs.trace_parent(), written.string(key).map(str::as_bytes));
        (count, TraceContext::of(&context))
    };
    let mut context = Context::new();
    context.set_trace(&trace);
    assert_eq!(write(context), (0, None));
    let mut context =
        received(&[(key, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]).inherited();
    context.send_trace(&trace);
    assert_eq!(write(context.try_clone()), (1, Some(trace.clone())));
    assert_eq!(write(context.inherited()), (0, None), "a hop that knows nothing of traces passes none on");
    let own = TraceParent::new(1, 2, false).unwrap();
    context.metadata.set(Scope::Transient, "traceparent", &*own.to_string());
    assert_eq!(write(context), (1, Some(TraceContext { parent: own, state: "a=1".into() })));
}

#[test]
fn a_trace_crosses_no_form_without_a_header() {
    let mut pair = Pair::new(Form::Framed);
    let mut sent = request(ECHO, "x");
    sent.context
        .send_trace(&TraceContext { parent: TraceParent::new(1, 2, true).unwrap(), state: "a=1".into() });
    pair.send(sent).unwrap();
    pair.flow();
    assert_eq!(TraceContext::of(&pair.requests[0].request.context), None);
}

#[test]
fn a_client_says_who_calls_whom() {
    let config =
        ClientConfig { caller: "cli".into(), service: Some("svr".into()), ..ClientConfig::default() };
    for form in [Form::TTHeader, Form::TTHeaderFramed] {
        let config = ClientConfig { form, ..config.clone() };
        let mut pair = Pair::with(ServerConfig::default(), config, kitex_codec::Limits::default());
        pair.call(ECHO, "x");
        let request = &written(pair.client.output())[0];
        let transport = if form.is_framed() { "framed" } else { "unframed" };
        let expected = [
            (1, Some(transport)),
            (3, Some("cli")),
            (6, Some("svr")),
            (9, Some("Echo")),
            (12, None),
            (17, None),
            (20, Some("")),
            (22, Some("1")),
        ];
        expected.iter().for_each(|(key, value)| assert_eq!(request.int(*key), *value, "{key}"));
        assert_eq!((request.string("isn"), request.string("crc32c")), (Some("EchoSvc"), None));
    }
}

#[test]
fn a_handler_learns_who_calls() {
    let info = [b"\0\0\x10\0\x02\0\x03\0\x03cli\0\x14\0\x04From", &section(&[])[..]].concat();
    let mut fed = Fed::new();
    let context =
        fed.feed(&headed_with(0, 1, &info, &message(1, "Echo", 1, HI))).unwrap().unwrap().request.context;
    assert_eq!((context.caller(), context.caller_method()), ("cli", "From"));
    assert!(Arc::ptr_eq(context.connection().unwrap(), fed.server.info()));
}

#[test]
fn pairs_that_are_not_utf8_are_bytes_and_harm_nobody() {
    let info = b"\0\0\x01\0\x01\0\x0dRPC_PERSIST_P\0\x02\xff\xfe\x10\0\x01\0\x03\0\x01\xff";
    let mut fed = Fed::new();
    let context =
        fed.feed(&headed_with(0, 1, info, &message(1, "Echo", 1, HI))).unwrap().unwrap().request.context;
    assert_eq!((context.persistent("P"), context.caller()), (None, ""));
    assert_eq!(context.metadata.get_bytes(Scope::Persistent, "P"), Some(&b"\xff\xfe"[..]));
    let mut pair = Pair::new(Form::TTHeader);
    let mut sent = request(ECHO, "x");
    sent.context = context.inherited();
    pair.send(sent).unwrap();
    let request = &written(pair.client.output())[0];
    assert_eq!(request.pairs.get("RPC_PERSIST_P"), Some(&b"\xff\xfe"[..]));
}

#[test]
fn pairs_of_a_mesh_header_count_as_those_of_a_ttheader() {
    let pairs = &section(&[("RPC_TRANSIT_T", "1"), ("isn", "EchoSvc")])[1..];
    let mesh = [b"\xff\xaf", &(pairs.len() as u16).to_be_bytes()[..], pairs].concat();
    let mut fed = Fed::new();
    let context = fed.feed(&[&mesh[..], &message(1, "Echo", 1, HI)].concat()).unwrap().unwrap();
    assert_eq!(context.request.context.transient("T"), Some("1"));
    fed.reply(&context, Ok(value("x")));
    assert_eq!(fed.written()[0].form, Form::Buffered);
}
