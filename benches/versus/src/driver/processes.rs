//! Starts the measured processes: one server and one client for each measurement.

use std::{
    net::{TcpListener, TcpStream},
    ops::RangeInclusive,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde::de::DeserializeOwned;

use super::{Pace, collector, contender::Contender, scenario::Scenario, wire::Sizes};
use crate::{
    load::Measurement,
    options::{Mode, Pinning, loopback},
};

/// How long a server has to listen.
const START: Duration = Duration::from_secs(10);
/// Between two looks whether it listens.
const LOOK: Duration = Duration::from_millis(5);

/// A running server; dropping it ends the process.
pub(super) struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts the contender's server on a free port and waits until it listens.
    pub(super) fn start(contender: &Contender, mode: Mode, pinning: Pinning) -> anyhow::Result<Self> {
        let port = TcpListener::bind(loopback(0))?.local_addr()?.port();
        let child = Command::new(&contender.binary)
            .args(["serve", &contender.stack.to_string(), "--port", &port.to_string()])
            .args(["--mode", &mode.to_string(), "--pinning", &pinning.to_string()])
            .args(observed(contender)?)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", contender.binary.display()))?;
        let mut server = Self { child, port };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    fn wait_until_it_listens(&mut self) -> anyhow::Result<()> {
        let begin = Instant::now();
        while TcpStream::connect(loopback(self.port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended instead of listening: {status}");
            }
            ensure!(begin.elapsed() < START, "the server does not listen after {START:?}");
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Runs a client command against this server and returns what it prints as JSON.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        contender: &Contender,
        command: &str,
        arguments: &[(&str, String)],
    ) -> anyhow::Result<T> {
        let mut client = Command::new(&contender.binary);
        client.args([command, &contender.stack.to_string(), "--port", &self.port.to_string()]);
        client.args(["--server", &self.child.id().to_string(), "--setup", &contender.setup.to_string()]);
        client.args(observed(contender)?);
        for (name, value) in arguments {
            client.args([name, value.as_str()]);
        }
        let output = client.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "{command} failed: {}", output.status);
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only for a process that has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the contender's spans and measurements go, and how many of them.
fn observed(contender: &Contender) -> anyhow::Result<Vec<String>> {
    let Some(percent) = contender.sample else { return Ok(Vec::new()) };
    let port = collector::port()?.to_string();
    Ok(vec!["--collector".to_owned(), port, "--sample".to_owned(), percent.to_string()])
}

/// Measures one contender in one row, once, in fresh processes.
pub(super) fn measure(
    contender: &Contender,
    scenario: Scenario,
    pace: Pace,
    wire: &Sizes,
) -> anyhow::Result<Measurement> {
    let server = Server::start(contender, scenario.mode, scenario.pinning)?;
    let arguments = [
        ("--mode", scenario.mode.to_string()),
        ("--payload", scenario.payload.to_string()),
        ("--callers", scenario.callers.to_string()),
        ("--pinning", scenario.pinning.to_string()),
        ("--warm-up", pace.warm_up.to_string()),
        ("--seconds", pace.seconds.to_string()),
        ("--request-overhead", wire.request_overhead.to_string()),
        ("--reply-overhead", wire.reply_overhead.to_string()),
    ];
    let mut measurement: Measurement = server.ask(contender, "load", &arguments)?;
    let expected = connections(scenario);
    if !expected.contains(&measurement.connections) {
        measurement.errors += 1;
        let seen = format!("{} connections instead of {}", measurement.connections, expected.start());
        measurement.first_error.get_or_insert(seen);
    }
    Ok(measurement)
}

/// How many connections a stack must have in a row. A pool whose waiting callers take what comes back
/// while their own dial goes on (Volo's) holds up to twice as many as are in use.
fn connections(scenario: Scenario) -> RangeInclusive<usize> {
    match scenario.mode {
        Mode::Mux => 1..=1,
        Mode::Pooled => scenario.callers..=2 * scenario.callers,
    }
}
