//! How connecting fails.

use std::net::SocketAddr;
use std::time::Duration;

use kitex::{BackoffConfig, Endpoints, Memory, Picker, Request, Server};
use tokio::net::{TcpListener, TcpSocket};

use crate::golden::Tour;
use crate::idl::tour::{TourClient, TourServer};
use crate::service::Handler;

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// A pause that a busy machine does not outlast.
fn long() -> BackoffConfig {
    let mut backoff = BackoffConfig::default();
    (backoff.initial, backoff.max) = (Duration::from_secs(600), Duration::from_secs(600));
    backoff
}

async fn refused(tour: &mut Tour) {
    let nobody = nobody().await;
    tour.error("nobody listens", &TourClient::connect(nobody).await.unwrap_err());
    let client = TourClient::builder(nobody).backoff(long()).connect_lazy().unwrap();
    tour.call("a call where nobody listens", client.ask("now").await);
    tour.call("a call right after that", client.ask("now").await);
    let client = TourClient::builder(nobody).mux(1).backoff(long()).connect_lazy().unwrap();
    tour.call("a multiplexed call where nobody listens", client.ask("now").await);
    tour.call("a multiplexed call right after that", client.ask("now").await);
    let client = TourClient::builder(vec![nobody, nobody]).connect_lazy().unwrap();
    tour.call("a call with nobody at two addresses", client.ask("now").await);
    let error = TourClient::connect("/no/such/tour.sock").await.unwrap_err();
    tour.error("a unix socket that is not there", &error);
    // No name has an empty label: a resolver need not ask for this one.
    let client = TourClient::builder("no..such.host:80").backoff(long()).connect_lazy().unwrap();
    tour.call("a host that is not known", client.ask("now").await);
    tour.call("the same host right after that", client.ask("now").await);
}

async fn refused_in_memory(tour: &mut Tour) {
    let memory = Memory::new();
    drop(Server::new().add(TourServer::new(Handler::default())).bind(&memory).await.unwrap());
    let error = TourClient::connect(&memory).await.unwrap_err();
    tour.error("a server in memory that has ended", &error);
    let memory = Memory::new();
    let _waiting: Vec<_> = std::iter::from_fn(|| memory.connect().ok()).collect();
    let error = TourClient::connect(&memory).await.unwrap_err();
    tour.error("a server in memory that accepts nothing", &error);
}

/// An address at which connections are neither made nor refused.
fn silent() -> (TcpListener, std::net::TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let listener = socket.listen(0).unwrap();
    let queued = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener, queued)
}

async fn slow(tour: &mut Tour) {
    let (listener, _queued) = silent();
    let client = |mux| {
        let builder = TourClient::builder(listener.local_addr().unwrap());
        let builder = builder.connect_timeout(Duration::from_millis(200));
        if mux { builder.mux(1) } else { builder }.connect_lazy().unwrap()
    };
    tour.call("a call where connecting takes too long", client(false).ask("now").await);
    tour.call("a multiplexed call where connecting takes too long", client(true).ask("now").await);
    let call = client(false);
    let call = call.ask("now").timeout(Duration::from_millis(50));
    tour.call("a deadline while connecting", call.await);
    let call = client(true);
    let call = call.ask("now").timeout(Duration::from_millis(50));
    tour.call("a deadline while a multiplexed connection is made", call.await);
}

#[derive(Debug)]
struct Picky;

impl Picker for Picky {
    fn pick(&self, _: std::time::Instant, _: &Request, _: &dyn Endpoints, _: &[usize]) -> Option<usize> {
        None
    }
}

#[tokio::test]
async fn how_connecting_is_refused() {
    let mut tour = Tour::new("refused");
    refused(&mut tour).await;
    refused_in_memory(&mut tour).await;
    let client = TourClient::builder("127.0.0.1:1,127.0.0.1:2").picker(Picky).connect_lazy().unwrap();
    tour.call("a picker that chooses nothing", client.ask("now").await);
    tour.finish();
}

// No connection is made here: with time that stands still, one could come later than its timeout.
#[tokio::test(start_paused = true)]
async fn how_connecting_takes_too_long() {
    let mut tour = Tour::new("silent");
    slow(&mut tour).await;
    tour.finish();
}
