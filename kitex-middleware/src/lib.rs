//! Layers between stubs and the transport, one file each.
//!
//! They are tower layers over a service of [`Request`](kitex_core::Request) and [`Response`](kitex_core::Response), and
//! work alike on both sides, over any transport or none:
//!
//! - [`DeadlineLayer`]: one deadline over everything that a call does.
//! - [`TraceLayer`]: a span for each call, and the trace carried from service to service.
//! - [`AccessLayer`]: who may call what.
//! - [`FallbackLayer`]: what a call ends with in place of a failure.
//! - [`CatchPanicLayer`]: panics as errors.
//! - [`FaultLayer`]: faults on purpose, for tests and drills.
//! - [`BreakerLayer`], [`BreakerPicker`]: methods and endpoints that keep failing are left alone for a while.
//! - [`RetryLayer`]: calls that are made again, and backup requests.
//! - `MetricsLayer` (feature `metrics`): how many calls, how long, how large, how they ended. `StateMetrics`: connections,
//!   breakers and limits.
//! - [`RateLayer`], [`ConcurrencyLayer`], [`AdaptiveLayer`]: limits of calls; [`PeerLimit`]: of connections.
//! - [`from_fn`]: any layer, written as an async function.
//!
//! [`Suite::standard`] is most of them, for both sides.

mod accept;
mod access;
mod adaptive;
mod breaker;
mod clock;
mod concurrency;
mod deadline;
pub mod fallback;
mod fault;
mod figures;
mod from_fn;
mod guard;
mod last;
mod limit;
mod matching;
mod methods;
#[cfg(feature = "metrics")]
mod metrics;
mod panic;
mod random;
mod rate;
mod retry;
mod shard;
mod stack;
#[cfg(feature = "metrics")]
mod states;
mod suite;
mod trace;

pub use kitex_core::{TraceContext, TraceParent};

pub use accept::{PeerLimit, PeerLimitConfig};
pub use access::{AccessLayer, AccessRule};
pub use adaptive::{AdaptiveConfig, AdaptiveLayer, Priority};
pub use breaker::{
    BreakerConfig, BreakerEvent, BreakerLayer, BreakerPicker, BreakerScope, BreakerState, Outcome,
    TripReason, outcome_of,
};
pub use concurrency::{ConcurrencyConfig, ConcurrencyLayer};
pub use deadline::{AssignDeadlineLayer, DeadlineFuture, DeadlineLayer, DeadlineService};
pub use fallback::FallbackLayer;
pub use fault::{Fault, FaultHandle, FaultLayer, FaultRule};
pub use from_fn::{FromFn, FromFnLayer, Next, from_fn};
pub use guard::{AnswerFuture, LayerCall, LayerFuture, LayerService};
pub use matching::Match;
#[cfg(feature = "metrics")]
pub use metrics::{CallMeter, CallMeters, CallSeries, MetricsLayer, set_call_meters};
pub use panic::CatchPanicLayer;
pub use rate::{RateConfig, RateLayer};
pub use retry::{
    BackOff, Hedge, HedgeDelay, RetryBudget, RetryConfig, RetryEvent, RetryEventKind, RetryFuture,
    RetryLayer, RetryPolicy, RetryRule, RetryService,
};
pub use stack::{Frame, LayerStack};
#[cfg(feature = "metrics")]
pub use states::StateMetrics;
pub use suite::{StandardSuite, Suite};
pub use trace::{EndedCall, SpanOutcome, SpanScope, SpanSink, TraceLayer, set_span_sink};
