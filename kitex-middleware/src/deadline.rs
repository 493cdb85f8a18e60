//! One deadline over everything that a call does.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower_layer::Layer;
use tower_service::Service;

use kitex_core::{BoxError, CallRef, CallResult, Deadline, Error, ErrorKind, Request, Response, Stage};

use crate::clock::now;
use crate::guard::{AnswerFuture, Guard, Nothing, guard_layer, into_error};

/// What a call made on behalf of another leaves of that one's time, so that the answer can still be passed on: at most
/// this, and never more than a tenth of what is left.
const MARGIN: Duration = Duration::from_millis(5);

/// Gives each call a deadline and ends it there, by a timer that is made when the call first has to wait.
///
/// A caller's layer ([`new`](Self::new)) takes the call's own timeout, else the default, and never lets a call outlive
/// the one on whose behalf it is made: of what that one has left, a tenth, at most 5 ms, is kept back for its answer.
/// A server's layer ([`serve`](Self::serve)) leaves a deadline that came with the call alone. Both refuse a call whose
/// deadline has passed already.
///
/// ```
/// use std::time::Duration;
///
/// use kitex_middleware::DeadlineLayer;
///
/// let caller = DeadlineLayer::new(Duration::from_secs(1));
/// let server = DeadlineLayer::serve(Duration::from_secs(60));
/// ```
///
/// Needs a tokio runtime with a timer. What waits in `poll_ready` of a service beneath is waited for outside of the
/// deadline; beneath a [`SharedService`](kitex_core::SharedService) nothing does.
#[derive(Debug, Clone, Copy)]
pub struct DeadlineLayer {
    default: Duration,
    stage: Stage,
    /// Whether a call ends here, by a timer.
    keeps: bool,
    /// Whether the call begins where its context says: the clock was read just outside.
    begun: bool,
}

impl DeadlineLayer {
    /// For callers: a call takes its own timeout, or `default` if it has none.
    pub fn new(default: Duration) -> Self {
        Self { default, stage: Stage::Read, keeps: true, begun: false }
    }

    /// For servers: a call that comes without a deadline takes `default`. One that comes with a deadline is ended by
    /// whoever received it.
    pub fn serve(default: Duration) -> Self {
        Self { default, stage: Stage::Handle, keeps: true, begun: false }
    }

    /// For callers over a transport that ends calls at their deadline itself: assigns it, and costs no timer.
    pub fn assign(default: Duration) -> AssignDeadlineLayer {
        AssignDeadlineLayer { default }
    }

    /// Gives calls their deadline and sets no timer: for callers whose calls are ended at it by what is beneath. See
    /// [`LayerStack::may_wait`](crate::LayerStack::may_wait).
    pub fn kept_beneath(self) -> Self {
        Self { keeps: false, ..self }
    }

    /// For calls that have begun where their context says so.
    pub(crate) fn begun(self) -> Self {
        Self { begun: true, ..self }
    }

    /// Sees to a call's deadline; gives it if it is to be kept here.
    fn begin(&self, request: &mut Request) -> Result<Option<Deadline>, Error> {
        match self.stage {
            Stage::Handle => admit(request, self.default),
            _ => {
                let began = request.context.began.filter(|_| self.begun).unwrap_or_else(now);
                assign(request, self.default, began).map(|at| self.keeps.then_some(at))
            }
        }
    }

    /// The failure of a call that was not over in time. A caller that set no deadline is told whose it was.
    #[cold]
    fn late(&self) -> Error {
        let Self { default, stage, .. } = *self;
        if stage != Stage::Handle {
            return Error::deadline(stage);
        }
        let text = format!(
            "the call came without a deadline, and the server's default_timeout ({default:?}) has passed"
        );
        Error::new(ErrorKind::Deadline, stage, text).with_setting("default_timeout")
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> DeadlineService<S> {
        DeadlineService { inner, layer: *self }
    }
}

/// The service of [`DeadlineLayer`].
#[derive(Debug, Clone)]
pub struct DeadlineService<S> {
    inner: S,
    layer: DeadlineLayer,
}

impl<S> Service<Request> for DeadlineService<S>
where
    S: Service<Request, Response = Response>,
    S::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Error;
    type Future = DeadlineFuture<AnswerFuture<S::Future>>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(task).map_err(into_error)
    }

    #[inline(always)]
    fn call(&mut self, mut request: Request) -> Self::Future {
        let at = self.layer.begin(&mut request);
        DeadlineFuture::new(self.layer, at, || AnswerFuture::new(self.inner.call(request)))
    }
}

impl<S: CallRef> CallRef for DeadlineService<S> {
    type Future = DeadlineFuture<S::Future>;

    #[inline(always)]
    fn call_taking(&self, request: &mut Request) -> Self::Future {
        let at = self.layer.begin(request);
        DeadlineFuture::new(self.layer, at, || self.inner.call_taking(request))
    }
}

/// Gives each call a deadline, for the transport beneath to end it at. See [`DeadlineLayer::assign`].
#[derive(Debug, Clone, Copy)]
pub struct AssignDeadlineLayer {
    default: Duration,
}

guard_layer!(AssignDeadlineLayer);

impl Guard for AssignDeadlineLayer {
    type Held = Nothing;

    #[inline]
    fn admit(&self, request: &mut Request) -> Result<Option<Nothing>, Error> {
        assign(request, self.default, now()).map(|_| None)
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProjection]
    enum State<F> {
        Running { #[pin] answer: F, at: Option<Deadline> },
        Refused { error: Option<Error> },
    }
}

pin_project! {
    /// The answer to a call that ends at its deadline.
    #[derive(Debug)]
    #[must_use = "a call is made when it is awaited"]
    pub struct DeadlineFuture<F> {
        #[pin]
        state: State<F>,
        layer: DeadlineLayer,
        // In a box: it is seldom set, and every layer around this one would move it along.
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<F> DeadlineFuture<F> {
    #[inline(always)]
    fn new(layer: DeadlineLayer, at: Result<Option<Deadline>, Error>, call: impl FnOnce() -> F) -> Self {
        let state = match at {
            Ok(at) => State::Running { answer: call(), at },
            Err(error) => State::Refused { error: Some(error) },
        };
        Self { state, layer, timer: None }
    }
}

impl<F> Future for DeadlineFuture<F>
where
    F: Future<Output = CallResult>,
{
    type Output = CallResult;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let at = match this.state.project() {
            StateProjection::Refused { error } => {
                let error = error.take().unwrap_or_else(|| this.layer.late());
                return Poll::Ready(Err(error));
            }
            StateProjection::Running { answer, at } => {
                let polled = answer.poll(task);
                if polled.is_ready() {
                    return polled;
                }
                *at
            }
        };
        if let (None, Some(at)) = (&*this.timer, at) {
            *this.timer = Some(Box::pin(sleep_until(at.instant().into())));
        }
        match this.timer {
            Some(timer) => timer.as_mut().poll(task).map(|()| Err(this.layer.late())),
            None => Poll::Pending,
        }
    }
}

/// Gives an outgoing call its deadline. Errors if that has passed.
fn assign(request: &mut Request, default: Duration, now: Instant) -> Result<Deadline, Error> {
    let context = &mut request.context;
    context.began = Some(now);
    let mut at = Deadline::after(now, context.timeout.unwrap_or(default));
    if let Some(inherited) = context.deadline {
        at = at.min(inherited.less(MARGIN.min(inherited.remaining(now) / 10)));
    }
    context.deadline = Some(at);
    in_time(request, at, now)
}

/// Gives an incoming call a deadline if it has none, which is then ours to keep. Errors if the one it has has passed.
fn admit(request: &mut Request, default: Duration) -> Result<Option<Deadline>, Error> {
    let now = now();
    match request.context.deadline {
        Some(at) => in_time(request, at, now).map(|_| None),
        None => {
            let at = Deadline::after(now, default);
            request.context.deadline = Some(at);
            in_time(request, at, now).map(Some)
        }
    }
}

fn in_time(request: &Request, at: Deadline, now: Instant) -> Result<Deadline, Error> {
    if at.has_passed(now) {
        return Err(Error::deadline(Stage::Local).with_method(&request.method));
    }
    Ok(at)
}
