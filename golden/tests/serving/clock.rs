//! Time that the test moves by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// A clock that stands until it is moved.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Mutex<Times>>);

struct Times {
    now: Instant,
    alarms: Vec<Instant>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Times { now: Instant::now(), alarms: Vec::new() })))
    }

    pub(crate) fn now(&self) -> Instant {
        self.0.lock().unwrap().now
    }

    pub(crate) fn move_to(&self, now: Instant) {
        self.0.lock().unwrap().now = now;
    }

    /// The next moment that a sleeper waits for.
    pub(crate) fn next_alarm(&self) -> Option<Instant> {
        let times = self.0.lock().unwrap();
        times.alarms.iter().copied().filter(|alarm| *alarm > times.now).min()
    }

    pub(crate) fn sleep(&self, time: Duration) -> Sleep {
        let mut times = self.0.lock().unwrap();
        let until = times.now + time;
        times.alarms.push(until);
        Sleep { clock: self.clone(), until }
    }
}

/// Ends when the clock has been moved far enough.
pub(crate) struct Sleep {
    clock: Clock,
    until: Instant,
}

impl Future for Sleep {
    type Output = ();

    /// Wakes nobody: whoever moves the clock polls.
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.until { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let mut times = self.clock.0.lock().unwrap();
        if let Some(index) = times.alarms.iter().position(|alarm| *alarm == self.until) {
            times.alarms.swap_remove(index);
        }
    }
}
