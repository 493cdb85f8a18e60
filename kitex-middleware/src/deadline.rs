//! One deadline over everything that a call does.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower_layer::Layer;
use tower_service::Service;

use kitex_core::{
    Beneath, BoxCall, BoxError, CallRef, CallResult, Context, Deadline, DeadlineTerms, Error, ErrorKind,
    Layered, Request, Response, StackRef, Stage, Within, boxed_call, polled, refused_call,
};

use crate::clock::now;
use crate::guard::{AnswerFuture, AsFuture, ByRef, Guard, Inner, Nothing, guard_layer, into_error};

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
    fn late(&self, terms: Option<&DeadlineTerms>) -> Error {
        let Self { default, stage, .. } = *self;
        if stage != Stage::Handle {
            return terms.map_or_else(|| Error::deadline(stage), |terms| Error::deadline_of(stage, terms));
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
        DeadlineService::new(inner, Some(*self))
    }
}

/// The service of [`DeadlineLayer`].
#[derive(Debug, Clone)]
pub struct DeadlineService<S> {
    inner: S,
    /// May be left out.
    layer: Option<DeadlineLayer>,
}

impl<S> DeadlineService<S> {
    pub(crate) fn new(inner: S, layer: Option<DeadlineLayer>) -> Self {
        Self { inner, layer }
    }

    #[inline(always)]
    fn begin(&self, request: &mut Request) -> Result<Option<End>, Error> {
        let Some(layer) = &self.layer else { return Ok(None) };
        let at = layer.begin(request)?;
        Ok(at.map(|at| End::new(at, &request.context)))
    }
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
        let (call, refused) = match self.begin(&mut request) {
            Ok(end) => (DeadlineCall { call: Some(AnswerFuture::new(self.inner.call(request))), end }, None),
            Err(error) => (DeadlineCall { call: None, end: None }, Some(error)),
        };
        DeadlineFuture { call, layer: self.layer, refused }
    }
}

impl<S: CallRef> Layered for DeadlineService<S> {
    type Inner = S;

    #[inline(always)]
    fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: CallRef> CallRef for DeadlineService<S> {
    type Call = DeadlineCall<S::Call>;

    #[inline(always)]
    fn begin(&self, request: &mut Request, call: Pin<&mut Self::Call>) -> Result<(), Error> {
        let this = call.project();
        if let Some(end) = self.begin(request)? {
            *this.end = Some(end);
        }
        self.inner.begin(request, this.call)
    }

    #[inline(always)]
    fn poll_call(
        &self,
        call: Pin<&mut Self::Call>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    ) {
        call.poll(self.layer.as_ref(), &ByRef(&self.inner), task, result);
    }

    #[inline(always)]
    fn clear(&self, call: Pin<&mut Self::Call>) {
        let this = call.project();
        self.inner.clear(this.call);
        *this.end = None;
    }

    fn call_within<'a, W, R>(whole: &R, mut request: Request) -> BoxCall<'a>
    where
        W: Within<Service = Self>,
        R: StackRef<W::Whole> + 'a,
    {
        match W::find(whole).begin(&mut request) {
            Ok(None) => S::call_within::<Beneath<W>, R>(whole, request),
            Ok(end) => boxed_call::<W, R>(whole, |service, call| {
                let this = call.project();
                *this.end = end;
                service.inner.begin(&mut request, this.call)
            }),
            Err(error) => refused_call(error),
        }
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
    fn holds(&self) -> bool {
        false
    }

    #[inline]
    fn admit(&self, request: &mut Request, _: &mut Option<Nothing>) -> Result<(), Error> {
        assign(request, self.default, now()).map(|_| ())
    }
}

pin_project! {
    /// A call that ends at its deadline.
    #[derive(Debug)]
    pub struct DeadlineCall<C> {
        #[pin]
        call: C,
        end: Option<End>,
    }
}

pin_project! {
    /// The answer to a call that ends at its deadline, of a service of tower's kind.
    #[derive(Debug)]
    #[must_use = "a call is made when it is awaited"]
    pub struct DeadlineFuture<F> {
        #[pin]
        call: DeadlineCall<Option<F>>,
        layer: Option<DeadlineLayer>,
        // Why there is no call.
        refused: Option<Error>,
    }
}

/// Where a call ends. Small, since each call has room for it.
#[derive(Debug)]
struct End {
    at: Deadline,
    /// For the error of a call that outlives it, where a deadline is not always the layer's own.
    terms: Option<Box<DeadlineTerms>>,
    /// In a box: it is seldom set.
    timer: Option<Pin<Box<Sleep>>>,
}

impl End {
    fn new(at: Deadline, context: &Context) -> Self {
        Self { at, terms: context.deadline_terms().map(Box::new), timer: None }
    }

    fn poll(&mut self, layer: Option<&DeadlineLayer>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let (Some(layer), at) = (layer, self.at.instant()) else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at.into())));
        timer.as_mut().poll(task).map(|()| Err(layer.late(self.terms.as_deref())))
    }
}

impl<C: Default> Default for DeadlineCall<C> {
    #[inline(always)]
    fn default() -> Self {
        Self { call: C::default(), end: None }
    }
}

impl<C> DeadlineCall<C> {
    /// Goes on with what is beneath, unless it is too late.
    #[inline(always)]
    fn poll(
        self: Pin<&mut Self>,
        layer: Option<&DeadlineLayer>,
        inner: &impl Inner<C>,
        task: &mut TaskContext<'_>,
        result: &mut Poll<CallResult>,
    ) {
        let mut this = self.project();
        inner.poll(this.call.as_mut(), task, result);
        if let (Poll::Pending, Some(end)) = (&*result, this.end)
            && let ended @ Poll::Ready(_) = end.poll(layer, task)
        {
            // What is told outside of the end comes after what is told beneath.
            inner.clear_early(this.call);
            *result = ended;
        }
    }
}

impl<F: Future<Output = CallResult>> Future for DeadlineFuture<F> {
    type Output = CallResult;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<CallResult> {
        let this = self.project();
        let layer = this.layer.as_ref();
        polled(this.refused, |result| this.call.poll(layer, &AsFuture, task, result))
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
        let error = Error::deadline(Stage::Local).with_method(&request.method);
        return Err(error.with_deadline_of(&request.context));
    }
    Ok(at)
}
