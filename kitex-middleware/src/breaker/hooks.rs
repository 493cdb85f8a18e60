//! What a user adds to a breaker: another classification, and subscribers to its changes.

use std::fmt;
use std::sync::Arc;

use kitex_core::CallResult;

use super::event::{BreakerEvent, BreakerScope};
use super::outcome::{Outcome, outcome_of};
use super::state::Change;
use crate::panic::catch;

type Classify = dyn Fn(&CallResult) -> Outcome + Send + Sync;

type Subscriber = dyn Fn(&BreakerEvent) + Send + Sync;

/// Functions of the user's. What panics in them ends here.
#[derive(Clone, Default)]
pub(super) struct Hooks {
    pub(super) classify: Option<Arc<Classify>>,
    pub(super) subscribers: Vec<Arc<Subscriber>>,
}

impl Hooks {
    /// The outcome of a call. The error is what a panic said.
    pub(super) fn classify(&self, result: &CallResult) -> Result<Outcome, String> {
        match &self.classify {
            None => Ok(outcome_of(result)),
            Some(classify) => catch(|| classify(result)),
        }
    }

    /// Tells the subscribers. The answer of the call that has made the change is not theirs: one that panics is reported
    /// to those who trace, and the others are told all the same.
    pub(super) fn tell(&self, change: Change, scope: &BreakerScope) {
        if self.subscribers.is_empty() {
            return;
        }
        let Change { from, to, reason, at } = change;
        let event = BreakerEvent { scope: scope.clone(), from, to, reason, at };
        for subscriber in &self.subscribers {
            if let Err(said) = catch(|| subscriber(&event)) {
                tracing::error!(target: "kitex", scope = %event.scope, "a breaker's on_change panicked: {said}");
            }
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("classify", &self.classify.is_some())
            .field("subscribers", &self.subscribers.len())
            .finish()
    }
}
