//! Faults on purpose.

use std::time::Duration;

use kitex::layer::{Fault, FaultLayer, FaultRule, Match};
use kitex::{ErrorKind, Registry};
use tokio::time::advance;

use crate::crowd::{CROWD, Running, failure, serve, still};
use crate::idl::calls::CallsClient;

/// Which of a hundred calls, one by each client, are hit.
async fn hit(server: &Running, clients: &[CallsClient]) -> Vec<usize> {
    let mut hit = Vec::new();
    for (at, client) in clients.iter().enumerate() {
        match client.act("now").await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(
                    server.told(&error),
                    "remote exception 1001 calling Calls.act at <server> (at the peer): a drill"
                );
                hit.push(at);
            }
        }
    }
    hit
}

#[tokio::test(start_paused = true)]
async fn a_seed_hits_the_same_calls_of_all_connections_each_time() {
    let _still = still();
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (registry, layer) = (Registry::new(), FaultLayer::seeded(7));
        let (handle, layer) = (layer.handle(), layer.register(&registry));
        let server = serve(|server| server.layer(layer)).await;
        let clients = server.crowd(|client| client).await;
        assert_eq!(hit(&server, &clients).await, [0; 0], "nothing happens before there are rules");
        handle.set([FaultRule::new(Fault::exception(1001, "a drill"), 10.0)]).unwrap();
        let all = hit(&server, &clients).await;
        let rule = &registry.inspect()[0]["state"]["rules"][0];
        assert_eq!((&rule["matched"], &rule["injected"]), (&CROWD.into(), &all.len().into()));
        assert_eq!(server.seen.calls(), 2 * CROWD - all.len(), "who is hit is not served");
        handle.off();
        assert_eq!(hit(&server, &clients).await, [0; 0]);
        runs.push(all);
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], [1, 25, 29, 33, 39, 47, 65, 77, 83, 87, 91]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_on_purpose_ends_at_its_deadline() {
    let _still = still();
    let layer = FaultLayer::seeded(1);
    let of_one = Match::all().callers(["unlucky"]);
    layer.handle().set([FaultRule::new(Fault::Drop, 100.0).of(of_one)]).unwrap();
    let server = serve(|server| server.layer(layer)).await;
    let clients = server.crowd(|client| client).await;
    let unlucky = CallsClient::builder(server.address.clone()).caller("unlucky").connect().await.unwrap();
    let call = tokio::spawn(async move { unlucky.act("now").await });
    for client in &clients {
        client.act("now").await.unwrap();
    }
    assert!(!call.is_finished());
    advance(Duration::from_secs(10)).await;
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((failure(&error).kind(), server.seen.calls()), (ErrorKind::Deadline, CROWD));
}
