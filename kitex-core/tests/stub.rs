//! A client's stub over a server's stub, in one process: what ends a call, and what rides with it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test stands on is a part of it")]

mod echo;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use kitex_codec::{ApplicationException, Bytes, Limits, Str};
use kitex_core::{
    Body, BoxError, BoxFuture, BusinessStatus, CallDefaults, CallError, ClientHandle, Context, Error,
    ErrorKind, MessageStream, Payload, Protocol, Request, Response, Scope, SharedService, Stage, Status,
};
use tower_service::Service;

use echo::{Args, EchoClient, EchoResult, EchoServer, METHODS, Oops, block_on, client};

/// A service that is a function of the request.
#[derive(Clone)]
struct Answering<F>(F);

impl<F> Service<Request> for Answering<F>
where
    F: Fn(Request) -> Result<Response, BoxError> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = BoxError;
    type Future = BoxFuture<Result<Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let answer = (self.0)(request);
        Box::pin(std::future::ready(answer))
    }
}

fn answering(
    answer: impl Fn(Request) -> Result<Response, BoxError> + Clone + Send + Sync + 'static,
) -> EchoClient {
    EchoClient(ClientHandle::new(Answering(answer)))
}

fn failed<T: std::fmt::Debug>(outcome: Result<T, CallError<Oops>>) -> Error {
    match outcome {
        Err(CallError::Failed(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_value_comes_back() {
    let client = client(|_, said| Ok(said));
    assert_eq!(block_on(client.echo("hello")).unwrap(), "hello");
    let long = "x".repeat(1 << 20);
    assert_eq!(block_on(client.echo(long.as_str())).unwrap(), long.as_str());
}

#[test]
fn a_declared_exception_is_typed_and_layers_see_its_id() {
    let server = SharedService::new(EchoServer::new(|_, said| Err(CallError::Exception(Oops(said)))));
    let client = EchoClient(ClientHandle::new(server.clone()));
    let CallError::Exception(oops) = block_on(client.echo("bad")).unwrap_err() else {
        panic!("an exception")
    };
    assert_eq!(oops, Oops("bad".into()));
    let payload = Payload::encode(&Args { said: "bad".into() }, &Limits::default()).unwrap();
    let response = block_on(server.call(Request::new(&METHODS[0], payload))).unwrap();
    assert_eq!(response.status, Status::Exception(1));
}

#[test]
fn a_business_status_is_one() {
    let client = client(|_, said| Err(BusinessStatus::new(404, said).with_extra("k", "v").into()));
    let CallError::Status(status) = block_on(client.echo("not found")).unwrap_err() else {
        panic!("a status")
    };
    assert_eq!((status.code, &*status.message, &*status.extra["k"]), (404, "not found", "v"));
}

#[test]
fn a_failure_names_the_method() {
    let error = failed(block_on(client(|_, _| Err(CallError::failed("boom"))).echo("x")));
    assert_eq!((error.kind(), error.message()), (ErrorKind::Handler, "boom"));
    assert_eq!(error.method().unwrap().to_string(), "EchoSvc.Echo");
}

#[test]
fn the_failure_of_a_call_within_a_handler_is_the_handlers() {
    let inner = client(|_, _| Err(CallError::failed("boom")));
    let undecodable = answering(|request| {
        Err(Error::new(ErrorKind::Arguments, Stage::Decode, "no arguments")
            .with_method(&request.method)
            .into())
    });
    for (inner, said) in [(inner, "boom"), (undecodable, "undecodable arguments: no arguments")] {
        let outer = client(move |_, said| match block_on(inner.echo(said)) {
            Err(CallError::Failed(error)) => Err(error.into()),
            other => other,
        });
        let error = failed(block_on(outer.echo("x")));
        assert_eq!((error.kind(), error.message()), (ErrorKind::Handler, said));
        assert!(!error.is_retry_safe());
    }
}

/// A layer between the two sees bytes that know what they are in, and can send them again.
#[test]
fn a_call_and_its_answer_are_in_the_protocol_of_the_client() {
    for protocol in [Protocol::Binary, Protocol::Compact, Protocol::Json] {
        let server = SharedService::new(EchoServer::new(|_, said: Str| match &*said {
            "bad" => Err(CallError::Exception(Oops(said))),
            "status" => Err(BusinessStatus::new(404, "no").into()),
            _ => Ok(said),
        }));
        let twice = SharedService::from_fn(move |request: Request| {
            let again = request.try_clone().unwrap();
            let server = server.clone();
            Box::pin(async move {
                assert_eq!(request.body.message().unwrap().protocol(), protocol);
                let first = server.call(request).await?;
                if !matches!(first.status, Status::Business(_)) {
                    assert_eq!(first.body.message().unwrap().protocol(), protocol);
                }
                let second = server.call(again).await?;
                assert_eq!(first.status, second.status);
                Ok(second)
            })
        });
        let defaults = CallDefaults { protocol, ..CallDefaults::default() };
        let client = EchoClient(ClientHandle::with_defaults(twice, defaults));
        assert_eq!(block_on(client.echo("hello")).unwrap(), "hello");
        let thrown = block_on(client.echo("bad")).unwrap_err();
        assert_eq!(thrown.exception(), Some(&Oops("bad".into())));
        assert_eq!(block_on(client.echo("status")).unwrap_err().status().unwrap().code, 404);
    }
}

#[test]
fn an_answer_that_holds_nothing_is_missing_its_result() {
    let error = failed(block_on(answering(|_| Ok(Response::empty(Status::Ok))).echo("x")));
    assert_eq!(error.kind(), ErrorKind::MissingResult);
    assert_eq!(error.code(), Some(ApplicationException::MISSING_RESULT));
}

#[test]
fn arguments_that_cannot_be_decoded_are_named_as_such() {
    for bytes in [&b""[..], b"\x0b\0\x01\0\0\0\x05abc", b"\x0b\0\x01\0\0\0\x02\xff\xfe\0"] {
        let request =
            Request::new(&METHODS[0], Payload::new(Protocol::Binary, Bytes::copy_from_slice(bytes)));
        let server = SharedService::new(EchoServer::new(|_, _| panic!("no handler is called")));
        let error = block_on(server.call(request)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Arguments, "{error}");
        assert_eq!(error.to_exception().code, ApplicationException::PROTOCOL_ERROR);
    }
}

#[test]
fn a_result_that_cannot_be_decoded_is_an_error_of_the_peer() {
    let garbled = answering(|_| {
        let payload = Payload::new(Protocol::Binary, Bytes::from_static(b"\x0b\0\0\0\0\0\x05abc"));
        Ok(Response::new(Status::Ok, payload))
    });
    let error = failed(block_on(garbled.echo("x")));
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Protocol, Stage::Decode));
}

#[test]
fn a_oneway_call_ends_without_a_value() {
    let fired = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fired);
    let client = client(move |_, said| {
        count.fetch_add(said.len(), Ordering::Relaxed);
        Ok(said)
    });
    block_on(client.fire("four")).unwrap();
    assert_eq!(fired.load(Ordering::Relaxed), 4);
    // A transport answers a oneway call at once, with an empty struct.
    block_on(answering(|_| Ok(Response::empty(Status::Ok))).fire("x")).unwrap();
}

#[test]
fn a_stream_for_a_message_is_refused_on_both_sides() {
    let streamed = answering(|_| {
        let body = Body::Stream(MessageStream::of([]));
        Ok(Response { body, ..Response::empty(Status::Ok) })
    });
    assert_eq!(failed(block_on(streamed.echo("x"))).kind(), ErrorKind::Protocol);
    let mut request = Request::new(&METHODS[0], Payload::new(Protocol::Binary, Bytes::new()));
    request.body = Body::Stream(MessageStream::of([]));
    assert!(request.try_clone().is_none(), "a stream is read once");
    let server = SharedService::new(EchoServer::new(|_, said| Ok(said)));
    assert_eq!(block_on(server.call(request)).unwrap_err().kind(), ErrorKind::Arguments);
}

#[test]
fn metadata_rides_both_ways() {
    let client = client(|context: &mut Context, _| {
        let seen = format!("{:?} {:?}", context.transient("T"), context.persistent("P"));
        context.set_backward("B", "back");
        Ok(Str::from(seen))
    });
    let call = client.echo("x").transient("T", "1").persistent("P", "2");
    let reply = block_on(call.reply());
    assert_eq!(reply.result.unwrap(), "Some(\"1\") Some(\"2\")");
    assert_eq!(reply.metadata.get(Scope::Backward, "B"), Some("back"));
    // It comes with a failure too.
    let failing = echo::client(|context: &mut Context, _| {
        context.set_backward("B", "back");
        Err(CallError::failed("boom"))
    });
    assert_eq!(block_on(failing.echo("x").reply()).metadata.get(Scope::Backward, "B"), Some("back"));
    let error = failed(block_on(failing.echo("x")));
    assert_eq!(error.metadata().get(Scope::Backward, "B"), Some("back"));
}

#[test]
fn a_call_with_the_context_of_another_carries_on_what_is_persistent() {
    let far = client(|context: &mut Context, _| {
        let seen = [context.transient("T"), context.persistent("P"), context.persistent("OWN")];
        Ok(Str::from(format!("{seen:?} {}", context.caller_method())))
    });
    let near = client(move |context: &mut Context, said| {
        block_on(far.echo(said).persistent("OWN", "3").context(context))
    });
    let seen = block_on(near.echo("x").transient("T", "1").persistent("P", "2")).unwrap();
    // `caller_method` is what the transport sends; in one process it is what the context says.
    assert_eq!(seen, "[None, Some(\"2\"), Some(\"3\")] Echo");
}

#[test]
fn defaults_of_the_client_ride_with_every_call() {
    let mut defaults = CallDefaults::default();
    defaults.metadata.set(Scope::Persistent, "P", "1");
    let server = SharedService::new(EchoServer::new(|context: &mut Context, _| {
        Ok(Str::from(format!("{:?}", context.persistent("P"))))
    }));
    let client = EchoClient(ClientHandle::with_defaults(server, defaults));
    assert_eq!(block_on(client.echo("x")).unwrap(), "Some(\"1\")");
    assert_eq!(block_on(client.echo("x").persistent("P", "2")).unwrap(), "Some(\"2\")");
    assert_eq!(block_on(client.echo("x")).unwrap(), "Some(\"1\")", "a call's own stays its own");
}

#[test]
fn nothing_happens_before_a_call_is_awaited() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let client = client(move |_, said| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(said)
    });
    drop(client.echo("x").timeout(Duration::from_secs(1)));
    assert_eq!(made.load(Ordering::Relaxed), 0);
    block_on(client.echo("x")).unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 1);
}

#[test]
fn a_timeout_of_the_call_reaches_the_layers() {
    let client = answering(|request| {
        assert_eq!(request.context.timeout, Some(Duration::from_millis(50)));
        Ok(Response::empty(Status::Business(Box::new(BusinessStatus::new(1, "seen")))))
    });
    assert!(matches!(
        block_on(client.echo("x").timeout(Duration::from_millis(50))),
        Err(CallError::Status(_))
    ));
}

#[test]
fn arguments_over_a_limit_fail_before_anything_is_called() {
    let mut limits = Limits::default();
    limits.max_string = 10;
    let defaults = CallDefaults { limits, ..CallDefaults::default() };
    let server = SharedService::new(EchoServer::new(|_, said| Ok(said)));
    let client = EchoClient(ClientHandle::with_defaults(server, defaults));
    let error = failed(block_on(client.echo("01234567890")));
    assert_eq!((error.kind(), error.setting()), (ErrorKind::Encode, Some("Limits::max_string")));
    assert!(error.is_retry_safe());
    assert_eq!(error.method().unwrap().name(), "Echo");
}

#[test]
fn a_foreign_layers_error_is_kept_and_ours_is_found_again() {
    let error = failed(block_on(answering(|_| Err("shed".into())).echo("x")));
    assert_eq!(error.kind(), ErrorKind::Layer);
    assert!(error.to_string().ends_with(": shed"), "{error}");
    let error = failed(block_on(answering(|_| Err(Error::deadline(Stage::Pick).into())).echo("x")));
    assert_eq!((error.kind(), error.setting()), (ErrorKind::Deadline, Some("timeout")));
}

/// Ready at its second poll, as a foreign layer may be.
#[derive(Clone)]
struct Later<S>(S, bool);

impl<S: Service<Request>> Service<Request> for Later<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        if std::mem::replace(&mut self.1, true) {
            return self.0.poll_ready(task);
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }

    fn call(&mut self, request: Request) -> S::Future {
        assert!(self.1, "called before it was ready");
        self.0.call(request)
    }
}

#[test]
fn a_service_is_called_when_it_is_ready() {
    let server = Later(EchoServer::new(|_, said| Ok(said)), false);
    let client = EchoClient(ClientHandle::new(server));
    for _ in 0..2 {
        assert_eq!(block_on(client.echo("x")).unwrap(), "x");
    }
}

#[test]
fn a_request_is_sent_once_more_with_the_same_bytes() {
    let payload = Payload::encode(&Args { said: "x".repeat(5000).into() }, &Limits::default()).unwrap();
    let request = Request::new(&METHODS[0], payload);
    let again = request.try_clone().unwrap();
    let server = SharedService::new(EchoServer::new(|_, said| Ok(said)));
    for request in [request, again] {
        let response = block_on(server.call(request)).unwrap();
        let result: EchoResult = response.body.message().unwrap().decode(&Limits::default()).unwrap();
        assert_eq!(kitex_core::MethodResult::into_outcome(result).unwrap().unwrap().len(), 5000);
    }
}
