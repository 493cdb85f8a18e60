//! What happens when time passes, and only then.

use std::time::Duration;

use kitex_codec::{ApplicationException, Form};

use super::raw::{Asking, Fed, HI, MUX, SAID, headed, headed_with, in_form, message, written};
use super::*;
use crate::{Deadline, ErrorKind, Sent, ServerConfig, Stage};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A request with the timeout that a caller sends.
fn with_timeout(flags: u16, sequence: i32, millis: &str) -> Vec<u8> {
    let info = [&b"\0\0\x10\0\x01\0\x0c\0"[..], &[millis.len() as u8], millis.as_bytes()].concat();
    headed_with(flags, sequence, &info, &message(1, "Echo", sequence, HI))
}

#[test]
fn what_is_left_of_the_deadline_is_sent_in_whole_milliseconds_rounded_up() {
    for (left, expected) in [
        (millis(1500), "1500"),
        (Duration::from_micros(1), "1"),
        (Duration::from_micros(1001), "2"),
        (seconds(86_400 * 365), "31536000000"),
    ] {
        let mut pair = Pair::new(Form::TTHeader);
        let mut sent = request(ECHO, "x");
        sent.context.deadline = Some(Deadline::after(base(), left));
        pair.send(sent).unwrap();
        assert_eq!(written(pair.client.output())[0].int(12), Some(expected));
    }
}

#[test]
fn a_call_whose_deadline_has_passed_is_not_sent() {
    let mut pair = Pair::new(Form::TTHeader);
    let mut sent = request(ECHO, "x");
    sent.context.deadline = Some(Deadline::at(base()));
    let error = pair.send(sent).unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Deadline, Sent::Never));
    assert!(pair.client.output().is_empty() && pair.client.is_reusable(0));
}

#[test]
fn a_call_that_names_no_time_ends_at_the_servers_bound() {
    for form in [Form::Buffered, Form::Framed, Form::TTHeader, Form::TTHeaderFramed] {
        let config = ServerConfig { max_call_timeout: seconds(300), ..ServerConfig::default() };
        let mut fed = Fed::with(config, kitex_codec::Limits::default());
        let taken = fed.feed(&in_form(form, 1, &message(1, "Echo", 1, HI))).unwrap().unwrap();
        assert_eq!(fed.server.handle_timeout(base() + seconds(299), &mut fed.input).unwrap(), None);
        assert_eq!(fed.server.handle_timeout(base() + seconds(300), &mut fed.input).unwrap(), Some(taken.id));
        assert!(!fed.server.output().is_empty(), "the caller is told");
    }
}

#[test]
fn a_server_grants_what_the_caller_asks_for_up_to_its_own_bound() {
    let granted = |millis: &str| {
        let config = ServerConfig { max_call_timeout: seconds(300), ..punctual() };
        let mut fed = Fed::with(config, kitex_codec::Limits::default());
        let taken = fed.feed(&with_timeout(0, 1, millis)).unwrap().unwrap();
        let deadline = taken.request.context.deadline.map(|deadline| deadline.instant() - base());
        assert!(deadline.is_none() || fed.server.poll_timeout() == deadline.map(|after| base() + after));
        deadline
    };
    assert_eq!(granted("1500"), Some(millis(1500)));
    assert_eq!(granted("300001"), Some(seconds(300)));
    assert_eq!(granted("18446744073709551615"), Some(seconds(300)));
    for nonsense in ["0", "-1", "soon", "", "1.5", "18446744073709551616", "1s"] {
        assert_eq!(granted(nonsense), None, "{nonsense}");
    }
}

#[test]
fn the_deadline_of_a_call_reaches_the_handler() {
    let mut pair = Pair::new(Form::TTHeaderFramed);
    let mut sent = request(ECHO, "x");
    sent.context.deadline = Some(Deadline::after(base(), millis(250)));
    pair.send(sent).unwrap();
    pair.flow();
    assert_eq!(pair.requests[0].request.context.deadline, Some(Deadline::after(base(), millis(250))));
}

/// A server that ends calls at their deadline to the point.
fn punctual() -> ServerConfig {
    ServerConfig { deadline_slack: Duration::ZERO, ..ServerConfig::default() }
}

#[test]
fn a_caller_that_keeps_time_sees_its_own_timeout_first() {
    let mut fed = Fed::new();
    let taken = fed.feed(&with_timeout(0, 1, "100")).unwrap().unwrap();
    assert_eq!(taken.request.context.deadline, Some(Deadline::after(base(), millis(100))));
    assert_eq!(fed.server.handle_timeout(base() + millis(149), &mut fed.input).unwrap(), None);
    assert_eq!(fed.server.handle_timeout(base() + millis(150), &mut fed.input).unwrap(), Some(taken.id));
}

#[test]
fn an_expired_call_is_answered_and_its_late_answer_is_dropped() {
    for (flags, form) in [(0, Form::TTHeader), (MUX, Form::TTHeader)] {
        let mut fed = Fed::with(punctual(), kitex_codec::Limits::default());
        let taken = fed.feed(&with_timeout(flags, 1, "100")).unwrap().unwrap();
        let due = base() + millis(100);
        assert_eq!(fed.server.poll_timeout(), Some(due));
        assert_eq!(fed.server.handle_timeout(due - millis(1), &mut fed.input).unwrap(), None);
        assert_eq!(fed.server.handle_timeout(due, &mut fed.input).unwrap(), Some(taken.id));
        assert_eq!(fed.server.handle_timeout(due, &mut fed.input).unwrap(), None);
        fed.reply(&taken, Ok(value("late")));
        let [reply] = &fed.written()[..] else { panic!("one answer") };
        assert_eq!((reply.form, reply.exception().code), (form, 6));
        assert_eq!(
            reply.exception().message,
            "the call's deadline has passed: 100ms, which the caller granted"
        );
        assert!(fed.server.is_idle() && fed.server.takes_input());
    }
}

#[test]
fn a_caller_is_told_how_long_it_granted_and_not_how_long_it_was_waited_for() {
    let mut fed = Fed::new();
    let taken = fed.feed(&with_timeout(0, 1, "100")).unwrap().unwrap();
    let due = base() + millis(150);
    assert_eq!(fed.server.handle_timeout(due, &mut fed.input).unwrap(), Some(taken.id));
    let text = &fed.written()[0].exception().message;
    assert!(text.contains("100ms, which the caller granted"), "{text}");
}

#[test]
fn calls_that_expire_at_once_are_each_given_once_and_the_others_stay() {
    let config = ServerConfig { max_in_flight: 100_000, ..punctual() };
    let mut fed = Fed::with(config, kitex_codec::Limits::default());
    let mut ids = std::collections::HashSet::new();
    for n in 1..=40_000 {
        let taken = fed.feed(&with_timeout(MUX, n, if n % 2 == 0 { "100" } else { "200" })).unwrap();
        ids.insert(taken.unwrap().id);
        fed.server.output().clear();
    }
    for (at, expected) in [(100, 20_000), (200, 20_000)] {
        let mut given = 0;
        while let Some(id) = fed.server.handle_timeout(base() + millis(at), &mut fed.input).unwrap() {
            assert!(ids.remove(&id));
            given += 1;
        }
        assert_eq!((given, fed.server.in_flight()), (expected, ids.len()));
    }
    assert_eq!(fed.written().len(), 40_000);
    assert_eq!(fed.server.in_flight(), 0);
}

#[test]
fn a_call_answered_in_time_does_not_expire() {
    let mut fed = Fed::with(punctual(), kitex_codec::Limits::default());
    let taken = fed.feed(&with_timeout(MUX, 1, "100")).unwrap().unwrap();
    let longer = fed.feed(&with_timeout(MUX, 2, "500")).unwrap().unwrap();
    fed.reply(&taken, Ok(value("in time")));
    assert_eq!(fed.server.handle_timeout(base() + millis(100), &mut fed.input).unwrap(), None);
    assert_eq!(fed.server.poll_timeout(), Some(base() + millis(500)), "the timer moves on");
    assert_eq!(fed.server.handle_timeout(base() + millis(500), &mut fed.input).unwrap(), Some(longer.id));
}

#[test]
fn a_clients_call_ends_at_its_deadline_and_its_late_answer_reaches_nobody() {
    let mut pair = Pair::mux();
    for left in [200, 100] {
        let mut sent = request(ECHO, "x");
        sent.context.deadline = Some(Deadline::after(base(), millis(left)));
        pair.send(sent).unwrap();
    }
    pair.flow();
    assert_eq!(pair.client.poll_timeout(), Some(base() + millis(100)));
    assert!(pair.client.handle_timeout(base() + millis(99)).is_none());
    let ended = pair.client.handle_timeout(base() + millis(100)).unwrap();
    let error = ended.result.unwrap_err();
    assert_eq!((ended.token, error.kind(), error.stage()), (1, ErrorKind::Deadline, Stage::Read));
    assert_eq!((error.sent(), error.method().unwrap().name()), (Sent::Maybe, "Echo"));
    assert!(pair.client.handle_timeout(base() + millis(100)).is_none());
    pair.echo();
    pair.echo();
    pair.flow();
    assert_eq!(pair.values(), [(0, "x".into())]);
    assert_eq!(pair.client.dropped_answers(), 1);
    assert!(pair.client.accepts_calls() && pair.client.poll_timeout().is_none());
}

#[test]
fn a_pooled_connection_is_not_used_again_after_a_deadline() {
    let mut asking = Asking::over(Form::Framed);
    let mut sent = request(ECHO, "x");
    sent.context.deadline = Some(Deadline::after(base(), millis(100)));
    asking.client.call(base(), &sent, 7).unwrap();
    asking.client.output().clear();
    // Half an answer, and silence.
    let reply = in_form(Form::Framed, 1, &message(2, "Echo", 1, SAID));
    assert!(asking.feed(&reply[..20]).unwrap().is_none());
    let ended = asking.client.handle_timeout(base() + millis(100)).unwrap();
    assert_eq!((ended.token, ended.result.unwrap_err().kind()), (7, ErrorKind::Deadline));
    assert!(!asking.client.is_reusable(0));
    assert!(asking.feed(&reply[20..]).unwrap().is_none());
}

#[test]
fn many_calls_of_a_client_expire_once_each() {
    let config = super::super::ClientConfig {
        multiplexed: true,
        max_in_flight: 100_000,
        max_queued_output: usize::MAX,
        ..super::super::ClientConfig::default()
    };
    let mut asking = Asking::with(config);
    let mut sent = request(ECHO, "x");
    sent.context.deadline = Some(Deadline::after(base(), millis(100)));
    for token in 0..40_000 {
        asking.client.call(base(), &sent, token).unwrap();
    }
    let mut tokens: Vec<_> =
        std::iter::from_fn(|| asking.client.handle_timeout(base() + millis(100))).map(|a| a.token).collect();
    tokens.sort_unstable();
    assert_eq!(tokens, (0..40_000).collect::<Vec<_>>());
}

#[test]
fn an_idle_connection_ends_after_its_time_and_not_while_a_call_runs() {
    let times = ServerConfig { idle_timeout: seconds(600), ..ServerConfig::default() };
    let config = ServerConfig { max_call_timeout: seconds(9000), ..times };
    let mut fed = Fed::with(config, kitex_codec::Limits::default());
    assert_eq!(fed.server.poll_timeout(), Some(base() + seconds(600)));
    let taken = fed.feed(&in_form(Form::Framed, 1, &message(1, "Echo", 1, HI))).unwrap().unwrap();
    assert_eq!(fed.server.poll_timeout(), Some(base() + seconds(9000)), "the call's own bound");
    fed.server.reply(base() + seconds(700), taken.id, Ok(value("slow")));
    assert_eq!(fed.server.poll_timeout(), None, "an answer is to be sent");
    fed.written();
    assert_eq!(fed.server.poll_timeout(), Some(base() + seconds(1300)));
    fed.server.handle_timeout(base() + seconds(1299), &mut fed.input).unwrap();
    assert!(!fed.server.is_finished());
    fed.server.handle_timeout(base() + seconds(1300), &mut fed.input).unwrap();
    assert!(fed.server.is_finished());
}

#[test]
fn a_half_read_message_has_its_time_from_its_first_byte_on() {
    let config = ServerConfig { message_timeout: seconds(10), ..ServerConfig::default() };
    let mut fed = Fed::with(config, kitex_codec::Limits::default());
    let bytes = in_form(Form::TTHeaderFramed, 1, &message(1, "Echo", 1, HI));
    for (at, byte) in bytes[..10].iter().enumerate() {
        fed.input.extend_from_slice(&[*byte]);
        let now = base() + seconds(at as u64);
        assert!(fed.server.handle_input(now, &mut fed.input).unwrap().is_none());
        assert_eq!(fed.server.handle_timeout(now, &mut fed.input).unwrap(), None);
    }
    assert_eq!(fed.server.poll_timeout(), Some(base() + seconds(10)));
    let error = fed.server.handle_timeout(base() + seconds(10), &mut fed.input).unwrap_err();
    assert_eq!((error.kind(), error.setting()), (ErrorKind::Limit, Some("message_timeout")));
    assert!(fed.server.is_finished() && fed.server.output().is_empty());
}

/// Feeds what is there of a request, and lets its time pass.
fn stopped(bytes: &[u8]) -> Fed {
    let config = ServerConfig { message_timeout: seconds(10), ..ServerConfig::default() };
    let mut fed = Fed::with(config, kitex_codec::Limits::default());
    assert!(fed.feed(bytes).unwrap().is_none());
    let error = fed.server.handle_timeout(base() + seconds(10), &mut fed.input).unwrap_err();
    assert_eq!(error.setting(), Some("message_timeout"));
    assert!(!fed.server.takes_input());
    fed
}

#[test]
fn a_caller_is_told_that_its_request_stopped_among_its_arguments() {
    let call = message(1, "Echo", 7, HI);
    for form in [Form::Framed, Form::TTHeader, Form::TTHeaderFramed] {
        let whole = in_form(form, 7, &call);
        let args_at = whole.len() - HI.len();
        for end in args_at..whole.len() {
            let mut fed = stopped(&whole[..end]);
            let told = fed.written();
            let [told] = &told[..] else { panic!("{form:?} {end}: {told:?}") };
            assert_eq!((told.form, &told.name[..], told.sequence), (form, "Echo", 7));
            let exception = told.exception();
            assert_eq!(exception.code, ApplicationException::PROTOCOL_ERROR);
            assert!(exception.message.contains("message_timeout"), "{}", exception.message);
            assert_eq!(told.pairs.get("crrst").is_some(), form.has_header());
            assert!(fed.server.is_finished());
        }
        for end in 1..args_at {
            assert!(stopped(&whole[..end]).server.is_finished(), "{form:?} {end}: nobody can be told");
        }
    }
    let buffered = in_form(Form::Buffered, 7, &call);
    assert!(stopped(&buffered[..buffered.len() - 1]).server.is_finished(), "its length is not known");
}

#[test]
fn a_request_that_stops_is_answered_by_what_it_is() {
    let half = |bytes: Vec<u8>| bytes[..bytes.len() - 2].to_vec();
    let unknown = stopped(&half(in_form(Form::Framed, 1, &message(1, "Nope", 1, HI)))).written();
    assert_eq!(unknown[0].exception().code, ApplicationException::UNKNOWN_SERVICE);
    assert!(stopped(&half(in_form(Form::Framed, 1, &message(4, "Fire", 1, HI)))).server.is_finished());
    assert!(stopped(&half(in_form(Form::Framed, 1, &message(2, "Echo", 1, HI)))).server.is_finished());
    assert!(stopped(&half(in_form(Form::Framed, 1, &message(1, "", 1, HI)))).server.is_finished());
    let multiplexed = stopped(&half(headed(MUX, 1, &[], &message(1, "Echo", 1, HI)))).written();
    assert_eq!(multiplexed[0].exception().code, ApplicationException::PROTOCOL_ERROR);
    assert!(multiplexed[0].pairs.get("crrst").is_none(), "only a caller in turn is told not to come again");
}

#[test]
fn the_next_half_read_message_has_its_own_time() {
    let config = ServerConfig { message_timeout: seconds(10), ..ServerConfig::default() };
    let mut fed = Fed::with(config, kitex_codec::Limits::default());
    let bytes = headed(MUX, 1, &[], &message(1, "Echo", 1, HI));
    assert!(fed.feed(&bytes[..10]).unwrap().is_none());
    fed.input.extend_from_slice(&[&bytes[10..], &bytes[..10]].concat());
    let later = base() + seconds(9);
    assert!(fed.server.handle_input(later, &mut fed.input).unwrap().is_some());
    assert!(fed.server.handle_input(later, &mut fed.input).unwrap().is_none());
    assert_eq!(fed.server.poll_timeout(), Some(later + seconds(10)));
}

#[test]
fn timeouts_that_never_come_are_no_panic() {
    let config = ServerConfig {
        idle_timeout: Duration::MAX,
        message_timeout: Duration::MAX,
        max_call_timeout: Duration::MAX,
        linger: Duration::MAX,
        ..ServerConfig::default()
    };
    let mut fed = Fed::with(config, kitex_codec::Limits::default());
    assert!(fed.server.poll_timeout().is_some());
    let taken = fed.feed(&with_timeout(MUX, 1, "18446744073709551615")).unwrap().unwrap();
    assert!(fed.feed(&[0]).unwrap().is_none());
    assert_eq!(fed.server.handle_timeout(base() + seconds(1_000_000), &mut fed.input).unwrap(), None);
    fed.reply(&taken, Ok(value("x")));
    fed.server.shutdown(base());
    assert!(fed.server.poll_timeout().is_some());
}
