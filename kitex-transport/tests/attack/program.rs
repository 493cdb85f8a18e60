//! Programs that do wrong to their own server.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kitex_core::{AcceptPolicy, Error, Observer, Peer, Router};
use kitex_transport::{Address, Addresses, Bound, ServerSettings};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::healthy::Healthy;
use crate::peer::{Server, binary, framed, until_closed};
use crate::service::{ECHO, Service};
use crate::trial::{Attack, Bounds, alone};

/// Panics for every connection but the first.
#[derive(Debug)]
struct PanickingPolicy;

impl AcceptPolicy for PanickingPolicy {
    fn accept(&self, _: &Peer, connections: usize) -> Result<(), Cow<'static, str>> {
        assert!(connections == 0, "as asked");
        Ok(())
    }
}

/// Panics whenever a connection has gone wrong or ends.
#[derive(Debug)]
struct PanickingObserver;

impl Observer for PanickingObserver {
    fn connection_closed(&self, _: &Peer) {
        panic!("as asked");
    }

    fn peer_failed(&self, _: &Error) {
        panic!("as asked");
    }
}

#[test]
fn a_policy_that_panics_costs_the_connection_that_it_is_asked_for() {
    let mut settings = ServerSettings::default();
    settings.accept = Some(Arc::new(PanickingPolicy));
    let bounds = Bounds { time: Duration::ZERO, heap: 64 << 10 };
    Attack::new("a policy that panics", settings, bounds).run(async |server| {
        for _ in 0..20 {
            until_closed(&mut server.connect().await).await;
        }
    });
}

/// A panic while another one ends a connection would end the process, if it were let go on.
#[test]
fn an_observer_that_panics_costs_the_connection_that_it_is_told_of() {
    let mut settings = ServerSettings::default();
    settings.observer = Some(Arc::new(PanickingObserver));
    alone(|clients| {
        let server = Server::start(settings, 2);
        let mut healthy = Healthy::connect(server.address);
        clients.block_on(async {
            let mut stream = server.connect().await;
            stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            until_closed(&mut stream).await;
            server.left_with(1).await;
        });
        healthy.call();
    });
}

#[tokio::test]
async fn a_server_that_is_dropped_ends() {
    let mut router = Router::new();
    router.add(Service::default());
    let any = Addresses::from(SocketAddr::from(([127, 0, 0, 1], 0)));
    let bound = Bound::bind(any, router, ServerSettings::default()).await.unwrap();
    let &[Address::Ip(address)] = bound.addresses() else { panic!("one address was asked for") };
    let handle = bound.handle();
    let called = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&framed(ECHO, &binary(b"x"))).await.unwrap();
        stream.readable().await.unwrap();
        stream
    };
    let mut stream = tokio::select! {
        _ = bound.serve() => panic!("it serves until it is dropped"),
        stream = called => stream,
    };
    until_closed(&mut stream).await;
    while handle.stats().connections > 0 {
        tokio::task::yield_now().await;
    }
    TcpStream::connect(address).await.unwrap_err();
}
