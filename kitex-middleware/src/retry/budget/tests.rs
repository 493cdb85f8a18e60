//! What is earned, spent and faded.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn budget(share: f64, least_per_second: f64) -> RetryBudget {
    RetryBudget { share, least_per_second, ..RetryBudget::default() }
}

/// How many can be spent at a time.
fn spend_all(purse: &Purse, now: Instant) -> u32 {
    (0..).take_while(|_| purse.spend(now)).count() as u32
}

#[test]
fn a_share_of_the_calls_can_be_spent() {
    let now = Instant::now();
    let purse = Purse::new(budget(0.1, 0.0), now).unwrap();
    assert_eq!(spend_all(&purse, now), 0);
    (0..1000).for_each(|_| purse.earn(1));
    assert_eq!(spend_all(&purse, now), 100);
    assert_eq!(spend_all(&purse, now + SECOND), 0, "each call pays once");
}

#[test]
fn the_least_rate_is_earned_by_time() {
    let now = Instant::now();
    let purse = Purse::new(budget(0.0, 10.0), now).unwrap();
    assert_eq!(spend_all(&purse, now), 100, "a layer begins with a window's worth");
    let spent: u32 = (1..=1000).map(|at| spend_all(&purse, now + SECOND * at / 10)).sum();
    assert!((980..=1000).contains(&spent), "{spent}");
}

#[test]
fn who_asks_often_earns_no_less() {
    let now = Instant::now();
    let purse = Purse::new(budget(0.0, 0.4), now).unwrap();
    let asked: usize = (1..=12_500).filter(|at| purse.spend(now + Duration::from_millis(8) * *at)).count();
    // One in 2.9 s, since what is saved fades meanwhile; and what a layer begins with.
    assert!((36..=39).contains(&asked), "{asked} in 100 s");
}

#[test]
fn what_is_given_back_can_be_spent() {
    let now = Instant::now();
    let purse = Purse::new(budget(0.0, 0.1), now).unwrap();
    for _ in 0..10 {
        assert!(purse.spend(now) && !purse.spend(now));
        purse.refund();
    }
    let full = Purse::new(budget(0.0, 100_000.0), now).unwrap();
    full.refund();
    assert_eq!(full.saved(), MOST_SAVED);
}

#[test]
fn what_is_not_spent_fades() {
    let now = Instant::now();
    let purse = Purse::new(budget(0.1, 0.0), now).unwrap();
    (0..10_000).for_each(|_| purse.earn(1));
    assert!(purse.spend(now));
    let later = spend_all(&purse, now + 10 * SECOND);
    assert!((360..=368).contains(&later), "{later}");
    // A steady flow of 100 calls a second is worth a window of it, however long it lasts.
    for at in 0..600 {
        (0..100).for_each(|_| purse.earn(1));
        purse.grown_at(now + (at + 10) * SECOND);
    }
    let steady = spend_all(&purse, now + 610 * SECOND);
    assert!((80..=101).contains(&steady), "{steady}");
}

impl Purse {
    /// Takes in what was earned, and spends nothing that is not given back.
    fn grown_at(&self, now: Instant) {
        let share = self.budget.share;
        if self.spend(now) {
            (0..(1.0 / share) as u32).for_each(|_| self.earn(1));
        }
    }
}

#[test]
fn calls_of_long_ago_are_worth_little() {
    let now = Instant::now();
    let purse = Purse::new(budget(0.1, 0.0), now).unwrap();
    (0..100_000).for_each(|_| purse.earn(1));
    let later = spend_all(&purse, now + 1000 * SECOND);
    assert!((99..=100).contains(&later), "10 000 earned over 1000 s are 100 a window: {later}");
}

#[test]
fn a_clock_that_jumps_makes_nobody_rich_and_stops_nothing() {
    let now = Instant::now() + 100_000 * SECOND;
    let purse = Purse::new(budget(0.0, 10.0), now).unwrap();
    assert_eq!(spend_all(&purse, now + 1000 * SECOND), 100);
    for back in [SECOND / 2, 500 * SECOND] {
        assert_eq!(spend_all(&purse, now + 1000 * SECOND - back), 0, "{back:?}");
    }
    let ahead = spend_all(&purse, now + 501 * SECOND);
    assert!((9..=10).contains(&ahead), "time goes on from there: {ahead}");
    assert_eq!(spend_all(&purse, now - 5 * SECOND), 0, "before it was made");
    let days = |days: u32| now + 86_400 * SECOND * days;
    for far in [24, 49, 50, 99, 300, 900] {
        let spent = spend_all(&purse, days(far));
        assert!((99..=100).contains(&spent), "{far}: {spent}");
    }
}

#[test]
fn what_is_counted_does_not_overflow() {
    let now = Instant::now();
    let purse = Purse::new(budget(1.0, 0.0), now).unwrap();
    purse.earn(u64::MAX / 2);
    assert!(purse.spend(now));
    assert_eq!(purse.inspect()["saved"], MOST_SAVED - 1.0);
}

#[test]
fn threads_spend_no_more_than_there_is() {
    let now = Instant::now();
    let purse = Purse::new(budget(0.5, 0.0), now).unwrap();
    let spent = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    purse.earn(1);
                    spent.fetch_add(u64::from(purse.spend(now)), Ordering::Relaxed);
                }
            });
        }
    });
    let left = u64::from(spend_all(&purse, now));
    let all = spent.load(Ordering::Relaxed) + left;
    assert!((39_990..=40_000).contains(&all), "{all}");
}

#[test]
fn nonsense_is_refused_by_name() {
    let window = |window| RetryBudget { window, ..RetryBudget::default() };
    let cases = [
        ("RetryBudget::share", budget(-0.1, 10.0)),
        ("RetryBudget::share", budget(1.1, 10.0)),
        ("RetryBudget::share", budget(f64::NAN, 10.0)),
        ("RetryBudget::least_per_second", budget(0.1, -1.0)),
        ("RetryBudget::least_per_second", budget(0.1, f64::NAN)),
        ("RetryBudget::least_per_second", budget(0.1, f64::INFINITY)),
        ("RetryBudget::least_per_second", budget(0.0, 0.0)),
        ("RetryBudget::window", window(Duration::ZERO)),
        ("RetryBudget::window", window(2 * HOUR)),
    ];
    for (setting, budget) in cases {
        assert_eq!(Purse::new(budget, Instant::now()).unwrap_err().setting(), setting, "{budget:?}");
    }
}
