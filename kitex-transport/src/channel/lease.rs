//! A connection of a pool, for as long as a call has it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use kitex_core::{Error, ErrorKind, Request, Response, Sent};

use super::exchange::Connection;
use super::pool::Pool;

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
