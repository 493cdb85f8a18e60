//! Fallbacks.

use kitex::layer::{ConcurrencyConfig, ConcurrencyLayer, FallbackLayer, fallback};
use kitex::{Error, Framing, Protocol, Request};

use crate::crowd::{CROWD, MS, at_once, serve};
use crate::idl::calls::CallsClient;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fallback_answers_in_place_of_a_limit_and_of_nothing_else() {
    let limit = ConcurrencyLayer::new(ConcurrencyConfig::new(10)).unwrap();
    let server = serve(|server| server.layer(limit)).await;
    let instead = |_: Request, _: Error| async { CallsClient::act_answer(Ok("instead".into())) };
    let layer = FallbackLayer::new(instead).on(fallback::limits);
    let clients = server.crowd(|client| client.layer(layer.clone())).await;
    let mut calls = at_once(&clients, "wait");
    calls.next_answers(CROWD - 10, "instead").await;
    server.seen.gate.add_permits(10);
    calls.next_answers(10, "wait").await;
    calls.end();
    assert_eq!(server.seen.calls(), 10);
    let error = clients[0].act("fail").await.unwrap_err();
    assert_eq!(
        server.told(&error),
        "remote exception 6 calling Calls.act at <server> (at the peer): biz error: told to fail"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fallback_for_timeouts_answers_all_of_them_over_pools_and_shared_connections() {
    let instead = |_: Request, _: Error| async { CallsClient::act_answer(Ok("instead".into())) };
    let layer = FallbackLayer::new(instead).on(fallback::timeouts);
    for mux in [false, true] {
        let server = serve(|server| server).await;
        let clients = server.crowd(|client| {
            let client = client.timeout(20 * MS).layer(layer.clone());
            if mux { client.mux(1) } else { client }
        });
        at_once(&clients.await, "wait").next_answers(CROWD, "instead").await;
    }
}

/// What the fallback makes knows its type, so that it need not know what was asked in.
#[tokio::test]
async fn a_fallback_of_a_server_answers_in_every_protocol() {
    let instead = |_: Request, _: Error| async { CallsClient::act_answer(Ok("instead \u{1}".into())) };
    let server = serve(|server| server.layer(FallbackLayer::new(instead))).await;
    for protocol in [Protocol::Binary, Protocol::Compact, Protocol::Json] {
        for framing in [Framing::Framed, Framing::Buffered] {
            let client = CallsClient::builder(server.address.clone()).framing(framing).protocol(protocol);
            let answer = client.connect().await.unwrap().act("fail").await.unwrap();
            assert_eq!(&*answer, "instead \u{1}", "{protocol} {framing:?}");
        }
    }
    assert_eq!(server.seen.calls(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_answers_by_a_fallback_of_its_own() {
    let instead = |_: Request, _: Error| async { CallsClient::act_answer(Ok("instead".into())) };
    let layer = FallbackLayer::new(instead).on(fallback::everything);
    let server = serve(|server| server.layer(layer)).await;
    let clients = server.crowd(|client| client).await;
    at_once(&clients, "fail").next_answers(CROWD, "instead").await;
    assert_eq!(server.seen.calls(), CROWD, "each was tried first");
}
