//! Peers that are slow, silent, many or wrong.

use std::time::Duration;

use kitex_codec::Form;
use kitex_transport::ServerSettings;
use tokio::io::AsyncReadExt;

use crate::peer::{Client, serve};

/// Reads to the end; gives how long that took.
async fn until_end(client: &mut Client) -> Duration {
    let begin = tokio::time::Instant::now();
    let mut rest = Vec::new();
    client.stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "{rest:?}");
    begin.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_costs_the_idle_time() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::Framed, false);
    assert_eq!(until_end(&mut client).await, Duration::from_secs(600));
}

#[tokio::test(start_paused = true)]
async fn half_a_message_costs_the_message_time() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::Framed, false);
    let bytes = client.request(0, b"x", 1);
    client.send(&bytes[..18]).await;
    assert_eq!(until_end(&mut client).await, Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_message_stops_among_its_arguments_is_told_before_the_end() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::Framed, false);
    let bytes = client.request(0, b"x", 1);
    client.send(&bytes[..bytes.len() - 1]).await;
    let begin = tokio::time::Instant::now();
    let mut told = Vec::new();
    client.stream.read_to_end(&mut told).await.unwrap();
    assert_eq!(begin.elapsed(), Duration::from_secs(10));
    let text = String::from_utf8_lossy(&told);
    assert!(text.contains("message_timeout"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_does_not_buy_more_time() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::Framed, false);
    let bytes = client.request(0, b"0123456789", 1);
    let begin = tokio::time::Instant::now();
    for byte in bytes.iter().take(12) {
        use tokio::io::AsyncWriteExt;
        let _ = client.stream.write_all(&[*byte]).await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    until_end(&mut client).await;
    assert!(begin.elapsed() < Duration::from_secs(14), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_no_answer_is_closed_and_stops_the_reading_before() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::TTHeaderFramed, true);
    let argument = vec![1; 1 << 20];
    let begin = tokio::time::Instant::now();
    let mut sent = 0;
    for n in 0.. {
        let bytes = client.request(0, &argument, n);
        let written = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &bytes);
        if !matches!(tokio::time::timeout(Duration::from_secs(60), written).await, Ok(Ok(()))) {
            break;
        }
        sent += 1;
    }
    assert!((16..64).contains(&sent), "{sent} MiB were taken");
    assert!(begin.elapsed() < Duration::from_secs(80), "{:?}", begin.elapsed());
    server.state.gate.add_permits(1);
    while server.handle.stats().connections > 0 {
        tokio::time::advance(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_is_closed() {
    let hostile: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x7f\xff\xff\xff\x80\x01\x00\x01\x00\x00\x00\x04Echo",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x00\x00\x00\x1e\x80\x01\x00\x02\x00\x00\x00\x04Echo\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    ];
    let server = serve(ServerSettings::default()).await;
    for bytes in hostile {
        let mut client = Client::new(&server, Form::Framed, false);
        client.send(bytes).await;
        assert_eq!(until_end(&mut client).await, Duration::ZERO, "{bytes:?}");
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_and_counted() {
    let mut settings = ServerSettings::default();
    settings.max_connections = 2;
    let server = serve(settings).await;
    let mut clients = Vec::new();
    for n in 0..2 {
        let mut client = Client::new(&server, Form::Framed, false);
        client.call(0, b"x", n).await;
        assert!(client.answer().await.unwrap().1.is_ok());
        clients.push(client);
    }
    let mut refused = Client::new(&server, Form::Framed, false);
    until_end(&mut refused).await;
    assert_eq!(server.handle.stats().refused_connections, 1);
    clients[0].call(0, b"y", 9).await;
    assert!(clients[0].answer().await.unwrap().1.is_ok());
}
