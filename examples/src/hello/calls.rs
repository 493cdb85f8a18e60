//! Calls over every kind of connection.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use kitex::{ClientBuilder, Framing, Scope};

use super::{Failure, Line, Running};
use crate::greeter::GreeterClient;

fn builder(address: &str) -> ClientBuilder<GreeterClient> {
    GreeterClient::builder(address).caller("hello")
}

/// Where the server saw eight calls come from that were under way at once.
async fn peers(client: &GreeterClient) -> Result<BTreeSet<String>, Failure> {
    let mut calls = Vec::new();
    for _ in 0..8 {
        let client = client.clone();
        calls.push(tokio::spawn(async move { client.greet("Ada").await }));
    }
    let mut peers = BTreeSet::new();
    for call in calls {
        peers.insert(call.await??.peer.to_string());
    }
    Ok(peers)
}

pub(super) async fn pooled(server: &Running) -> Result<Line, Failure> {
    let client = builder(&server.address).pool(2).connect().await?;
    let greeting = client.greet("Ada").await?;
    let mut calls = Vec::new();
    for _ in 0..8 {
        let client = client.clone();
        calls.push(tokio::spawn(async move { client.wait(5).await }));
    }
    for call in calls {
        call.await??;
    }
    let connections = server.handle.stats().connections;
    let seen = format!(
        "`{}`, to the caller `{}`; 8 calls at once over {connections} connections",
        greeting.text, greeting.caller
    );
    Ok(Line { feature: "TTHeader, pooled", seen })
}

pub(super) async fn multiplexed(address: &str) -> Result<Line, Failure> {
    let client = builder(address).mux(1).connect().await?;
    let slow = client.clone();
    let slow = tokio::spawn(async move { slow.wait(50).await });
    let (fast, ports) = (client.greet("Ada").await?, peers(&client).await?.len());
    let overtaken = !slow.is_finished();
    let waited = slow.await??;
    let seen = format!(
        "`{}` overtook a call of {waited} ms: {overtaken}; 9 calls over {ports} connection",
        fast.text
    );
    Ok(Line { feature: "TTHeader, multiplexed", seen })
}

/// The outer form shows in what the server knows: only a TTHeader says who calls.
async fn without_header(feature: &'static str, address: &str, framing: Framing) -> Result<Line, Failure> {
    let client = builder(address).framing(framing).connect().await?;
    let greeting = client.greet("Ada").await?;
    Ok(Line { feature, seen: format!("`{}`, to the caller `{}`", greeting.text, greeting.caller) })
}

pub(super) async fn framed(address: &str) -> Result<Line, Failure> {
    without_header("Framed", address, Framing::Framed).await
}

pub(super) async fn buffered(address: &str) -> Result<Line, Failure> {
    without_header("Buffered", address, Framing::Buffered).await
}

pub(super) async fn unix(address: &str) -> Result<Line, Failure> {
    let greeting = builder(address).connect().await?.greet("Ada").await?;
    Ok(Line { feature: "unix socket", seen: format!("`{}`, over {}", greeting.text, greeting.peer) })
}

pub(super) async fn oneway(server: &Running) -> Result<Line, Failure> {
    let client = builder(&server.address).pool(1).connect().await?;
    client.wave("Ada").await?;
    // On the same connection, so that the wave was served before.
    client.greet("Ada").await?;
    let waves = server.service.waves.load(Ordering::Relaxed);
    Ok(Line { feature: "oneway", seen: format!("the server saw {waves} wave") })
}

pub(super) async fn metadata(address: &str) -> Result<Line, Failure> {
    let client = builder(address).connect().await?;
    let reply = client.greet("Ada").persistent("TENANT", "blue").reply().await;
    let greeting = reply.result?;
    let back = reply.metadata.get(Scope::Backward, "greeted-by").unwrap_or("nothing");
    let seen = format!("the server read TENANT `{}`, and sent back greeted-by `{back}`", greeting.tenant);
    Ok(Line { feature: "metadata", seen })
}
