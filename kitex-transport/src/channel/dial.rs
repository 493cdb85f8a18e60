//! Making connections.

use std::sync::Arc;

use kitex_core::ConnectionInfo;
use tokio::runtime::Handle;

use super::backoff::Cause;
use super::balance::Member;
use crate::Stream;

/// What a dial has led to.
pub(super) type Dialled = Result<(Stream, Arc<ConnectionInfo>), Cause>;

/// Takes what dials lead to.
pub(super) trait Dials: Member {
    fn dialled(self: &Arc<Self>, dialled: Dialled);
}

/// Dials in a task of its own, so that the connection is made for others when the call that it was begun for ends.
pub(super) fn spawn<D: Dials>(dials: &Arc<D>, runtime: &Handle) {
    let dialling = Dialling { dials: Arc::clone(dials), ended: false };
    runtime.spawn(dialling.run());
}

/// A dial under way; dropped with its runtime, it is abandoned.
struct Dialling<D: Dials> {
    dials: Arc<D>,
    ended: bool,
}

impl<D: Dials> Dialling<D> {
    async fn run(mut self) {
        let dialled = self.dials.endpoint().dial().await;
        self.ended = true;
        self.dials.dialled(dialled);
    }
}

impl<D: Dials> Drop for Dialling<D> {
    fn drop(&mut self) {
        if !self.ended {
            self.dials.dialled(Err(Cause::abandoned()));
        }
    }
}
