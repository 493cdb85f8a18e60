//! What panics on a client's side of a call ends that call, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test stands on is a part of it")]

mod echo;

use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll, Waker};

use kitex_codec::{DecodeError, EncodeError, Message, ThriftReader, ThriftWriter};
use kitex_core::{
    BoxFuture, CallError, CallResult, ClientHandle, Error, ErrorKind, MethodResult, NoException, Request,
    Response, SharedService, Stage, Status,
};

use echo::{Args, EchoResult, METHODS, block_on};

/// A message that panics, as arguments and as a result.
struct Bomb;

impl Message for Bomb {
    fn encode<W: ThriftWriter>(&self, _: &mut W) -> Result<(), EncodeError> {
        panic!("in encode")
    }

    fn decode<R: ThriftReader>(_: &mut R) -> Result<Self, DecodeError> {
        panic!("in decode")
    }
}

impl MethodResult for Bomb {
    type Success = ();
    type Exception = NoException;

    fn from_outcome(_: Result<(), NoException>) -> Self {
        Self
    }

    fn into_outcome(self) -> Option<Result<(), NoException>> {
        None
    }
}

/// An answer that panics when it is polled, if it is told to, and in any case when it is dropped.
struct Falling {
    polled: bool,
}

impl Future for Falling {
    type Output = CallResult;

    fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<CallResult> {
        if self.polled {
            panic!("in poll");
        }
        Poll::Pending
    }
}

impl Drop for Falling {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

fn client(call: impl Fn(Request) -> BoxFuture<CallResult> + Send + Sync + 'static) -> ClientHandle {
    ClientHandle::new(SharedService::from_fn(call))
}

fn empty() -> ClientHandle {
    client(|_| Box::pin(async { Ok(Response::empty(Status::Ok)) }))
}

fn failed<T, E>(outcome: Result<T, CallError<E>>) -> Error {
    match outcome {
        Err(CallError::Failed(error)) => error,
        _ => panic!("the call has failed"),
    }
}

#[test]
fn what_panics_on_the_way_out_or_back_is_the_error_of_the_call() {
    let layer = client(|_| panic!("in a layer"));
    let poll = client(|_| Box::pin(Falling { polled: true }));
    let calls = [
        ("in encode", failed(block_on(empty().call::<_, EchoResult>(&METHODS[0], &Bomb).into_future()))),
        (
            "in a layer",
            failed(block_on(layer.call::<_, EchoResult>(&METHODS[0], &Args::default()).into_future())),
        ),
        (
            "in poll",
            failed(block_on(poll.call::<_, EchoResult>(&METHODS[0], &Args::default()).into_future())),
        ),
        ("in decode", failed(block_on(empty().call::<_, Bomb>(&METHODS[0], &Args::default()).into_future()))),
    ];
    for (said, error) in calls {
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Panic, Stage::Layer), "{said}");
        assert_eq!(error.message(), format!("a layer or a message of this client panicked: {said}"));
        assert_eq!(error.method().unwrap().to_string(), "EchoSvc.Echo");
    }
}

#[test]
fn giving_up_a_call_that_panics_then_harms_nobody() {
    let service = client(|_| Box::pin(Falling { polled: false }));
    let mut call = Box::pin(service.call::<_, EchoResult>(&METHODS[0], &Args::default()).into_future());
    let task = &mut TaskContext::from_waker(Waker::noop());
    assert!(pin!(&mut call).poll(task).is_pending());
    drop(call);
    let reply = service.call::<_, EchoResult>(&METHODS[0], &Args::default()).reply();
    let mut reply = Box::pin(reply.into_future());
    assert!(reply.as_mut().poll(task).is_pending());
}
