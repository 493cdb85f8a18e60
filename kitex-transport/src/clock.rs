//! The clock of the drivers, and timers that are seldom set.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// The time by tokio's clock, which tests can stop.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A timer that stays armed at or before the moment it is needed for.
///
/// Most of what a connection waits for ends in time. Setting the runtime's timer for each call and removing it again
/// would cost more than the timer's going off early now and then.
#[derive(Debug, Default)]
pub(crate) struct LazyTimer {
    sleep: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl LazyTimer {
    /// True if the timer has gone off, `due` or not: the caller looks what is due and polls again. Otherwise the task
    /// is woken at `due` at the latest.
    pub(crate) fn poll(&mut self, task: &mut Context<'_>, due: Option<Instant>) -> bool {
        let Some(due) = due.map(tokio::time::Instant::from_std) else { return false };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if !self.armed || sleep.deadline() > due {
            sleep.as_mut().reset(due);
        }
        self.armed = true;
        match sleep.as_mut().poll(task) {
            Poll::Ready(()) => {
                self.armed = false;
                true
            }
            Poll::Pending => false,
        }
    }
}
