//! How a server ends.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kitex_codec::Form;
use kitex_transport::ServerSettings;

use crate::peer::{Client, serve};

#[tokio::test(start_paused = true)]
async fn calls_under_way_are_answered_and_idle_connections_closed() {
    let server = serve(ServerSettings::default()).await;
    let mut busy = Client::new(&server, Form::Framed, false);
    let mut idle = Client::new(&server, Form::TTHeaderFramed, false);
    idle.call(0, b"x", 1).await;
    assert!(idle.answer().await.unwrap().1.is_ok());
    busy.call(1, b"", 1).await;
    server.state.reached(&server.state.begun, 1).await;
    let begin = tokio::time::Instant::now();
    server.handle.shutdown();
    assert!(idle.answer().await.is_none());
    assert_eq!(begin.elapsed(), Duration::from_millis(100));
    server.state.gate.add_permits(1);
    assert!(busy.answer().await.unwrap().1.is_ok());
    assert!(busy.answer().await.is_none());
    drop((busy, idle));
    server.serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn idle_peers_that_do_not_look_at_their_connections_are_not_waited_for() {
    let server = serve(ServerSettings::default()).await;
    let mut clients = Vec::new();
    for (n, form) in [Form::Framed, Form::TTHeaderFramed, Form::TTHeader].into_iter().enumerate() {
        let mut client = Client::new(&server, form, false);
        client.call(0, b"x", n as u32 + 1).await;
        assert!(client.answer().await.unwrap().1.is_ok());
        clients.push(client);
    }
    let begin = tokio::time::Instant::now();
    server.handle.shutdown();
    server.serving.await.unwrap();
    assert_eq!(begin.elapsed(), Duration::from_millis(100), "the time of a lame duck, and no more");
    for client in &mut clients {
        assert!(client.answer().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_after_the_shutdown_began_is_served_and_its_caller_told() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::TTHeaderFramed, false);
    client.call(0, b"x", 1).await;
    assert!(client.answer().await.unwrap().1.is_ok());
    assert!(client.engine.is_reusable(0));
    server.handle.shutdown();
    tokio::task::yield_now().await;
    client.call(0, b"y", 2).await;
    assert!(client.answer().await.unwrap().1.is_ok());
    assert!(!client.engine.accepts_calls());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_after_the_close_is_not_served() {
    // The answer has just been given: what comes is read for a moment still, and thrown away.
    let mut settings = ServerSettings::default();
    settings.lame_duck = Duration::ZERO;
    let server = serve(settings).await;
    let mut client = Client::new(&server, Form::Framed, false);
    client.call(0, b"x", 1).await;
    assert!(client.answer().await.unwrap().1.is_ok());
    server.handle.shutdown();
    assert!(client.answer().await.is_none());
    client.call(1, b"", 2).await;
    server.state.gate.add_permits(1);
    server.serving.await.unwrap();
    assert_eq!(server.state.begun.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_multiplexed_peer_is_told_when_nothing_is_under_way() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::TTHeaderFramed, true);
    client.call(1, b"", 1).await;
    server.state.reached(&server.state.begun, 1).await;
    server.handle.shutdown();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(client.engine.accepts_calls());
    server.state.gate.add_permits(1);
    assert!(client.answer().await.unwrap().1.is_ok());
    assert!(client.answer().await.is_none());
    assert!(!client.engine.accepts_calls());
    drop(client);
    server.serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_multiplexed_peer_that_never_pauses_does_not_keep_the_server() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::TTHeaderFramed, true);
    client.call(1, b"", 0).await;
    server.state.reached(&server.state.begun, 1).await;
    server.handle.shutdown();
    for token in 1..=5 {
        client.call(1, b"", token).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
        server.state.gate.add_permits(1);
        let (answered, answer) = client.answer().await.unwrap();
        let late = token == 5;
        assert_eq!(answered, if late { token } else { token - 1 });
        assert_eq!(answer.is_err_and(|error| error.is_retry_safe()), late, "made after 100 milliseconds");
    }
    assert!(client.answer().await.unwrap().1.is_ok(), "what was under way is answered");
    assert!(client.answer().await.is_none());
    drop(client);
    server.serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_grace_bounds_the_shutdown() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::Framed, false);
    client.call(1, b"", 1).await;
    server.state.reached(&server.state.begun, 1).await;
    let begin = tokio::time::Instant::now();
    server.handle.shutdown();
    server.serving.await.unwrap();
    assert_eq!(begin.elapsed(), Duration::from_secs(30));
    server.state.reached(&server.state.dropped, 1).await;
    assert!(client.answer().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_abort_ends_at_once() {
    let server = serve(ServerSettings::default()).await;
    let mut client = Client::new(&server, Form::Framed, false);
    client.call(1, b"", 1).await;
    server.state.reached(&server.state.begun, 1).await;
    let begin = tokio::time::Instant::now();
    server.handle.shutdown();
    server.handle.abort();
    server.serving.await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
}
