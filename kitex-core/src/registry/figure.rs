//! Figures of a state, for metrics.

use kitex_codec::Str;

/// A number that tells of something's state, for metrics: see [`Inspect::figures`](super::Inspect::figures).
///
/// ```
/// use kitex_core::{Figure, FigureKind};
///
/// let waiting = Figure::gauge("jobs.waiting", 3.0).with("queue", "mail");
/// assert_eq!((waiting.kind, waiting.labels.len()), (FigureKind::Gauge, 1));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Figure {
    /// What it is a figure of, with dots between words: `kitex.limit.in_flight`.
    pub name: &'static str,
    /// What it means if there are several of one name and labels.
    pub kind: FigureKind,
    /// What tells it from others of its name. As few as can be: each combination is a series of its own.
    pub labels: Vec<(&'static str, Str)>,
    /// The figure.
    pub value: f64,
}

/// What several figures of one name and labels come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FigureKind {
    /// How many there are: their sum.
    Gauge,
    /// How bad it is: the highest.
    Level,
    /// How many there were so far: the sum, also of what is gone.
    Counter,
}

impl Figure {
    /// How many there are.
    pub fn gauge(name: &'static str, value: f64) -> Self {
        Self { name, kind: FigureKind::Gauge, labels: Vec::new(), value }
    }

    /// How bad it is.
    pub fn level(name: &'static str, value: f64) -> Self {
        Self { kind: FigureKind::Level, ..Self::gauge(name, value) }
    }

    /// How many there were so far.
    pub fn counter(name: &'static str, count: u64) -> Self {
        Self { kind: FigureKind::Counter, ..Self::gauge(name, count as f64) }
    }

    /// Adds a label.
    pub fn with(mut self, key: &'static str, value: impl Into<Str>) -> Self {
        self.labels.push((key, value.into()));
        self
    }
}
