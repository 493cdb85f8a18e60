//! Panics.

use std::sync::{Arc, Mutex};

use kitex::layer::{CatchPanicLayer, Next, from_fn};
use kitex::{ErrorKind, Request, Stage};

use crate::crowd::{CROWD, at_once, failure, serve};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_of_a_handler_fails_its_call_and_layers_around_see_it_as_an_error() {
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let outside = from_fn({
        let kinds = Arc::clone(&kinds);
        move |request: Request, next: Next| {
            let kinds = Arc::clone(&kinds);
            async move {
                let result = next.run(request).await;
                kinds.lock().unwrap().push(result.as_ref().map_err(kitex::Error::kind).err());
                result
            }
        }
    });
    let server = serve(|server| server.layer(outside).layer(CatchPanicLayer::server())).await;
    let clients = server.crowd(|client| client).await;
    let error = at_once(&clients, "panic").next_errors(CROWD, &server).await;
    assert_eq!(
        server.told(&error),
        "remote exception 6 calling Calls.act at <server> (at the peer): panic: [happened in biz \
         handler, method=Calls.act, please check the panic at the server side] told to panic"
    );
    assert_eq!(*kinds.lock().unwrap(), [Some(ErrorKind::Panic); CROWD]);
    at_once(&clients, "now").next_answers(CROWD, "now").await;
    assert_eq!(server.handle.stats().connections, CROWD, "no connection has ended for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_of_a_clients_layer_is_an_error_of_that_call() {
    let server = serve(|server| server).await;
    let clumsy = from_fn(|request: Request, next: Next| async move {
        assert!(request.context.transient("STUMBLE").is_none(), "stumbled");
        next.run(request).await
    });
    let clients = server.crowd(|client| client.layer(CatchPanicLayer::client()).layer(clumsy.clone())).await;
    for client in &clients {
        let error = client.act("now").transient("STUMBLE", "1").await.unwrap_err();
        let told = "handler panic calling Calls.act (in a layer): a layer of this client panicked: stumbled";
        assert_eq!(server.told(&error), told);
        assert_eq!((failure(&error).kind(), failure(&error).stage()), (ErrorKind::Panic, Stage::Layer));
    }
    at_once(&clients, "now").next_answers(CROWD, "now").await;
    assert_eq!(server.seen.calls(), CROWD);
}
