//! One breaker: what it has counted, and the state that follows.

mod times;
mod word;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::config::BreakerConfig;
use super::event::{BreakerState, TripReason};
use super::outcome::Outcome;
use super::window::Window;
use times::{Times, nanos};
use word::{MILLI, PROBES, Probes, Word, next_generation};

/// One breaker. Nothing in it takes a lock; a call that passes a closed breaker writes nowhere but in a shard.
pub(super) struct Circuit {
    config: Arc<BreakerConfig>,
    times: Times,
    /// A [`Word`].
    word: AtomicU64,
    /// A [`Probes`].
    probes: AtomicU64,
    /// When the state last changed, in nanoseconds.
    since: AtomicU64,
    in_a_row: AtomicU32,
    outcomes: Window,
    durations: Option<Window>,
    /// A [`TripReason`], of the last trip.
    reason: AtomicU64,
    tripped: AtomicU64,
    trips: AtomicU64,
    refused: AtomicU64,
}

/// What a call was admitted in, to be given back with its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    generation: u32,
    is_probe: bool,
}

/// A call that is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) state: BreakerState,
    pub(super) reason: TripReason,
    /// The time until a call may be admitted.
    pub(super) next: Duration,
}

/// A breaker has changed its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) from: BreakerState,
    pub(super) to: BreakerState,
    pub(super) reason: Option<TripReason>,
    pub(super) at: Instant,
}

/// The end of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) at: Instant,
    /// How long the call took, if that is known.
    pub(super) took: Option<Duration>,
}

impl Circuit {
    pub(super) fn new(config: Arc<BreakerConfig>, shards: usize, clock: fn() -> Instant) -> Self {
        let bucket = u64::try_from(config.bucket.as_nanos()).unwrap_or(u64::MAX);
        let window = || Window::new(bucket, config.buckets, shards);
        Self {
            times: Times::new(clock),
            word: AtomicU64::new(Word::CLOSED.write()),
            probes: AtomicU64::new(0),
            since: AtomicU64::new(0),
            in_a_row: AtomicU32::new(0),
            outcomes: window(),
            durations: config.slow_call.map(|_| window()),
            reason: AtomicU64::new(0),
            tripped: AtomicU64::new(0),
            trips: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            config,
        }
    }

    pub(super) fn config(&self) -> &BreakerConfig {
        &self.config
    }

    pub(super) fn state(&self) -> BreakerState {
        self.load().state
    }

    fn load(&self) -> Word {
        Word::read(self.word.load(Ordering::Acquire))
    }

    /// Lets a call pass, if the breaker is closed. Nobody asks for the time then.
    #[inline]
    pub(super) fn admit_if_closed(&self) -> Option<Ticket> {
        let word = self.load();
        (word.state == BreakerState::Closed).then(|| word.ticket(false))
    }

    /// Lets a call pass or not, whatever the state.
    #[cold]
    pub(super) fn admit(&self, at: Instant) -> (Result<Ticket, Refusal>, Option<Change>) {
        let mut time = self.times.of(at);
        let mut change = None;
        loop {
            let word = self.load();
            if word.state == BreakerState::Closed {
                return (Ok(word.ticket(false)), change);
            }
            if word.is_too_far(time, self.rest(word.state)) {
                // Either the clock has been set back, or the call had its time from long ago.
                time = self.times.now();
                if word.is_too_far(time, self.rest(word.state)) {
                    self.set_next(word, time + self.rest(word.state));
                    continue;
                }
            }
            if time < word.next() || (word.state == BreakerState::HalfOpen && !self.take_probe(word, time)) {
                return (Err(self.refuse(word, time)), change);
            }
            if word.state == BreakerState::Open {
                change = self.turn(word, BreakerState::HalfOpen, time, None).or(change);
            } else if self.set_next(word, time + self.rest(BreakerState::HalfOpen)) {
                return (Ok(word.ticket(true)), change);
            } else {
                self.end_probe(word.generation, false);
            }
        }
    }

    /// How long no call is admitted, in nanoseconds: after a trip, and after a trial call.
    fn rest(&self, state: BreakerState) -> u64 {
        match state {
            BreakerState::HalfOpen => nanos(self.config.probe_interval),
            _ => nanos(self.config.open_for),
        }
    }

    fn set_next(&self, word: Word, next: u64) -> bool {
        let next = Word { next: next.div_ceil(MILLI), ..word }.write();
        self.word.compare_exchange(word.write(), next, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn refuse(&self, word: Word, time: u64) -> Refusal {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let next = match word.next().saturating_sub(time) {
            // As many trial calls are under way as may be.
            0 => self.rest(BreakerState::HalfOpen).max(MILLI),
            next => next,
        };
        Refusal { state: word.state, reason: self.reason(), next: Duration::from_nanos(next) }
    }

    fn reason(&self) -> TripReason {
        TripReason::from_word(self.reason.load(Ordering::Relaxed))
    }

    /// Changes the state, unless somebody else has.
    fn turn(&self, from: Word, to: BreakerState, time: u64, reason: Option<TripReason>) -> Option<Change> {
        if let Some(reason) = reason {
            self.reason.store(reason.to_word(), Ordering::Relaxed);
        }
        let generation = next_generation(from.generation);
        let next = match to {
            BreakerState::Open => (time + self.rest(to)).div_ceil(MILLI),
            _ => time / MILLI,
        };
        let changed = Word { state: to, generation, next }.write();
        // The time of a next trial may have changed meanwhile; the state and its generation may not.
        let same = |word| (Word::read(word).same_state(from)).then_some(changed);
        self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, same).ok()?;
        self.since.store(time, Ordering::Relaxed);
        if to == BreakerState::Open {
            self.tripped.store(time, Ordering::Relaxed);
            self.trips.fetch_add(1, Ordering::Relaxed);
        }
        Some(Change { from: from.state, to, reason, at: self.times.instant(time) })
    }

    /// Takes what an admitted call has come to. One that was admitted in a state that is over says nothing any more.
    pub(super) fn settle(&self, shard: usize, ticket: Ticket, end: End) -> Option<Change> {
        let word = self.load();
        if word.generation != ticket.generation {
            return None;
        }
        match word.state {
            BreakerState::Closed => self.count(shard, word, end),
            BreakerState::HalfOpen if ticket.is_probe => self.probed(word, end),
            _ => None,
        }
    }

    /// The ticket of a call that was begun then, for those who cannot keep it.
    pub(super) fn ticket_of(&self, began: Instant) -> Option<Ticket> {
        let word = self.load();
        let lately = self.times.of(began) >= self.since.load(Ordering::Relaxed);
        lately.then(|| word.ticket(word.state == BreakerState::HalfOpen))
    }

    /// A call is made although none was let pass. While trial calls are made it is one of them, as its outcome will be.
    pub(super) fn join(&self) {
        let word = self.load();
        if word.state != BreakerState::HalfOpen {
            return;
        }
        let joined = |probes| {
            let probes = Probes::read(probes, word.generation);
            Some(Probes { under_way: (probes.under_way + 1).min(PROBES), ..probes }.write())
        };
        let _ = self.probes.fetch_update(Ordering::AcqRel, Ordering::Acquire, joined);
    }

    /// An admitted call that has no outcome.
    pub(super) fn give_back(&self, ticket: Ticket) {
        if ticket.is_probe {
            self.end_probe(ticket.generation, false);
        }
    }

    fn count(&self, shard: usize, word: Word, end: End) -> Option<Change> {
        let time = self.times.of(end.at);
        let now = || self.times.now();
        let failed = match end.outcome {
            Outcome::Ignore => return None,
            Outcome::Success => false,
            Outcome::Failure => true,
        };
        self.outcomes.add(shard, time, failed, now);
        let slow = self.count_duration(shard, time, end.took);
        if failed {
            let in_a_row = self.count_in_a_row();
            let reason = self.too_many_in_a_row(in_a_row).or_else(|| self.too_many_failed(time));
            if let Some(reason) = reason {
                return self.turn(word, BreakerState::Open, time, Some(reason));
            }
        } else if self.in_a_row.load(Ordering::Relaxed) != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
        let reason = if slow { self.too_many_slow(time) } else { None };
        reason.and_then(|reason| self.turn(word, BreakerState::Open, time, Some(reason)))
    }

    /// True if the call was slow.
    fn count_duration(&self, shard: usize, time: u64, took: Option<Duration>) -> bool {
        let (Some(durations), Some((limit, _)), Some(took)) = (&self.durations, self.config.slow_call, took)
        else {
            return false;
        };
        let slow = took > limit;
        durations.add(shard, time, slow, || self.times.now());
        slow
    }

    /// Failures in a row, if they matter.
    fn count_in_a_row(&self) -> u32 {
        if self.config.consecutive_failures.is_none() {
            return 0;
        }
        let more = |count: u32| Some(count.saturating_add(1));
        let before = self.in_a_row.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        before.unwrap_or_default().saturating_add(1)
    }

    fn too_many_in_a_row(&self, in_a_row: u32) -> Option<TripReason> {
        let limit = self.config.consecutive_failures?;
        (in_a_row >= limit).then_some(TripReason::ConsecutiveFailures(in_a_row))
    }

    fn too_many_failed(&self, time: u64) -> Option<TripReason> {
        let (failed, calls) = self.share(&self.outcomes, time, self.config.failure_rate)?;
        Some(TripReason::FailureRate { failed, calls })
    }

    fn too_many_slow(&self, time: u64) -> Option<TripReason> {
        let (slow, calls) = self.share(self.durations.as_ref()?, time, self.config.slow_call?.1)?;
        Some(TripReason::SlowCalls { slow, calls })
    }

    /// The second count and the sum of a window, if that share of enough calls is reached.
    fn share(&self, window: &Window, time: u64, limit: f64) -> Option<(u32, u32)> {
        let [first, second] = window.sum(time);
        let all = first + second;
        let reached = all >= u64::from(self.config.min_samples) && second as f64 >= limit * all as f64;
        let cut = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        reached.then(|| (cut(second), cut(all)))
    }

    /// Takes what a trial call has come to.
    #[cold]
    fn probed(&self, word: Word, end: End) -> Option<Change> {
        let time = self.times.of(end.at);
        let is_slow = |took| self.config.slow_call.is_some_and(|(limit, _)| took > limit);
        match end.outcome {
            Outcome::Success if !end.took.is_some_and(is_slow) => {
                if self.end_probe(word.generation, true) < self.config.probe_successes {
                    return None;
                }
                self.outcomes.clear();
                self.durations.iter().for_each(Window::clear);
                self.in_a_row.store(0, Ordering::Relaxed);
                self.turn(word, BreakerState::Closed, time, None)
            }
            Outcome::Ignore => {
                self.end_probe(word.generation, false);
                None
            }
            _ => self.turn(word, BreakerState::Open, time, Some(TripReason::Probe)),
        }
    }

    /// Counts a trial call as under way, if another is allowed.
    fn take_probe(&self, word: Word, time: u64) -> bool {
        let others_hang = time >= word.next().saturating_add(self.rest(BreakerState::Open));
        let take = |probes: u64| {
            let probes = Probes::read(probes, word.generation);
            let more = probes.under_way < self.config.probes || others_hang;
            more.then(|| Probes { under_way: (probes.under_way + 1).min(PROBES), ..probes }.write())
        };
        self.probes.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).is_ok()
    }

    /// A trial call is over. Gives how many have succeeded.
    fn end_probe(&self, generation: u32, succeeded: bool) -> u32 {
        let end = |probes: u64| {
            let probes = Probes::read(probes, generation);
            let succeeded = (probes.succeeded + u32::from(succeeded)).min(PROBES);
            Probes { under_way: probes.under_way.saturating_sub(1), succeeded, ..probes }
        };
        let changed = |probes| Probes::is_of(probes, generation).then(|| end(probes).write());
        let before = self.probes.fetch_update(Ordering::AcqRel, Ordering::Acquire, changed);
        before.map_or(0, |before| end(before).succeeded)
    }

    /// What an open breaker waits for still; nothing if calls pass or may be tried.
    pub(super) fn closed_for(&self, at: Instant) -> Duration {
        let word = self.load();
        match word.state {
            BreakerState::Closed => Duration::ZERO,
            _ => Duration::from_nanos(word.next().saturating_sub(self.times.of(at))),
        }
    }

    /// How often it has opened, and how many calls it has refused.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.trips.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }

    /// State, counters in the window, and the last trip.
    pub(super) fn inspect(&self) -> Value {
        let now = self.times.now();
        let [succeeded, failed] = self.outcomes.sum(now);
        let ago = |time: u64| now.saturating_sub(time) / MILLI;
        let trips = self.trips.load(Ordering::Relaxed);
        let slow = self.config.slow_call.map(|(limit, _)| limit);
        let last_trip = (trips > 0).then(|| {
            let reason = self.reason().text(self.config.window(), slow);
            json!({ "reason": reason, "ms_ago": ago(self.tripped.load(Ordering::Relaxed)) })
        });
        json!({
            "state": self.state().name(),
            "succeeded": succeeded,
            "failed": failed,
            "slow": self.durations.as_ref().map(|durations| durations.sum(now)[1]),
            "refused": self.refused.load(Ordering::Relaxed),
            "trips": trips,
            "last_trip": last_trip,
        })
    }
}

#[cfg(test)]
mod tests;
