//! How soon a breaker opens, and how soon it closes again.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kitex::SharedService;
use kitex::layer::{BreakerConfig, BreakerLayer, BreakerState, Layer};

use super::backend::{Backend, UNBOUNDED, Work, remote};
use super::load::{End, Load, average, count_in, made_in};
use super::random::Random;
use super::table::{Table, millis, seconds};
use super::{Failure, world};

/// Calls a second.
const RATE: f64 = 100.0;

/// While the backend does not work. Before, it has worked for as long as a breaker looks back.
pub const OUTAGE: Range<Duration> = Duration::from_secs(10)..Duration::from_secs(40);

const END: Duration = Duration::from_secs(55);

/// What opens a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Half of the calls of 10 seconds have failed: the default.
    FailureRate,
    /// 20 calls in a row have failed.
    InARow,
    /// Half of the calls of 10 seconds took longer than 100 ms.
    SlowCalls,
}

/// What happens in the outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Calls fail within some milliseconds.
    Fails,
    /// Calls are answered after a second.
    IsSlow,
}

/// What a breaker did.
pub struct Figures {
    /// When it changed, and what to.
    pub changes: Vec<(Duration, BreakerState)>,
    /// When calls came to the backend.
    pub received: Vec<Duration>,
    /// When the first call of the outage had ended badly.
    pub first_failure: Duration,
    /// How long callers waited in the outage, on average.
    pub waited: Duration,
}

impl Figures {
    fn first(&self, state: BreakerState) -> Option<Duration> {
        self.changes.iter().find(|(_, to)| *to == state).map(|(at, _)| *at)
    }

    /// From the first failure until it opened.
    pub fn time_to_open(&self) -> Option<Duration> {
        self.first(BreakerState::Open).map(|at| at.saturating_sub(self.first_failure))
    }

    /// From the recovery until it closed.
    pub fn time_to_close(&self) -> Option<Duration> {
        self.first(BreakerState::Closed).map(|at| at.saturating_sub(OUTAGE.end))
    }

    /// How long it was open each time before a call was tried.
    pub fn open_times(&self) -> Vec<Duration> {
        let pairs = self.changes.iter().zip(self.changes.iter().skip(1));
        let open = pairs.filter(|((_, from), _)| *from == BreakerState::Open);
        open.map(|((opened, _), (tried, _))| *tried - *opened).collect()
    }

    /// Calls that came to the backend between the first time that it opened and the time that it closed.
    pub fn probes(&self) -> usize {
        let opened = self.first(BreakerState::Open).unwrap_or(END);
        let closed = self.first(BreakerState::Closed).unwrap_or(opened);
        // A call that is let pass in the millisecond in which the breaker closes came after it did.
        count_in(&self.received, &(opened..closed))
    }

    /// Calls that came to the backend in the outage.
    pub fn sent(&self) -> usize {
        count_in(&self.received, &OUTAGE)
    }
}

/// Runs the outage once, with a breaker or without.
pub fn run(seed: u64, rule: Option<Rule>, fault: Fault) -> Result<Figures, Failure> {
    world::run(async {
        let clock = world::Clock::start();
        let backend = Backend::new(clock, UNBOUNDED, Random::new(seed, 1), move |now, random| {
            let takes = random.millis(2, 8);
            match fault {
                _ if !OUTAGE.contains(&now) => Work::Answer(takes),
                Fault::Fails => Work::Failure(takes),
                Fault::IsSlow => Work::Answer(Duration::from_secs(1)),
            }
        });
        let changes = Arc::new(Mutex::new(Vec::new()));
        let mut service = remote(backend.service());
        if let Some(rule) = rule {
            let noted = Arc::clone(&changes);
            let breaker = BreakerLayer::new(rule.config())?.on_change(move |event| {
                let change = (clock.time_of(event.at), event.to);
                noted.lock().unwrap_or_else(PoisonError::into_inner).push(change);
            });
            service = SharedService::new(breaker.layer(service));
        }
        let load = Load::steady(RATE, END, Duration::from_secs(2));
        let calls = load.offer(clock, service, Random::new(seed, 0)).await;
        let first = made_in(&calls, OUTAGE).filter(|call| call.end != End::Refused);
        let first_failure = first.map(|call| call.began + call.took).min().unwrap_or(OUTAGE.start);
        let changes = changes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let waited = average(made_in(&calls, OUTAGE));
        Ok(Figures { changes, received: backend.received(), first_failure, waited })
    })?
}

impl Rule {
    /// The settings that differ from the defaults.
    pub fn config(self) -> BreakerConfig {
        let mut config = BreakerConfig::default();
        match self {
            Self::FailureRate => {}
            Self::InARow => config.consecutive_failures = Some(20),
            Self::SlowCalls => config.slow_call = Some((Duration::from_millis(100), 0.5)),
        }
        config
    }
}

/// The outage by each rule, and without a breaker.
pub fn tables(seed: u64) -> Result<Vec<Table>, Failure> {
    let title = format!("A breaker: {RATE} calls a second to a backend that does not work for 30 s");
    let heads = ["rule", "opens after", "open for", "trials", "closes after", "calls sent", "callers wait"];
    let mut table = Table::new(title, heads);
    let rows = [
        ("fails; no breaker", None, Fault::Fails),
        ("fails; half of 10 s", Some(Rule::FailureRate), Fault::Fails),
        ("fails; 20 in a row", Some(Rule::InARow), Fault::Fails),
        ("is slow; no breaker", None, Fault::IsSlow),
        ("is slow; half of 10 s", Some(Rule::SlowCalls), Fault::IsSlow),
    ];
    for (name, rule, fault) in rows {
        let figures = run(seed, rule, fault)?;
        let time = |time: Option<Duration>| time.map_or("-".to_owned(), seconds);
        table.push([
            name.to_owned(),
            time(figures.time_to_open()),
            time(figures.open_times().into_iter().max()),
            figures.probes().to_string(),
            time(figures.time_to_close()),
            figures.sent().to_string(),
            millis(figures.waited),
        ]);
    }
    Ok(vec![table])
}
