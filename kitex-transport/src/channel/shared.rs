//! A connection that many calls share: what its callers and its driver have in common.

mod call;
mod end;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use kitex_codec::{BytesMut, Output};
use kitex_core::{
    CallId, ClientConfig, ClientConnection, ConnectionInfo, Error, ErrorKind, Request, Response, Sent, Stage,
    Status, ended_at,
};

use super::slots::Slots;
use crate::clock;

pub(super) use call::SharedCall;
pub(super) use end::End;

/// A connection that many calls share. Its lock is held for no longer than it takes to write a request into memory or
/// to take in what one read has brought.
#[derive(Debug)]
pub(super) struct SharedConnection {
    info: Arc<ConnectionInfo>,
    state: Mutex<State>,
    /// Calls under way, as of the last change.
    load: AtomicUsize,
    /// The same for all connections to the endpoint.
    total: Arc<AtomicUsize>,
    /// Whether further calls are taken.
    accepts: AtomicBool,
}

#[derive(Debug)]
struct State {
    engine: ClientConnection<u32>,
    slots: Slots,
    /// The driver, while nobody has woken it.
    driver: Option<Waker>,
    /// Bytes of requests that the driver has taken to write.
    taken: u64,
    /// Bytes of requests that the peer's side has taken.
    sent: u64,
    /// Oneway calls, which end when they are written up to a byte.
    unwritten: VecDeque<(u64, u32)>,
    /// Since when the peer owes an answer and has sent nothing.
    silent_since: Option<Instant>,
    /// Takes no further call and ends with the last.
    retired: bool,
}

/// Why a call could not be begun.
pub(super) enum Refused {
    /// The connection takes no further calls.
    Gone,
    /// The connection has no room for it at present.
    Full(Error),
    /// The request cannot be written.
    Unwritable(Error),
}

/// What the driver does next.
pub(super) enum Next {
    /// Something is to be written.
    Write,
    /// Nothing before this moment, unless the driver is woken.
    Wait(Option<Instant>),
    /// The connection ends.
    End,
}

impl SharedConnection {
    pub(super) fn new(config: Arc<ClientConfig>, info: Arc<ConnectionInfo>, total: Arc<AtomicUsize>) -> Self {
        let state = State {
            engine: ClientConnection::new(config, Arc::clone(&info)),
            slots: Slots::default(),
            driver: None,
            taken: 0,
            sent: 0,
            unwritten: VecDeque::new(),
            silent_since: None,
            retired: false,
        };
        let (load, accepts) = (AtomicUsize::new(0), AtomicBool::new(true));
        Self { info, state: Mutex::new(state), load, total, accepts }
    }

    pub(super) fn info(&self) -> &Arc<ConnectionInfo> {
        &self.info
    }

    /// Calls under way.
    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// True if further calls are taken.
    pub(super) fn accepts(&self) -> bool {
        self.accepts.load(Ordering::Relaxed)
    }

    pub(super) fn dropped_answers(&self) -> u64 {
        self.lock().engine.dropped_answers()
    }

    /// Queues a request; `waker` is woken when the call has ended.
    pub(super) fn begin(
        self: &Arc<Self>,
        now: Instant,
        request: &Request,
        waker: &Waker,
    ) -> Result<SharedCall, Refused> {
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.retired || !state.engine.accepts_calls() {
            self.set_retired(state);
            return Err(Refused::Gone);
        }
        let start = state.taken + state.engine.output().len() as u64;
        let slot = state.slots.insert(waker, start);
        let id = match state.engine.call(now, request, slot) {
            Ok(id) => id,
            Err(refusal) => {
                state.slots.remove(slot);
                let full = refusal.error.kind() == ErrorKind::Limit && refusal.error.stage() == Stage::Pick;
                return Err(if full { Refused::Full } else { Refused::Unwritable }(refusal.error));
            }
        };
        match id {
            Some(_) => {
                state.silent_since.get_or_insert(now);
                self.note_load(state);
            }
            None => state.unwritten.push_back((state.taken + state.engine.output().len() as u64, slot)),
        }
        let call = SharedCall { connection: Arc::clone(self), slot, id, begun: true, ended: false };
        let driver = state.driver.take();
        drop(guard);
        driver.into_iter().for_each(Waker::wake);
        Ok(call)
    }

    /// Takes no further calls: the connection ends with the last that is under way.
    pub(super) fn retire(&self) {
        let mut state = self.lock();
        self.set_retired(&mut state);
        let driver = state.driver.take();
        drop(state);
        driver.into_iter().for_each(Waker::wake);
    }

    /// Exchanges what the driver has written, `output`, for what is to be written next.
    pub(super) fn take_output(&self, sent: u64, output: &mut Output, woken: &mut Vec<Waker>) {
        let mut state = self.lock();
        let state = &mut *state;
        state.sent = sent;
        while let Some((_, slot)) = state.unwritten.pop_front_if(|(end, _)| *end <= sent) {
            woken.extend(state.slots.end(slot, Ok(Response::empty(Status::Ok))));
        }
        std::mem::swap(state.engine.output(), output);
        state.taken += output.len() as u64;
    }

    /// Takes the answers that `input` holds. Errors if there is anything else in it.
    pub(super) fn take_input(&self, input: &mut BytesMut, woken: &mut Vec<Waker>) -> Result<(), Error> {
        let mut state = self.lock();
        let state = &mut *state;
        state.silent_since = None;
        // One look at the clock for all answers that have come together.
        let mut came = None;
        let taken = loop {
            match state.engine.handle_input(input) {
                Ok(Some(mut answer)) => {
                    ended_at(&mut answer.result, || *came.get_or_insert_with(clock::now));
                    woken.extend(state.slots.end(answer.token, answer.result));
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if !state.engine.accepts_calls() {
            self.set_retired(state);
        }
        self.note_load(state);
        taken
    }

    /// Bytes of the answer that is not whole yet.
    pub(super) fn expected_input(&self) -> Option<usize> {
        self.lock().engine.expected_input()
    }

    /// Ends the calls whose deadline has passed. If the peer has been silent for so long, it may be gone: the
    /// connection takes no further calls.
    pub(super) fn expire(&self, now: Instant, silence: Duration, woken: &mut Vec<Waker>) {
        let mut state = self.lock();
        let state = &mut *state;
        let before = woken.len();
        while let Some(answer) = state.engine.handle_timeout(now) {
            woken.extend(state.slots.end(answer.token, answer.result));
        }
        let silent = state.silent_since.is_some_and(|since| now.saturating_duration_since(since) >= silence);
        if silent && woken.len() > before {
            self.set_retired(state);
        }
        self.note_load(state);
    }

    /// What the driver does next; when that is to wait, `waker` is what wakes it.
    pub(super) fn next(&self, waker: &Waker, writing: bool) -> Next {
        let mut state = self.lock();
        if state.retired && state.engine.in_flight() == 0 && state.unwritten.is_empty() {
            return Next::End;
        }
        if !writing && !state.engine.output().is_empty() {
            return Next::Write;
        }
        if state.engine.in_flight() == 0 {
            state.engine.output().release();
        }
        match &mut state.driver {
            Some(driver) => driver.clone_from(waker),
            driver => *driver = Some(waker.clone()),
        }
        Next::Wait(state.engine.poll_timeout())
    }

    /// Fails all calls that are under way, `sent` bytes of requests having been written. Those are told apart that
    /// never left.
    pub(super) fn end(&self, end: &End, sent: u64) -> Vec<Waker> {
        let mut woken = Vec::new();
        let mut state = self.lock();
        let state = &mut *state;
        self.set_retired(state);
        let mut fail = |slots: &mut Slots, slot| {
            let left = slots.start(slot) < sent;
            let error = end.error(&self.info).with_sent(if left { Sent::Maybe } else { Sent::Never });
            woken.extend(slots.end(slot, Err(error)));
        };
        while let Some((_, slot)) = state.engine.next_failed() {
            fail(&mut state.slots, slot);
        }
        while let Some((_, slot)) = state.unwritten.pop_front() {
            fail(&mut state.slots, slot);
        }
        state.engine.output().clear();
        self.note_load(state);
        woken
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_load(&self, state: &State) {
        let now = state.engine.in_flight();
        // Only written under the lock.
        let before = self.load.load(Ordering::Relaxed);
        if now != before {
            self.load.store(now, Ordering::Relaxed);
            self.total.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
        }
    }

    fn set_retired(&self, state: &mut State) {
        state.retired = true;
        self.accepts.store(false, Ordering::Relaxed);
    }

    fn cancel(&self, slot: u32, id: Option<CallId>) {
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some(id) = id {
            state.engine.cancel(id);
        }
        state.unwritten.retain(|(_, unwritten)| *unwritten != slot);
        state.slots.remove(slot);
        self.note_load(state);
        let driver = state.driver.take_if(|_| state.retired);
        drop(guard);
        driver.into_iter().for_each(Waker::wake);
    }
}
