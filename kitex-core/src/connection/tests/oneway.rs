//! Calls that are not answered (spec: kitex-wire 4.4).

use kitex_codec::{Form, MessageType};

use super::raw::{Asking, FORMS, Fed, HI, SAID, framed, headed, in_form, message, written};
use super::*;
use crate::{Error, ErrorKind, Stage};

#[test]
fn a_oneway_call_has_no_answer_whatever_its_handler_does() {
    let outcomes: [fn() -> Result<crate::Response, Error>; 3] = [
        || Ok(value("ignored")),
        || Err(Error::handler("boom")),
        || Err(Error::panicked(&crate::Method::from(FIRE), "boom")),
    ];
    for form in FORMS {
        for outcome in outcomes {
            let mut pair = Pair::new(form);
            assert!(pair.call(FIRE, "x").is_none());
            assert_eq!(pair.client.in_flight(), 0);
            pair.flow();
            assert_eq!(text(&pair.requests[0].request), "x");
            pair.answer(0, outcome());
            assert!(pair.server.output().is_empty());
            pair.call(ECHO, "next");
            pair.flow();
            pair.echo();
            pair.flow();
            assert_eq!(pair.values(), [(1, "next".into())]);
        }
    }
}

#[test]
fn a_client_writes_message_type_4() {
    let mut pair = Pair::new(Form::TTHeaderFramed);
    pair.call(FIRE, "x");
    pair.call(ECHO, "x");
    let [fire, echo] = &written(pair.client.output())[..] else { panic!("two requests") };
    assert_eq!((fire.kind, fire.int(22)), (MessageType::ONEWAY, Some("4")));
    assert_eq!((echo.kind, echo.int(22)), (MessageType::CALL, Some("1")));
}

#[test]
fn the_method_decides_whether_to_answer_and_not_the_type() {
    for kind in [1, 4, 5] {
        for (method, answered) in [("Fire", false), ("Echo", true)] {
            let mut fed = Fed::new();
            let request = fed.feed(&framed(&message(kind, method, 1, HI))).unwrap().unwrap();
            fed.reply(&request, Ok(value("hi")));
            assert_eq!(fed.written().len(), usize::from(answered), "{kind} {method}");
        }
    }
}

#[test]
fn a_oneway_call_runs_on_after_the_end_of_input_and_others_are_forgotten() {
    let mut fed = Fed::new();
    let mux = |n, method| headed(1, n, &[], &message(1, method, n, HI));
    let fire = fed.feed(&[mux(1, "Fire"), mux(2, "Echo")].concat()).unwrap().unwrap();
    let echo = fed.next().unwrap().unwrap();
    fed.server.handle_eof();
    assert_eq!(fed.server.in_flight(), 1);
    assert!(!fed.server.is_finished());
    fed.reply(&echo, Ok(value("nobody waits")));
    fed.reply(&fire, Ok(value("done")));
    assert!(fed.server.output().is_empty());
    assert!(fed.server.is_finished());
}

#[test]
fn undecodable_arguments_of_a_oneway_call_are_not_answered_but_close_the_connection() {
    let mut fed = Fed::new();
    let request = fed.feed(&framed(&message(4, "Fire", 1, b"\x0b"))).unwrap().unwrap();
    fed.reply(&request, Err(Error::new(ErrorKind::Arguments, Stage::Decode, "no arguments")));
    assert!(fed.written().is_empty());
    assert!(fed.server.is_finished());
}

#[test]
fn the_type_of_a_call_to_an_unknown_method_does_not_keep_it_from_being_refused() {
    let mut fed = Fed::new();
    assert!(fed.feed(&framed(&message(4, "Nope", 1, HI))).unwrap().is_none());
    assert_eq!(fed.written()[0].exception().code, 20);
}

#[test]
fn a_multiplexed_oneway_call_takes_no_slot() {
    let mut pair = Pair::mux();
    for _ in 0..5000 {
        assert!(pair.call(FIRE, "x").is_none());
    }
    assert_eq!(pair.client.in_flight(), 0);
}

/// A server that does not know the method answers a oneway call too: with an exception, whose sequence id a client
/// does not hold against its call.
#[test]
fn what_comes_for_an_earlier_oneway_call_is_not_taken_for_the_next_calls_answer() {
    let boom = b"\x0b\0\x01\0\0\0\x04boom\x08\0\x02\0\0\0\x14\0";
    for (kind, body) in [(3, &boom[..]), (2, &b"\0"[..])] {
        let mut asking = Asking::over(Form::TTHeaderFramed);
        asking.call(FIRE, 0);
        asking.call(FIRE, 1);
        asking.call(ECHO, 2);
        let stray = |n| in_form(Form::TTHeaderFramed, n, &message(kind, "Fire", n, body));
        let own = in_form(Form::TTHeaderFramed, 3, &message(2, "Echo", 3, SAID));
        let (token, result) = asking.feed(&[stray(1), stray(2), own].concat()).unwrap().unwrap();
        assert_eq!((token, result_text(&result.unwrap())), (2, "hi".into()));
        assert_eq!(asking.client.dropped_answers(), 2);
        assert!(!asking.client.is_reusable(0), "the peer closes after such an answer");
    }
}

#[test]
fn an_exception_without_a_sequence_id_behind_a_oneway_call_is_nobodys() {
    let boom = b"\x0b\0\x01\0\0\0\x04boom\x08\0\x02\0\0\0\x14\0";
    for (oneway_first, kind) in [(true, ErrorKind::Protocol), (false, ErrorKind::Remote)] {
        let mut asking = Asking::over(Form::Framed);
        if oneway_first {
            asking.call(FIRE, 0);
        }
        asking.call(ECHO, 1);
        let (token, result) = asking.feed(&framed(&message(3, "", 0, boom))).unwrap().unwrap();
        assert_eq!((token, result.unwrap_err().kind()), (1, kind));
    }
}
