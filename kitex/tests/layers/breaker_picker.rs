//! A breaker of endpoints.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kitex::Registry;
use kitex::layer::{BreakerConfig, BreakerPicker};
use tokio::time::advance;

use crate::crowd::{CROWD, LONG, MS, at_once, serve, still};
use crate::handler::take;
use crate::idl::calls::CallsClient;

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_fails_is_left_out_by_all_calls_until_it_works_again() {
    let _still = still();
    let [good, bad] = [serve(|server| server).await, serve(|server| server).await];
    bad.seen.fails.store(true, SeqCst);
    let mut config = BreakerConfig::default();
    config.consecutive_failures = Some(5);
    let (registry, events) = (Registry::new(), Arc::new(Mutex::new(Vec::new())));
    let picker = BreakerPicker::new(config).unwrap().on_change({
        let events = Arc::clone(&events);
        move |event| events.lock().unwrap().push((event.scope.to_string(), event.to.name()))
    });
    let picker = picker.register(&registry);
    let targets = vec![good.address.clone(), bad.address.clone()];
    let builder = CallsClient::builder(targets).pool(CROWD).timeout(LONG).picker(picker);
    let client: CallsClient = builder.connect().await.unwrap();

    let mut failed = 0;
    for _ in 0..CROWD {
        failed += usize::from(client.act("now").await.is_err());
    }
    assert_eq!((failed, bad.seen.calls()), (5, 5));
    take(&good.seen.begun, 95).await;

    // A hundred calls at once are a hundred connections to the one that is left.
    let clients = vec![client.clone(); CROWD];
    let mut calls = at_once(&clients, "wait");
    take(&good.seen.begun, 100).await;
    good.connections(CROWD).await;
    assert_eq!(bad.seen.calls(), 5);
    good.seen.gate.add_permits(CROWD);
    calls.next_answers(CROWD, "wait").await;
    let state = registry.inspect();
    assert_eq!(
        (&state[0]["kind"], &state[0]["state"][1]["state"]),
        (&"endpoint breaker".into(), &"open".into())
    );

    bad.seen.fails.store(false, SeqCst);
    advance(Duration::from_secs(5)).await;
    for _ in 0..2 {
        client.act("now").await.unwrap();
        advance(200 * MS).await;
    }
    let address = bad.address.to_string();
    let expected = ["open", "half-open", "closed"].map(|state| (address.clone(), state));
    assert_eq!(*events.lock().unwrap(), expected);
    assert_eq!(bad.seen.calls(), 7);
}
