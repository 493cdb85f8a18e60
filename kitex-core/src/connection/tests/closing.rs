//! How a server's connection goes away (spec: kitex-wire 11.1, 12.4, 16).

use kitex_codec::{Form, MessageType};

use super::raw::{Asking, FORMS, Fed, HI, MUX, SAID, headed, in_form, message};
use super::*;
use crate::{Error, ErrorKind, Response, ServerConfig, Stage, Status};

#[test]
fn a_request_read_after_the_shutdown_began_is_served_and_told_so_one_read_before_is_not_told() {
    for form in FORMS {
        let mut fed = Fed::new();
        let bytes = |n| in_form(form, n, &message(1, "Echo", n, HI));
        let before = fed.feed(&bytes(1)).unwrap().unwrap();
        fed.server.shutdown(base());
        fed.reply(&before, Ok(value("hi")));
        assert_eq!(fed.written()[0].string("crrst"), None);
        for sequence in 2..4 {
            let after = fed.feed(&bytes(sequence)).unwrap().unwrap();
            let outcome = if sequence == 2 { Ok(value("hi")) } else { Err(Error::handler("boom")) };
            fed.reply(&after, outcome);
            let replies = fed.written();
            assert_eq!(replies.len(), 1);
            assert_eq!(replies[0].string("crrst"), form.has_header().then_some("1"), "{form:?}");
        }
        assert!(fed.server.is_idle(), "the driver may close");
    }
}

#[test]
fn a_client_that_is_told_ends_its_use_of_the_connection_after_a_good_answer() {
    for value in ["1", "0", ""] {
        let mut asking = Asking::over(Form::TTHeader);
        asking.call(ECHO, 0);
        let reply = headed(0, 1, &[("crrst", value)], &message(2, "Echo", 1, SAID));
        let (_, result) = asking.feed(&reply).unwrap().unwrap();
        assert_eq!(result_text(&result.unwrap()), "hi");
        assert!(!asking.client.accepts_calls() && !asking.client.is_reusable(0));
        assert!(asking.client.call(base(), &request(ECHO, "x"), 1).is_err());
    }
}

#[test]
fn a_multiplexed_answer_with_crrst_is_an_ordinary_one() {
    let mut asking = Asking::mux();
    asking.call(ECHO, 0);
    let reply = headed(0, 1, &[("crrst", "1")], &message(2, "Echo", 1, SAID));
    assert!(asking.feed(&reply).unwrap().unwrap().1.is_ok());
    assert!(asking.client.accepts_calls());
}

/// The 47 bytes of kitex-wire 12.4.
const CONTROL: &[u8] = b"\0\0\0\x2b\x10\0\0\0\0\0\0\0\0\x04\0\0\x01\0\x01\0\x05crrst\0\x011\0\
    \x80\x01\0\x02\0\0\0\x04none\0\0\0\0\0";

#[test]
fn the_control_frame_goes_out_at_once_if_nothing_is_under_way() {
    let mut pair = Pair::mux();
    pair.call(ECHO, "x");
    pair.flow();
    pair.echo();
    pair.flow();
    pair.server.shutdown(pair.now);
    assert_eq!(pair.server.output().take_segments().to_bytes(), CONTROL);
    pair.server.shutdown(pair.now);
    assert!(pair.server.output().is_empty(), "it is said once");
    assert!(pair.server.awaits_close());
}

#[test]
fn the_control_frame_waits_for_calls_and_for_half_read_requests() {
    let mux = |n| headed(MUX, n, &[], &message(1, "Echo", n, HI));
    let mut fed = Fed::new();
    let first = fed.feed(&mux(1)).unwrap().unwrap();
    let second = fed.feed(&mux(2)).unwrap().unwrap();
    fed.server.shutdown(base());
    fed.reply(&second, Ok(value("hi")));
    assert!(fed.feed(&mux(3)[..20]).unwrap().is_none());
    fed.reply(&first, Ok(value("hi")));
    assert_eq!(fed.written().iter().map(|reply| reply.sequence).collect::<Vec<_>>(), [2, 1]);
    assert!(!fed.server.awaits_close());
    let third = fed.feed(&mux(3)[20..]).unwrap().unwrap();
    fed.reply(&third, Ok(value("hi")));
    let [reply, control] = &fed.written()[..] else { panic!("a reply and the control frame") };
    assert_eq!((reply.sequence, reply.string("crrst")), (3, None));
    assert_eq!((control.sequence, &*control.name, control.kind), (0, "none", MessageType::REPLY));
    assert_eq!((control.form, control.flags, control.string("crrst")), (Form::TTHeader, 0, Some("1")));
}

#[test]
fn the_control_frame_goes_out_when_the_last_call_is_given_up_and_when_it_is_refused() {
    let mux = |n, method| headed(MUX, n, &[], &message(1, method, n, HI));
    let mut fed = Fed::new();
    let call = fed.feed(&mux(1, "Echo")).unwrap().unwrap();
    fed.server.shutdown(base());
    fed.server.cancel(call.id);
    assert_eq!(fed.server.poll_timeout(), Some(base()), "due at once");
    assert_eq!(fed.server.handle_timeout(base(), &mut fed.input).unwrap(), None);
    assert_eq!(fed.written()[0].sequence, 0);

    let mut fed = Fed::new();
    let call = fed.feed(&mux(1, "Echo")).unwrap().unwrap();
    assert!(fed.feed(&mux(2, "Nope")[..20]).unwrap().is_none());
    fed.server.shutdown(base());
    fed.reply(&call, Ok(value("hi")));
    assert_eq!(fed.written().len(), 1);
    assert!(fed.feed(&mux(2, "Nope")[20..]).unwrap().is_none());
    assert_eq!(fed.written().iter().map(|written| written.sequence).collect::<Vec<_>>(), [2, 0]);
}

#[test]
fn a_multiplexed_peer_that_was_told_has_a_moment_to_close_and_what_it_sends_is_refused() {
    let config = ServerConfig { linger: seconds(1), ..ServerConfig::default() };
    let mux = |n| headed(MUX, n, &[], &message(1, "Echo", n, HI));
    let mut fed = Fed::with(config, kitex_codec::Limits::default());
    let call = fed.feed(&mux(1)).unwrap().unwrap();
    fed.reply(&call, Ok(value("hi")));
    fed.server.shutdown(base());
    fed.written();
    assert_eq!(fed.server.poll_timeout(), Some(base() + seconds(1)));
    assert!(fed.feed(&mux(2)).unwrap().is_none(), "a Kitex client has given it up");
    let [refusal] = &fed.written()[..] else { panic!("one answer") };
    assert_eq!((refusal.sequence, refusal.kind), (2, MessageType::EXCEPTION));
    assert!(!fed.server.is_finished());
    let fire = fed.feed(&headed(MUX, 3, &[], &message(4, "Fire", 3, HI))).unwrap().unwrap();
    assert_eq!(fed.server.handle_timeout(base() + seconds(1), &mut fed.input).unwrap(), None);
    assert!(!fed.server.takes_input() && !fed.server.is_finished(), "the oneway call is to end first");
    fed.reply(&fire, Ok(Response::empty(Status::Ok)));
    assert!(fed.written().is_empty());
    assert!(fed.server.is_finished());
}

#[test]
fn a_multiplexed_peer_that_never_pauses_is_refused_in_the_end_and_then_told() {
    let mux = |n| headed(MUX, n, &[], &message(1, "Echo", n, HI));
    let mut fed = Fed::new();
    let mut under_way = fed.feed(&mux(1)).unwrap().unwrap();
    fed.server.shutdown(base());
    for sequence in 2..5 {
        let next = fed.feed(&mux(sequence)).unwrap().unwrap();
        fed.reply(&std::mem::replace(&mut under_way, next), Ok(value("hi")));
    }
    assert_eq!(fed.written().iter().map(|reply| reply.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    fed.server.refuse(base());
    assert!(fed.feed(&mux(5)).unwrap().is_none());
    let fire = fed.feed(&headed(MUX, 6, &[], &message(4, "Fire", 6, HI))).unwrap().unwrap();
    fed.reply(&fire, Ok(Response::empty(Status::Ok)));
    fed.reply(&under_way, Ok(value("hi")));
    let [refusal, reply, control] = &fed.written()[..] else { panic!("three messages") };
    assert_eq!((refusal.sequence, refusal.kind), (5, MessageType::EXCEPTION));
    assert_eq!((reply.sequence, reply.kind), (4, MessageType::REPLY));
    assert_eq!(control.sequence, 0);
}

#[test]
fn a_request_in_turn_is_served_for_as_long_as_its_connection_is_open() {
    let mut fed = Fed::new();
    fed.server.refuse(base());
    let late = fed.feed(&in_form(Form::TTHeader, 1, &message(1, "Echo", 1, HI))).unwrap().unwrap();
    fed.reply(&late, Ok(value("hi")));
    assert_eq!(fed.written()[0].string("crrst"), Some("1"));
}

#[test]
fn a_call_that_crosses_the_control_frame_is_safe_to_make_again() {
    let mut pair = Pair::mux();
    pair.call(ECHO, "x");
    pair.flow();
    pair.echo();
    pair.flow();
    pair.call(ECHO, "y");
    pair.server.shutdown(pair.now);
    pair.flow();
    let error = pair.answers.pop().unwrap().1.unwrap_err();
    assert!(error.is_retry_safe(), "{error}");
}

#[test]
fn a_client_that_got_the_control_frame_ends_its_calls_and_makes_no_more() {
    let mut asking = Asking::mux();
    asking.call(ECHO, 0);
    assert!(asking.feed(CONTROL).unwrap().is_none());
    assert!(!asking.client.accepts_calls());
    assert_eq!(asking.client.in_flight(), 1);
    let error = asking.client.call(base(), &request(ECHO, "x"), 1).unwrap_err().error;
    assert!(error.is_retry_safe());
    let (token, result) = asking.feed(&headed(0, 1, &[], &message(2, "Echo", 1, SAID))).unwrap().unwrap();
    assert_eq!((token, result_text(&result.unwrap())), (0, "hi".into()));
}

#[test]
fn a_frame_of_sequence_0_that_is_not_crrst_says_nothing() {
    let mut asking = Asking::mux();
    asking.call(ECHO, 0);
    assert!(asking.feed(&headed(0, 0, &[("k", "v")], &message(2, "none", 0, b"\0"))).unwrap().is_none());
    assert!(asking.feed(&headed(0, 0, &[("crrst", "1")], b"no message at all")).unwrap().is_none());
    assert!(asking.client.accepts_calls());
    assert!(asking.feed(&headed(0, 1, &[], &message(2, "Echo", 1, SAID))).unwrap().is_some());
}

#[test]
fn a_closed_connection_takes_nothing_and_ends_with_its_last_answer() {
    let mut fed = Fed::new();
    let call = fed.feed(&in_form(Form::Framed, 1, &message(1, "Echo", 1, HI))).unwrap().unwrap();
    fed.server.close();
    assert!(!fed.server.is_finished());
    fed.reply(&call, Ok(value("hi")));
    assert!(!fed.server.is_finished(), "the answer is to be sent first");
    fed.written();
    assert!(fed.server.is_finished());
    assert!(fed.feed(&in_form(Form::Framed, 2, &message(1, "Echo", 2, HI))).unwrap().is_none());
}

#[test]
fn an_end_of_input_forgets_the_half_read_message_and_its_time() {
    let mut fed = Fed::new();
    let fire = fed.feed(&headed(MUX, 1, &[], &message(4, "Fire", 1, HI))).unwrap().unwrap();
    assert!(fed.feed(&[0; 4]).unwrap().is_none());
    fed.server.handle_eof();
    let call = base() + ServerConfig::default().max_call_timeout;
    assert_eq!(fed.server.poll_timeout(), Some(call), "what is left to wait for is the oneway call");
    fed.reply(&fire, Ok(Response::empty(Status::Ok)));
    assert!(fed.server.is_finished());
}

#[test]
fn the_last_answer_before_a_close_says_so_over_ttheader() {
    let mut pair = Pair::new(Form::TTHeaderFramed);
    let undecodable = Error::new(ErrorKind::Arguments, Stage::Decode, "no");
    let error = pair.served(request(ECHO, "x"), Err(undecodable)).unwrap_err();
    assert_eq!(error.code(), Some(7));
    assert!(!pair.client.is_reusable(0));
    assert!(pair.server.is_finished());
}
