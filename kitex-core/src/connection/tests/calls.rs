//! Calls and answers: whose is whose.

use kitex_codec::Form;

use super::raw::{FORMS, Fed, HI, MUX, headed, in_form, message, written};
use super::*;
use crate::{Error, ErrorKind, Peer, Sent};

#[test]
fn a_call_is_answered_over_every_form() {
    for form in FORMS {
        let mut pair = Pair::new(form);
        for round in 0..3 {
            pair.call(ECHO, "hello");
            pair.flow();
            assert_eq!(pair.requests.len(), 1, "{form:?}");
            let taken = &pair.requests[0];
            assert_eq!(taken.request.method.to_string(), "EchoSvc.Echo");
            assert_eq!((taken.concurrent, text(&taken.request)), (false, "hello".into()));
            assert_eq!(taken.request.context.peer(), Some(&Peer::Memory));
            pair.echo();
            pair.flow();
            assert_eq!(pair.values(), [(round, "hello".into())], "{form:?}");
            assert!(pair.client.is_reusable(pair.down.input.len()));
            assert!(pair.server.is_idle());
        }
    }
}

#[test]
fn an_answer_takes_the_form_of_its_request_whatever_came_before() {
    let mut fed = Fed::new();
    for (sequence, form) in (1..).zip(FORMS.into_iter().chain(FORMS.into_iter().rev())) {
        let request = fed.feed(&in_form(form, sequence, &message(1, "Echo", sequence, HI))).unwrap().unwrap();
        fed.reply(&request, Ok(value("hi")));
        let [reply] = &fed.written()[..] else { panic!("one reply") };
        assert_eq!((reply.form, reply.sequence, &*reply.name, reply.flags), (form, sequence, "Echo", 0));
    }
}

#[test]
fn multiplexed_calls_are_answered_in_any_order() {
    let mut pair = Pair::mux();
    for text in ["a", "b", "c", "d"] {
        pair.call(ECHO, text);
    }
    pair.flow();
    assert!(pair.requests.iter().all(|taken| taken.concurrent));
    assert_eq!((pair.client.in_flight(), pair.server.in_flight()), (4, 4));
    for at in [2, 0, 1, 0] {
        let said = text(&pair.requests[at].request);
        pair.answer(at, Ok(value(&said)));
    }
    pair.flow();
    let expected = [(2, "c"), (0, "a"), (3, "d"), (1, "b")].map(|(token, text)| (token, text.to_owned()));
    assert_eq!(pair.values(), expected);
    assert_eq!((pair.client.in_flight(), pair.server.in_flight()), (0, 0));
}

#[test]
fn requests_that_were_sent_ahead_are_served_one_by_one_in_order() {
    let mut fed = Fed::new();
    let ahead: Vec<u8> = (1..=3).flat_map(|n| in_form(Form::Framed, n, &message(1, "Echo", n, HI))).collect();
    let mut request = fed.feed(&ahead).unwrap().unwrap();
    for sequence in 1..=3 {
        assert!(fed.next().unwrap().is_none(), "one at a time");
        assert!(!fed.server.takes_input());
        fed.reply(&request, Ok(value("hi")));
        assert_eq!(fed.written()[0].sequence, sequence);
        if sequence < 3 {
            request = fed.next().unwrap().unwrap();
        }
    }
    assert!(fed.server.is_idle());
}

#[test]
fn a_request_without_the_flag_is_answered_before_the_next_is_taken_and_others_run_on() {
    let mut fed = Fed::new();
    let mux = |n| headed(MUX, n, &[], &message(1, "Echo", n, HI));
    let serial = headed(0, 2, &[], &message(1, "Echo", 2, HI));
    let first = fed.feed(&[mux(1), serial, mux(3)].concat()).unwrap().unwrap();
    let second = fed.next().unwrap().unwrap();
    assert_eq!((first.concurrent, second.concurrent), (true, false));
    assert!(fed.next().unwrap().is_none());
    fed.reply(&second, Ok(value("second")));
    let third = fed.next().unwrap().unwrap();
    fed.reply(&third, Ok(value("third")));
    fed.reply(&first, Ok(value("first")));
    assert_eq!(fed.written().iter().map(|reply| reply.sequence).collect::<Vec<_>>(), [2, 3, 1]);
}

#[test]
fn sequence_ids_come_back_as_they_came_zero_and_negative_ones_too() {
    for (sequence, flags) in [(0, 0), (-1, 0), (i32::MIN, 0), (0, MUX), (-7, MUX), (i32::MAX, MUX)] {
        let mut fed = Fed::new();
        let bytes = headed(flags, sequence, &[], &message(1, "Echo", sequence, HI));
        let request = fed.feed(&bytes).unwrap().unwrap();
        fed.reply(&request, Ok(value("hi")));
        let reply = &fed.written()[0];
        assert_eq!((reply.sequence, reply.header_sequence), (sequence, Some(sequence)));
    }
}

#[test]
fn of_two_sequence_ids_the_envelopes_comes_back_in_both_places() {
    for flags in [0, MUX] {
        let mut fed = Fed::new();
        let request = fed.feed(&headed(flags, 5, &[], &message(1, "Echo", 9, HI))).unwrap().unwrap();
        fed.reply(&request, Err(Error::handler("boom")));
        let reply = &fed.written()[0];
        assert_eq!((reply.sequence, reply.header_sequence), (9, Some(9)));
    }
}

#[test]
fn a_client_counts_its_sequence_ids_up_and_writes_them_in_both_places() {
    let mut pair = Pair::mux();
    for _ in 0..3 {
        pair.call(ECHO, "x");
    }
    let requests = written(pair.client.output());
    let ids: Vec<_> = requests.iter().map(|request| (request.sequence, request.header_sequence)).collect();
    assert_eq!(ids, [(1, Some(1)), (2, Some(2)), (3, Some(3))]);
    assert!(requests.iter().all(|request| request.flags == MUX));
}

#[test]
fn a_cancelled_multiplexed_call_frees_its_slot_and_its_late_answer_reaches_nobody() {
    let mut pair = Pair::mux();
    let first = pair.call(ECHO, "first").unwrap();
    pair.call(ECHO, "second");
    pair.flow();
    assert_eq!(pair.client.cancel(first), Some(0));
    assert_eq!(pair.client.cancel(first), None, "a call is cancelled once");
    assert_eq!(pair.client.in_flight(), 1);
    pair.echo();
    pair.echo();
    pair.flow();
    assert_eq!(pair.values(), [(1, "second".into())]);
    assert_eq!(pair.client.dropped_answers(), 1);
    assert!(pair.client.accepts_calls());
}

#[test]
fn a_cancelled_call_makes_a_pooled_connection_unusable() {
    let mut pair = Pair::new(Form::TTHeaderFramed);
    let call = pair.call(ECHO, "first").unwrap();
    assert_eq!(pair.client.cancel(call), Some(0));
    assert!(!pair.client.is_reusable(0) && !pair.client.accepts_calls());
    let error = pair.send(request(ECHO, "second")).unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Closed, Sent::Never));
    pair.flow();
    pair.echo();
    pair.flow();
    assert!(pair.answers.is_empty());
}

#[test]
fn a_late_answer_of_a_handler_is_dropped() {
    let mut fed = Fed::new();
    let request = fed.feed(&in_form(Form::Framed, 1, &message(1, "Echo", 1, HI))).unwrap().unwrap();
    fed.server.cancel(request.id);
    assert!(fed.server.takes_input());
    let second = fed.feed(&in_form(Form::Framed, 2, &message(1, "Echo", 2, HI))).unwrap().unwrap();
    fed.reply(&request, Ok(value("late")));
    fed.reply(&second, Ok(value("in time")));
    fed.reply(&second, Ok(value("twice")));
    assert_eq!(fed.written().iter().map(|reply| reply.sequence).collect::<Vec<_>>(), [2]);
}

#[test]
fn the_end_of_a_connection_ends_every_call_once() {
    let mut pair = Pair::mux();
    for _ in 0..300 {
        pair.call(ECHO, "x");
    }
    pair.flow();
    let mut failed = pair.cut();
    failed.sort_unstable();
    assert_eq!(failed, (0..300).collect::<Vec<_>>());
    assert_eq!((pair.client.in_flight(), pair.server.in_flight()), (0, 0));
    assert!(pair.server.is_finished() && !pair.client.accepts_calls());
    assert!(pair.client.poll_timeout().is_none());
}

#[test]
fn a_stream_is_neither_sent_nor_answered_by_this_engine() {
    let mut pair = Pair::new(Form::TTHeaderFramed);
    let mut streamed = request(ECHO, "x");
    streamed.body = crate::Body::Stream(crate::MessageStream::of([]));
    let error = pair.send(streamed).unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Encode, Sent::Never));
    let mut response = value("x");
    response.body = crate::Body::Stream(crate::MessageStream::of([]));
    let error = pair.served(request(ECHO, "x"), Ok(response)).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Remote, Some(6)));
}
