//! The attempts of one call.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use kitex_codec::Str;
use kitex_core::{BoxFuture, CallResult, Error, Request, Scope, Tried};
use tokio::time::sleep_until;

use super::latency::Latency;
use super::rules::is_answer;
use super::state::MethodState;
use super::{Beneath, HedgeDelay, RetryEventKind, bound, remember};
use crate::clock::{ended_at, now};
use crate::panic::{catch, closure_panicked};

/// The persistent key by which a retry is known down the chain; its value is which retry of its call it is (spec:
/// kitex-wire 8.5).
const RETRY: &str = "RetryReq";

/// A call with more than one attempt, or about to have more.
pub(super) struct Attempts {
    beneath: Arc<Beneath>,
    method: Arc<MethodState>,
    /// What each further attempt is a copy of.
    kept: Request,
    running: Vec<Attempt>,
    /// Begun so far.
    made: u32,
    failures: u32,
    hedges: u32,
    /// When the next backup request is due.
    hedge_at: Option<Instant>,
    /// When the next retry is due, and after which pause. It has been paid for.
    retry: Option<(Instant, Duration)>,
    /// Until when the callee has asked to be left alone.
    away_until: Option<Instant>,
    /// What the call ends with if nothing better comes.
    last: Option<CallResult>,
}

struct Attempt {
    answer: BoxFuture<CallResult>,
    began: Instant,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    First,
    Retry,
    Hedge,
}

/// What is to be done about a result.
enum Verdict {
    /// It is the call's.
    Good,
    /// The call is made again, if it may be.
    Again,
    /// It is the call's unless an attempt that still runs has a better one.
    Poor,
    /// The rule has panicked, and said this.
    Unknown(String),
}

impl Attempts {
    /// For a call that was made once.
    pub(super) fn new(beneath: &Arc<Beneath>, method: &Arc<MethodState>, kept: Request) -> Self {
        Self {
            beneath: Arc::clone(beneath),
            method: Arc::clone(method),
            kept,
            running: Vec::new(),
            made: 1,
            failures: 0,
            hedges: 0,
            hedge_at: None,
            retry: None,
            away_until: None,
            last: None,
        }
    }

    /// Goes on from the first attempt, under way since `began`.
    pub(super) fn hedge(mut self, answer: BoxFuture<CallResult>, began: Instant) -> Self {
        self.running.push(Attempt { answer, began, kind: Kind::First });
        self.arm(began);
        self
    }

    pub(super) async fn run(mut self) -> CallResult {
        loop {
            match self.next().await {
                Some((kind, result)) => {
                    if let Some(result) = self.handle_end(kind, result) {
                        return result;
                    }
                }
                None => self.handle_due(),
            }
        }
    }

    /// The next attempt to end; `None` when something is due before.
    async fn next(&mut self) -> Option<(Kind, CallResult)> {
        let due = self.due();
        let mut timer = pin!(None);
        poll_fn(|task| {
            if let Poll::Ready(ended) = self.poll_running(task) {
                return Poll::Ready(Some(ended));
            }
            if let (None, Some(due)) = (&*timer, due) {
                timer.set(Some(sleep_until(due.into())));
            }
            match timer.as_mut().as_pin_mut() {
                Some(timer) => timer.poll(task).map(|()| None),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// When the next attempt is to be begun.
    fn due(&self) -> Option<Instant> {
        let retry = self.retry.map(|(at, _)| at);
        [self.hedge_at, retry].into_iter().flatten().min()
    }

    fn poll_running(&mut self, task: &mut TaskContext<'_>) -> Poll<(Kind, CallResult)> {
        for at in 0..self.running.len() {
            if let Poll::Ready(mut result) = self.running[at].answer.as_mut().poll(task) {
                let Attempt { began, kind, .. } = self.running.remove(at);
                if kind == Kind::First && is_answer(&result) {
                    self.record(began, || ended_at(&mut result));
                }
                return Poll::Ready((kind, result));
            }
        }
        Poll::Pending
    }

    /// An attempt has ended. Gives the call's result once it is known.
    fn handle_end(&mut self, kind: Kind, result: CallResult) -> Option<CallResult> {
        let result = self.settle(result)?;
        if kind == Kind::Hedge && result.is_ok() {
            self.note(RetryEventKind::HedgeWon, None);
        }
        Some(result)
    }

    /// What to do about the result of an attempt: nothing more, if it is the call's.
    pub(super) fn settle(&mut self, mut result: CallResult) -> Option<CallResult> {
        let again = match self.judge(&result) {
            Verdict::Good => return Some(self.finish(result)),
            Verdict::Poor => false,
            Verdict::Again => true,
            Verdict::Unknown(said) => return Some(self.finish(Err(self.panicked(result, &said)))),
        };
        let now = ended_at(&mut result);
        self.failures += 1;
        if self.running.is_empty() {
            self.hedge_at = None;
        }
        let stopped = match result.as_ref().err().and_then(|error| Some((error, error.push_back()?))) {
            Some((error, time)) => self.stay_away(now, time, error),
            None => false,
        };
        if again && !stopped && self.retry.is_none() {
            self.plan(now, &result);
        }
        if self.running.is_empty() && self.retry.is_none() {
            return Some(self.finish(result));
        }
        self.last = Some(result);
        None
    }

    fn judge(&self, result: &CallResult) -> Verdict {
        match catch(|| self.method.policy.rule.applies(result)) {
            Ok(true) => Verdict::Again,
            Ok(false) if is_answer(result) => Verdict::Good,
            Ok(false) => Verdict::Poor,
            Err(said) => Verdict::Unknown(said),
        }
    }

    #[cold]
    fn panicked(&self, result: CallResult, said: &str) -> Error {
        let error = closure_panicked("the rule of the retry policy", &self.kept.method, said);
        match result {
            Ok(_) => error,
            Err(cause) => error.with_source(cause),
        }
    }

    /// The result as the caller gets it.
    fn finish(&self, result: CallResult) -> CallResult {
        let made = self.made;
        result.map_err(|error| if made > 1 { error.with_attempts(made) } else { error })
    }

    /// Makes the call again, or after a pause, if it may be.
    fn plan(&mut self, now: Instant, result: &CallResult) {
        let error = result.as_ref().err();
        // What was answered was served.
        if !self.method.idempotent && !error.is_some_and(Error::is_retry_safe) {
            return;
        }
        let back_off = self.method.policy.back_off.pause(self.failures, &self.beneath.state.random);
        let away = self.away_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let pause = back_off.max(away);
        if let Some(reason) = self.refusal(now, pause) {
            return self.note(reason, error);
        }
        self.remember(error);
        match now.checked_add(pause) {
            Some(at) if pause > Duration::ZERO => self.retry = Some((at, pause)),
            _ => self.begin_retry(now, pause, error),
        }
    }

    /// Attempts that were begun, and the one that waits.
    fn planned(&self) -> u32 {
        self.made + u32::from(self.retry.is_some())
    }

    /// What keeps a further attempt from being begun after a pause. Nothing, once it is paid for.
    fn refusal(&self, now: Instant, pause: Duration) -> Option<RetryEventKind> {
        let policy = &self.method.policy;
        if self.planned() >= policy.attempts {
            Some(RetryEventKind::OutOfAttempts)
        } else if policy.chain_stop && self.kept.context.persistent(RETRY).is_some() {
            Some(RetryEventKind::ChainStopped)
        } else if !self.has_time(now, pause) {
            Some(RetryEventKind::OutOfTime)
        } else if !self.beneath.state.purse.spend(now) {
            Some(RetryEventKind::OutOfBudget)
        } else {
            None
        }
    }

    fn has_time(&self, now: Instant, pause: Duration) -> bool {
        let policy = &self.method.policy;
        let needed = pause.saturating_add(policy.least_time);
        let deadline = self.kept.context.deadline;
        let in_time =
            deadline.is_none_or(|deadline| !deadline.has_passed(now) && deadline.remaining(now) >= needed);
        let since =
            self.kept.context.began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
        let allowed = policy.max_duration.is_none_or(|most| since.saturating_add(pause) < most);
        let asked = self.away_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        in_time && allowed && asked <= policy.longest_push_back && now.checked_add(pause).is_some()
    }

    /// Begins nothing before the callee may be asked again. True if a retry that waited is not made, as there is no time left.
    fn stay_away(&mut self, now: Instant, time: Duration, error: &Error) -> bool {
        // Longer than any deadline, and within the clock's range.
        const LONG: Duration = Duration::from_secs(365 * 24 * 3600);
        let until = now.checked_add(time.min(LONG)).unwrap_or(now);
        self.away_until = self.away_until.max(Some(until));
        if let Some(at) = &mut self.hedge_at {
            *at = until.max(*at);
        }
        let Some((at, pause)) = self.retry.filter(|(at, _)| *at < until) else { return false };
        if !self.has_time(now, until.saturating_duration_since(now)) {
            self.drop_retry();
            self.note(RetryEventKind::OutOfTime, Some(error));
            return true;
        }
        self.retry = Some((until, pause.saturating_add(until - at)));
        false
    }

    /// The retry that waits is not made: what was paid for it is given back.
    fn drop_retry(&mut self) {
        if self.retry.take().is_some() {
            self.beneath.state.purse.refund();
        }
    }

    /// Leaves the places that are tried where the transport finds them, and with them the one that has failed.
    fn remember(&mut self, error: Option<&Error>) {
        if self.kept.context.extension::<Tried>().is_some() {
            return;
        }
        remember(&self.method, &mut self.kept);
        if let (Some(tried), Some(place)) =
            (self.kept.context.extension::<Tried>(), error.and_then(Error::place))
        {
            tried.add(place);
        }
    }

    /// What was waited for has come: the pause is over, or a backup request is due.
    fn handle_due(&mut self) {
        let (due, retry) = (self.due(), self.retry);
        // A timer is not early, but clocks are coarse.
        let now = due.map_or_else(now, |due| now().max(due));
        match retry {
            Some((at, pause)) if Some(at) == due => {
                self.retry = None;
                let last = self.last.take();
                self.begin_retry(now, pause, last.as_ref().and_then(|last| last.as_ref().err()));
                self.last = last;
            }
            _ => self.begin_hedge(now),
        }
    }

    fn begin_retry(&mut self, now: Instant, pause: Duration, error: Option<&Error>) {
        self.note(RetryEventKind::Retry { pause }, error);
        self.begin(now, Kind::Retry);
    }

    fn begin_hedge(&mut self, now: Instant) {
        self.hedge_at = None;
        if let Some(reason) = self.refusal(now, Duration::ZERO) {
            return self.note(reason, None);
        }
        self.hedges += 1;
        self.note(RetryEventKind::Hedge, None);
        self.begin(now, Kind::Hedge);
    }

    fn begin(&mut self, now: Instant, kind: Kind) {
        // What is kept was copied once already, and so is no stream.
        let Some(mut request) = self.kept.try_clone() else { return };
        request.context.metadata.set(Scope::Persistent, RETRY, Str::from(self.made.to_string()));
        request.context.began = Some(now);
        bound(&self.method, &mut request, |_| now);
        let answer = self.beneath.inner.call(request);
        self.running.push(Attempt { answer, began: now, kind });
        self.made += 1;
        self.arm(now);
    }

    /// Sets when the next backup request is due.
    fn arm(&mut self, now: Instant) {
        let Some(hedge) = self.method.policy.hedge.filter(|_| self.method.idempotent) else { return };
        if self.hedges >= hedge.most || self.planned() >= self.method.policy.attempts {
            self.hedge_at = None;
            return;
        }
        let delay = match hedge.delay {
            HedgeDelay::After(delay) => Some(delay),
            HedgeDelay::Percentile { least, .. } => {
                self.method.latency.as_ref().and_then(Latency::percentile).map(|delay| delay.max(least))
            }
        };
        let at = delay.and_then(|delay| now.checked_add(delay));
        self.hedge_at = at.map(|at| self.away_until.map_or(at, |until| until.max(at)));
    }

    fn record(&self, began: Instant, ended: impl FnOnce() -> Instant) {
        if let Some(latency) = &self.method.latency {
            latency.record(ended().saturating_duration_since(began));
        }
    }

    fn note(&self, kind: RetryEventKind, error: Option<&Error>) {
        self.beneath.state.note((&self.method, &self.kept.method), kind, self.made, error);
    }
}

impl Drop for Attempts {
    /// A first attempt that is given up would have taken at least this long. Left out, the slowest calls would be
    /// missing, and the percentile would sink by itself.
    fn drop(&mut self) {
        if let Some(first) = self.running.iter().find(|attempt| attempt.kind == Kind::First) {
            self.record(first.began, now);
        }
        self.drop_retry();
    }
}
