//! Layers on both sides.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kitex::layer::{FromFnLayer, Next, from_fn};
use kitex::{BoxFuture, Error, ErrorKind, Memory, Request, Response, Scope, Server, Suite};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;

use crate::idl::calls::{CallsClient, CallsServer};
use crate::service::{Handler, Running};

type Log = Arc<Mutex<Vec<String>>>;

/// Notes that a request and its answer came by.
fn noting(
    log: &Log,
    name: &'static str,
) -> FromFnLayer<impl Fn(Request, Next) -> BoxFuture<Result<Response, Error>> + Clone + Send + Sync + use<>> {
    let log = Arc::clone(log);
    from_fn(move |request: Request, next: Next| -> BoxFuture<Result<Response, Error>> {
        let log = Arc::clone(&log);
        Box::pin(async move {
            log.lock().unwrap().push(format!("{name}>"));
            let result = next.run(request).await;
            log.lock().unwrap().push(format!("<{name}"));
            result
        })
    })
}

#[tokio::test]
async fn requests_pass_layers_in_the_order_in_which_they_were_added() {
    let log = Log::default();
    let server = Server::new().layer(noting(&log, "c")).add(CallsServer::new(Handler::default()));
    let running = Running::start(server.layer(noting(&log, "d")), &Memory::new()).await;
    let builder = CallsClient::builder(running.address.clone());
    let client = builder.layer(noting(&log, "a")).layer(noting(&log, "b")).connect().await.unwrap();
    client.nothing().await.unwrap();
    assert_eq!(log.lock().unwrap().join(" "), "a> b> c> d> <d <c <b <a");
    running.stop().await;
}

#[tokio::test]
async fn layers_may_answer_and_change_what_passes() {
    let guard = from_fn(|request: Request, next: Next| async move {
        match request.context.transient("TOKEN") {
            Some("right") => next.run(request).await,
            _ => Err(Error::application(401, "the TOKEN is not right")),
        }
    });
    let server = Server::new().layer(guard).add(CallsServer::new(Handler::default()));
    let running = Running::start(server, &Memory::new()).await;
    let refused = CallsClient::connect(running.address.clone()).await.unwrap();
    let error = refused.nothing().await.unwrap_err();
    let error = error.error().unwrap();
    assert_eq!((error.code(), error.message()), (Some(401), "the TOKEN is not right"));
    let sign = from_fn(|mut request: Request, next: Next| async move {
        request.context.metadata.set(Scope::Transient, "TOKEN", "right");
        next.run(request).await
    });
    let client = CallsClient::builder(running.address.clone()).layer(sign).connect().await.unwrap();
    client.nothing().await.unwrap();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn towers_layers_are_layers() {
    let limit = GlobalConcurrencyLimitLayer::new(1);
    let server = Server::new().layer(limit).add(CallsServer::new(Handler::default()));
    let running = Running::start(server, &Memory::new()).await;
    let timeout = TimeoutLayer::new(Duration::from_millis(30));
    let client = CallsClient::builder(running.address.clone()).layer(timeout).connect().await.unwrap();
    let error = client.act("never").await.unwrap_err();
    let error = error.error().unwrap();
    assert_eq!(error.kind(), ErrorKind::Layer);
    assert_eq!(
        error.to_string(),
        "layer error calling Calls.act (in a layer): a layer failed the call: request timed out"
    );
    // The server has dropped the call that was given up, and its permit with it.
    assert_eq!(&*client.act("again").await.unwrap(), "again");
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_never_ends_is_inside_the_deadline() {
    let stuck = from_fn(|_: Request, _: Next| std::future::pending::<Result<Response, Error>>());
    let builder = || CallsClient::builder(&Memory::new());
    for builder in [
        builder().layer(stuck.clone()),
        builder().suite(Suite::standard()).layer(stuck.clone()),
        builder().layer(stuck).suite(Suite::standard()),
    ] {
        let client = builder.connect_lazy().unwrap();
        let began = tokio::time::Instant::now();
        let error = client.nothing().timeout(Duration::from_millis(30)).await.unwrap_err();
        assert_eq!(error.error().unwrap().kind(), ErrorKind::Deadline);
        assert_eq!(began.elapsed(), Duration::from_millis(30));
    }
}
