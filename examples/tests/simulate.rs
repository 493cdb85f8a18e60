//! What the layers promise, held against the scenarios of `simulate`, and the tables that the guide quotes.

use std::process::Command;
use std::time::Duration;

use examples::simulate::breaker_times::{self, Fault, Rule};
use examples::simulate::failing_endpoint::{self, Choice};
use examples::simulate::overload::{self, Limit, Service};
use examples::simulate::retry_storm::{self, Layers};
use examples::simulate::{SEED, hedging};
use kitex::layer::{BreakerConfig, RetryBudget};

/// More than the one that the guide shows: no figure is a matter of luck.
const SEEDS: [u64; 3] = [SEED, 2, 3];

const MS: Duration = Duration::from_millis(1);

const SECOND: Duration = Duration::from_secs(1);

const GUIDE: &str = include_str!("../../kitex/docs/simulations.md");

/// What the guide quotes, block by block.
fn quoted() -> String {
    let blocks = GUIDE.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_run_prints_what_the_guide_quotes() {
    let output = Command::new(env!("CARGO_BIN_EXE_simulate")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.trim_end(), quoted().trim_end(), "kitex/docs/simulations.md is stale");
}

#[test]
fn a_seed_gives_the_same_figures_and_another_one_others() {
    for tables in [breaker_times::tables, hedging::tables] {
        let text = |seed| tables(seed).unwrap().iter().map(ToString::to_string).collect::<String>();
        assert_eq!(text(SEED), text(SEED));
        assert_ne!(text(SEED), text(SEED + 1));
    }
}

#[test]
fn retries_of_a_storm_stay_within_their_budget() {
    let (budget, outage) = (RetryBudget::default(), retry_storm::OUTAGE);
    for seed in SEEDS {
        let without = retry_storm::run(seed, Layers::NoBudget).unwrap();
        assert!(without.extra(&outage) > 1.9, "each call is made three times: {}", without.extra(&outage));
        assert_eq!(retry_storm::run(seed, Layers::Nothing).unwrap().extra(&outage), 0.0);
        let figures = retry_storm::run(seed, Layers::Budget).unwrap();
        let seconds = (outage.end - outage.start).as_secs() as u32;
        for (from, to) in (0..seconds).flat_map(|from| (from + 1..=seconds).map(move |to| (from, to))) {
            let time = outage.start + from * SECOND..outage.start + to * SECOND;
            let (extra, allowed) = (figures.extra(&time), figures.allowed(&budget, &time));
            assert!(extra <= allowed, "{extra} of {allowed} in {time:?}, seed {seed}");
        }
        // Once what was saved is spent: a tenth of the calls, and 10 a second.
        let later = outage.start + budget.window..outage.end;
        let (calls, sent) = figures.counts(&later);
        let earned = calls as f64 * budget.share + (later.end - later.start).as_secs_f64() * 10.0;
        let extra = (sent - calls) as f64;
        assert!((earned * 0.9..=earned * 1.02).contains(&extra), "{extra} of {earned}, seed {seed}");
        let over_breaker = retry_storm::run(seed, Layers::BudgetAndBreaker).unwrap();
        assert!(over_breaker.extra(&later) < -0.99, "the breaker is open");
    }
}

#[test]
fn an_endpoint_that_fails_at_once_is_left_and_comes_back() {
    let outage = failing_endpoint::OUTAGE;
    let BreakerConfig { open_for, .. } = BreakerConfig::default();
    for seed in SEEDS {
        let without = failing_endpoint::run(seed, Choice::LeastInFlight).unwrap();
        assert_eq!(without.time_to_leave(), None);
        assert!(without.failed > 0.5, "it attracts calls: {}", without.failed);
        for (choice, soon) in [(Choice::Breaker, 4 * SECOND), (Choice::InARow, SECOND / 4)] {
            let figures = failing_endpoint::run(seed, choice).unwrap();
            let left = figures.time_to_leave().unwrap();
            assert!(left < soon, "{left:?}, {choice:?}, seed {seed}");
            let seconds = (0..).map(|second| outage.start + left + second * SECOND);
            for second in seconds.take_while(|second| *second + SECOND <= outage.end) {
                let share = figures.share(second);
                assert!(share < 0.05, "{share} at {second:?}, {choice:?}, seed {seed}");
            }
            let back = figures.time_to_return().unwrap();
            assert!(back < open_for + SECOND / 2, "{back:?}, {choice:?}, seed {seed}");
        }
    }
}

#[test]
fn an_adaptive_limit_keeps_goodput_latency_and_what_is_critical() {
    for (service, seed) in SEEDS.into_iter().flat_map(|seed| [(Service::Even, seed), (Service::Uneven, seed)])
    {
        let without = overload::run(seed, service, Limit::None).unwrap();
        let (unloaded, collapsed) = (without.unloaded(), without.overloaded());
        assert!(collapsed.goodput < 0.1 && collapsed.p99 == overload::TIMEOUT, "{collapsed:?}");
        let run = overload::run(seed, service, Limit::Adaptive).unwrap();
        let figures = run.overloaded();
        assert!(figures.goodput >= 0.9, "{service:?}, seed {seed}: {figures:?}");
        assert!(figures.p99 < 3 * unloaded.p99, "{service:?}, seed {seed}: {figures:?} after {unloaded:?}");
        let [critical, normal, bulk] =
            [Some("critical"), None, Some("bulk")].map(|name| run.of_priority(name).answered);
        assert!(critical >= 0.9, "{service:?}, seed {seed}: {critical}");
        assert!(critical > normal && normal > bulk, "{critical}, {normal}, {bulk}");
    }
}

#[test]
fn a_breaker_opens_and_closes_in_time() {
    let outage = breaker_times::OUTAGE;
    let cases = [
        // As soon as the failures of a window of 10 s are half of its calls.
        (Rule::FailureRate, Fault::Fails, 4_300 * MS..5_700 * MS),
        // 19 more calls of 100 a second, which come by chance.
        (Rule::InARow, Fault::Fails, 50 * MS..400 * MS),
        (Rule::SlowCalls, Fault::IsSlow, 3_300 * MS..5_200 * MS),
    ];
    for (seed, (rule, fault, opens)) in
        SEEDS.into_iter().flat_map(|seed| cases.clone().map(|case| (seed, case)))
    {
        let figures = breaker_times::run(seed, Some(rule), fault).unwrap();
        let config = rule.config();
        let opened = figures.time_to_open().unwrap();
        assert!(opens.contains(&opened), "{opened:?}, {rule:?}, seed {seed}");
        for open in figures.open_times() {
            let until_a_call_comes = config.open_for + 100 * MS;
            assert!((config.open_for..until_a_call_comes).contains(&open), "{open:?}, {rule:?}, seed {seed}");
        }
        // One after each time that it was open, and as many more as it lets run while one is slow; two to close it.
        let most = figures.open_times().len() * config.probes as usize + config.probe_successes as usize;
        assert!(figures.probes() <= most, "{} of {most}, {rule:?}, seed {seed}", figures.probes());
        let closed = figures.time_to_close().unwrap();
        let trials = config.probe_interval * config.probe_successes + SECOND;
        assert!(closed < config.open_for + trials, "{closed:?}, {rule:?}, seed {seed}");
        let without = breaker_times::run(seed, None, fault).unwrap();
        assert!(without.changes.is_empty());
        assert!(figures.sent() * 5 < without.sent(), "{rule:?} in {outage:?}, seed {seed}");
    }
}

#[test]
fn a_backup_request_cuts_the_slowest_calls_to_a_third_for_little() {
    for seed in SEEDS {
        let without = hedging::run(seed, None).unwrap();
        assert!(without.p99 > 80 * MS && without.extra() == 0.0, "{without:?}");
        for hedge in [hedging::fixed(), hedging::of_percentile()] {
            let figures = hedging::run(seed, Some(hedge)).unwrap();
            assert!(figures.p99 * 3 <= without.p99, "{figures:?} of {without:?}, {hedge:?}, seed {seed}");
            assert!(figures.extra() < 0.05, "{figures:?}, {hedge:?}, seed {seed}");
        }
    }
}
