//! State that is looked at while it is used.

use kitex::{Memory, Registry, Server};

use crate::idl::calls::{CallsClient, CallsServer, Req};
use crate::service::Handler;

#[tokio::test]
async fn a_registry_shows_servers_and_clients_for_as_long_as_they_are_there() {
    let (registry, memory) = (Registry::new(), Memory::new());
    let server = Server::new().add(CallsServer::new(Handler::default())).registry(&registry);
    let bound = server.bind(&memory).await.unwrap();
    let handle = bound.handle();
    let serving = tokio::spawn(bound.serve());
    let client = CallsClient::builder(&memory).registry(&registry).connect().await.unwrap();
    client.echo(Req { msg: "hi".into(), number: 1 }).await.unwrap();
    let shown = registry.inspect();
    let [server, channel] = &shown.as_array().unwrap()[..] else { panic!("{shown}") };
    assert_eq!((&server["kind"], &channel["kind"]), (&"server".into(), &"channel".into()));
    assert_eq!((&server["state"]["phase"], &server["state"]["connections"]), (&"serving".into(), &1.into()));
    assert_eq!((&channel["state"]["connections"], &channel["state"]["in_flight"]), (&1.into(), &0.into()));
    assert_eq!(channel["state"]["endpoints"][0]["address"], "memory");
    drop(client);
    handle.shutdown();
    drop(handle);
    serving.await.unwrap().unwrap();
    assert_eq!(registry.inspect().to_string(), "[]");
}
