//! Where a generated client hands in its request and waits for its answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use kitex_core::{BoxFuture, Error, Request, Response};
use tower_service::Service;

/// The service under one call. The test takes the request out and puts the answer in.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<Exchange>>);

#[derive(Default)]
struct Exchange {
    request: Option<Request>,
    answer: Option<Result<Response, Error>>,
}

impl Wire {
    pub(crate) fn take_request(&self) -> Option<Request> {
        self.0.lock().unwrap().request.take()
    }

    pub(crate) fn answer(&self, answer: Result<Response, Error>) {
        self.0.lock().unwrap().answer = Some(answer);
    }
}

impl Service<Request> for Wire {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.0.lock().unwrap().request = Some(request);
        Box::pin(Waiting(self.clone()))
    }
}

struct Waiting(Wire);

impl Future for Waiting {
    type Output = Result<Response, Error>;

    /// Wakes nobody: whoever puts an answer in polls.
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.0.lock().unwrap().answer.take().map_or(Poll::Pending, Poll::Ready)
    }
}
