//! A connection of a pool, for as long as a call has it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use kitex_core::{Deadline, Error, ErrorKind, Request, Response, Sent};
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::errors;
use super::exchange::Connection;
use super::pool::{Grant, Pool};

/// A connection that one call has. Dropped before the call has ended, it is closed: the answer that is still to come
/// must reach no other call.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    connection: Box<Connection>,
    permit: Permit<'a>,
}

/// A place among the pool's connections, given up after the connection was closed.
#[derive(Debug)]
struct Permit<'a> {
    pool: &'a Arc<Pool>,
    /// The peer closed the connection.
    suspect: bool,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pool.release(self.suspect);
    }
}

impl<'a> Lease<'a> {
    pub(super) fn new(pool: &'a Arc<Pool>, connection: Box<Connection>) -> Self {
        Self { connection, permit: Permit { pool, suspect: false } }
    }

    /// Waits for a connection.
    pub(super) async fn wait(
        pool: &'a Arc<Pool>,
        now: Instant,
        deadline: Option<Deadline>,
    ) -> Result<Self, Error> {
        let mut waiting = pool.enqueue(now)?;
        let grant = match deadline {
            Some(deadline) => timeout_at(deadline.instant().into(), &mut waiting.receiver).await,
            None => Ok((&mut waiting.receiver).await),
        };
        match grant {
            Ok(Ok(grant)) => grant.map(|connection| Self::new(pool, connection)),
            Ok(Err(_)) => Err(errors::shutdown()),
            Err(_) => Err(pool.endpoint.at_peer(Error::deadline(pool.leave(waiting.id)))),
        }
    }

    /// Makes a call. True with its result if it can be made again on another connection: the peer had closed this one
    /// while it was unused, and nothing was sent.
    pub(super) async fn call(
        mut self,
        now: Instant,
        request: &mut Request,
    ) -> (Result<Response, Error>, bool) {
        let fresh = self.connection.fresh;
        let result = match poll_fn(|task| Poll::Ready(self.connection.check(task))).await {
            Ok(()) => self.exchange(now, request).await,
            Err(error) => Err(error),
        };
        let closed = matches!(&result, Err(error) if error.kind() == ErrorKind::Closed);
        let unsent = matches!(&result, Err(error) if error.sent() == Sent::Never);
        self.end(closed);
        (result, closed && unsent && !fresh)
    }

    /// Gives the connection back if it can carry another call, and closes it if not.
    pub(super) fn end(mut self, suspect: bool) {
        let pool = self.permit.pool;
        if self.connection.has_left_over() {
            pool.endpoint.count_dropped_answers(1);
        }
        self.permit.suspect = suspect;
        if self.connection.finish() && !suspect {
            let Self { connection, permit } = self;
            std::mem::forget(permit);
            pool.put_back(connection);
        }
    }

    async fn exchange(&mut self, now: Instant, request: &mut Request) -> Result<Response, Error> {
        self.connection.begin(now, request)?;
        poll_fn(|task| self.connection.poll_exchange(request, task)).await
    }
}

/// A call's place in the queue for a connection.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    pub(super) pool: &'a Arc<Pool>,
    pub(super) id: u64,
    pub(super) receiver: oneshot::Receiver<Grant>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.receiver.is_terminated() {
            return;
        }
        self.pool.leave(self.id);
        if let Ok(Ok(connection)) = self.receiver.try_recv() {
            self.pool.put_back(connection);
        }
    }
}
