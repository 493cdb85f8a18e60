//! The client's side: calls over connections that are made, shared, watched and replaced here.

mod backoff;
mod balance;
mod config;
mod dial;
mod driver;
mod endpoint;
mod errors;
mod exchange;
mod lease;
mod multiplex;
mod pool;
mod reaper;
mod shared;
mod slots;
mod waiters;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use kitex_core::{BoxFuture, Error, Registry, Request, Response};
use serde_json::{Value, json};
use tower_service::Service;

use crate::Address;
use balance::{Balance, Member};
use endpoint::{Endpoint, Settings};
use multiplex::Multiplex;
use pool::Pool;

pub use config::{BackoffConfig, ChannelConfig, Mode, MultiplexConfig, PoolConfig};

/// The client's side of one or several endpoints of a service. Cheap to clone; all clones share the connections.
///
/// A call goes to the endpoint that has the least calls under way, or where a [`Picker`](kitex_core::Picker) says. An endpoint that could not be connected to is
/// avoided while there are others, and dialled again after a pause that grows from failure to failure. If there is no
/// other, and no connection that was made before, calls fail at once during the pause with the cause of the last
/// failure. A call is sent again only where nothing of it had left.
///
/// The deadline in a request's context bounds all of the call: waiting for a connection, making one, writing and
/// reading. Without one nothing but the time to connect is bounded.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use kitex_transport::{Address, Channel, ChannelConfig};
///
/// let address = Address::parse("127.0.0.1:1").unwrap();
/// let channel = Channel::new(vec![address], ChannelConfig::default());
/// let error = channel.connect().await.unwrap_err();
/// assert!(error.to_string().starts_with("cannot connect at 127.0.0.1:1 (while connecting): no connection: "));
/// # }
/// ```
#[derive(Clone)]
pub struct Channel(Transport);

#[derive(Clone)]
enum Transport {
    Pooled(Arc<Balance<Pool>>),
    Multiplexed(Arc<Balance<Multiplex>>),
}

/// The same for every kind of transport.
macro_rules! each {
    ($transport:expr, $balance:ident => $body:expr) => {
        match $transport {
            Transport::Pooled($balance) => $body,
            Transport::Multiplexed($balance) => $body,
        }
    };
}

impl Channel {
    /// A channel to any of `addresses`. Nothing is connected before it is used.
    pub fn new(addresses: Vec<Address>, config: ChannelConfig) -> Self {
        let settings = Arc::new(Settings::new(config));
        let picker = settings.config.picker.clone();
        let endpoints = addresses.into_iter().map(|address| Endpoint::new(address, Arc::clone(&settings)));
        Self(match &settings.config.mode {
            Mode::Pooled(config) => {
                let pools = endpoints.map(|endpoint| Pool::new(endpoint, config.clone()));
                Transport::Pooled(Arc::new(Balance::new(pools, picker)))
            }
            Mode::Multiplexed(config) => {
                let members = endpoints.map(|endpoint| Multiplex::new(endpoint, config.clone()));
                Transport::Multiplexed(Arc::new(Balance::new(members, picker)))
            }
        })
    }

    /// Makes a connection to the first address that can be connected to, so that a wrong one shows now and not with
    /// the first call. Errors if none can be.
    pub async fn connect(&self) -> Result<(), Error> {
        each!(&self.0, balance => balance.connect().await)
    }

    /// Closes what no call uses and refuses further calls. Those under way end as they would have.
    ///
    /// The same happens when the last clone of the channel is dropped.
    pub fn close(&self) {
        each!(&self.0, balance => balance.members().iter().for_each(|member| member.close()));
    }

    /// Lists the channel in `registry`, as `channel`.
    pub fn register(&self, registry: &Registry) {
        each!(&self.0, balance => registry.add(balance));
    }

    /// What the channel has and does at present.
    pub fn stats(&self) -> ChannelStats {
        each!(&self.0, balance => ChannelStats::of(balance))
    }
}

impl Service<Request> for Channel {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        each!(self.0.clone(), balance => {
            let call = Box::write(Box::new_uninit(), async move {
                balance.call(&mut request).await.map_err(|error| errors::of_call(error, &mut request))
            });
            Box::into_pin(call)
        })
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Channel").field(&self.stats()).finish()
    }
}

/// What a [`Channel`] has and does, over all endpoints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelStats {
    /// Connections.
    pub connections: usize,
    /// Connections that no call uses.
    pub idle: usize,
    /// Calls under way on a connection.
    pub in_flight: usize,
    /// Calls that wait for a connection.
    pub waiting: usize,
    /// Connections made so far.
    pub dialled: u64,
    /// Attempts to connect that failed.
    pub dial_failures: u64,
    /// Answers that no call waited for: late ones, and those that nobody had asked for.
    pub dropped_answers: u64,
}

impl ChannelStats {
    fn to_json(self) -> Value {
        let Self { connections, idle, in_flight, waiting, dialled, dial_failures, dropped_answers } = self;
        json!({
            "connections": connections,
            "idle": idle,
            "in_flight": in_flight,
            "waiting": waiting,
            "dialled": dialled,
            "dial_failures": dial_failures,
            "dropped_answers": dropped_answers,
        })
    }

    fn of<M: Member>(balance: &Balance<M>) -> Self {
        let mut stats = Self::default();
        for member in balance.members() {
            member.add_to(&mut stats);
            let [dialled, dial_failures, dropped_answers] = member.endpoint().counts();
            stats.dialled += dialled;
            stats.dial_failures += dial_failures;
            stats.dropped_answers += dropped_answers;
        }
        stats
    }
}
