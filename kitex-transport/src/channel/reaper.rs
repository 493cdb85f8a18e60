//! Closes pooled connections that no call uses any more.

use std::sync::{Arc, Weak};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::pool::Pool;
use crate::clock;

/// Starts a task that ends when the pool has no unused connection; `None` without a runtime.
pub(super) fn spawn(pool: &Arc<Pool>) -> Option<AbortHandle> {
    let runtime = Handle::try_current().ok()?;
    let first = clock::now() + pool.config.idle_timeout;
    Some(runtime.spawn(reap(Arc::downgrade(pool), first)).abort_handle())
}

async fn reap(pool: Weak<Pool>, first: Instant) {
    let mut due = Some(first);
    while let Some(at) = due {
        tokio::time::sleep_until(at.into()).await;
        due = pool.upgrade().and_then(|pool| pool.reap(clock::now()));
    }
}
