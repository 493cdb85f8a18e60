//! Key-value pairs that ride beside a call (spec: kitex-wire 8).

use std::fmt;
use std::sync::Arc;

use kitex_codec::{Pairs, Str, string_key};

/// How far a pair travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// To the next hop, and no further.
    Transient,
    /// Down the whole chain of calls.
    Persistent,
    /// Back to the caller, on a response.
    Backward,
}

impl Scope {
    /// What stands before the key on the wire.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Transient => string_key::TRANSIENT,
            Self::Persistent => string_key::PERSISTENT,
            Self::Backward => "",
        }
    }
}

/// The metadata of a request or a response.
///
/// What came from the wire stays the bytes it was until somebody asks for it; what is set here lies over it. A pair
/// with an empty key or value is not sent (spec: kitex-wire 8.1).
///
/// ```
/// use kitex_core::{Metadata, Scope};
///
/// let mut metadata = Metadata::new();
/// metadata.set(Scope::Persistent, "TENANT", "blue");
/// assert_eq!(metadata.get(Scope::Persistent, "TENANT"), Some("blue"));
/// assert_eq!(metadata.get(Scope::Transient, "TENANT"), None);
/// ```
#[derive(Clone, Default)]
pub struct Metadata {
    received: Pairs,
    /// Whether only the persistent ones of the received pairs count: the others have made their hop.
    inherited: bool,
    set: Entries,
}

/// Pairs that were set on this side. Cloned without a copy, as every call is that may have to be made again. One pointer: it
/// moves with every request and response.
#[derive(Clone, Default)]
pub(crate) struct Entries(Option<Arc<Set>>);

/// What was set, some of it shared with other calls. No key is in both.
#[derive(Clone, Default)]
struct Set {
    /// Those that every call of a client begins with: neither copied nor written anew for each.
    shared: Option<Arc<Vec<Entry>>>,
    /// With no memory of its own: most calls have just this one.
    first: Option<Entry>,
    more: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) scope: Scope,
    pub(crate) key: Str,
    pub(crate) value: Str,
}

impl Metadata {
    /// No pairs. Takes no memory.
    pub const fn new() -> Self {
        Self { received: Pairs::new(), inherited: false, set: Entries(None) }
    }

    /// The pairs of a received header.
    pub fn received(pairs: Pairs) -> Self {
        Self { received: pairs, inherited: false, set: Entries(None) }
    }

    /// Sets a pair in place of an earlier one.
    pub fn set(&mut self, scope: Scope, key: impl Into<Str>, value: impl Into<Str>) {
        self.set.set(scope, key.into(), value.into());
    }

    /// The value of a key, if it is there and is UTF-8.
    ///
    /// A backward key is found with and without the prefix that some servers give it (spec: kitex-wire 8.4).
    pub fn get(&self, scope: Scope, key: &str) -> Option<&str> {
        self.get_bytes(scope, key).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The value of a key, if it was set on this side.
    pub fn get_set(&self, scope: Scope, key: &str) -> Option<&str> {
        self.find_set(scope, key).map(|entry| &*entry.value)
    }

    /// The value of a key as it came.
    pub fn get_bytes(&self, scope: Scope, key: &str) -> Option<&[u8]> {
        if let Some(entry) = self.find_set(scope, key) {
            return Some(entry.value.as_bytes());
        }
        let found = self.received_scope(scope).filter(|(found, _)| *found == key.as_bytes()).last();
        found.map(|(_, value)| value)
    }

    /// All pairs of a scope, those that were set last.
    pub fn iter(&self, scope: Scope) -> impl Iterator<Item = (&[u8], &[u8])> {
        let set = self.entries().filter(move |entry| entry.scope == scope);
        let set = set.map(|entry| (entry.key.as_bytes(), entry.value.as_bytes()));
        let covered = move |key: &[u8]| self.covers(scope, key);
        self.received_scope(scope).filter(move |(key, _)| !covered(key)).chain(set)
    }

    /// True if there is no pair of any scope.
    pub fn is_empty(&self) -> bool {
        self.received.is_empty() && self.set.is_empty()
    }

    /// The pairs of the header that this metadata came with, under their names on the wire.
    pub fn wire(&self) -> &Pairs {
        &self.received
    }

    /// What an outgoing call inherits: the persistent pairs and nothing else (spec: kitex-wire 8.2).
    pub fn inherited(&self) -> Self {
        let mut set = Entries(None);
        for entry in self.entries().filter(|entry| entry.scope == Scope::Persistent) {
            set.push(entry.clone());
        }
        Self { received: self.received.clone(), inherited: true, set }
    }

    /// Takes over all that `other` has set.
    pub fn merge(&mut self, other: &Metadata) {
        for entry in other.entries() {
            self.set(entry.scope, entry.key.clone(), entry.value.clone());
        }
    }

    /// What was set.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.set.iter()
    }

    /// Makes calls that begin with what was set share it.
    pub(crate) fn share(&mut self) {
        if self.own().next().is_some() {
            let shared = Some(Arc::new(self.entries().cloned().collect()));
            self.set = Entries(Some(Arc::new(Set { shared, ..Set::default() })));
        }
    }

    /// What was set, of what is shared with other calls.
    pub(crate) fn shared(&self) -> Option<&Arc<Vec<Entry>>> {
        self.set.shared()
    }

    /// What was set besides.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Entry> {
        self.set.own()
    }

    /// True if they are of a call that is made on behalf of another.
    pub(crate) fn is_inherited(&self) -> bool {
        self.inherited
    }

    /// The pairs of the header that came with this very call.
    pub(crate) fn header(&self) -> Option<&Pairs> {
        (!self.inherited).then_some(&self.received)
    }

    /// True if a pair was set over a received one.
    pub(crate) fn covers(&self, scope: Scope, key: &[u8]) -> bool {
        self.entries().any(|entry| entry.scope == scope && entry.key.as_bytes() == key)
    }

    fn find_set(&self, scope: Scope, key: &str) -> Option<&Entry> {
        self.entries().find(|entry| entry.scope == scope && entry.key == key)
    }

    fn received_scope(&self, scope: Scope) -> impl Iterator<Item = (&[u8], &[u8])> {
        let all = !self.inherited || scope == Scope::Persistent;
        let received = all.then(|| self.received.iter()).into_iter().flatten();
        received.filter_map(move |(key, value)| scoped(scope, key, value))
    }
}

impl Entries {
    fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn shared(&self) -> Option<&Arc<Vec<Entry>>> {
        self.0.as_ref()?.shared.as_ref()
    }

    fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.shared().map(|entries| entries.as_slice()).unwrap_or_default().iter().chain(self.own())
    }

    fn own(&self) -> impl Iterator<Item = &Entry> {
        let (first, more) = match &self.0 {
            Some(set) => (set.first.as_ref(), &set.more[..]),
            None => (None, &[][..]),
        };
        first.into_iter().chain(more)
    }

    pub(crate) fn set(&mut self, scope: Scope, key: Str, value: Str) {
        let entry = Entry { scope, key, value };
        let is_there = self.iter().any(|there| there.is_same(&entry));
        if is_there { self.replace(entry) } else { self.push(entry) }
    }

    #[cold]
    fn replace(&mut self, entry: Entry) {
        let others = std::mem::take(self);
        for other in others.iter() {
            self.push(if other.is_same(&entry) { entry.clone() } else { other.clone() });
        }
    }

    /// Adds an entry whose key is not there.
    fn push(&mut self, entry: Entry) {
        let set = Arc::make_mut(self.0.get_or_insert_default());
        match &mut set.first {
            None => set.first = Some(entry),
            Some(_) => set.more.push(entry),
        }
    }
}

impl Entry {
    fn is_same(&self, other: &Self) -> bool {
        self.scope == other.scope && self.key == other.key
    }
}

impl From<Entries> for Metadata {
    fn from(set: Entries) -> Self {
        Self { set, ..Self::new() }
    }
}

/// A received pair as one of `scope`, its prefix taken off.
pub(crate) fn scoped<'a>(scope: Scope, key: &'a [u8], value: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    if scope == Scope::Backward {
        return Some((key.strip_prefix(string_key::BACKWARD.as_bytes()).unwrap_or(key), value));
    }
    if key.starts_with(string_key::TRANSIENT_UPSTREAM.as_bytes()) {
        return None;
    }
    let key = key.strip_prefix(scope.prefix().as_bytes())?;
    (!key.is_empty() && !value.is_empty()).then_some((key, value))
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set =
            self.entries().map(|entry| (format!("{}{}", entry.scope.prefix(), entry.key), &entry.value));
        f.debug_struct("Metadata")
            .field("received", &self.received)
            .field("set", &set.collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_again_is_replaced() {
        let mut metadata = Metadata::new();
        metadata.set(Scope::Transient, "K", "1");
        metadata.set(Scope::Transient, "K", "2");
        metadata.set(Scope::Persistent, "K", "3");
        assert_eq!(metadata.get(Scope::Transient, "K"), Some("2"));
        assert_eq!(metadata.iter(Scope::Transient).count(), 1);
    }

    #[test]
    fn what_calls_share_stays_shared_under_what_one_has_of_its_own() {
        let mut defaults = Metadata::new();
        defaults.set(Scope::Persistent, "P", "1");
        defaults.set(Scope::Transient, "T", "2");
        defaults.share();
        let values = |metadata: &Metadata| {
            let pairs = metadata.entries().map(|entry| format!("{}={}", entry.key, entry.value));
            pairs.collect::<Vec<_>>().join(" ")
        };
        let mut call = defaults.clone();
        call.set(Scope::Transient, "A", "3");
        call.set(Scope::Transient, "B", "4");
        let mut again = call.clone();
        again.set(Scope::Transient, "A", "5");
        again.set(Scope::Transient, "C", "6");
        assert!(Arc::ptr_eq(call.shared().unwrap(), defaults.shared().unwrap()));
        assert_eq!(call.own().count(), 2);
        assert_eq!(values(&call), "P=1 T=2 A=3 B=4");
        assert_eq!(values(&again), "P=1 T=2 A=5 B=4 C=6");
        call.set(Scope::Persistent, "P", "7");
        assert_eq!((values(&call), call.shared().is_none()), ("P=7 T=2 A=3 B=4".to_owned(), true));
        assert_eq!(values(&defaults), "P=1 T=2");
        assert_eq!(values(&again.inherited()), "P=1");
    }

    #[test]
    fn only_persistent_pairs_are_inherited() {
        let mut metadata = Metadata::new();
        metadata.set(Scope::Transient, "T", "1");
        metadata.set(Scope::Persistent, "P", "2");
        let inherited = metadata.inherited();
        assert_eq!(inherited.get(Scope::Transient, "T"), None);
        assert_eq!(inherited.get(Scope::Persistent, "P"), Some("2"));
    }

    #[test]
    fn prefixes_decide_the_scope() {
        let cases: [(Scope, &str, Option<&str>); 7] = [
            (Scope::Transient, "RPC_TRANSIT_A", Some("A")),
            (Scope::Transient, "RPC_TRANSIT_UPSTREAM_A", None),
            (Scope::Transient, "RPC_TRANSIT_", None),
            (Scope::Persistent, "RPC_PERSIST_A", Some("A")),
            (Scope::Persistent, "RPC_TRANSIT_A", None),
            (Scope::Backward, "A", Some("A")),
            (Scope::Backward, "RPC_BACKWARD_A", Some("A")),
        ];
        for (scope, key, expected) in cases {
            let found = scoped(scope, key.as_bytes(), b"v").map(|(key, _)| key);
            assert_eq!(found, expected.map(str::as_bytes), "{key}");
        }
        assert_eq!(scoped(Scope::Persistent, b"RPC_PERSIST_A", b""), None);
    }
}
