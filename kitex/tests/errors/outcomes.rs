//! What a server that serves answers.

use std::future::IntoFuture;
use std::time::Duration;

use kitex::{CallError, Framing, Limits, Server};
use tokio::io::AsyncWriteExt;

use crate::golden::Tour;
use crate::idl::later;
use crate::idl::tour::{OtherClient, TourClient};
use crate::peer::{asked, client};
use crate::recorder::record;
use crate::service::{Handler, serve};
use crate::wire;

const SOON: Duration = Duration::from_millis(20);

async fn handlers(tour: &mut Tour) {
    let (memory, _handle) = serve(Server::new(), Handler::default()).await;
    let client = TourClient::connect(&memory).await.unwrap();
    for how in ["fail", "code", "panic", "panic without a text"] {
        tour.call(&format!("a handler that is to {how}"), client.ask(how).await);
    }
    for how in ["refuse", "status"] {
        // Both are answers, shown as what they are.
        tour.other(&format!("a handler that is to {how}"), &client.ask(how).await.unwrap_err());
    }
    let framed = TourClient::builder(&memory).framing(Framing::Framed).connect().await.unwrap();
    tour.call("a business status that the framing has no place for", framed.ask("status").await);
    let next = TourClient::connect(&memory).await.unwrap();
    let (front, _handle) = serve(Server::new(), Handler { next: Some(next) }).await;
    let client = TourClient::connect(&front).await.unwrap();
    tour.call("a handler whose own call fails", client.ask("call").await);
}

async fn versions(tour: &mut Tour) {
    let (memory, _handle) = serve(Server::new(), Handler::default()).await;
    let other = OtherClient::connect(&memory).await.unwrap();
    tour.call("a service that is not there", other.ping().await);
    let later = later::TourClient::connect(&memory).await.unwrap();
    tour.call("a method that is not there", later.added().await);
    tour.call("arguments of another type", later.ask(&b"\xff\xfe"[..]).await);
    let (memory, _handle) = serve(Server::new().strict(), Handler::default()).await;
    let client = TourClient::builder(&memory).framing(Framing::Framed).connect().await.unwrap();
    tour.call("a call that names no service", client.ask("now").await);
}

fn limits(set: impl FnOnce(&mut Limits)) -> Server {
    let mut limits = Limits::default();
    set(&mut limits);
    Server::new().limits(limits)
}

async fn limited(tour: &mut Tour) {
    let (memory, _handle) = serve(limits(|limits| limits.max_string = 1000), Handler::default()).await;
    let client = TourClient::connect(&memory).await.unwrap();
    tour.call("arguments over the server's limit", client.ask("x".repeat(2000)).await);
    let heap = |limits: &mut Limits| (limits.heap_factor, limits.min_heap) = (0, 100);
    let (memory, _handle) = serve(limits(heap), Handler::default()).await;
    let client = TourClient::connect(&memory).await.unwrap();
    tour.call("arguments that take too much memory", client.ask("x".repeat(2000)).await);
    let (memory, _handle) = serve(limits(|limits| limits.max_frame = 1000), Handler::default()).await;
    let client = TourClient::connect(&memory).await.unwrap();
    tour.call("an answer over the server's limit", client.ask("at length").await);
    tour.call("a request over the server's limit", client.ask("x".repeat(2000)).await);
    let (memory, _handle) = serve(Server::new().max_in_flight(1), Handler::default()).await;
    let client = TourClient::builder(&memory).mux(1).connect().await.unwrap();
    let first = async { client.ask("never").timeout(SOON).await };
    let second = async { client.ask("now").await };
    tour.call("one call too many", tokio::join!(first, second).1);
    let (memory, _handle) = serve(Server::new().max_connections(0), Handler::default()).await;
    let client = TourClient::connect(&memory).await.unwrap();
    tour.call("one connection too many", client.ask("now").await);
}

async fn in_time(tour: &mut Tour) {
    let (memory, _handle) = serve(Server::new().max_call_timeout(SOON), Handler::default()).await;
    let client = TourClient::connect(&memory).await.unwrap();
    tour.call("the server's longest time", client.ask("never").await);
    let (memory, _handle) = serve(Server::new().default_timeout(SOON), Handler::default()).await;
    let client = TourClient::builder(&memory).framing(Framing::Framed).connect().await.unwrap();
    tour.call("the server's time for calls without a deadline", client.ask("never").await);
}

/// The server's exception is there at the deadline, before the call looks at its timer.
async fn told_in_time(tour: &mut Tour) {
    let (client, memory) = client(|client| client);
    let mut call = std::pin::pin!(client.ask("never").timeout(SOON).into_future());
    let peer = async {
        let mut stream = memory.accept().await.unwrap();
        let sequence = asked(&mut stream).await;
        let exception = wire::exception(6, "the call's deadline has passed");
        stream.write_all(&wire::answer(3, "ask", sequence, &exception)).await.unwrap();
        stream
    };
    let _open = tokio::select! {
        biased;
        stream = peer => stream,
        _ = &mut call => panic!("the call has ended before its time"),
    };
    tokio::time::advance(SOON).await;
    tour.call("a deadline that the server has told of", call.await);
}

async fn shutdowns(tour: &mut Tour) {
    let (log, _guard) = record();
    // On a busy machine any handler may keep its thread for long, and be named in the log.
    let server = Server::new().lame_duck(SOON).grace(4 * SOON).slow_poll(Duration::MAX);
    let (memory, handle) = serve(server, Handler::default()).await;
    let client = TourClient::builder(&memory).mux(1).connect().await.unwrap();
    let running = async { client.ask("never").await };
    let late = async {
        // The first call is under way before the shutdown begins.
        client.ask("now").await.unwrap();
        handle.shutdown();
        tokio::time::sleep(2 * SOON).await;
        client.ask("now").await
    };
    let (running, late) = tokio::join!(running, late);
    tour.call("a call after a server has said that it goes", late);
    tour.call("a call that outlasts the grace", running);
    tour.line("what the server logs then", &log.take_lines().join("\n"));
    let client = TourClient::connect(&memory).await;
    tour.error("a connection to a server that has ended", &client.unwrap_err());
}

/// A call that is under way when the server is ended.
async fn cut_off(tour: &mut Tour) {
    let (memory, handle) = serve(Server::new(), Handler::default()).await;
    let client = TourClient::connect(&memory).await.unwrap();
    let never = async { client.ask("never").await };
    let abort = async {
        tokio::time::sleep(SOON).await;
        handle.abort();
    };
    tour.call("a call that the server's end cuts off", tokio::join!(never, abort).0);
}

#[tokio::test(start_paused = true)]
async fn what_a_server_answers() {
    let mut tour = Tour::new("outcomes");
    handlers(&mut tour).await;
    versions(&mut tour).await;
    limited(&mut tour).await;
    in_time(&mut tour).await;
    told_in_time(&mut tour).await;
    shutdowns(&mut tour).await;
    cut_off(&mut tour).await;
    let result: Result<(), CallError> = Err(CallError::failed("gone"));
    tour.call("a handler's failure, before it is sent", result);
    tour.finish();
}
