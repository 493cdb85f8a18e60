//! A call that failed: what, where, with whom, and whether it may be made again.

mod convert;
mod kind;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kitex_codec::{ApplicationException, Str};

use crate::{Context, DeadlineTerms, Metadata, Method, Peer, Request, Scope};

pub use kind::{ErrorKind, Sent, Stage};

/// Any error, as tower's layers give it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A call that failed. One pointer wide; layers read its fields, never its text.
///
/// ```
/// use kitex_core::{Error, ErrorKind, Method, Stage};
///
/// let error = Error::deadline(Stage::Pick).with_method(&Method::dynamic("EchoSvc", "Echo"));
/// assert_eq!((error.kind(), error.setting()), (ErrorKind::Deadline, Some("timeout")));
/// assert!(error.is_retry_safe(), "it never left this process");
/// assert_eq!(
///     error.to_string(),
///     "deadline exceeded calling EchoSvc.Echo (while waiting for a connection): the call's deadline has passed \
///      [setting: timeout]"
/// );
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    stage: Stage,
    message: Cow<'static, str>,
    code: Option<i32>,
    method: Option<Method>,
    peer: Option<Peer>,
    setting: Option<&'static str>,
    sent: Sent,
    metadata: Metadata,
    ended: Option<Instant>,
    attempts: u32,
    place: Option<usize>,
    source: Option<BoxError>,
    /// Behind a lock for the sake of those who share errors: a request may hold what threads cannot share.
    request: Option<Box<Mutex<Request>>>,
}

impl Error {
    /// An error of a kind, at a stage, with a text for people.
    #[cold]
    pub fn new(kind: ErrorKind, stage: Stage, message: impl Into<Cow<'static, str>>) -> Self {
        let sent = match stage {
            Stage::Local | Stage::Resolve | Stage::Pick | Stage::Dial => Sent::Never,
            _ => Sent::Maybe,
        };
        let message = message.into();
        Self(Box::new(Inner {
            kind,
            stage,
            message,
            code: None,
            method: None,
            peer: None,
            setting: None,
            sent,
            metadata: Metadata::new(),
            ended: None,
            attempts: 1,
            place: None,
            source: None,
            request: None,
        }))
    }

    /// What a handler returns when it fails; the caller gets it as application exception 6.
    #[cold]
    pub fn handler(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Handler, Stage::Handle, message)
    }

    /// What a handler returns when it fails and the caller shall see a code of its choice.
    #[cold]
    pub fn application(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self::handler(message).with_code(code)
    }

    /// The exception that the peer answered with.
    #[cold]
    pub fn remote(exception: ApplicationException) -> Self {
        let refused = is_refusal(&exception);
        let ApplicationException { code, message } = exception;
        let error = Self::new(ErrorKind::Remote, Stage::Remote, String::from(message)).with_code(code);
        if refused { error.with_sent(Sent::Never) } else { error }
    }

    /// What a failed call of its own is to a handler's caller: a failure of the handler, and nothing that this side
    /// says of its caller's call (spec: kitex-wire 10.1). What was said is kept as the source.
    #[cold]
    pub(crate) fn of_handler(mut self) -> Self {
        // When that call ended is no matter of this one, which goes on.
        self.0.ended = None;
        match (self.kind(), self.code()) {
            (ErrorKind::Handler, Some(_)) => {
                self.0.message = format!("{}{OF_HANDLER}", self.0.message).into();
                self
            }
            (ErrorKind::Handler | ErrorKind::Panic, _) => self,
            (_, code) => {
                let text = format!("{}: {}", self.kind().name(), self.source_text());
                let error = match code.filter(|code| !RESERVED.contains(code)) {
                    Some(code) => Self::application(code, text),
                    None => Self::handler(text),
                };
                error.with_source(self)
            }
        }
    }

    /// A method that the service does not have.
    #[cold]
    pub fn unknown_method(method: &Method) -> Self {
        let text = format!("unknown method {} (service {})", method.name(), method.service());
        Self::new(ErrorKind::UnknownMethod, Stage::Local, text)
            .with_code(ApplicationException::UNKNOWN_METHOD)
            .with_method(method)
    }

    /// A method that is not there for who names no service.
    #[cold]
    pub(crate) fn unknown_name(method: &str) -> Self {
        let text = format!("unknown method {method} (no service is named)");
        Self::new(ErrorKind::UnknownMethod, Stage::Local, text)
            .with_code(ApplicationException::UNKNOWN_METHOD)
    }

    /// A service that is not there.
    #[cold]
    pub fn unknown_service(service: &str, method: &str) -> Self {
        let text = format!("unknown service {service}, method {method}");
        Self::new(ErrorKind::UnknownService, Stage::Local, text)
            .with_code(ApplicationException::UNKNOWN_SERVICE)
    }

    /// A request that came after its connection was said to go away.
    #[cold]
    pub(crate) fn not_served(method: &Method) -> Self {
        let text = format!("{NOT_SERVED}the server is shutting down");
        Self::new(ErrorKind::Shutdown, Stage::Local, text).with_method(method)
    }

    /// A handler that panicked, with what it said.
    #[cold]
    pub fn panicked(method: &Method, said: &str) -> Self {
        let text = format!(
            "panic: [happened in biz handler, method={method}, please check the panic at the server side] {said}"
        );
        Self::new(ErrorKind::Panic, Stage::Handle, text).with_method(method)
    }

    /// The deadline passed. [`with_deadline_of`](Self::with_deadline_of) says which.
    #[cold]
    pub fn deadline(stage: Stage) -> Self {
        Self::new(ErrorKind::Deadline, stage, PASSED).with_setting("timeout")
    }

    /// A limit of this side was reached.
    #[cold]
    pub fn limit(setting: &'static str, stage: Stage, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Limit, stage, message).with_setting(setting)
    }

    /// A call that a limit of this side does not admit: nothing of it was done, and it can be made again.
    #[cold]
    pub fn refused(setting: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::limit(setting, Stage::Local, message)
    }

    /// An error of somebody else's layer; one of ours is taken out of its box again.
    #[cold]
    pub fn from_box(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => {
                Self::new(ErrorKind::Layer, Stage::Layer, "a layer failed the call").with_source(error)
            }
        }
    }

    /// Says of a deadline that has passed how long it was and who set it, as far as the call's context tells.
    pub fn with_deadline_of(mut self, context: &Context) -> Self {
        if self.0.kind == ErrorKind::Deadline
            && self.0.message == PASSED
            && let Some(terms) = context.deadline_terms().filter(DeadlineTerms::grant_time)
        {
            self.0.message = format!("{PASSED}: {terms}").into();
        }
        self
    }

    /// The deadline passed that these terms are of.
    #[cold]
    pub fn deadline_of(stage: Stage, terms: &DeadlineTerms) -> Self {
        let mut error = Self::deadline(stage);
        if terms.grant_time() {
            error.0.message = format!("{PASSED}: {terms}").into();
        }
        error
    }

    /// Adds to the text what may help.
    pub(crate) fn with_hint(mut self, hint: &'static str) -> Self {
        self.0.message = format!("{}{hint}", self.0.message).into();
        self
    }

    /// Adds an exception type code.
    pub fn with_code(mut self, code: i32) -> Self {
        self.0.code = Some(code);
        self
    }

    /// Adds the method, unless one is there.
    pub fn with_method(mut self, method: &Method) -> Self {
        self.0.method.get_or_insert_with(|| method.clone());
        self
    }

    /// Adds the peer, unless one is there.
    pub fn with_peer(mut self, peer: &Peer) -> Self {
        self.0.peer.get_or_insert_with(|| peer.clone());
        self
    }

    /// Adds the setting that names a limit.
    pub fn with_setting(mut self, setting: &'static str) -> Self {
        self.0.setting = Some(setting);
        self
    }

    /// Says whether the call may have reached the peer.
    pub fn with_sent(mut self, sent: Sent) -> Self {
        self.0.sent = sent;
        self
    }

    /// Adds the metadata that came, or that goes, with the exception.
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.0.metadata = metadata;
        self
    }

    /// Asks the caller to stay away for so long. It travels with the exception over TTHeader, in whole milliseconds, and
    /// says as well that the call was not begun.
    pub fn with_push_back(mut self, time: Duration) -> Self {
        let millis = time.as_nanos().div_ceil(1_000_000);
        self.0.metadata.set(Scope::Backward, PUSH_BACK, millis.to_string());
        self
    }

    /// For how long the callee asks the caller to stay away.
    pub fn push_back(&self) -> Option<Duration> {
        let millis = self.0.metadata.get(Scope::Backward, PUSH_BACK)?;
        millis.parse().ok().map(Duration::from_millis)
    }

    /// Adds how many times the call was made, of which this is the last failure.
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// How many times the call was made.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Adds the place, among the endpoints of a client, that the call went to.
    pub fn with_place(mut self, place: usize) -> Self {
        self.0.place = Some(place);
        self
    }

    /// The place, among the endpoints of a client, that the call went to, if it was one of several: see
    /// [`Tried`](crate::Tried).
    pub fn place(&self) -> Option<usize> {
        self.0.place
    }

    /// When the call failed, if somebody has looked at the clock.
    pub(crate) fn ended(&self) -> Option<Instant> {
        self.0.ended
    }

    pub(crate) fn ended_mut(&mut self) -> &mut Option<Instant> {
        &mut self.0.ended
    }

    /// Adds what caused it.
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What caused it, which its text ends with.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Where.
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// The type code of an application exception, received or to be sent.
    pub fn code(&self) -> Option<i32> {
        self.0.code
    }

    /// The text, without what the other fields say.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The method called, if it is known.
    pub fn method(&self) -> Option<&Method> {
        self.0.method.as_ref()
    }

    /// The other side, if it is known.
    pub fn peer(&self) -> Option<&Peer> {
        self.0.peer.as_ref()
    }

    /// The setting that names the limit that was reached.
    pub fn setting(&self) -> Option<&'static str> {
        self.0.setting
    }

    /// Whether the call may have reached the peer.
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// The metadata of the exception.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// Gives a request back that was asked for, if the call can be made again without being served twice. Nothing is
    /// left of it where it was.
    pub fn with_request(mut self, request: &mut Request) -> Self {
        if request.context.is_asked_back() && self.is_retry_safe() {
            self.0.request = Some(Box::new(Mutex::new(request.take())));
        }
        self
    }

    /// The request of the call, if it was [asked](crate::Context::ask_back) for and nobody has it yet.
    pub fn take_request(&mut self) -> Option<Request> {
        let request = self.0.request.take()?;
        Some(request.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// True if the call can be made again without being served twice.
    pub fn is_retry_safe(&self) -> bool {
        self.0.sent == Sent::Never
    }

    /// What the caller is told when a call fails with this error on a server (spec: kitex-wire 10.1, 10.2).
    pub fn to_exception(&self) -> ApplicationException {
        let message = match (self.0.kind, self.0.code) {
            (ErrorKind::Handler, None) => Str::from(format!("biz error: {}", self.0.message)),
            _ => self.source_text(),
        };
        let code = match self.0.kind {
            ErrorKind::Arguments => ApplicationException::PROTOCOL_ERROR,
            _ => self.0.code.unwrap_or(ApplicationException::INTERNAL_ERROR),
        };
        ApplicationException { code, message }
    }

    fn source_text(&self) -> Str {
        match (&self.0.source, self.0.kind) {
            (Some(source), ErrorKind::Layer | ErrorKind::Arguments | ErrorKind::Encode) => {
                Str::from(format!("{}: {source}", self.0.message))
            }
            _ => Str::from(&*self.0.message),
        }
    }
}

/// What the error of every deadline says first.
const PASSED: &str = "the call's deadline has passed";

/// The backward key of a push-back, in milliseconds.
const PUSH_BACK: &str = "retry-pushback-ms";

/// Codes by which a server says something of the call itself.
const RESERVED: std::ops::RangeInclusive<i32> = 0..=21;

/// What a server of this project says first of a request that no handler has seen.
pub(crate) const NOT_SERVED: &str = "not served: ";

/// True if the exception is a router's, or a server's that shuts down or is busy: no handler has seen the call. A handler may use
/// the same codes, or pass on such an exception of its own call; then the text is another (spec: kitex-wire 10.1, 10.2,
/// 12.4).
fn is_refusal(exception: &ApplicationException) -> bool {
    let texts: &[&str] = match exception.code {
        ApplicationException::INTERNAL_ERROR => &[NOT_SERVED],
        // Apache's peers are told so of a service, too.
        ApplicationException::UNKNOWN_METHOD => &["unknown method ", "unknown service "],
        ApplicationException::UNKNOWN_SERVICE => &["unknown service "],
        _ => return false,
    };
    let says = |text: &&str| exception.message.starts_with(*text);
    texts.iter().any(says) && !exception.message.ends_with(OF_HANDLER)
}

/// What the text of an exception ends with whose code a handler has chosen.
const OF_HANDLER: &str = " [biz error]";

/// All of it, with what [caused](Error::cause) it.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.write_str(inner.kind.name())?;
        // Of what this side has found itself the kind says as much as the code.
        if let (ErrorKind::Remote | ErrorKind::Handler, Some(code)) = (inner.kind, inner.code) {
            write!(f, " {code}")?;
        }
        if let Some(method) = &inner.method {
            write!(f, " calling {method}")?;
        }
        if let Some(peer) = &inner.peer {
            write!(f, " at {peer}")?;
        }
        write!(f, " ({}): {}", inner.stage.name(), inner.message)?;
        if let Some(setting) = inner.setting {
            write!(f, " [setting: {setting}]")?;
        }
        if let Some(source) = &inner.source {
            write!(f, ": {source}")?;
        }
        if inner.attempts > 1 {
            write!(f, " [attempts: {}]", inner.attempts)?;
        }
        Ok(())
    }
}

/// As [`Display`](fmt::Display), which is what a `main` that returns the error shows; `{:#?}` gives every field.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("stage", &inner.stage)
            .field("message", &inner.message)
            .field("code", &inner.code)
            .field("method", &inner.method)
            .field("peer", &inner.peer)
            .field("setting", &inner.setting)
            .field("sent", &inner.sent)
            .field("attempts", &inner.attempts)
            .field("source", &inner.source)
            .finish()
    }
}

/// What caused an error is part of its text, so that its source is what comes behind that: who prints an error with all
/// of its sources says nothing twice. [`Error::cause`] gives it.
impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause()?.source()
    }
}

#[cfg(test)]
mod tests;
