//! Pooled connections: one call at a time on each.

use std::time::Duration;

use kitex_core::{ErrorKind, Sent, Stage};
use kitex_transport::{Channel, ChannelConfig, Memory, Mode, PoolConfig};
use tower_service::Service;

use crate::peer::{Peer, call, call_within, channel, oneway, request, serve, text};

fn pooled(edit: impl FnOnce(&mut PoolConfig)) -> ChannelConfig {
    let mut pool = PoolConfig::default();
    edit(&mut pool);
    let mut config = ChannelConfig::default();
    config.mode = Mode::Pooled(pool);
    config
}

/// Begins a call in a task of its own.
fn begin(channel: &Channel, said: &str) -> tokio::task::JoinHandle<Result<String, kitex_core::Error>> {
    let (channel, said) = (channel.clone(), said.to_owned());
    tokio::spawn(async move { call(&channel, &said).await })
}

#[tokio::test(start_paused = true)]
async fn calls_one_after_another_share_a_connection() {
    let memory = Memory::new();
    serve(&memory);
    let channel = channel(&memory, pooled(|_| {}));
    for said in ["a", "b", "c"] {
        assert_eq!(call(&channel, said).await.unwrap(), said);
    }
    let stats = channel.stats();
    assert_eq!((stats.dialled, stats.connections, stats.idle, stats.in_flight), (1, 1, 1, 0));
}
