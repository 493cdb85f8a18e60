//! What a call ends with in place of a failure.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kitex_codec::{
    ApplicationException, DecodeError, EncodeError, Limits, Message, Str, ThriftReader, ThriftWriter, Type,
};
use kitex_core::{
    Body, BusinessStatus, CallError, CallResult, Context, Error, ErrorKind, MessageStream, MethodResult,
    Payload, Protocol, Registry, Request, Response, Scope, SharedService, Stage, Status,
};
use kitex_middleware::{DeadlineLayer, FallbackLayer, Match, fallback};
use tower_layer::Layer;

use crate::mock::{ECHO, Mock, call, never, request};

/// The result struct of a method that gives a text and throws an exception as field 3, as it is generated.
#[derive(Debug)]
struct EchoResult(Result<Str, ApplicationException>);

impl MethodResult for EchoResult {
    type Success = Str;
    type Exception = ApplicationException;

    fn from_outcome(outcome: Result<Str, ApplicationException>) -> Self {
        Self(outcome)
    }

    fn into_outcome(self) -> Option<Result<Str, ApplicationException>> {
        Some(self.0)
    }
}

impl Message for EchoResult {
    fn encode<W: ThriftWriter>(&self, out: &mut W) -> Result<(), EncodeError> {
        out.begin_struct()?;
        match &self.0 {
            Ok(value) => {
                out.write_field(Type::String, 0);
                out.write_str(value)?;
            }
            Err(exception) => {
                out.write_field(Type::Struct, 3);
                exception.encode(out)?;
            }
        }
        out.end_struct();
        Ok(())
    }

    fn decode<R: ThriftReader>(from: &mut R) -> Result<Self, DecodeError> {
        let mut outcome = Ok(Str::new());
        from.begin_struct()?;
        while let Some(field) = from.read_field()? {
            match (field.id, field.kind) {
                (0, Type::String) => outcome = Ok(from.read_str()?),
                (3, Type::Struct) => outcome = Err(Message::decode(from)?),
                _ => from.skip(field.kind)?,
            }
        }
        Ok(Self(outcome))
    }
}

fn outcome(response: &Response) -> Result<Str, ApplicationException> {
    response.body.message().unwrap().decode::<EchoResult>(&Limits::default()).unwrap().0
}

fn failing(error: impl Fn() -> Error + Send + Sync + 'static) -> Mock {
    Mock::new(move |_| std::future::ready(Err(error())))
}

fn answering(status: Status) -> Mock {
    Mock::new(move |_| std::future::ready(Ok(Response::empty(status.clone()))))
}

fn error(kind: ErrorKind, stage: Stage) -> Error {
    Error::new(kind, stage, "no")
}

/// True if the layer answers in place of the error.
async fn acts(layer: &FallbackLayer, error: impl Fn() -> Error + Send + Sync + 'static) -> bool {
    let result = call(&mut layer.clone().layer(failing(error)), Context::new()).await;
    result.is_ok()
}

fn any() -> FallbackLayer {
    FallbackLayer::new(|_, _| async { fallback::answer::<EchoResult>(Str::from("instead")) })
}

#[tokio::test]
async fn a_fallback_answers_with_a_typed_value() {
    let result = call(&mut any().layer(failing(|| Error::handler("no"))), Context::new()).await.unwrap();
    assert_eq!((&result.status, outcome(&result).unwrap().as_str()), (&Status::Ok, "instead"));
}

#[tokio::test]
async fn a_fallback_ends_a_call_in_every_way_that_a_handler_can() {
    let thrown = ApplicationException { code: 9, message: Str::from("thrown") };
    let response = fallback::end::<EchoResult>(Err(CallError::Exception(thrown.clone()))).unwrap();
    assert_eq!((&response.status, outcome(&response)), (&Status::Exception(3), Err(thrown)));
    let status = BusinessStatus::new(404, "gone");
    let response = fallback::end::<EchoResult>(Err(status.clone().into())).unwrap();
    assert_eq!(response.status, Status::Business(Box::new(status)));
    let error = fallback::end::<EchoResult>(Err(Error::handler("no").into())).unwrap_err();
    assert_eq!(error.message(), "no");
}

#[tokio::test]
async fn a_fallback_sees_request_and_error_and_may_leave_it() {
    let seen = Arc::new(Mutex::new(None));
    let layer = FallbackLayer::new({
        let seen = Arc::clone(&seen);
        move |request: Request, error: Error| {
            let user = request.context.persistent("USER").unwrap_or_default().to_owned();
            let bytes = request.body.message().map(|payload| payload.len());
            *seen.lock().unwrap() = Some((request.method.to_string(), user, bytes, error.kind()));
            async { Err(error) }
        }
    });
    let mut context = Context::new();
    context.metadata.set(Scope::Persistent, "USER", "ada");
    let failure = || error(ErrorKind::Closed, Stage::Read);
    let returned = call(&mut layer.layer(failing(failure)), context).await.unwrap_err();
    assert_eq!(returned.to_string(), "connection closed (while waiting for the response): no");
    let expected = ("EchoSvc.Echo".to_owned(), "ada".to_owned(), Some(1), ErrorKind::Closed);
    assert_eq!(seen.lock().unwrap().take(), Some(expected));
}

#[tokio::test]
async fn the_ready_made_classes_are_for_what_they_say() {
    type Class = fn(&Error) -> bool;
    let classes: [Class; 4] =
        [fallback::timeouts, fallback::limits, fallback::connections, fallback::everything];
    type Make = fn() -> Error;
    let cases: [(Make, [bool; 4]); 7] = [
        (|| Error::deadline(Stage::Read), [true, false, false, true]),
        (|| Error::refused("breaker", "open"), [false, true, false, true]),
        (|| Error::handler("busy").with_push_back(Duration::from_secs(1)), [false, true, false, true]),
        (|| error(ErrorKind::Limit, Stage::Decode), [false, false, false, true]),
        (|| error(ErrorKind::Connect, Stage::Dial), [false, false, true, true]),
        (|| error(ErrorKind::Closed, Stage::Read), [false, false, true, true]),
        (|| Error::handler("no"), [false, false, false, true]),
    ];
    for (make, expected) in cases {
        for (class, expected) in classes.into_iter().zip(expected) {
            assert_eq!(acts(&any().on(class), make).await, expected, "{}", make());
        }
        assert!(acts(&any(), make).await, "without a class it is for every error: {}", make());
    }
    let either = any().on(fallback::timeouts).on(|error| error.message() == "no");
    assert!(acts(&either, || Error::deadline(Stage::Read)).await);
    assert!(acts(&either, || Error::handler("no")).await);
    assert!(!acts(&either, || Error::handler("yes")).await);
}

#[tokio::test]
async fn answers_are_left_alone_unless_they_are_asked_for() {
    let business = Status::Business(Box::new(BusinessStatus::new(7, "seven")));
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let for_answers = FallbackLayer::for_answers(move |_, result: CallResult| {
        counting.fetch_add(1, Ordering::Relaxed);
        std::future::ready(match result {
            Ok(response) if matches!(response.status, Status::Business(_)) => {
                fallback::answer::<EchoResult>(Str::from("instead"))
            }
            other => other,
        })
    });
    for (status, ends_with, times) in [
        (business.clone(), Status::Ok, 1),
        (Status::Exception(1), Status::Exception(1), 2),
        (Status::Ok, Status::Ok, 2),
    ] {
        let plain = call(&mut any().layer(answering(status.clone())), Context::new()).await.unwrap();
        assert_eq!(plain.status, status);
        let response = call(&mut for_answers.layer(answering(status)), Context::new()).await.unwrap();
        assert_eq!((response.status, asked.load(Ordering::Relaxed)), (ends_with, times));
    }
    let error = call(&mut for_answers.layer(failing(|| Error::handler("no"))), Context::new()).await;
    assert_eq!((error.unwrap_err().message(), asked.load(Ordering::Relaxed)), ("no", 3));
}

#[tokio::test]
async fn only_the_calls_that_it_is_for_are_kept_and_answered() {
    let mock = Mock::new(|mut request: Request| {
        let empty = Body::Stream(MessageStream::of([]));
        let Body::Message(payload) = std::mem::replace(&mut request.body, empty) else { panic!("a stream") };
        let kept = !payload.into_bytes().is_unique();
        std::future::ready(Err(Error::handler(if kept { "kept" } else { "not kept" })))
    });
    let error = Arc::new(Mutex::new(String::new()));
    for (method, expected) in [("Echo", "answered, kept"), ("Other", "not kept")] {
        let seen = Arc::clone(&error);
        let answers = FallbackLayer::new(move |_, error: Error| {
            *seen.lock().unwrap() = format!("answered, {}", error.message());
            async { fallback::answer::<EchoResult>(Str::new()) }
        });
        let service = answers.only(Match::all().methods([method])).unwrap().layer(mock.clone());
        let payload = Payload::new(Protocol::Binary, kitex_codec::Bytes::from(vec![0]));
        match service.call(Request::new(&ECHO, payload)).await {
            Ok(_) => assert_eq!(*error.lock().unwrap(), expected),
            Err(error) => assert_eq!(error.message(), expected),
        }
    }
    let error = any().only(Match::all().peers(["nowhere"])).unwrap_err();
    assert_eq!(error.setting(), "Match::peers");
}

#[tokio::test]
async fn a_request_that_is_a_stream_keeps_its_failure() {
    let service = any().layer(failing(|| Error::handler("no")));
    let mut request = request(Context::new());
    request.body = Body::Stream(MessageStream::of([]));
    assert_eq!(service.call(request).await.unwrap_err().message(), "no");
}

#[tokio::test]
async fn a_whole_service_can_stand_by() {
    let stands_by = SharedService::from_fn(|request| {
        Box::pin(async move { fallback::answer::<EchoResult>(Str::from(request.method.name())) })
    });
    let layer = FallbackLayer::service(stands_by);
    let response = call(&mut layer.layer(failing(|| Error::handler("no"))), Context::new()).await.unwrap();
    assert_eq!(outcome(&response).unwrap(), "Echo");
}

#[tokio::test(start_paused = true)]
async fn a_fallback_of_a_client_answers_for_the_calls_time_whoever_notices_first_that_it_is_over() {
    let fallback = |_, error: Error| async move {
        assert!(error.to_string().contains("the call's deadline has passed: 20ms"), "{error}");
        Ok(Response::empty(Status::Ok))
    };
    let layer = FallbackLayer::new(fallback).on(fallback::timeouts);
    let mut service =
        DeadlineLayer::new(Duration::from_millis(20)).layer(layer.layer(Mock::new(|_| never())));
    let began = tokio::time::Instant::now();
    call(&mut service, Context::new()).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_has_what_is_left_of_the_calls_time() {
    let slow = FallbackLayer::new(|_, _| never());
    let mut service =
        DeadlineLayer::new(Duration::from_secs(1)).layer(slow.layer(failing(|| Error::handler("no"))));
    let began = tokio::time::Instant::now();
    assert_eq!(call(&mut service, Context::new()).await.unwrap_err().kind(), ErrorKind::Deadline);
    assert_eq!(began.elapsed(), Duration::from_secs(1));

    let times_out = DeadlineLayer::new(Duration::from_secs(1)).layer(Mock::new(|_| never()));
    let mut service = any().on(fallback::timeouts).layer(times_out);
    assert!(call(&mut service, Context::new()).await.is_ok(), "outside of the deadline it answers for it");
}

#[tokio::test]
async fn the_end_of_a_fallback_is_the_end_of_the_call() {
    let ended = std::time::Duration::from_secs(7);
    let at = tokio::time::Instant::now().into_std() - ended;
    let layer = FallbackLayer::new(move |_, _| async move {
        Ok(Response { ended: Some(at), ..Response::empty(Status::Ok) })
    });
    let response = call(&mut layer.layer(failing(|| Error::handler("no"))), Context::new()).await.unwrap();
    assert_eq!(response.ended, None);
}

#[tokio::test]
async fn what_panics_fails_that_call_and_is_named() {
    let at_once = FallbackLayer::new(|_, _| -> std::future::Ready<CallResult> { panic!("boom") });
    let later = FallbackLayer::new(|_, _| async {
        tokio::task::yield_now().await;
        panic!("boom")
    });
    let picks = any().on(|error| error.message() == "no" && panic!("boom"));
    let only = any().only(Match::all().when(|_| panic!("boom"))).unwrap();
    let cases = [
        (at_once, "the fallback panicked: boom"),
        (later, "the fallback panicked: boom"),
        (picks, "the function that picks a fallback's errors panicked: boom"),
        (only, "the function in a fallback's `only` panicked: boom"),
    ];
    for (layer, text) in cases {
        let error =
            call(&mut layer.layer(failing(|| Error::handler("no"))), Context::new()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("handler panic calling EchoSvc.Echo (in a layer): {text}"));
    }
    let picks = any().on(|error| error.message() == "no" && panic!("boom"));
    assert!(!acts(&picks, || Error::handler("yes")).await);
}

#[tokio::test]
async fn what_it_has_stood_in_for_can_be_looked_at() {
    let registry = Registry::new();
    let layer = FallbackLayer::new(|request: Request, error| async move {
        match request.context.caller() {
            "front" => Ok(Response::empty(Status::Ok)),
            _ => Err(error),
        }
    });
    let layer = layer.register(&registry);
    let state = || registry.inspect()[0].clone();
    let none = serde_json::json!({ "answered": 0, "failed": 0, "last_error": null });
    assert_eq!(state(), serde_json::json!({ "kind": "fallback", "name": "", "state": none }));
    let mut service = layer.layer(Mock::new(|_| async { Err(Error::handler("down")) }));
    let mut front = Context::new();
    front.set_caller("front", "");
    call(&mut service, front).await.unwrap();
    call(&mut service, Context::new()).await.unwrap_err();
    call(&mut service, Context::new()).await.unwrap_err();
    let state = state()["state"].clone();
    assert_eq!((&state["answered"], &state["failed"]), (&1.into(), &2.into()));
    assert!(state["last_error"].as_str().unwrap().ends_with("down"), "{state}");
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_when_its_fallback_does() {
    for fails in [true, false] {
        let layer = FallbackLayer::new(move |_, error: Error| async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            if fails { Err(error) } else { Ok(Response::empty(Status::Ok)) }
        });
        let failing = Mock::new(|_| {
            let mut result = Err(Error::deadline(Stage::Read));
            kitex_core::ended_at(&mut result, || tokio::time::Instant::now().into_std());
            std::future::ready(result)
        });
        let result = call(&mut layer.layer(failing), Context::new()).await;
        assert_eq!(result.is_err(), fails);
        assert_eq!(kitex_core::known_end(&result), None, "who asks now reads the clock");
    }
}
