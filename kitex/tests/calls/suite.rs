//! Suites, taken on by a server and a client in one line each.

use kitex::{CallError, ErrorKind, Memory, Registry, Server, Suite};

use crate::idl::calls::{CallsClient, CallsServer, Req};
use crate::service::Handler;

#[tokio::test]
async fn the_standard_suite_is_one_line_on_each_side_and_shows_its_state_with_theirs() {
    let (registry, memory) = (Registry::new(), Memory::new());
    let server = Server::new().suite(Suite::standard()).add(CallsServer::new(Handler::default()));
    let bound = server.registry(&registry).bind(&memory).await.unwrap();
    let (handle, serving) = (bound.handle(), tokio::spawn(bound.serve()));
    let client = CallsClient::builder(&memory).suite(Suite::standard()).registry(&registry);
    let client = client.connect().await.unwrap();
    client.echo(Req { msg: "hi".into(), number: 1 }).await.unwrap();
    let Err(CallError::Failed(error)) = client.act("panic").await else { panic!("the handler panics") };
    assert_eq!(error.kind(), ErrorKind::Remote);
    let shown = registry.inspect();
    let kinds: Vec<_> =
        shown.as_array().unwrap().iter().map(|state| state["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["concurrency", "server", "breaker", "retry", "channel"]);
    assert_eq!(shown[2]["state"]["Calls.echo"]["succeeded"], 1, "{shown}");
    drop(client);
    handle.shutdown();
    drop(handle);
    serving.await.unwrap().unwrap();
    assert_eq!(registry.inspect().to_string(), "[]");
}
