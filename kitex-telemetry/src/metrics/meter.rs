//! What the calls of one method measure, by thread in one place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kitex_middleware::{CallMeter, CallMeters, CallSeries};

use super::cells::{Cells, Writer};
use super::instrument::{Counted, LINE};
use super::{Histogram, Labels, Recorder};

/// The histograms of a method's calls, and how many are under way.
///
/// A call that has waited for the kernel finds nothing of its figures near. Told by handles, each figure costs it the
/// handle, the instrument, its bounds and the thread's cell; here they are all found at once, and compared as whole numbers.
#[derive(Debug)]
pub(crate) struct Meter {
    request: Part,
    response: Part,
    duration: Part,
    queue: Option<Part>,
    cells: Cells<[AtomicU64]>,
}

/// A histogram's numbers among those of a thread: the sum, and then the counts.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    first: usize,
    bounds: Arc<[u64]>,
    /// As many make one of the histogram's unit.
    scale: f64,
}

/// Where the number of calls under way is, which of one thread may be below zero. Before it nothing is, so that no two
/// threads' numbers share a cache line.
const ACTIVE: usize = LINE;

impl Meter {
    /// `None` if a bound is below zero, where a whole number cannot be.
    fn new(seconds: &[f64], bytes: &[f64], is_served: bool) -> Option<Self> {
        let seconds = Part::new(seconds, 1e9, |nanos| Duration::from_nanos(nanos).as_secs_f64())?;
        let bytes = Part::new(bytes, 1.0, |bytes| bytes as f64)?;
        let request = bytes.behind(ACTIVE + 1);
        let duration = seconds.behind(request.end());
        let response = bytes.behind(duration.end());
        let queue = is_served.then(|| seconds.behind(response.end()));
        Some(Self { request, response, duration, queue, cells: Cells::new() })
    }

    fn numbers(&self) -> Box<[AtomicU64]> {
        let end = self.queue.as_ref().unwrap_or(&self.response).end();
        (0..end + LINE).map(|_| AtomicU64::default()).collect()
    }

    /// How many calls are under way.
    pub(super) fn active(&self) -> f64 {
        let active = self.cells.all().filter_map(|numbers| numbers.get(ACTIVE));
        let sum = active.fold(0_u64, |sum, number| sum.wrapping_add(number.load(Ordering::Relaxed)));
        sum.cast_signed() as f64
    }

    /// Adds to what was counted of a histogram besides.
    pub(super) fn add_to(&self, part: &Part, counted: &mut Counted) {
        for numbers in self.cells.all() {
            let mut numbers = numbers.iter().skip(part.first).map(|number| number.load(Ordering::Relaxed));
            counted.add(numbers.next().map_or(0.0, f64::from_bits) / part.scale, numbers);
        }
    }

    #[inline(always)]
    fn begun(&self, numbers: &[AtomicU64], writer: Writer, waited: Option<Duration>, request: Option<usize>) {
        writer.add(&numbers[ACTIVE], 1);
        if let (Some(queue), Some(waited)) = (&self.queue, waited) {
            queue.count(numbers, writer, nanos(waited));
        }
        if let Some(bytes) = request {
            self.request.count(numbers, writer, bytes as u64);
        }
    }

    #[inline(always)]
    fn ended(&self, numbers: &[AtomicU64], writer: Writer, took: Option<Duration>, response: Option<usize>) {
        writer.add(&numbers[ACTIVE], 1_u64.wrapping_neg());
        if let Some(took) = took {
            self.duration.count(numbers, writer, nanos(took));
        }
        if let Some(bytes) = response {
            self.response.count(numbers, writer, bytes as u64);
        }
    }
}

impl CallMeter for Meter {
    fn begin(&self, waited: Option<Duration>, request: Option<usize>) {
        match self.cells.own() {
            Some(numbers) => self.begun(numbers, Writer::Only, waited, request),
            None => self
                .cells
                .add_first(|| self.numbers(), |numbers, writer| self.begun(numbers, writer, waited, request)),
        }
    }

    fn end(&self, took: Option<Duration>, response: Option<usize>) {
        match self.cells.own() {
            Some(numbers) => self.ended(numbers, Writer::Only, took, response),
            None => self
                .cells
                .add_first(|| self.numbers(), |numbers, writer| self.ended(numbers, writer, took, response)),
        }
    }
}

impl Part {
    /// Whole numbers are compared as handles compare what `told` gives for them.
    fn new(bounds: &[f64], scale: f64, told: impl Fn(u64) -> f64) -> Option<Self> {
        // The largest whole number that is not above the bound.
        let whole = |bound: &f64| {
            let nearest = (bound * scale).round() as u64;
            let candidates = [nearest.saturating_add(1), nearest, nearest.saturating_sub(1)];
            candidates.into_iter().find(|number| told(*number) <= *bound)
        };
        let bounds = bounds.iter().map(whole).collect::<Option<Arc<[u64]>>>()?;
        Some(Self { first: 0, bounds, scale })
    }

    fn behind(&self, first: usize) -> Self {
        Self { first, ..self.clone() }
    }

    fn end(&self) -> usize {
        self.first + 2 + self.bounds.len()
    }

    /// Counts a value among the numbers of a thread.
    #[inline(always)]
    fn count(&self, numbers: &[AtomicU64], writer: Writer, value: u64) {
        // From below: most calls are quick, and most messages small.
        let place = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        if let Some([sum, counts @ ..]) = numbers.get(self.first..)
            && let Some(count) = counts.get(place)
        {
            writer.add(count, 1);
            // As a float: it never turns over, however long calls take together.
            writer.add_float(sum, value as f64);
        }
    }
}

/// All of what takes less than 584 years.
#[inline(always)]
fn nanos(time: Duration) -> u64 {
    time.as_nanos() as u64
}

impl CallMeters for Recorder {
    /// The series are those that the facade's handles would be of, and both add to them. None where handles do what a meter
    /// cannot: if one of the series is of another kind, there are too many, a bound is below zero, two have other bounds than
    /// it takes, or they are another meter's.
    fn meter(&self, series: &CallSeries<'_>) -> Option<Arc<dyn CallMeter>> {
        let mut labels: Labels = series.labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        labels.sort();
        let active = self.gauge(series.active, labels.clone())?;
        let histogram = |name| self.histogram(name, labels.clone());
        let (request, response) = (histogram(series.request)?, histogram(series.response)?);
        let duration = histogram(series.duration)?;
        let queue = match series.queue {
            Some(name) => Some(histogram(name)?),
            None => None,
        };
        let are_alike = |one: &Histogram, other: &Histogram| one.bounds() == other.bounds();
        if !are_alike(&request, &response) || queue.as_ref().is_some_and(|queue| !are_alike(queue, &duration))
        {
            return None;
        }
        let made = Arc::new(Meter::new(duration.bounds(), request.bounds(), queue.is_some())?);
        let meter = active.meter.get_or_init(|| made);
        if queue.is_some() != meter.queue.is_some() {
            return None;
        }
        let parts = [(&request, &meter.request), (&response, &meter.response), (&duration, &meter.duration)];
        let mut parts = parts.into_iter().chain(queue.as_ref().zip(meter.queue.as_ref()));
        let are_its_own = parts.all(|(histogram, part)| {
            let (owner, there) = histogram.part.get_or_init(|| (Arc::clone(meter), part.clone()));
            Arc::ptr_eq(owner, meter) && there.first == part.first
        });
        are_its_own.then(|| Arc::clone(meter) as Arc<dyn CallMeter>)
    }
}

#[cfg(test)]
mod tests;
