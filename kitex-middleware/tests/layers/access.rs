//! Who may call what, by rules.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::mock::OnShared;
use kitex_codec::Limits;
use kitex_core::{
    ConnectionInfo, Context, Error, ErrorKind, Method, Payload, Peer, Protocol, Registry, Request, Response,
    Scope, Sent, Status,
};
use kitex_middleware::{AccessLayer, AccessRule, Match};
use serde_json::json;

use crate::mock::{Mock, call, never};

/// A call by `caller` from `peer`, with a TOKEN if there is one.
fn context(caller: &'static str, peer: Peer, token: &'static str) -> Context {
    let limits = Arc::new(Limits::default());
    let mut context = Context::received(ConnectionInfo::new(peer, limits), Default::default());
    context.set_caller(caller, "");
    if !token.is_empty() {
        context.metadata.set(Scope::Transient, "TOKEN", token);
    }
    context
}

fn ip(address: &str) -> Peer {
    let address: SocketAddr = address.parse().unwrap();
    Peer::Ip(address)
}

fn local() -> Context {
    context("front", ip("127.0.0.1:1"), "")
}

/// What a call ends with behind these rules.
async fn asked(rules: impl IntoIterator<Item = AccessRule>, context: Context) -> Result<(), Error> {
    let answers = Mock::new(|_| std::future::ready(Ok(Response::empty(Status::Ok))));
    call(&mut AccessLayer::new(rules).unwrap().layer(answers), context).await.map(drop)
}

/// True if the rule is for the call.
async fn is_for(calls: Match, context: Context) -> bool {
    asked([AccessRule::deny(calls, "no")], context).await.is_err()
}

#[tokio::test]
async fn who_is_refused_is_told_why_and_nothing_of_the_call_is_done() {
    let layer = AccessLayer::new([AccessRule::deny(Match::all(), "closed for today")]).unwrap();
    let error = call(&mut layer.layer(Mock::new(|_| never())), local()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "handler error 6 calling EchoSvc.Echo (before sending): request forbidden: closed for today"
    );
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Handler, Sent::Never));
    let told = error.to_exception();
    assert_eq!((told.code, &*told.message), (6, "request forbidden: closed for today"));
    assert_eq!(Error::remote(told).sent(), Sent::Maybe, "no client makes it again by itself");
}

#[tokio::test]
async fn a_rule_has_a_code_of_its_own() {
    let error = asked([AccessRule::deny(Match::all(), "no").with_code(403)], local()).await.unwrap_err();
    assert_eq!((error.code(), error.to_exception().code), (Some(403), 403));
}

#[tokio::test]
async fn the_first_rule_that_is_for_a_call_decides_and_without_one_it_is_allowed() {
    let front = || Match::all().callers(["front"]);
    let nobody = || Match::all().callers(["nobody"]);
    let (allow, deny) = (AccessRule::allow, |calls| AccessRule::deny(calls, "no"));
    assert!(asked([], local()).await.is_ok());
    assert!(asked([deny(nobody())], local()).await.is_ok());
    assert!(asked([deny(nobody()), deny(front())], local()).await.is_err());
    assert!(asked([allow(front()), deny(Match::all())], local()).await.is_ok());
    assert!(asked([deny(Match::all()), allow(front())], local()).await.is_err());
    assert!(asked([allow(nobody()), deny(Match::all())], local()).await.is_err());
}

#[tokio::test]
async fn a_check_refuses_for_its_own_reason_and_passes_the_rest_to_the_next_rule() {
    let token = |request: &Request| match request.context.transient("TOKEN") {
        Some("right") => Ok(()),
        other => Err(format!("the TOKEN {other:?} is not right")),
    };
    let rules =
        || [AccessRule::check(token), AccessRule::deny(Match::all().callers(["crawler"]), "crawlers")];
    let with = |caller, token| context(caller, Peer::Memory, token);
    assert!(asked(rules(), with("front", "right")).await.is_ok());
    let error = asked(rules(), with("front", "wrong")).await.unwrap_err();
    assert_eq!(error.message(), "request forbidden: the TOKEN Some(\"wrong\") is not right");
    let error = asked(rules(), with("crawler", "right")).await.unwrap_err();
    assert_eq!(error.message(), "request forbidden: crawlers");
}

#[tokio::test]
async fn methods_are_told_by_their_names_in_the_idl() {
    let cases = [("Echo", true), ("EchoSvc.Echo", true), ("Other.Echo", false), ("cho", false)];
    for (name, expected) in cases.into_iter().chain([(".Echo", false), ("", false), ("EchoSvc.", false)]) {
        assert_eq!(is_for(Match::all().methods([name]), local()).await, expected, "{name}");
    }
    assert!(is_for(Match::all().methods(["Other", "Echo"]), local()).await);
    assert!(!is_for(Match::all().methods([""; 0]), local()).await, "an empty list names nobody");
}

#[tokio::test]
async fn callers_are_told_by_name_and_the_empty_name_is_that_of_those_who_do_not_say() {
    let from = |caller| context(caller, Peer::Memory, "");
    assert!(is_for(Match::all().callers(["batch", "front"]), from("front")).await);
    assert!(!is_for(Match::all().callers(["front"]), from("front2")).await);
    assert!(is_for(Match::all().callers([""]), from("")).await);
    assert!(!is_for(Match::all().callers([""]), from("front")).await);
}

#[tokio::test]
async fn peers_are_told_by_address_network_and_kind() {
    let unix = || Peer::Unix(None);
    let cases = [
        ("10.0.0.0/8", ip("10.255.0.1:80"), true),
        ("10.0.0.0/8", ip("11.0.0.1:80"), false),
        ("10.1.2.3", ip("10.1.2.3:80"), true),
        ("10.1.2.3", ip("10.1.2.4:80"), false),
        ("10.1.2.3/31", ip("10.1.2.2:80"), true),
        ("0.0.0.0/0", ip("1.2.3.4:5"), true),
        ("0.0.0.0/0", ip("[::1]:5"), false),
        ("::/0", ip("[2001:db8::1]:5"), true),
        ("2001:db8::/32", ip("[2001:db8:1::1]:5"), true),
        ("2001:db8::/32", ip("[2001:db9::1]:5"), false),
        ("10.0.0.0/8", ip("[::ffff:10.0.0.1]:5"), true),
        ("::ffff:10.0.0.0/104", ip("10.0.0.1:5"), true),
        ("::ffff:10.0.0.0/104", ip("11.0.0.1:5"), false),
        ("0.0.0.0/0", Peer::Memory, false),
        ("memory", Peer::Memory, true),
        ("memory", unix(), false),
        ("unix", unix(), true),
        ("unix", ip("1.2.3.4:5"), false),
    ];
    for (place, peer, expected) in cases {
        let from = context("", peer.clone(), "");
        assert_eq!(is_for(Match::all().peers([place]), from).await, expected, "{place} {peer}");
    }
    assert!(
        !is_for(Match::all().peers(["0.0.0.0/0", "memory"]), Context::new()).await,
        "nowhere is no place"
    );
}

#[tokio::test]
async fn all_conditions_of_a_rule_have_to_hold() {
    let calls = || {
        let token = Match::all().metadata(Scope::Transient, "TOKEN", ["a", "b"]);
        token.callers(["front"]).when(|request| request.context.peer() == Some(&Peer::Memory))
    };
    assert!(is_for(calls(), context("front", Peer::Memory, "b")).await);
    assert!(!is_for(calls(), context("front", Peer::Memory, "c")).await);
    assert!(!is_for(calls(), context("front", Peer::Memory, "")).await);
    assert!(!is_for(calls(), context("back", Peer::Memory, "a")).await);
    assert!(!is_for(calls(), context("front", ip("127.0.0.1:1"), "a")).await);
    let without = || Match::all().metadata(Scope::Transient, "TOKEN", [""]);
    assert!(is_for(without(), local()).await);
    assert!(!is_for(without(), context("", Peer::Memory, "a")).await);
}

#[tokio::test]
async fn a_place_that_is_none_is_refused_when_the_layer_is_made() {
    for text in ["10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/", "localhost", ""] {
        let error = AccessLayer::new([AccessRule::allow(Match::all().peers([text]))]).unwrap_err();
        assert_eq!(error.setting(), "Match::peers");
        let expected = format!(
            "Match::peers: `{text}` is no place: an IP address, a network as `10.0.0.0/8`, `unix`, or `memory`"
        );
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn a_rule_that_panics_refuses_that_call_and_its_text_stays_here() {
    let panics = |request: &Request| request.context.caller() == "loud" && panic!("secret");
    let checks = move |request: &Request| if panics(request) { Err(String::new()) } else { Ok(()) };
    for rule in [AccessRule::deny(Match::all().when(panics), "no"), AccessRule::check(checks)] {
        let layer = AccessLayer::new([AccessRule::deny(Match::all().methods(["None"]), ""), rule]).unwrap();
        let mut service = layer.layer(Mock::new(|_| std::future::ready(Ok(Response::empty(Status::Ok)))));
        let error = call(&mut service, context("loud", Peer::Memory, "")).await.unwrap_err();
        let told = "request forbidden: the function of access rule 2 panicked";
        assert_eq!(&*error.to_exception().message, told);
        assert_eq!(
            error.to_string(),
            format!("handler error 6 calling EchoSvc.Echo (before sending): {told}: secret")
        );
        assert!(call(&mut service, context("quiet", Peer::Memory, "")).await.is_ok());
    }
}

#[tokio::test]
async fn what_each_rule_has_refused_can_be_looked_at_and_clones_share_it() {
    let registry = Registry::new();
    let rules = [
        AccessRule::allow(Match::all().callers(["front"]).peers(["127.0.0.0/8", "unix"])),
        AccessRule::deny(Match::all().metadata(Scope::Transient, "TOKEN", ["a", "b"]), "a or b"),
        AccessRule::check(|_| Err("checked".to_owned())),
    ];
    let layer = AccessLayer::new(rules).unwrap().register(&registry);
    let (mut one, mut other) =
        (layer.layer(Mock::new(|_| never())), layer.clone().layer(Mock::new(|_| never())));
    for service in [&mut one, &mut other] {
        call(service, context("", Peer::Memory, "a")).await.unwrap_err();
    }
    call(&mut one, context("", Peer::Memory, "c")).await.unwrap_err();
    let whose = "caller in [front] and peer in [127.0.0.0/8, unix]";
    let last = |why| format!("EchoSvc.Echo: request forbidden: {why}");
    let expected = json!([{ "kind": "access", "name": "", "state": [
        { "rule": "allow", "of": whose, "why": null, "refused": 0, "last_refusal": null },
        { "rule": "deny", "of": "TOKEN in [a, b]", "why": "a or b", "refused": 2, "last_refusal": last("a or b") },
        { "rule": "check", "of": "all", "why": null, "refused": 1, "last_refusal": last("checked") },
    ] }]);
    assert_eq!(registry.inspect(), expected);
}

#[tokio::test]
async fn a_call_is_refused_before_its_arguments_are_decoded() {
    let no_struct = Payload::new(Protocol::Binary, kitex_codec::Bytes::from_static(&[0xff]));
    let request = Request::new(Method::dynamic("EchoSvc", "Echo"), no_struct);
    let rules = [AccessRule::deny(Match::all().methods(["EchoSvc.Echo"]), "no")];
    let service = AccessLayer::new(rules).unwrap().layer(Mock::new(|_| never()));
    assert_eq!(service.call(request).await.unwrap_err().message(), "request forbidden: no");
}
