//! A limit that moves, and the calls beneath it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use kitex_core::{CallResult, ErrorKind};

use super::AdaptiveConfig;
use super::gradient::{Gradient, Seen};
use crate::clock::{ended_at, now};
use crate::limit::{Counter, OUT_OF_ORDER, nanos};
use crate::methods::Spot;

/// The longest time that is counted of one call: more of them than can be made fit into a sum.
const LONGEST: u64 = 3600 * 1_000_000_000;

#[derive(Debug)]
pub(super) struct State {
    config: Arc<AdaptiveConfig>,
    pub(super) running: Counter,
    limit: AtomicU32,
    window: Window,
    gradient: Mutex<Gradient>,
    epoch: Instant,
}

/// What is seen until a limit is looked at again.
#[derive(Debug, Default)]
struct Window {
    /// In nanoseconds since the epoch.
    began: AtomicU64,
    /// How long it is to last.
    length: AtomicU64,
    calls: AtomicU64,
    /// What they took together, in nanoseconds.
    took: AtomicU64,
}

impl State {
    pub(super) fn new(config: &Arc<AdaptiveConfig>) -> Self {
        let window = Window { length: AtomicU64::new(config.window_nanos()), ..Window::default() };
        Self {
            config: Arc::clone(config),
            running: Counter::default(),
            limit: AtomicU32::new(config.initial),
            window,
            gradient: Mutex::new(Gradient::new(config)),
            epoch: now(),
        }
    }

    /// Calls that may run at a time.
    pub(super) fn limit(&self) -> u32 {
        self.limit.load(Ordering::Relaxed)
    }

    /// The least time that calls took on average, in nanoseconds.
    pub(super) fn floor(&self) -> Option<f64> {
        self.gradient.lock().ok()?.floor()
    }

    /// The same, unless it is being changed: for those who cannot wait.
    fn floor_seen(&self) -> Option<f64> {
        self.gradient.try_lock().ok()?.floor()
    }

    /// Notes what a call took that has ended.
    fn note(&self, began: Instant, ended: Instant) {
        let took = nanos(began, ended).min(LONGEST);
        self.window.took.fetch_add(took, Ordering::Relaxed);
        let calls = self.window.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if calls >= u64::from(self.config.samples) {
            self.look(nanos(self.epoch, ended));
        }
    }

    /// Ends the window if it has lasted long enough.
    fn look(&self, now: u64) {
        let began = self.window.began.load(Ordering::Relaxed);
        let is_over = now.saturating_sub(began) >= self.length();
        let is_wrong = u128::from(began.saturating_sub(now)) > OUT_OF_ORDER.as_nanos();
        if is_over || is_wrong {
            self.end_window(began, now);
        }
    }

    /// How long the window is to last. One that is long because calls took long is short again as soon as they do not: after
    /// a stall the limit is low, and would stay so for twice as long as the stall.
    fn length(&self) -> u64 {
        let Window { length, calls, took, .. } = &self.window;
        let (length, least) = (length.load(Ordering::Relaxed), self.config.window_nanos());
        if length <= least {
            return length;
        }
        let average = took.load(Ordering::Relaxed) / calls.load(Ordering::Relaxed).max(1);
        length.min(average.saturating_mul(2)).max(least)
    }

    /// Once for each window, by one of the calls that end then; no other waits for it.
    #[cold]
    fn end_window(&self, began: u64, now: u64) {
        let Ok(mut gradient) = self.gradient.try_lock() else { return };
        let window = &self.window;
        if window.began.compare_exchange(began, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let took = window.took.swap(0, Ordering::Relaxed) as f64;
        let calls = window.calls.swap(0, Ordering::Relaxed) as f64;
        let lasted = now.saturating_sub(began) as f64;
        // A window that a clock has ended by going back has seen nothing that can be believed.
        if calls == 0.0 || took == 0.0 || lasted == 0.0 {
            return;
        }
        // By Little's law, as many ran at a time as took this long together.
        let seen = Seen { now, latency: took / calls, busy: took / lasted };
        self.limit.store(gradient.next(&self.config, seen), Ordering::Relaxed);
        // Two calls after another fit into a window, so that what a limit changes is seen in the next one but one.
        let length = self.config.window_nanos().max((2.0 * seen.latency) as u64);
        window.length.store(length, Ordering::Relaxed);
    }
}

/// A call that runs beneath a limit.
#[derive(Debug)]
pub struct Running {
    spot: Spot,
    began: Instant,
    answered: bool,
}

impl Running {
    /// One that was counted.
    pub(super) fn new(spot: Spot, began: Instant) -> Self {
        Self { spot, began, answered: false }
    }

    /// Where its limit is.
    pub(super) fn spot(&self) -> Spot {
        self.spot
    }

    /// What failed early says nothing of how long calls take; what ran out of time says that it is too long.
    pub(super) fn answered(&mut self, state: &State, result: &mut CallResult) -> bool {
        self.answered = true;
        let counts = match result {
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::Deadline && !error.is_retry_safe(),
        };
        if counts {
            let ended = ended_at(result);
            state.note(self.began, ended);
        }
        true
    }

    /// A call that was given up would have taken longer: that counts if it has taken long already.
    pub(super) fn over(&self, state: &State) {
        if !self.answered {
            let ended = now();
            let took = nanos(self.began, ended) as f64;
            if state.floor_seen().is_some_and(|floor| took > floor) {
                state.note(self.began, ended);
            }
        }
        state.running.leave();
    }
}
