//! What a retry layer knows of its methods.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use kitex_core::{Error, Figure, Inspect, Method, SettingError};
use serde_json::{Map, Value, json};

use super::budget::Purse;
use super::counter::Counter;
use super::event::Subscriber;
use super::latency::Latency;
use super::{HedgeDelay, RetryConfig, RetryEvent, RetryEventKind, RetryPolicy};
use crate::figures::{named, rpc_method};
use crate::last::Last;
use crate::methods::PerMethod;
use crate::panic::catch;
use crate::random::Random;

/// What all clones of a layer share.
pub(super) struct State {
    name: String,
    pub(super) methods: PerMethod<MethodState>,
    pub(super) purse: Purse,
    pub(super) random: Random,
    subscriber: Option<Arc<Subscriber>>,
}

/// What is kept for a method.
pub(super) struct MethodState {
    pub(super) policy: RetryPolicy,
    pub(super) idempotent: bool,
    pub(super) latency: Option<Latency>,
    pub(super) calls: Counter,
    counts: Counts,
    /// What an attempt has failed with for which something was done, or could not be.
    last_error: Last,
}

/// How often each kind of event has happened.
#[derive(Default)]
struct Counts {
    retries: AtomicU64,
    hedges: AtomicU64,
    hedges_won: AtomicU64,
    out_of_attempts: AtomicU64,
    out_of_time: AtomicU64,
    out_of_budget: AtomicU64,
    chain_stopped: AtomicU64,
}

impl State {
    pub(super) fn new(mut config: RetryConfig, now: Instant) -> Result<Self, SettingError> {
        config.check()?;
        Ok(Self {
            name: std::mem::take(&mut config.name),
            purse: Purse::new(config.budget, now)?,
            random: config.seed.map_or_else(Random::new, Random::seeded),
            subscriber: config.take_subscriber(),
            methods: PerMethod::new(move |method| MethodState::new(&config, method)),
        })
    }

    /// Counts something, and tells whoever wants to know.
    #[cold]
    pub(super) fn note(
        &self,
        (state, method): (&MethodState, &Method),
        kind: RetryEventKind,
        attempts: u32,
        error: Option<&Error>,
    ) {
        state.counts.of(kind).fetch_add(1, Ordering::Relaxed);
        if let Some(error) = error {
            state.last_error.note(error.to_string());
        }
        let last = error.map(tracing::field::display);
        tracing::debug!(target: "kitex", %method, attempts, error = last, "{}", kind.name());
        if let Some(subscriber) = &self.subscriber {
            // The panic hook has reported it; the call has nothing to do with it.
            let _ = catch(|| subscriber(&RetryEvent { method, kind, attempts, error }));
        }
    }
}

impl MethodState {
    fn new(config: &RetryConfig, method: Option<&Method>) -> Self {
        let (policy, idempotent) = config.resolve(method);
        let latency = match policy.hedge.map(|hedge| hedge.delay) {
            Some(HedgeDelay::Percentile { percentile, .. }) if idempotent => Some(Latency::new(percentile)),
            _ => None,
        };
        Self {
            policy,
            idempotent,
            latency,
            calls: Counter::default(),
            counts: Counts::default(),
            last_error: Last::default(),
        }
    }

    /// Whether a call of the method can ever be made again.
    pub(super) fn repeats(&self) -> bool {
        self.policy.attempts > 1 && (self.hedges() || !self.policy.rule.sees_nothing())
    }

    /// Whether a backup request can ever be sent.
    pub(super) fn hedges(&self) -> bool {
        self.idempotent && self.policy.hedge.is_some()
    }

    /// For metrics: the further attempts that were made, and those that were not, by reason.
    fn figures(&self) -> impl Iterator<Item = Figure> {
        let Counts { retries, hedges, out_of_attempts, out_of_time, out_of_budget, chain_stopped, .. } =
            &self.counts;
        let made = [("retry", retries), ("hedge", hedges)];
        let refused = [
            ("attempts", out_of_attempts),
            ("time", out_of_time),
            ("budget", out_of_budget),
            ("chain", chain_stopped),
        ];
        let figure = |name, key, (value, count): (&'static str, &AtomicU64)| {
            Figure::counter(name, count.load(Ordering::Relaxed)).with(key, value)
        };
        let made = made.map(|count| figure("kitex.retry.attempts", "kitex.retry.kind", count));
        let refused = refused.map(|count| figure("kitex.retry.refused", "kitex.retry.reason", count));
        made.into_iter().chain(refused)
    }

    fn inspect(&self) -> Value {
        let count = |kind| self.counts.of(kind).load(Ordering::Relaxed);
        let (calls, retries) = (self.calls.sum(), self.counts.retries.load(Ordering::Relaxed));
        let hedges = count(RetryEventKind::Hedge);
        let percentile = self.latency.as_ref().and_then(Latency::percentile);
        json!({
            "calls": calls,
            "attempts": calls + retries + hedges,
            "retries": retries,
            "hedges": hedges,
            "hedges_won": count(RetryEventKind::HedgeWon),
            "out_of_attempts": count(RetryEventKind::OutOfAttempts),
            "out_of_time": count(RetryEventKind::OutOfTime),
            "out_of_budget": count(RetryEventKind::OutOfBudget),
            "chain_stopped": count(RetryEventKind::ChainStopped),
            "hedge_after_us": percentile.map(|delay| delay.as_micros() as u64),
            "last_error": self.last_error.get(),
        })
    }
}

impl Counts {
    fn of(&self, kind: RetryEventKind) -> &AtomicU64 {
        match kind {
            RetryEventKind::Retry { .. } => &self.retries,
            RetryEventKind::Hedge => &self.hedges,
            RetryEventKind::HedgeWon => &self.hedges_won,
            RetryEventKind::OutOfAttempts => &self.out_of_attempts,
            RetryEventKind::OutOfTime => &self.out_of_time,
            RetryEventKind::OutOfBudget => &self.out_of_budget,
            RetryEventKind::ChainStopped => &self.chain_stopped,
        }
    }
}

impl Inspect for State {
    fn kind(&self) -> &'static str {
        "retry"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn inspect(&self) -> Value {
        let named = |(method, state): (Option<&Method>, &Arc<MethodState>)| {
            (method.map_or_else(|| "(others)".to_owned(), Method::to_string), state.inspect())
        };
        let methods: Map<_, _> = self.methods.iter().map(named).collect();
        json!({ "budget": self.purse.inspect(), "methods": methods })
    }

    fn figures(&self) -> Vec<Figure> {
        let mut all = vec![Figure::gauge("kitex.retry.saved", self.purse.saved())];
        for (method, state) in self.methods.iter() {
            let of = |figure: Figure| figure.with("rpc.method", rpc_method(method));
            all.extend(state.figures().map(of));
        }
        all.into_iter().map(|figure| named(figure, "kitex.retry.name", &self.name)).collect()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("name", &self.name).field("purse", &self.purse).finish_non_exhaustive()
    }
}
