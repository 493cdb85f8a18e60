//! What stands before the handlers: the recorded server's refusals, and answers that generated code does not give.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll};

use golden::oracle;
use golden::script::{self, Outcome};
use kitex_codec::ApplicationException;
use kitex_core::{BoxFuture, Error, Request, Response, SharedService, Status};
use tower_service::Service;

use super::handlers::Form;

/// A layer over one service.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) inner: SharedService,
    /// The text with which every call is refused.
    pub(crate) refusal: Option<String>,
    /// Calls that are let pass before the limiter refuses.
    pub(crate) calls: Arc<AtomicUsize>,
    /// The outer form of the requests.
    pub(crate) form: &'static str,
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        if let Some(text) = self.refusal() {
            return Box::pin(async { Err(Error::application(ApplicationException::INTERNAL_ERROR, text)) });
        }
        if answers_nothing(&request) {
            return Box::pin(async { Ok(Response::empty(Status::Ok)) });
        }
        request.context.set_extension(Form(self.form));
        self.inner.call(request)
    }
}

impl Front {
    fn refusal(&self) -> Option<String> {
        let left = self.calls.fetch_sub(1, Ordering::Relaxed);
        let over = (left == 0).then(|| "request over limit: request too frequent".to_owned());
        self.refusal.clone().or(over)
    }
}

/// A handler of generated code cannot return no value; one of Kitex can.
fn answers_nothing(request: &Request) -> bool {
    let payload = request.body.message().filter(|_| request.method.name() == "Echo");
    let args = payload.and_then(|payload| oracle::tree(&payload.segments().to_bytes()));
    let answer = args.and_then(|args| script::answer("EchoSvc", "Echo", &args));
    answer.is_some_and(|answer| answer.outcome == Outcome::Nothing)
}

/// A service that answers with the bytes it was given.
#[derive(Clone)]
pub(crate) struct Returning;

impl Service<Request> for Returning {
    type Response = Response;
    type Error = Error;
    type Future = std::future::Ready<Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let payload = request.body.message().cloned().expect("a request without a stream");
        std::future::ready(Ok(Response::new(Status::Ok, payload)))
    }
}
