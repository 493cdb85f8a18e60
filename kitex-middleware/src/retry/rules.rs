//! Which results are no good.

use std::fmt;
use std::sync::Arc;

use kitex_codec::ApplicationException;
use kitex_core::{Body, CallResult, Error, ErrorKind, Response, Status};

use crate::breaker::is_refused;

/// Which results of an attempt are no good, so that the call is made once more. Whether it may be is another question,
/// which a rule does not answer: see [`RetryPolicy`](crate::RetryPolicy).
///
/// A rule of answers is not asked about an answer that is a stream.
///
/// ```
/// use kitex_core::{ErrorKind, Status};
/// use kitex_middleware::RetryRule;
///
/// let busy = RetryRule::failures().or(RetryRule::codes([1010, 1011])).or(RetryRule::statuses([503]));
/// let own = RetryRule::new(|result| match result {
///     Ok(response) => response.status == Status::Exception(2),
///     Err(error) => error.kind() == ErrorKind::Closed,
/// });
/// ```
#[derive(Clone)]
pub struct RetryRule {
    matches: Arc<Matches>,
    looks_at: LooksAt,
}

/// What a rule can apply to at all. More comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum LooksAt {
    Nothing,
    Errors,
    AnswersAndErrors,
}

type Matches = dyn Fn(&CallResult) -> bool + Send + Sync;

impl RetryRule {
    /// A rule of one's own. If it panics, the call that it was asked about fails.
    pub fn new(matches: impl Fn(&Result<Response, Error>) -> bool + Send + Sync + 'static) -> Self {
        Self { matches: Arc::new(matches), looks_at: LooksAt::AnswersAndErrors }
    }

    /// Nothing is made again.
    pub fn never() -> Self {
        Self { matches: Arc::new(|_| false), looks_at: LooksAt::Nothing }
    }

    /// What may well go better the next time: a deadline of the attempt that has passed, a connection that could not
    /// be made or has ended, a server that shuts down, and a limit that asks to come again. The default.
    ///
    /// No answer of a handler is among them, whatever it says, and no refusal by a breaker of this side: that fails calls
    /// at once, and is no better a moment later.
    pub fn failures() -> Self {
        Self::errors(is_failure)
    }

    /// Kitex's own rule: a deadline of the attempt that has passed.
    pub fn timeouts() -> Self {
        Self::kinds([ErrorKind::Deadline])
    }

    /// Each error, those of handlers too.
    pub fn all_errors() -> Self {
        Self::errors(|_| true)
    }

    /// Errors of these kinds.
    pub fn kinds(kinds: impl IntoIterator<Item = ErrorKind>) -> Self {
        let kinds = Vec::from_iter(kinds);
        Self::errors(move |error| kinds.contains(&error.kind()))
    }

    /// Exceptions of the peer's with these codes.
    pub fn codes(codes: impl IntoIterator<Item = i32>) -> Self {
        let codes = Vec::from_iter(codes);
        Self::errors(move |error| {
            error.kind() == ErrorKind::Remote && error.code().is_some_and(|code| codes.contains(&code))
        })
    }

    /// Declared exceptions with these field ids in the result struct.
    pub fn exceptions(ids: impl IntoIterator<Item = i16>) -> Self {
        let ids = Vec::from_iter(ids);
        Self::statuses_by(move |status| matches!(status, Status::Exception(id) if ids.contains(id)))
    }

    /// Business statuses with these codes.
    pub fn statuses(codes: impl IntoIterator<Item = i32>) -> Self {
        let codes = Vec::from_iter(codes);
        Self::statuses_by(
            move |status| matches!(status, Status::Business(status) if codes.contains(&status.code)),
        )
    }

    /// What this rule or another applies to.
    pub fn or(self, other: Self) -> Self {
        let looks_at = self.looks_at.max(other.looks_at);
        let matches = move |result: &CallResult| self.applies(result) || other.applies(result);
        Self { matches: Arc::new(matches), looks_at }
    }

    /// What this rule applies to, and another does not.
    pub fn except(self, other: Self) -> Self {
        let looks_at = self.looks_at;
        let matches = move |result: &CallResult| self.applies(result) && !other.applies(result);
        Self { matches: Arc::new(matches), looks_at }
    }

    fn errors(matches: impl Fn(&Error) -> bool + Send + Sync + 'static) -> Self {
        let matches = move |result: &CallResult| result.as_ref().is_err_and(&matches);
        Self { matches: Arc::new(matches), looks_at: LooksAt::Errors }
    }

    fn statuses_by(matches: impl Fn(&Status) -> bool + Send + Sync + 'static) -> Self {
        Self::new(move |result| result.as_ref().is_ok_and(|response| matches(&response.status)))
    }

    pub(super) fn sees_answers(&self) -> bool {
        self.looks_at == LooksAt::AnswersAndErrors
    }

    pub(super) fn sees_nothing(&self) -> bool {
        self.looks_at == LooksAt::Nothing
    }

    pub(super) fn applies(&self, result: &CallResult) -> bool {
        match result {
            Ok(response) => {
                self.sees_answers() && matches!(response.body, Body::Message(_)) && (self.matches)(result)
            }
            Err(_) => (self.matches)(result),
        }
    }
}

impl Default for RetryRule {
    fn default() -> Self {
        Self::failures()
    }
}

impl fmt::Debug for RetryRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RetryRule").field(&self.looks_at).finish()
    }
}

/// Codes of a router's refusals: they are the same the next time.
const UNKNOWN: [i32; 2] = [ApplicationException::UNKNOWN_METHOD, ApplicationException::UNKNOWN_SERVICE];

pub(super) fn is_failure(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Deadline | ErrorKind::Connect | ErrorKind::Closed => true,
        ErrorKind::Shutdown => error.is_retry_safe(),
        // A breaker is there to fail calls at once; it is that of the method, so that no other endpoint is better.
        ErrorKind::Limit => error.push_back().is_some() && !is_refused(error),
        ErrorKind::Remote => {
            error.is_retry_safe() && !error.code().is_some_and(|code| UNKNOWN.contains(&code))
        }
        _ => false,
    }
}

/// True for what the peer has said of the call: there is an answer, and another attempt is no better than this one.
pub(super) fn is_answer(result: &CallResult) -> bool {
    match result {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::Remote && !error.is_retry_safe(),
    }
}
