//! Retries and backup requests over two hops, and the deadline of all attempts. The middle makes calls again that have
//! no answer after 150 ms, two times at most.

use std::time::{Duration, Instant};

use interop::control::{ControlSvcClient, Trail};
use kitex::layer::{Hedge, RetryPolicy};
use kitex::{CallError, ErrorKind};

use crate::trial::{Checked, Trial, brief};

const MS: Duration = Duration::from_millis(1);

/// Two attempts of 400 ms.
fn once() -> RetryPolicy {
    let mut policy = RetryPolicy::failure();
    (policy.attempts, policy.attempt_timeout) = (2, Some(400 * MS));
    policy
}

pub(super) async fn retry_seen(trial: &mut Trial<'_>) -> Checked {
    let client = trial.session.retrying(once()).await?;
    let result = hop(&client, 0, ("retry_seen", &[("STALL_middle", "first")]), 5000 * MS).await;
    trial.note(2, &result);
    reported(&result, 1)
}

pub(super) async fn retry_relayed(trial: &mut Trial<'_>) -> Checked {
    let client = trial.session.control.clone();
    let result = hop(&client, 1, ("retry_relayed", &[("STALL_far", "first")]), 5000 * MS).await;
    trial.note(1, &result);
    reported(&result, 2)
}

pub(super) async fn chain_stop(trial: &mut Trial<'_>) -> Checked {
    stopped(trial, "chain_stop", once()).await
}

pub(super) async fn chain_stop_backup(trial: &mut Trial<'_>) -> Checked {
    stopped(trial, "chain_stop_backup", RetryPolicy::backup(Hedge::after(100 * MS))).await
}

/// A server that is called again, and whose own call is not answered.
async fn stopped(trial: &mut Trial<'_>, name: &str, policy: RetryPolicy) -> Checked {
    let client = trial.session.retrying(policy).await?;
    let stalls = [("STALL_middle", "first"), ("STALL_far", "retry")];
    let result = hop(&client, 1, (name, &stalls), 800 * MS).await;
    trial.note(2, &result);
    match result {
        Err(_) => Ok(()),
        Ok(trail) => {
            Err(format!("the call failed, since the second server did not answer: not {}", brief(&trail)))
        }
    }
}

pub(super) async fn deadline_over_attempts(trial: &mut Trial<'_>) -> Checked {
    let mut policy = RetryPolicy::failure();
    policy.attempt_timeout = Some(300 * MS);
    let client = trial.session.retrying(policy).await?;
    let began = Instant::now();
    let case = ("deadline_over_attempts", &[("STALL_middle", "always")][..]);
    let result = hop(&client, 0, case, 700 * MS).await;
    let took = began.elapsed();
    trial.note(3, &result);
    timed_out(&result)?;
    match (700..900).contains(&took.as_millis()) {
        true => Ok(()),
        false => Err(format!("three attempts ended after 700 ms: not {took:?}")),
    }
}

type Outcome = Result<Trail, CallError>;

/// A call of `Hop` with the name of its case, by which its entries are known, and with what makes nodes wait.
async fn hop(
    client: &ControlSvcClient,
    further: i32,
    (name, stalls): (&str, &[(&'static str, &'static str)]),
    timeout: Duration,
) -> Outcome {
    let call = client.hop(further).persistent("CASE", name.to_owned()).timeout(timeout);
    stalls.iter().fold(call, |call, (key, when)| call.persistent(*key, *when)).await
}

fn reported(result: &Outcome, servers: usize) -> Checked {
    match result {
        Ok(trail) if trail.sights.len() == servers => Ok(()),
        _ => Err(format!("{servers} servers reported: not {}", brief(result))),
    }
}

fn timed_out(result: &Outcome) -> Checked {
    match result {
        Err(CallError::Failed(error)) if error.kind() == ErrorKind::Deadline => Ok(()),
        _ => Err(format!("the call timed out: not {}", brief(result))),
    }
}
