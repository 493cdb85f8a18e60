//! One place that a channel connects to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use kitex_codec::Limits;
use kitex_core::{ClientConfig, ConnectionInfo, Error, ErrorKind};

use super::backoff::{Backoff, Cause, Failure};
use super::dial::Dialled;
use super::{ChannelConfig, Mode};
use crate::{Address, Stream, clock};

/// What all endpoints of a channel share.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) config: ChannelConfig,
    pub(super) connection: Arc<ClientConfig>,
    limits: Arc<Limits>,
    /// What the moments in atomics are counted from.
    epoch: Instant,
}

impl Settings {
    pub(super) fn new(mut config: ChannelConfig) -> Self {
        config.connection.multiplexed = matches!(config.mode, Mode::Multiplexed(_));
        let (connection, limits) = (Arc::new(config.connection.clone()), Arc::new(config.limits.clone()));
        Self { config, connection, limits, epoch: clock::now() }
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// One place that a channel connects to, and what is counted there.
#[derive(Debug)]
pub(super) struct Endpoint {
    address: Address,
    pub(super) settings: Arc<Settings>,
    /// Calls that run, as of the last change.
    pub(super) running: Arc<AtomicUsize>,
    /// Calls that wait for a connection, as of the last change.
    waiting: AtomicUsize,
    /// The moment until which other endpoints are preferred.
    avoided_until: AtomicU64,
    dialled: AtomicU64,
    dial_failures: AtomicU64,
    dropped_answers: AtomicU64,
}

/// An endpoint is avoided for as long as a dial lasts that shows whether it is back.
const WHILE_PROBED: u64 = u64::MAX;

impl Endpoint {
    pub(super) fn new(address: Address, settings: Arc<Settings>) -> Self {
        Self {
            address,
            settings,
            running: Arc::default(),
            waiting: AtomicUsize::new(0),
            avoided_until: AtomicU64::new(0),
            dialled: AtomicU64::new(0),
            dial_failures: AtomicU64::new(0),
            dropped_answers: AtomicU64::new(0),
        }
    }

    /// Makes a connection.
    pub(super) async fn dial(&self) -> Dialled {
        let config = &self.settings.config;
        let connecting = Stream::connect(&self.address, &config.socket);
        let dialled = match tokio::time::timeout(config.connect_timeout, connecting).await {
            Ok(connected) => connected.map_err(Cause::from),
            Err(_) => Err(Cause::timeout(config.connect_timeout)),
        };
        let counter = if dialled.is_ok() { &self.dialled } else { &self.dial_failures };
        counter.fetch_add(1, Ordering::Relaxed);
        let (stream, peer) = dialled?;
        Ok((stream, ConnectionInfo::new(peer, Arc::clone(&self.settings.limits))))
    }

    pub(super) fn set_running(&self, running: usize) {
        self.running.store(running, Ordering::Relaxed);
    }

    pub(super) fn set_waiting(&self, waiting: usize) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// True while other endpoints are preferred.
    pub(super) fn is_avoided(&self, now: Instant) -> bool {
        match self.avoided_until.load(Ordering::Relaxed) {
            0 => false,
            until => until > self.settings.nanos(now),
        }
    }

    pub(super) fn avoid_while_probed(&self) {
        self.avoided_until.store(WHILE_PROBED, Ordering::Relaxed);
    }

    pub(super) fn note_success(&self, backoff: &mut Backoff) {
        backoff.succeed();
        self.avoided_until.store(0, Ordering::Relaxed);
    }

    pub(super) fn note_failure(&self, backoff: &mut Backoff, now: Instant, cause: &Cause) {
        let until = if cause.counts { self.settings.nanos(backoff.fail(now, cause.clone())) } else { 0 };
        self.avoided_until.store(until, Ordering::Relaxed);
    }

    pub(super) fn count_dropped_answers(&self, dropped: u64) {
        self.dropped_answers.fetch_add(dropped, Ordering::Relaxed);
    }

    /// Connections made, attempts that failed, and answers that no call waited for.
    pub(super) fn counts(&self) -> [u64; 3] {
        [&self.dialled, &self.dial_failures, &self.dropped_answers]
            .map(|counter| counter.load(Ordering::Relaxed))
    }

    /// An attempt to connect failed.
    #[cold]
    pub(super) fn unreachable(&self, cause: &Cause) -> Error {
        let text = match cause.timeout {
            Some(timeout) => format!("no connection{} within {timeout:?}", self.to()),
            None => format!("no connection{}", self.to()),
        };
        let error = Error::new(ErrorKind::Connect, cause.stage, text);
        let error = match cause.timeout {
            Some(_) => error.with_setting("connect_timeout"),
            None => error,
        };
        self.at_peer(error.with_source(cause.to_io()))
    }

    /// No attempt is made because the last ones failed.
    #[cold]
    pub(super) fn resting(&self, failure: &Failure, now: Instant) -> Error {
        let Failure { attempts, until, cause } = failure;
        let left = until.saturating_duration_since(now).as_millis();
        let times = if *attempts == 1 { "attempt" } else { "attempts" };
        let text = format!(
            "no connection{} after {attempts} {times}, the next in {left} ms at the earliest",
            self.to()
        );
        let error = Error::new(ErrorKind::Connect, cause.stage, text).with_setting("backoff");
        self.at_peer(error.with_source(cause.to_io()))
    }

    /// Names the peer in an error, as far as it is known without a connection.
    pub(super) fn at_peer(&self, error: Error) -> Error {
        match &self.address {
            Address::Host(_) => error,
            address => error.with_peer(&address.peer()),
        }
    }

    /// The host name, which is no peer.
    fn to(&self) -> String {
        match &self.address {
            Address::Host(host) => format!(" to {host}"),
            _ => String::new(),
        }
    }
}

impl kitex_core::Endpoint for Endpoint {
    fn address(&self) -> &dyn std::fmt::Display {
        &self.address
    }

    fn in_flight(&self) -> usize {
        self.running.load(Ordering::Relaxed) + self.waiting.load(Ordering::Relaxed)
    }

    fn is_avoided(&self, now: Instant) -> bool {
        self.is_avoided(now)
    }
}
