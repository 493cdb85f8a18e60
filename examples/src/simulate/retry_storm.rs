//! A retry storm: every backend fails, and each failure asks for a retry.

use std::ops::Range;
use std::time::Duration;

use kitex::layer::{BreakerConfig, BreakerLayer, Layer, RetryBudget, RetryConfig, RetryLayer};
use kitex::{LeastInFlight, SharedService};

use super::backend::{Backend, UNBOUNDED, Work};
use super::cluster::cluster;
use super::load::{Load, count_in};
use super::random::Random;
use super::table::{Table, percent};
use super::{Failure, world};

/// Calls a second.
const RATE: f64 = 200.0;

/// While all backends fail.
pub const OUTAGE: Range<Duration> = Duration::from_secs(10)..Duration::from_secs(40);

/// What stands between the callers and the backends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layers {
    /// Nothing.
    Nothing,
    /// Retries as often as the policy allows.
    NoBudget,
    /// Retries as they are by default.
    Budget,
    /// The same, and a breaker by default beneath them.
    BudgetAndBreaker,
}

/// When calls were made, and when they came to the backends, again and again; in order.
pub struct Figures {
    /// The calls.
    pub made: Vec<Duration>,
    /// The attempts.
    pub sent: Vec<Duration>,
}

impl Figures {
    /// Calls made and attempts sent in a time.
    pub fn counts(&self, time: &Range<Duration>) -> (usize, usize) {
        (count_in(&self.made, time), count_in(&self.sent, time))
    }

    /// The attempts beyond one for each call, as a share of the calls.
    pub fn extra(&self, time: &Range<Duration>) -> f64 {
        let (made, sent) = self.counts(time);
        sent as f64 / made as f64 - 1.0
    }

    /// The most that a budget allows in a time, as a share of the calls: what they and the time have earned, and what was
    /// earned in the window before.
    pub fn allowed(&self, budget: &RetryBudget, time: &Range<Duration>) -> f64 {
        let earning = time.start.saturating_sub(budget.window)..time.end;
        let calls = count_in(&self.made, &earning) as f64;
        // A budget begins with what a window's time has earned.
        let seconds = (time.end - time.start + budget.window).as_secs_f64();
        (calls * budget.share + seconds * budget.least_per_second) / count_in(&self.made, time) as f64
    }
}

/// Runs the storm once.
pub fn run(seed: u64, layers: Layers) -> Result<Figures, Failure> {
    world::run(async {
        let clock = world::Clock::start();
        let backend = |place| {
            Backend::new(clock, UNBOUNDED, Random::new(seed, place), |now, random| {
                let takes = random.millis(2, 8);
                if OUTAGE.contains(&now) { Work::Failure(takes) } else { Work::Answer(takes) }
            })
        };
        let backends = [1, 2, 3].map(backend);
        let service = layers.stack(seed, cluster(&backends, Box::<LeastInFlight>::default()))?;
        let load = Load::steady(RATE, OUTAGE.end, Duration::from_secs(1));
        let calls = load.offer(clock, service, Random::new(seed, 0)).await;
        let mut made: Vec<_> = calls.iter().map(|call| call.began).collect();
        let mut sent: Vec<_> = backends.iter().flat_map(Backend::received).collect();
        made.sort_unstable();
        sent.sort_unstable();
        Ok(Figures { made, sent })
    })?
}

impl Layers {
    fn stack(self, seed: u64, service: SharedService) -> Result<SharedService, Failure> {
        let mut config = RetryConfig::default();
        config.seed = Some(seed);
        if self == Self::NoBudget {
            // As much as a budget can be told to give.
            config.budget.share = 1.0;
            config.budget.least_per_second = 100_000.0;
        }
        let breaker = BreakerLayer::new(BreakerConfig::default())?;
        let retry = RetryLayer::new(config)?;
        Ok(match self {
            Self::Nothing => service,
            Self::NoBudget | Self::Budget => SharedService::new(retry.layer(service)),
            Self::BudgetAndBreaker => SharedService::new(retry.layer(breaker.layer(service))),
        })
    }
}

/// The storm with and without layers.
pub fn tables(seed: u64) -> Result<Vec<Table>, Failure> {
    let budget = RetryBudget::default();
    let second = OUTAGE.start..OUTAGE.start + Duration::from_secs(1);
    let rest = OUTAGE.start + budget.window..OUTAGE.end;
    let title = format!(
        "Retry storm: {RATE} calls a second, all 3 backends fail for {} s",
        (OUTAGE.end - OUTAGE.start).as_secs()
    );
    let heads = ["while they fail", "calls", "sent", "extra load", "allowed", "first second", "after 10 s"];
    let mut table = Table::new(title, heads);
    let rows = [
        ("no retries", Layers::Nothing),
        ("retries without a budget", Layers::NoBudget),
        ("retries", Layers::Budget),
        ("retries over a breaker", Layers::BudgetAndBreaker),
    ];
    for (name, layers) in rows {
        let figures = run(seed, layers)?;
        let (made, sent) = figures.counts(&OUTAGE);
        let [extra, in_second, in_rest] = [&OUTAGE, &second, &rest].map(|time| percent(figures.extra(time)));
        let allowed = match layers {
            Layers::Nothing | Layers::NoBudget => "-".to_owned(),
            _ => percent(figures.allowed(&budget, &OUTAGE)),
        };
        table.push([name.to_owned(), made.to_string(), sent.to_string(), extra, allowed, in_second, in_rest]);
    }
    Ok(vec![table])
}
