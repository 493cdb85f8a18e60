//! A server that the process is told to end. In a program of its own, since the signal is the whole program's.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod idl {
    include!("../docs/idl/echo.rs");
}

use std::process::Command;

use idl::echo::{Echo, EchoClient, EchoSayError, EchoServer, Request};
use kitex::{CallError, Context, Memory, Server, Str};
use tokio::sync::Semaphore;

/// Calls that have begun, and calls that may end.
static BEGUN: Semaphore = Semaphore::const_new(0);
static MAY_END: Semaphore = Semaphore::const_new(0);

struct Slow;

impl Echo for Slow {
    async fn say(&self, _: &mut Context, request: Request) -> Result<Str, CallError<EchoSayError>> {
        BEGUN.add_permits(1);
        MAY_END.acquire().await.unwrap().forget();
        Ok(request.text)
    }

    async fn note(&self, _: &mut Context, _: Str) -> Result<(), CallError> {
        Ok(())
    }
}

fn terminate() {
    let id = std::process::id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}

/// A server at `memory`, and a call that it has begun to serve.
async fn serving(
    memory: &Memory,
) -> (tokio::task::JoinHandle<()>, tokio::task::JoinHandle<Result<Str, CallError<EchoSayError>>>) {
    let serving = tokio::spawn({
        let memory = memory.clone();
        async move { Server::new().add(EchoServer::new(Slow)).serve(&memory).await.unwrap() }
    });
    let client = EchoClient::connect(memory).await.unwrap();
    let call =
        tokio::spawn(async move { client.say(Request { text: "late".into(), ..Default::default() }).await });
    BEGUN.acquire().await.unwrap().forget();
    (serving, call)
}

#[tokio::test]
async fn the_first_signal_lets_calls_end_and_the_second_does_not() {
    let (server, call) = serving(&Memory::new()).await;
    terminate();
    MAY_END.add_permits(1);
    assert_eq!(&*call.await.unwrap().unwrap(), "late");
    server.await.unwrap();

    let (server, call) = serving(&Memory::new()).await;
    terminate();
    terminate();
    // Either both signals came as one, and another one ends the server, or they did not.
    while !server.is_finished() {
        terminate();
        tokio::task::yield_now().await;
    }
    assert!(call.await.unwrap().is_err());
}
