//! No more connections of one peer than so many.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use kitex_core::{AcceptPolicy, Figure, Inspect, Peer, Registry, SettingError};

use crate::clock::now;
use crate::figures::of_limit;
use crate::limit::{Keyed, check_keys, nanos};
use crate::rate::{Bucket, Pace, pace};

/// How many connections a [`PeerLimit`] lets a peer have.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PeerLimitConfig {
    /// What the registry calls the limit. Empty unless set.
    pub name: Cow<'static, str>,
    /// Connections of one address at a time, if they are limited. 256.
    pub connections: Option<u32>,
    /// New connections a second of one address over time, if they are limited, and how many may come at once. 100 a
    /// second and 200 at once.
    pub rate: Option<(f64, u32)>,
    /// Addresses whose rate is counted by itself at a time; those that come while so many others have had a connection
    /// of late share one. 16 384: together 0.5 MB, taken at the start.
    pub addresses: usize,
}

impl Default for PeerLimitConfig {
    fn default() -> Self {
        let (connections, rate) = (Some(256), Some((100.0, 200)));
        Self { name: Cow::Borrowed(""), connections, rate, addresses: 16_384 }
    }
}

impl PeerLimitConfig {
    /// The pace of the rate. Errors, with the field, if anything makes no sense.
    fn pace(&self) -> Result<Option<Pace>, SettingError> {
        if self.connections == Some(0) {
            return Err(SettingError::new(
                "PeerLimitConfig::connections",
                "a limit of 0 lets nobody connect",
            ));
        }
        check_keys("PeerLimitConfig::addresses", self.addresses)?;
        let Some((rate, burst)) = self.rate else { return Ok(None) };
        if burst == 0 {
            return Err(SettingError::new("PeerLimitConfig::rate", "a burst of 0 lets nobody connect"));
        }
        pace("PeerLimitConfig::rate", rate, burst).map(Some)
    }
}

/// Limits the connections of each address that peers connect from: how many there are at a time, and how many are made
/// in a time. One that is refused is closed before a byte of it is read. For a server's accept policy.
///
/// ```
/// use kitex_middleware::{PeerLimit, PeerLimitConfig};
///
/// let mut config = PeerLimitConfig::default();
/// config.connections = Some(64);
/// let limit = PeerLimit::new(config)?;
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
///
/// An IPv4 address is counted by itself. Of an IPv6 address the first 64 bits are: the rest is the host's own to choose.
/// An IPv4 address written as an IPv6 one counts as what it is. Behind a proxy or a NAT many peers have one address:
/// set the limits accordingly. Peers over unix sockets and in this process have no address, and are not limited.
///
/// The connections that there are take a few bytes for each address among them; rates are counted in memory that is taken
/// at the start, see [`PeerLimitConfig::addresses`]. An address whose rate allows a full burst again makes room.
///
/// In a [`Registry`] its kind is `peers`; its state has the settings `connections` and `rate` (with its burst), the
/// `addresses` that have connections, the `most` that one of them has, `refused` (connections), and `last_refusal`.
#[derive(Debug, Clone)]
pub struct PeerLimit {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: PeerLimitConfig,
    pace: Option<Pace>,
    buckets: Keyed<Bucket>,
    /// Waited for once for a connection, and never for a call.
    peers: Mutex<Peers>,
    epoch: Instant,
}

#[derive(Debug, Default)]
struct Peers {
    connections: HashMap<Address, u32>,
    refused: u64,
    last_refusal: Option<String>,
}

/// What of an address is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Address {
    V4([u8; 4]),
    V6([u8; 8]),
}

impl Address {
    fn of(peer: &Peer) -> Option<Self> {
        let Peer::Ip(address) = peer else { return None };
        Some(match address.ip().to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        })
    }
}

impl PeerLimit {
    /// Errors if a setting makes no sense.
    pub fn new(config: PeerLimitConfig) -> Result<Self, SettingError> {
        let pace = config.pace()?;
        let addresses = if pace.is_some() { config.addresses } else { 1 };
        let buckets = Keyed::new(addresses, Bucket::default);
        let shared = Shared { config, pace, buckets, peers: Mutex::default(), epoch: now() };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Lists the limit in a registry.
    pub fn register(self, registry: &Registry) -> Self {
        registry.add(&self.shared);
        self
    }
}

impl AcceptPolicy for PeerLimit {
    fn accept(&self, peer: &Peer, _: usize) -> Result<(), Cow<'static, str>> {
        let Some(address) = Address::of(peer) else { return Ok(()) };
        let mut peers = self.shared.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = self.shared.admit(address, peers.connections.get(&address).copied().unwrap_or(0));
        match &admitted {
            Ok(()) => *peers.connections.entry(address).or_default() += 1,
            Err(why) => {
                peers.refused += 1;
                peers.last_refusal = Some(format!("{peer}: {why}"));
            }
        }
        admitted.map_err(Cow::Owned)
    }

    fn closed(&self, peer: &Peer) {
        let Some(address) = Address::of(peer) else { return };
        let mut peers = self.shared.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connections) = peers.connections.get_mut(&address) {
            *connections -= 1;
            if *connections == 0 {
                peers.connections.remove(&address);
                // What a crowd has left behind is given back.
                if peers.connections.len() < peers.connections.capacity() / 8 {
                    peers.connections.shrink_to_fit();
                }
            }
        }
    }
}

impl Shared {
    /// Errors if an address that has `connections` may not have another one now.
    fn admit(&self, address: Address, connections: u32) -> Result<(), String> {
        if let Some(most) = self.config.connections
            && connections >= most
        {
            return Err(format!(
                "the address has {connections} connections [setting: PeerLimitConfig::connections = {most}]"
            ));
        }
        let (Some(pace), Some((rate, burst))) = (self.pace, self.config.rate) else { return Ok(()) };
        let now = nanos(self.epoch, now());
        let place = self.buckets.find(address, |bucket| bucket.is_full(now));
        pace.take(self.buckets.at(place), now, || now).map_err(|wait| {
            format!(
                "the address connects more than {rate} times a second, the next time in {wait:?} \
                 [setting: PeerLimitConfig::rate = {rate}, {burst} at once]"
            )
        })
    }
}

impl Inspect for Shared {
    fn kind(&self) -> &'static str {
        "peers"
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn inspect(&self) -> Value {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        json!({
            "connections": self.config.connections,
            "rate": self.config.rate,
            "addresses": peers.connections.len(),
            "most": peers.connections.values().max().copied().unwrap_or(0),
            "refused": peers.refused,
            "last_refusal": peers.last_refusal,
        })
    }

    fn figures(&self) -> Vec<Figure> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let all = vec![
            Figure::gauge("kitex.limit.keys", peers.connections.len() as f64),
            Figure::counter("kitex.limit.refused", peers.refused),
        ];
        of_limit(all, self.kind(), &self.config.name)
    }
}
