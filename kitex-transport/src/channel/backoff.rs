//! When an endpoint may be dialled, after an attempt has failed.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kitex_core::Stage;

use super::BackoffConfig;
use crate::stream::Unresolved;

/// Why no connection could be made. An [`io::Error`] that can be given to many.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    code: Option<i32>,
    kind: io::ErrorKind,
    text: Arc<str>,
    /// Set if the attempt took too long.
    pub(super) timeout: Option<Duration>,
    /// Where the attempt failed.
    pub(super) stage: Stage,
    /// Whether it says something of the endpoint.
    pub(super) counts: bool,
}

impl Cause {
    pub(super) fn timeout(timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..Self::from(io::Error::from(io::ErrorKind::TimedOut)) }
    }

    /// The attempt was given up with the runtime that it was made by.
    pub(super) fn abandoned() -> Self {
        Self { counts: false, ..Self::from(io::Error::other("the runtime was shut down")) }
    }

    pub(super) fn to_io(&self) -> io::Error {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, &*self.text),
        }
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        Self {
            code: error.raw_os_error(),
            kind: error.kind(),
            text: error.to_string().into(),
            timeout: None,
            stage: if Unresolved::is(&error) { Stage::Resolve } else { Stage::Dial },
            counts: true,
        }
    }
}

/// What is known of an endpoint's health.
#[derive(Debug)]
pub(super) struct Backoff {
    config: BackoffConfig,
    /// The last connection was made and has not failed since: any number may be made at once.
    proven: bool,
    failure: Option<Failure>,
}

/// Attempts that failed, with no success since.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) attempts: u32,
    pub(super) until: Instant,
    pub(super) cause: Cause,
}

impl Backoff {
    pub(super) fn new(config: BackoffConfig) -> Self {
        Self { config, proven: false, failure: None }
    }

    /// Whether a connection may be dialled while `dialling` others are. As long as it is not known that the endpoint is
    /// there, only one is, and none before the pause is over.
    pub(super) fn allows(&self, now: Instant, dialling: usize) -> bool {
        self.proven || (dialling == 0 && self.pause(now).is_none())
    }

    /// The failure that the endpoint is still given a rest for.
    pub(super) fn pause(&self, now: Instant) -> Option<&Failure> {
        self.failure.as_ref().filter(|failure| failure.until > now)
    }

    /// True if the last attempt failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    pub(super) fn succeed(&mut self) {
        self.proven = true;
        self.failure = None;
    }

    /// A connection was closed that should not have been: the next one shows whether the endpoint is still there.
    pub(super) fn suspect(&mut self) {
        self.proven = false;
    }

    /// Notes a failed attempt; gives the end of the pause after it.
    pub(super) fn fail(&mut self, now: Instant, cause: Cause) -> Instant {
        self.proven = false;
        let before = self.failure.as_ref().map_or(0, |failure| failure.attempts);
        let until = now + jittered(self.delay(before), random());
        self.failure = Some(Failure { attempts: before.saturating_add(1), until, cause });
        until
    }

    fn delay(&self, failures: u32) -> Duration {
        let doubled = self.config.initial.checked_mul(1 << failures.min(20));
        doubled.unwrap_or(self.config.max).min(self.config.max)
    }
}

/// Between half of `delay` and all of it.
fn jittered(delay: Duration, random: u64) -> Duration {
    let part = (random >> 52) as u32;
    delay / 2 + delay / 2 / (1 << 12) * part
}

/// A number that differs from process to process and from call to call: the keys of a hash map do.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(BackoffConfig::default())
    }

    fn refused() -> Cause {
        io::Error::from_raw_os_error(111).into()
    }

    #[test]
    fn pauses_double_up_to_the_most() {
        let backoff = backoff();
        let delays: Vec<_> = (0..9).map(|failures| backoff.delay(failures).as_millis()).collect();
        assert_eq!(delays, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(backoff.delay(u32::MAX).as_secs(), 5);
    }

    #[test]
    fn half_of_a_pause_is_left_to_chance() {
        let delay = Duration::from_millis(100);
        assert_eq!(jittered(delay, 0), delay / 2);
        let most = jittered(delay, u64::MAX);
        assert!(most <= delay && most > delay * 99 / 100, "{most:?}");
    }

    #[test]
    fn one_dial_at_a_time_shows_whether_an_endpoint_is_there() {
        let now = crate::clock::now();
        let mut backoff = backoff();
        assert!(backoff.allows(now, 0) && !backoff.allows(now, 1));
        backoff.succeed();
        assert!(backoff.allows(now, 100));
        backoff.suspect();
        assert!(backoff.allows(now, 0) && !backoff.allows(now, 1));
        let until = backoff.fail(now, refused());
        assert!(!backoff.allows(now, 0) && backoff.allows(until, 0) && !backoff.allows(until, 1));
        backoff.succeed();
        assert!(backoff.allows(now, 1) && !backoff.has_failed());
    }

    #[test]
    fn a_cause_is_the_error_that_it_was() {
        let cause = refused();
        assert_eq!(cause.to_io().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(cause.to_io().raw_os_error(), Some(111));
        let cause = Cause::from(io::Error::other("no such host"));
        assert_eq!(cause.to_io().to_string(), "no such host");
    }
}
