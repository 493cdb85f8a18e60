//! The calls of one connection that could not be answered at once.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, Stream as _};
use futures_util::task::AtomicWaker;
use kitex_core::{BoxFuture, CallId, Error, ErrorKind, Method, Response, Stage, catch_panic, known_end};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};

/// See [`quick`].
const QUICK: Duration = Duration::from_micros(100);

pub(super) type Outcome = Result<Response, Error>;

/// A call that runs.
pub(super) struct Call {
    pub(super) id: CallId,
    pub(super) method: Method,
    answer: Answer,
}

/// Where a call runs.
enum Answer {
    Here(Guarded),
    /// In a task of its own.
    Apart(Apart),
}

/// A handler's future. What panics while it is dropped has been reported, and harms nobody else.
struct Guarded(BoxFuture<Outcome>);

impl Drop for Guarded {
    fn drop(&mut self) {
        let future = std::mem::replace(&mut self.0, Box::pin(pending()));
        let _ = catch_panic(|| drop(future));
    }
}

/// A task that a call runs in; dropped with it.
struct Apart {
    task: JoinHandle<Option<Finished>>,
    /// Of a call on a thread for blocking work, which nobody else can stop: it is given up when this is dropped.
    blocking: Option<oneshot::Sender<()>>,
}

impl Drop for Apart {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Call {
    /// Begins a call. A panic in a layer or a stub is an answer like one in the handler.
    pub(super) fn begin(id: CallId, method: Method, begin: impl FnOnce() -> BoxFuture<Outcome>) -> Self {
        let answer = catch_panic(begin).unwrap_or_else(|said| {
            let error = Error::panicked(&method, &said);
            Box::pin(std::future::ready(Err(error)))
        });
        Self { id, method, answer: Answer::Here(Guarded(answer)) }
    }

    /// Runs the call in a task of its own from now on.
    pub(super) fn apart(self) -> Self {
        let (id, method) = (self.id, self.method.clone());
        let apart = Apart { task: tokio::spawn(Here::new(self)), blocking: None };
        Self { id, method, answer: Answer::Apart(apart) }
    }

    /// Runs the call on a thread for blocking work from now on.
    pub(super) fn blocking(self) -> Self {
        let (id, method) = (self.id, self.method.clone());
        let (blocking, given_up) = oneshot::channel();
        let runtime = Handle::current();
        let run = async {
            tokio::select! {
                biased;
                _ = given_up => None,
                finished = Here::new(self) => finished,
            }
        };
        let task = tokio::task::spawn_blocking(move || runtime.block_on(run));
        Self { id, method, answer: Answer::Apart(Apart { task, blocking: Some(blocking) }) }
    }

    /// Polls the call; also gives how long that, or the longest poll in its own task, kept the thread. A thread for
    /// blocking work is there to be kept.
    pub(super) fn poll(&mut self, task: &mut Context<'_>, began: Instant) -> (Poll<Outcome>, Duration) {
        let future = match &mut self.answer {
            Answer::Here(Guarded(future)) => future,
            Answer::Apart(apart) => return poll_apart(apart, task),
        };
        let polled = catch_panic(|| future.as_mut().poll(task))
            .unwrap_or_else(|said| Poll::Ready(Err(Error::panicked(&self.method, &said))));
        let took = match &polled {
            Poll::Ready(result) => quick(result, began),
            Poll::Pending => None,
        };
        (polled, took.unwrap_or_else(|| began.elapsed()))
    }
}

/// How long a poll took that gave a result, where a layer has looked at the clock for it already. Only that it was short is
/// believed: what kept the thread is measured here.
fn quick(result: &Outcome, began: Instant) -> Option<Duration> {
    let took = known_end(result)?.checked_duration_since(began)?;
    (took < QUICK && !took.is_zero()).then_some(took)
}

fn poll_apart(apart: &mut Apart, task: &mut Context<'_>) -> (Poll<Outcome>, Duration) {
    match Pin::new(&mut apart.task).poll(task) {
        Poll::Pending => (Poll::Pending, Duration::ZERO),
        Poll::Ready(Ok(Some(finished))) if apart.blocking.is_some() => {
            (Poll::Ready(finished.outcome), Duration::ZERO)
        }
        Poll::Ready(Ok(Some(finished))) => (Poll::Ready(finished.outcome), finished.longest),
        // The task does not panic, and nobody else cancels it.
        Poll::Ready(_) => {
            let error = Error::new(ErrorKind::Closed, Stage::Handle, "the runtime is shutting down");
            (Poll::Ready(Err(error)), Duration::ZERO)
        }
    }
}

/// The calls that run beside one another. On a multi-thread runtime each has a task, so that one connection can use
/// every core, unless it was asked to run in line; on a current-thread runtime the connection's task runs them.
pub(super) struct Calls {
    here: FuturesUnordered<Here>,
    spawned: Vec<(CallId, bool, AbortHandle)>,
    ended: Arc<Ended>,
}

/// A call that has ended, and the longest that one poll of it took.
pub(super) struct Finished {
    pub(super) id: CallId,
    pub(super) method: Method,
    pub(super) outcome: Outcome,
    pub(super) longest: Duration,
}

#[derive(Default)]
struct Ended {
    calls: Mutex<Vec<Finished>>,
    connection: AtomicWaker,
}

/// True if tasks run on several threads.
pub(super) fn has_threads() -> bool {
    Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread
}

impl Calls {
    pub(super) fn new() -> Self {
        Self { here: FuturesUnordered::new(), spawned: Vec::new(), ended: Arc::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.here.is_empty() && self.spawned.is_empty()
    }

    /// True if the connection's task runs them.
    pub(super) fn run_here(&self) -> bool {
        self.spawned.is_empty()
    }

    /// Runs a call on.
    pub(super) fn push(&mut self, call: Call) {
        if !has_threads() || matches!(call.answer, Answer::Apart(_)) {
            return self.push_here(call);
        }
        let (id, oneway) = (call.id, call.method.is_oneway());
        let here = Here::new(call);
        let ended = Arc::clone(&self.ended);
        let task = tokio::spawn(async move {
            if let Some(finished) = here.await {
                ended.calls.lock().unwrap_or_else(PoisonError::into_inner).push(finished);
                ended.connection.wake();
            }
        });
        self.spawned.push((id, oneway, task.abort_handle()));
    }

    /// Runs a call on in the connection's task, whatever the runtime.
    pub(super) fn push_here(&mut self, call: Call) {
        self.here.push(Here::new(call));
    }

    /// The next call that has ended.
    pub(super) fn poll_finished(&mut self, task: &mut Context<'_>) -> Poll<Finished> {
        while let Poll::Ready(Some(ended)) = Pin::new(&mut self.here).poll_next(task) {
            if let Some(finished) = ended {
                return Poll::Ready(finished);
            }
        }
        if self.spawned.is_empty() {
            return Poll::Pending;
        }
        self.ended.connection.register(task.waker());
        let finished = self.ended.calls.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(finished) = finished else { return Poll::Pending };
        if let Some(at) = self.spawned.iter().position(|(id, ..)| *id == finished.id) {
            self.spawned.swap_remove(at);
        }
        Poll::Ready(finished)
    }

    /// Drops the future of a call.
    pub(super) fn cancel(&mut self, id: CallId) {
        for here in self.here.iter_mut().filter(|here| here.is(id)) {
            here.cancel();
        }
        if let Some(at) = self.spawned.iter().position(|(spawned, ..)| *spawned == id) {
            self.spawned.swap_remove(at).2.abort();
        }
    }

    /// Drops the futures of all calls that somebody waits for.
    pub(super) fn cancel_two_way(&mut self) {
        let waiting = |here: &&mut Here| here.call.as_ref().is_some_and(|call| !call.method.is_oneway());
        self.here.iter_mut().filter(waiting).for_each(Here::cancel);
        self.spawned.retain(|(_, oneway, task)| {
            if !oneway {
                task.abort();
            }
            *oneway
        });
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.spawned.iter().for_each(|(_, _, task)| task.abort());
    }
}

/// A call in the connection's own task, or in one of its own.
struct Here {
    call: Option<Call>,
    longest: Duration,
    /// Wakes a cancelled call, so that it leaves the set.
    waker: Option<Waker>,
}

impl Here {
    fn new(call: Call) -> Self {
        Self { call: Some(call), longest: Duration::ZERO, waker: None }
    }

    fn is(&self, id: CallId) -> bool {
        self.call.as_ref().is_some_and(|call| call.id == id)
    }

    fn cancel(&mut self) {
        self.call = None;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Future for Here {
    type Output = Option<Finished>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(call) = &mut this.call else { return Poll::Ready(None) };
        let (polled, took) = call.poll(task, Instant::now());
        this.longest = this.longest.max(took);
        let Poll::Ready(outcome) = polled else {
            this.waker = Some(task.waker().clone());
            return Poll::Pending;
        };
        let longest = this.longest;
        Poll::Ready(this.call.take().map(|Call { id, method, .. }| Finished { id, method, outcome, longest }))
    }
}

#[cfg(test)]
mod tests {
    use kitex_core::Status;

    use super::*;

    fn answered(ended: Option<Instant>) -> Outcome {
        Ok(Response { ended, ..Response::empty(Status::Ok) })
    }

    #[test]
    fn of_an_answer_that_says_when_it_was_there_only_a_short_time_is_believed() {
        let began = Instant::now();
        let short = QUICK / 2;
        assert_eq!(quick(&answered(Some(began + short)), began), Some(short));
        let mut failed = Err(Error::handler("no"));
        kitex_core::ended_at(&mut failed, || began + short);
        assert_eq!(quick(&failed, began), Some(short));
        // Of no clock, of another call's end before this poll, of a handler that kept its thread, and of a clock that stands.
        for ended in [None, Some(began - short), Some(began + QUICK), Some(began)] {
            assert_eq!(quick(&answered(ended), began), None, "{ended:?}");
        }
    }
}
