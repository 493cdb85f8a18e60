//! Many calls at once on one connection.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::trial::{Checked, Trial};

pub(super) async fn mux_many(trial: &mut Trial<'_>) -> Checked {
    together(trial, 100, |call| call % 10 * 2).await.map(|_| ())
}

pub(super) async fn mux_out_of_order(trial: &mut Trial<'_>) -> Checked {
    let order = together(trial, 10, |call| (9 - call) * 50).await?;
    match order[..] {
        [first, .., last] if first > last => Ok(()),
        _ => Err(format!("the quick ones overtook the slow ones: not {order:?}")),
    }
}

/// Calls `Sleep` `count` times at once, each for `wait` milliseconds; the calls in the order of their answers.
async fn together(trial: &mut Trial<'_>, count: i32, wait: fn(i32) -> i32) -> Result<Vec<i32>, String> {
    let control = &trial.session.control;
    let mut calls: FuturesUnordered<_> = (0..count)
        .map(|call| async move {
            let text = format!("call {call}");
            let answer = control.sleep(wait(call), &text).timeout(Duration::from_secs(5)).await;
            (call, matches!(&answer, Ok(got) if *got == text), answer)
        })
        .collect();
    let mut order = Vec::new();
    let mut problem = None;
    while let Some((call, good, answer)) = calls.next().await {
        order.push(call);
        if !good {
            problem = Some(format!("call {call} got its answer: not {answer:?}"));
        }
    }
    trial.note(order.len(), &order);
    problem.map_or(Ok(order), Err)
}
