//! States of layers, servers and clients as metrics.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use kitex_codec::Str;
use kitex_core::{Figure, FigureKind, Inspect, Registry};
use metrics::{Gauge, Label, Unit, describe_counter, describe_gauge};

use crate::panic::catch;

/// Tells the `metrics` facade of the states in one [`Registry`] or several: connections, breakers, limits, what a retry budget
/// has.
///
/// | name | kind | of | labels |
/// |---|---|---|---|
/// | `kitex.server.connections`, `kitex.server.refused_connections` | gauge, counter | connections of peers | |
/// | `kitex.server.held` | gauge, bytes | what is held for all connections | |
/// | `kitex.client.connections`, `kitex.client.idle_connections` | gauge | a client's connections, and those that no call uses | `server.address` |
/// | `kitex.client.in_flight`, `kitex.client.waiting` | gauge | calls on a connection, and calls that wait for one | `server.address` |
/// | `kitex.client.dialled`, `kitex.client.dial_failures` | counter | attempts to connect | `server.address` |
/// | `kitex.breaker.state` | gauge | 0 is closed, 1 half-open, 2 open | `rpc.method` or `server.address` |
/// | `kitex.breaker.trips`, `kitex.breaker.refused` | counter | how often it opened, and refused a call | the same |
/// | `kitex.limit.in_flight`, `kitex.limit.limit` | gauge | calls beneath a limit, and the limit, which of an adaptive one moves | `kitex.limit.kind`, `rpc.method` of each that has its own |
/// | `kitex.limit.tokens` | gauge | calls that a rate allows at once now | the same |
/// | `kitex.limit.keys` | gauge | callers, keys or addresses that are counted at present | `kitex.limit.kind` |
/// | `kitex.limit.refused` | counter | calls, or connections | `kitex.limit.kind` |
/// | `kitex.retry.saved` | gauge | further attempts that the budget has left, as of the last one | |
/// | `kitex.retry.attempts` | counter | further attempts | `rpc.method`, `kitex.retry.kind`: `retry` or `hedge` |
/// | `kitex.retry.refused` | counter | those that were not made | `rpc.method`, `kitex.retry.reason`: `attempts`, `time`, `budget` or `chain` |
///
/// A layer with a name has it as `kitex.breaker.name`, `kitex.limit.name` or `kitex.retry.name`. What is one's own has
/// the [figures](kitex_core::Inspect::figures) that it gives.
///
/// Nothing of this is on the path of a call: the states are looked at when [`record`](Self::record) is called, which the
/// crate `kitex-telemetry` does before its page is read and before it exports. With another recorder, call it every few
/// seconds.
///
/// One is enough for a process, and two for one recorder would overwrite each other's gauges: further registries are for
/// [`add`](Self::add).
///
/// ```
/// use kitex_core::Registry;
/// use kitex_middleware::{ConcurrencyConfig, ConcurrencyLayer, StateMetrics};
///
/// let registry = Registry::new();
/// let layer = ConcurrencyLayer::new(ConcurrencyConfig::new(64))?.register(&registry);
/// let states = StateMetrics::new(&registry);
/// states.record();
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
#[derive(Default)]
pub struct StateMetrics {
    registries: Vec<Registry>,
    told: Mutex<Told>,
}

/// A name and labels.
type Series = (&'static str, Vec<(&'static str, Str)>);

/// What was told last.
#[derive(Default)]
struct Told {
    gauges: HashMap<Series, Gauge>,
    /// By the address of the state, which stays its own as long as the entry is there.
    counts: HashMap<usize, Counts>,
}

/// What was told last of one state's counters.
struct Counts {
    /// Keeps the address from being used again, so that a new state is not taken for one that is gone.
    of: Weak<dyn Inspect>,
    told: HashMap<Series, u64>,
}

impl StateMetrics {
    /// For what is listed in a registry now, and later.
    pub fn new(registry: &Registry) -> Self {
        let mut states = Self::default();
        states.add(registry);
        states
    }

    /// Takes what is listed in another registry along, now and later. What several registries list, and a registry that
    /// is added twice, counts once.
    pub fn add(&mut self, registry: &Registry) {
        self.registries.push(registry.clone());
    }

    /// Tells the facade of all states. The gauges of what is gone are zero. A state whose figures panic is left out, and
    /// its counters go on from where they were when it has figures again.
    pub fn record(&self) {
        if self.registries.is_empty() {
            return;
        }
        describe();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gauges = BTreeMap::<Series, f64>::new();
        for (place, state) in self.states() {
            // What is one's own may panic; the hook has reported it, and the others are told of.
            let Ok(figures) = catch(|| state.figures()) else { continue };
            let mut counts = HashMap::new();
            for Figure { name, kind, labels, value, .. } in figures {
                let series = (name, labels);
                match kind {
                    FigureKind::Counter => *counts.entry(series).or_default() += value as u64,
                    FigureKind::Level => {
                        let level = gauges.entry(series).or_insert(value);
                        *level = level.max(value);
                    }
                    _ => *gauges.entry(series).or_default() += value,
                }
            }
            told.add_counts(place, &state, counts);
        }
        told.set_gauges(gauges);
        told.counts.retain(|_, counts| counts.of.strong_count() > 0);
    }

    /// Each state once, and its address.
    fn states(&self) -> Vec<(usize, Arc<dyn Inspect>)> {
        let mut seen = HashSet::new();
        let all = self.registries.iter().flat_map(Registry::states);
        let placed = all.map(|state| (Arc::as_ptr(&state).cast::<()>().addr(), state));
        placed.filter(|(place, _)| seen.insert(*place)).collect()
    }
}

impl Told {
    fn set_gauges(&mut self, now: BTreeMap<Series, f64>) {
        self.gauges.retain(|series, gauge| {
            let is_there = now.contains_key(series);
            if !is_there {
                gauge.set(0.0);
            }
            is_there
        });
        for (series, value) in now {
            let made = |series: &Series| metrics::gauge!(series.0, labels(series));
            self.gauges.entry(series).or_insert_with_key(made).set(value);
        }
    }

    fn add_counts(&mut self, place: usize, state: &Arc<dyn Inspect>, now: HashMap<Series, u64>) {
        let made = || Counts { of: Arc::downgrade(state), told: HashMap::new() };
        let counts = self.counts.entry(place).or_insert_with(made);
        let mut before = std::mem::take(&mut counts.told);
        for (series, count) in now {
            let told = before.remove(&series).unwrap_or(0);
            // Of one state it only grows: one that is read a little lower is told of when it is above what was told.
            metrics::counter!(series.0, labels(&series)).increment(count.saturating_sub(told));
            counts.told.insert(series, count.max(told));
        }
    }
}

fn labels((_, labels): &Series) -> Vec<Label> {
    labels.iter().map(|(key, value)| Label::new(*key, value.to_string())).collect()
}

/// Tells the recorder what the names mean. Once more does no harm.
fn describe() {
    describe_gauge!("kitex.server.connections", Unit::Count, "Connections of peers.");
    describe_counter!(
        "kitex.server.refused_connections",
        Unit::Count,
        "Connections that were closed at once."
    );
    describe_gauge!("kitex.server.held", Unit::Bytes, "What is held for all connections.");
    describe_gauge!("kitex.client.connections", Unit::Count, "Connections.");
    describe_gauge!("kitex.client.idle_connections", Unit::Count, "Connections that no call uses.");
    describe_gauge!("kitex.client.in_flight", Unit::Count, "Calls on a connection.");
    describe_gauge!("kitex.client.waiting", Unit::Count, "Calls that wait for a connection.");
    describe_counter!("kitex.client.dialled", Unit::Count, "Connections that were made.");
    describe_counter!("kitex.client.dial_failures", Unit::Count, "Connections that could not be made.");
    describe_gauge!("kitex.breaker.state", Unit::Count, "0 is closed, 1 half-open, 2 open.");
    describe_counter!("kitex.breaker.trips", Unit::Count, "How often breakers opened.");
    describe_counter!("kitex.breaker.refused", Unit::Count, "Calls that breakers refused.");
    describe_gauge!("kitex.limit.in_flight", Unit::Count, "Calls beneath a limit.");
    describe_gauge!("kitex.limit.limit", Unit::Count, "Calls that may be beneath a limit.");
    describe_gauge!("kitex.limit.tokens", Unit::Count, "Calls that a rate allows at once.");
    describe_gauge!("kitex.limit.keys", Unit::Count, "Callers, keys or addresses that are counted.");
    describe_counter!("kitex.limit.refused", Unit::Count, "What limits refused.");
    describe_gauge!("kitex.retry.saved", Unit::Count, "Further attempts that the budget has left.");
    describe_counter!("kitex.retry.attempts", Unit::Count, "Further attempts.");
    describe_counter!("kitex.retry.refused", Unit::Count, "Further attempts that were not made.");
}

impl fmt::Debug for StateMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StateMetrics").field(&self.registries).finish()
    }
}
