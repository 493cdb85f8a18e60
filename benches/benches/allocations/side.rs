//! A client's or a server's thread, and what it counts.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use crate::counts::Counts;

type Work = Box<dyn FnOnce(&Runtime) + Send>;

/// A thread with a runtime that runs when it is told to.
pub(crate) struct Side(Sender<Work>);

/// Times that a turn lets all tasks run that can: each time at least 61 of them do, and what has come is read.
const PASSES: usize = 16;

impl Side {
    pub(crate) fn new() -> Self {
        let (give, take) = channel::<Work>();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("there are descriptors left");
            take.into_iter().for_each(|work| work(&runtime));
        });
        Self(give)
    }

    /// Begins to do something; what comes of it is received.
    pub(crate) fn begin<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Runtime) -> R + Send + 'static,
    ) -> Receiver<R> {
        let (give, take) = channel();
        // Nobody may wait for it.
        let work = move |runtime: &Runtime| drop(give.send(work(runtime)));
        self.0.send(Box::new(work)).expect("the thread lives as long as this");
        take
    }

    /// Does something.
    pub(crate) fn run<R: Send + 'static>(&self, work: impl FnOnce(&Runtime) -> R + Send + 'static) -> R {
        self.begin(work).recv().expect("the work does not panic")
    }
}

/// Lets the tasks of a runtime do what they can while those of the other side stand still, `rounds` times; gives what that
/// took. Who passes the turn waits for it without doing anything else.
pub(crate) async fn take_turns(rounds: u64, turn: Receiver<()>, pass: Sender<()>) -> Counts {
    let mut sum = Counts::default();
    for _ in 0..rounds {
        turn.recv().expect("the other side passes the turn on");
        let before = Counts::now();
        for _ in 0..PASSES {
            yield_now().await;
        }
        sum += Counts::now() - before;
        // The last time, nobody takes it.
        let _ = pass.send(());
    }
    sum
}
