//! Any service, called by reference.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, Waker, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

use kitex_core::{BoxError, CallRef, CallResult, Error, Request, Response, forget_end, poll_future};

use crate::guard::into_error;

/// A service that is cloned for each call, waited for until it is ready, and called, as tower asks for.
#[derive(Debug, Clone)]
pub(super) struct Cloned<S>(pub(super) S);

impl<S> CallRef for Cloned<S>
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Call = Option<ClonedFuture<S, S::Future>>;

    fn begin(&self, request: &mut Request, mut call: Pin<&mut Self::Call>) -> Result<(), Error> {
        let request = request.take();
        let mut service = self.0.clone();
        // Nearly every service is ready at once.
        let answer = match service.poll_ready(&mut TaskContext::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => ClonedFuture::Called { answer: service.call(request) },
            Poll::Ready(Err(error)) => return Err(into_error(error)),
            Poll::Pending => ClonedFuture::Waiting { service, request: Some(Box::new(request)) },
        };
        call.set(Some(answer));
        Ok(())
    }

    fn poll_call(
        &self,
        call: Pin<&mut Self::Call>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    ) {
        poll_future(call, task, result);
    }

    fn clear(&self, mut call: Pin<&mut Self::Call>) {
        call.set(None);
    }
}

pin_project! {
    /// The answer of a service that may not be ready yet.
    #[project = ClonedProjection]
    pub(super) enum ClonedFuture<S, F> {
        Waiting { service: S, request: Option<Box<Request>> },
        Called { #[pin] answer: F },
    }
}

impl<S, F> Future for ClonedFuture<S, F>
where
    S: Service<Request, Response = Response, Future = F>,
    S::Error: Into<BoxError>,
    F: Future<Output = Result<Response, S::Error>>,
{
    type Output = CallResult;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let answer = match self.as_mut().project() {
            ClonedProjection::Called { answer } => {
                let mut polled = answer.poll(task).map_err(into_error);
                if let Poll::Ready(result) = &mut polled {
                    // What such a layer has done since the call within ended belongs to the call, too.
                    forget_end(result);
                }
                return polled;
            }
            ClonedProjection::Waiting { service, request } => {
                ready!(service.poll_ready(task)).map_err(into_error)?;
                let Some(request) = request.take() else { return Poll::Pending };
                service.call(*request)
            }
        };
        self.set(Self::Called { answer });
        self.poll(task)
    }
}
