//! One connection of a server: a task that reads, calls, writes and watches the clock.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use kitex_codec::{BytesMut, put_chunk, take_chunk};
use kitex_core::{
    CallId, ConnectionInfo, Error, ErrorKind, Method, Peer, ServerConnection, ServerRequest, Stage,
};
use tokio::io::AsyncReadExt;

use super::Shared;
use super::accept::Counted;
use super::calls::{Call, Calls, Finished};
use super::phase::{Phase, PhaseWatch};
use crate::Io;
use crate::clock::{self, LazyTimer};

/// Calls and time after which what is owed so far is written before the next request is taken.
const BATCH: (u32, Duration) = (64, Duration::from_micros(100));

/// Input that is read ahead while no request is taken, so that the end of the peer's input is noticed.
const READ_AHEAD: usize = 64 << 10;

/// The step in which input held is counted for all connections: small messages touch no shared counter.
const INPUT_STEP: usize = 64 << 10;

/// How long a connection that has ended is read on, so that the peer's last requests do not make its kernel throw away
/// answers that it has not read yet.
const LINGER: Duration = Duration::from_millis(500);

/// How often a connection looks whether reading may go on, after the server's bound on input has stopped it.
const PAUSE: Duration = Duration::from_millis(20);

/// Pieces of one vectored write.
const SLICES: usize = 16;

pub(super) struct Driver<S> {
    stream: S,
    engine: ServerConnection,
    input: BytesMut,
    /// The call that is answered before the next request is taken.
    serial: Option<Call>,
    /// The calls that run beside one another; made when there is one.
    calls: Option<Box<Calls>>,
    /// One of them was not polled since it was put there.
    unpolled: bool,
    timer: LazyTimer,
    /// Since when the peer has taken nothing of what is to be written.
    stalled: Option<Instant>,
    /// Since when the connection has been at its end.
    ended: Option<Instant>,
    /// The peer sends no more.
    eof: bool,
    /// Bytes counted in the server's sum of input.
    counted_input: usize,
    phase: PhaseWatch,
    info: Arc<ConnectionInfo>,
    counted: Counted,
}

/// What a step led to.
enum Step {
    /// There may be more to do at once.
    Progress,
    /// The task is woken when there is.
    Wait,
}

impl<S: Io> Driver<S> {
    pub(super) fn new(stream: S, peer: Peer, counted: Counted) -> Self {
        let shared = &counted.0;
        let info = ConnectionInfo::new(peer, Arc::clone(&shared.limits));
        let (router, config) = (Arc::clone(&shared.router), Arc::clone(&shared.connection));
        let engine = ServerConnection::new(router, config, Arc::clone(&info), clock::now());
        Self {
            stream,
            engine,
            input: BytesMut::new(),
            serial: None,
            calls: None,
            unpolled: false,
            timer: LazyTimer::default(),
            stalled: None,
            ended: None,
            eof: false,
            counted_input: 0,
            phase: PhaseWatch::new(),
            info,
            counted,
        }
    }

    fn shared(&self) -> &Shared {
        &self.counted.0
    }

    fn drive(&mut self, task: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = clock::now();
            if let Some(phase) = self.phase.poll(&self.counted.0.phases, task) {
                match phase {
                    Phase::Aborting => return Poll::Ready(()),
                    _ => self.engine.shutdown(now),
                }
            }
            self.finish_calls(now, task);
            let taken = match self.take_requests(now, task) {
                Step::Progress => Step::Progress,
                Step::Wait => self.end_input(),
            };
            if self.flush(now, task).is_err() {
                self.lose();
            }
            if self.engine.is_finished() {
                return self.close(now, task);
            }
            let read = self.fill(task);
            if matches!((taken, read), (Step::Wait, Step::Wait)) && !self.expire(now, task) {
                if self.phase.seen() >= Phase::Closing && self.engine.is_idle() && !self.engine.awaits_close()
                {
                    // What comes from now on is not served: it could not be answered.
                    self.engine.close();
                    return self.close(now, task);
                }
                self.rest();
                return Poll::Pending;
            }
        }
    }

    /// Answers the calls that have ended.
    fn finish_calls(&mut self, now: Instant, task: &mut Context<'_>) {
        if let Some(call) = &mut self.serial {
            let (polled, took) = call.poll(task, Instant::now());
            let (id, method) = (call.id, call.method.clone());
            self.note_poll(&method, took);
            if let Poll::Ready(outcome) = polled {
                self.serial = None;
                self.engine.reply(now, id, outcome);
            }
        }
        while let Some(calls) = &mut self.calls {
            let Poll::Ready(Finished { id, method, outcome, longest }) = calls.poll_finished(task) else {
                break;
            };
            self.note_poll(&method, longest);
            self.engine.reply(now, id, outcome);
        }
        if self.calls.as_ref().is_some_and(|calls| calls.is_empty()) {
            self.calls = None;
        }
    }

    /// Takes requests from the input and calls their services, until a batch is full.
    fn take_requests(&mut self, now: Instant, task: &mut Context<'_>) -> Step {
        if self.input.is_empty() {
            return Step::Wait;
        }
        let begin = Instant::now();
        let mut at = begin;
        for _ in 0..BATCH.0 {
            match self.engine.handle_input(now, &mut self.input) {
                Ok(Some(request)) => at = self.start(now, at, request, task),
                Ok(None) => return self.after_requests(),
                Err(error) => {
                    self.complain(&error);
                    return self.after_requests();
                }
            }
            if at.saturating_duration_since(begin) >= BATCH.1 {
                break;
            }
        }
        Step::Progress
    }

    /// A call that was put beside others is to be polled among them before the task may wait.
    fn after_requests(&mut self) -> Step {
        if std::mem::take(&mut self.unpolled) { Step::Progress } else { Step::Wait }
    }

    /// Calls a service and polls the call once, there and then; gives the time after it.
    fn start(&mut self, now: Instant, at: Instant, taken: ServerRequest, task: &mut Context<'_>) -> Instant {
        let ServerRequest { id, target, concurrent, request } = taken;
        let method = request.method.clone();
        let router = &self.counted.0.router;
        let Some(service) = router.service(target) else { return at };
        let mut call = Call::begin(id, method, || service.call(request));
        let (polled, took) = call.poll(task, at);
        self.note_poll(&call.method, took);
        match polled {
            Poll::Ready(outcome) => self.engine.reply(now, id, outcome),
            Poll::Pending if concurrent => {
                self.calls.get_or_insert_with(|| Box::new(Calls::new())).push(call);
                self.unpolled = true;
            }
            Poll::Pending => self.serial = Some(call),
        }
        at + took
    }

    fn note_poll(&self, method: &Method, took: Duration) {
        if took < self.shared().settings.slow_poll {
            return;
        }
        self.shared().slow_polls.fetch_add(1, Ordering::Relaxed);
        if let Some(suppressed) = self.shared().log.admit(clock::now()) {
            let setting = "slow_poll";
            tracing::warn!(%method, ?took, setting, suppressed, "a handler kept its thread: await, or move the work off");
        }
    }

    #[cold]
    fn complain(&self, error: &Error) {
        if let Some(suppressed) = self.shared().log.admit(clock::now()) {
            tracing::warn!(%error, suppressed, "closing a connection");
        }
    }

    /// Once the peer sends no more and what it has sent is taken, nobody waits for answers.
    fn end_input(&mut self) -> Step {
        if !self.eof {
            return Step::Wait;
        }
        let waited = self.serial.is_some();
        self.forget_waiting();
        match (waited, self.serial.is_some()) {
            // Requests that came whole behind the one that was given up are served still.
            (true, false) => Step::Progress,
            (_, true) => Step::Wait,
            (false, false) => {
                self.engine.handle_eof();
                Step::Wait
            }
        }
    }

    /// Drops the calls that the peer, which is gone, has waited for.
    fn forget_waiting(&mut self) {
        self.info.set_closed();
        if let Some(call) = self.serial.take_if(|call| !call.method.is_oneway()) {
            self.engine.cancel(call.id);
        }
        if let Some(calls) = &mut self.calls {
            calls.cancel_two_way();
        }
    }

    /// The connection broke: nothing can be read or written any more.
    fn lose(&mut self) {
        self.eof = true;
        self.forget_waiting();
        self.engine.handle_eof();
        self.engine.output().clear();
        self.input = BytesMut::new();
    }

    /// Writes what is owed, as far as the peer takes it.
    fn flush(&mut self, now: Instant, task: &mut Context<'_>) -> io::Result<()> {
        while !self.engine.output().is_empty() {
            let Poll::Ready(written) = poll_write(&mut self.stream, self.engine.output(), task) else {
                self.stalled.get_or_insert(now);
                return Ok(());
            };
            let written = written?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.engine.output().advance(written);
            self.stalled = None;
        }
        Ok(())
    }

    /// Reads once, if anything that may be read can be used.
    fn fill(&mut self, task: &mut Context<'_>) -> Step {
        if self.eof || !self.may_read() {
            return Step::Wait;
        }
        self.make_room();
        match pin!(self.stream.read_buf(&mut self.input)).poll(task) {
            Poll::Pending => {
                if self.input.is_empty() {
                    put_chunk(std::mem::take(&mut self.input));
                }
                return Step::Wait;
            }
            Poll::Ready(Ok(0)) => self.eof = true,
            Poll::Ready(Ok(_)) => self.count_input(),
            Poll::Ready(Err(_)) => self.lose(),
        }
        Step::Progress
    }

    fn may_read(&self) -> bool {
        let settings = &self.shared().settings;
        let held = self.input.len();
        if !self.engine.takes_input() {
            return held < READ_AHEAD;
        }
        held < settings.max_input
            && (held < INPUT_STEP || self.shared().input.load(Ordering::Relaxed) < settings.max_server_input)
    }

    /// Makes room for the next read: a chunk, or as much as a large message has brought already. What its header
    /// promises takes no memory.
    fn make_room(&mut self) {
        if self.input.capacity() == 0 {
            self.input = take_chunk();
        } else if self.input.capacity() - self.input.len() < 512 {
            let missing =
                self.engine.expected_input().map_or(0, |whole| whole.saturating_sub(self.input.len()));
            let most = self.input.len().max(kitex_codec::CHUNK);
            self.input.reserve(missing.clamp(kitex_codec::CHUNK / 4, most));
        }
    }

    fn count_input(&mut self) {
        let held = self.input.len() / INPUT_STEP * INPUT_STEP;
        if held != self.counted_input {
            let sum = &self.counted.0.input;
            sum.fetch_add(held, Ordering::Relaxed);
            sum.fetch_sub(self.counted_input, Ordering::Relaxed);
            self.counted_input = held;
        }
    }

    /// Does what is due; true if there was anything.
    fn expire(&mut self, now: Instant, task: &mut Context<'_>) -> bool {
        let write = self.stalled.map(|since| since + self.shared().settings.write_timeout);
        // Reading that pauses for the sake of the whole server goes on when another connection has given way.
        let paused = (!self.eof && self.engine.takes_input() && !self.may_read()).then(|| now + PAUSE);
        let due = [self.engine.poll_timeout(), write, paused].into_iter().flatten().min();
        if !self.timer.poll(task, due) {
            return false;
        }
        let now = clock::now().max(now);
        if write.is_some_and(|due| due <= now) {
            self.complain(&self.stall());
            self.lose();
            return true;
        }
        loop {
            match self.engine.handle_timeout(now) {
                Ok(Some(id)) => self.drop_call(id),
                Ok(None) => return true,
                Err(error) => {
                    self.complain(&error);
                    return true;
                }
            }
        }
    }

    #[cold]
    fn stall(&self) -> Error {
        let text = format!("the peer took nothing for {:?}", self.shared().settings.write_timeout);
        Error::new(ErrorKind::Limit, Stage::Write, text)
            .with_setting("write_timeout")
            .with_peer(self.info.peer())
    }

    fn drop_call(&mut self, id: CallId) {
        self.serial.take_if(|call| call.id == id);
        if let Some(calls) = &mut self.calls {
            calls.cancel(id);
        }
    }

    /// Gives back what an idle connection does not need.
    fn rest(&mut self) {
        self.count_input();
        self.engine.output().release();
    }

    /// Ends the connection: no more is written, and what still comes is thrown away for a moment.
    fn close(&mut self, now: Instant, task: &mut Context<'_>) -> Poll<()> {
        if self.ended.is_none() {
            // An error of a connection that ends anyway changes nothing.
            let _ = ready!(Pin::new(&mut self.stream).poll_shutdown(task));
            self.ended = Some(now);
        }
        let until = self.ended.unwrap_or(now) + LINGER;
        if self.eof || until <= now {
            return Poll::Ready(());
        }
        self.input = take_chunk();
        loop {
            self.input.clear();
            match pin!(self.stream.read_buf(&mut self.input)).poll(task) {
                Poll::Ready(Ok(read)) if read > 0 => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        put_chunk(std::mem::take(&mut self.input));
        while self.timer.poll(task, Some(until)) {
            if until <= clock::now() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}

impl<S: Io> Future for Driver<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        self.get_mut().drive(task)
    }
}

impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        self.info.set_closed();
        self.counted.0.input.fetch_sub(self.counted_input, Ordering::Relaxed);
        put_chunk(std::mem::take(&mut self.input));
    }
}

/// Writes once: a single piece as it is, several together.
fn poll_write<S: Io>(
    stream: &mut S,
    output: &kitex_codec::Output,
    task: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let (front, is_all) = output.front();
    if is_all || !stream.is_write_vectored() {
        return Pin::new(stream).poll_write(task, front);
    }
    let mut slices = [IoSlice::new(&[]); SLICES];
    let filled = output.io_slices(&mut slices);
    Pin::new(stream).poll_write_vectored(task, &slices[..filled])
}
