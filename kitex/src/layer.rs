//! What stands between stubs and the wire, and how to write more of it.
//!
//! A layer is a [`tower::Layer`](Layer) over a service of [`Request`](crate::Request) and
//! [`Response`](crate::Response). Those of the tower crate can be used as they are, if their service is `Clone`; one of
//! one's own is shortest as a function, see [`from_fn`].

pub use kitex_middleware::{
    AssignDeadlineLayer, DeadlineFuture, DeadlineLayer, DeadlineService, FromFn, FromFnLayer, Next,
    TraceContext, TraceLayer, TraceParent, from_fn,
};
pub use tower_layer::Layer;
pub use tower_service::Service;
