//! The end of a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kitex::{CallError, ErrorKind, Memory, Server, ServerHandle, Str};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::idl::calls::{CallsClient, CallsServer};
use crate::service::{Handler, Running, Seen, over_tcp};

const CALLS: u32 = 20;

/// Makes calls that wait, and waits until all of them have begun.
async fn waiting(client: &CallsClient, seen: &Seen) -> Vec<JoinHandle<Result<Str, CallError>>> {
    let call = |client: CallsClient| async move { client.act("wait").await };
    let calls = (0..CALLS).map(|_| tokio::spawn(call(client.clone()))).collect();
    seen.waiting.begun.acquire_many(CALLS).await.unwrap().forget();
    calls
}

#[tokio::test]
async fn what_was_read_is_answered() {
    for mux in [false, true] {
        let (running, seen) = over_tcp().await;
        let builder = CallsClient::builder(running.address.clone());
        let builder = if mux { builder.mux(1) } else { builder.pool(CALLS as usize) };
        let client = builder.connect().await.unwrap();
        let calls = waiting(&client, &seen).await;
        running.handle.shutdown();
        assert!(!running.task.is_finished());
        seen.waiting.may_end.add_permits(CALLS as usize);
        for call in calls {
            assert_eq!(&*call.await.unwrap().unwrap(), "wait", "mux {mux}");
        }
        running.task.await.unwrap();
        let error = client.nothing().await.unwrap_err();
        let error = error.error().unwrap();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
        assert!(error.is_retry_safe(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_within_the_grace_is_cut_off() {
    let server = Server::new().add(CallsServer::new(Handler::default())).grace(Duration::from_millis(500));
    let running = Running::start(server, &Memory::new()).await;
    let client = CallsClient::connect(running.address.clone()).await.unwrap();
    let call = tokio::spawn(async move { client.act("never").await });
    let began = tokio::time::Instant::now();
    while running.handle.stats().connections == 0 {
        tokio::task::yield_now().await;
    }
    running.handle.shutdown();
    running.task.await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(500));
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.error().unwrap().kind(), ErrorKind::Closed, "{error}");
}

#[tokio::test]
async fn a_server_serves_until_it_is_told() {
    let memory = Memory::new();
    let (end, ended) = oneshot::channel::<()>();
    let server = Server::new().add(CallsServer::new(Handler::default()));
    let serving = tokio::spawn({
        let memory = memory.clone();
        let told = async move { drop(ended.await) };
        async move { server.serve_until(&memory, told).await }
    });
    let client = CallsClient::connect(&memory).await.unwrap();
    client.nothing().await.unwrap();
    end.send(()).unwrap();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_handle_tells_how_a_server_does() {
    let handler = Handler::default();
    let seen = Arc::clone(&handler.0);
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let running = Running::start(Server::new().add(CallsServer::new(handler)), any).await;
    let handle: ServerHandle = running.handle.clone();
    let client = CallsClient::builder(running.address.clone()).pool(CALLS as usize).connect().await.unwrap();
    let calls = waiting(&client, &seen).await;
    assert_eq!(handle.stats().connections, CALLS as usize);
    seen.waiting.may_end.add_permits(CALLS as usize);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    drop(client);
    running.handle.shutdown();
    running.task.await.unwrap();
    assert_eq!(handle.stats().connections, 0);
}
