//! Drives the engine of one connection without a socket.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use kitex_codec::BytesMut;
use kitex_core::{BoxFuture, CallId, Error, Method, Response, Router, ServerConnection, ServerRequest};

use super::clock::Clock;
use super::handlers::Said;
use super::host::Host;

/// One connection of a server, with the handlers that run for it.
pub(crate) struct Connection {
    engine: ServerConnection,
    router: Arc<Router>,
    clock: Clock,
    input: BytesMut,
    running: Vec<Running>,
    shutting_down: bool,
    /// All that the server has sent.
    pub(crate) sent: Vec<u8>,
    /// What the engine refused the input with.
    pub(crate) refused: Option<Error>,
}

struct Running {
    id: CallId,
    method: Method,
    answer: BoxFuture<Result<Response, Error>>,
}

impl Connection {
    pub(crate) fn new(host: &Host) -> Self {
        Self {
            engine: host.connection(),
            router: Arc::clone(&host.router),
            clock: host.clock.clone(),
            input: BytesMut::new(),
            running: Vec::new(),
            shutting_down: false,
            sent: Vec::new(),
            refused: None,
        }
    }

    /// Takes what the client has sent, and does all that can be done without time passing.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        self.work();
    }

    /// The client sends no more. Handlers whose callers are gone are dropped, as a driver does it.
    pub(crate) fn end_of_file(&mut self) {
        self.engine.handle_eof();
        self.running.retain(|running| running.method.is_oneway());
        self.work();
    }

    pub(crate) fn shut_down(&mut self) {
        self.shutting_down = true;
        self.engine.shutdown(self.clock.now());
        self.work();
    }

    /// Moves the clock to the next moment at which something happens, if that is before `end`; false if it is not.
    pub(crate) fn pass(&mut self, end: Option<Instant>) -> bool {
        let next = [self.clock.next_alarm(), self.engine.poll_timeout()].into_iter().flatten().min();
        let Some(next) = next.filter(|next| !self.is_closed() && end.is_none_or(|end| *next <= end)) else {
            return false;
        };
        self.clock.move_to(next);
        while let Some(expired) = self.expire() {
            self.running.retain(|running| running.id != expired);
        }
        self.work();
        true
    }

    /// Lets `time` pass.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.clock.now() + time;
        while self.pass(Some(end)) {}
        self.clock.move_to(end);
    }

    /// True while a handler runs.
    pub(crate) fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// Whether the driver has closed: the engine is done, or it is idle and the server shuts down.
    pub(crate) fn is_closed(&self) -> bool {
        self.engine.is_finished()
            || self.shutting_down && self.engine.is_idle() && !self.engine.awaits_close()
    }

    fn expire(&mut self) -> Option<CallId> {
        match self.engine.handle_timeout(self.clock.now(), &mut self.input) {
            Ok(expired) => expired,
            Err(error) => {
                self.refused = Some(error);
                None
            }
        }
    }

    fn work(&mut self) {
        while self.take() | self.poll() {}
        let segments = self.engine.output().take_segments();
        self.sent.extend_from_slice(&segments.to_bytes());
    }

    /// Takes one request; false if there is none.
    fn take(&mut self) -> bool {
        match self.engine.handle_input(self.clock.now(), &mut self.input) {
            Ok(Some(request)) => self.start(request),
            Ok(None) => return false,
            Err(error) => self.refused = Some(error),
        }
        true
    }

    fn start(&mut self, request: ServerRequest) {
        let ServerRequest { id, target, request, .. } = request;
        let method = request.method.clone();
        let service = self.router.service(target).expect("a target is a place in its router");
        self.running.push(Running { id, method, answer: service.call(request) });
    }

    /// Polls every handler; true if one has ended.
    fn poll(&mut self) -> bool {
        let before = self.running.len();
        let mut running = std::mem::take(&mut self.running);
        running.retain_mut(|running| match poll_once(running) {
            Poll::Ready(result) => {
                self.engine.reply(self.clock.now(), running.id, result);
                false
            }
            Poll::Pending => true,
        });
        self.running = running;
        self.running.len() < before
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("engine", &self.engine)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

fn poll_once(running: &mut Running) -> Poll<Result<Response, Error>> {
    let mut task = Context::from_waker(Waker::noop());
    let polled = catch_unwind(AssertUnwindSafe(|| running.answer.as_mut().poll(&mut task)));
    polled.unwrap_or_else(|panic| match panic.downcast::<Said>() {
        Ok(said) => Poll::Ready(Err(Error::panicked(&running.method, &said.0))),
        Err(panic) => resume_unwind(panic),
    })
}
