//! Which calls meet which fault.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use kitex_codec::Str;
use kitex_core::{Error, Request, SettingError};

use crate::Match;
use crate::panic::{catch, closure_panicked};
use crate::random::Random;

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is passed on later.
    Delay(Duration),
    /// It is not passed on, and fails as if its callee had answered with an exception.
    Exception {
        /// The type code.
        code: i32,
        /// The text.
        message: Str,
    },
    /// It is not passed on, and fails as if its connection had ended while the answer was waited for. An error of the
    /// kind [`Closed`](kitex_core::ErrorKind::Closed), that says that the call may have been served.
    Abort,
    /// It is not passed on, and not answered before its deadline. Without a deadline, not at all.
    Drop,
    /// Its answer comes with some of its bytes changed: at least one, and about one in 64. The head of the answer stays.
    Garble,
}

impl Fault {
    /// An [`Exception`](Self::Exception).
    pub fn exception(code: i32, message: impl Into<Str>) -> Self {
        Self::Exception { code, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delay(time) => write!(f, "delay {time:?}"),
            Self::Exception { code, message } => write!(f, "exception {code}: {message}"),
            Self::Abort => f.write_str("abort"),
            Self::Drop => f.write_str("drop"),
            Self::Garble => f.write_str("garble"),
        }
    }
}

/// A share of calls that meet a fault.
#[derive(Debug, Clone)]
pub struct FaultRule {
    /// What happens to them.
    pub fault: Fault,
    /// How many of a hundred: at least 0, at most 100.
    pub percent: f64,
    /// Of which calls.
    pub of: Match,
}

impl FaultRule {
    /// A share of all calls.
    pub fn new(fault: Fault, percent: f64) -> Self {
        Self { fault, percent, of: Match::all() }
    }

    /// A share of these calls.
    pub fn of(mut self, calls: Match) -> Self {
        self.of = calls;
        self
    }
}

/// A rule at work.
#[derive(Debug)]
pub(super) struct Rule {
    rule: FaultRule,
    /// Calls that it was for.
    matched: AtomicU64,
    /// Calls that it has hit.
    injected: AtomicU64,
}

impl Rule {
    /// Errors if it makes no sense.
    pub(super) fn new(rule: FaultRule) -> Result<Self, SettingError> {
        rule.of.check()?;
        if !(0.0..=100.0).contains(&rule.percent) {
            let reason = format!("{} is no share of a hundred: at least 0, at most 100", rule.percent);
            return Err(SettingError::new("FaultRule::percent", reason));
        }
        Ok(Self { rule, matched: AtomicU64::new(0), injected: AtomicU64::new(0) })
    }

    /// Throws the dice for a call that the rule is for.
    fn hits(&self, random: &Random) -> bool {
        self.matched.fetch_add(1, Ordering::Relaxed);
        let hit = random.fraction() * 100.0 < self.rule.percent;
        self.injected.fetch_add(u64::from(hit), Ordering::Relaxed);
        hit
    }

    pub(super) fn inspect(&self) -> Value {
        json!({
            "fault": self.rule.fault.to_string(),
            "percent": self.rule.percent,
            "of": self.rule.of.to_string(),
            "matched": self.matched.load(Ordering::Relaxed),
            "injected": self.injected.load(Ordering::Relaxed),
        })
    }
}

/// What is to happen to one call.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) delay: Duration,
    pub(super) fault: Option<Fault>,
    /// Decides which bytes are changed.
    pub(super) seed: u64,
}

impl Plan {
    /// Errors if a function of a rule panics.
    pub(super) fn draw(rules: &[Rule], request: &Request, random: &Random) -> Result<Self, Error> {
        let mut plan = Self::default();
        for (at, rule) in rules.iter().enumerate() {
            let meant = catch(|| rule.rule.of.holds(request)).map_err(|said| {
                let function = format!("the function of fault rule {}", at + 1);
                closure_panicked(function, &request.method, &said)
            })?;
            if meant && rule.hits(random) {
                plan.add(&rule.rule.fault, random);
            }
        }
        Ok(plan)
    }

    fn add(&mut self, fault: &Fault, random: &Random) {
        match fault {
            Fault::Delay(time) => self.delay = self.delay.saturating_add(*time),
            _ if self.fault.is_some() => {}
            fault => (self.fault, self.seed) = (Some(fault.clone()), random.next()),
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.delay == Duration::ZERO && self.fault.is_none()
    }
}
