//! What belongs to a call and waits for its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;

use super::Outlet;

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
    spans: Vec<Span>,
    events: Vec<Event>,
    dropped_events: u32,
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
    pub(super) fn span(&self, span: Span) {
        let mut state = self.state();
        match state.kept {
            Some(true) => self.outlet.send(span),
            Some(false) => {}
            None if self.admits(&state) => state.spans.push(span),
            None => self.outlet.dropped_held(),
        }
    }

    /// Something was told within the call, outside of its inner spans.
    pub(super) fn event(&self, event: Event) {
        let mut state = self.state();
        match state.kept {
            Some(_) => {}
            None if self.admits(&state) => state.events.push(event),
            None => {
                state.dropped_events += 1;
                self.outlet.dropped_held();
            }
        }
    }

    fn admits(&self, state: &State) -> bool {
        state.spans.len() + state.events.len() < self.outlet.sampler.held_per_call && self.outlet.hold()
    }

    /// The call has ended and is kept: its events go to its span, and its inner spans out.
    pub(super) fn keep(&self, call: &mut Span) {
        for span in self.end(true, call) {
            self.outlet.send(span);
        }
    }

    /// The call has ended inside of another, which decides. What comes later is not waited for.
    pub(super) fn pass_on(&self, call: &mut Span, outer: &Held) {
        for span in self.end(false, call) {
            outer.span(span);
        }
    }

    /// The call has ended and is not kept.
    pub(super) fn discard(&self) {
        self.end(false, &mut Span::default());
    }

    fn end(&self, kept: bool, call: &mut Span) -> Vec<Span> {
        let mut state = self.state();
        state.kept = Some(kept);
        self.outlet.release(state.spans.len() + state.events.len());
        call.events.append(&mut state.events);
        call.dropped_events_count += state.dropped_events;
        std::mem::take(&mut state.spans)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    /// A call whose end nobody was told gives its places back.
    fn drop(&mut self) {
        self.discard();
    }
}
