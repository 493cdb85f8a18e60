//! A layer that may be left out.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use kitex_core::{BoxError, BoxFuture, CallRef, CallResult, Error, Request, Response};

use crate::guard::{AnswerFuture, into_error};

/// A layer that may be left out, without a box for either.
#[derive(Debug, Clone)]
pub(crate) struct Optional<L>(pub(crate) Option<L>);

impl<S, L: Layer<S>> Layer<S> for Optional<L> {
    type Service = OptionalService<L::Service, S>;

    fn layer(&self, inner: S) -> Self::Service {
        match &self.0 {
            Some(layer) => OptionalService::Layered(layer.layer(inner)),
            None => OptionalService::Bare(inner),
        }
    }
}

/// A service with a layer or without.
#[derive(Clone)]
pub(crate) enum OptionalService<A, B> {
    Layered(A),
    Bare(B),
}

impl<A, B> Service<Request> for OptionalService<A, B>
where
    A: Service<Request, Response = Response>,
    A::Error: Into<BoxError>,
    B: Service<Request, Response = Response>,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Error;
    type Future = OptionalFuture<AnswerFuture<A::Future>, AnswerFuture<B::Future>>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        match self {
            Self::Layered(service) => service.poll_ready(task).map_err(into_error),
            Self::Bare(service) => service.poll_ready(task).map_err(into_error),
        }
    }

    #[inline(always)]
    fn call(&mut self, request: Request) -> Self::Future {
        match self {
            Self::Layered(service) => {
                OptionalFuture::Layered { answer: AnswerFuture::new(service.call(request)) }
            }
            Self::Bare(service) => OptionalFuture::Bare { answer: AnswerFuture::new(service.call(request)) },
        }
    }
}

impl<A: CallRef, B: CallRef> CallRef for OptionalService<A, B> {
    type Future = OptionalFuture<A::Future, B::Future>;

    #[inline(always)]
    fn call_taking(&self, request: &mut Request) -> Self::Future {
        match self {
            Self::Layered(service) => OptionalFuture::Layered { answer: service.call_taking(request) },
            Self::Bare(service) => OptionalFuture::Bare { answer: service.call_taking(request) },
        }
    }

    fn call_boxed(&self, request: Request) -> BoxFuture<CallResult> {
        match self {
            Self::Layered(service) => service.call_boxed(request),
            Self::Bare(service) => service.call_boxed(request),
        }
    }
}

pin_project! {
    /// The answer of a service with a layer or without.
    #[project = OptionalProjection]
    pub(crate) enum OptionalFuture<A, B> {
        Layered { #[pin] answer: A },
        Bare { #[pin] answer: B },
    }
}

impl<A, B> Future for OptionalFuture<A, B>
where
    A: Future<Output = CallResult>,
    B: Future<Output = CallResult>,
{
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        match self.project() {
            OptionalProjection::Layered { answer } => answer.poll(task),
            OptionalProjection::Bare { answer } => answer.poll(task),
        }
    }
}

impl<A, B> fmt::Debug for OptionalService<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OptionalService")
    }
}
