//! What comes back beside values, and what does not end a connection.

use kitex::{CallError, ErrorKind, Scope};

use crate::idl::calls::{CallsClient, Req};
use crate::service::over_memory;

#[tokio::test]
async fn a_business_status_is_neither_value_nor_failure() {
    let (running, _) = over_memory().await;
    let client = CallsClient::connect(running.address.clone()).await.unwrap();
    let error = client.act("status").await.unwrap_err();
    let CallError::Status(status) = &error else { panic!("{error:?}") };
    assert_eq!((status.code, &*status.message), (404, "not here"));
    assert_eq!(status.extra.get("K").map(|value| &**value), Some("V"));
    assert_eq!(error.to_string(), "business status 404: not here");
    running.stop().await;
}

#[tokio::test]
async fn metadata_goes_both_ways() {
    let (running, _) = over_memory().await;
    let builder = CallsClient::builder(running.address.clone()).caller("tests");
    let client = builder.persistent("P", "everywhere").transient("T", "always").connect().await.unwrap();
    let reply = client.act("metadata").reply().await;
    assert_eq!(&*reply.result.unwrap(), "always everywhere tests");
    assert_eq!(reply.metadata.get(Scope::Backward, "B"), Some("back"));
    let own = client.act("metadata").transient("T", "once").await.unwrap();
    assert_eq!(&*own, "once everywhere tests");
    running.stop().await;
}

#[tokio::test]
async fn a_panic_fails_its_call_and_no_other() {
    let (running, _) = over_memory().await;
    let builder = || CallsClient::builder(running.address.clone());
    let clients = [builder().connect().await.unwrap(), builder().mux(1).connect().await.unwrap()];
    for client in &clients {
        let error = client.act("panic").await.unwrap_err();
        let error = error.error().unwrap();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Remote, Some(6)));
        assert!(error.message().contains("told to panic"), "{error}");
        assert_eq!(client.echo(Req { msg: "on".into(), number: 1 }).await.unwrap().number, 1);
    }
    // Neither client had to connect again.
    assert_eq!(running.handle.stats().connections, 2);
    drop(clients);
    running.stop().await;
}
