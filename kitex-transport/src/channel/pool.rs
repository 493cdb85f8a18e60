//! The connections to one endpoint that carry one call at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use kitex_core::{Deadline, Error, Request, Response, Stage};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::backoff::Backoff;
use super::balance::Member;
use super::dial::{self, Dialled, Dials};
use super::endpoint::Endpoint;
use super::errors;
use super::exchange::Connection;
use super::lease::Lease;
use super::waiters::{Queue, Waiters, Waiting};
use super::{ChannelStats, PoolConfig, reaper};
use crate::clock;

/// The connections to one endpoint.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) endpoint: Endpoint,
    pub(super) config: PoolConfig,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    /// Unused connections; the one that was used last is taken first.
    #[expect(clippy::vec_box, reason = "what moves at each call is a pointer")]
    pub(super) idle: Vec<Box<Connection>>,
    /// Connections in use, unused, or being made.
    open: usize,
    /// Those of them that are being made.
    dialling: usize,
    waiters: Waiters<Result<Box<Connection>, Error>>,
    backoff: Backoff,
    /// Where connections are made: the runtime of the last call that waited for one.
    runtime: Option<Handle>,
    pub(super) reaper: Option<AbortHandle>,
    closed: bool,
}

impl State {
    fn live(&self) -> usize {
        self.open - self.dialling
    }

    fn in_use(&self) -> usize {
        self.live() - self.idle.len()
    }
}

impl Pool {
    pub(super) fn new(endpoint: Endpoint, config: PoolConfig) -> Self {
        let state = State {
            idle: Vec::new(),
            open: 0,
            dialling: 0,
            waiters: Waiters::new(),
            backoff: Backoff::new(endpoint.settings.config.backoff.clone()),
            runtime: None,
            reaper: None,
            closed: false,
        };
        Self { endpoint, config, state: Mutex::new(state) }
    }

    /// Takes an unused connection.
    pub(super) fn take(self: &Arc<Self>, now: Instant) -> Option<Lease<'_>> {
        let mut expired = Vec::new();
        let mut state = self.lock();
        let found = loop {
            match state.idle.pop() {
                Some(connection) if self.has_expired(&connection, now) => expired.push(connection),
                found => break found,
            }
        };
        state.open -= expired.len();
        self.note_load(&state);
        found.map(|connection| Lease::new(self, connection))
    }

    /// Queues a call for a connection, which is made if it may be.
    fn enqueue(self: &Arc<Self>, now: Instant) -> Result<Waiting<'_, Self>, Error> {
        let mut state = self.lock();
        if state.closed {
            return Err(errors::shutdown());
        }
        // Those who can still have a connection made for them do not wait for that of another.
        let unmade = self.config.max_connections.saturating_sub(state.live());
        if state.waiters.len() >= self.config.max_waiters.saturating_add(unmade) {
            return Err(self.crowded());
        }
        state.runtime = Some(Handle::try_current().map_err(|_| errors::no_runtime())?);
        let place = state.waiters.push();
        if let Some(connection) = state.idle.pop() {
            // Connections are unused only while nobody waits.
            let _ = state.waiters.grant(Ok(connection));
        }
        self.settle(state, now);
        Ok(Waiting::new(self, place))
    }

    async fn wait(self: &Arc<Self>, now: Instant, deadline: Option<Deadline>) -> Result<Lease<'_>, Error> {
        let connection = self.enqueue(now)?.granted(deadline).await?;
        Ok(Lease::new(self, connection))
    }

    /// Takes back a connection that can carry another call.
    pub(super) fn put_back(self: &Arc<Self>, connection: Box<Connection>) {
        let mut state = self.lock();
        let Err(Ok(mut connection)) = state.waiters.grant(Ok(connection)) else {
            return self.note_load(&state);
        };
        if state.closed || state.idle.len() >= self.config.max_idle {
            state.open -= 1;
            self.note_load(&state);
            drop(state);
            return drop(connection);
        }
        connection.fresh = false;
        state.idle.push(connection);
        self.note_load(&state);
        if state.reaper.as_ref().is_none_or(AbortHandle::is_finished) {
            state.reaper = reaper::spawn(self);
        }
    }

    /// Notes that a connection is gone; `suspect` if the peer closed it.
    pub(super) fn release(self: &Arc<Self>, suspect: bool) {
        let mut state = self.lock();
        state.open -= 1;
        if suspect {
            state.backoff.suspect();
        }
        self.settle(state, clock::now());
    }

    /// Refuses further calls. Those under way end; their connections are closed then.
    pub(super) fn close(self: &Arc<Self>) {
        let mut state = self.lock();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        state.open -= idle.len();
        while state.waiters.grant(Err(errors::shutdown())).is_ok() {}
        self.note_load(&state);
        drop(state);
        drop(idle);
    }

    /// Closes what was unused for too long; gives when the next is due, or `None` if nothing is unused.
    pub(super) fn reap(&self, now: Instant) -> Option<Instant> {
        let mut state = self.lock();
        let (expired, kept) =
            std::mem::take(&mut state.idle).into_iter().partition(|idle| self.has_expired(idle, now));
        let expired: Vec<_> = expired;
        state.idle = kept;
        state.open -= expired.len();
        self.note_load(&state);
        let oldest = state.idle.iter().map(|idle| idle.last_used).min();
        if oldest.is_none() {
            state.reaper = None;
        }
        drop(state);
        oldest.map(|oldest| oldest + self.config.idle_timeout)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_expired(&self, connection: &Connection, now: Instant) -> bool {
        now.saturating_duration_since(connection.last_used) >= self.config.idle_timeout
    }

    fn note_load(&self, state: &State) {
        self.endpoint.set_running(state.in_use());
        self.endpoint.set_waiting(state.waiters.len());
    }

    /// Begins the dials that are wanted and allowed. Those who wait for nothing that could come are told so.
    fn settle(self: &Arc<Self>, mut state: MutexGuard<'_, State>, now: Instant) {
        let mut dials = 0;
        while state.dialling < state.waiters.len()
            && state.open < self.config.max_connections
            && state.backoff.allows(now, state.dialling)
        {
            (state.open, state.dialling, dials) = (state.open + 1, state.dialling + 1, dials + 1);
        }
        if dials > 0 && state.backoff.has_failed() {
            self.endpoint.avoid_while_probed();
        }
        if state.open == 0 {
            while !state.waiters.is_empty() {
                let refusal = self.refusal(&state, now);
                let _ = state.waiters.grant(Err(refusal));
            }
        }
        self.note_load(&state);
        let runtime = state.runtime.clone().filter(|_| dials > 0);
        drop(state);
        // Not under the lock: a runtime that is shutting down drops the task at once.
        if let Some(runtime) = runtime {
            (0..dials).for_each(|_| dial::spawn(self, &runtime));
        }
    }

    #[cold]
    fn refusal(&self, state: &State, now: Instant) -> Error {
        match state.backoff.pause(now) {
            Some(failure) => self.endpoint.resting(failure, now),
            None => self.crowded(),
        }
    }

    #[cold]
    fn crowded(&self) -> Error {
        let PoolConfig { max_connections, max_waiters, .. } = self.config;
        if max_connections == 0 {
            let error =
                Error::limit("max_connections", Stage::Pick, "the pool may not have a connection (0)");
            return self.endpoint.at_peer(error);
        }
        let text = format!(
            "all connections are in use or being made (max_connections: {max_connections}), and as many calls wait \
             for one as may (max_waiters: {max_waiters})"
        );
        self.endpoint.at_peer(Error::limit("max_waiters", Stage::Pick, text))
    }
}

impl Member for Pool {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    async fn call(self: &Arc<Self>, mut now: Instant, request: &mut Request) -> Result<Response, Error> {
        loop {
            let lease = match self.take(now) {
                Some(lease) => lease,
                None => {
                    let lease = Box::pin(self.wait(now, request.context.deadline)).await?;
                    now = clock::now();
                    lease
                }
            };
            let (result, again) = lease.call(now, request).await;
            if !again {
                return result;
            }
        }
    }

    async fn connect(self: &Arc<Self>) -> Result<(), Error> {
        self.wait(clock::now(), None).await.map(|lease| lease.end(false))
    }

    fn close(self: &Arc<Self>) {
        Pool::close(self);
    }

    fn add_to(&self, stats: &mut ChannelStats) {
        let state = self.lock();
        stats.connections += state.live();
        stats.idle += state.idle.len();
        stats.in_flight += state.in_use();
        stats.waiting += state.waiters.len();
    }
}

impl Queue for Pool {
    type Grant = Box<Connection>;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn leave(&self, id: u64) -> Stage {
        let mut state = self.lock();
        state.waiters.remove(id);
        self.note_load(&state);
        if state.dialling > 0 { Stage::Dial } else { Stage::Pick }
    }

    fn take_back(self: &Arc<Self>, connection: Box<Connection>) {
        self.put_back(connection);
    }
}

impl Dials for Pool {
    fn dialled(self: &Arc<Self>, dialled: Dialled) {
        let now = clock::now();
        let mut state = self.lock();
        state.dialling -= 1;
        match dialled {
            Ok((stream, info)) => {
                self.endpoint.note_success(&mut state.backoff);
                drop(state);
                let config = Arc::clone(&self.endpoint.settings.connection);
                self.put_back(Box::new(Connection::new(stream, config, info, now)));
                self.settle(self.lock(), now);
            }
            Err(cause) => {
                state.open -= 1;
                self.endpoint.note_failure(&mut state.backoff, now, &cause);
                // With others open or being made, the rest of the queue still has something to wait for.
                while state.waiters.grant(Err(self.endpoint.unreachable(&cause))).is_ok() && state.open == 0 {
                }
                self.settle(state, now);
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(reaper) = self.lock().reaper.take() {
            reaper.abort();
        }
    }
}
