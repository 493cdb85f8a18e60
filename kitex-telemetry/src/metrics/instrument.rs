//! What is behind the handles of the facade.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use metrics::{CounterFn, GaugeFn, HistogramFn};

use super::cells::Cells;
use super::meter::{Meter, Part};

/// A number that only grows.
#[derive(Debug)]
pub(crate) struct Counter {
    base: AtomicU64,
    cells: Cells<AtomicU64>,
}

impl Counter {
    pub(crate) fn new() -> Self {
        Self { base: AtomicU64::new(0), cells: Cells::new() }
    }

    pub(crate) fn value(&self) -> u64 {
        self.base.load(Ordering::Relaxed).wrapping_add(self.added())
    }

    fn added(&self) -> u64 {
        self.cells.all().fold(0, |sum, cell| sum.wrapping_add(cell.load(Ordering::Relaxed)))
    }
}

impl CounterFn for Counter {
    fn increment(&self, value: u64) {
        self.cells.add(Box::default, |cell, writer| writer.add(cell, value));
    }

    fn absolute(&self, value: u64) {
        self.base.fetch_max(value.saturating_sub(self.added()), Ordering::Relaxed);
    }
}

/// A number that grows and shrinks.
#[derive(Debug)]
pub(crate) struct Gauge {
    base: AtomicU64,
    cells: Cells<AtomicU64>,
    /// What counts calls under way, if this is of those.
    pub(super) meter: OnceLock<Arc<Meter>>,
}

impl Gauge {
    pub(crate) fn new() -> Self {
        Self { base: AtomicU64::new(0), cells: Cells::new(), meter: OnceLock::new() }
    }

    pub(crate) fn value(&self) -> f64 {
        f64::from_bits(self.base.load(Ordering::Relaxed)) + self.added()
    }

    fn added(&self) -> f64 {
        let metered = self.meter.get().map_or(0.0, |meter| meter.active());
        self.cells.all().map(|cell| f64::from_bits(cell.load(Ordering::Relaxed))).sum::<f64>() + metered
    }
}

impl GaugeFn for Gauge {
    /// By what is no number nothing is added: what cells hold is not taken out again, not even by `set`.
    fn increment(&self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.cells.add(Box::default, |cell, writer| writer.add_float(cell, value));
    }

    fn decrement(&self, value: f64) {
        self.increment(-value);
    }

    fn set(&self, value: f64) {
        self.base.store((value - self.added()).to_bits(), Ordering::Relaxed);
    }
}

/// How many values lay between which bounds.
///
/// A call adds to several of them, and a call that waited for the kernel finds nothing of them near: what is read first
/// stands together, and so do the sum and the counts of small values.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Histogram {
    bounds: Arc<[f64]>,
    cells: Cells<[Line]>,
    /// Where the calls of a method are counted besides, if this is of those.
    pub(super) part: OnceLock<(Arc<Meter>, Part)>,
}

/// The sum, and then the counts, of which there is one more than there are bounds; of one thread.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line([AtomicU64; LINE]);

/// Numbers in a cache line.
pub(super) const LINE: usize = 8;

/// What a histogram has counted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counted {
    pub(crate) bounds: Arc<[f64]>,
    /// Of the values up to each bound and above the one before; the last, of those above all.
    pub(crate) counts: Vec<u64>,
    pub(crate) sum: f64,
}

impl Histogram {
    pub(crate) fn new(bounds: Arc<[f64]>) -> Self {
        Self { bounds, cells: Cells::new(), part: OnceLock::new() }
    }

    pub(super) fn bounds(&self) -> &Arc<[f64]> {
        &self.bounds
    }

    pub(crate) fn counted(&self) -> Counted {
        let bounds = Arc::clone(&self.bounds);
        let mut counted = Counted { counts: vec![0; bounds.len() + 1], bounds, sum: 0.0 };
        for lines in self.cells.all() {
            let numbers = lines.iter().flat_map(|Line(numbers)| numbers);
            let mut numbers = numbers.map(|number| number.load(Ordering::Relaxed));
            counted.add(numbers.next().map_or(0.0, f64::from_bits), numbers);
        }
        if let Some((meter, part)) = self.part.get() {
            meter.add_to(part, &mut counted);
        }
        counted
    }

    fn lines(&self) -> Box<[Line]> {
        (0..(self.bounds.len() + 2).div_ceil(LINE)).map(|_| Line::default()).collect()
    }
}

impl Counted {
    /// Adds what one thread has counted.
    pub(super) fn add(&mut self, sum: f64, counts: impl Iterator<Item = u64>) {
        self.sum += sum;
        for (total, count) in self.counts.iter_mut().zip(counts) {
            *total = total.wrapping_add(count);
        }
    }
}

impl HistogramFn for Histogram {
    /// What is no number is not counted: it would make the sum useless for good.
    fn record(&self, value: f64) {
        if !value.is_finite() {
            return;
        }
        // From below: most calls are quick, and most messages small.
        let place = 1 + self.bounds.iter().take_while(|bound| value > **bound).count();
        self.cells.add(
            || self.lines(),
            |lines, writer| {
                if let Some(Line(numbers)) = lines.get(place / LINE) {
                    writer.add(&numbers[place % LINE], 1);
                    writer.add_float(&lines[0].0[0], value);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_is_not_above_it() {
        let histogram = Histogram::new(Arc::new([1.0, 2.0]));
        for value in [0.5, 1.0, 1.5, 2.0, 2.5, -1.0, f64::NAN, f64::INFINITY] {
            histogram.record(value);
        }
        let counted = histogram.counted();
        assert_eq!((counted.counts, counted.sum), (vec![3, 2, 1], 6.5));
    }

    #[test]
    fn a_gauge_and_a_counter_can_be_set_over_what_was_added() {
        let (gauge, counter) = (Gauge::new(), Counter::new());
        gauge.increment(3.0);
        gauge.set(10.0);
        gauge.decrement(1.0);
        assert_eq!(gauge.value(), 9.0);
        [f64::NAN, f64::INFINITY].iter().for_each(|none| gauge.increment(*none));
        gauge.decrement(f64::INFINITY);
        assert_eq!(gauge.value(), 9.0, "what is no number changes nothing");
        gauge.set(f64::NAN);
        gauge.set(2.0);
        assert_eq!(gauge.value(), 2.0);
        counter.increment(3);
        counter.absolute(10);
        counter.increment(1);
        counter.absolute(5);
        assert_eq!(counter.value(), 11);
    }
}
