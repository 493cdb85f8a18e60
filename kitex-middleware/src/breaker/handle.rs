//! A breaker with what belongs to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use kitex_codec::Str;
use kitex_core::{CallResult, Error, ErrorKind, Figure, Method, Request, Stage};

use super::config::BreakerConfig;
use super::event::{BreakerScope, BreakerState, TripReason, seconds};
use super::hooks::Hooks;
use super::outcome::Outcome;
use super::running::Running;
use super::state::{Change, Circuit, End, Refusal, Ticket};
use crate::clock::{began_at, now};
use crate::figures::{named, rpc_method};
use crate::last::Last;
use crate::methods::Spot;
use crate::shard::{shard, shards};

/// A breaker.
pub(super) struct Breaker {
    scope: BreakerScope,
    circuit: Circuit,
    hooks: Hooks,
    /// What the call failed with that has opened the breaker.
    last_error: Last,
    /// How many breakers beside this one are not closed.
    not_closed: Arc<AtomicUsize>,
}

impl Breaker {
    pub(super) fn new(
        scope: BreakerScope,
        config: &Arc<BreakerConfig>,
        hooks: &Hooks,
        not_closed: &Arc<AtomicUsize>,
    ) -> Self {
        let circuit = Circuit::new(Arc::clone(config), shards(), now);
        let not_closed = Arc::clone(not_closed);
        Self { scope, circuit, hooks: hooks.clone(), last_error: Last::default(), not_closed }
    }

    pub(super) fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Lets a call pass or not. `spot` is where this breaker is.
    #[inline]
    pub(super) fn admit(
        &self,
        spot: Spot,
        request: &mut Request,
        held: &mut Option<Running>,
    ) -> Result<(), Error> {
        let began = self.circuit.config().slow_call.map(|_| began_at(request));
        let ticket = match self.circuit.admit_if_closed() {
            Some(ticket) => ticket,
            None => self.admit_at(began_at(request), &request.method)?,
        };
        held.get_or_insert_with(|| {
            Running::new(spot, ticket, began, request.context.deadline, request.method.clone())
        });
        Ok(())
    }

    #[cold]
    fn admit_at(&self, at: Instant, method: &Method) -> Result<Ticket, Error> {
        let (admitted, change) = self.circuit.admit(at);
        self.tell(change);
        admitted.map_err(|refusal| self.refused(refusal, method))
    }

    /// True if a call may pass at `at`: the one that asks is it.
    pub(super) fn admits(&self, at: Instant) -> bool {
        let (admitted, change) = self.circuit.admit(at);
        self.tell(change);
        admitted.is_ok()
    }

    /// A call that was admitted at `began`; nothing if the state has changed since.
    pub(super) fn resume(&self, began: Instant, method: &Method) -> Option<Running> {
        let ticket = self.circuit.ticket_of(began)?;
        Some(Running::new(Spot::OTHERS, ticket, Some(began), None, method.clone()))
    }

    /// Its name and its state.
    pub(super) fn inspect(&self) -> (String, Value) {
        let mut state = self.circuit.inspect();
        state["last_error"] = self.last_error.get().into();
        (self.scope.to_string(), state)
    }

    /// For metrics: its state, and what it has done. `name` is that of all breakers of the layer.
    pub(super) fn figures(&self, name: &Str) -> [Figure; 3] {
        let (trips, refused) = self.circuit.counts();
        let (key, value) = match &self.scope {
            BreakerScope::Method(method) => ("rpc.method", rpc_method(Some(method))),
            BreakerScope::OtherMethods => ("rpc.method", rpc_method(None)),
            BreakerScope::Endpoint { address, .. } => ("server.address", Str::from(&**address)),
        };
        [
            Figure::level("kitex.breaker.state", self.circuit.state().level()),
            Figure::counter("kitex.breaker.trips", trips),
            Figure::counter("kitex.breaker.refused", refused),
        ]
        .map(|figure| named(figure.with(key, value.clone()), "kitex.breaker.name", name))
    }

    pub(super) fn scope(&self) -> &BreakerScope {
        &self.scope
    }

    /// The outcome of a call. The error is that of a classification that has panicked.
    #[inline]
    pub(super) fn classify(&self, result: &CallResult, method: &Method) -> Result<Outcome, Error> {
        let outcome = self.hooks.classify(result);
        outcome.map_err(|said| crate::panic::closure_panicked("the breaker's classify", method, &said))
    }

    /// Takes what a call has come to, and what it has failed with.
    #[inline]
    pub(super) fn settle(&self, ticket: Ticket, end: End, error: Option<&Error>) {
        if let Some(change) = self.circuit.settle(shard(), ticket, end) {
            if let (BreakerState::Open, Some(error)) = (change.to, error) {
                self.last_error.note(error.to_string());
            }
            self.tell(Some(change));
        }
    }

    pub(super) fn give_back(&self, ticket: Ticket) {
        self.circuit.give_back(ticket);
    }

    #[inline]
    fn tell(&self, change: Option<Change>) {
        if let Some(change) = change {
            self.has_changed(change);
        }
    }

    #[cold]
    fn has_changed(&self, change: Change) {
        if change.from == BreakerState::Closed {
            self.not_closed.fetch_add(1, Ordering::Relaxed);
        } else if change.to == BreakerState::Closed {
            self.not_closed.fetch_sub(1, Ordering::Relaxed);
        }
        self.hooks.tell(change, &self.scope);
    }

    #[cold]
    fn refused(&self, refusal: Refusal, method: &Method) -> Error {
        let Refusal { state, reason, next } = refusal;
        let config = self.circuit.config();
        let why = reason.text(config.window(), config.slow_call.map(|(limit, _)| limit));
        let text = format!("the circuit breaker is {state}: {why}; the next try in {}", seconds(next));
        Error::refused(reason.setting(), text).with_push_back(next).with_method(method)
    }
}

/// True for a call that a breaker of this side has refused.
pub(crate) fn is_refused(error: &Error) -> bool {
    error.kind() == ErrorKind::Limit && error.setting().is_some_and(TripReason::is_setting)
}

/// What a call has come to that was dropped after its deadline: whoever dropped it did so for that.
#[cold]
pub(super) fn dropped_late(method: &Method) -> CallResult {
    Err(Error::deadline(Stage::Read).with_method(method))
}

/// How long a call took, if both times are known. A clock that was set back says nothing.
pub(super) fn took(began: Option<Instant>, ended: Instant) -> Option<Duration> {
    ended.checked_duration_since(began?)
}
