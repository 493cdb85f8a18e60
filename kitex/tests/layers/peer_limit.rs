//! A limit of the connections of each peer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kitex::layer::{PeerLimit, PeerLimitConfig};
use kitex::{ErrorKind, Observer, Peer};
use tokio::time::advance;

use crate::crowd::{CROWD, LONG, Running, failure, serve, soon, still};
use crate::idl::calls::CallsClient;

/// Why connections were refused.
#[derive(Debug, Clone, Default)]
struct Refusals(Arc<Mutex<Vec<String>>>);

impl Observer for Refusals {
    fn connection_refused(&self, _: &Peer, reason: &str) {
        self.0.lock().unwrap().push(reason.to_owned());
    }
}

async fn limited(config: PeerLimitConfig) -> (Running, Refusals) {
    let (limit, refusals) = (PeerLimit::new(config).unwrap(), Refusals::default());
    (serve(|server| server.accept_policy(limit).observer(refusals.clone())).await, refusals)
}

/// A hundred clients that make a call each: those that were answered, and what the others were told.
async fn answered(server: &Running) -> (Vec<CallsClient>, Vec<String>) {
    let (mut answered, mut told) = (Vec::new(), Vec::new());
    for _ in 0..CROWD {
        let builder = CallsClient::builder(server.address.clone()).pool(1).timeout(LONG);
        let client: CallsClient = builder.connect_lazy().unwrap();
        match client.act("now").await {
            Ok(_) => answered.push(client),
            Err(error) => {
                assert_eq!(failure(&error).kind(), ErrorKind::Closed, "{error}");
                told.push(server.told(&error));
            }
        }
    }
    (answered, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_connections_of_a_peer_count_together() {
    let mut config = PeerLimitConfig::default();
    (config.connections, config.rate) = (Some(10), None);
    let (server, refusals) = limited(config).await;
    let (mut clients, told) = answered(&server).await;
    assert_eq!((clients.len(), told.len(), server.handle.stats().connections), (10, CROWD - 10, 10));
    let reason = "the address has 10 connections [setting: PeerLimitConfig::connections = 10]";
    let all = refusals.0.lock().unwrap().clone();
    assert!(all.len() >= CROWD - 10 && all.iter().all(|told| told == reason), "{all:?}");
    // Who leaves makes room.
    clients.pop();
    server.connections(9).await;
    assert_eq!(answered(&server).await.0.len(), 1);
}

/// Another address is another peer.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn another_peer_is_not_refused_for_the_first_ones_connections() {
    use tokio::net::TcpSocket;

    let mut config = PeerLimitConfig::default();
    (config.connections, config.rate) = (Some(1), None);
    let (server, refusals) = limited(config).await;
    let kitex::Address::Ip(address) = server.address else { panic!("{}", server.address) };
    let mut sockets = Vec::new();
    for from in ["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(from.parse().unwrap()).unwrap();
        sockets.push(socket.connect(address).await.unwrap());
    }
    server.connections(3).await;
    assert_eq!(*refusals.0.lock().unwrap(), [""; 0]);
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let refused = socket.connect(address).await.unwrap();
    soon(refused.readable()).await.unwrap();
    assert_eq!(refusals.0.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_connects_at_its_rate() {
    let _still = still();
    let mut config = PeerLimitConfig::default();
    (config.connections, config.rate) = (None, Some((0.5, 7)));
    let (server, refusals) = limited(config).await;
    let (clients, _) = answered(&server).await;
    assert_eq!(clients.len(), 7);
    let told = refusals.0.lock().unwrap()[0].clone();
    let reason = "the address connects more than 0.5 times a second, the next time in 2s [setting: \
                  PeerLimitConfig::rate = 0.5, 7 at once]";
    assert_eq!(told, reason);
    advance(Duration::from_secs(6)).await;
    assert_eq!(answered(&server).await.0.len(), 3);
}
