//! Policies that decide who may connect, and are told when those have gone.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kitex_codec::Form;
use kitex_core::{AcceptPolicy, Observer, Peer};
use kitex_transport::ServerSettings;
use tokio::io::AsyncReadExt;

use crate::peer::{Client, Server, serve};

/// Refuses the third, panics for the fifth, and panics whenever it is told that one has gone.
#[derive(Debug, Default)]
struct Choosy {
    asked: AtomicU32,
    accepted: AtomicU32,
    closed: AtomicU32,
}

impl AcceptPolicy for Choosy {
    fn accept(&self, _: &Peer, _: usize) -> Result<(), Cow<'static, str>> {
        match self.asked.fetch_add(1, Ordering::SeqCst) {
            2 => Err("the third".into()),
            4 => panic!("the fifth"),
            _ => {
                self.accepted.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        }
    }

    fn closed(&self, _: &Peer) {
        self.closed.fetch_add(1, Ordering::SeqCst);
        panic!("as asked");
    }
}

/// Panics for each connection that is opened: it never gets as far as its task.
#[derive(Debug)]
struct Unwilling;

impl Observer for Unwilling {
    fn connection_opened(&self, _: &Peer) {
        panic!("as asked");
    }
}

async fn ended(client: &mut Client) {
    assert_eq!(client.stream.read(&mut [0]).await.unwrap(), 0);
}

fn watched() -> (Arc<Choosy>, ServerSettings) {
    let policy = Arc::new(Choosy::default());
    let mut settings = ServerSettings::default();
    settings.accept = Some(Arc::clone(&policy) as Arc<dyn AcceptPolicy>);
    (policy, settings)
}

/// Waits until the server has seen the end of its connections.
async fn left_alone(server: &Server) {
    while server.handle.stats().connections > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_policy_is_told_once_of_the_end_of_each_connection_that_it_has_accepted() {
    let (policy, settings) = watched();
    let server = serve(settings).await;
    let mut clients: Vec<_> = (0..6).map(|_| Client::new(&server, Form::Framed, false)).collect();
    for at in [0, 1, 3, 5] {
        clients[at].call(0, b"x", 1).await;
        assert!(clients[at].answer().await.unwrap().1.is_ok());
    }
    for at in [2, 4] {
        ended(&mut clients[at]).await;
    }
    let told = |policy: &Choosy| policy.closed.load(Ordering::SeqCst);
    assert_eq!((policy.accepted.load(Ordering::SeqCst), told(&policy)), (4, 0));
    clients.truncate(4);
    while server.handle.stats().connections > 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(told(&policy), 1, "one of those that were accepted has left");
    drop(clients);
    left_alone(&server).await;
    assert_eq!(told(&policy), 4);
}

#[tokio::test]
async fn a_policy_is_told_of_connections_that_come_to_nothing_and_not_of_those_it_was_not_asked_for() {
    let (policy, mut settings) = watched();
    settings.observer = Some(Arc::new(Unwilling));
    let server = serve(settings).await;
    ended(&mut Client::new(&server, Form::Framed, false)).await;
    left_alone(&server).await;
    assert_eq!((policy.accepted.load(Ordering::SeqCst), policy.closed.load(Ordering::SeqCst)), (1, 1));

    let (policy, mut settings) = watched();
    settings.max_connections = 0;
    let server = serve(settings).await;
    ended(&mut Client::new(&server, Form::Framed, false)).await;
    left_alone(&server).await;
    assert_eq!((policy.asked.load(Ordering::SeqCst), policy.closed.load(Ordering::SeqCst)), (0, 0));
}
