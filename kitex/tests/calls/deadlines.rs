//! Deadlines over a wire in memory, with a clock that stands still while anything runs.

use std::sync::Arc;
use std::time::Duration;

use kitex::layer::{Next, from_fn};
use kitex::{CallError, ErrorKind, Framing, Memory, Request, Server, Stage, Suite};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::idl::calls::{CallsClient, CallsServer};
use crate::service::{Handler, Running, over_memory};

const MS: Duration = Duration::from_millis(1);

fn kind<E: std::fmt::Debug>(error: &CallError<E>) -> (ErrorKind, Stage) {
    let error = error.error().unwrap_or_else(|| panic!("{error:?}"));
    (error.kind(), error.stage())
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_ends_at_its_deadline() {
    let (running, _) = over_memory().await;
    let pooled = || CallsClient::builder(running.address.clone()).timeout(300 * MS);
    let pass_on = from_fn(|request: Request, next: Next| async move { next.run(request).await });
    let suite = Suite::standard;
    let builders = [
        pooled(),
        pooled().mux(1),
        pooled().layer(pass_on),
        pooled().framing(Framing::Framed),
        pooled().suite(suite()),
        pooled().mux(1).suite(suite()),
    ];
    for builder in builders {
        let client = builder.connect().await.unwrap();
        for (call, expected) in [
            (client.act("never"), 300 * MS),
            (client.act("never").timeout(20 * MS), 20 * MS),
            (client.act("never").timeout(900 * MS), 900 * MS),
        ] {
            let began = Instant::now();
            let error = call.await.unwrap_err();
            assert_eq!(kind(&error), (ErrorKind::Deadline, Stage::Read));
            assert_eq!(began.elapsed(), expected);
        }
        assert_eq!(&*client.act("again").await.unwrap(), "again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_covers_connecting() {
    // Nobody accepts: the connection is made, and no answer comes.
    let memory = Memory::new();
    let builder = || CallsClient::builder(&memory).timeout(50 * MS);
    for builder in [builder(), builder().suite(Suite::standard()), builder().mux(1).suite(Suite::standard())]
    {
        let client = builder.connect_lazy().unwrap();
        let began = Instant::now();
        let error = client.nothing().await.unwrap_err();
        assert_eq!(kind(&error).0, ErrorKind::Deadline);
        assert_eq!(began.elapsed(), 50 * MS);
        let error = client.nothing().timeout(Duration::ZERO).await.unwrap_err();
        assert_eq!(kind(&error), (ErrorKind::Deadline, Stage::Local));
    }
}

/// Tells when a handler's future is dropped before it has ended.
struct Dropped(mpsc::UnboundedSender<Duration>, Instant);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(self.1.elapsed());
    }
}

/// A server that says how long each of its calls ran.
async fn watched(server: Server) -> (Running, mpsc::UnboundedReceiver<Duration>) {
    let (sender, ended) = mpsc::unbounded_channel();
    let sender = Arc::new(sender);
    let watch = from_fn(move |request: Request, next: Next| {
        let dropped = Dropped((*sender).clone(), Instant::now());
        async move {
            let _dropped = dropped;
            next.run(request).await
        }
    });
    let server = server.layer(watch).add(CallsServer::new(Handler::default()));
    (Running::start(server, &Memory::new()).await, ended)
}

#[tokio::test(start_paused = true)]
async fn a_server_ends_a_call_at_the_deadline_that_came_with_it() {
    let (running, mut ended) = watched(Server::new().deadline_slack(Duration::ZERO)).await;
    for mux in [false, true] {
        let builder = CallsClient::builder(running.address.clone());
        let builder = if mux { builder.mux(1) } else { builder };
        let client = builder.connect().await.unwrap();
        client.act("never").timeout(70 * MS).await.unwrap_err();
        assert_eq!(ended.recv().await, Some(70 * MS), "mux {mux}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_grants_no_more_than_its_own_longest_timeout() {
    let (running, mut ended) = watched(Server::new().max_call_timeout(40 * MS)).await;
    let client = CallsClient::connect(running.address.clone()).await.unwrap();
    let error = client.act("never").timeout(400 * MS).await.unwrap_err();
    assert_eq!(kind(&error).0, ErrorKind::Remote);
    assert!(error.to_string().contains("longer than max_call_timeout, 40ms"), "{error}");
    assert_eq!(ended.recv().await, Some(40 * MS));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_without_a_deadline_gets_the_servers() {
    let (running, mut ended) = watched(Server::new().default_timeout(60 * MS)).await;
    let client = CallsClient::builder(running.address.clone()).framing(Framing::Framed);
    let client = client.connect().await.unwrap();
    let error = client.act("never").await.unwrap_err();
    assert!(error.to_string().contains("deadline"), "{error}");
    assert_eq!(ended.recv().await, Some(60 * MS));
}
