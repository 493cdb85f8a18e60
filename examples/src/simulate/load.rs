//! Callers, and what became of their calls.

use std::ops::Range;
use std::time::Duration;

use kitex::layer::{DeadlineLayer, Layer};
use kitex::{
    Bytes, Error, ErrorKind, Method, MethodDescriptor, Payload, Protocol, Request, Response, Scope,
    SharedService, Streaming,
};
use tokio::task::JoinSet;

use super::random::Random;
use super::world::Clock;

/// The method that is called. It only asks, so that it can be called again.
static ASK: MethodDescriptor = MethodDescriptor {
    service: "Oracle",
    name: "Ask",
    index: 0,
    oneway: false,
    idempotent: true,
    streaming: Streaming::None,
    exceptions: &[],
    annotations: &[],
};

/// Calls that come as those of many callers do, who know nothing of each other and do not wait for the service.
pub(super) struct Load {
    /// Calls a second, from a time on.
    pub(super) rates: Vec<(Duration, f64)>,
    /// When the last call is made.
    pub(super) until: Duration,
    /// How long a caller waits.
    pub(super) timeout: Duration,
    /// The `PRIORITY` of calls, and the share of the calls that have it; all others have none.
    pub(super) priorities: &'static [(&'static str, f64)],
}

/// How a call has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Answered,
    /// Its caller has waited as long as it would.
    Late,
    /// A limit or a breaker has refused it.
    Refused,
    Failed,
}

/// A call that is over.
pub(super) struct Call {
    pub(super) began: Duration,
    pub(super) took: Duration,
    pub(super) end: End,
    pub(super) priority: Option<&'static str>,
}

impl Load {
    /// As many calls a second from the beginning to the end.
    pub(super) fn steady(rate: f64, until: Duration, timeout: Duration) -> Self {
        Self { rates: vec![(Duration::ZERO, rate)], until, timeout, priorities: &[] }
    }

    /// Makes the calls, and gives them in the order of their ends.
    pub(super) async fn offer(&self, clock: Clock, service: SharedService, mut random: Random) -> Vec<Call> {
        let service = SharedService::new(DeadlineLayer::new(self.timeout).layer(service));
        let mut calls = JoinSet::new();
        let mut at = random.gap(self.rate_at(Duration::ZERO));
        while at < self.until {
            clock.until(at).await;
            calls.spawn(call(clock, service.clone(), self.priority(&mut random)));
            at += random.gap(self.rate_at(at));
        }
        let mut ended = Vec::new();
        while let Some(call) = calls.join_next().await {
            ended.extend(call);
        }
        ended
    }

    fn rate_at(&self, time: Duration) -> f64 {
        let begun = self.rates.iter().rev().find(|(from, _)| *from <= time);
        begun.map_or(1.0, |(_, rate)| *rate)
    }

    fn priority(&self, random: &mut Random) -> Option<&'static str> {
        let mut left = random.fraction();
        self.priorities.iter().find_map(|(name, share)| {
            left -= share;
            (left < 0.0).then_some(*name)
        })
    }
}

async fn call(clock: Clock, service: SharedService, priority: Option<&'static str>) -> Call {
    let payload = Payload::new(Protocol::Binary, Bytes::from_static(&[0]));
    let mut request = Request::new(Method::from(&ASK), payload);
    if let Some(priority) = priority {
        request.context.metadata.set(Scope::Transient, "PRIORITY", priority);
    }
    let began = clock.now();
    let end = End::of(&service.call(request).await);
    Call { began, took: clock.now() - began, end, priority }
}

impl End {
    fn of(result: &Result<Response, Error>) -> Self {
        match result {
            Ok(_) => Self::Answered,
            Err(error) if error.kind() == ErrorKind::Deadline => Self::Late,
            Err(error) if error.kind() == ErrorKind::Limit => Self::Refused,
            Err(_) => Self::Failed,
        }
    }
}

/// The calls that were made in a time.
pub(super) fn made_in(calls: &[Call], time: Range<Duration>) -> impl Iterator<Item = &Call> + Clone {
    calls.iter().filter(move |call| time.contains(&call.began))
}

/// The share of calls that have ended so.
pub(super) fn share<'a>(calls: impl Iterator<Item = &'a Call> + Clone, end: End) -> f64 {
    let all = calls.clone().count();
    calls.filter(|call| call.end == end).count() as f64 / all.max(1) as f64
}

/// The time that so many per cent of the calls took at most: exact, by their order.
pub(super) fn percentile<'a>(calls: impl Iterator<Item = &'a Call>, percent: f64) -> Duration {
    let mut times: Vec<_> = calls.map(|call| call.took).collect();
    times.sort_unstable();
    let rank = (times.len() as f64 * percent / 100.0).ceil() as usize;
    times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The time that calls took on average.
pub(super) fn average<'a>(calls: impl Iterator<Item = &'a Call> + Clone) -> Duration {
    let sum: Duration = calls.clone().map(|call| call.took).sum();
    sum / calls.count().max(1) as u32
}

/// How many of some times, which are in order, are within a time.
pub(super) fn count_in(times: &[Duration], time: &Range<Duration>) -> usize {
    let before = |end: Duration| times.partition_point(|at| *at < end);
    before(time.end) - before(time.start)
}
