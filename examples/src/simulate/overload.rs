//! A service that is called three times as often as it can answer.

use std::ops::Range;
use std::time::Duration;

use kitex::SharedService;
use kitex::layer::{AdaptiveConfig, AdaptiveLayer, ConcurrencyConfig, ConcurrencyLayer, Layer};

use super::backend::{Backend, Work, remote};
use super::load::{Call, End, Load, made_in, percentile, share};
use super::random::Random;
use super::table::{Table, millis, percent};
use super::{Failure, world};

/// Calls that the service works on at a time.
const WORKERS: usize = 16;

/// Answers a second that it can give: a call takes 40 ms on average.
pub const CAPACITY: f64 = WORKERS as f64 / 0.040;

/// While it is called three times as often. Before, it is called half as often.
pub const OVERLOAD: Range<Duration> = Duration::from_secs(5)..Duration::from_secs(17);

/// How long callers wait.
pub const TIMEOUT: Duration = Duration::from_millis(600);

/// How much calls matter; those of the others are normal.
const PRIORITIES: &[(&str, f64)] = &[("critical", 0.1), ("bulk", 0.3)];

/// How long calls take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// 20 to 60 ms.
    Even,
    /// One in ten takes 180 to 260 ms, the others 10 to 30 ms.
    Uneven,
}

impl Service {
    fn work(self, random: &mut Random) -> Work {
        Work::Answer(match self {
            Self::Even => random.millis(20, 60),
            Self::Uneven if random.chance(0.1) => random.millis(180, 260),
            Self::Uneven => random.millis(10, 30),
        })
    }
}

/// The server's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// None.
    None,
    /// As many calls as there are workers, and half as many that wait: for one who knows how many workers there are.
    Fixed,
    /// The one that finds itself.
    Adaptive,
}

/// What became of the calls that were made in a time.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Answers in time, as a share of the capacity.
    pub goodput: f64,
    /// The time that 99 % of the calls took that were not refused.
    pub p99: Duration,
    /// The share of the calls that were refused.
    pub refused: f64,
    /// The share of the calls that were answered in time.
    pub answered: f64,
}

impl Figures {
    fn of<'a>(calls: impl Iterator<Item = &'a Call> + Clone, time: &Range<Duration>) -> Self {
        let answered = calls.clone().filter(|call| call.end == End::Answered).count();
        let admitted = calls.clone().filter(|call| call.end != End::Refused);
        Self {
            goodput: answered as f64 / (time.end - time.start).as_secs_f64() / CAPACITY,
            p99: percentile(admitted, 99.0),
            refused: share(calls.clone(), End::Refused),
            answered: share(calls, End::Answered),
        }
    }
}

/// A run: before the overload, and in it.
pub struct Run(Vec<Call>);

impl Run {
    /// Before the overload.
    pub fn unloaded(&self) -> Figures {
        let time = Duration::ZERO..OVERLOAD.start;
        Figures::of(made_in(&self.0, time.clone()), &time)
    }

    /// In the overload, from its first moment.
    pub fn overloaded(&self) -> Figures {
        Figures::of(made_in(&self.0, OVERLOAD), &OVERLOAD)
    }

    /// In the overload, the calls of a priority.
    pub fn of_priority(&self, priority: Option<&str>) -> Figures {
        Figures::of(made_in(&self.0, OVERLOAD).filter(|call| call.priority == priority), &OVERLOAD)
    }
}

/// Runs the overload once.
pub fn run(seed: u64, service: Service, limit: Limit) -> Result<Run, Failure> {
    world::run(async {
        let clock = world::Clock::start();
        let work = move |_, random: &mut Random| service.work(random);
        let backend = Backend::new(clock, WORKERS, Random::new(seed, 1), work);
        let load = Load {
            rates: vec![(Duration::ZERO, CAPACITY / 2.0), (OVERLOAD.start, CAPACITY * 3.0)],
            until: OVERLOAD.end,
            timeout: TIMEOUT,
            priorities: PRIORITIES,
        };
        let server = remote(limit.stack(backend.service())?);
        Ok(Run(load.offer(clock, server, Random::new(seed, 0)).await))
    })?
}

impl Limit {
    fn stack(self, handler: SharedService) -> Result<SharedService, Failure> {
        let fixed = ConcurrencyLayer::new(ConcurrencyConfig::new(WORKERS as u32 * 3 / 2))?;
        let adaptive = AdaptiveLayer::new(AdaptiveConfig::default())?;
        Ok(match self {
            Self::None => handler,
            Self::Fixed => SharedService::new(fixed.layer(handler)),
            Self::Adaptive => SharedService::new(adaptive.layer(handler)),
        })
    }
}

/// The overload of both services, with and without a limit, and what it is for calls of each priority.
pub fn tables(seed: u64) -> Result<Vec<Table>, Failure> {
    let offered = CAPACITY * 3.0;
    let title = |takes| {
        format!("Overload: {offered} calls a second to a service that can answer {CAPACITY}, {takes}")
    };
    let mut tables = Vec::from(of_service(seed, Service::Even, title("in 20 to 60 ms"))?);
    tables.extend(of_service(seed, Service::Uneven, title("1 in 10 slowly"))?);
    Ok(tables)
}

fn of_service(seed: u64, service: Service, title: String) -> Result<[Table; 2], Failure> {
    let run = |limit| run(seed, service, limit);
    let (none, fixed, adaptive) = (run(Limit::None)?, run(Limit::Fixed)?, run(Limit::Adaptive)?);
    let mut limits = Table::new(title, ["limit", "goodput / capacity", "p99 of admitted", "refused"]);
    let rows = [
        ("none, at half the capacity", none.unloaded()),
        ("none", none.overloaded()),
        ("24, by one who knows", fixed.overloaded()),
        ("adaptive", adaptive.overloaded()),
    ];
    for (name, Figures { goodput, p99, refused, .. }) in rows {
        limits.push([name.to_owned(), percent(goodput), millis(p99), percent(refused)]);
    }
    let title = "Its calls by priority: the share that is answered in time";
    let mut priorities = Table::new(title, ["limit", "critical", "normal", "bulk"]);
    for (name, run) in [("none", none), ("24, by one who knows", fixed), ("adaptive", adaptive)] {
        let shares =
            [Some("critical"), None, Some("bulk")].map(|priority| run.of_priority(priority).answered);
        priorities.push([name.to_owned()].into_iter().chain(shares.map(percent)));
    }
    Ok([limits, priorities])
}
