//! The one load loop that drives every stack.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};

use crate::{
    histogram::Histogram,
    options::{Load, Setup, loopback},
    process::{self, Role},
    stack::{self, Caller},
};

/// How long a call may hang after the window before it counts as an error.
const DRAIN: Duration = Duration::from_secs(3);

/// What the callers are to do.
pub(crate) struct Plan {
    pub(crate) payload: usize,
    pub(crate) setup: Setup,
    pub(crate) calls: Calls,
}

/// How many calls are made.
#[derive(Clone, Copy)]
pub(crate) enum Calls {
    /// One by each caller.
    Once,
    /// As many as fit.
    For { warm_up: Duration, window: Duration, port: u16, server: Option<i32> },
}

/// What one run of the load found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Measurement {
    pub(crate) calls_per_s: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) server_cpu_us: f64,
    pub(crate) client_cpu_us: f64,
    pub(crate) errors: u64,
    pub(crate) connections: usize,
    pub(crate) first_error: Option<String>,
}

/// Loads a running server and prints one measurement as JSON.
pub(crate) fn run(options: &Load) -> anyhow::Result<()> {
    process::raise_file_limit(crate::idle::FILES)?;
    let calls = Calls::For {
        warm_up: Duration::from_secs_f64(options.warm_up),
        window: Duration::from_secs_f64(options.seconds),
        port: options.port,
        server: options.server,
    };
    let plan = Plan { payload: options.payload, setup: options.setup, calls };
    let target = options.target(loopback(options.port));
    let limit = options.duration() + 3 * DRAIN;
    let load = async { timeout(limit, stack::load(options.stack, target, &plan)).await };
    let measurement = process::block_on(options.pinning, Role::Client, load)?
        .with_context(|| format!("the load did not end within {limit:?}"))??;
    println!("{}", serde_json::to_string(&measurement)?);
    Ok(())
}

/// Lets the callers call as planned and gathers what they found.
pub(crate) async fn measure<C: Caller>(callers: Vec<C>, plan: &Plan) -> anyhow::Result<Measurement> {
    let phase = Arc::new(Phase::default());
    if matches!(plan.calls, Calls::Once) {
        phase.set(Phase::STOPPED);
    }
    let mut running = Vec::new();
    for (number, caller) in callers.into_iter().enumerate() {
        let calls = call_until_stopped(caller, texts(plan.payload, number), phase.clone());
        running.push(tokio::spawn(C::surround(plan.setup, calls)));
    }
    let mut measurement = window(plan.calls, &phase).await?;
    let mut total = Tally::default();
    for caller in running {
        match timeout(DRAIN, caller).await {
            Ok(Ok(tally)) => total.merge(tally),
            Ok(Err(panic)) => total.fail(panic.into()),
            Err(elapsed) => total.fail(anyhow::Error::new(elapsed).context("a call hung")),
        }
    }
    total.summarise(&mut measurement);
    Ok(measurement)
}

/// Waits out the phases; the rates in the result are still totals.
async fn window(calls: Calls, phase: &Phase) -> anyhow::Result<Measurement> {
    let Calls::For { warm_up, window, port, server } = calls else {
        return Ok(Measurement::default());
    };
    sleep(warm_up).await;
    // Counted outside the window, and before callers close what they hold.
    let connections = process::connections(port)?;
    let before = Mark::take(server)?;
    phase.set(Phase::MEASURING);
    sleep(window).await;
    phase.set(Phase::STOPPED);
    let after = Mark::take(server)?;
    Ok(Measurement {
        calls_per_s: 1.0 / (after.time - before.time).as_secs_f64(),
        server_cpu_us: (after.server - before.server).as_secs_f64() * 1e6,
        client_cpu_us: (after.client - before.client).as_secs_f64() * 1e6,
        connections,
        ..Default::default()
    })
}

/// A moment at an end of the measured window.
struct Mark {
    time: Instant,
    server: Duration,
    client: Duration,
}

impl Mark {
    fn take(server: Option<i32>) -> anyhow::Result<Self> {
        let server = server.map(process::cpu_time).transpose()?.unwrap_or_default();
        let client = process::cpu_time(std::process::id() as i32)?;
        Ok(Self { time: Instant::now(), server, client })
    }
}

/// What the callers are doing at present.
#[derive(Default)]
struct Phase(AtomicU8);

impl Phase {
    // A phase starts at 0: warming up.
    const MEASURING: u8 = 1;
    const STOPPED: u8 = 2;

    fn set(&self, phase: u8) {
        self.0.store(phase, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Two texts that no other caller sends, so that a reply to another call is noticed.
fn texts<T: From<String>>(payload: usize, caller: usize) -> [T; 2] {
    [0, 1].map(|turn| {
        let mut text = format!("{turn}{caller:05} ");
        while text.len() < payload {
            text.push(char::from(b'a' + (text.len() % 26) as u8));
        }
        text.truncate(payload);
        T::from(text)
    })
}

async fn call_until_stopped<C: Caller>(mut caller: C, texts: [C::Text; 2], phase: Arc<Phase>) -> Tally {
    let mut tally = Tally::default();
    let mut begin = Instant::now();
    for text in texts.iter().cycle() {
        let outcome = caller.call(text.clone()).await.and_then(|reply| check(reply.as_ref(), text.as_ref()));
        let end = Instant::now();
        if let Err(error) = outcome {
            tally.fail(error);
            break;
        }
        match phase.get() {
            Phase::MEASURING => tally.latencies.record(end - begin),
            Phase::STOPPED => break,
            _warming => {}
        }
        begin = end;
    }
    tally
}

fn check(reply: &[u8], sent: &[u8]) -> anyhow::Result<()> {
    anyhow::ensure!(
        reply == sent,
        "the reply of {} bytes differs from the {} bytes sent",
        reply.len(),
        sent.len()
    );
    Ok(())
}

/// What the callers found, added up.
#[derive(Default)]
struct Tally {
    latencies: Histogram,
    errors: u64,
    first_error: Option<String>,
}

impl Tally {
    fn fail(&mut self, error: anyhow::Error) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| format!("{error:#}"));
    }

    fn merge(&mut self, other: Self) {
        self.latencies.merge(&other.latencies);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    /// Turns the window's totals into figures a call.
    fn summarise(self, measurement: &mut Measurement) {
        let calls = self.latencies.count().max(1) as f64;
        measurement.calls_per_s *= self.latencies.count() as f64;
        measurement.p50_us = self.latencies.quantile(0.5);
        measurement.p99_us = self.latencies.quantile(0.99);
        measurement.server_cpu_us /= calls;
        measurement.client_cpu_us /= calls;
        measurement.errors = self.errors;
        measurement.first_error = self.first_error;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers as a stack would that mixes up its callers.
    struct Confused;

    impl Caller for Confused {
        type Text = String;
        type Reply<'a> = String;

        async fn call(&mut self, _text: String) -> anyhow::Result<String> {
            Ok(texts::<String>(128, 7)[0].clone())
        }
    }

    #[tokio::test]
    async fn a_reply_to_another_caller_is_an_error() {
        let plan = Plan { payload: 128, setup: Setup::Bare, calls: Calls::Once };
        let callers = (0..10).map(|_| Confused).collect();
        assert_eq!(measure(callers, &plan).await.unwrap().errors, 9);
    }

    #[test]
    fn texts_have_the_asked_length_and_differ() {
        let all: Vec<String> = (0..200).flat_map(|caller| texts::<String>(128, caller)).collect();
        assert!(all.iter().all(|text| text.len() == 128));
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
    }
}
