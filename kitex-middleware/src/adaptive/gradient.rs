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
/// queue. So now and then it is measured anew: for four windows, one for the queue to be worked off and three to measure in,
/// the limit is brought below what ran at a time without a queue (calls that run = calls a second × time of a call).
/// Windows of slow or few calls are long, and turning calls away for half of the time would be no way to learn how many
/// there may be: measurements take about a tenth of the time at most.
///
/// Where some calls take far longer than others, the average of one window is luck, and the least of many such averages
/// is far below what calls take. So the least time is one of averages over several windows.
#[derive(Debug)]
pub(super) struct Gradient {
    limit: f64,
    lately: Lately,
    /// The least time that a call took on average.
    floor: Option<f64>,
    phase: Phase,
    /// When the measurement that goes on, or was the last, has begun: the last one, of several in a row.
    began: u64,
    measure_at: u64,
    /// How long that was put off.
    put_off: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Following,
    /// A queue is worked off, beneath this limit.
    Draining(f64),
    /// The time of a call is measured, beneath this limit.
    Measuring(f64),
}

/// The time that a call took on average in the last windows.
#[derive(Debug, Default)]
struct Lately {
    windows: u32,
    latency: f64,
}

impl Lately {
    /// The average with one more window, of no more than about so many.
    fn add(&mut self, latency: f64, most: u32) -> f64 {
        self.windows = (self.windows + 1).min(most);
        self.latency += (latency - self.latency) / f64::from(self.windows);
        self.latency
    }
}

/// Windows that the least time is an average of.
const WINDOWS: u32 = 10;

/// Windows of a measurement: fewer calls are let through while it lasts.
const MEASURED: u32 = 3;

/// How far a limit goes in one window to where it should be.
const SMOOTHING: f64 = 0.2;

/// What part of a limit is made use of if it matters: less than calls of the lowest priority may take.
const USED: f64 = 0.4;

/// From what part of a limit on it may be what calls are waiting for: as much as calls of low priority may take.
const FULL: f64 = 0.65;

/// Calls that take no longer than so many times the least time do not wait: with chance, averages differ as much.
const ALIKE: f64 = 1.25;

/// What part of the calls that could run without a queue do so while the least time is measured.
const PROBE: f64 = 0.75;

/// How many times as long as a measurement has taken there is none after it.
const REST: u64 = 9;

/// The longest that a measurement is taken to have lasted: an hour.
const LONGEST: u64 = 3600 * 1_000_000_000;

/// A measurement that finds less than this part of the least time so far is followed by another one.
const LOWER: f64 = 0.9;

impl Gradient {
    pub(super) fn new(config: &AdaptiveConfig) -> Self {
        Self {
            limit: f64::from(config.initial),
            lately: Lately::default(),
            floor: None,
            phase: Phase::Following,
            began: 0,
            measure_at: 0,
            put_off: 0,
        }
    }

    /// The limit after what was seen.
    pub(super) fn next(&mut self, config: &AdaptiveConfig, seen: Seen) -> u32 {
        match self.phase {
            Phase::Following => self.follow(config, seen),
            Phase::Draining(limit) => {
                self.phase = Phase::Measuring(limit);
                self.lately = Lately::default();
            }
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
        let lately = self.lately.add(seen.latency, WINDOWS);
        let known = self.lately.windows == WINDOWS;
        let floor = self.floor.filter(|_| known).map_or(lately, |floor| floor.min(lately));
        self.floor = Some(floor);
        // Further away than it was put off, it was put off by a clock that was wrong.
        let due = seen.now >= self.measure_at || self.measure_at - seen.now > self.put_off;
        // A limit that is not made use of says nothing of itself, and calls do not wait beneath it.
        if seen.busy < self.limit * USED {
            if due && known {
                self.floor = Some(lately);
                self.put_off(seen.now, config.remeasure_nanos());
            }
            return;
        }
        let limit = self.limit;
        let gradient = (config.tolerance * floor / seen.latency).clamp(0.5, 2.0);
        let target = self.limit * gradient + self.limit.sqrt() / 2.0;
        self.limit += SMOOTHING * (target - self.limit);
        if due && (seen.busy > limit * FULL || lately > floor * ALIKE) {
            self.phase = Phase::Draining(seen.busy * floor / seen.latency * PROBE);
            self.began = seen.now;
        } else if due && known {
            // Calls take the least time while there is room for more: there is nothing to be measured.
            self.put_off(seen.now, config.remeasure_nanos());
        }
    }

    fn measure(&mut self, config: &AdaptiveConfig, seen: Seen, limit: f64) {
        let measured = self.lately.add(seen.latency, MEASURED);
        if self.lately.windows < MEASURED {
            return;
        }
        let floor = self.floor.replace(measured).unwrap_or(measured);
        if measured < floor * LOWER && limit > f64::from(config.min) {
            // There was a queue even so: there is one above twice as many calls in any case.
            self.limit = self.limit.min(limit * 2.0);
            self.phase = Phase::Draining(limit * PROBE);
            self.began = seen.now;
            return;
        }
        self.phase = Phase::Following;
        self.lately.windows = WINDOWS;
        // Of a clock that was wrong meanwhile no more is believed than windows can last.
        let took = seen.now.saturating_sub(self.began).min(LONGEST);
        self.put_off(seen.now, config.remeasure_nanos().max(took.saturating_mul(REST)));
    }

    fn put_off(&mut self, now: u64, time: u64) {
        self.measure_at = now.saturating_add(time);
        self.put_off = time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

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
                assert!((room..=(room * 2.5).ceil()).contains(&limit), "{limit} of {room} from {initial}");
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

    /// What a window of so many calls sees of a service of which one call in ten takes eleven times as long as the others.
    fn uneven(random: &Random, calls: u32) -> f64 {
        let takes = |_| if random.fraction() < 0.1 { 1.1e8 } else { 1e7 };
        (0..calls).map(takes).sum::<f64>() / f64::from(calls)
    }

    #[test]
    fn a_service_whose_calls_take_uneven_times_keeps_a_limit_above_what_runs_without_a_queue() {
        for seed in 0..20 {
            let (config, mut gradient) = gradient(20);
            let (random, room, mut below) = (Random::seeded(seed), 8.0, 0);
            // Of the first window those calls are over that are the shortest.
            let mut limit = gradient.next(&config, Seen { now: 100_000_000, latency: 1e7, busy: 5.0 });
            for window in 2..=1000_u64 {
                let busy = f64::from(limit);
                let calls = (busy.min(room) / 0.02 * 0.1) as u32;
                let latency = uneven(&random, calls.max(config.samples)) * (busy / room).max(1.0);
                limit = gradient.next(&config, Seen { now: window * 100_000_000, latency, busy });
                below += u32::from(gradient.limit < room);
            }
            assert!(below < 20, "below what fits in {below} of 1000 windows, seed {seed}");
        }
    }

    #[test]
    fn no_calls_are_turned_away_to_measure_what_is_known() {
        for seed in 0..20 {
            let (config, mut gradient) = gradient(20);
            let random = Random::seeded(seed);
            for window in 1..=1000_u64 {
                // Half of what the limit allows, which is enough for it to grow.
                let seen = Seen {
                    now: window * 100_000_000,
                    latency: uneven(&random, 100),
                    busy: gradient.limit.min(64.0) / 2.0,
                };
                let limit = gradient.next(&config, seen);
                assert!(limit >= 20, "{limit} in window {window}, seed {seed}");
            }
        }
    }

    #[test]
    fn calls_are_turned_away_to_measure_for_a_tenth_of_the_time_at_most_however_long_windows_are() {
        for window in [100_000_000, 2_000_000_000, 60_000_000_000_u64] {
            let (config, mut gradient) = gradient(20);
            let mut backend = Backend { room: 10.0, takes: window as f64 / 2.0, now: 0, limit: 20 };
            backend.run(&mut gradient, &config, 100, 1e9);
            let mut below = 0;
            for at in 101..=1100 {
                backend.now = at * window;
                below += u32::from(backend.step(&mut gradient, &config, 1e9) < 10);
            }
            assert!((1..=110).contains(&below), "below what fits in {below} of 1000 windows of {window} ns");
        }
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
