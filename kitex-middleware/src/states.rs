//! States of layers, servers and clients as metrics.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kitex_codec::Str;
use kitex_core::{Figure, FigureKind, Registry};
use metrics::{Gauge, Label, Unit, describe_counter, describe_gauge};

use crate::panic::catch;

/// Tells the `metrics` facade of the states in a [`Registry`]: connections, breakers, limits, what a retry budget has.
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
/// crate `kitex-telemetry` does before its page is read and before it exports, for each registry that it is given. With
/// another recorder, call it every few seconds.
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
pub struct StateMetrics {
    registry: Registry,
    told: Mutex<Told>,
}

/// A name and labels.
type Series = (&'static str, Vec<(&'static str, Str)>);

/// What was told last.
#[derive(Default)]
struct Told {
    gauges: HashMap<Series, Gauge>,
    /// Of what is at an address: what is gone still counts, and what comes in its place counts anew.
    counts: HashMap<(usize, Series), u64>,
}

impl StateMetrics {
    /// For what is listed in a registry now, and later.
    pub fn new(registry: &Registry) -> Self {
        Self { registry: registry.clone(), told: Mutex::default() }
    }

    /// Tells the facade of all states. The figures of what is gone are zero.
    pub fn record(&self) {
        describe();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut gauges, mut counts) = (BTreeMap::<Series, f64>::new(), HashMap::new());
        for state in self.registry.states() {
            // What is one's own may panic; the hook has reported it, and the others are told of.
            for Figure { name, kind, labels, value, .. } in catch(|| state.figures()).unwrap_or_default() {
                let series = (name, labels);
                match kind {
                    FigureKind::Counter => {
                        let place = Arc::as_ptr(&state).cast::<()>().addr();
                        *counts.entry((place, series)).or_default() += value as u64;
                    }
                    FigureKind::Level => {
                        let level = gauges.entry(series).or_insert(value);
                        *level = level.max(value);
                    }
                    _ => *gauges.entry(series).or_default() += value,
                }
            }
        }
        told.set_gauges(gauges);
        told.set_counts(counts);
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

    fn set_counts(&mut self, now: HashMap<(usize, Series), u64>) {
        for ((place, series), count) in &now {
            let before = self.counts.get(&(*place, series.clone())).copied().unwrap_or(0);
            // One that counts less than before is another in the same place.
            let more = count.checked_sub(before).unwrap_or(*count);
            metrics::counter!(series.0, labels(series)).increment(more);
        }
        self.counts = now;
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
        f.debug_tuple("StateMetrics").field(&self.registry).finish()
    }
}
