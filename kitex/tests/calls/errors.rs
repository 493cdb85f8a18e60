//! What people read when something is wrong.

use std::net::SocketAddr;
use std::time::Duration;

use kitex::{Address, Error, ErrorKind, Framing, Limits, Server, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::idl::calls::{CallsClient, CallsServer, Req};
use crate::service::{Handler, over_memory, over_tcp};

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn a_wrong_port_is_told_at_once() {
    let nobody = nobody().await;
    let error = CallsClient::connect(nobody).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Connect, Stage::Dial));
    let text = error.to_string();
    assert!(text.contains(&nobody.to_string()), "{text}");
    assert!(text.contains("Connection refused"), "{text}");
    assert!(error.is_retry_safe());

    let client = CallsClient::builder(nobody).connect_lazy().unwrap();
    let error = client.nothing().await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("cannot connect calling Calls.nothing at {nobody} (while connecting): ")),
        "{text}"
    );
}

#[tokio::test]
async fn a_text_that_is_no_address_is_told() {
    let error = CallsClient::connect("localhost").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot connect (while resolving): the target cannot be used: `localhost` is no address: the port is \
         missing: write host:port"
    );
    let server = || Server::new().add(CallsServer::new(Handler::default()));
    let error = server().serve("here").await.unwrap_err();
    assert_eq!(error.to_string(), "`here` is no address: the port is missing: write host:port");
    let (running, _) = over_tcp().await;
    let error = server().serve(running.address.clone()).await.unwrap_err();
    let expected = format!("cannot listen at {}: Address already in use", running.address);
    assert!(error.to_string().starts_with(&expected), "{error}");
    running.stop().await;
}

#[tokio::test]
async fn mux_without_a_header_is_refused() {
    for framing in [Framing::Buffered, Framing::Framed] {
        let error = CallsClient::builder("127.0.0.1:1").mux(1).framing(framing).connect().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot connect (before sending): calls can share a connection only behind a TTHeader, and the \
                 framing is {framing:?}: choose Framing::TTHeaderFramed or leave out mux [setting: framing]"
            )
        );
    }
}

/// What a call ends with that an HTTP server answers.
async fn answered_by_http() -> Error {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await.unwrap();
    });
    let client = CallsClient::connect(address).await.unwrap();
    let error = client.nothing().timeout(Duration::from_secs(5)).await.unwrap_err();
    serving.await.unwrap();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    match error {
        kitex::CallError::Failed(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_peer_of_another_protocol_is_named() {
    let error = answered_by_http().await;
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("HTTP"), "{error}");
}

#[tokio::test]
async fn a_caller_of_another_protocol_is_sent_away() {
    let (running, _) = over_tcp().await;
    let Address::Ip(address) = running.address else { panic!("{:?}", running.address) };
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // A reset is as good an end as a close.
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty(), "{answer:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_limit_that_is_reached_is_named() {
    let (running, _) = over_memory().await;
    let mut limits = Limits::default();
    limits.max_frame = 1000;
    let client = CallsClient::builder(running.address.clone()).limits(limits).connect().await.unwrap();
    let error = client.echo(Req { msg: "x".repeat(2000).into(), number: 0 }).await.unwrap_err();
    let error = error.error().unwrap();
    assert_eq!((error.kind(), error.setting()), (ErrorKind::Encode, Some("Limits::max_frame")), "{error}");
    assert!(error.is_retry_safe());
    client.nothing().await.unwrap();
    running.stop().await;
}
