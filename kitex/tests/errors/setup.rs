//! What is wrong before anything runs.

use std::time::Duration;

use kitex::{Framing, Protocol, Server};

use crate::golden::Tour;
use crate::idl::later;
use crate::idl::tour::{OtherServer, TourClient, TourServer};
use crate::service::Handler;

fn tour() -> TourServer<Handler> {
    TourServer::new(Handler::default())
}

async fn clients(tour: &mut Tour) {
    for target in ["localhost", "host:port", "http://host:80", "unix:", "", "127.0.0.1:80,"] {
        let error = TourClient::connect(target).await.unwrap_err();
        tour.error(&format!("a client of `{target}`"), &error);
    }
    let error = TourClient::connect(Vec::<&str>::new()).await.unwrap_err();
    tour.error("a client of no address", &error);
    let error = TourClient::builder("127.0.0.1:1").mux(1).framing(Framing::Buffered).connect().await;
    tour.error("mux without a header", &error.unwrap_err());
    let error = TourClient::builder("127.0.0.1:1").protocol(Protocol::Compact).connect().await;
    tour.error("Compact behind a header", &error.unwrap_err());
    let error = TourClient::builder("127.0.0.1:1").service_prefix("Tour").connect().await;
    tour.error("a service's name before that of the method, behind a header", &error.unwrap_err());
}

async fn times(tour_of: &mut Tour) {
    let error = TourClient::builder("127.0.0.1:1").timeout(Duration::ZERO).connect().await;
    tour_of.error("a client of no time", &error.unwrap_err());
    let error = Server::new().add(tour()).default_timeout(Duration::ZERO).bind("127.0.0.1:0").await;
    tour_of.other("a server of no time", &error.unwrap_err());
}

struct Later;

impl later::Tour for Later {
    async fn ask(&self, _: &mut kitex::Context, _: kitex::Bytes) -> Result<kitex::Str, kitex::CallError> {
        Ok(kitex::Str::new())
    }

    async fn added(&self, _: &mut kitex::Context) -> Result<(), kitex::CallError> {
        Ok(())
    }
}

async fn servers(tour_of: &mut Tour) {
    let other = || OtherServer::new(Handler::default());
    let cases = [
        ("a server of nothing", Server::new()),
        ("a service twice", Server::new().add(tour()).add(later::TourServer::new(Later))),
        ("a method twice", Server::new().add(tour()).add(other())),
        ("a fallback that is not there", Server::new().add(tour()).fallback("Toor")),
    ];
    for (title, server) in cases {
        tour_of.other(title, &server.bind("127.0.0.1:0").await.unwrap_err());
    }
    for address in ["here", "unix:/no/such/directory/tour.sock", "host.invalid.:x"] {
        let error = Server::new().add(tour()).bind(address).await.unwrap_err();
        tour_of.other(&format!("a server at {address}"), &error);
    }
    let taken = Server::new().add(tour()).bind("127.0.0.1:0").await.unwrap();
    let error = Server::new().add(tour()).bind(taken.address().clone()).await.unwrap_err();
    tour_of.other("a server at an address that is taken", &error);
}

#[tokio::test]
async fn what_is_wrong_before_anything_runs() {
    let mut tour = Tour::new("setup");
    clients(&mut tour).await;
    servers(&mut tour).await;
    times(&mut tour).await;
    tour.finish();
}
