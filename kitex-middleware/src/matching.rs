//! Which calls a rule is for.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use kitex_codec::Str;
use kitex_core::{Peer, Request, Scope, SettingError};

/// Which calls a rule is for. Of several conditions all have to hold; without one, every call is meant.
///
/// ```
/// use kitex_core::Scope;
/// use kitex_middleware::Match;
///
/// let everything = Match::all();
/// let inside = Match::all().peers(["10.0.0.0/8", "::1", "unix", "memory"]);
/// let puts_without_a_token =
///     Match::all().methods(["Put", "AccountSvc.Close"]).metadata(Scope::Transient, "TOKEN", [""]);
/// let endless = Match::all().when(|request| request.context.deadline.is_none());
/// ```
///
/// A function that panics fails the one call that it was asked about.
#[derive(Clone, Default)]
pub struct Match {
    conditions: Vec<Condition>,
    /// What makes no sense; told when a layer is made with this.
    nonsense: Option<SettingError>,
}

#[derive(Clone)]
enum Condition {
    Methods(Vec<Str>),
    Callers(Vec<Str>),
    Peers(Vec<Place>),
    Metadata(Scope, Str, Vec<Str>),
    When(Arc<dyn Fn(&Request) -> bool + Send + Sync>),
}

/// Where peers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Unix,
    Memory,
    /// The first bits of an address.
    Network(IpAddr, u32),
}

impl Match {
    /// Every call.
    pub fn all() -> Self {
        Self::default()
    }

    /// Calls of these methods: `Method`, or `Service.Method`, by their names in the IDL.
    pub fn methods(self, names: impl IntoIterator<Item = impl Into<Str>>) -> Self {
        self.and(Condition::Methods(texts(names)))
    }

    /// Calls by these services, by what they call themselves: who connects can say what it likes. The empty name stands
    /// for those that do not say.
    pub fn callers(self, names: impl IntoIterator<Item = impl Into<Str>>) -> Self {
        self.and(Condition::Callers(texts(names)))
    }

    /// Calls from these places: an IP address, a network as `10.0.0.0/8`, `unix`, or `memory`.
    ///
    /// A call that has no connection yet, as on a client, comes from nowhere. An IPv4 address is one over a socket for
    /// both families too.
    pub fn peers<'a>(mut self, places: impl IntoIterator<Item = &'a str>) -> Self {
        let mut found = Vec::new();
        for text in places {
            match place(text) {
                Some(place) => found.push(place),
                None => self.nonsense = Some(no_place(text)),
            }
        }
        self.and(Condition::Peers(found))
    }

    /// Calls with one of these values under a key of their metadata. The empty value stands for no such key.
    pub fn metadata(
        self,
        scope: Scope,
        key: impl Into<Str>,
        values: impl IntoIterator<Item = impl Into<Str>>,
    ) -> Self {
        self.and(Condition::Metadata(scope, key.into(), texts(values)))
    }

    /// Calls for which a function says so.
    pub fn when(self, function: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        self.and(Condition::When(Arc::new(function)))
    }

    fn and(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Errors if a condition makes no sense.
    pub(crate) fn check(&self) -> Result<(), SettingError> {
        self.nonsense.clone().map_or(Ok(()), Err)
    }

    /// True if all conditions hold. May panic, if a function of the user's does.
    pub(crate) fn holds(&self, request: &Request) -> bool {
        self.conditions.iter().all(|condition| condition.holds(request))
    }
}

fn texts(texts: impl IntoIterator<Item = impl Into<Str>>) -> Vec<Str> {
    texts.into_iter().map(Into::into).collect()
}

impl Condition {
    fn holds(&self, request: &Request) -> bool {
        let context = &request.context;
        match self {
            Self::Methods(names) => names.iter().any(|name| is_method(request, name)),
            Self::Callers(names) => {
                let caller = context.caller();
                names.iter().any(|name| *name == caller)
            }
            Self::Peers(places) => {
                context.peer().is_some_and(|peer| places.iter().any(|place| place.has(peer)))
            }
            Self::Metadata(scope, key, values) => {
                let value = context.metadata.get_bytes(*scope, key).unwrap_or_default();
                values.iter().any(|wanted| wanted.as_bytes() == value)
            }
            Self::When(function) => function(request),
        }
    }
}

fn is_method(request: &Request, name: &str) -> bool {
    let method = &request.method;
    match name.strip_suffix(method.name()) {
        Some("") => true,
        Some(service) => service.strip_suffix('.') == Some(method.service()),
        None => false,
    }
}

impl Place {
    fn has(&self, peer: &Peer) -> bool {
        match (self, peer) {
            (Self::Unix, Peer::Unix(_)) | (Self::Memory, Peer::Memory) => true,
            (Self::Network(network, bits), Peer::Ip(address)) => {
                // A socket for both families gives an IPv4 peer as an IPv6 address.
                same_network(*network, address.ip().to_canonical(), *bits)
            }
            _ => false,
        }
    }
}

fn same_network(network: IpAddr, address: IpAddr, bits: u32) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

fn place(text: &str) -> Option<Place> {
    match text {
        "unix" => return Some(Place::Unix),
        "memory" => return Some(Place::Memory),
        _ => {}
    }
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(most);
    match address.to_canonical() {
        _ if bits > most => None,
        // An IPv4 network, written as IPv6.
        mapped if mapped != address && bits >= 96 => Some(Place::Network(mapped, bits - 96)),
        _ => Some(Place::Network(address, bits)),
    }
}

#[cold]
fn no_place(text: &str) -> SettingError {
    let reason =
        format!("`{text}` is no place: an IP address, a network as `10.0.0.0/8`, `unix`, or `memory`");
    SettingError::new("Match::peers", reason)
}

/// The conditions, as they are shown to people.
impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.conditions.is_empty() {
            return f.write_str("all");
        }
        for (at, condition) in self.conditions.iter().enumerate() {
            let and = if at == 0 { "" } else { " and " };
            write!(f, "{and}{condition}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Methods(names) => write!(f, "method in [{}]", names.join(", ")),
            Self::Callers(names) => write!(f, "caller in [{}]", names.join(", ")),
            Self::Peers(places) => {
                let places: Vec<_> = places.iter().map(Place::to_string).collect();
                write!(f, "peer in [{}]", places.join(", "))
            }
            Self::Metadata(_, key, values) => write!(f, "{key} in [{}]", values.join(", ")),
            Self::When(_) => f.write_str("a function"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix => f.write_str("unix"),
            Self::Memory => f.write_str("memory"),
            Self::Network(address, bits) => write!(f, "{address}/{bits}"),
        }
    }
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Match({self})")
    }
}
