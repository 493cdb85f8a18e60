//! Whole calls in memory, from a generated client to a generated server: `cargo bench -p benches --bench call`.
//!
//! `in process` has no wire. The others go through a server and a client over memory, on one thread, with a deadline and
//! metadata; `raw` moves as many bytes over the same pipes and knows nothing of calls.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use benches::bench::{EchoClient, Message};
use benches::pair::Pair;
use benches::{echo, values};
use criterion::{Criterion, Throughput};
use kitex::{ClientBuilder, Memory, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// Bytes of the text that is echoed.
const TEXT: usize = 128;

fn main() {
    let mut criterion = benches::criterion();
    in_process(&mut criterion);
    for callers in [1, 100] {
        over_memory(&mut criterion, callers);
    }
    criterion.final_summary();
}

fn in_process(criterion: &mut Criterion) {
    let client = EchoClient::new(echo::server());
    let message = values::message(TEXT);
    let mut group = criterion.benchmark_group("call, in process");
    group.throughput(Throughput::Elements(1));
    group.bench_function("kitex", |bencher| {
        bencher.iter(|| at_once(client.say(message.clone())).expect("the handler answers"));
    });
    group.finish();
}

/// What a future gives that never waits.
fn at_once<F: IntoFuture>(future: F) -> F::Output {
    match pin!(future.into_future()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing that is called here waits"),
    }
}

fn over_memory(criterion: &mut Criterion, callers: usize) {
    let mut group = criterion.benchmark_group(format!("call, over memory, {callers} at a time"));
    group.throughput(Throughput::Elements(1));
    let mut pooled = Callers::of(callers, |client| client.pool(callers));
    group.bench_function("pooled", |bencher| bencher.iter_custom(|calls| pooled.time(calls)));
    let mut multiplexed = Callers::of(callers, |client| client.mux(1));
    group.bench_function("multiplexed", |bencher| bencher.iter_custom(|calls| multiplexed.time(calls)));
    let mut raw = Callers::raw(callers);
    group.bench_function("raw", |bencher| bencher.iter_custom(|calls| raw.time(calls)));
    group.finish();
}

/// One that makes a call after the other.
trait Caller: Send + 'static {
    fn call(&mut self) -> impl Future<Output = ()> + Send;
}

/// Several of them on one thread.
struct Callers<C> {
    runtime: Runtime,
    callers: Vec<C>,
}

impl<C: Caller> Callers<C> {
    /// How long `calls` calls take, shared out among all callers.
    fn time(&mut self, calls: u64) -> Duration {
        let all = self.callers.len() as u64;
        let each = calls.div_ceil(all);
        let took = self.runtime.block_on(async {
            let begin = Instant::now();
            let mut tasks = JoinSet::new();
            for mut caller in self.callers.drain(..) {
                tasks.spawn(async move {
                    for _ in 0..each {
                        caller.call().await;
                    }
                    caller
                });
            }
            while let Some(caller) = tasks.join_next().await {
                self.callers.push(caller.expect("no call fails"));
            }
            begin.elapsed()
        });
        took.mul_f64(calls as f64 / (each * all) as f64)
    }
}

/// A client, and what it says.
#[derive(Clone)]
struct Typed {
    client: EchoClient,
    message: Message,
}

impl Caller for Typed {
    async fn call(&mut self) {
        let reply = self.client.say(self.message.clone()).await.expect("the server answers");
        assert_eq!(reply.text.len(), TEXT);
    }
}

impl Callers<Typed> {
    /// Callers who share a client.
    fn of(
        callers: usize,
        set_up: impl FnOnce(ClientBuilder<EchoClient>) -> ClientBuilder<EchoClient>,
    ) -> Self {
        let (runtime, memory) = (runtime(), Memory::new());
        let client = runtime.block_on(async {
            let server = Server::new().add(echo::server()).bind(&memory).await;
            tokio::spawn(server.expect("one service can always be served").serve());
            set_up(echo::client(&memory)).connect().await.expect("the server listens")
        });
        Self { runtime, callers: vec![Typed { client, message: values::message(TEXT) }; callers] }
    }
}

/// A connection over which bytes go to and fro.
struct Raw {
    stream: DuplexStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Raw {
    /// A connection whose other end answers; both messages are as long as those of a call.
    fn new(asked: usize, answered: usize) -> Self {
        let (stream, mut peer) = duplex(64 << 10);
        let mut received = vec![0; asked];
        let answer = vec![7; answered];
        tokio::spawn(async move {
            while peer.read_exact(&mut received).await.is_ok() && peer.write_all(&answer).await.is_ok() {}
        });
        Self { stream, request: vec![7; asked], answer: vec![0; answered] }
    }
}

impl Caller for Raw {
    async fn call(&mut self) {
        self.stream.write_all(&self.request).await.expect("the peer reads");
        self.stream.read_exact(&mut self.answer).await.expect("the peer answers");
    }
}

impl Callers<Raw> {
    /// Callers with a connection each.
    fn raw(callers: usize) -> Self {
        let mut pair = Pair::new(&values::message(TEXT), false).expect("the message fits into a frame");
        let (asked, answered) = pair.echo(1).expect("the call is answered");
        let runtime = runtime();
        let callers = runtime.block_on(async { (0..callers).map(|_| Raw::new(asked, answered)).collect() });
        Self { runtime, callers }
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("there are descriptors left")
}
