//! Calls of every kind on one port.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kitex_codec::Form;
use kitex_core::ErrorKind;
use kitex_transport::ServerSettings;

use crate::peer::{Client, echoed, serve};

const ALL: [Form; 4] = [Form::Buffered, Form::Framed, Form::TTHeader, Form::TTHeaderFramed];

#[tokio::test]
async fn every_form_is_answered_on_one_port() {
    let server = serve(ServerSettings::default()).await;
    for form in ALL {
        let mut client = Client::new(&server, form, false);
        for size in [0, 1, 1000, 5000, 100_000, 3_000_000] {
            let argument = vec![7; size];
            let bytes = client.request(0, &argument, 1);
            let (mut reader, mut writer) = tokio::io::split(client.stream);
            let sending = async {
                tokio::io::AsyncWriteExt::write_all(&mut writer, &bytes).await.unwrap();
                writer
            };
            let mut got = Vec::new();
            let reading = async {
                while got.len() < size {
                    tokio::io::AsyncReadExt::read_buf(&mut reader, &mut got).await.unwrap();
                }
            };
            let (writer, ()) = tokio::join!(sending, reading);
            client.stream = reader.unsplit(writer);
            let mut input = bytes::BytesMut::from(&got[..]);
            let answer = loop {
                match client.engine.handle_input(&mut input).unwrap() {
                    Some(answer) => break answer,
                    None => {
                        tokio::io::AsyncReadExt::read_buf(&mut client.stream, &mut input).await.unwrap();
                    }
                }
            };
            let body = answer.result.unwrap().body;
            assert_eq!(body.message().unwrap().clone().into_bytes(), echoed(&argument));
        }
    }
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::Framed, false);
    let mut bytes = Vec::new();
    for n in 0..200_u32 {
        let mut other = Client::new(&server, Form::Framed, false);
        bytes.extend(other.request(0, &n.to_be_bytes(), n));
    }
    client.send(&bytes).await;
    let mut got = Vec::new();
    let expected: Vec<u8> = (0..200_u32).flat_map(u32::to_be_bytes).collect();
    while got.len() < bytes.len() {
        tokio::io::AsyncReadExt::read_buf(&mut client.stream, &mut got).await.unwrap();
    }
    let arguments: Vec<u8> = got
        .chunks(bytes.len() / 200)
        .flat_map(|reply| reply[reply.len() - 5..reply.len() - 1].to_vec())
        .collect();
    assert_eq!(arguments, expected);
}

async fn multiplexed_calls_end_in_any_order() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::TTHeaderFramed, true);
    client.call(1, b"slow", 1).await;
    client.call(0, b"fast", 2).await;
    let (token, result) = client.answer().await.unwrap();
    assert_eq!((token, result.unwrap()), (2, echoed(b"fast").into()));
    server.state.gate.add_permits(1);
    let (token, result) = client.answer().await.unwrap();
    assert_eq!((token, result.unwrap()), (1, echoed(b"slow").into()));
}

#[tokio::test]
async fn multiplexed_calls_end_in_any_order_on_one_thread() {
    multiplexed_calls_end_in_any_order().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn multiplexed_calls_end_in_any_order_on_several_threads() {
    multiplexed_calls_end_in_any_order().await;
}

#[tokio::test]
async fn a_panic_fails_its_call_alone() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::TTHeaderFramed, true);
    client.call(2, b"", 1).await;
    let (_, result) = client.answer().await.unwrap();
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Remote);
    assert!(
        error.message().contains("method=Test.Panic") && error.message().ends_with("as asked"),
        "{error}"
    );
    client.call(0, b"x", 2).await;
    assert!(client.answer().await.unwrap().1.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_deadline_passes_is_answered_and_dropped() {
    for multiplexed in [false, true] {
        let server = serve(ServerSettings::default()).await;
        let mut client = Client::new(&server, Form::TTHeaderFramed, multiplexed);
        let begin = tokio::time::Instant::now();
        let bytes = client.request_within(1, b"", 1, Some(50));
        client.send(&bytes).await;
        let error = client.answer().await.unwrap().1.unwrap_err();
        assert!(error.message().contains("deadline"), "{error}");
        assert_eq!(begin.elapsed(), Duration::from_millis(100), "the deadline and the slack");
        server.state.reached(&server.state.dropped, 1).await;
        client.call(0, b"x", 2).await;
        assert!(client.answer().await.unwrap().1.is_ok());
    }
}

async fn a_peer_that_leaves_ends_what_it_waits_for_and_no_oneway() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::TTHeaderFramed, true);
    client.call(1, b"", 1).await;
    client.call(4, b"", 2).await;
    server.state.reached(&server.state.begun, 2).await;
    drop(client);
    server.state.reached(&server.state.dropped, 1).await;
    server.state.gate.add_permits(1);
    server.state.reached(&server.state.ended, 1).await;
    assert_eq!(server.state.dropped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_peer_that_leaves_ends_what_it_waits_for_on_one_thread() {
    a_peer_that_leaves_ends_what_it_waits_for_and_no_oneway().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_leaves_ends_what_it_waits_for_on_several_threads() {
    a_peer_that_leaves_ends_what_it_waits_for_and_no_oneway().await;
}

#[tokio::test]
async fn a_oneway_before_the_end_of_input_runs_on_one_connection_in_turn() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::Framed, false);
    client.call(4, b"", 1).await;
    server.state.reached(&server.state.begun, 1).await;
    drop(client);
    server.state.gate.add_permits(1);
    server.state.reached(&server.state.ended, 1).await;
}

#[tokio::test]
async fn a_handler_that_keeps_its_thread_is_counted() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::Framed, false);
    client.call(3, b"", 1).await;
    assert!(client.answer().await.unwrap().1.is_ok());
    assert_eq!(server.handle.stats().slow_polls, 1);
}
