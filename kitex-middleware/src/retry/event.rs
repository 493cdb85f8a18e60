//! What a retry layer does, and what keeps it from it.

use std::time::Duration;

use kitex_core::{Error, Method};

pub(super) type Subscriber = dyn Fn(&RetryEvent<'_>) + Send + Sync;

/// Something that a [`RetryLayer`](crate::RetryLayer) did, or did not do, for a call.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RetryEvent<'a> {
    /// The method that is called.
    pub method: &'a Method,
    /// What it was.
    pub kind: RetryEventKind,
    /// How often the call has been made so far.
    pub attempts: u32,
    /// What the last attempt to end has failed with.
    pub error: Option<&'a Error>,
}

/// What a [`RetryEvent`] is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryEventKind {
    /// The call is made again, after a pause.
    Retry {
        /// The pause.
        pause: Duration,
    },
    /// A backup request is sent.
    Hedge,
    /// A backup request has brought the answer.
    HedgeWon,
    /// The result is no good, and the call was made as often as the policy allows.
    OutOfAttempts,
    /// There is not enough time left for what the result calls for.
    OutOfTime,
    /// The budget is spent: the call ends with what it has, or a backup request is not sent.
    OutOfBudget,
    /// The call is made on behalf of one that is a retry already.
    ChainStopped,
}

impl RetryEventKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::Hedge => "hedge",
            Self::HedgeWon => "hedge won",
            Self::OutOfAttempts => "out of attempts",
            Self::OutOfTime => "out of time",
            Self::OutOfBudget => "out of budget",
            Self::ChainStopped => "chain stopped",
        }
    }
}
