//! Layers between stubs and the transport, one file each.
//!
//! They are tower layers over a service of [`Request`](kitex_core::Request) and [`Response`](kitex_core::Response), and
//! work alike on both sides, over any transport or none:
//!
//! - [`DeadlineLayer`]: one deadline over everything that a call does.
//! - [`TraceLayer`]: a span for each call, and the trace carried from service to service.
//! - [`from_fn`]: any layer, written as an async function.

mod deadline;
mod from_fn;
mod trace;

pub use deadline::{AssignDeadlineLayer, DeadlineFuture, DeadlineLayer, DeadlineService};
pub use from_fn::{FromFn, FromFnLayer, Next, from_fn};
pub use trace::{TraceContext, TraceLayer, TraceParent};
