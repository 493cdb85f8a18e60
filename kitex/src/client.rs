//! Clients, set up.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use kitex_codec::{Form, Limits, Str};
use kitex_core::{
    BoxError, CallDefaults, ClientConfig, ClientHandle, Error, ErrorKind, GeneratedClient, Picker, Protocol,
    Registry, Request, Response, Scope, SharedService, Stage,
};
use kitex_middleware::{DeadlineLayer, Frame, LayerStack, Suite, TraceLayer};
use kitex_transport::{
    Address, Addresses, BackoffConfig, Channel, ChannelConfig, Mode, MultiplexConfig, PoolConfig,
    SocketOptions,
};
use tower_layer::Layer;
use tower_service::Service;

/// How long a call may take if it does not say so itself.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A client that is being set up. Begin with a generated client's `builder`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/idl/parrot.rs"));
/// use std::time::Duration;
///
/// use echo::EchoClient;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let address = parrot().await?;
/// let client = EchoClient::builder(address)
///     .timeout(Duration::from_millis(500))
///     .pool(32)
///     .caller("front")
///     .connect()
///     .await?;
/// client.note("set up").await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing before it connects"]
pub struct ClientBuilder<C> {
    target: Addresses,
    config: ChannelConfig,
    defaults: CallDefaults,
    layers: LayerStack,
    registry: Option<Registry>,
    timeout: Duration,
    traced: bool,
    client: PhantomData<fn() -> C>,
}

impl<C: GeneratedClient> ClientBuilder<C> {
    /// A client of one or several addresses of a service: `host:port`, `unix:/path`, several with commas between them,
    /// or anything else that [`Addresses`] can be made from.
    ///
    /// Of several addresses, each call goes to the one that has the fewest calls under way.
    pub fn new(target: impl Into<Addresses>) -> Self {
        Self {
            target: target.into(),
            config: ChannelConfig::default(),
            defaults: CallDefaults::default(),
            layers: LayerStack::default(),
            registry: None,
            timeout: TIMEOUT,
            traced: true,
            client: PhantomData,
        }
    }

    /// How long a call may take in all, from waiting for a connection to the last byte of the answer, if it has no
    /// timeout of its own. 10 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long making a connection may take. 1 second.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.connect_timeout = timeout;
        self
    }

    /// The pause after a failed attempt to connect.
    pub fn backoff(mut self, backoff: BackoffConfig) -> Self {
        self.config.backoff = backoff;
        self
    }

    /// Uses up to `connections` connections for each address, each for one call at a time, and keeps all of them while
    /// they are idle. Without this, up to 1 024, of which 8 are kept.
    ///
    /// A kept connection costs a file descriptor and less than 1 KiB on either side; one that is missing costs a round
    /// trip. With fewer connections than callers, calls wait for each other.
    pub fn pool(self, connections: usize) -> Self {
        let mut config = PoolConfig::default();
        (config.max_connections, config.max_idle) = (connections, connections);
        self.pool_config(config)
    }

    /// Like [`pool`](Self::pool), with every bound of its own.
    pub fn pool_config(mut self, config: PoolConfig) -> Self {
        self.config.mode = Mode::Pooled(config);
        self
    }

    /// Shares `connections` connections for each address between all calls, which are answered in any order.
    ///
    /// Small calls by many callers cost far less than over a pool; a large message delays those behind it. The server
    /// has to answer out of order, as this crate's does and Kitex's with `WithMuxTransport`, and there must be a
    /// TTHeader.
    pub fn mux(self, connections: usize) -> Self {
        let mut config = MultiplexConfig::default();
        config.max_connections = config.max_connections.max(connections);
        config.connections = connections;
        self.mux_config(config)
    }

    /// Like [`mux`](Self::mux), with every bound of its own.
    pub fn mux_config(mut self, config: MultiplexConfig) -> Self {
        self.config.mode = Mode::Multiplexed(config);
        self
    }

    /// Calls under way on one multiplexed connection. 1 024.
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.config.connection.max_in_flight = calls;
        self
    }

    /// Bytes of requests that wait to be sent on one multiplexed connection; beyond it calls are refused. 16 MiB.
    pub fn max_queued_output(mut self, bytes: usize) -> Self {
        self.config.connection.max_queued_output = bytes;
        self
    }

    /// What requests look like on the wire. A TTHeader and a frame length.
    ///
    /// Without a TTHeader neither metadata nor deadlines nor business statuses are carried.
    pub fn framing(mut self, framing: Form) -> Self {
        self.config.connection.form = framing;
        self
    }

    /// What messages are encoded in. Thrift Binary, which Kitex's servers understand and no other.
    ///
    /// Servers of Apache Thrift may want Compact or JSON, which go over [`Form::Framed`] and [`Form::Buffered`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/idl/parrot.rs"));
    /// use echo::{EchoClient, Request};
    /// use kitex::{Framing, Protocol};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let address = parrot().await?;
    /// let client = EchoClient::builder(address)
    ///     .framing(Framing::Framed)
    ///     .protocol(Protocol::Compact)
    ///     .service_prefix("Echo")
    ///     .connect()
    ///     .await?;
    /// let said = client.say(Request { text: "hi".into(), ..Default::default() }).await?;
    /// assert_eq!(said, "hi");
    /// # Ok(())
    /// # }
    /// ```
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.config.connection.protocol = protocol;
        self.defaults.protocol = protocol;
        self
    }

    /// Writes this service's name and a colon before the name of each method, as Apache Thrift's
    /// `TMultiplexedProtocol` does: for servers that have several services on one port. Without this, the method's name
    /// alone. Needs a framing without a TTHeader, which names the service itself.
    pub fn service_prefix(mut self, service: impl Into<Str>) -> Self {
        self.config.connection.service_prefix = Some(service.into());
        self
    }

    /// The callee's name in service discovery, sent beside the service's name in the IDL. Without this, the latter.
    pub fn service_name(mut self, name: impl Into<Str>) -> Self {
        self.config.connection.service = Some(name.into());
        self
    }

    /// This side's own name, which the callee sees as its caller. Empty.
    pub fn caller(mut self, name: impl Into<Str>) -> Self {
        self.config.connection.caller = name.into();
        self
    }

    /// Sends a pair with every call, to the callee and no further.
    pub fn transient(self, key: impl Into<Str>, value: impl Into<Str>) -> Self {
        self.metadata(Scope::Transient, key, value)
    }

    /// Sends a pair with every call, to the callee and to all whom it calls for the call.
    pub fn persistent(self, key: impl Into<Str>, value: impl Into<Str>) -> Self {
        self.metadata(Scope::Persistent, key, value)
    }

    fn metadata(mut self, scope: Scope, key: impl Into<Str>, value: impl Into<Str>) -> Self {
        self.defaults.metadata.set(scope, key, value);
        self
    }

    /// Adds a layer. A request passes the layers in the order in which they were added, and its answer in the reverse:
    /// as in tower's `ServiceBuilder`.
    ///
    /// All of them are inside the deadline. One layer or more costs a call one timer if it has to wait, since what a
    /// layer does before the transport is reached must end in time too.
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

    /// Adds the layers that a suite has for clients, where it stands among those added by [`layer`](Self::layer).
    /// [`Suite::standard`] is what keeps a service up. Its state is listed in the [`registry`](Self::registry).
    pub fn suite(mut self, suite: impl Into<Suite>) -> Self {
        self.layers.extend(suite.into().client_layers());
        self
    }

    /// Leaves the [`TraceLayer`] out: no span, and a trace that the caller belongs to ends here.
    pub fn untraced(mut self) -> Self {
        self.traced = false;
        self
    }

    /// Bounds on messages in both directions.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits.clone();
        self.defaults.limits = limits;
        self
    }

    /// Writes a checksum (CRC-32C) of each request, and checks those of answers. Off; costs about 0.1 ns a byte.
    pub fn checksum(mut self, checksum: bool) -> Self {
        self.config.connection.checksum = checksum;
        self
    }

    /// Lists the client's connections in `registry`, so that their state can be looked at with that of its layers.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// Lets `picker` choose among several addresses. Without one a call goes where the fewest are under way.
    pub fn picker(mut self, picker: impl Picker + 'static) -> Self {
        self.config.picker = Some(Arc::new(picker));
        self
    }

    /// Options of TCP sockets.
    pub fn socket(mut self, options: SocketOptions) -> Self {
        self.config.socket = options;
        self
    }

    /// Connects, so that a wrong address shows now. Errors if no address can be connected to.
    pub async fn connect(self) -> Result<C, Error> {
        let (client, channel) = self.build()?;
        channel.connect().await?;
        Ok(client)
    }

    /// Makes a client that connects with its first call. Errors if the settings do not go together or if the target is
    /// no address.
    pub fn connect_lazy(self) -> Result<C, Error> {
        self.build().map(|(client, _)| client)
    }

    fn build(self) -> Result<(C, Channel), Error> {
        let addresses = self.target.into_list().map_err(|error| {
            Error::new(ErrorKind::Connect, Stage::Resolve, "the target cannot be used").with_source(error)
        })?;
        if matches!(self.config.mode, Mode::Multiplexed(_)) && !self.config.connection.form.has_header() {
            return Err(no_header(self.config.connection.form));
        }
        check_apache(&self.config.connection)?;
        if self.timeout.is_zero() {
            let text = "in 0 s no call is answered";
            return Err(Error::new(ErrorKind::Connect, Stage::Local, text).with_setting("timeout"));
        }
        let mut frame = Frame::default();
        frame.trace = self.traced.then(|| trace_layer(&addresses));
        let mut defaults = self.defaults;
        defaults.peers = addresses.iter().map(Address::peer).collect();
        let channel = Channel::new(addresses, self.config);
        if let Some(registry) = &self.registry {
            registry.extend(self.layers.states());
            channel.register(registry);
        }
        let mut service = SharedService::returning(channel.clone());
        if self.layers.is_empty() {
            // The transport keeps the deadline itself.
            service = SharedService::by_ref(DeadlineLayer::assign(self.timeout).layer(service));
        } else {
            let deadline = DeadlineLayer::new(self.timeout);
            let waits = self.layers.may_wait();
            frame.deadline = Some(if waits { deadline } else { deadline.kept_beneath() });
        }
        let service = self.layers.wrap(service, &frame);
        Ok((C::from_handle(ClientHandle::with_defaults(service, defaults)), channel))
    }
}

fn trace_layer(addresses: &[Address]) -> TraceLayer {
    match addresses {
        [Address::Ip(address)] => TraceLayer::client_of(address.ip().to_string(), Some(address.port())),
        [Address::Host(host)] => match host.rsplit_once(':') {
            Some((host, port)) => TraceLayer::client_of(host, port.parse().ok()),
            None => TraceLayer::client_of(host, None),
        },
        [Address::Unix(path)] => TraceLayer::client_of(path.to_string_lossy(), None),
        _ => TraceLayer::client(),
    }
}

#[cold]
fn no_header(form: Form) -> Error {
    let text = format!(
        "calls can share a connection only behind a TTHeader, and the framing is {form:?}: choose \
         Framing::TTHeaderFramed or leave out mux"
    );
    Error::new(ErrorKind::Connect, Stage::Local, text).with_setting("framing")
}

/// Errors if what Apache Thrift's servers are to be sent would go behind a TTHeader.
fn check_apache(config: &ClientConfig) -> Result<(), Error> {
    let (what, setting) = match (config.protocol, &config.service_prefix) {
        _ if !config.form.has_header() => return Ok(()),
        (Protocol::Binary, None) => return Ok(()),
        (Protocol::Binary, Some(_)) => {
            ("a service's name before that of the method".to_owned(), "service_prefix")
        }
        (protocol, _) => (protocol.to_string(), "protocol"),
    };
    let text = format!(
        "{what} goes over a framing without a TTHeader, and the framing is {:?}: choose Framing::Framed or \
         Framing::Buffered",
        config.form
    );
    Err(Error::new(ErrorKind::Connect, Stage::Local, text).with_setting(setting))
}

impl<C> fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("target", &self.target)
            .field("timeout", &self.timeout)
            .field("config", &self.config)
            .field("layers", &self.layers)
            .finish_non_exhaustive()
    }
}
