//! A layer of one's own, on both sides: `cargo run -p examples --bin layer`.
//!
//! The server's layer refuses callers that show no token; the client's layer shows one. A layer is a tower layer: here a
//! service that wraps another. The shorter way, an async function, is `kitex::layer::from_fn`.

use std::task::{Context, Poll};

use examples::greeter::{GreeterClient, GreeterServer};
use examples::service::Service as Greetings;
use kitex::{BoxFuture, Error, ErrorKind, Request, Response, Scope, Server, Stage};
use tower_layer::Layer;
use tower_service::Service;

#[derive(Clone)]
struct RequireToken;

#[derive(Clone)]
struct Guarded<S>(S);

impl<S> Layer<S> for RequireToken {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded(inner)
    }
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Error>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(task)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match request.context.metadata.get(Scope::Transient, "TOKEN") {
            Some("open sesame") => Box::pin(self.0.call(request)),
            _ => {
                let error = Error::new(ErrorKind::Handler, Stage::Local, "show a token").with_code(403);
                Box::pin(std::future::ready(Err(error)))
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let greeter = GreeterServer::new(Greetings::default());
    let server = Server::new().add(greeter).layer(RequireToken).bind("127.0.0.1:0").await?;
    let (address, handle) = (server.address().to_string(), server.handle());
    let serving = tokio::spawn(server.serve());

    let stranger = GreeterClient::connect(&address).await?;
    match stranger.greet("Ada").await {
        Err(error) => println!("without a token: {error}"),
        Ok(greeting) => return Err(format!("the guard slept: {greeting:?}").into()),
    }
    let friend = GreeterClient::builder(&address).transient("TOKEN", "open sesame").connect().await?;
    println!("with a token: {}", friend.greet("Ada").await?.text);

    handle.shutdown();
    serving.await??;
    Ok(())
}
