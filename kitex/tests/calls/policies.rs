//! What a user puts in: who may connect, who is told, who chooses.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kitex::{
    AcceptPolicy, Endpoints, Error, ErrorKind, Memory, Method, Observer, Peer, Picker, Request, Server,
};

use crate::idl::calls::{CallsClient, CallsServer};
use crate::service::{Handler, Running};

#[derive(Debug)]
struct Only(usize);

impl AcceptPolicy for Only {
    fn accept(&self, _: &Peer, connections: usize) -> Result<(), Cow<'static, str>> {
        if connections < self.0 { Ok(()) } else { Err("enough".into()) }
    }
}

#[derive(Debug, Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }
}

impl Observer for Told {
    fn connection_opened(&self, peer: &Peer) {
        self.note(format!("opened {peer}"));
    }

    fn connection_closed(&self, peer: &Peer) {
        self.note(format!("closed {peer}"));
    }

    fn connection_refused(&self, _: &Peer, reason: &str) {
        self.note(format!("refused: {reason}"));
    }

    fn peer_failed(&self, error: &Error) {
        self.note(format!("failed: {:?}", error.kind()));
    }

    fn slow_poll(&self, method: &Method, _: Duration) {
        self.note(format!("slow {}", method.name()));
    }
}

#[tokio::test]
async fn a_policy_refuses_and_an_observer_is_told() {
    let (memory, told) = (Memory::new(), Told::default());
    let server = Server::new().add(CallsServer::new(Handler::default()));
    let server = server.accept_policy(Only(1)).observer(told.clone()).slow_poll(Duration::ZERO);
    let running = Running::start(server, &memory).await;
    let client = CallsClient::connect(&memory).await.unwrap();
    client.nothing().await.unwrap();
    let refused = CallsClient::connect(&memory).await.unwrap().nothing().await.unwrap_err();
    assert_eq!(refused.error().unwrap().kind(), ErrorKind::Closed);
    drop(client);
    running.handle.shutdown();
    running.task.await.unwrap();
    // A connection that is closed before anything was sent is replaced, and the other one refused as well.
    let mut told = told.0.lock().unwrap().clone();
    told.dedup();
    assert_eq!(told.join(", "), "opened this process, slow nothing, refused: enough, closed this process");
}

/// The last place that has not failed yet.
#[derive(Debug, Clone, Default)]
struct Last(Arc<Mutex<Vec<(usize, usize)>>>);

impl Picker for Last {
    fn pick(
        &self,
        now: Instant,
        request: &Request,
        endpoints: &dyn Endpoints,
        tried: &[usize],
    ) -> Option<usize> {
        let place = (0..endpoints.len()).rev().find(|place| !tried.contains(place))?;
        let endpoint = endpoints.get(place)?;
        assert!(!endpoint.is_avoided(now) && request.method.name() == "nothing");
        self.0.lock().unwrap().push((place, endpoint.in_flight()));
        Some(place)
    }
}

#[tokio::test]
async fn a_picker_chooses_and_is_asked_again_when_a_place_is_down() {
    let memory = Memory::new();
    let running = Running::start(Server::new().add(CallsServer::new(Handler::default())), &memory).await;
    let picker = Last::default();
    let targets = vec![kitex::Address::Memory(memory), kitex::Address::Unix("/nobody/listens".into())];
    let client: CallsClient = CallsClient::builder(targets).picker(picker.clone()).connect_lazy().unwrap();
    client.nothing().await.unwrap();
    assert_eq!(*picker.0.lock().unwrap(), [(1, 0), (0, 0)]);
    running.stop().await;
}
