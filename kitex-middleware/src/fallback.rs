//! What a call ends with in place of a failure.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use serde_json::{Value, json};
use tower_layer::Layer;
use tower_service::Service;

use kitex_codec::Limits;
use kitex_core::{
    BoxError, BoxFuture, CallError, CallResult, Error, ErrorKind, Inspect, Method, MethodResult, Payload,
    Registry, Request, Response, Sent, SettingError, SharedService, Stage, Status, forget_end,
};

use crate::Match;
use crate::clock::now;
use crate::last::Last;
use crate::panic::{catch, caught, closure_panicked};

/// Answers in place of a call that failed, by an async function of the request and of the error.
///
/// ```
/// use kitex_core::{Error, Request, Response, Status};
/// use kitex_middleware::fallback::{self, FallbackLayer};
///
/// async fn no_news(request: Request, error: Error) -> Result<Response, Error> {
///     match request.method.name() {
///         // A method without a value. One with a value has a function: `GreeterClient::greet_answer(Ok(greeting))`.
///         "Refresh" => Ok(Response::empty(Status::Ok)),
///         _ => Err(error),
///     }
/// }
///
/// let layer = FallbackLayer::new(no_news).on(fallback::timeouts).on(fallback::limits);
/// ```
///
/// The function gives an answer, or the error that the caller gets. Without [`on`](Self::on) it is asked about every
/// error, with it about those that one of the given functions is for. A declared exception and a business status are
/// answers; to be asked about them too, use [`for_answers`](Self::for_answers). Layers inside of this one see the
/// failure, those outside what took its place.
///
/// A whole service can stand by, see [`service`](Self::service); it is the typed way for more than a method or two.
///
/// The request is kept for as long as the call runs: its bytes are shared, its metadata is copied. Where no fallback
/// could act, nothing is kept: with [`only`](Self::only) that are the calls that it is not for. A request that is a
/// stream is never kept, and its failure stays one. An answer that is a stream is passed on; if it fails later, that is
/// no matter of this layer.
///
/// A fallback has what is left of the call's time, and its own calls inherit that with the request's context: of one that
/// is asked because that time is over an answer counts that is there at once. If it
/// panics, or if a function that picks errors does, the call fails with [`ErrorKind::Panic`].
#[derive(Clone)]
pub struct FallbackLayer {
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Shared {
    function: Arc<Function>,
    errors: Vec<Arc<Picks>>,
    answers: bool,
    only: Match,
    counts: Arc<Counts>,
}

/// What a fallback has done.
#[derive(Debug, Default)]
struct Counts {
    answered: AtomicU64,
    failed: AtomicU64,
    /// What it stood in for.
    last_error: Last,
}

type Function = dyn Fn(Request, CallResult) -> BoxFuture<CallResult> + Send + Sync;

type Picks = dyn Fn(&Error) -> bool + Send + Sync;

impl FallbackLayer {
    /// A fallback for calls that failed.
    pub fn new<F, A>(function: F) -> Self
    where
        F: Fn(Request, Error) -> A + Send + Sync + 'static,
        A: Future<Output = CallResult> + Send + 'static,
    {
        let function = move |request, result: CallResult| -> BoxFuture<CallResult> {
            match result {
                Err(error) => Box::pin(function(request, error)),
                Ok(answer) => Box::pin(std::future::ready(Ok(answer))),
            }
        };
        Self::of(Arc::new(function), false)
    }

    /// A fallback for calls that failed, and for those that a declared exception or a business status has answered; the
    /// function tells them by the [`Status`] of the response.
    pub fn for_answers<F, A>(function: F) -> Self
    where
        F: Fn(Request, CallResult) -> A + Send + Sync + 'static,
        A: Future<Output = CallResult> + Send + 'static,
    {
        Self::of(Arc::new(move |request, result| Box::pin(function(request, result))), true)
    }

    /// A service that stands by: it is called with the request of each call that failed, and what it says counts. A
    /// generated server over another handler is such a service, and a channel to another place.
    ///
    /// ```
    /// # use kitex_core::{Error, Request, Response, SharedService, Status};
    /// # let greeter_server = SharedService::from_fn(|_| Box::pin(async { Ok(Response::empty(Status::Ok)) }));
    /// use kitex_middleware::{FallbackLayer, Match, fallback};
    ///
    /// // let greeter_server = GreeterServer::new(Yesterday);
    /// let greet = Match::all().methods(["Greet"]);
    /// let layer = FallbackLayer::service(greeter_server).on(fallback::timeouts).only(greet)?;
    /// # Ok::<(), kitex_core::SettingError>(())
    /// ```
    pub fn service<S>(service: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        let service = SharedService::new(service);
        Self::new(move |request, _| service.call(request))
    }

    fn of(function: Arc<Function>, answers: bool) -> Self {
        let shared =
            Shared { function, errors: Vec::new(), answers, only: Match::all(), counts: Arc::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Is for the errors that `picks` says yes to, and those of the other functions given in this way.
    pub fn on(mut self, picks: impl Fn(&Error) -> bool + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.shared).errors.push(Arc::new(picks));
        self
    }

    /// Lists the fallback as `fallback`: how many calls it has `answered`, how many `failed` all the same, and the
    /// `last_error` that it stood in for.
    pub fn register(self, registry: &Registry) -> Self {
        registry.add(&self.shared.counts);
        self
    }

    /// Is for these calls only. Errors if a condition makes no sense.
    pub fn only(mut self, calls: Match) -> Result<Self, SettingError> {
        calls.check()?;
        Arc::make_mut(&mut self.shared).only = calls;
        Ok(self)
    }
}

impl<S> Layer<S> for FallbackLayer
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    /// Gives the future that the service beneath has boxed already, where no fallback could act.
    type Service = SharedService;

    fn layer(&self, inner: S) -> SharedService {
        let (inner, shared) = (SharedService::new(inner), Arc::clone(&self.shared));
        SharedService::from_fn(move |request| call(&shared, &inner, request))
    }
}

fn call(shared: &Arc<Shared>, inner: &SharedService, request: Request) -> BoxFuture<CallResult> {
    let kept = match catch(|| shared.only.holds(&request)) {
        Ok(true) => request.try_clone(),
        Ok(false) => None,
        Err(said) => {
            let error = closure_panicked("the function in a fallback's `only`", &request.method, &said);
            return Box::pin(std::future::ready(Err(error)));
        }
    };
    let Some(kept) = kept else { return inner.call(request) };
    let (answer, shared) = (in_time(inner.call(request), &kept), Arc::clone(shared));
    Box::pin(async move {
        let result = answer.await;
        match catch(|| shared.is_for(&result)) {
            Ok(false) => result,
            Ok(true) => shared.fall_back(kept, result).await,
            Err(said) => {
                Err(closure_panicked("the function that picks a fallback's errors", &kept.method, &said))
            }
        }
    })
}

/// An answer, or the failure of a call that is still waited for after its deadline. Who ends it for that outside of this
/// layer is woken by the same moment as who does beneath, and whichever is first must not decide whether there is a
/// fallback. On a server the connection ends calls, a little later than their callers do.
fn in_time(mut answer: BoxFuture<CallResult>, request: &Request) -> impl Future<Output = CallResult> + use<> {
    let context = &request.context;
    let deadline = context.deadline.filter(|_| context.connection().is_none());
    let (terms, method) = (context.deadline_terms(), request.method.clone());
    poll_fn(move |task| {
        let polled = answer.as_mut().poll(task);
        if polled.is_pending() && deadline.is_some_and(|deadline| deadline.has_passed(now())) {
            let late = || Error::deadline(Stage::Read);
            let late = terms.map_or_else(late, |terms| Error::deadline_of(Stage::Read, &terms));
            return Poll::Ready(Err(late.with_method(&method)));
        }
        polled
    })
}

impl Shared {
    fn is_for(&self, result: &CallResult) -> bool {
        match result {
            Ok(response) => self.answers && !response.status.is_ok(),
            Err(error) => self.errors.is_empty() || self.errors.iter().any(|picks| picks(error)),
        }
    }

    async fn fall_back(&self, request: Request, result: CallResult) -> CallResult {
        let method = request.method.clone();
        if let Err(error) = &result {
            self.counts.last_error.note(error.to_string());
        }
        let ended = self.run(method, request, result).await;
        let count = if ended.is_ok() { &self.counts.answered } else { &self.counts.failed };
        count.fetch_add(1, Ordering::Relaxed);
        ended
    }

    async fn run(&self, method: Method, request: Request, result: CallResult) -> CallResult {
        let caught = match catch(|| (self.function)(request, result)) {
            Ok(answer) => caught(answer).await,
            Err(said) => Err(said),
        };
        let mut ended = caught.unwrap_or_else(|said| Err(closure_panicked("the fallback", &method, &said)));
        // The call has gone on after what it failed with.
        forget_end(&mut ended);
        ended
    }
}

impl Inspect for Counts {
    fn kind(&self) -> &'static str {
        "fallback"
    }

    fn inspect(&self) -> Value {
        json!({
            "answered": self.answered.load(Ordering::Relaxed),
            "failed": self.failed.load(Ordering::Relaxed),
            "last_error": self.last_error.get(),
        })
    }
}

impl fmt::Debug for FallbackLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackLayer").field("only", &self.shared.only).finish_non_exhaustive()
    }
}

/// The answer of a method, for a layer that answers in its place. `R` is the method's result struct. Errors if the value
/// cannot be encoded.
///
/// It is in Thrift Binary, and knows its type: a server that was asked in another protocol says it in that.
///
/// A generated client has a function of its own for each method: `GreeterClient::greet_answer(Ok(greeting))`.
pub fn answer<R: MethodResult>(value: R::Success) -> CallResult {
    end::<R>(Ok(value))
}

/// Like [`answer`], for whatever a method can end with: what its handler could return.
pub fn end<R: MethodResult>(outcome: Result<R::Success, CallError<R::Exception>>) -> CallResult {
    let (thrown, result) = match outcome {
        Ok(value) => (false, R::from_outcome(Ok(value))),
        Err(CallError::Exception(exception)) => (true, R::from_outcome(Err(exception))),
        Err(CallError::Status(status)) => return Ok(Response::empty(Status::Business(status))),
        Err(CallError::Failed(error)) => return Err(error),
    };
    let payload = Payload::encode_typed(&result, &Limits::default())?;
    let status = if thrown {
        Status::Exception(payload.first_field().map_or(0, |field| field.id))
    } else {
        Status::Ok
    };
    Ok(Response::new(status, payload))
}

/// Errors of calls that were not over in time.
pub fn timeouts(error: &Error) -> bool {
    error.kind() == ErrorKind::Deadline
}

/// Errors of calls that a limit or a breaker did not admit, here or, with a push-back, at the peer.
pub fn limits(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Limit => error.sent() == Sent::Never,
        _ => error.push_back().is_some(),
    }
}

/// Errors of the way there: no connection could be made, or it ended while the call ran.
pub fn connections(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Connect | ErrorKind::Closed)
}

/// Every error.
pub fn everything(_: &Error) -> bool {
    true
}
