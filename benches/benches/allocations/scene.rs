//! A server and a client on threads of their own, over TCP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;

use benches::bench::EchoClient;
use benches::{echo, values};
use kitex::{Address, Server, Suite};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::counts::{Counts, during};
use crate::places::{self, Place};
use crate::side::{Side, take_turns};

/// Rounds before anything is counted, and rounds that are.
const WARM_UP: u64 = 50;
const ROUNDS: u64 = 100;

/// Rounds of which the places of allocations are noted.
const NOTED: u64 = 10;

/// What is called, and how.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) callers: u64,
    pub(crate) multiplexed: bool,
    /// Whether both sides have the standard suite.
    pub(crate) suite: bool,
    /// Bytes of the text that is echoed.
    pub(crate) text: usize,
}

/// What calls took.
pub(crate) struct Costs {
    pub(crate) calls: u64,
    pub(crate) client: Counts,
    pub(crate) server: Counts,
}

/// A server and its callers.
pub(crate) struct Scene {
    server: Side,
    client: Side,
    callers: u64,
    progress: Arc<Progress>,
    /// Keeps the connections open when all calls are made.
    _callee: EchoClient,
}

impl Scene {
    /// A server whose callers make `each` calls one after the other, once they are let.
    fn new(case: Case, each: u64) -> Self {
        let (server, client) = (Side::new(), Side::new());
        let address = server.run(move |runtime| serve(runtime, case));
        let progress = Arc::<Progress>::default();
        let shared = Arc::clone(&progress);
        let callee = client.run(move |runtime| call(runtime, address, case, each, &shared));
        Self { server, client, callers: case.callers, progress, _callee: callee }
    }

    /// A server whose callers have all come to their first calls.
    pub(crate) fn of(case: Case) -> Self {
        let scene = Self::new(case, u64::MAX);
        scene.rounds(WARM_UP);
        scene
    }

    /// What calls take when both sides take turns: each caller is answered once a round, and the same happens whenever
    /// this is run.
    pub(crate) fn in_turns(&self) -> Costs {
        let costs = self.rounds(ROUNDS);
        assert_eq!(costs.calls, ROUNDS * self.callers, "every caller is answered once a round");
        costs
    }

    /// What calls take when both sides run as they like, on two cores or one.
    pub(crate) fn freely(&self) -> Costs {
        let (begin, progress) = (self.progress.calls(), Arc::clone(&self.progress));
        let end = begin + ROUNDS * self.callers;
        let ended = Arc::new(Notify::new());
        let served = Arc::clone(&ended);
        let server = self.server.begin(move |runtime| during(|| runtime.block_on(served.notified())));
        let client = self.client.run(move |runtime| during(|| runtime.block_on(progress.reach(end))));
        ended.notify_one();
        let server = server.recv().expect("the server does not panic");
        Costs { calls: self.progress.calls() - begin, client, server }
    }

    /// The places of some calls' allocations: the client's and the server's, and how many calls there were.
    pub(crate) fn places(&self) -> (Vec<Place>, Vec<Place>, u64) {
        self.client.run(|_| places::begin());
        self.server.run(|_| places::begin());
        let calls = self.rounds(NOTED).calls;
        (self.client.run(|_| places::take()), self.server.run(|_| places::take()), calls)
    }

    fn rounds(&self, rounds: u64) -> Costs {
        let before = self.progress.calls();
        let (to_client, client_turn) = channel();
        let (to_server, server_turn) = channel();
        to_client.send(()).expect("the client waits for its turn");
        let server = take_turns(rounds, server_turn, to_client);
        let server = self.server.begin(|runtime| runtime.block_on(server));
        let client = take_turns(rounds, client_turn, to_server);
        let client = self.client.run(|runtime| runtime.block_on(client));
        let server = server.recv().expect("the server does not panic");
        Costs { calls: self.progress.calls() - before, client, server }
    }
}

/// Bytes of heap that a server holds while `connections` have made one call each and are silent.
pub(crate) fn held_while_idle(connections: u64) -> i64 {
    let scene = Scene::new(Case { callers: connections, multiplexed: false, suite: false, text: 128 }, 1);
    scene.rounds(WARM_UP);
    assert_eq!(scene.progress.calls(), connections, "every caller is answered");
    scene.server.run(|_| Counts::now().held)
}

fn serve(runtime: &Runtime, case: Case) -> SocketAddr {
    runtime.block_on(async {
        let server = Server::new().add(echo::server());
        let server = if case.suite { server.suite(Suite::standard()) } else { server };
        let server = server.bind("127.0.0.1:0").await;
        let server = server.expect("the system has a port left");
        let Address::Ip(address) = *server.address() else { unreachable!("this was bound to an IP address") };
        tokio::spawn(server.serve());
        address
    })
}

fn call(
    runtime: &Runtime,
    address: SocketAddr,
    case: Case,
    each: u64,
    progress: &Arc<Progress>,
) -> EchoClient {
    let client = echo::client(address);
    let client = if case.multiplexed { client.mux(1) } else { client.pool(case.callers as usize) };
    let client = if case.suite { client.suite(Suite::standard()) } else { client };
    let client = client.connect_lazy().expect("the settings go together");
    let message = values::message(case.text);
    for _ in 0..case.callers {
        let (client, message, progress) = (client.clone(), message.clone(), Arc::clone(progress));
        runtime.spawn(async move {
            for _ in 0..each {
                let reply = client.say(message.clone()).await.expect("the server answers");
                assert!(reply == message, "the server answers with what was said");
                progress.note_call();
            }
        });
    }
    client
}

/// How far the callers have come.
#[derive(Default)]
struct Progress {
    calls: AtomicU64,
    /// The number of calls that is waited for.
    awaited: AtomicU64,
    reached: Notify,
}

impl Progress {
    fn calls(&self) -> u64 {
        self.calls.load(Ordering::Acquire)
    }

    fn note_call(&self) {
        let calls = self.calls.fetch_add(1, Ordering::AcqRel) + 1;
        if calls == self.awaited.load(Ordering::Relaxed) {
            self.reached.notify_one();
        }
    }

    async fn reach(&self, calls: u64) {
        self.awaited.store(calls, Ordering::Relaxed);
        self.reached.notified().await;
    }
}
