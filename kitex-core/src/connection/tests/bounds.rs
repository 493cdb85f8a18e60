//! The bounds that a connection holds its two ends to.

use kitex_codec::{Form, Limits};

use super::super::ClientConfig;
use super::pair::{struct_of, unused};
use super::raw::{Asking, FORMS, Fed, HI, MUX, SAID, headed, in_form, message, written};
use super::*;
use crate::{
    Context, Error, ErrorKind, Response, Scope, Sent, ServerConfig, Status, TraceContext, TraceParent,
};

#[test]
fn a_call_over_the_limit_of_calls_in_flight_is_refused_with_a_reason_and_the_others_run() {
    let config = ServerConfig { max_in_flight: 2, ..ServerConfig::default() };
    let mut fed = Fed::with(config, Limits::default());
    let mux = |n, method| headed(MUX, n, &[], &message(1, method, n, HI));
    let first = fed.feed(&mux(1, "Echo")).unwrap().unwrap();
    fed.feed(&mux(2, "Echo")).unwrap().unwrap();
    assert!(fed.feed(&[mux(3, "Echo"), mux(4, "Fire")].concat()).unwrap().is_none());
    let [refused] = &fed.written()[..] else { panic!("the oneway call is not answered") };
    let exception = refused.exception();
    assert_eq!((refused.sequence, exception.code), (3, 6));
    assert!(exception.message.contains("2 calls are under way"), "{}", exception.message);
    fed.reply(&first, Ok(value("hi")));
    assert!(fed.feed(&mux(5, "Echo")).unwrap().is_some());
}

#[test]
fn queued_output_stops_the_intake_until_the_peer_has_taken_some() {
    let config = ServerConfig { max_queued_output: 10_000, ..ServerConfig::default() };
    let mut fed = Fed::with(config, Limits::default());
    let mux = |n| headed(MUX, n, &[], &message(1, "Echo", n, HI));
    let mut taken = 0;
    (1..=100).for_each(|n| fed.input.extend_from_slice(&mux(n)));
    while let Some(request) = fed.next().unwrap() {
        taken += 1;
        fed.reply(&request, Ok(value(&"x".repeat(1000))));
    }
    assert!((9..=10).contains(&taken), "{taken}");
    assert!(!fed.server.takes_input() && !fed.input.is_empty());
    let queued = fed.server.output().len();
    fed.server.output().advance(queued - 10_000);
    assert!(fed.next().unwrap().is_some());
}

#[test]
fn large_requests_under_way_stop_the_intake_until_one_has_ended() {
    let config = ServerConfig { max_in_flight_bytes: 10_000, ..ServerConfig::default() };
    let mut fed = Fed::with(config, Limits::default());
    let args = struct_of(1, &"x".repeat(1000)).into_bytes();
    let mut taken = Vec::new();
    (1..=30).for_each(|n| fed.input.extend_from_slice(&headed(MUX, n, &[], &message(1, "Echo", n, &args))));
    for ended in 0..20 {
        while let Some(request) = fed.next().unwrap() {
            taken.push(request);
        }
        assert!(!fed.server.takes_input());
        assert_eq!(taken.len(), 10 + ended);
        match ended % 2 {
            0 => fed.server.cancel(taken[ended].id),
            _ => fed.reply(&taken[ended], Ok(value("x"))),
        }
        assert!(fed.server.takes_input());
    }
}

#[test]
fn refusals_stop_the_intake_too() {
    let config = ServerConfig { max_queued_output: 1000, ..ServerConfig::default() };
    let mut fed = Fed::with(config, Limits::default());
    let refused: Vec<u8> = (1..=1000).flat_map(|n| headed(MUX, n, &[], &message(1, "Nope", n, HI))).collect();
    assert!(fed.feed(&refused).unwrap().is_none());
    assert!((1000..1200).contains(&fed.server.output().len()));
    assert!(!fed.input.is_empty());
}

#[test]
fn a_message_that_this_side_does_not_read_is_not_called_slow() {
    let config =
        ServerConfig { max_queued_output: 100, message_timeout: seconds(10), ..ServerConfig::default() };
    let mut fed = Fed::with(config, Limits::default());
    let mux = |n| headed(MUX, n, &[], &message(1, "Echo", n, HI));
    let taken = fed.feed(&mux(1)).unwrap().unwrap();
    assert!(fed.feed(&mux(2)[..9]).unwrap().is_none());
    fed.reply(&taken, Ok(value(&"x".repeat(1000))));
    assert!(!fed.server.takes_input());
    assert_eq!(fed.server.handle_timeout(base() + seconds(10), &mut fed.input).unwrap(), None);
    fed.written();
    assert!(fed.feed(&mux(2)[9..]).unwrap().is_some());
}

#[test]
fn a_client_refuses_calls_beyond_its_bounds_and_says_which() {
    let config = ClientConfig { multiplexed: true, max_in_flight: 2, ..ClientConfig::default() };
    let mut pair = Pair::with(ServerConfig::default(), config, Limits::default());
    pair.call(ECHO, "a");
    let second = pair.call(ECHO, "b").unwrap();
    let error = pair.send(request(ECHO, "c")).unwrap_err();
    assert_eq!((error.setting(), error.sent()), (Some("max_in_flight"), Sent::Never));
    pair.client.cancel(second);
    assert!(pair.call(ECHO, "d").is_some());

    let config = ClientConfig { multiplexed: true, max_queued_output: 1000, ..ClientConfig::default() };
    let mut pair = Pair::with(ServerConfig::default(), config, Limits::default());
    pair.call(ECHO, &"x".repeat(2000));
    let error = pair.send(request(ECHO, "c")).unwrap_err();
    assert_eq!((error.setting(), error.sent()), (Some("max_queued_output"), Sent::Never));
    pair.flow();
    assert!(pair.call(ECHO, "d").is_some());
}

#[test]
fn a_second_call_on_a_pooled_connection_is_refused() {
    let mut pair = Pair::new(Form::TTHeaderFramed);
    pair.call(ECHO, "a");
    assert!(pair.send(request(ECHO, "b")).unwrap_err().is_retry_safe());
    pair.flow();
    pair.echo();
    pair.flow();
    assert_eq!(pair.values(), [(0, "a".into())]);
}

/// The largest text that crosses with these limits at both ends, found by trying. What one end sends, the other takes:
/// a bound that is held on one side only would show as a connection that ends.
fn largest(form: Form, limits: &Limits, cross: impl Fn(&mut Pair, &str) -> Result<(), Error>) -> usize {
    let client = ClientConfig { form, ..ClientConfig::default() };
    let mut largest = 0;
    for len in 0..1100 {
        let mut pair = Pair::with(ServerConfig::default(), client.clone(), limits.clone());
        let text = "x".repeat(len);
        match cross(&mut pair, &text) {
            Ok(()) => largest = len,
            Err(error) => {
                assert!(error.to_string().contains("Limits::max_frame"), "{form:?} {len}: {error}");
                assert!(!pair.server.is_finished(), "{form:?} {len}: the connection lives on");
            }
        }
    }
    largest
}

#[test]
fn a_frame_of_the_largest_size_crosses_and_a_larger_one_is_refused_by_its_sender() {
    let limits = limited(|limits| limits.max_frame = 1000);
    let call = |pair: &mut Pair, text: &str| {
        pair.send(request(ECHO, text))?;
        pair.flow();
        pair.answer(0, Ok(Response::empty(Status::Ok)));
        pair.flow();
        pair.answers.pop().unwrap().1.map(drop)
    };
    let answer = |pair: &mut Pair, text: &str| {
        let response = pair.served(request(ECHO, ""), Ok(value(text)))?;
        assert_eq!(result_text(&response), text);
        Ok(())
    };
    // The envelope and the struct around the text take 24 bytes.
    assert_eq!(largest(Form::Buffered, &limits, call), 976);
    assert_eq!(largest(Form::Framed, &limits, call), 976);
    assert_eq!(largest(Form::Buffered, &limits, answer), 976);
    assert_eq!(largest(Form::Framed, &limits, answer), 976);
    // LENGTH counts the header too: that of an answer is 12 bytes behind it, that of a request larger.
    assert_eq!(largest(Form::TTHeader, &limits, answer), 976 - 10 - 12);
    assert_eq!(largest(Form::TTHeaderFramed, &limits, answer), 976 - 10 - 12 - 4);
    assert_eq!(largest(Form::TTHeader, &limits, call), 976 - 10 - 68);
}

#[test]
fn an_answer_that_is_too_large_is_an_exception_that_names_the_limit() {
    for form in FORMS {
        let limits = limited(|limits| limits.max_frame = 1000);
        let client = ClientConfig { form, ..ClientConfig::default() };
        let mut pair =
            Pair::between(router(&[&SERVICE]), ServerConfig::default(), client, limits, Limits::default());
        let error = pair.served(request(ECHO, ""), Ok(value(&"x".repeat(2000)))).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Remote, Some(6)));
        assert!(error.message().contains("Limits::max_frame"), "{error}");
    }
}

#[test]
fn a_request_over_the_servers_limit_ends_the_connection_and_names_the_limit() {
    for form in FORMS {
        let mut fed = Fed::with(ServerConfig::default(), limited(|limits| limits.max_frame = 1000));
        let args = struct_of(1, &"x".repeat(2000)).into_bytes();
        let error = fed.feed(&in_form(form, 1, &message(1, "Echo", 1, &args))).unwrap_err();
        assert_eq!((error.kind(), error.setting()), (ErrorKind::Limit, Some("Limits::max_frame")));
        assert!(fed.server.is_finished() && fed.server.output().is_empty());
    }
}

#[test]
fn metadata_over_the_limit_is_refused_by_its_sender() {
    for (key, value, count, setting) in [
        ("K", "v".repeat(2000), 1, "Limits::max_header"),
        ("K", "v".to_owned(), 60, "Limits::max_header_entries"),
        ("K", "v".repeat(70_000), 1, "a key or value of a TTHeader"),
    ] {
        let limits = limited(|limits| {
            limits.max_header = 1500;
            limits.max_header_entries = 50;
        });
        let client = ClientConfig::default();
        let mut pair = Pair::with(ServerConfig::default(), client, limits);
        let mut sent = request(ECHO, "x");
        for n in 0..count {
            sent.context.metadata.set(Scope::Persistent, format!("{key}{n}"), value.clone());
        }
        let error = pair.send(sent).unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Encode, Sent::Never));
        assert!(error.to_string().contains(setting), "{error}");
        assert!(pair.client.output().is_empty() && pair.client.is_reusable(0));

        let mut context = Context::new();
        (0..count).for_each(|n| context.set_backward(format!("{key}{n}"), value.clone()));
        let metadata = context.take_response_metadata();
        let error = pair.served(request(ECHO, "x"), Ok(Response { metadata, ..super::value("x") }));
        assert!(error.unwrap_err().message().contains(setting));
    }
}

#[test]
fn headers_at_their_limit_cross() {
    let limits = limited(|limits| {
        limits.max_header = 1500;
        limits.max_header_entries = 9;
    });
    let mut pair = Pair::with(ServerConfig::default(), ClientConfig::default(), limits);
    let mut sent = request(ECHO, "x");
    // Besides these: `isn` and six integers.
    sent.context.metadata.set(Scope::Persistent, "A", "v".repeat(1300));
    sent.context.metadata.set(Scope::Transient, "gdpr-token", "t");
    assert!(pair.served(sent, Ok(value("x"))).is_ok());
}

#[test]
fn a_trace_counts_among_the_entries_of_a_header() {
    for (most, is_sent) in [(8, true), (7, false)] {
        let limits = limited(|limits| limits.max_header_entries = most);
        let mut pair = Pair::with(ServerConfig::default(), ClientConfig::default(), limits);
        let mut sent = request(ECHO, "x");
        // Besides: `isn` and six integers.
        let parent = TraceParent::new(1, 2, true).unwrap();
        sent.context.send_trace(&TraceContext { parent, state: Default::default() });
        assert_eq!(pair.send(sent).is_ok(), is_sent, "{most}");
    }
}

#[test]
fn checksums_are_written_and_checked_where_they_are_on() {
    let server = ServerConfig { checksum: true, ..ServerConfig::default() };
    for form in [Form::TTHeader, Form::TTHeaderFramed] {
        let client = ClientConfig { form, checksum: true, ..ClientConfig::default() };
        for text in ["hi", &"x".repeat(100_000)] {
            let mut pair = Pair::with(server.clone(), client.clone(), Limits::default());
            pair.call(ECHO, text);
            let sent = &written(pair.client.output())[0];
            assert!(sent.string("crc32c").is_some() && sent.checksum_holds);
            let mut pair = Pair::with(server.clone(), client.clone(), Limits::default());
            let response = pair.served(request(ECHO, text), Ok(value(text))).unwrap();
            assert_eq!(result_text(&response), text);
        }
    }
    // A server writes its own, whether the request had one or not; also on an exception.
    let mut fed = Fed::with(server, Limits::default());
    let taken = fed.feed(&headed(0, 1, &[], &message(1, "Echo", 1, HI))).unwrap().unwrap();
    fed.reply(&taken, Err(Error::handler("boom")));
    let reply = &fed.written()[0];
    assert!(reply.string("crc32c").is_some() && reply.checksum_holds);
}

#[test]
fn a_wrong_checksum_ends_a_connection_or_a_call_and_an_empty_one_passes() {
    for (named, checked, good) in
        [("00000000", true, false), ("00000000", false, true), ("", true, true), ("0FDEADDC", true, false)]
    {
        let server = ServerConfig { checksum: checked, ..ServerConfig::default() };
        let mut fed = Fed::with(server, Limits::default());
        let taken = fed.feed(&headed(0, 1, &[("crc32c", named)], &message(1, "Echo", 1, HI)));
        assert_eq!(taken.is_ok(), good, "{named} {checked}");
        assert_eq!(fed.server.is_finished(), !good);

        for multiplexed in [false, true] {
            let config = ClientConfig { checksum: checked, multiplexed, ..ClientConfig::default() };
            let mut asking = Asking::with(config);
            asking.call(ECHO, 0);
            let reply = headed(0, 1, &[("crc32c", named)], &message(2, "Echo", 1, SAID));
            let (_, result) = asking.feed(&reply).unwrap().unwrap();
            assert_eq!(result.is_ok(), good);
            assert_eq!(asking.client.accepts_calls(), good || multiplexed);
        }
    }
}

#[test]
fn slots_are_freed_by_every_end_of_a_call() {
    let config = ServerConfig { max_in_flight: 1, ..ServerConfig::default() };
    let mut unknown = router(&[&SERVICE]);
    unknown.set_unknown(unused());
    let mut fed = Fed::of(unknown, config, Limits::default());
    for n in 1..1000 {
        let taken = fed.feed(&headed(MUX, n, &[], &message(1, "Echo", n, HI))).unwrap().unwrap();
        match n % 3 {
            0 => fed.server.cancel(taken.id),
            1 => fed.reply(&taken, Ok(value("x"))),
            _ => fed.reply(&taken, Err(Error::handler("x"))),
        }
        fed.written();
    }
    assert_eq!(fed.server.in_flight(), 0);
}
