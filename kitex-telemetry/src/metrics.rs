//! What the `metrics` facade records, kept so that recording costs no lock, and read by two: the page and OTLP.

mod cells;
mod instrument;
mod meter;
mod otlp;
mod prometheus;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use kitex_core::{Registry, SettingError};
use kitex_middleware::StateMetrics;
use metrics::{Key, KeyName, Metadata, SharedString, Unit};

pub(crate) use instrument::{Counted, Counter, Gauge, Histogram};

/// What is recorded, and how finely.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MetricsConfig {
    /// Series, that is names with their labels, at most. What comes after them is not recorded, and
    /// `kitex.telemetry.series.dropped` tells how many times one was asked for. 10 000.
    pub series: usize,
    /// Upper bounds of histograms of durations, in seconds. From 100 µs to 10 s.
    pub seconds: Vec<f64>,
    /// Upper bounds of histograms of sizes, in bytes. From 64 B to 16 MiB.
    pub bytes: Vec<f64>,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            series: 10_000,
            // Steps of about two, finer than the conventions' five milliseconds: calls within a data centre are quicker.
            seconds: vec![
                0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
                5.0, 10.0,
            ],
            bytes: (0..10).map(|step| 64.0 * 4_f64.powi(step)).collect(),
        }
    }
}

/// A recorder for the facade. Cheap to clone; clones share what they have recorded.
///
/// ```
/// use kitex_telemetry::{MetricsConfig, Recorder};
///
/// let recorder = Recorder::new(MetricsConfig::default())?;
/// metrics::with_local_recorder(&recorder, || metrics::counter!("jobs.done").increment(3));
/// assert!(recorder.render().contains("jobs_done_total 3"));
/// # Ok::<(), kitex_core::SettingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limit: usize,
    seconds: Arc<[f64]>,
    bytes: Arc<[f64]>,
    began: SystemTime,
    dropped: AtomicU64,
    /// Locked where a handle is made and where all is read; never where something is recorded.
    families: Mutex<Families>,
    /// Asked whenever all is read.
    states: Mutex<StateMetrics>,
}

#[derive(Debug, Default)]
struct Families {
    described: BTreeMap<String, (Option<Unit>, String)>,
    by_name: BTreeMap<String, BTreeMap<Labels, Instrument>>,
    series: usize,
}

type Labels = Vec<(String, String)>;

#[derive(Debug, Clone)]
enum Instrument {
    Counter(Arc<Counter>),
    Gauge(Arc<Gauge>),
    Histogram(Arc<Histogram>),
}

/// All series of one name at one time.
#[derive(Debug)]
struct Family {
    name: String,
    unit: Option<Unit>,
    description: String,
    points: Vec<(Labels, Value)>,
}

#[derive(Debug)]
enum Value {
    Counter(u64),
    Gauge(f64),
    Histogram(Counted),
}

impl Recorder {
    /// Errors if the limit is zero, or bounds are none that grow.
    pub fn new(config: MetricsConfig) -> Result<Self, SettingError> {
        if config.series == 0 {
            return Err(SettingError::new("MetricsConfig::series", "0 series are no metrics"));
        }
        let shared = Shared {
            limit: config.series,
            seconds: checked("MetricsConfig::seconds", config.seconds)?,
            bytes: checked("MetricsConfig::bytes", config.bytes)?,
            began: SystemTime::now(),
            dropped: AtomicU64::new(0),
            families: Mutex::default(),
            states: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Looks at the states in a registry whenever the figures are read, as [`StateMetrics`] names them: connections,
    /// breakers, limits. Further registries add to those before; what several list counts once.
    pub fn watch(&self, registry: &Registry) {
        self.shared.states.lock().unwrap_or_else(PoisonError::into_inner).add(registry);
    }

    fn look(&self) {
        let states = self.shared.states.lock().unwrap_or_else(PoisonError::into_inner);
        metrics::with_local_recorder(self, || states.record());
    }

    /// All that was recorded, as the text that Prometheus scrapes.
    ///
    /// Names and labels have underscores for dots; a name ends in its unit (`_seconds`, `_bytes`) and a counter's in
    /// `_total`: `rpc.server.call.duration` is `rpc_server_call_duration_seconds`. Of labels whose names become the same,
    /// the last is shown; a histogram's own label `le` is shown as `exported_le`.
    pub fn render(&self) -> String {
        prometheus::render(self.snapshot())
    }

    /// All that was recorded, as OTLP has it.
    pub(crate) fn to_otlp(&self) -> Vec<opentelemetry_proto::tonic::metrics::v1::Metric> {
        otlp::metrics(self.snapshot(), self.shared.began, SystemTime::now())
    }

    /// A counter of this crate's own.
    pub(crate) fn counter(&self, name: &str, label: Option<(&str, &str)>) -> Arc<Counter> {
        let labels = label.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        self.or_dropped(self.counting(name, labels)).unwrap_or_else(|| Arc::new(Counter::new()))
    }

    /// Counts a series that is not recorded.
    fn or_dropped<T>(&self, found: Option<T>) -> Option<T> {
        if found.is_none() {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    fn counting(&self, name: &str, labels: Labels) -> Option<Arc<Counter>> {
        let make = || Instrument::Counter(Arc::new(Counter::new()));
        self.instrument(name, labels, make, |found| match found {
            Instrument::Counter(counter) => Some(Arc::clone(counter)),
            _ => None,
        })
    }

    fn gauge(&self, name: &str, labels: Labels) -> Option<Arc<Gauge>> {
        let make = || Instrument::Gauge(Arc::new(Gauge::new()));
        self.instrument(name, labels, make, |found| match found {
            Instrument::Gauge(gauge) => Some(Arc::clone(gauge)),
            _ => None,
        })
    }

    fn histogram(&self, name: &str, labels: Labels) -> Option<Arc<Histogram>> {
        let bounds = self.bounds(name);
        let make = || Instrument::Histogram(Arc::new(Histogram::new(bounds)));
        self.instrument(name, labels, make, |found| match found {
            Instrument::Histogram(histogram) => Some(Arc::clone(histogram)),
            _ => None,
        })
    }

    fn families(&self) -> MutexGuard<'_, Families> {
        self.shared.families.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>, description: SharedString) {
        let mut families = self.families();
        if families.described.len() < self.shared.limit {
            families.described.insert(name.as_str().to_owned(), (unit, description.into_owned()));
        }
    }

    /// What is behind a name and labels. `None` if the name is that of another kind, or there are too many already.
    fn instrument<T>(
        &self,
        name: &str,
        labels: Labels,
        make: impl FnOnce() -> Instrument,
        want: impl FnOnce(&Instrument) -> Option<T>,
    ) -> Option<T> {
        let mut families = self.families();
        let family = families.by_name.get(name);
        if let Some(found) = family.and_then(|family| family.get(&labels)) {
            return want(found);
        }
        let made = make();
        let other = family.and_then(|family| family.values().next());
        let alike = other.is_none_or(|other| std::mem::discriminant(other) == std::mem::discriminant(&made));
        if families.series >= self.shared.limit || !alike {
            return None;
        }
        families.series += 1;
        let wanted = want(&made);
        families.by_name.entry(name.to_owned()).or_default().insert(labels, made);
        wanted
    }

    fn bounds(&self, name: &str) -> Arc<[f64]> {
        let unit = self.families().described.get(name).and_then(|(unit, _)| *unit);
        Arc::clone(if unit == Some(Unit::Bytes) { &self.shared.bytes } else { &self.shared.seconds })
    }

    fn snapshot(&self) -> Vec<Family> {
        self.look();
        let families = self.families();
        let read = |(name, series): (&String, &BTreeMap<_, _>)| families.read(name, series);
        let mut all: Vec<_> = families.by_name.iter().map(read).collect();
        all.push(Family {
            name: "kitex.telemetry.series.dropped".to_owned(),
            unit: None,
            description: "Series that were asked for and not recorded: there were too many.".to_owned(),
            points: vec![(Labels::new(), Value::Counter(self.shared.dropped.load(Ordering::Relaxed)))],
        });
        all
    }
}

impl Families {
    fn read(&self, name: &str, series: &BTreeMap<Labels, Instrument>) -> Family {
        let (unit, description) = self.described.get(name).cloned().unwrap_or_default();
        let value = |instrument: &Instrument| match instrument {
            Instrument::Counter(counter) => Value::Counter(counter.value()),
            Instrument::Gauge(gauge) => Value::Gauge(gauge.value()),
            Instrument::Histogram(histogram) => Value::Histogram(histogram.counted()),
        };
        let points = series.iter().map(|(labels, instrument)| (labels.clone(), value(instrument))).collect();
        Family { name: name.to_owned(), unit, description, points }
    }
}

fn checked(setting: &'static str, bounds: Vec<f64>) -> Result<Arc<[f64]>, SettingError> {
    let grows = bounds.windows(2).all(|pair| pair[0] < pair[1]);
    if bounds.is_empty() || !grows || !bounds.iter().all(|bound| bound.is_finite()) {
        let reason = "bounds are finite numbers, at least one, each above the last";
        return Err(SettingError::new(setting, reason));
    }
    Ok(bounds.into())
}

/// Sorted, so that their order makes no series of its own. Of several with one key, the last.
fn labels(key: &Key) -> Labels {
    let pairs = key.labels().map(|label| (label.key().to_owned(), label.value().to_owned()));
    pairs.collect::<BTreeMap<_, _>>().into_iter().collect()
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(&key, unit, description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        let counter = self.or_dropped(self.counting(key.name(), labels(key)));
        counter.map_or_else(metrics::Counter::noop, metrics::Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        let gauge = self.or_dropped(self.gauge(key.name(), labels(key)));
        gauge.map_or_else(metrics::Gauge::noop, metrics::Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        let histogram = self.or_dropped(self.histogram(key.name(), labels(key)));
        histogram.map_or_else(metrics::Histogram::noop, metrics::Histogram::from_arc)
    }
}

#[cfg(test)]
mod tests;
