//! Requests that cannot be sent, and what layers do with them.

use std::time::Duration;

use kitex::layer::{Next, from_fn};
use kitex::{Body, ClientBuilder, Limits, MessageStream, Request, Response, Server, Status, Str};

use crate::golden::Tour;
use crate::idl::tour::{TourClient, Tree};
use crate::service::{Handler, serve};

type Builder = ClientBuilder<TourClient>;

/// A client of a server that serves.
async fn connected(server: Server, set: impl FnOnce(Builder) -> Builder) -> TourClient {
    let (memory, _handle) = serve(server, Handler::default()).await;
    set(TourClient::builder(&memory)).connect().await.unwrap()
}

async fn limited(set: impl FnOnce(&mut Limits)) -> TourClient {
    let mut limits = Limits::default();
    set(&mut limits);
    connected(Server::new(), |client| client.limits(limits)).await
}

async fn too_large(tour: &mut Tour) {
    let client = limited(|limits| limits.max_frame = 1000).await;
    tour.call("a request that is too large", client.ask("x".repeat(2000)).await);
    let client = limited(|limits| limits.max_string = 1000).await;
    tour.call("a text that is too long", client.ask("x".repeat(2000)).await);
    let client = limited(|limits| limits.max_container = 10).await;
    tour.call("a list that is too long", client.table(vec![Vec::<Str>::new(); 11]).await);
    let client = limited(|limits| limits.max_depth = 8).await;
    let deep = (0..9).fold(Tree::default(), |tree, _| Tree { trees: vec![tree] });
    tour.call("a tree that is too deep", client.tree(deep).await);
    let client = limited(|limits| limits.max_header_entries = 2).await;
    tour.call("metadata with too many pairs", client.ask("now").transient("K", "V").await);
    let client = limited(|limits| limits.max_header = 1000).await;
    tour.call("metadata that are too large", client.ask("now").persistent("K", "x".repeat(2000)).await);
    let client = limited(|limits| limits.max_header = usize::MAX).await;
    tour.call(
        "a value that the header cannot have",
        client.ask("now").transient("K", "x".repeat(70_000)).await,
    );
    let call = ["A", "B", "C", "D", "E"].into_iter();
    let call = call.fold(client.ask("now"), |call, key| call.transient(key, "x".repeat(60_000)));
    tour.call("metadata that no header can have", call.await);
    let client = connected(Server::new(), |client| client.caller("x".repeat(70_000))).await;
    tour.call("a caller's name that the header cannot have", client.ask("now").await);
}

fn stream() -> Body {
    Body::Stream(MessageStream::of([]))
}

async fn streams(tour: &mut Tour) {
    let sends = || {
        from_fn(async |mut request: Request, next: Next| {
            request.body = stream();
            next.run(request).await
        })
    };
    let answers = || {
        from_fn(async |_: Request, _: Next| {
            Ok::<_, kitex::Error>(Response { body: stream(), ..Response::empty(Status::Ok) })
        })
    };
    let client = connected(Server::new(), |client| client.layer(sends())).await;
    tour.call("a layer that sends a stream", client.ask("now").await);
    let client = connected(Server::new(), |client| client.layer(answers())).await;
    tour.call("a layer that answers with a stream", client.ask("now").await);
    let client = connected(Server::new().layer(sends()), |client| client).await;
    tour.call("a server's layer that asks with a stream", client.ask("now").await);
    let client = connected(Server::new().layer(answers()), |client| client).await;
    tour.call("a server's layer that answers with a stream", client.ask("now").await);
}

async fn layers(tour: &mut Tour) {
    let short = || tower::timeout::TimeoutLayer::new(Duration::from_millis(20));
    let client = connected(Server::new(), |client| client.layer(short())).await;
    tour.call("a timeout layer of tower's", client.ask("never").await);
    let client = connected(Server::new().layer(short()), |client| client).await;
    tour.call("the same on a server", client.ask("never").await);
    let refuse = || from_fn(async |_: Request, _: Next| Err::<Response, _>("no token"));
    let client = connected(Server::new(), |client| client.layer(refuse())).await;
    tour.call("a layer that refuses", client.ask("now").await);
    let client = connected(Server::new().layer(refuse()), |client| client).await;
    tour.call("a server's layer that refuses", client.ask("now").await);
}

#[tokio::test(start_paused = true)]
async fn requests_that_cannot_be_sent() {
    let mut tour = Tour::new("sending");
    too_large(&mut tour).await;
    streams(&mut tour).await;
    layers(&mut tour).await;
    tour.finish();
}
