//! A subscriber that writes down the spans of its thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// The fields of a span by name, besides its own name and that of the span that it was made in.
pub(crate) type Fields = BTreeMap<String, String>;

#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Fields>>>);

thread_local! {
    /// The spans that are entered.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Writes down until the guard is dropped.
pub(crate) fn record() -> (Recorder, DefaultGuard) {
    keep_asking();
    let recorder = Recorder::default();
    let guard = tracing::subscriber::set_default(recorder.clone());
    (recorder, guard)
}

/// Keeps a second subscriber: in a process that has one only, the thread that first comes to a span or an event decides
/// for all threads whether it is wanted, and other tests' threads want none.
fn keep_asking() {
    static SECOND: OnceLock<Dispatch> = OnceLock::new();
    SECOND.get_or_init(|| Dispatch::new(Recorder::default()));
}

impl Recorder {
    /// The spans so far, in the order in which they were made.
    pub(crate) fn ended(&self) -> Vec<Fields> {
        self.0.lock().unwrap().clone()
    }

    /// How many spans are entered on this thread.
    pub(crate) fn entered() -> usize {
        ENTERED.with_borrow(Vec::len)
    }

    fn index(id: &Id) -> usize {
        id.into_u64() as usize - 1
    }
}

impl Subscriber for Recorder {
    /// Asked each time, since other threads have no subscriber.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "kitex"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut spans = self.0.lock().unwrap();
        let mut fields = Writer(Fields::new());
        fields.0.insert("name".into(), span.metadata().name().into());
        if let Some(parent) = ENTERED.with_borrow(|entered| entered.last().copied()) {
            let name = spans[parent as usize - 1]["name"].clone();
            fields.0.insert("parent".into(), name);
        }
        span.record(&mut fields);
        spans.push(fields.0);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut spans = self.0.lock().unwrap();
        let span = &mut spans[Self::index(id)];
        let mut fields = Writer(std::mem::take(span));
        values.record(&mut fields);
        *span = fields.0;
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(id.into_u64()));
    }

    fn exit(&self, id: &Id) {
        let left = ENTERED.with_borrow_mut(Vec::pop);
        assert_eq!(left, Some(id.into_u64()));
    }
}

struct Writer(Fields);

impl Visit for Writer {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().into(), format!("{value:?}"));
    }
}

/// Asserts that a span has these fields, these others with any value, and no more.
pub(crate) fn assert_fields(span: &Fields, expected: &[(&str, &str)], others: &[&str]) {
    let mut span = span.clone();
    for other in others {
        assert!(span.remove(*other).is_some(), "{other}");
    }
    let expected = expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect::<Fields>();
    assert_eq!(span, expected);
}
