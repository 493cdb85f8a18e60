//! The times of a call.

use std::time::Instant;

use kitex_core::{CallResult, Request};

/// Tokio's clock, so that paused time holds.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// When a call began: noted by whoever made or received it, or else now.
pub(crate) fn began_at(request: &mut Request) -> Instant {
    *request.context.began.get_or_insert_with(now)
}

/// When a call ended: the clock is read once for all layers of a call.
pub(crate) fn ended_at(result: &mut CallResult) -> Instant {
    kitex_core::ended_at(result, now)
}
