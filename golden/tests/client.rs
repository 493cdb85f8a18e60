//! The engine makes the recorded calls, and takes the recorded answers as the recorded clients did.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod calling;
mod idl;

use calling::{Made, Outcome, Replay, same};
use golden::{Case, ClientSays, Deviations, Difference, Ended, Reply};
use kitex_core::ErrorKind;

const TABLE: &str = include_str!("client_deviations.txt");

#[test]
fn every_recorded_answer_is_taken_as_it_was() {
    let mut deviations = Deviations::new(TABLE);
    let mut compared = 0;
    for case in golden::all().filter(|case| !case.calls.is_empty()) {
        deviations.settle(&case.path(), &compare(case, usize::MAX));
        compared += case.calls.len();
    }
    let failures = deviations.finish().err().unwrap_or_default();
    assert!(failures.is_empty(), "{failures}");
    assert_eq!(compared, 406);
}

#[test]
fn it_does_not_matter_how_the_bytes_come_in() {
    for case in golden::all().filter(|case| !case.calls.is_empty()) {
        assert_eq!(compare(case, 1), compare(case, usize::MAX), "{}", case.path());
    }
}

/// In what our client differs, if the server's bytes come in pieces of at most `piece`.
fn compare(case: &Case, piece: usize) -> Vec<Difference> {
    let mut replay = Replay::of(case, piece);
    let mut found = Vec::new();
    // Of a relayed call the record has the requests of one client and the calls of another.
    if case.next_server_options.is_none() {
        case.calls.iter().for_each(|recorded| found.extend(ended(case, recorded, &mut replay)));
        let left = replay.calls.iter().filter(|_| case.client_switch("retry").is_none());
        found.extend(left.filter_map(|call| Difference::of("call", None::<&str>, Some(&call.word))));
    }
    found.append(&mut replay.found);
    found
}

/// The difference of one recorded call from ours, which is taken out of the replay.
fn ended(case: &Case, recorded: &ClientSays, replay: &mut Replay<'_>) -> Vec<Difference> {
    let is_it = |call: &Made| call.word.as_ref().is_none_or(|word| *word == recorded.msg);
    if !replay.calls.iter().any(is_it) {
        let (method, args) = unsent(case, &recorded.msg);
        replay.call_unsent(method, &args);
    }
    let Some(index) = replay.calls.iter().position(is_it) else { return Vec::new() };
    let ours = replay.calls.remove(index);
    let Some((ended, failure)) = ours.outcome else {
        return Difference::of("ended", Some(&recorded.msg), None::<&str>).into_iter().collect();
    };
    let mut found = difference(case, recorded, (ended, failure));
    if let Some(backward) = &recorded.backward {
        found.extend(Difference::of("backward", backward, ours.backward));
    }
    found
}

fn difference(case: &Case, recorded: &ClientSays, (mut ours, failure): Outcome) -> Vec<Difference> {
    let expected = case.ended(recorded);
    if case.client_switch("meta").is_none() && matches!(ours, Ended::Business(_)) {
        // Without its handler a client of Kitex sees the empty result in place of the status.
        ours = Ended::Value(Reply::Json("null".to_owned()));
    }
    let found = match (&expected, &ours) {
        // The recorded program does not print this method's value.
        (Ended::Value(_), Ended::Value(_)) if case.client_switch("call") == Some("deep") => None,
        (Ended::Value(expected), Ended::Value(Reply::Json(ours))) if is_same(expected, ours) => None,
        (Ended::Failed, Ended::Failed) => Difference::of("failure", cause(recorded), failure.map(kind)),
        _ => Difference::of("ended", expected, ours),
    };
    found.into_iter().collect()
}

fn is_same(recorded: &Reply, ours: &str) -> bool {
    let value = |text: &str| serde_json::from_str(text).unwrap();
    match recorded {
        Reply::Length(length) => *length == ours.len(),
        Reply::Json(recorded) => same(&value(recorded), &value(ours)),
    }
}

/// Why a call failed.
#[derive(Debug, PartialEq, Eq)]
enum Cause {
    Time,
    Connection,
    Message,
}

fn cause(recorded: &ClientSays) -> Option<Cause> {
    let text = recorded.error.as_deref()?;
    let is_of = |words: &[&str]| words.iter().any(|word| text.contains(word));
    Some(match () {
        () if is_of(&["rpc timeout"]) => Cause::Time,
        () if is_of(&["EOF", "conn closed"]) => Cause::Connection,
        () => Cause::Message,
    })
}

fn kind(kind: ErrorKind) -> Cause {
    match kind {
        ErrorKind::Deadline => Cause::Time,
        ErrorKind::Closed => Cause::Connection,
        _ => Cause::Message,
    }
}

/// The arguments of a call that is on record without a request.
fn unsent(case: &Case, msg: &str) -> (&'static str, Vec<u8>) {
    let string = |text: &[u8]| [&[0x0b, 0, 1], &(text.len() as u32).to_be_bytes()[..], text, &[0]].concat();
    match case.client_switch("call") {
        Some("bigstr") => ("Big", string("abcdefghij".repeat(20).as_bytes())),
        _ => ("Echo", [&[0x0c, 0, 1][..], &string(msg.as_bytes()), &[0]].concat()),
    }
}
