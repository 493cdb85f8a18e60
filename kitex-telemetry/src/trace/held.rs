//! What belongs to a call and waits for its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::trace::v1::span::Event;

use super::Outlet;
use crate::otlp::EncodedSpan;

/// Spans and events within one call. Made when the first comes: most calls have none.
#[derive(Debug)]
pub(super) struct Held {
    outlet: Arc<Outlet>,
    /// Something within the call failed or was slow: all of it is kept.
    urgent: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was decided at the end of the call, for what comes after it.
    kept: Option<bool>,
    told: Told,
}

/// What has come until the end of a call.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) spans: Vec<EncodedSpan>,
    pub(super) events: Vec<Event>,
    pub(super) dropped_events: u32,
}

impl Told {
    /// Places that it takes among what is held.
    fn places(&self) -> usize {
        self.spans.len() + self.events.len()
    }
}

impl Held {
    pub(super) fn new(outlet: Arc<Outlet>) -> Self {
        Self { outlet, urgent: AtomicBool::new(false), state: Mutex::default() }
    }

    pub(super) fn is_urgent(&self) -> bool {
        self.urgent.load(Ordering::Relaxed)
    }

    pub(super) fn set_urgent(&self) {
        self.urgent.store(true, Ordering::Relaxed);
    }

    /// A span within the call has ended.
    pub(super) fn span(&self, span: EncodedSpan) {
        let mut state = self.state();
        match state.kept {
            Some(true) => self.outlet.send(span),
            Some(false) => {}
            None if self.admits(&state) => state.told.spans.push(span),
            None => self.outlet.dropped_held(),
        }
    }

    /// Something was told within the call, outside of its inner spans.
    pub(super) fn event(&self, event: Event) {
        let mut state = self.state();
        match state.kept {
            Some(_) => {}
            None if self.admits(&state) => state.told.events.push(event),
            None => {
                state.told.dropped_events += 1;
                self.outlet.dropped_held();
            }
        }
    }

    fn admits(&self, state: &State) -> bool {
        state.told.places() < self.outlet.sampler.held_per_call && self.outlet.hold()
    }

    /// The call has ended, and is kept or not: gives what waited for that. What comes later is not waited for.
    pub(super) fn end(&self, kept: bool) -> Told {
        let mut state = self.state();
        state.kept = Some(kept);
        self.outlet.release(state.told.places());
        std::mem::take(&mut state.told)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    /// A call whose end nobody was told gives its places back.
    fn drop(&mut self) {
        self.end(false);
    }
}
