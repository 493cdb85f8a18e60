//! Layers, collected before there is a service to put them on.

mod cloned;
mod own;

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use kitex_core::{BoxError, CallRef, Registry, Request, Response, SharedService};
use tower_layer::Layer;
use tower_service::Service;

use crate::guard::LayerService;
use crate::{DeadlineLayer, DeadlineService, TraceLayer};
use cloned::Cloned;

/// What a client or a server puts around all layers.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Frame {
    /// The span of the call, outside.
    pub trace: Option<TraceLayer>,
    /// The deadline of the call.
    pub deadline: Option<DeadlineLayer>,
}

impl Frame {
    fn is_bare(&self) -> bool {
        self.trace.is_none() && self.deadline.is_none()
    }

    /// Takes the type off a service inside the frame.
    fn around<S: CallRef + Clone>(&self, service: S) -> SharedService {
        if self.is_bare() {
            return SharedService::by_ref(service);
        }
        // A trace begins when its call does, just outside.
        let deadline = self.deadline.map(|layer| if self.trace.is_some() { layer.begun() } else { layer });
        let service = DeadlineService::new(service, deadline);
        SharedService::by_ref(LayerService::new(service, self.trace.clone()))
    }
}

/// Layers in the order in which a request passes them, with the state of those that have some. What is added first is
/// outside, as in tower's `ServiceBuilder`.
///
/// ```
/// use kitex_core::{Registry, Response, SharedService, Status};
/// use kitex_middleware::{CatchPanicLayer, Frame, LayerStack, TraceLayer};
///
/// let mut layers = LayerStack::default();
/// layers.push(TraceLayer::server());
/// layers.push(CatchPanicLayer::server());
/// assert_eq!(format!("{layers:?}"), r#"["TraceLayer", "CatchPanicLayer"]"#);
///
/// let handler = SharedService::from_fn(|_| Box::pin(async { Ok(Response::empty(Status::Ok)) }));
/// let service = layers.wrap(handler, &Frame::default());
/// ```
#[derive(Clone, Default)]
pub struct LayerStack {
    layers: Vec<Collected>,
    states: Registry,
}

type Wrap = dyn Fn(SharedService, &Frame) -> SharedService + Send + Sync;

#[derive(Clone)]
struct Collected {
    name: &'static str,
    wrap: Arc<Wrap>,
    may_wait: bool,
}

impl LayerStack {
    /// Adds a layer, inside of those that are there.
    pub fn push<L>(&mut self, layer: L)
    where
        L: Layer<SharedService> + Send + Sync + 'static,
        L::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let may_wait = !own::waits_beneath_only(&layer);
        let wrap = own::by_ref(&layer)
            .unwrap_or_else(|| Arc::new(move |inner, frame| frame.around(Cloned(layer.layer(inner)))));
        self.layers.push(Collected { name: short_name(type_name::<L>()), wrap, may_wait });
    }

    /// Adds a layer whose service is called by reference, and which waits for nothing but what is beneath.
    pub(crate) fn push_ref<L>(&mut self, name: &'static str, layer: L)
    where
        L: Layer<SharedService> + Send + Sync + 'static,
        L::Service: CallRef + Clone,
    {
        let wrap: Arc<Wrap> = Arc::new(move |inner, frame| frame.around(layer.layer(inner)));
        self.layers.push(Collected { name, wrap, may_wait: false });
    }

    /// Adds the layers of another stack, and what it lists.
    pub fn extend(&mut self, other: &Self) {
        self.layers.extend(other.layers.iter().cloned());
        self.states.extend(&other.states);
    }

    /// True if there is no layer.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// True if a call may wait in a layer for something else than its answer from beneath, so that one who keeps its
    /// deadline there does not end it in time. Known of the layers of this crate; any other may.
    pub fn may_wait(&self) -> bool {
        self.layers.iter().any(|layer| layer.may_wait)
    }

    /// Where the state of its layers is listed.
    pub fn states(&self) -> &Registry {
        &self.states
    }

    /// A service inside of all layers, and these inside of a frame. The outermost layer and the frame have one box
    /// together.
    pub fn wrap(&self, service: SharedService, frame: &Frame) -> SharedService {
        let Some((outermost, others)) = self.layers.split_first() else { return frame.around(service) };
        let bare = Frame::default();
        let inner = others.iter().rev().fold(service, |inner, layer| (layer.wrap)(inner, &bare));
        (outermost.wrap)(inner, frame)
    }
}

/// `RateLayer` for `kitex_middleware::rate::RateLayer`; of generic types the name before their arguments.
fn short_name(path: &'static str) -> &'static str {
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

impl fmt::Debug for LayerStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.layers.iter().map(|layer| layer.name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FaultLayer, RetryConfig, RetryLayer, Suite, from_fn};

    #[test]
    fn only_layers_that_wait_for_nothing_else_are_trusted_with_a_deadline_that_is_kept_beneath() {
        let mut stack = LayerStack::default();
        stack.extend(Suite::from(Suite::standard()).client_layers());
        stack.push(RetryLayer::new(RetryConfig::default()).unwrap());
        stack.push(TraceLayer::client());
        assert!(!stack.may_wait());
        let (mut fault, mut any) = (stack.clone(), stack);
        fault.push(FaultLayer::seeded(1));
        any.push(from_fn(|request, next: crate::Next| async move { next.run(request).await }));
        assert!(fault.may_wait() && any.may_wait());
    }
}
