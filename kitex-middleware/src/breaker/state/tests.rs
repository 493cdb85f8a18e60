use std::cell::Cell;

use super::word::{GENERATIONS, MILLIS};
use super::*;

const MS: Duration = Duration::from_millis(1);

thread_local! {
    /// The clock of a test.
    static CLOCK: Cell<Option<Instant>> = const { Cell::new(None) };
}

fn clock() -> Instant {
    CLOCK.get().expect("a test sets its clock first")
}

/// As a call is admitted: by a second look at the state only if the breaker is not closed.
fn admit(circuit: &Circuit, now: Instant) -> Result<Ticket, Refusal> {
    circuit.admit_if_closed().map_or_else(|| circuit.admit(now).0, Ok)
}

/// A breaker beside a clock that is moved by hand.
struct Scene {
    circuit: Circuit,
    now: Instant,
}

impl Scene {
    fn new(change: impl FnOnce(&mut BreakerConfig)) -> Self {
        let mut config = BreakerConfig::default();
        change(&mut config);
        config.check().unwrap();
        let circuit = Circuit::new(Arc::new(config), 2, clock);
        let scene = Self { circuit, now: crate::clock::now() };
        CLOCK.set(Some(scene.now));
        scene
    }

    fn pass(&mut self, time: Duration) {
        self.set(self.now + time);
    }

    fn set(&mut self, now: Instant) {
        self.now = now;
        CLOCK.set(Some(now));
    }

    fn admit(&self) -> Result<Ticket, Refusal> {
        admit(&self.circuit, self.now)
    }

    fn settle(&self, ticket: Ticket, outcome: Outcome) -> Option<Change> {
        self.settle_after(ticket, outcome, Duration::ZERO)
    }

    fn settle_after(&self, ticket: Ticket, outcome: Outcome, took: Duration) -> Option<Change> {
        self.circuit.settle(0, ticket, End { outcome, at: self.now, took: Some(took) })
    }

    /// Makes calls that all have this outcome.
    fn calls(&self, count: usize, outcome: Outcome) {
        for _ in 0..count {
            let ticket = self.admit().unwrap();
            self.settle(ticket, outcome);
        }
    }

    fn state(&self) -> BreakerState {
        self.circuit.state()
    }

    /// A breaker that was opened by 200 failures.
    fn open() -> Self {
        let scene = Self::new(|_| ());
        scene.calls(200, Outcome::Failure);
        assert_eq!(scene.state(), BreakerState::Open);
        scene
    }

    /// A breaker that is open no longer, and a trial call.
    fn half_open() -> (Self, Ticket) {
        let mut scene = Self::open();
        scene.pass(5000 * MS);
        let probe = scene.admit().unwrap();
        assert_eq!(scene.state(), BreakerState::HalfOpen);
        (scene, probe)
    }
}

#[test]
fn half_of_200_failures_open_it_and_one_less_does_not() {
    let scene = Scene::new(|_| ());
    scene.calls(100, Outcome::Success);
    scene.calls(99, Outcome::Failure);
    assert_eq!(scene.state(), BreakerState::Closed);
    let ticket = scene.admit().unwrap();
    let change = scene.settle(ticket, Outcome::Failure).unwrap();
    let reason = TripReason::FailureRate { failed: 100, calls: 200 };
    assert_eq!((change.from, change.to), (BreakerState::Closed, BreakerState::Open));
    assert_eq!((change.reason, change.at), (Some(reason), scene.now));
    let refusal = Refusal { state: BreakerState::Open, reason, next: 5000 * MS };
    assert_eq!(scene.admit(), Err(refusal));

    let scene = Scene::new(|_| ());
    scene.calls(199, Outcome::Failure);
    assert_eq!(scene.state(), BreakerState::Closed, "199 samples are too few");
    let scene = Scene::new(|_| ());
    scene.calls(201, Outcome::Success);
    scene.calls(200, Outcome::Failure);
    assert_eq!(scene.state(), BreakerState::Closed, "200 of 401 are less than half");
    scene.calls(1, Outcome::Failure);
    assert_eq!(scene.state(), BreakerState::Open);
}

#[test]
fn what_is_older_than_10_s_does_not_count() {
    let mut scene = Scene::new(|_| ());
    scene.calls(150, Outcome::Failure);
    scene.pass(10_000 * MS);
    scene.calls(150, Outcome::Failure);
    assert_eq!(scene.state(), BreakerState::Closed);
    scene.pass(9_900 * MS);
    scene.calls(50, Outcome::Failure);
    assert_eq!(scene.state(), BreakerState::Open);
}

#[test]
fn what_says_nothing_is_not_counted() {
    let scene = Scene::new(|config| config.consecutive_failures = Some(3));
    scene.calls(1000, Outcome::Ignore);
    scene.calls(2, Outcome::Failure);
    scene.calls(10, Outcome::Ignore);
    assert_eq!(scene.circuit.outcomes.sum(scene.circuit.times.of(scene.now)), [0, 2]);
    scene.calls(1, Outcome::Failure);
    assert_eq!(scene.state(), BreakerState::Open, "they do not interrupt a row either");
}

#[test]
fn failures_in_a_row_open_it_however_few_calls_there_are() {
    let scene = Scene::new(|config| config.consecutive_failures = Some(5));
    scene.calls(4, Outcome::Failure);
    scene.calls(1, Outcome::Success);
    scene.calls(4, Outcome::Failure);
    assert_eq!(scene.state(), BreakerState::Closed);
    scene.calls(1, Outcome::Failure);
    assert_eq!(scene.admit().unwrap_err().reason, TripReason::ConsecutiveFailures(5));
}

#[test]
fn slow_calls_open_it_although_they_succeed() {
    let scene = Scene::new(|config| {
        config.slow_call = Some((50 * MS, 0.25));
        config.min_samples = 8;
    });
    let call = |took| scene.admit().map(|ticket| scene.settle_after(ticket, Outcome::Success, took));
    for took in [1, 50, 50, 1, 1, 1, 51] {
        assert_eq!(call(took * MS), Ok(None));
    }
    let reason = TripReason::SlowCalls { slow: 2, calls: 8 };
    assert_eq!(call(60 * MS).unwrap().unwrap().reason, Some(reason));
    assert_eq!(scene.state(), BreakerState::Open);
}

#[test]
fn it_is_open_for_5_s_then_tries_every_200_ms_and_2_successes_close_it() {
    let mut scene = Scene::open();
    scene.pass(4_999 * MS);
    assert_eq!(scene.admit().unwrap_err().next, MS);
    scene.pass(MS);
    let (first, change) = scene.circuit.admit(scene.now);
    let change = change.unwrap();
    assert_eq!((change.from, change.to, change.reason), (BreakerState::Open, BreakerState::HalfOpen, None));
    assert_eq!(scene.admit().unwrap_err().next, 200 * MS);
    scene.pass(200 * MS);
    let second = scene.admit().unwrap();
    assert_eq!(scene.settle(first.unwrap(), Outcome::Success), None);
    let change = scene.settle(second, Outcome::Success).unwrap();
    assert_eq!((change.from, change.to), (BreakerState::HalfOpen, BreakerState::Closed));
    scene.calls(199, Outcome::Failure);
    assert_eq!(scene.state(), BreakerState::Closed, "what was before is forgotten");
}

#[test]
fn a_trial_call_that_fails_opens_it_for_as_long_again() {
    let (mut scene, probe) = Scene::half_open();
    scene.pass(100 * MS);
    let change = scene.settle(probe, Outcome::Failure).unwrap();
    assert_eq!((change.to, change.reason), (BreakerState::Open, Some(TripReason::Probe)));
    assert_eq!(scene.admit().unwrap_err().next, 5000 * MS);
}

#[test]
fn trial_calls_are_limited_and_one_without_an_outcome_makes_room() {
    let (mut scene, first) = Scene::half_open();
    scene.pass(200 * MS);
    let second = scene.admit().unwrap();
    scene.pass(200 * MS);
    assert_eq!(scene.admit().unwrap_err().next, 200 * MS, "2 are under way");
    scene.circuit.give_back(first);
    let third = scene.admit().unwrap();
    assert_eq!(scene.settle(third, Outcome::Ignore), None);
    scene.pass(200 * MS);
    let fourth = scene.admit().unwrap();
    assert_eq!(scene.settle(second, Outcome::Success), None);
    assert!(scene.settle(fourth, Outcome::Success).is_some());
    assert_eq!(scene.state(), BreakerState::Closed);
}

#[test]
fn trial_calls_that_hang_do_not_keep_it_from_trying_for_ever() {
    let (mut scene, _first) = Scene::half_open();
    scene.pass(200 * MS);
    let _second = scene.admit().unwrap();
    scene.pass(5199 * MS);
    assert!(scene.admit().is_err());
    scene.pass(MS);
    assert!(scene.admit().is_ok());
}

#[test]
fn a_call_from_before_a_change_says_nothing_of_the_state_after_it() {
    let mut scene = Scene::new(|_| ());
    let early: Vec<_> = (0..400).map(|_| scene.admit().unwrap()).collect();
    scene.calls(200, Outcome::Failure);
    scene.pass(5000 * MS);
    let probe = scene.admit().unwrap();
    assert_eq!(scene.settle(early[0], Outcome::Failure), None);
    assert_eq!(scene.settle(early[1], Outcome::Success), None);
    assert_eq!(scene.state(), BreakerState::HalfOpen);
    scene.settle(probe, Outcome::Success);
    scene.pass(200 * MS);
    scene.calls(1, Outcome::Success);
    assert_eq!(scene.state(), BreakerState::Closed);
    for ticket in early {
        assert_eq!(scene.settle(ticket, Outcome::Failure), None);
    }
    assert_eq!(scene.state(), BreakerState::Closed);
}

#[test]
fn a_clock_that_is_set_back_keeps_it_open_for_no_more_than_its_time() {
    let mut scene = Scene::open();
    scene.set(scene.now - 3_600_000 * MS);
    assert_eq!(scene.admit().unwrap_err().next, 5000 * MS);
    scene.pass(5000 * MS);
    assert!(scene.admit().is_ok());
}

#[test]
fn a_call_with_a_time_from_long_ago_changes_nothing() {
    let mut scene = Scene::open();
    let (long_ago, now) = (scene.now - 3_600_000 * MS, scene.now);
    scene.pass(1000 * MS);
    let refusal = scene.circuit.admit(long_ago).0.unwrap_err();
    assert_eq!(refusal.next, 4000 * MS, "by the clock");
    scene.set(now + 4999 * MS);
    assert!(scene.admit().is_err());
    scene.pass(MS);
    assert!(scene.admit().is_ok());
}

#[test]
fn a_clock_that_is_set_back_while_half_open_does_not_end_the_trials() {
    let (mut scene, first) = Scene::half_open();
    scene.set(scene.now - 3_600_000 * MS);
    assert_eq!(scene.admit().unwrap_err().next, 200 * MS);
    scene.pass(200 * MS);
    let second = scene.admit().unwrap();
    scene.settle(first, Outcome::Success);
    scene.settle(second, Outcome::Success);
    assert_eq!(scene.state(), BreakerState::Closed);
}

#[test]
fn outcomes_with_wrong_times_open_nothing() {
    let scene = Scene::new(|_| ());
    scene.calls(100, Outcome::Failure);
    let day = 24 * 3_600_000 * MS;
    for wrong in [scene.now + day, scene.now - day] {
        for _ in 0..1000 {
            let ticket = scene.admit().unwrap();
            scene.circuit.settle(0, ticket, End { outcome: Outcome::Failure, at: wrong, took: None });
        }
    }
    assert_eq!(scene.state(), BreakerState::Closed);
    scene.calls(100, Outcome::Failure);
    assert_eq!(scene.state(), BreakerState::Open, "and those with right ones still do");
}

#[test]
fn it_goes_on_counting_after_a_jump_of_the_clock() {
    let day = 24 * 3_600_000 * MS;
    for ahead in [true, false] {
        let mut scene = Scene::new(|_| ());
        scene.calls(199, Outcome::Failure);
        scene.set(if ahead { scene.now + day } else { scene.now - day });
        scene.calls(199, Outcome::Failure);
        assert_eq!(scene.state(), BreakerState::Closed, "the jump took what was before");
        scene.calls(1, Outcome::Failure);
        assert_eq!(scene.state(), BreakerState::Open);
    }
}

#[test]
fn generations_wrap_and_are_still_told_apart() {
    let (scene, probe) = Scene::half_open();
    let last = Word { state: BreakerState::Closed, generation: GENERATIONS, next: 0 };
    scene.circuit.word.store(last.write(), Ordering::Relaxed);
    let before = scene.admit().unwrap();
    scene.circuit.outcomes.clear();
    scene.calls(200, Outcome::Failure);
    assert_eq!(scene.circuit.load().generation, 0);
    assert_eq!(scene.settle(before, Outcome::Failure), None);
    scene.circuit.give_back(probe);
    assert_eq!(scene.state(), BreakerState::Open);
}

#[test]
fn words_are_what_they_were() {
    let word = Word { state: BreakerState::HalfOpen, generation: GENERATIONS, next: MILLIS };
    assert_eq!(Word::read(word.write()), word);
    let open = Word { state: BreakerState::Open, generation: 1, next: 7 };
    assert_eq!(Word::read(open.write()), open);
    let full = Probes { generation: GENERATIONS, under_way: PROBES, succeeded: PROBES };
    let read = Probes::read(full.write(), GENERATIONS);
    assert_eq!((read.under_way, read.succeeded), (PROBES, PROBES));
    assert_eq!(Probes::read(full.write(), 0).under_way, 0, "those of another generation are none");
}

#[test]
fn a_call_that_joins_the_trials_takes_the_place_of_none() {
    let (mut scene, first) = Scene::half_open();
    scene.pass(200 * MS);
    let _second = scene.admit().unwrap();
    scene.circuit.join();
    let joined = scene.circuit.ticket_of(scene.now).unwrap();
    scene.circuit.give_back(joined);
    scene.pass(200 * MS);
    assert!(scene.admit().is_err(), "2 are under way");
    scene.circuit.give_back(first);
    assert!(scene.admit().is_ok());
}

#[test]
fn threads_open_it_once() {
    let scene = Scene::new(|_| ());
    let (circuit, now) = (&scene.circuit, scene.now);
    let changes: usize = std::thread::scope(|scope| {
        let thread = |shard: usize| {
            CLOCK.set(Some(now));
            let end = End { outcome: Outcome::Failure, at: now, took: None };
            let call = || admit(circuit, now).ok().and_then(|ticket| circuit.settle(shard, ticket, end));
            (0..10_000).filter_map(|_| call()).count()
        };
        let threads: Vec<_> = (0..4).map(|shard| scope.spawn(move || thread(shard))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(changes, 1);
    assert_eq!(circuit.trips.load(Ordering::Relaxed), 1);
}
