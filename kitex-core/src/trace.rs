//! The place of a call in a trace, from header to header without a text between (spec: W3C Trace Context).

mod parent;

use kitex_codec::{Pairs, Str};

use crate::{Context, Scope};

pub use parent::TraceParent;
pub(crate) use parent::{BLANK, LEN};

/// The key of the place in a trace among the transient pairs.
///
/// It is a transient key, as Kitex's own OpenTelemetry suite has it: each hop writes one of its own, and a hop that
/// knows nothing of traces must not pass on the place of another.
pub(crate) const PARENT: &str = "traceparent";

/// The key of what tracing systems add.
const STATE: &str = "tracestate";

/// The trace that a call belongs to.
///
/// ```
/// use kitex_core::{Context, TraceContext, TraceParent};
///
/// let mut context = Context::new();
/// assert_eq!(TraceContext::of(&context), None);
/// let parent = TraceParent::new(1, 2, true).expect("neither id is zero");
/// context.set_trace(&TraceContext { parent, state: "vendor=1".into() });
/// let trace = TraceContext::of(&context.inherited()).expect("a trace outlives a hop");
/// assert_eq!((trace.parent, &*trace.state), (parent, "vendor=1"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The place in the trace.
    pub parent: TraceParent,
    /// What tracing systems add for themselves: the value of `tracestate`, passed on as it came. May be empty.
    pub state: Str,
}

impl TraceContext {
    /// The trace of a call that is served, or that is made on behalf of one. `None` if it belongs to none.
    ///
    /// A transient pair `traceparent` that was set on this side counts first, then what a layer has noted, then the
    /// header of the call, or of the one on whose behalf it is made: a trace outlives the hop that transient pairs end
    /// with.
    #[inline]
    pub fn of(context: &Context) -> Option<Self> {
        match context.metadata.get_set(Scope::Transient, PARENT) {
            None => context.noted_trace().or_else(|| Self::came(context.metadata.wire())),
            Some(set) => Self::set(set, context),
        }
    }

    /// What somebody on this side has put in the place of what came. What has been copied from there is nothing new.
    #[cold]
    fn set(set: &str, context: &Context) -> Option<Self> {
        let came = context.metadata.wire();
        if came.trace_parent() == Some(set.as_bytes()) {
            return context.noted_trace().or_else(|| Self::came(came));
        }
        let parent = TraceParent::parse(set)?;
        Some(Self { parent, state: context.transient(STATE).map(Str::from).unwrap_or_default() })
    }

    #[inline]
    fn came(header: &Pairs) -> Option<Self> {
        let parent = TraceParent::of_bytes(header.trace_parent()?)?;
        Some(Self { parent, state: state_in(header) })
    }
}

#[inline]
fn state_in(header: &Pairs) -> Str {
    let state = header.trace_state();
    state.and_then(|state| Str::copy_from_utf8(state).ok()).unwrap_or_default()
}

/// The place that a layer has noted for a call, laid out to take no more room than its ids need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noted {
    trace_id: [u64; 2],
    /// 0 if there is no place.
    span_id: u64,
    sampled: bool,
    sent: bool,
    state: StateIn,
}

/// Where the `tracestate` of a noted place is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StateIn {
    Nowhere,
    Header,
    Extension,
}

/// A `tracestate` that is not in the header of the call.
struct State(Str);

impl Noted {
    /// Of a call without a trace.
    pub(crate) const NONE: Self =
        Self { trace_id: [0; 2], span_id: 0, sampled: false, sent: false, state: StateIn::Nowhere };

    fn place(&self) -> Option<TraceParent> {
        TraceParent::of_parts(self.trace_id, self.span_id, self.sampled)
    }

    /// What a call has that is made on behalf of the one with this place.
    pub(crate) fn inherited(self) -> Self {
        Self { sent: false, ..self }
    }
}

/// A trace that has more than a place: see [`Context::place_in_trace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoreThanPlace;

impl Context {
    /// The place alone of a trace as [`TraceContext::of`] tells it, which nearly every trace has nothing but: it is found
    /// without a text. Errors if there may be more.
    #[inline]
    pub fn place_in_trace(&self) -> Result<Option<TraceParent>, MoreThanPlace> {
        if self.metadata.get_set(Scope::Transient, PARENT).is_some() {
            return Err(MoreThanPlace);
        }
        match (self.trace.place(), self.trace.state) {
            (Some(place), StateIn::Nowhere) => Ok(Some(place)),
            (Some(_), _) => Err(MoreThanPlace),
            (None, _) => {
                let header = self.metadata.wire();
                let Some(parent) = header.trace_parent() else { return Ok(None) };
                if header.has_trace_state() {
                    return Err(MoreThanPlace);
                }
                Ok(TraceParent::of_bytes(parent))
            }
        }
    }

    /// As [`set_trace`](Self::set_trace), of a trace that has nothing but a place.
    #[inline]
    pub fn set_place_in_trace(&mut self, place: TraceParent) {
        self.note_place(place, StateIn::Nowhere, false);
    }

    /// As [`send_trace`](Self::send_trace), of a trace that has nothing but a place, with a call among whose metadata none
    /// is set.
    #[inline]
    pub fn send_place_in_trace(&mut self, place: TraceParent) {
        self.note_place(place, StateIn::Nowhere, true);
    }

    #[inline]
    fn note_place(&mut self, place: TraceParent, state: StateIn, sent: bool) {
        let (trace_id, span_id) = place.parts();
        self.trace = Noted { trace_id, span_id, sampled: place.is_sampled(), sent, state };
    }

    /// Notes the trace of this call, for the calls that are made on behalf of it. [`TraceContext::of`] tells it.
    pub fn set_trace(&mut self, trace: &TraceContext) {
        self.note_trace(trace, false);
    }

    /// Sends the trace along with this call, which is an outgoing one, as the transient pairs `traceparent` and
    /// `tracestate`. A `traceparent` that is set among the metadata is replaced.
    pub fn send_trace(&mut self, trace: &TraceContext) {
        if self.metadata.get_set(Scope::Transient, PARENT).is_some() {
            self.metadata.set(Scope::Transient, PARENT, &*trace.parent.to_string());
        }
        if !trace.state.is_empty() {
            self.metadata.set(Scope::Transient, STATE, trace.state.clone());
        }
        self.note_trace(trace, true);
    }

    /// The place that goes out with this call, unless one is set among its metadata.
    #[inline]
    pub(crate) fn sent_trace(&self) -> Option<TraceParent> {
        if self.trace.sent { self.trace.place() } else { None }
    }

    #[inline]
    fn note_trace(&mut self, TraceContext { parent, state }: &TraceContext, sent: bool) {
        let state = if state.is_empty() { StateIn::Nowhere } else { self.keep_state(state) };
        self.note_place(*parent, state, sent);
    }

    #[cold]
    fn keep_state(&mut self, state: &Str) -> StateIn {
        if state_in(self.metadata.wire()) == *state {
            return StateIn::Header;
        }
        self.set_inherited_extension(State(state.clone()));
        StateIn::Extension
    }

    #[inline]
    fn noted_trace(&self) -> Option<TraceContext> {
        let parent = self.trace.place()?;
        let state = match self.trace.state {
            StateIn::Nowhere => Str::new(),
            StateIn::Header => state_in(self.metadata.wire()),
            StateIn::Extension => self.extension::<State>().map(|state| state.0.clone()).unwrap_or_default(),
        };
        Some(TraceContext { parent, state })
    }
}

#[cfg(test)]
mod tests;
