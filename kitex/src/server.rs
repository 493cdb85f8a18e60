//! Servers, set up and run.

mod bound;
mod signals;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kitex_codec::Limits;
use kitex_core::{
    AcceptPolicy, BoxError, Execution, NamedService, Observer, Registry, Request, Response, Router,
    SettingError, SharedService,
};
use kitex_middleware::{DeadlineLayer, Frame, LayerStack, Suite, TraceLayer};
use kitex_transport::{Addresses, Bound, ServeError, ServerSettings, SocketOptions};
use tower_layer::Layer;
use tower_service::Service;

pub use bound::BoundServer;

/// A server of one or several services on one port, for every framing and for ping-pong and multiplexed callers alike.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/idl/parrot.rs"));
/// use std::time::Duration;
///
/// use echo::EchoServer;
/// use kitex::Server;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::new()
///     .add(EchoServer::new(Parrot))
///     .max_connections(10_000)
///     .grace(Duration::from_secs(5));
/// # let told = async {};
/// server.serve_until("127.0.0.1:0", told).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a server does nothing before it serves"]
pub struct Server {
    router: Router,
    fallback: Option<String>,
    executions: Vec<(String, String, Execution)>,
    layers: LayerStack,
    settings: ServerSettings,
    registry: Option<Registry>,
    default_timeout: Option<Duration>,
    traced: bool,
}

impl Server {
    /// A server without services.
    pub fn new() -> Self {
        Self {
            router: Router::new(),
            fallback: None,
            executions: Vec::new(),
            layers: LayerStack::default(),
            settings: ServerSettings::default(),
            registry: None,
            default_timeout: None,
            traced: true,
        }
    }

    /// Adds a service: what kitex-build generates as `XServer`.
    #[expect(clippy::should_implement_trait, reason = "a server is no number")]
    pub fn add<S>(mut self, service: S) -> Self
    where
        S: NamedService + Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.router.add(service);
        self
    }

    /// Names the service that gets requests which name none, as those over Framed and Buffered do. Needed where two
    /// services have a method of the same name; without it they are told apart by their methods.
    pub fn fallback(mut self, service: impl Into<String>) -> Self {
        self.fallback = Some(service.into());
        self
    }

    /// Says where calls of a method run, by its names in the IDL: for handlers that block or compute. What the IDL asks
    /// for, by the annotation `kitex.execution`, is no longer heard for that method.
    pub fn execution(
        mut self,
        service: impl Into<String>,
        method: impl Into<String>,
        execution: Execution,
    ) -> Self {
        self.executions.push((service.into(), method.into(), execution));
        self
    }

    /// Refuses requests that do not name a service that is here. Then every caller needs a TTHeader.
    pub fn strict(mut self) -> Self {
        self.router.set_strict(true);
        self
    }

    /// Gives requests for services and methods that are not here to `service`, undecoded: for proxies.
    pub fn unknown<S>(mut self, service: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.router.set_unknown(SharedService::new(service));
        self
    }

    /// Adds a layer around every service, those added later included. A request passes the layers in the order in which
    /// they were added, and its answer in the reverse: as in tower's `ServiceBuilder`.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<SharedService> + Send + Sync + 'static,
        L::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Error: Into<BoxError>,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.layers.push(layer);
        self
    }

    /// Adds the layers that a suite has for servers, where it stands among those added by [`layer`](Self::layer).
    /// [`Suite::standard`] is what keeps a service up. Its state is listed in the [`registry`](Self::registry).
    pub fn suite(mut self, suite: impl Into<Suite>) -> Self {
        self.layers.extend(suite.into().server_layers());
        self
    }

    /// Leaves the [`TraceLayer`] out: no span. A trace that comes is still passed on by the calls of handlers.
    pub fn untraced(mut self) -> Self {
        self.traced = false;
        self
    }

    /// How long a call may take that comes without a deadline, as those over Framed and Buffered do. Without this, for
    /// as long as its caller stays; with it, such a call costs a timer if its handler has to wait.
    pub fn default_timeout(mut self, timeout: Duration) -> Self {
        self.default_timeout = Some(timeout);
        self
    }

    /// How long a call may take at most, whatever its caller grants or leaves open. 5 minutes.
    pub fn max_call_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connection.max_call_timeout = timeout;
        self
    }

    /// How long after its caller's deadline a call is ended here, so that a caller which keeps time itself sees its own
    /// timeout first. 50 milliseconds.
    pub fn deadline_slack(mut self, time: Duration) -> Self {
        self.settings.connection.deadline_slack = time;
        self
    }

    /// Bounds on messages in both directions.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Connections at a time; one more is closed at once. 65 536. Each costs a file descriptor, and about 1 KiB while
    /// it is idle.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.settings.max_connections = connections;
        self
    }

    /// Calls under way on one connection; one more is refused, with a reason. 1 024.
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.settings.connection.max_in_flight = calls;
        self
    }

    /// Bytes of requests under way on one connection; beyond it the next one is left unread until others are answered.
    /// 32 MiB. One call at a time is always served, whatever its size.
    pub fn max_in_flight_bytes(mut self, bytes: usize) -> Self {
        self.settings.connection.max_in_flight_bytes = bytes;
        self
    }

    /// Bytes of answers queued on one connection; beyond it no request of that connection is taken. 16 MiB.
    pub fn max_queued_output(mut self, bytes: usize) -> Self {
        self.settings.connection.max_queued_output = bytes;
        self
    }

    /// Bytes of input held for one connection; at it reading pauses. 32 MiB, and never less than two frames.
    pub fn max_input(mut self, bytes: usize) -> Self {
        self.settings.max_input = bytes;
        self
    }

    /// Bytes of input held for all connections; at it reading pauses. 1 GiB.
    pub fn max_server_input(mut self, bytes: usize) -> Self {
        self.settings.max_server_input = bytes;
        self
    }

    /// How long a connection may be silent between messages. 10 minutes. A client that keeps connections for longer
    /// finds them closed.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connection.idle_timeout = timeout;
        self
    }

    /// How long the rest of a message may take from its first byte on. 10 seconds.
    pub fn message_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connection.message_timeout = timeout;
        self
    }

    /// How long a peer may take nothing of what is written to it. 10 seconds.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.settings.write_timeout = timeout;
        self
    }

    /// How long calls under way may take once the server shuts down. 30 seconds; what is not answered then is cut off.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// How long connections without a call stay open once the server shuts down, so that requests on their way to it
    /// are still served. After that multiplexed calls are refused. 100 milliseconds.
    pub fn lame_duck(mut self, time: Duration) -> Self {
        self.settings.lame_duck = time;
        self
    }

    /// How long a multiplexed connection is kept for its peer to close, after the peer was told that the server goes.
    /// 1 second.
    pub fn linger(mut self, time: Duration) -> Self {
        self.settings.connection.linger = time;
        self
    }

    /// A handler that keeps its thread for longer at a time is named in the log. 1 millisecond.
    pub fn slow_poll(mut self, time: Duration) -> Self {
        self.settings.slow_poll = time;
        self
    }

    /// Checks checksums (CRC-32C) of requests and writes those of answers. Off; costs about 0.1 ns a byte.
    pub fn checksum(mut self, checksum: bool) -> Self {
        self.settings.connection.checksum = checksum;
        self
    }

    /// Asks `policy` whether a peer may connect. A peer that may not is closed before a byte is read.
    pub fn accept_policy(mut self, policy: impl AcceptPolicy + 'static) -> Self {
        self.settings.accept = Some(Arc::new(policy));
        self
    }

    /// Tells `observer` what happens on connections. It is called in line, so that it costs what it does.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.settings.observer = Some(Arc::new(observer));
        self
    }

    /// Lists the server in `registry` once it listens, so that its state can be looked at with that of its layers.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// Options of TCP sockets.
    pub fn socket(mut self, options: SocketOptions) -> Self {
        self.settings.socket = options;
        self
    }

    /// Serves until the process is told to end (SIGINT or SIGTERM), and then shuts down: no connection is accepted any
    /// more, peers are told, and calls under way are answered. A second signal ends at once.
    ///
    /// Errors if an address cannot be listened at, or if the services cannot stand behind one port.
    pub async fn serve(self, address: impl Into<Addresses>) -> Result<(), ServeError> {
        self.bind(address).await?.serve_until_signal().await
    }

    /// Serves until `end` is ready, and then shuts down like [`serve`](Self::serve).
    pub async fn serve_until(
        self,
        address: impl Into<Addresses>,
        end: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        self.bind(address).await?.serve_until(end).await
    }

    /// Listens, so that a port that is taken shows now, and one that the system chooses is known.
    pub async fn bind(self, address: impl Into<Addresses>) -> Result<BoundServer, ServeError> {
        let Self { mut router, fallback, executions, layers, settings, registry, default_timeout, traced } =
            self;
        if default_timeout == Some(Duration::ZERO) {
            return Err(SettingError::new("default_timeout", "in 0 s no call is answered").into());
        }
        if let Some(name) = fallback {
            router.set_fallback(&name)?;
        }
        for (service, method, execution) in &executions {
            router.set_execution(service, method, *execution)?;
        }
        let mut frame = Frame::default();
        frame.trace = traced.then(TraceLayer::server);
        frame.deadline = default_timeout.map(DeadlineLayer::serve);
        router.map(|service| layers.wrap(service, &frame));
        let bound = Bound::bind(address.into(), router, settings).await?;
        if let Some(registry) = registry {
            registry.extend(layers.states());
            bound.register(&registry);
        }
        Ok(BoundServer::new(bound))
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}
