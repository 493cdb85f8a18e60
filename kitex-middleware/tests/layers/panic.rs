//! Panics as errors.

#![expect(clippy::panic, reason = "that is what is caught")]

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use kitex_core::{
    Body, Context, Error, ErrorKind, MessageSource, MessageStream, Payload, Response, Sent, Stage, Status,
};
use kitex_middleware::{CatchPanicLayer, from_fn};
use tower_layer::Layer;

use crate::mock::{Mock, call, never};

/// A call that panics before it has a future.
fn at_once() -> Mock {
    Mock::new(|_| -> std::future::Ready<Result<Response, Error>> { panic!("boom") })
}

/// A call that panics after it has waited.
fn later() -> Mock {
    Mock::new(|_| async {
        tokio::task::yield_now().await;
        panic!("boom {}", 2)
    })
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("dropped");
        }
    }
}

#[tokio::test]
async fn on_a_client_a_panic_is_an_error_of_its_layers() {
    for (mock, said) in [(at_once(), "boom"), (later(), "boom 2")] {
        let error = call(&mut CatchPanicLayer::client().layer(mock), Context::new()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "handler panic calling EchoSvc.Echo (in a layer): a layer of this client panicked: {said}"
            )
        );
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Panic, Sent::Maybe));
    }
}

#[tokio::test]
async fn on_a_server_a_panic_is_what_kitex_tells_of_one() {
    for (mock, said) in [(at_once(), "boom"), (later(), "boom 2")] {
        let error = call(&mut CatchPanicLayer::server().layer(mock), Context::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Panic, Stage::Handle));
        let told = error.to_exception();
        let text = "panic: [happened in biz handler, method=EchoSvc.Echo, please check the panic at the server side]";
        assert_eq!((told.code, &*told.message), (6, &*format!("{text} {said}")));
    }
}

#[tokio::test]
async fn layers_around_it_see_the_error() {
    let counting = from_fn(|request, next: kitex_middleware::Next| async move {
        match next.run(request).await {
            Err(error) if error.kind() == ErrorKind::Panic => Ok::<_, Error>(Response::empty(Status::Ok)),
            other => other,
        }
    });
    let mut service = counting.layer(CatchPanicLayer::client().layer(later()));
    assert!(call(&mut service, Context::new()).await.is_ok());
}

#[tokio::test]
async fn what_does_not_panic_is_passed_on() {
    let answers = Mock::new(|_| std::future::ready(Ok(Response::empty(Status::Exception(1)))));
    let response = call(&mut CatchPanicLayer::server().layer(answers), Context::new()).await.unwrap();
    assert_eq!(response.status, Status::Exception(1));
    let fails = Mock::new(|_| std::future::ready(Err(Error::handler("no"))));
    let error = call(&mut CatchPanicLayer::server().layer(fails), Context::new()).await.unwrap_err();
    assert_eq!(error.message(), "no");
}

#[tokio::test]
async fn a_panic_while_a_call_is_given_up_is_caught() {
    let mock = Mock::new(|_| async {
        let _bomb = Bomb;
        never().await
    });
    let mut service = CatchPanicLayer::client().layer(mock);
    let mut running = Box::pin(call(&mut service, Context::new()));
    assert!(futures_poll(running.as_mut()).is_pending());
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(running)));
    assert!(dropped.is_ok());
}

#[tokio::test]
async fn a_panic_in_the_drop_of_what_has_answered_leaves_the_answer() {
    let mock = Mock::new(|_| BombBehind { _bomb: Bomb });
    assert!(call(&mut CatchPanicLayer::client().layer(mock), Context::new()).await.is_ok());
}

/// Answers, and panics when it is dropped.
struct BombBehind {
    _bomb: Bomb,
}

impl Future for BombBehind {
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(Response::empty(Status::Ok)))
    }
}

/// Gives a message, and panics then.
struct Loud(Option<Payload>);

impl MessageSource for Loud {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Result<Payload, Error>>> {
        match self.0.take() {
            Some(payload) => Poll::Ready(Some(Ok(payload))),
            None => panic!("out of words"),
        }
    }
}

#[tokio::test]
async fn a_panic_in_a_stream_is_the_error_that_ends_it() {
    let mock = Mock::new(|request| {
        let loud = Loud(request.body.message().cloned());
        let body = Body::Stream(MessageStream::new(loud));
        std::future::ready(Ok(Response { body, ..Response::empty(Status::Ok) }))
    });
    let response = call(&mut CatchPanicLayer::client().layer(mock), Context::new()).await.unwrap();
    let Body::Stream(mut stream) = response.body else { panic!("no stream") };
    assert!(stream.next().await.unwrap().is_ok());
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.message(), "a layer of this client panicked: out of words");
    assert!(stream.next().await.is_none());
}

fn futures_poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut TaskContext::from_waker(std::task::Waker::noop()))
}
