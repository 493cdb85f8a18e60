//! Layers, collected before there is a service to put them on.

use std::fmt;
use std::sync::Arc;

use kitex_core::{BoxError, Request, Response, SharedService};
use tower_layer::Layer;
use tower_service::Service;

type Wrap = dyn Fn(SharedService) -> SharedService + Send + Sync;

/// Layers in the order in which a request passes them.
#[derive(Clone, Default)]
pub(crate) struct Stack(Vec<Arc<Wrap>>);

impl Stack {
    pub(crate) fn push<L>(&mut self, layer: L)
    where
        L: Layer<SharedService> + Send + Sync + 'static,
        L::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.0.push(Arc::new(move |inner| SharedService::new(layer.layer(inner))));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn wrap(&self, service: SharedService) -> SharedService {
        self.0.iter().rev().fold(service, |inner, layer| layer(inner))
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} layers", self.0.len())
    }
}
