//! Layers that go together, under one name.

mod standard;

use std::borrow::Cow;

use kitex_core::{BoxError, Registry, Request, Response, SharedService};
use tower_layer::Layer;
use tower_service::Service;

use crate::LayerStack;

pub use standard::StandardSuite;

/// Layers that go together, under one name: those of a client and those of a server.
///
/// [`standard`](Self::standard) is the one to begin with. One of one's own is made of any layers; each is given by a
/// function of the registry in which what has a state is listed, so that it is found again in that of the client or the
/// server which takes the suite on:
///
/// ```
/// use kitex_middleware::{ConcurrencyConfig, ConcurrencyLayer, RateConfig, RateLayer, Suite};
///
/// let (rate, calls) = (RateLayer::new(RateConfig::new(500.0, 50))?, ConcurrencyConfig::new(64));
/// let calls = ConcurrencyLayer::new(calls)?;
/// let edge = Suite::new("edge").client(|states| rate.register(states)).server(|states| calls.register(states));
/// assert_eq!(edge.name(), "edge");
/// assert_eq!(format!("{:?}", edge.server_layers()), r#"["ConcurrencyLayer"]"#);
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
///
/// Clones share the state of the layers: clients that take on the same suite have one limit together. Those that shall
/// have their own take on a suite each.
#[derive(Debug, Clone)]
pub struct Suite {
    name: Cow<'static, str>,
    client: LayerStack,
    server: LayerStack,
}

impl Suite {
    /// A suite without layers.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), client: LayerStack::default(), server: LayerStack::default() }
    }

    /// What keeps a service up, with settings that suit most: see [`StandardSuite`].
    pub fn standard() -> StandardSuite {
        StandardSuite::new()
    }

    /// Adds a layer to clients, inside of those that are there.
    pub fn client<L>(mut self, layer: impl FnOnce(&Registry) -> L) -> Self
    where
        L: Layer<SharedService> + Send + Sync + 'static,
        L::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let layer = layer(self.client.states());
        self.client.push(layer);
        self
    }

    /// Adds a layer to servers, inside of those that are there.
    pub fn server<L>(mut self, layer: impl FnOnce(&Registry) -> L) -> Self
    where
        L: Layer<SharedService> + Send + Sync + 'static,
        L::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let layer = layer(self.server.states());
        self.server.push(layer);
        self
    }

    /// What the suite is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a client gets.
    pub fn client_layers(&self) -> &LayerStack {
        &self.client
    }

    /// What a server gets.
    pub fn server_layers(&self) -> &LayerStack {
        &self.server
    }
}
