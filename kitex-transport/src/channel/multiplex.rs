//! The connections to one endpoint that many calls share.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Instant;

use kitex_core::{Deadline, Error, ErrorKind, Request, Response, Sent, Stage};
use tokio::runtime::Handle;
use tokio::time::timeout_at;

use super::backoff::Backoff;
use super::balance::Member;
use super::dial::{self, Dialled, Dials};
use super::driver::Driver;
use super::endpoint::Endpoint;
use super::errors;
use super::exchange::spend;
use super::shared::{Refused, SharedCall, SharedConnection};
use super::waiters::{Queue, Waiters, Waiting};
use super::{ChannelStats, MultiplexConfig};
use crate::clock;

/// Connections that a call tries, if each takes no call any more when it comes.
const ATTEMPTS: usize = 3;

/// The connections to one endpoint.
#[derive(Debug)]
pub(super) struct Multiplex {
    endpoint: Endpoint,
    pub(super) config: MultiplexConfig,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Those with calls under way that take no more are among them.
    connections: Vec<Arc<SharedConnection>>,
    dialling: bool,
    /// Calls that wait for a connection to be made.
    waiters: Waiters<Result<(), Error>>,
    backoff: Backoff,
    /// Why the last connection ended, if it was not to.
    fault: Option<Error>,
    closed: bool,
}

impl State {
    fn accepting(&self) -> impl Iterator<Item = &Arc<SharedConnection>> {
        self.connections.iter().filter(|connection| connection.accepts())
    }
}

impl Multiplex {
    pub(super) fn new(endpoint: Endpoint, config: MultiplexConfig) -> Self {
        let state = State {
            connections: Vec::new(),
            dialling: false,
            waiters: Waiters::new(),
            backoff: Backoff::new(endpoint.settings.config.backoff.clone()),
            fault: None,
            closed: false,
        };
        Self { endpoint, config, state: Mutex::new(state) }
    }

    /// The connection with the least calls under way, if there is one. Has another made if all have many.
    fn pick(self: &Arc<Self>, now: Instant) -> Option<Arc<SharedConnection>> {
        let mut state = self.lock();
        let least = state.accepting().min_by_key(|connection| connection.load()).cloned()?;
        let load = least.load();
        if load > 0 && self.wants_more(&state, load) {
            // Without a runtime there is none to make it: the call goes on with what there is.
            let _ = self.dial(&mut state, now);
        }
        Some(least)
    }

    fn wants_more(&self, state: &State, least_load: usize) -> bool {
        let made = state.accepting().count();
        let crowded = least_load >= self.endpoint.settings.config.connection.max_in_flight.div_ceil(2);
        made < self.config.connections || (crowded && made < self.config.max_connections)
    }

    /// Begins to make a connection, unless one is being made. Errors if none may be.
    fn dial(self: &Arc<Self>, state: &mut State, now: Instant) -> Result<(), Error> {
        if state.dialling {
            return Ok(());
        }
        if let Some(failure) = state.backoff.pause(now) {
            return Err(self.endpoint.resting(failure, now));
        }
        let runtime = Handle::try_current().map_err(|_| errors::no_runtime())?;
        state.dialling = true;
        if state.backoff.has_failed() {
            self.endpoint.avoid_while_probed();
        }
        dial::spawn(self, &runtime);
        Ok(())
    }

    /// Waits until a connection was made.
    async fn wait(self: &Arc<Self>, now: Instant, deadline: Option<Deadline>) -> Result<(), Error> {
        self.enqueue(now)?.granted(deadline).await
    }

    fn enqueue(self: &Arc<Self>, now: Instant) -> Result<Waiting<'_, Self>, Error> {
        let mut state = self.lock();
        if state.closed {
            return Err(errors::shutdown());
        }
        if state.waiters.len() >= self.config.max_waiters {
            return Err(self.crowded());
        }
        if !self.endpoint.settings.connection.form.has_header() {
            return Err(errors::no_header());
        }
        self.dial(&mut state, now)?;
        let place = state.waiters.push();
        self.note_waiting(&state);
        Ok(Waiting::new(self, place))
    }

    #[cold]
    fn crowded(&self) -> Error {
        let most = self.config.max_waiters;
        let text = format!("as many calls wait for a connection to be made as may (max_waiters: {most})");
        self.endpoint.at_peer(Error::limit("max_waiters", Stage::Pick, text))
    }

    /// True if a call that finds all connections full has another to hope for.
    fn can_grow(&self, now: Instant) -> bool {
        let state = self.lock();
        let made = state.accepting().count();
        state.dialling || (made < self.config.max_connections && state.backoff.pause(now).is_none())
    }

    fn add(self: &Arc<Self>, connection: &Arc<SharedConnection>) -> bool {
        let mut state = self.lock();
        if state.closed {
            connection.retire();
        }
        let extra = state.accepting().count() >= self.config.connections;
        state.connections.push(Arc::clone(connection));
        extra
    }

    /// Takes out a connection that has ended.
    pub(super) fn remove(&self, connection: &Arc<SharedConnection>, fault: Option<Error>) {
        let mut state = self.lock();
        state.connections.retain(|other| !Arc::ptr_eq(other, connection));
        if fault.is_some() {
            state.backoff.suspect();
            state.fault = fault;
        }
        drop(state);
        self.endpoint.count_dropped_answers(connection.dropped_answers());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_waiting(&self, state: &State) {
        self.endpoint.set_waiting(state.waiters.len());
    }

    /// Begins a call on a connection that has room for it.
    async fn begin(
        self: &Arc<Self>,
        mut now: Instant,
        request: &mut Request,
    ) -> Result<(SharedCall, Arc<SharedConnection>), Error> {
        let mut attempts = ATTEMPTS + self.config.max_connections;
        loop {
            if let Some(connection) = self.pick(now) {
                let begun = {
                    // A request cannot be shared between threads, but lent.
                    let (connection, request) = (&connection, &mut *request);
                    poll_fn(move |task| Poll::Ready(connection.begin(now, request, task.waker()))).await
                };
                match begun {
                    Ok(call) => return Ok((call, connection)),
                    Err(Refused::Unwritable(error)) => return Err(error),
                    Err(Refused::Full(error)) if !self.can_grow(now) || attempts == 0 => return Err(error),
                    Err(Refused::Full(_)) => {}
                    Err(Refused::Gone) => continue,
                }
            }
            if attempts == 0 {
                return Err(self.unstable());
            }
            attempts -= 1;
            Box::pin(self.wait(now, request.context.deadline)).await?;
            now = clock::now();
        }
    }

    #[cold]
    fn unstable(&self) -> Error {
        let text = "each connection ended before a request was sent";
        let error = Error::new(ErrorKind::Closed, Stage::Write, text).with_sent(Sent::Never);
        let error = self.endpoint.at_peer(error);
        match self.lock().fault.take() {
            Some(fault) => error.with_source(fault),
            None => error,
        }
    }
}

impl Member for Multiplex {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    async fn call(self: &Arc<Self>, now: Instant, request: &mut Request) -> Result<Response, Error> {
        let (call, connection) = self.begin(now, request).await?;
        spend(request);
        match request.context.deadline {
            // The engine watches over calls that wait for answers.
            Some(deadline) if request.method.is_oneway() => {
                let written = timeout_at(deadline.instant().into(), call).await;
                let late = |_| Err(Error::deadline(Stage::Write).with_peer(connection.info().peer()));
                written.unwrap_or_else(late)
            }
            _ => call.await,
        }
    }

    async fn connect(self: &Arc<Self>) -> Result<(), Error> {
        match self.pick(clock::now()) {
            Some(_) => Ok(()),
            None => self.wait(clock::now(), None).await,
        }
    }

    fn close(self: &Arc<Self>) {
        let mut state = self.lock();
        state.closed = true;
        state.connections.iter().for_each(|connection| connection.retire());
        while state.waiters.grant(Err(errors::shutdown())).is_ok() {}
    }

    fn add_to(&self, stats: &mut ChannelStats) {
        let state = self.lock();
        for connection in &state.connections {
            stats.connections += 1;
            stats.idle += usize::from(connection.load() == 0);
            stats.in_flight += connection.load();
            stats.dropped_answers += connection.dropped_answers();
        }
        stats.waiting += state.waiters.len();
    }
}

impl Queue for Multiplex {
    type Grant = ();

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn leave(&self, id: u64) -> Stage {
        let mut state = self.lock();
        state.waiters.remove(id);
        self.note_waiting(&state);
        Stage::Dial
    }

    fn take_back(self: &Arc<Self>, (): ()) {}
}

impl Dials for Multiplex {
    fn dialled(self: &Arc<Self>, dialled: Dialled) {
        let outcome = dialled.map(|(stream, info)| {
            let config = Arc::clone(&self.endpoint.settings.connection);
            let connection =
                Arc::new(SharedConnection::new(config, info, Arc::clone(&self.endpoint.running)));
            let extra = self.add(&connection);
            let idle_timeout = extra.then_some(self.config.idle_timeout);
            let driver = Driver::new(stream, connection, Arc::clone(self), idle_timeout);
            tokio::spawn(driver.run());
        });
        let now = clock::now();
        let mut state = self.lock();
        state.dialling = false;
        match outcome {
            Ok(()) => {
                self.endpoint.note_success(&mut state.backoff);
                while state.waiters.grant(Ok(())).is_ok() {}
            }
            Err(cause) => {
                self.endpoint.note_failure(&mut state.backoff, now, &cause);
                while state.waiters.grant(Err(self.endpoint.unreachable(&cause))).is_ok() {}
            }
        }
        self.note_waiting(&state);
    }
}
