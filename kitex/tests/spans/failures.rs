//! Calls that fail, and what their spans tell of it.

use std::future::IntoFuture;
use std::time::Duration;

use kitex::{Memory, Server};
use tokio::net::TcpListener;

use crate::idl::calls::{CallsClient, ClockClient};
use crate::recorder::{Recorder, record};
use crate::service::{both, end, over_memory, over_tcp};

const SOON: Duration = Duration::from_millis(20);

/// Waits until the spans of a call are over: its server may end it later than its client.
async fn settled(recorder: &Recorder) {
    while recorder.closed() < recorder.spans().len() {
        tokio::task::yield_now().await;
    }
}

/// What the spans of a call tell, the client's first.
async fn ends(how: &'static str) -> [String; 2] {
    let (recorder, _guard) = record();
    let client = over_memory(Server::new().deadline_slack(Duration::ZERO)).await;
    let error = client.act(how).timeout(SOON).await.unwrap_err();
    settled(&recorder).await;
    let [client, server] = both(&recorder);
    assert_eq!(client["otel.status_description"], error.to_string());
    [end(&client), end(&server)]
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_an_error_on_either_side() {
    let remote = "error.type=6 otel.status_code=ERROR rpc.response.status_code=6";
    assert_eq!(ends("fail").await, [remote, "error.type=handler error otel.status_code=ERROR"]);
    let own = "error.type=77 otel.status_code=ERROR rpc.response.status_code=77";
    let handler = "error.type=handler error otel.status_code=ERROR rpc.response.status_code=77";
    assert_eq!(ends("code").await, [own, handler]);
    assert_eq!(ends("panic").await, [remote, "error.type=handler panic otel.status_code=ERROR"]);
    let late = "error.type=deadline exceeded otel.status_code=ERROR";
    assert_eq!(ends("never").await, [late, late]);
}

#[tokio::test]
async fn the_servers_span_says_what_its_handler_did() {
    let (recorder, _guard) = record();
    let client = over_memory(Server::new()).await;
    client.act("fail").await.unwrap_err();
    let [_, server] = both(&recorder);
    let description = "handler error (in the handler): the disk is full";
    assert_eq!(server["otel.status_description"], description);
}

#[tokio::test]
async fn a_span_names_the_peer_that_failed_its_call() {
    let (recorder, _guard) = record();
    let (client, address) = over_tcp().await;
    client.act("fail").await.unwrap_err();
    let [client, _] = both(&recorder);
    let peer = [&*client["network.peer.address"], &*client["network.peer.port"]].join(":");
    assert_eq!(peer, address.to_string());
}

#[tokio::test]
async fn a_call_that_reaches_nobody_is_a_clients_span_alone() {
    let (recorder, _guard) = record();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = CallsClient::builder(nobody).connect_lazy().unwrap();
    let error = client.act("now").await.unwrap_err();
    let [span] = &recorder.spans()[..] else { panic!("{:#?}", recorder.spans()) };
    assert_eq!(end(span), "error.type=cannot connect otel.status_code=ERROR");
    assert_eq!(span["network.peer.port"], nobody.port().to_string());
    assert_eq!(span["otel.status_description"], error.to_string());
}

#[tokio::test]
async fn a_call_of_no_service_is_a_clients_span_alone() {
    let (recorder, _guard) = record();
    let memory = Memory::new();
    let bound = crate::service::server().bind(&memory).await.unwrap();
    tokio::spawn(bound.serve());
    ClockClient::connect(&memory).await.unwrap().now().await.unwrap_err();
    let [span] = &recorder.spans()[..] else { panic!("{:#?}", recorder.spans()) };
    assert_eq!(span["rpc.method"], "Clock/now");
    assert_eq!(end(span), "error.type=20 otel.status_code=ERROR rpc.response.status_code=20");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_is_cancelled_on_either_side() {
    let (recorder, _guard) = record();
    let client = over_memory(Server::new()).await;
    let call = client.act("never").into_future();
    tokio::time::timeout(SOON, call).await.unwrap_err();
    settled(&recorder).await;
    for span in both(&recorder) {
        assert_eq!(end(&span), "error.type=cancelled otel.status_code=ERROR");
    }
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_is_a_line_and_no_span() {
    let (recorder, _guard) = record();
    let memory = Memory::new();
    let bound = crate::service::server().bind(&memory).await.unwrap();
    tokio::spawn(bound.serve());
    let mut stream = memory.connect().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let read = tokio::io::AsyncReadExt::read(&mut stream, &mut [0]).await;
    assert_eq!(read.unwrap(), 0);
    let lines = recorder.take_lines();
    assert!(lines.len() == 1 && lines[0].starts_with("WARN closing a connection"), "{lines:#?}");
    assert_eq!(recorder.spans(), []);
}
