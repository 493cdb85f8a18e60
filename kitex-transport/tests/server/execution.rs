//! Where calls run, as it was asked for.

use kitex_codec::Form;
use kitex_core::Execution;
use kitex_transport::ServerSettings;

use crate::peer::{Client, METHODS, Server, serve_with};

async fn server_of(execution: Execution) -> Server {
    serve_with(ServerSettings::default(), |router| {
        for method in &METHODS {
            router.set_execution("Test", method.name, execution).unwrap();
        }
    })
    .await
}

/// The tasks that two multiplexed calls have ended in.
async fn tasks(execution: Execution) -> [Vec<u8>; 2] {
    let server = server_of(execution).await;
    let mut client = Client::new(&server, Form::TTHeaderFramed, true);
    client.call(5, b"", 1).await;
    client.call(5, b"", 2).await;
    let mut ran = [Vec::new(), Vec::new()];
    for one in &mut ran {
        let (_, answer) = client.answer().await.unwrap();
        *one = answer.unwrap().to_vec();
    }
    ran
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_in_line_run_in_their_connections_task() {
    let [one, other] = tasks(Execution::Inline).await;
    assert_eq!(one, other);
    let [one, other] = tasks(Execution::Auto).await;
    assert_ne!(one, other, "calls that have to wait get tasks of their own");
}

#[tokio::test]
async fn on_one_thread_calls_run_in_their_connections_task_unless_asked_otherwise() {
    let [one, other] = tasks(Execution::Auto).await;
    assert_eq!(one, other);
    let [one, other] = tasks(Execution::Blocking).await;
    assert_ne!(one, other);
}

/// True if two calls, one after the other, have run in the same task.
async fn share_a_task(execution: Execution) -> bool {
    let server = server_of(execution).await;
    let mut client = Client::new(&server, Form::Framed, false);
    let mut ran = Vec::new();
    for token in [1, 2] {
        client.call(5, b"", token).await;
        ran.push(client.answer().await.unwrap().1.unwrap().to_vec());
    }
    ran[0] == ran[1]
}

#[tokio::test]
async fn ping_pong_calls_run_apart_where_that_is_asked_for() {
    assert!(share_a_task(Execution::Auto).await && share_a_task(Execution::Inline).await);
    assert!(!share_a_task(Execution::Spawn).await && !share_a_task(Execution::Blocking).await);
}

/// On one thread, so that whatever kept it would keep the test too.
#[tokio::test]
async fn a_handler_that_blocks_keeps_nobody_else() {
    let server = server_of(Execution::Blocking).await;
    let mut client = Client::new(&server, Form::TTHeaderFramed, true);
    client.call(6, b"", 1).await;
    server.state.reached(&server.state.begun, 1).await;
    client.call(0, b"beside it", 2).await;
    assert_eq!(client.answer().await.unwrap().0, 2);
    server.state.unblock();
    let (token, answer) = client.answer().await.unwrap();
    assert!(token == 1 && answer.is_ok());
    assert_eq!(server.handle.stats().slow_polls, 0, "such a thread is there to be kept");
}

#[tokio::test]
async fn a_call_on_a_thread_for_blocking_work_can_be_given_up_while_it_waits() {
    let server = server_of(Execution::Blocking).await;
    let mut client = Client::new(&server, Form::Framed, false);
    client.call(1, b"", 1).await;
    server.state.reached(&server.state.begun, 1).await;
    drop(client);
    server.state.reached(&server.state.dropped, 1).await;
}

#[tokio::test]
async fn a_panic_on_another_thread_fails_its_call_alone() {
    for execution in [Execution::Spawn, Execution::Blocking] {
        let server = server_of(execution).await;
        let mut client = Client::new(&server, Form::TTHeaderFramed, true);
        client.call(2, b"", 1).await;
        let error = client.answer().await.unwrap().1.unwrap_err();
        assert!(error.message().contains("as asked"), "{error}");
        client.call(0, b"x", 2).await;
        assert!(client.answer().await.unwrap().1.is_ok());
    }
}
