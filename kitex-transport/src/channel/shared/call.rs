//! A call on a shared connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use kitex_core::{CallId, Error, Response};

use super::SharedConnection;

/// A call under way on a shared connection. Dropping it gives the call up; its answer is dropped when it comes.
pub(in crate::channel) struct SharedCall {
    pub(super) connection: Arc<SharedConnection>,
    pub(super) slot: u32,
    /// `None` for a oneway call.
    pub(super) id: Option<CallId>,
    /// Begun in this very poll: the waker is known.
    pub(super) begun: bool,
    pub(super) ended: bool,
}

impl Future for SharedCall {
    type Output = Result<Response, Error>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::take(&mut self.begun) {
            return Poll::Pending;
        }
        let result = self.connection.lock().slots.take(self.slot, task.waker());
        match result {
            Some(result) => {
                self.ended = true;
                Poll::Ready(result)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for SharedCall {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.cancel(self.slot, self.id);
        }
    }
}
