//! One of three endpoints fails faster than the others answer, and so always has the least to do.

use std::ops::Range;
use std::time::Duration;

use kitex::layer::{BreakerConfig, BreakerPicker};
use kitex::{LeastInFlight, Picker};

use super::backend::{Backend, UNBOUNDED, Work};
use super::cluster::cluster;
use super::load::{End, Load, count_in, made_in, share};
use super::random::Random;
use super::table::{Table, percent, seconds};
use super::{Failure, world};

/// Calls a second.
const RATE: f64 = 400.0;

/// While the first endpoint fails.
pub const OUTAGE: Range<Duration> = Duration::from_secs(10)..Duration::from_secs(20);

const END: Duration = Duration::from_secs(30);

const SECOND: Duration = Duration::from_secs(1);

/// Who chooses the endpoint of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// What a channel does by itself.
    LeastInFlight,
    /// A breaker for each endpoint, with its defaults.
    Breaker,
    /// The same, which opens after 20 failures in a row too.
    InARow,
}

/// Where calls went, and how they ended.
pub struct Figures {
    /// When calls came to the endpoint that fails, and to the two others.
    received: [Vec<Duration>; 3],
    /// The share of the calls that failed while the endpoint did.
    pub failed: f64,
}

impl Figures {
    /// The first endpoint's share of the calls in the second after a time.
    pub fn share(&self, from: Duration) -> f64 {
        let time = from..from + SECOND;
        let [first, second, third] = self.received.each_ref().map(|times| count_in(times, &time));
        first as f64 / (first + second + third).max(1) as f64
    }

    /// How long after a time the share is what it should be, for a second.
    fn time_to(&self, from: Duration, good: impl Fn(f64) -> bool) -> Option<Duration> {
        let steps = (0..).map(|step| from + Duration::from_millis(10) * step);
        let mut steps = steps.take_while(|at| *at + SECOND <= END);
        steps.find(|at| good(self.share(*at))).map(|at| at - from)
    }

    /// How long the endpoint fails before its share is below 5 %.
    pub fn time_to_leave(&self) -> Option<Duration> {
        self.time_to(OUTAGE.start, |share| share < 0.05).filter(|time| *time < OUTAGE.end - OUTAGE.start)
    }

    /// How long the endpoint works again before its share is 25 %, if it has lost it.
    pub fn time_to_return(&self) -> Option<Duration> {
        self.time_to_leave()?;
        self.time_to(OUTAGE.end, |share| share >= 0.25)
    }
}

impl Choice {
    fn picker(self) -> Result<Box<dyn Picker>, Failure> {
        let mut config = BreakerConfig::default();
        if self == Self::InARow {
            config.consecutive_failures = Some(20);
        }
        Ok(match self {
            Self::LeastInFlight => Box::<LeastInFlight>::default(),
            _ => Box::new(BreakerPicker::new(config)?),
        })
    }
}

/// Runs the outage once.
pub fn run(seed: u64, choice: Choice) -> Result<Figures, Failure> {
    world::run(async {
        let clock = world::Clock::start();
        let backend = |place| {
            Backend::new(clock, UNBOUNDED, Random::new(seed, place), move |now, random| {
                let fails = place == 1 && OUTAGE.contains(&now);
                if fails {
                    Work::Failure(Duration::from_millis(1))
                } else {
                    Work::Answer(random.millis(5, 15))
                }
            })
        };
        let backends = [1, 2, 3].map(backend);
        let load = Load::steady(RATE, END, SECOND);
        let service = cluster(&backends, choice.picker()?);
        let calls = load.offer(clock, service, Random::new(seed, 0)).await;
        let failed = share(made_in(&calls, OUTAGE), End::Failed);
        Ok(Figures { received: backends.each_ref().map(Backend::received), failed })
    })?
}

/// The outage with and without a breaker.
pub fn tables(seed: u64) -> Result<Vec<Table>, Failure> {
    let title = format!("A failing endpoint: {RATE} calls a second, 1 of 3 fails within 1 ms for 10 s");
    let heads = ["picked by", "calls failed", "share < 5 % after", "back at 25 % after"];
    let mut summary = Table::new(title, heads);
    let shown = (8..END.as_secs()).map(Duration::from_secs);
    let mut shares = Table::new("Its share of the calls, in % by second", ["picked by"]);
    shares.push(["second".to_owned()].into_iter().chain(shown.clone().map(|at| at.as_secs().to_string())));
    let rows = [
        ("least in flight", Choice::LeastInFlight),
        ("breakers", Choice::Breaker),
        ("breakers, 20 in a row", Choice::InARow),
    ];
    for (name, choice) in rows {
        let figures = run(seed, choice)?;
        let after = |time: Option<Duration>| time.map_or("-".to_owned(), seconds);
        let times = [figures.time_to_leave(), figures.time_to_return()].map(after);
        summary.push([name.to_owned(), percent(figures.failed)].into_iter().chain(times));
        let by_second = shown.clone().map(|at| format!("{:.0}", figures.share(at) * 100.0));
        shares.push([name.to_owned()].into_iter().chain(by_second));
    }
    Ok(vec![summary, shares])
}
