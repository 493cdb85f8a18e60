//! A world with a clock of its own.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, sleep_until};

use super::Failure;

/// Runs a scenario on one thread, by a clock that stands still while anything is left to do and then jumps to the next
/// timer: nothing waits, and nothing depends on how fast the machine is. Timers are exact to a millisecond.
pub(super) fn run<F: Future>(scenario: F) -> Result<F::Output, Failure> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(runtime.block_on(scenario))
}

/// The time since a scenario began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    /// The scenario begins.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(self) -> Duration {
        self.0.elapsed()
    }

    /// The time of an instant.
    pub(super) fn time_of(self, at: std::time::Instant) -> Duration {
        Instant::from_std(at).saturating_duration_since(self.0)
    }

    pub(super) async fn until(self, time: Duration) {
        sleep_until(self.0 + time).await;
    }
}
