//! Faults on purpose.

use std::time::Duration;

use kitex_core::{
    Body, Context, Deadline, Error, ErrorKind, MessageStream, Payload, Protocol, Registry, Response, Scope,
    Sent, SharedService, Stage, Status,
};
use kitex_middleware::{DeadlineLayer, Fault, FaultLayer, FaultRule, Match};
use serde_json::json;
use tokio::time::Instant;
use tower_layer::Layer;

use crate::mock::{Mock, call};

const MS: Duration = Duration::from_millis(1);

fn bytes() -> Payload {
    let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
    Payload::new(Protocol::Binary, kitex_codec::Bytes::from(bytes))
}

fn answers() -> Mock {
    Mock::new(|_| std::future::ready(Ok(Response::new(Status::Ok, bytes()))))
}

/// A service under a layer with one fault for all calls.
fn always(fault: Fault) -> SharedService {
    let layer = FaultLayer::seeded(1);
    layer.handle().set([FaultRule::new(fault, 100.0)]).unwrap();
    layer.layer(answers())
}

/// Which of a hundred calls fail.
async fn hit(layer: &FaultLayer, percent: f64) -> Vec<usize> {
    layer.handle().set([FaultRule::new(Fault::Abort, percent)]).unwrap();
    let mut service = layer.layer(answers());
    let mut hit = Vec::new();
    for at in 0..100 {
        if call(&mut service, Context::new()).await.is_err() {
            hit.push(at);
        }
    }
    hit
}

#[tokio::test]
async fn nothing_happens_before_there_are_rules_and_after_they_are_off() {
    let layer = FaultLayer::new();
    let (handle, mut service) = (layer.handle(), layer.layer(answers()));
    assert!(call(&mut service, Context::new()).await.is_ok() && !handle.is_on());
    handle.set([FaultRule::new(Fault::Abort, 100.0)]).unwrap();
    assert!(call(&mut service, Context::new()).await.is_err() && handle.is_on());
    handle.off();
    assert!(call(&mut service, Context::new()).await.is_ok() && !handle.is_on());
    handle.set([FaultRule::new(Fault::Abort, 100.0)]).unwrap();
    assert!(call(&mut layer.clone().layer(answers()), Context::new()).await.is_err(), "clones share it");
    handle.set([]).unwrap();
    assert!(call(&mut service, Context::new()).await.is_ok() && !handle.is_on());
}

#[tokio::test]
async fn the_user_sees_exceptions_and_connections_that_end() {
    let mut service = always(Fault::exception(1001, "a drill"));
    let error = call(&mut service, Context::new()).await.unwrap_err();
    let text = "remote exception 1001 calling EchoSvc.Echo (at the peer): a drill";
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Remote, text));
    let told = error.to_exception();
    assert_eq!((told.code, &*told.message), (1001, "a drill"), "on a server");

    let error = call(&mut always(Fault::Abort), Context::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Closed, Sent::Maybe));
    assert_eq!(
        error.to_string(),
        "connection closed calling EchoSvc.Echo (while waiting for the response): the connection was cut by an \
         injected fault"
    );
}

#[tokio::test(start_paused = true)]
async fn delays_add_up_and_end_with_the_calls_time() {
    let layer = FaultLayer::new();
    let delay = |time| FaultRule::new(Fault::Delay(time), 100.0);
    layer.handle().set([delay(20 * MS), delay(30 * MS)]).unwrap();
    let began = Instant::now();
    assert!(call(&mut layer.layer(answers()), Context::new()).await.is_ok());
    assert_eq!(began.elapsed(), 50 * MS);

    layer.handle().set([delay(Duration::MAX), delay(Duration::MAX)]).unwrap();
    let began = Instant::now();
    let mut service = DeadlineLayer::new(100 * MS).layer(layer.layer(answers()));
    assert_eq!(call(&mut service, Context::new()).await.unwrap_err().kind(), ErrorKind::Deadline);
    assert_eq!(began.elapsed(), 100 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_ends_at_its_deadline_and_without_one_not_at_all() {
    let mut service = always(Fault::Drop);
    let (began, mut context) = (Instant::now(), Context::new());
    context.deadline = Some(Deadline::after(began.into_std(), 70 * MS));
    let error = call(&mut service, context).await.unwrap_err();
    assert_eq!((error.kind(), error.stage(), began.elapsed()), (ErrorKind::Deadline, Stage::Read, 70 * MS));
    let endless = tokio::time::timeout(Duration::from_secs(3600), call(&mut service, Context::new()));
    assert!(endless.await.is_err());
}

#[tokio::test]
async fn a_garbled_answer_has_other_bytes_and_the_same_length_and_head() {
    let mut service = always(Fault::Garble);
    let garbled = |response: Response| response.body.message().cloned().unwrap().into_bytes();
    let (plain, mut seen) = (bytes().into_bytes(), Vec::new());
    for _ in 0..20 {
        let response = call(&mut service, Context::new()).await.unwrap();
        assert_eq!(response.status, Status::Ok);
        let bytes = garbled(response);
        let changed = bytes.iter().zip(&plain).filter(|(one, other)| one != other).count();
        assert_eq!((bytes.len(), changed), (1000, 16), "one of each 64");
        seen.push(bytes);
    }
    seen.dedup();
    assert_eq!(seen.len(), 20, "no two alike");
    let mut service = always(Fault::Garble);
    assert_eq!(
        garbled(call(&mut service, Context::new()).await.unwrap()),
        seen[0],
        "the same seed, the same bytes"
    );
}

#[tokio::test]
async fn a_garbled_answer_without_a_byte_or_with_an_error_is_what_it_was() {
    let layer = FaultLayer::new();
    layer.handle().set([FaultRule::new(Fault::Garble, 100.0)]).unwrap();
    let empty = Payload::new(Protocol::Binary, kitex_codec::Bytes::new());
    let mock = Mock::new(move |_| std::future::ready(Ok(Response::new(Status::Ok, empty.clone()))));
    assert!(call(&mut layer.layer(mock), Context::new()).await.unwrap().body.message().unwrap().is_empty());
    let fails = Mock::new(|_| std::future::ready(Err(Error::handler("no"))));
    assert_eq!(call(&mut layer.layer(fails), Context::new()).await.unwrap_err().message(), "no");
}

#[tokio::test]
async fn every_message_of_a_stream_is_garbled() {
    let layer = FaultLayer::new();
    layer.handle().set([FaultRule::new(Fault::Garble, 100.0)]).unwrap();
    let mock = Mock::new(|_| {
        let body = Body::Stream(MessageStream::of([bytes(), bytes()]));
        std::future::ready(Ok(Response { body, ..Response::empty(Status::Ok) }))
    });
    let Body::Stream(mut stream) = call(&mut layer.layer(mock), Context::new()).await.unwrap().body else {
        panic!("no stream")
    };
    for _ in 0..2 {
        assert_ne!(stream.next().await.unwrap().unwrap().into_bytes(), bytes().into_bytes());
    }
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn the_share_is_kept_and_a_seed_hits_the_same_calls_again() {
    let tenth = hit(&FaultLayer::seeded(3), 10.0).await;
    assert!((4..=18).contains(&tenth.len()), "{tenth:?}");
    assert_eq!(hit(&FaultLayer::seeded(3), 10.0).await, tenth);
    assert_ne!(hit(&FaultLayer::seeded(4), 10.0).await, tenth);
    assert_eq!(hit(&FaultLayer::seeded(3), 0.0).await, [0; 0]);
    assert_eq!(hit(&FaultLayer::seeded(3), 100.0).await.len(), 100);
}

#[tokio::test]
async fn only_the_calls_that_a_rule_is_for_are_hit_and_the_first_fault_counts() {
    let layer = FaultLayer::new();
    let rules = [
        FaultRule::new(Fault::exception(1, "one"), 100.0).of(Match::all().callers(["one"])),
        FaultRule::new(Fault::exception(2, "two"), 100.0).of(Match::all().metadata(
            Scope::Persistent,
            "TWO",
            ["yes"],
        )),
        FaultRule::new(Fault::exception(3, "three"), 100.0)
            .of(Match::all().when(|request| request.context.caller() == "three")),
        FaultRule::new(Fault::exception(4, "four"), 100.0).of(Match::all().methods(["None"])),
    ];
    layer.handle().set(rules).unwrap();
    let mut service = layer.layer(answers());
    for (caller, two, expected) in [
        ("one", "", Some(1)),
        ("one", "yes", Some(1)),
        ("", "yes", Some(2)),
        ("three", "", Some(3)),
        ("", "", None),
    ] {
        let mut context = Context::new();
        context.set_caller(caller, "");
        context.metadata.set(Scope::Persistent, "TWO", two);
        let code = call(&mut service, context).await.err().and_then(|error| error.code());
        assert_eq!(code, expected, "{caller} {two}");
    }
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused_and_change_nothing() {
    let layer = FaultLayer::new();
    let handle = layer.handle();
    handle.set([FaultRule::new(Fault::Abort, 100.0)]).unwrap();
    for (percent, shown) in [(100.1, "100.1"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let error = handle.set([FaultRule::new(Fault::Drop, percent)]).unwrap_err();
        let expected =
            format!("FaultRule::percent: {shown} is no share of a hundred: at least 0, at most 100");
        assert_eq!((error.setting(), error.to_string()), ("FaultRule::percent", expected));
    }
    let nowhere = FaultRule::new(Fault::Drop, 1.0).of(Match::all().peers(["nowhere"]));
    assert_eq!(handle.set([nowhere]).unwrap_err().setting(), "Match::peers");
    let error = call(&mut layer.layer(answers()), Context::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn a_function_that_panics_fails_that_call_and_is_named() {
    let layer = FaultLayer::new();
    let panics = Match::all().when(|request| request.context.caller() == "loud" && panic!("boom"));
    let rules = [FaultRule::new(Fault::Abort, 0.0), FaultRule::new(Fault::Abort, 100.0).of(panics)];
    layer.handle().set(rules).unwrap();
    let mut service = layer.layer(answers());
    let mut loud = Context::new();
    loud.set_caller("loud", "");
    assert_eq!(
        call(&mut service, loud).await.unwrap_err().to_string(),
        "handler panic calling EchoSvc.Echo (in a layer): the function of fault rule 2 panicked: boom"
    );
    assert!(call(&mut service, Context::new()).await.is_ok());
}

#[tokio::test]
async fn rules_and_what_they_have_done_can_be_looked_at() {
    let registry = Registry::new();
    let layer = FaultLayer::new().register(&registry);
    let state = || registry.inspect()[0].clone();
    assert_eq!(state(), json!({ "kind": "fault", "name": "", "state": { "on": false, "rules": [] } }));
    let echo = Match::all().methods(["Echo"]);
    let rules = [
        FaultRule::new(Fault::Delay(Duration::ZERO), 0.0),
        FaultRule::new(Fault::exception(6, "a drill"), 100.0).of(echo.callers(["batch"])),
    ];
    layer.handle().set(rules).unwrap();
    let mut service = layer.layer(answers());
    for caller in ["batch", "front"] {
        let mut context = Context::new();
        context.set_caller(caller, "");
        let _ = call(&mut service, context).await;
    }
    layer.handle().off();
    let of = "method in [Echo] and caller in [batch]";
    let rules = json!([
        { "fault": "delay 0ns", "percent": 0.0, "of": "all", "matched": 2, "injected": 0 },
        { "fault": "exception 6: a drill", "percent": 100.0, "of": of, "matched": 1, "injected": 1 },
    ]);
    assert_eq!(state()["state"], json!({ "on": false, "rules": rules }));
}
