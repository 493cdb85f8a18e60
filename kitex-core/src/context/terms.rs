//! How long a call may take, and who says so.

use std::fmt;
use std::time::{Duration, Instant};

use super::Context;
use crate::Deadline;

/// What a deadline was made of, for the error of a call that has outlived it.
///
/// ```
/// use std::time::{Duration, Instant};
/// use kitex_core::{Context, Deadline};
///
/// let (mut context, now) = (Context::new(), Instant::now());
/// context.began = Some(now);
/// context.timeout = Some(Duration::from_millis(250));
/// context.deadline = Some(Deadline::after(now, Duration::from_millis(250)));
/// assert_eq!(context.deadline_terms().unwrap().to_string(), "250ms, the call's own timeout");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct DeadlineTerms {
    began: Instant,
    at: Deadline,
    /// The call's own timeout.
    own: Option<Duration>,
    came: bool,
    attempt: bool,
    inherited: bool,
}

impl DeadlineTerms {
    /// Of a call that came at `began` and was granted time until `at`.
    pub(crate) fn granted(began: Instant, at: Deadline) -> Self {
        Self { began, at, own: None, came: true, attempt: false, inherited: false }
    }

    /// False if the deadline had passed before the call began: how long ago is no matter of this call.
    pub(crate) fn grant_time(&self) -> bool {
        !self.at.has_passed(self.began)
    }
}

impl Context {
    /// How long the call may take, and who says so; `None` as long as it has no deadline, or nobody knows when it began.
    #[inline]
    pub fn deadline_terms(&self) -> Option<DeadlineTerms> {
        Some(DeadlineTerms {
            began: self.began?,
            at: self.deadline?,
            own: self.timeout,
            came: self.connection.is_some(),
            attempt: self.attempt,
            inherited: self.metadata.is_inherited(),
        })
    }

    /// Bounds the time of one attempt of a call that may be made several times.
    pub fn bound_attempt(&mut self, began: Instant, timeout: Duration) {
        let at = Deadline::after(began, timeout);
        if self.deadline.is_none_or(|whole| at < whole) {
            (self.deadline, self.timeout, self.attempt) = (Some(at), Some(timeout), true);
        }
    }
}

impl fmt::Display for DeadlineTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.at.remaining(self.began);
        if let (true, Some(timeout)) = (self.attempt, self.own) {
            return write!(f, "{timeout:?}, the attempt_timeout of the retry policy");
        }
        let whose = match () {
            () if self.came => "which the caller granted",
            () if self.own == Some(time) => "the call's own timeout",
            () if self.own.is_some() => "what was left of the call that this one was made for",
            () if self.inherited => {
                "the client's timeout, or what was left of the call that this one was made for"
            }
            () => "the client's timeout",
        };
        write!(f, "{:?}, {whose}", whole_millis(time))
    }
}

/// In whole milliseconds, but for less than one.
fn whole_millis(time: Duration) -> Duration {
    match u64::try_from(time.as_nanos().div_ceil(1_000_000)) {
        Ok(millis) if time >= Duration::from_millis(1) => Duration::from_millis(millis),
        _ => time,
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test may begin at any time")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{ConnectionInfo, Metadata, Peer};

    fn terms(context: &Context) -> String {
        context.deadline_terms().unwrap().to_string()
    }

    #[test]
    fn they_say_how_long_and_whose_it_was() {
        let (now, millis) = (Instant::now(), Duration::from_millis);
        let of = |time| Context {
            began: Some(now),
            deadline: Some(Deadline::after(now, time)),
            ..Context::default()
        };
        assert_eq!(terms(&of(millis(100))), "100ms, the client's timeout");
        assert_eq!(terms(&of(Duration::from_micros(20_500))), "21ms, the client's timeout");
        assert_eq!(terms(&of(Duration::from_micros(500))), "500µs, the client's timeout");
        assert_eq!(
            terms(&Context { timeout: Some(millis(7)), ..of(millis(7)) }),
            "7ms, the call's own timeout"
        );
        let left = "what was left of the call that this one was made for";
        assert_eq!(terms(&Context { timeout: Some(millis(9)), ..of(millis(7)) }), format!("7ms, {left}"));
        let made_for = Context { metadata: Metadata::new().inherited(), ..of(millis(7)) };
        assert_eq!(terms(&made_for), format!("7ms, the client's timeout, or {left}"));
        let connection = ConnectionInfo::new(Peer::Memory, Arc::default());
        let came = Context { connection: Some(connection), ..of(millis(7)) };
        assert_eq!(terms(&came), "7ms, which the caller granted");
        assert!(Context::new().deadline_terms().is_none());
    }

    #[test]
    fn an_attempt_is_bounded_by_what_is_shorter() {
        let (now, millis) = (Instant::now(), Duration::from_millis);
        let mut context = Context { began: Some(now), ..Context::default() };
        context.deadline = Some(Deadline::after(now, millis(10)));
        context.bound_attempt(now, millis(11));
        assert_eq!(terms(&context), "10ms, the client's timeout");
        context.bound_attempt(now, millis(9));
        assert_eq!(terms(&context), "9ms, the attempt_timeout of the retry policy");
        assert_eq!(context.deadline, Some(Deadline::after(now, millis(9))));
    }
}
