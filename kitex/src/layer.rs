//! What stands between stubs and the wire, and how to write more of it.
//!
//! A layer is a [`tower::Layer`](Layer) over a service of [`Request`](crate::Request) and
//! [`Response`](crate::Response). Those of the tower crate can be used as they are, if their service is `Clone`; one of
//! one's own is shortest as a function, see [`from_fn`].

pub use kitex_middleware::{
    AccessLayer, AccessRule, AdaptiveConfig, AdaptiveLayer, AnswerFuture, AssignDeadlineLayer, BackOff,
    BreakerConfig, BreakerEvent, BreakerLayer, BreakerPicker, BreakerScope, BreakerState, CatchPanicLayer,
    ConcurrencyConfig, ConcurrencyLayer, DeadlineFuture, DeadlineLayer, DeadlineService, FallbackLayer,
    Fault, FaultHandle, FaultLayer, FaultRule, FromFn, FromFnLayer, Hedge, HedgeDelay, LayerFuture,
    LayerService, LayerStack, Match, Next, Outcome, PeerLimit, PeerLimitConfig, Priority, RateConfig,
    RateLayer, RetryBudget, RetryConfig, RetryEvent, RetryEventKind, RetryFuture, RetryLayer, RetryPolicy,
    RetryRule, RetryService, StandardSuite, Suite, TraceContext, TraceLayer, TraceParent, TripReason,
    fallback, from_fn, outcome_of,
};
#[cfg(feature = "metrics")]
pub use kitex_middleware::{MetricsLayer, StateMetrics};
pub use tower_layer::Layer;
pub use tower_service::Service;
