//! tower's own layers beside this project's and one's own: `cargo run -p examples --bin tower`.
//!
//! Layers that hold each other back, such as a load shed and the limit that it watches, go together into one
//! `ServiceBuilder`: what is added by `.layer(..)` is always ready, and waits when it is called.

use std::time::Duration;

use examples::greeter::{GreeterClient, GreeterServer};
use examples::service::Service;
use kitex::layer::{AccessLayer, AccessRule, CatchPanicLayer, FallbackLayer, Match, Next, from_fn};
use kitex::{Error, Request, Response, Scope, Server};
use tokio::task::JoinSet;
use tower::ServiceBuilder;
use tower::buffer::BufferLayer;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::timeout::{TimeoutLayer, error::Elapsed};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A layer of one's own: shows the server a token.
async fn show_token(mut request: Request, next: Next) -> Result<Response, Error> {
    request.context.metadata.set(Scope::Transient, "TOKEN", "open sesame");
    next.run(request).await
}

/// True for what tower's timeout says; it comes in the error of a layer.
fn is_elapsed(error: &Error) -> bool {
    error.cause().is_some_and(|cause| cause.is::<Elapsed>())
}

/// A server that runs two calls at a time and sheds the others, once they have shown a token.
async fn serve() -> Result<(String, impl Future<Output = Result<(), Failure>>), Failure> {
    let shed = ServiceBuilder::new().layer(LoadShedLayer::new()).layer(GlobalConcurrencyLimitLayer::new(2));
    let access = AccessLayer::new([
        AccessRule::allow(Match::all().metadata(Scope::Transient, "TOKEN", ["open sesame"])),
        AccessRule::deny(Match::all(), "show a token"),
    ])?;
    let server =
        Server::new().layer(access).layer(shed.into_inner()).add(GreeterServer::new(Service::default()));
    let server = server.bind("127.0.0.1:0").await?;
    let (address, handle) = (server.address().to_string(), server.handle());
    let serving = tokio::spawn(server.serve());
    let end = async move {
        handle.shutdown();
        Ok(serving.await??)
    };
    Ok((address, end))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (address, end) = serve().await?;

    let stranger = GreeterClient::connect(&address).await?;
    match stranger.greet("Ada").await {
        Err(error) => println!("without a token: {error}"),
        Ok(greeting) => return Err(format!("the guard slept: {greeting:?}").into()),
    }

    // A queue of 64, of which 16 calls run at a time.
    let queued = ServiceBuilder::new().layer(BufferLayer::new(64)).layer(ConcurrencyLimitLayer::new(16));
    let many = GreeterClient::builder(&address).layer(from_fn(show_token)).layer(queued.into_inner());
    let many = many.connect().await?;
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let many = many.clone();
        calls.spawn(async move { many.wait(200).await });
    }
    let mut served = 0;
    let mut shed = String::new();
    for result in calls.join_all().await {
        match result {
            Ok(_) => served += 1,
            Err(error) => shed = error.to_string(),
        }
    }
    println!("10 at once: {served} served; the last of the others: {shed}");

    let hasty = GreeterClient::builder(&address)
        .layer(from_fn(show_token))
        .layer(CatchPanicLayer::client())
        .layer(FallbackLayer::new(|_, _| async { GreeterClient::wait_answer(Ok(-1)) }).on(is_elapsed))
        .layer(TimeoutLayer::new(Duration::from_millis(50)));
    let hasty = hasty.connect().await?;
    println!("in a hurry: waited {} ms, which is the fallback's answer", hasty.wait(10_000).await?);

    end.await
}
