//! What only real sockets show.

use std::net::Shutdown;

use kitex_transport::{Address, Channel, ChannelConfig, Mode, PoolConfig};
use tokio::net::{TcpListener, TcpStream, UnixListener};

use crate::multiplex::multiplexed;
use crate::peer::{Peer, begin, call, serve_stream};

fn pooled() -> ChannelConfig {
    let mut config = ChannelConfig::default();
    config.mode = Mode::Pooled(PoolConfig::default());
    config
}

#[tokio::test]
async fn calls_are_answered_over_tcp() {
    for config in [pooled(), multiplexed(|_| {})] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address::Ip(listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve_stream(stream));
            }
        });
        let channel = Channel::new(vec![address], config);
        for size in [1, 10_000, 100_000, 3_000_000] {
            assert_eq!(call(&channel, &"x".repeat(size)).await.unwrap().len(), size);
        }
        let calls: Vec<_> = (0..50).map(|n| begin(&channel, &n.to_string())).collect();
        for (n, called) in calls.into_iter().enumerate() {
            assert_eq!(called.await.unwrap().unwrap(), n.to_string());
        }
    }
}

#[tokio::test]
async fn a_connection_that_the_peer_closed_is_noticed_before_a_request_is_lost_on_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::new(vec![Address::Ip(listener.local_addr().unwrap())], pooled());
    for said in ["a", "b", "c"] {
        let called = begin(&channel, said);
        let mut peer = Peer::over(listener.accept().await.unwrap().0);
        assert!(peer.echo().await);
        assert_eq!(called.await.unwrap().unwrap(), said);
        drop(peer);
        // The runtime hears of the close no later than of this.
        let (_near, _far) =
            tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    }
    assert_eq!(channel.stats().dialled, 3);
}

#[tokio::test]
async fn a_request_of_which_nothing_was_sent_is_sent_again() {
    let path = std::env::temp_dir().join(format!("kitex-channel-{}-again", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let channel = Channel::new(vec![Address::Unix(path.clone())], pooled());
    let called = begin(&channel, "a");
    let mut peer = Peer::over(listener.accept().await.unwrap().0);
    assert!(peer.echo().await);
    called.await.unwrap().unwrap();
    // The peer takes no more, which the other side cannot see before it writes.
    socket2::SockRef::from(&peer.stream).shutdown(Shutdown::Read).unwrap();
    let called = begin(&channel, "b");
    let mut other = Peer::over(listener.accept().await.unwrap().0);
    assert!(other.echo().await);
    assert_eq!(called.await.unwrap().unwrap(), "b");
    assert_eq!((channel.stats().dialled, channel.stats().connections), (2, 1));
    std::fs::remove_file(&path).unwrap();
}
