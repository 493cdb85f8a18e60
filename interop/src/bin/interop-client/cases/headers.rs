//! Metadata and deadlines.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use interop::control::{Sight, Trail};
use kitex::{ErrorKind, Metadata, Scope, Str};

use super::methods::after;
use crate::session::CALLER;
use crate::trial::{Checked, Trial, brief};

/// The timeout of the calls whose timeout is looked at.
const ASKED: Duration = Duration::from_millis(1500);

pub(super) async fn metadata(trial: &mut Trial<'_>) -> Checked {
    let (trail, back) = hop_with_metadata(trial, 0).await?;
    let sight = one(&trail)?;
    check(holds(sight, &transient(), &persistent()), "the handler saw what was sent", sight)?;
    check(sight.caller == CALLER, "the handler saw the caller's name", sight)?;
    check(backward(&back, &sight.node) == Some("1"), "the backward value came back", &back)?;
    let plain = trial.session.control.hop(0).await.map_err(|error| error.to_string())?;
    trial.note(1, &plain);
    let sight = one(&plain)?;
    check(holds(sight, &HashMap::new(), &HashMap::new()), "the second call had no metadata", sight)
}

pub(super) async fn deadline_sent(trial: &mut Trial<'_>) -> Checked {
    let trail = hop_with_timeout(trial, 0).await?;
    within_asked(one(&trail)?)
}

pub(super) async fn deadline_passes(trial: &mut Trial<'_>) -> Checked {
    let began = Instant::now();
    let call = trial.session.control.sleep(1000, "late").timeout(Duration::from_millis(200));
    trial.fails(call, ErrorKind::Deadline).await?;
    let took = began.elapsed().as_millis();
    check((200..700).contains(&took), "the call ended after 200 ms", &took)?;
    after(trial).await
}

pub(super) async fn metadata_relayed(trial: &mut Trial<'_>) -> Checked {
    let (trail, back) = hop_with_metadata(trial, 1).await?;
    let (near, far) = two(&trail)?;
    check(holds(near, &transient(), &persistent()), "the first handler saw what was sent", near)?;
    let mut onward = persistent();
    onward.insert("P_middle".into(), "1".into());
    let middle = HashMap::from([("T_middle".into(), "1".into())]);
    check(
        holds(far, &middle, &onward),
        "the second handler saw the persistent values and the middle's",
        far,
    )?;
    let middle_got = trail.backward.get(&*format!("B_{}", far.node)).map(|value| &**value);
    check(middle_got == Some("1"), "the middle got the far server's backward value", &trail)?;
    let got = (backward(&back, &near.node), backward(&back, &far.node));
    check(got == (Some("1"), None), "the middle's backward value alone came back", &back)
}

pub(super) async fn deadline_relayed(trial: &mut Trial<'_>) -> Checked {
    let trail = hop_with_timeout(trial, 1).await?;
    let (near, far) = two(&trail)?;
    within_asked(near)?;
    let shrunk = 0 < far.timeout_ms && far.timeout_ms <= near.timeout_ms;
    check(shrunk, "the second handler's timeout was above 0 and not above the first one's", &trail)
}

async fn hop_with_metadata(trial: &mut Trial<'_>, further: i32) -> Result<(Trail, Metadata), String> {
    let mut call = trial.session.control.hop(further);
    for (key, value) in transient() {
        call = call.transient(key, value);
    }
    for (key, value) in persistent() {
        call = call.persistent(key, value);
    }
    let reply = call.reply().await;
    trial.note(1, &reply);
    let trail = reply.result.map_err(|error| error.to_string())?;
    Ok((trail, reply.metadata))
}

async fn hop_with_timeout(trial: &mut Trial<'_>, further: i32) -> Result<Trail, String> {
    let call = trial.session.control.hop(further).timeout(ASKED);
    let trail = call.await.map_err(|error| error.to_string())?;
    trial.note(1, &trail);
    Ok(trail)
}

fn transient() -> HashMap<Str, Str> {
    HashMap::from([("TK".into(), "t v".into())])
}

fn persistent() -> HashMap<Str, Str> {
    HashMap::from([("PK".into(), "p v".into()), ("lower-case".into(), "ü".into())])
}

fn holds(sight: &Sight, transient: &HashMap<Str, Str>, persistent: &HashMap<Str, Str>) -> bool {
    sight.transients == *transient && sight.persistents == *persistent
}

/// The backward value of a node.
fn backward<'a>(back: &'a Metadata, node: &str) -> Option<&'a str> {
    back.get(Scope::Backward, &format!("B_{node}"))
}

fn within_asked(sight: &Sight) -> Checked {
    let asked = i64::try_from(ASKED.as_millis()).map_err(|error| error.to_string())?;
    let good = asked - 500 < sight.timeout_ms && sight.timeout_ms <= asked;
    check(good, "the handler was told a timeout of 1001 to 1500 ms", sight)
}

fn one(trail: &Trail) -> Result<&Sight, String> {
    match &trail.sights[..] {
        [sight] => Ok(sight),
        _ => Err(format!("one server reported: not {}", brief(trail))),
    }
}

fn two(trail: &Trail) -> Result<(&Sight, &Sight), String> {
    match &trail.sights[..] {
        [near, far] => Ok((near, far)),
        _ => Err(format!("two servers reported: not {}", brief(trail))),
    }
}

fn check(holds: bool, what: &str, got: &impl std::fmt::Debug) -> Checked {
    if holds { Ok(()) } else { Err(format!("{what}: not {}", brief(got))) }
}
