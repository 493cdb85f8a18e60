//! What a call knows beside its message.

mod cancel;
mod peer;
mod terms;

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kitex_codec::{Limits, Str};

use crate::metadata::Entries;
use crate::trace::Noted;
use crate::{Deadline, Metadata, Method, Scope, head};

pub use cancel::{CancelReason, Cancellation};
pub use peer::{ConnectionInfo, Peer};
pub use terms::DeadlineTerms;

use cancel::CancelGuard;

/// What a call knows beside its message: metadata, deadline, the peer, cancellation.
///
/// A handler gets it, and passes it to the calls that it makes on the caller's behalf, which then inherit the deadline
/// and the persistent metadata.
///
/// ```
/// use kitex_core::{Context, Scope};
///
/// fn greet(context: &mut Context) -> String {
///     context.set_backward("SERVED-BY", "greeter");
///     format!("hello, {}", context.persistent("USER").unwrap_or("stranger"))
/// }
///
/// let mut context = Context::new();
/// context.metadata.set(Scope::Persistent, "USER", "ada");
/// context.metadata.set(Scope::Transient, "HOP", "1");
/// assert_eq!(greet(&mut context), "hello, ada");
///
/// let onward = context.inherited();
/// assert_eq!((onward.persistent("USER"), onward.transient("HOP")), (Some("ada"), None));
/// ```
pub struct Context {
    /// What the caller sent, or what is to be sent.
    pub metadata: Metadata,
    /// When the call ends at the latest, if that is known.
    pub deadline: Option<Deadline>,
    /// When the call arrived or, if it is an outgoing one, was made; `None` as long as nobody has looked at the clock.
    pub began: Option<Instant>,
    /// How long an outgoing call may take, from the moment it is made. Becomes part of the deadline there.
    pub timeout: Option<Duration>,
    taken_up: Option<Instant>,
    asked_back: bool,
    method: Option<Method>,
    /// The deadline is one attempt's.
    attempt: bool,
    pub(crate) trace: Noted,
    rest: Option<Box<Rest>>,
    connection: Option<Arc<ConnectionInfo>>,
    cancel: CancelGuard,
}

/// What few calls use.
#[derive(Default)]
struct Rest {
    extensions: Vec<Extension>,
    /// What goes back to the caller.
    response: Entries,
    /// The caller's service and method, if no header says them.
    caller: Option<(Str, Str)>,
}

/// A value that a layer left for those after it.
#[derive(Clone)]
struct Extension {
    kind: TypeId,
    /// Whether calls made on behalf of this one get it too.
    inherited: bool,
    value: Arc<dyn Any + Send + Sync>,
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

impl Context {
    /// A context that knows nothing yet.
    pub const fn new() -> Self {
        Self {
            metadata: Metadata::new(),
            deadline: None,
            began: None,
            timeout: None,
            taken_up: None,
            asked_back: false,
            method: None,
            attempt: false,
            trace: Noted::NONE,
            rest: None,
            connection: None,
            cancel: CancelGuard::NONE,
        }
    }

    /// The context of a request that came over `connection`.
    pub fn received(connection: Arc<ConnectionInfo>, metadata: Metadata) -> Self {
        Self { metadata, connection: Some(connection), ..Self::default() }
    }

    /// The context of a call that is made on behalf of this one.
    pub fn inherited(&self) -> Self {
        let mut rest = self.kept(|extension| extension.inherited);
        if let Some(method) = &self.method {
            rest.get_or_insert_default().caller = Some((Str::new(), Str::from(method.name())));
        }
        Self {
            metadata: self.metadata.inherited(),
            deadline: self.deadline,
            trace: self.trace.inherited(),
            rest,
            ..Self::default()
        }
    }

    /// A context for sending the same request once more.
    #[inline]
    pub fn try_clone(&self) -> Self {
        let mut rest = self.kept(|_| true);
        if let Some(caller) = self.rest.as_ref().and_then(|rest| rest.caller.clone()) {
            rest.get_or_insert_default().caller = Some(caller);
        }
        Self {
            metadata: self.metadata.clone(),
            deadline: self.deadline,
            began: self.began,
            timeout: self.timeout,
            taken_up: self.taken_up,
            asked_back: false,
            method: self.method.clone(),
            attempt: self.attempt,
            trace: self.trace,
            rest,
            connection: self.connection.clone(),
            cancel: CancelGuard::NONE,
        }
    }

    /// Those of the extensions that a further context gets.
    fn kept(&self, keeps: impl Fn(&Extension) -> bool) -> Option<Box<Rest>> {
        let rest = self.rest.as_ref()?;
        let extensions: Vec<_> = rest.extensions.iter().filter(|one| keeps(one)).cloned().collect();
        (!extensions.is_empty()).then(|| Box::new(Rest { extensions, ..Rest::default() }))
    }

    /// Who is at the other end.
    pub fn peer(&self) -> Option<&Peer> {
        self.connection.as_ref().map(|connection| connection.peer())
    }

    /// The address of the caller, as a proxy in front of this server tells it (spec: kitex-wire 6.6). Whoever connects
    /// can say what it likes: rely on it only where nobody but your own proxies does. `None` if the request came
    /// straight.
    pub fn forwarded_peer(&self) -> Option<&str> {
        head::forwarded_peer(&self.metadata)
    }

    /// The connection that the request came over.
    pub fn connection(&self) -> Option<&Arc<ConnectionInfo>> {
        self.connection.as_ref()
    }

    /// The bounds that this call's messages are held to.
    pub fn limits(&self) -> &Limits {
        static DEFAULT: std::sync::LazyLock<Limits> = std::sync::LazyLock::new(Limits::default);
        self.connection.as_ref().map_or(&DEFAULT, |connection| connection.limits())
    }

    /// When a call that arrived was taken up, having waited for others until then; `None` if nobody has looked at the clock.
    pub fn taken_up(&self) -> Option<Instant> {
        self.taken_up
    }

    /// Notes when a call was taken up: for the transport, which knows the time, so that no layer has to ask for it.
    pub fn set_taken_up(&mut self, at: Instant) {
        self.taken_up = Some(at);
    }

    /// Asks the transport for the request back if the call fails and may be made again: see [`Error::take_request`](crate::Error::take_request). One
    /// that [returns requests](crate::SharedService::returns_requests) keeps the body for it until there is an answer.
    pub fn ask_back(&mut self) {
        self.asked_back = true;
    }

    /// Whether somebody wants the request back if the call fails.
    pub fn is_asked_back(&self) -> bool {
        self.asked_back
    }

    /// The method that is being served.
    pub fn method(&self) -> Option<&Method> {
        self.method.as_ref()
    }

    /// Notes the method that is being served.
    pub fn set_method(&mut self, method: Method) {
        self.method = Some(method);
    }

    /// The caller's service name; empty if it did not say.
    pub fn caller(&self) -> &str {
        std::str::from_utf8(self.caller_bytes()).unwrap_or_default()
    }

    /// The same as it came, be it text or not: for those who keep it and seldom look at it.
    pub fn caller_bytes(&self) -> &[u8] {
        match self.noted_caller() {
            Some((service, _)) => service.as_bytes(),
            None => head::caller(&self.metadata),
        }
    }

    /// The method that the caller was serving when it made this call; empty if it did not say.
    pub fn caller_method(&self) -> &str {
        match self.noted_caller() {
            Some((_, method)) => method,
            None => head::caller_method(&self.metadata),
        }
    }

    fn noted_caller(&self) -> Option<&(Str, Str)> {
        self.rest.as_ref()?.caller.as_ref()
    }

    /// Notes who calls, in place of what the header says.
    pub fn set_caller(&mut self, service: impl Into<Str>, method: impl Into<Str>) {
        self.rest.get_or_insert_default().caller = Some((service.into(), method.into()));
    }

    /// A pair that travels one hop.
    pub fn transient(&self, key: &str) -> Option<&str> {
        self.metadata.get(Scope::Transient, key)
    }

    /// A pair that travels the whole chain.
    pub fn persistent(&self, key: &str) -> Option<&str> {
        self.metadata.get(Scope::Persistent, key)
    }

    /// Sends a pair back to the caller with the response. Has no effect over Framed and Buffered.
    pub fn set_backward(&mut self, key: impl Into<Str>, value: impl Into<Str>) {
        let response = &mut self.rest.get_or_insert_default().response;
        response.set(Scope::Backward, key.into(), value.into());
    }

    /// Takes what [`set_backward`](Self::set_backward) has set.
    pub fn take_response_metadata(&mut self) -> Metadata {
        self.rest.as_mut().map(|rest| std::mem::take(&mut rest.response)).unwrap_or_default().into()
    }

    /// A handle that tells when this call is given up, for tasks that outlive the handler's own future.
    ///
    /// The future of a handler itself is dropped when its call is cancelled.
    pub fn cancellation(&mut self) -> Cancellation {
        self.cancel.handle(self.connection.as_ref())
    }

    /// Says that the call was answered, so that dropping the context is no cancellation.
    pub fn set_answered(&mut self) {
        self.cancel.answered();
    }

    /// A value that a layer left for those after it.
    pub fn extension<T: Any + Send + Sync>(&self) -> Option<&T> {
        let extensions = &self.rest.as_ref()?.extensions;
        let extension = extensions.iter().find(|extension| extension.kind == TypeId::of::<T>())?;
        extension.value.downcast_ref()
    }

    /// Leaves a value for those after this layer, in place of an earlier one of the same type.
    pub fn set_extension<T: Any + Send + Sync>(&mut self, value: T) {
        self.forget_extension::<T>();
        self.push_extension(Arc::new(value), false);
    }

    /// Leaves a value for those after this layer and for the calls that are made on behalf of this one.
    pub fn set_inherited_extension<T: Any + Send + Sync>(&mut self, value: T) {
        self.share_inherited_extension(Arc::new(value));
    }

    /// The same of a value that others have too.
    pub fn share_inherited_extension<T: Any + Send + Sync>(&mut self, value: Arc<T>) {
        self.forget_extension::<T>();
        self.push_extension(value, true);
    }

    fn push_extension<T: Any + Send + Sync>(&mut self, value: Arc<T>, inherited: bool) {
        let extensions = &mut self.rest.get_or_insert_default().extensions;
        extensions.push(Extension { kind: TypeId::of::<T>(), inherited, value });
    }

    fn forget_extension<T: Any>(&mut self) {
        if let Some(rest) = &mut self.rest {
            rest.extensions.retain(|extension| extension.kind != TypeId::of::<T>());
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("method", &self.method)
            .field("peer", &self.peer())
            .field("deadline", &self.deadline)
            .field("timeout", &self.timeout)
            .field("caller", &self.caller())
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test may begin at any time")]
mod tests {
    use super::*;

    #[test]
    fn a_call_made_on_behalf_of_another_inherits_deadline_and_persistent_pairs() {
        let now = std::time::Instant::now();
        let mut context = Context::new();
        context.deadline = Some(Deadline::after(now, Duration::from_secs(1)));
        context.metadata.set(Scope::Persistent, "P", "1");
        context.metadata.set(Scope::Transient, "T", "2");
        context.set_method(Method::dynamic("S", "M"));
        let inherited = context.inherited();
        assert_eq!(inherited.deadline, context.deadline);
        assert_eq!((inherited.persistent("P"), inherited.transient("T")), (Some("1"), None));
        assert_eq!(inherited.caller_method(), "M");
    }

    #[test]
    fn extensions_are_found_by_type() {
        let mut context = Context::new();
        context.set_extension(1_u8);
        context.set_extension(2_u8);
        context.set_extension("text");
        assert_eq!(context.extension::<u8>(), Some(&2));
        assert_eq!(context.extension::<u16>(), None);
        context.set_inherited_extension(3_u16);
        let inherited = context.inherited();
        assert_eq!((inherited.extension::<u8>(), inherited.extension::<u16>()), (None, Some(&3)));
        assert_eq!(context.try_clone().extension::<u8>(), Some(&2));
    }

    #[test]
    fn an_extension_is_there_once_whether_inherited_or_not() {
        let mut context = Context::new();
        context.set_inherited_extension(1_u8);
        context.set_inherited_extension(2_u16);
        context.set_inherited_extension(3_u8);
        let both =
            |context: &Context| (context.extension::<u8>().copied(), context.extension::<u16>().copied());
        assert_eq!(both(&context), (Some(3), Some(2)));
        assert_eq!(both(&context.inherited().inherited()), (Some(3), Some(2)));
        assert_eq!(both(&context.try_clone()), (Some(3), Some(2)));
        context.set_extension(4_u8);
        assert_eq!(both(&context), (Some(4), Some(2)));
        assert_eq!(both(&context.inherited()), (None, Some(2)));
        context.set_inherited_extension(5_u16);
        context.set_inherited_extension(6_u8);
        assert_eq!(both(&context.inherited()), (Some(6), Some(5)));
    }
}
