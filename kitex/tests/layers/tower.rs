//! tower's own layers and a user's function beside ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use kitex::layer::{
    ConcurrencyConfig, ConcurrencyLayer, FallbackLayer, Next, RateConfig, RateLayer, from_fn,
};
use kitex::{Error, ErrorKind, Request};
use tokio::time::advance;
use tower::ServiceBuilder;
use tower::buffer::BufferLayer;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::timeout::{TimeoutLayer, error::Elapsed};

use crate::crowd::{CROWD, LONG, MS, at_once, failure, serve, still};
use crate::handler::take;
use crate::idl::calls::CallsClient;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_sheds_by_towers_limit_inside_of_ours_and_of_a_function() {
    let passed = Arc::new(AtomicUsize::new(0));
    let counting = from_fn({
        let passed = Arc::clone(&passed);
        move |request: Request, next: Next| {
            passed.fetch_add(1, SeqCst);
            async move { next.run(request).await }
        }
    });
    let ours = ConcurrencyLayer::new(ConcurrencyConfig::new(200)).unwrap();
    let shed = ServiceBuilder::new().layer(LoadShedLayer::new()).layer(GlobalConcurrencyLimitLayer::new(10));
    let set_up = |server: kitex::Server| server.layer(counting).layer(ours).layer(shed.into_inner());
    let server = serve(set_up).await;
    let clients = server.crowd(|client| client).await;
    let mut calls = at_once(&clients, "wait");
    let error = calls.next_errors(CROWD - 10, &server).await;
    assert_eq!(
        server.told(&error),
        "remote exception 6 calling Calls.act at <server> (at the peer): a layer failed the call: service overloaded"
    );
    server.seen.gate.add_permits(10);
    calls.next_answers(10, "wait").await;
    assert_eq!((server.seen.most(), passed.load(SeqCst)), (10, CROWD));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_of_a_client_wait_in_towers_buffer_for_towers_limit() {
    let server = serve(|server| server).await;
    let queue = ServiceBuilder::new().layer(BufferLayer::new(CROWD)).layer(ConcurrencyLimitLayer::new(10));
    let ours = RateLayer::new(RateConfig::new(1.0, 1000)).unwrap();
    let builder = CallsClient::builder(server.address.clone()).timeout(LONG);
    let client: CallsClient = builder.layer(ours).layer(queue.into_inner()).connect().await.unwrap();
    let mut calls = at_once(&vec![client; CROWD], "wait");
    take(&server.seen.begun, 10).await;
    server.seen.gate.add_permits(CROWD);
    calls.next_answers(CROWD, "wait").await;
    assert_eq!((server.seen.calls(), server.seen.most()), (CROWD, 10));
}

#[tokio::test(start_paused = true)]
async fn towers_timeout_ends_all_calls_and_our_fallback_answers_for_it() {
    let _still = still();
    let server = serve(|server| server).await;
    let is_elapsed = |error: &Error| {
        assert_eq!(error.kind(), ErrorKind::Layer);
        error.cause().is_some_and(|cause| cause.is::<Elapsed>())
    };
    let instead = |_: Request, _: Error| async { CallsClient::act_answer(Ok("instead".into())) };
    let fallback = FallbackLayer::new(instead).on(is_elapsed);
    let timeout = TimeoutLayer::new(50 * MS);
    let clients = server.crowd(|client| client.layer(fallback.clone()).layer(timeout.clone())).await;
    let mut calls = at_once(&clients, "wait");
    take(&server.seen.begun, 100).await;
    advance(50 * MS).await;
    calls.next_answers(CROWD, "instead").await;
    // What was given up is given up by the handler.
    take(&server.seen.over, 100).await;
    let bare = server.crowd(|client| client.layer(timeout.clone())).await;
    let mut calls = at_once(&bare, "wait");
    take(&server.seen.begun, 100).await;
    advance(50 * MS).await;
    let error = calls.next_errors(CROWD, &server).await;
    assert_eq!(failure(&error).kind(), ErrorKind::Layer);
    assert_eq!(
        server.told(&error),
        "layer error calling Calls.act (in a layer): a layer failed the call: request timed out"
    );
}
