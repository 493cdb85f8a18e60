//! How a limit follows from the time that calls take.

use super::AdaptiveConfig;

/// What was seen in a time that has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// When it ended, in nanoseconds.
    pub(super) now: u64,
    /// The time that a call took on average, in nanoseconds.
    pub(super) latency: f64,
    /// The calls that ran at a time, on average.
    pub(super) busy: f64,
}

/// A limit, and what it is made of.
///
/// Calls that have to wait for each other take longer. So the time that they take now is held against the least that
/// they were seen to take: up to `tolerance` times that the limit grows, above it shrinks, by the ratio of the two.
/// The least time goes stale when the service itself becomes slower, and is too long if it was never seen without a
/// queue. So now and then it is measured anew: for two windows, one for the queue to be worked off and one to measure in,
/// the limit is brought below what ran at a time without a queue (calls that run = calls a second × time of a call).
#[derive(Debug)]
pub(super) struct Gradient {
    limit: f64,
    /// The least time that a call took on average.
    floor: Option<f64>,
    phase: Phase,
    measure_at: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Following,
    /// A queue is worked off, beneath this limit.
    Draining(f64),
    /// The time of a call is measured, beneath this limit. It was found to be shorter in measurements just before.
    Measuring(f64),
}

/// How far a limit goes in one window to where it should be.
const SMOOTHING: f64 = 0.2;

/// What part of a limit is made use of if it matters: less than calls of the lowest priority may take.
const USED: f64 = 0.4;

/// What part of the calls that could run without a queue do so while the least time is measured.
const PROBE: f64 = 0.75;

/// A measurement that finds less than this part of the least time so far is followed by another one.
const LOWER: f64 = 0.9;

impl Gradient {
    pub(super) fn new(config: &AdaptiveConfig) -> Self {
        Self { limit: f64::from(config.initial), floor: None, phase: Phase::Following, measure_at: 0 }
    }

    /// The limit after what was seen.
    pub(super) fn next(&mut self, config: &AdaptiveConfig, seen: Seen) -> u32 {
        match self.phase {
            Phase::Following => self.follow(config, seen),
            Phase::Draining(limit) => self.phase = Phase::Measuring(limit),
            Phase::Measuring(limit) => self.measure(config, seen, limit),
        }
        self.limit = self.limit.clamp(f64::from(config.min), f64::from(config.max));
        match self.phase {
            Phase::Following => self.limit as u32,
            Phase::Draining(limit) | Phase::Measuring(limit) => (limit as u32).clamp(config.min, config.max),
        }
    }

    /// The least time that calls took on average, in nanoseconds.
    pub(super) fn floor(&self) -> Option<f64> {
        self.floor
    }

    fn follow(&mut self, config: &AdaptiveConfig, seen: Seen) {
        let floor = self.floor.map_or(seen.latency, |floor| floor.min(seen.latency));
        self.floor = Some(floor);
        // Further away than it was put off, it was put off by a clock that was wrong.
        let due = seen.now >= self.measure_at || self.measure_at - seen.now > config.remeasure_nanos();
        // A limit that is not made use of says nothing of itself, and calls do not wait beneath it.
        if seen.busy < self.limit * USED {
            if due {
                self.floor = Some(seen.latency);
                self.put_off(config, seen.now);
            }
            return;
        }
        let gradient = (config.tolerance * floor / seen.latency).clamp(0.5, 2.0);
        let target = self.limit * gradient + self.limit.sqrt() / 2.0;
        self.limit += SMOOTHING * (target - self.limit);
        if due {
            self.phase = Phase::Draining(seen.busy * floor / seen.latency * PROBE);
        }
    }

    fn measure(&mut self, config: &AdaptiveConfig, seen: Seen, limit: f64) {
        let floor = self.floor.replace(seen.latency).unwrap_or(seen.latency);
        if seen.latency < floor * LOWER && limit > f64::from(config.min) {
            // There was a queue even so: there is one above twice as many calls in any case.
            self.limit = self.limit.min(limit * 2.0);
            self.phase = Phase::Draining(limit * PROBE);
            return;
        }
        self.phase = Phase::Following;
        self.put_off(config, seen.now);
    }

    fn put_off(&mut self, config: &AdaptiveConfig, now: u64) {
        self.measure_at = now.saturating_add(config.remeasure_nanos());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service with room for so many calls, each of which takes so long; all that are admitted come at once.
    struct Backend {
        room: f64,
        takes: f64,
        now: u64,
        limit: u32,
    }

    impl Backend {
        fn step(&mut self, gradient: &mut Gradient, config: &AdaptiveConfig, asked: f64) -> u32 {
            let busy = f64::from(self.limit).min(asked);
            self.now += 100_000_000;
            let latency = self.takes * (busy / self.room).max(1.0);
            self.limit = gradient.next(config, Seen { now: self.now, latency, busy });
            self.limit
        }

        fn run(
            &mut self,
            gradient: &mut Gradient,
            config: &AdaptiveConfig,
            windows: usize,
            asked: f64,
        ) -> u32 {
            for _ in 0..windows {
                self.step(gradient, config, asked);
            }
            gradient.limit as u32
        }
    }

    fn gradient(initial: u32) -> (AdaptiveConfig, Gradient) {
        let config = AdaptiveConfig { initial, ..AdaptiveConfig::default() };
        let gradient = Gradient::new(&config);
        (config, gradient)
    }

    #[test]
    fn a_limit_settles_a_little_above_what_runs_without_a_queue_wherever_it_begins() {
        for room in [1.0, 2.0, 16.0, 100.0, 600.0] {
            for initial in [1, 20, 1000] {
                let (config, mut gradient) = gradient(initial);
                let mut backend = Backend { room, takes: 1e7, now: 0, limit: initial };
                let limit = f64::from(backend.run(&mut gradient, &config, 300, 1e9));
                assert!((room..=room * 2.5).contains(&limit), "{limit} of {room} from {initial}");
            }
        }
    }

    #[test]
    fn a_limit_that_is_not_made_use_of_stays_as_it_is() {
        let (config, mut gradient) = gradient(20);
        let mut backend = Backend { room: 100.0, takes: 1e7, now: 0, limit: 20 };
        assert_eq!(backend.run(&mut gradient, &config, 1000, 5.0), 20);
        assert!(backend.run(&mut gradient, &config, 100, 1e9) > 90);
    }

    #[test]
    fn a_service_that_becomes_slower_for_good_gets_its_limit_back() {
        let (config, mut gradient) = gradient(20);
        let mut backend = Backend { room: 100.0, takes: 1e7, now: 0, limit: 20 };
        let before = backend.run(&mut gradient, &config, 300, 1e9);
        backend.takes *= 5.0;
        backend.run(&mut gradient, &config, 20, 1e9);
        assert!((gradient.limit as u32) < before, "it looks like a queue at first");
        let after = backend.run(&mut gradient, &config, 300, 1e9);
        assert!(after.abs_diff(before) < before / 4, "{before} and {after}");
    }

    #[test]
    fn a_limit_stays_within_its_bounds() {
        let config = AdaptiveConfig { initial: 20, min: 10, max: 30, ..AdaptiveConfig::default() };
        for (room, reached) in [(1.0, 10), (1000.0, 30)] {
            let mut gradient = Gradient::new(&config);
            let mut backend = Backend { room, takes: 1e7, now: 0, limit: 20 };
            let limits: Vec<_> = (0..500).map(|_| backend.step(&mut gradient, &config, 1e9)).collect();
            assert!(limits.iter().all(|limit| (10..=30).contains(limit)), "{limits:?}");
            assert!(limits.contains(&reached), "{limits:?}");
        }
    }
}
