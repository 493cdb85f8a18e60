//! The handler that is called: it counts its calls, and can be held.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use kitex::{Bytes, CallError, Context, Str};
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use crate::crowd::soon;
use crate::idl::calls::{Calls, CallsEchoError, Req, Resp};

/// What the handler has counted, and what lets it go on.
#[derive(Debug)]
pub(crate) struct Seen {
    calls: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
    /// A permit for each call that has begun.
    pub(crate) begun: Semaphore,
    /// A permit for each call that has ended or was given up.
    pub(crate) over: Semaphore,
    /// A permit for each call that may go on after it has waited.
    pub(crate) gate: Semaphore,
    /// Whether calls fail that would have answered at once.
    pub(crate) fails: AtomicBool,
}

impl Default for Seen {
    fn default() -> Self {
        let [calls, running, most] = [const { AtomicUsize::new(0) }; 3];
        let [begun, over, gate] = [0; 3].map(Semaphore::new);
        Self { calls, running, most, begun, over, gate, fails: AtomicBool::new(false) }
    }
}

impl Seen {
    /// Calls so far.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }

    /// The most that ran at a time.
    pub(crate) fn most(&self) -> usize {
        self.most.load(SeqCst)
    }

    fn enter(self: &Arc<Self>) -> Running {
        self.calls.fetch_add(1, SeqCst);
        self.most.fetch_max(self.running.fetch_add(1, SeqCst) + 1, SeqCst);
        self.begun.add_permits(1);
        Running(Arc::clone(self))
    }

    async fn wait(&self) {
        self.gate.acquire().await.unwrap().forget();
    }
}

/// Waits until a semaphore has had so many permits, and takes them.
pub(crate) async fn take(semaphore: &Semaphore, permits: u32) {
    soon(semaphore.acquire_many(permits)).await.unwrap().forget();
}

/// A call that runs.
struct Running(Arc<Seen>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
        self.0.over.add_permits(1);
    }
}

#[derive(Clone, Default)]
pub(crate) struct Handler(pub(crate) Arc<Seen>);

impl Calls for Handler {
    async fn act(&self, context: &mut Context, how: Str) -> Result<Str, CallError> {
        let _running = self.0.enter();
        match &*how {
            "fail" => return Err(CallError::failed("told to fail")),
            "panic" => panic!("told to panic"),
            "wait" => self.0.wait().await,
            // What Kitex writes into every attempt but the first.
            "backup" if context.persistent("RetryReq").is_some() => {}
            "backup" => {
                self.0.wait().await;
                return Ok("first".into());
            }
            _ => yield_now().await,
        }
        match self.0.fails.load(SeqCst) {
            true => Err(CallError::failed("out of order")),
            false => Ok(how),
        }
    }

    async fn echo(&self, _: &mut Context, req: Req) -> Result<Resp, CallError<CallsEchoError>> {
        let _running = self.0.enter();
        Ok(Resp { msg: req.msg, number: req.number })
    }

    async fn nothing(&self, _: &mut Context) -> Result<(), CallError> {
        let _running = self.0.enter();
        Ok(())
    }

    async fn note(&self, _: &mut Context, _: Str) -> Result<(), CallError> {
        let _running = self.0.enter();
        Ok(())
    }

    async fn blob(&self, _: &mut Context, data: Bytes) -> Result<Bytes, CallError> {
        let _running = self.0.enter();
        Ok(data)
    }
}
