//! What a layer is told of each call, however that begins and ends, over services of both kinds.
#![allow(clippy::unwrap_used, reason = "what a test stands on is a part of it")]

mod scene;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use kitex_core::{BoxCall, CallRef, SharedService};
use tower_service::Service;

use super::super::LayerCall;
use scene::{Faults, Log, Recording, Script, Step, request};

const NONE: Faults = Faults::NONE;

/// Polls a call so often, if it does not end before, reads as many messages of its answer, and drops what is left.
fn run(log: &Log, mut call: BoxCall<'_>, polls: usize) {
    let task = &mut TaskContext::from_waker(Waker::noop());
    for _ in 0..polls {
        match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(task))) {
            Ok(Poll::Pending) => continue,
            Ok(Poll::Ready(answer)) => log.read_stream(answer, polls),
            Err(_) => {}
        }
        break;
    }
    let _ = catch_unwind(AssertUnwindSafe(|| drop(call)));
}

/// How a call is made.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// In its place, with a count of the stack.
    Counted,
    /// In its place, for whoever keeps the stack.
    Borrowed,
    /// As a service of tower's is called.
    Tower,
}

/// What is said of a call by a layer that catches panics or not.
fn said_of<const CATCHES: bool>(way: Way, steps: &'static [Step], faults: Faults, polls: usize) -> String {
    let log = Log::default();
    let mut service = Recording::<CATCHES>::over(&log, Script::new(&log, steps, faults));
    let shared = SharedService::by_ref(service.clone());
    let call = || -> BoxCall<'_> {
        match way {
            Way::Counted => shared.call(request()),
            Way::Borrowed => shared.call_borrowed(request()),
            Way::Tower => Box::pin(service.call(request())),
        }
    };
    if let Ok(call) = catch_unwind(AssertUnwindSafe(call)) {
        run(&log, call, polls);
    }
    log.text()
}

/// The same, whichever way the call is made.
fn said<const CATCHES: bool>(steps: &'static [Step], faults: Faults, polls: usize) -> String {
    let said = |way| said_of::<CATCHES>(way, steps, faults, polls);
    let counted = said(Way::Counted);
    for way in [Way::Borrowed, Way::Tower] {
        assert_eq!(said(way), counted, "{way:?}: {steps:?}, {faults:?}, {polls} polls");
    }
    counted
}

/// Steps, what does not go as it should, polls, and what a layer says that lets panics pass, and one that catches them.
/// What is beneath is called, polled and read within parentheses.
type Case = (&'static [Step], Faults, usize, &'static str, &'static str);

fn check(cases: &[Case]) {
    for (steps, faults, polls, passing, catching) in cases {
        let found = [said::<false>(steps, *faults, *polls), said::<true>(steps, *faults, *polls)];
        assert_eq!(found, [*passing, *catching], "{steps:?}, {faults:?}, {polls} polls");
    }
}

#[test]
fn a_layer_is_told_once_that_a_call_is_over_after_what_is_beneath_was_left_and_dropped() {
    use Step::{Answer, Fail, Panic, Pending};
    check(&[
        (
            &[Answer],
            NONE,
            9,
            "admit ( call ) ( ) answer over let-go drop",
            "admit ( call ) ( ) drop answer over let-go",
        ),
        (
            &[Pending, Fail],
            NONE,
            9,
            "admit ( call ) ( ) ( ) error over let-go drop",
            "admit ( call ) ( ) ( ) drop error over let-go",
        ),
        (&[Answer], NONE, 0, "admit ( call ) drop given-up let-go", "admit ( call ) drop given-up let-go"),
        (
            &[Pending],
            NONE,
            1,
            "admit ( call ) ( ) drop given-up let-go",
            "admit ( call ) ( ) drop given-up let-go",
        ),
        (&[], Faults { refused: true, ..NONE }, 9, "refuse", "refuse"),
        (
            &[],
            Faults { call: true, ..NONE },
            9,
            "admit ( call !) given-up let-go",
            "admit ( call !) given-up let-go",
        ),
        (
            &[Pending, Panic],
            NONE,
            9,
            "admit ( call ) ( ) ( !) drop given-up let-go",
            "admit ( call ) ( ) ( !) drop error over let-go",
        ),
    ]);
}

#[test]
fn a_layer_is_told_once_whatever_panics_in_a_drop_or_when_it_is_told() {
    use Step::{Answer, Pending};
    let (drop, over) = (Faults { drop: true, ..NONE }, Faults { over: true, ..NONE });
    let given_up = "admit ( call ) ( ) drop given-up let-go";
    check(&[
        (&[Pending], drop, 1, given_up, given_up),
        (&[Pending], over, 1, given_up, given_up),
        (
            &[Answer],
            over,
            9,
            "admit ( call ) ( ) answer over let-go drop",
            "admit ( call ) ( ) drop answer over let-go",
        ),
    ]);
}

#[test]
fn an_answer_that_is_a_stream_takes_along_what_is_held() {
    use Step::{Answer, Fail, Panic, Pending, Stream};
    check(&[
        (
            &[Stream, Answer, Pending],
            NONE,
            9,
            "admit ( call ) ( ) answer ( ) ( ) ( ) drop end over let-go drop",
            "admit ( call ) ( ) drop answer ( ) ( ) ( ) drop end over let-go",
        ),
        (
            &[Stream, Answer, Fail],
            NONE,
            9,
            "admit ( call ) ( ) answer ( ) ( ) drop stream-error over let-go drop",
            "admit ( call ) ( ) drop answer ( ) ( ) drop stream-error over let-go",
        ),
        (
            &[Stream, Answer],
            NONE,
            1,
            "admit ( call ) ( ) answer ( ) drop given-up let-go drop",
            "admit ( call ) ( ) drop answer ( ) drop given-up let-go",
        ),
        (
            &[Stream, Panic],
            NONE,
            9,
            "admit ( call ) ( ) answer ( !) drop given-up let-go drop",
            "admit ( call ) ( ) drop answer ( !) drop stream-error over let-go",
        ),
        (
            &[Stream, Pending],
            Faults { drop: true, ..NONE },
            1,
            "admit ( call ) ( ) answer ( ) drop given-up let-go drop",
            "admit ( call ) ( ) drop answer ( ) drop given-up let-go",
        ),
        (
            &[Stream],
            Faults { over: true, ..NONE },
            9,
            "admit ( call ) ( ) answer ( ) drop end over let-go drop",
            "admit ( call ) ( ) drop answer ( ) drop end over let-go",
        ),
    ]);
}

#[test]
fn a_call_that_is_cleared_twice_is_over_once() {
    let log = Log::default();
    let service = Recording::<false>::over(&log, Script::new(&log, &[Step::Pending], NONE));
    let mut call = pin!(LayerCall::default());
    service.begin(&mut request(), call.as_mut()).unwrap();
    service.clear(call.as_mut());
    service.clear(call);
    assert_eq!(log.text(), "admit ( call ) drop given-up let-go");
}
