//! Access control.

use kitex::layer::{AccessLayer, AccessRule, Match, Next, from_fn};
use kitex::{Body, Bytes, Error, Payload, Protocol, Registry, Request, Response, Scope};

use crate::crowd::{CROWD, at_once, failure, serve};

/// In place of the arguments: the head of a string that ends before its length.
async fn garble(mut request: Request, next: Next) -> Result<Response, Error> {
    let bytes = Bytes::from_static(b"\x0b\x00\x01\x7f\xff\xff\xff");
    request.body = Body::Message(Payload::new(Protocol::Binary, bytes));
    next.run(request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_is_denied_is_denied_before_the_arguments_are_decoded() {
    let registry = Registry::new();
    let access = AccessLayer::new([
        AccessRule::allow(Match::all().metadata(Scope::Transient, "TOKEN", ["open sesame"])),
        AccessRule::deny(Match::all(), "show a token").with_code(403),
    ]);
    let access = access.unwrap().register(&registry);
    let server = serve(|server| server.layer(access)).await;
    let strangers = server.crowd(|client| client.layer(from_fn(garble))).await;
    let error = at_once(&strangers, "now").next_errors(CROWD, &server).await;
    assert_eq!(
        server.told(&error),
        "remote exception 403 calling Calls.act at <server> (at the peer): request forbidden: show a token"
    );
    assert_eq!(server.handle.stats().connections, CROWD, "no connection has ended for it");
    drop(strangers);
    server.connections(0).await;
    let known = server.crowd(|client| client.transient("TOKEN", "open sesame").layer(from_fn(garble))).await;
    let error = at_once(&known, "now").next_errors(CROWD, &server).await;
    assert_eq!(failure(&error).code(), Some(7), "they are decoded, and cannot be: {error}");
    assert_eq!(server.seen.calls(), 0);
    drop(known);
    server.connections(0).await;
    assert_eq!(registry.inspect()[0]["state"][1]["refused"], CROWD);
    let welcome = server.crowd(|client| client.transient("TOKEN", "open sesame")).await;
    at_once(&welcome, "now").next_answers(CROWD, "now").await;
    assert_eq!(server.seen.calls(), CROWD);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_stays_open_for_who_was_refused() {
    let access = AccessLayer::new([AccessRule::deny(Match::all().methods(["Calls.act"]), "not today")]);
    let server = serve(|server| server.layer(access.unwrap())).await;
    let clients = server.crowd(|client| client).await;
    for client in &clients {
        assert_eq!(failure(&client.act("now").await.unwrap_err()).code(), Some(6));
        client.nothing().await.unwrap();
    }
    assert_eq!((server.seen.calls(), server.handle.stats().connections), (CROWD, CROWD));
}
