//! How calls fail that wait, or that there is no room for.

use std::time::Duration;

use kitex::layer::{Next, from_fn};
use kitex::{ClientBuilder, MultiplexConfig, PoolConfig, Request, Server};

use crate::golden::Tour;
use crate::idl::tour::TourClient;
use crate::peer::client;
use crate::service::{Handler, serve};

const SOON: Duration = Duration::from_millis(20);
const LATER: Duration = Duration::from_millis(500);

fn pool(connections: usize, waiters: usize) -> PoolConfig {
    let mut config = PoolConfig::default();
    (config.max_connections, config.max_waiters) = (connections, waiters);
    config
}

/// What becomes of a call that comes while another runs.
async fn second(
    tour: &mut Tour,
    title: &str,
    set: impl FnOnce(ClientBuilder<TourClient>) -> ClientBuilder<TourClient>,
) {
    let (memory, _handle) = serve(Server::new(), Handler::default()).await;
    let client = set(TourClient::builder(&memory)).connect().await.unwrap();
    let first = async { client.ask("never").timeout(LATER).await };
    let second = async { client.ask("now").timeout(SOON).await };
    tour.call(title, tokio::join!(first, second).1);
}

async fn no_room(tour: &mut Tour) {
    second(tour, "a pool whose connections are in use", |client| client.pool_config(pool(1, 1))).await;
    second(tour, "a pool without room for a waiter", |client| client.pool_config(pool(1, 0))).await;
    let (none, _memory) = client(|client| client.pool(0));
    tour.call("a pool of no connection", none.ask("now").await);
    let one = |client: ClientBuilder<_>| {
        let mut config = MultiplexConfig::default();
        config.max_connections = 1;
        client.mux_config(config)
    };
    second(tour, "a multiplexed connection with as many calls as it takes", |client| {
        one(client).max_in_flight(1)
    })
    .await;
    let full = |client| one(client).max_queued_output(1);
    let (client, _memory) = client(full);
    client.note("connect").await.unwrap();
    let calls = async { tokio::join!(async { client.ask("now").await }, async { client.ask("now").await }) };
    tour.call("a multiplexed connection whose requests wait", calls.await.1);
    let mut config = MultiplexConfig::default();
    config.max_waiters = 0;
    let (client, _memory) = crate::peer::client(|client| client.mux_config(config));
    tour.call("multiplexing without room for a waiter", client.ask("now").await);
}

async fn late(tour: &mut Tour) {
    for (title, mux) in [("a deadline", false), ("a multiplexed call's deadline", true)] {
        let (client, _memory) = client(|client| if mux { client.mux(1) } else { client });
        tour.call(&format!("{title} in waiting"), client.ask("now").timeout(SOON).await);
        let long = "x".repeat(1 << 20);
        tour.call(&format!("{title} in writing"), client.ask(long.clone()).timeout(SOON).await);
        tour.call(&format!("{title} in writing what is not answered"), client.note(long).timeout(SOON).await);
        tour.call(&format!("{title} of no time"), client.ask("now").timeout(Duration::ZERO).await);
    }
    let (client, _memory) = client(|client| {
        client.timeout(SOON).layer(from_fn(async |request: Request, next: Next| {
            std::future::pending::<()>().await;
            next.run(request).await
        }))
    });
    tour.call("a deadline in a layer", client.ask("now").await);
}

#[tokio::test(start_paused = true)]
async fn how_calls_fail_that_wait() {
    let mut tour = Tour::new("waiting");
    no_room(&mut tour).await;
    late(&mut tour).await;
    tour.finish();
}
