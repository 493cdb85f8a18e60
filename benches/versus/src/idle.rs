//! What connections cost a server that are open, have been used, and are silent.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::sleep,
};

use crate::{
    options::{Load, loopback},
    process::{self, Role},
    wire::{self, Call},
};

/// Files that a process of these measurements may need to open.
pub(crate) const FILES: u64 = 20_000;
/// Connections from one loopback address, well below the ports that one address has.
const PER_ADDRESS: usize = 5_000;
/// Connections that are opened at the same time, well below a listen backlog.
const AT_ONCE: usize = 100;
/// How long the server has to give back what the calls needed.
const SETTLE: Duration = Duration::from_secs(2);

/// The options of `idle`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    load: Load,
    /// Connections to open.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
}

/// The server's memory before the connections and while they are idle, in bytes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Footprint {
    pub(crate) connections: usize,
    pub(crate) before: u64,
    pub(crate) after: u64,
}

/// Opens the connections, makes one call on each, and prints the server's memory as JSON.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    process::raise_file_limit(FILES.max(options.connections as u64 + 100))?;
    let footprint = process::block_on(options.load.pinning, Role::Client, measure(options))??;
    println!("{}", serde_json::to_string(&footprint)?);
    Ok(())
}

async fn measure(options: &Options) -> anyhow::Result<Footprint> {
    let server = options.load.server.context("--server says whose memory is measured")?;
    // One call of the stack's own client is recorded and then replayed on plain sockets: ten thousand
    // clients of any stack would weigh more than what is measured.
    let call = wire::capture(&options.load).await?;
    let before = process::resident_bytes(server)?;
    let mut open = Vec::with_capacity(options.connections);
    while open.len() < options.connections {
        let batch = open.len()..options.connections.min(open.len() + AT_ONCE);
        let opening = batch.map(|number| connect_and_call(number, options.load.port, &call));
        open.extend(futures_util::future::try_join_all(opening).await?);
    }
    sleep(SETTLE).await;
    let connections = process::connections(options.load.port)?;
    ensure!(connections == open.len(), "the server kept {connections} of {} connections", open.len());
    Ok(Footprint { connections, before, after: process::resident_bytes(server)? })
}

async fn connect_and_call(number: usize, port: u16, call: &Call) -> anyhow::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let source = Ipv4Addr::new(127, 0, 0, 2 + (number / PER_ADDRESS) as u8);
    socket.bind(SocketAddr::from((source, 0)))?;
    let mut stream = socket.connect(loopback(port)).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&call.request).await?;
    let mut reply = vec![0; call.reply.len()];
    stream.read_exact(&mut reply).await?;
    ensure!(reply == call.reply, "connection {number} was answered differently from the first one");
    Ok(stream)
}
