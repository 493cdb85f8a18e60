//! Backup requests to a backend that is now and then slow.

use std::time::Duration;

use kitex::SharedService;
use kitex::layer::{Hedge, Layer, RetryConfig, RetryLayer, RetryPolicy};

use super::backend::{Backend, UNBOUNDED, Work, remote};
use super::load::{Load, percentile};
use super::random::Random;
use super::table::{Table, millis, percent};
use super::{Failure, world};

/// Calls a second.
const RATE: f64 = 200.0;

const END: Duration = Duration::from_secs(50);

/// The share of the calls that take 80 to 120 ms; all others take 4 to 6 ms.
const SLOW: f64 = 0.03;

/// What callers saw, and what it cost.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Calls made.
    pub calls: usize,
    /// Calls that came to the backend.
    pub sent: usize,
    /// The time that 50 % of the calls took at most.
    pub p50: Duration,
    /// The time that 99 % of the calls took at most.
    pub p99: Duration,
}

impl Figures {
    /// The attempts beyond one for each call, as a share of the calls.
    pub fn extra(&self) -> f64 {
        self.sent as f64 / self.calls as f64 - 1.0
    }
}

/// A backup request after a time that was chosen for this backend.
pub fn fixed() -> Hedge {
    Hedge::after(Duration::from_millis(10))
}

/// A backup request for 4 % of the calls, whatever they take: less than 5 % of extra load.
pub fn of_percentile() -> Hedge {
    Hedge::percentile(96.0)
}

/// Makes the calls once.
pub fn run(seed: u64, hedge: Option<Hedge>) -> Result<Figures, Failure> {
    world::run(async {
        let clock = world::Clock::start();
        let backend = Backend::new(clock, UNBOUNDED, Random::new(seed, 1), |_, random| {
            Work::Answer(if random.chance(SLOW) { random.millis(80, 120) } else { random.millis(4, 6) })
        });
        let mut service = remote(backend.service());
        if let Some(hedge) = hedge {
            let mut config = RetryConfig::new(RetryPolicy::backup(hedge));
            config.seed = Some(seed);
            service = SharedService::new(RetryLayer::new(config)?.layer(service));
        }
        let load = Load::steady(RATE, END, Duration::from_secs(1));
        let calls = load.offer(clock, service, Random::new(seed, 0)).await;
        let [p50, p99] = [50.0, 99.0].map(|percent| percentile(calls.iter(), percent));
        Ok(Figures { calls: calls.len(), sent: backend.received().len(), p50, p99 })
    })?
}

/// The calls with and without backup requests.
pub fn tables(seed: u64) -> Result<Vec<Table>, Failure> {
    let title = "Hedging: 97 % of the calls take 4 to 6 ms, 3 % take 80 to 120 ms";
    let mut table = Table::new(title, ["backup request", "calls", "sent", "extra load", "p50", "p99"]);
    let rows = [
        ("none", None),
        ("after 10 ms", Some(fixed())),
        ("after the 96th percentile", Some(of_percentile())),
    ];
    for (name, hedge) in rows {
        let figures = run(seed, hedge)?;
        let Figures { calls, sent, p50, p99 } = figures;
        table.push([
            name.to_owned(),
            calls.to_string(),
            sent.to_string(),
            percent(figures.extra()),
            millis(p50),
            millis(p99),
        ]);
    }
    Ok(vec![table])
}
