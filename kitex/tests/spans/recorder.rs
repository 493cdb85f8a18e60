//! A subscriber that writes down the spans and events of its thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// The fields of a span by name, besides its own name and that of the span that it was made in.
pub(crate) type Fields = BTreeMap<String, String>;

#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    spans: Vec<Fields>,
    /// Spans that were dropped.
    closed: usize,
    /// References to each span.
    references: Vec<usize>,
    lines: Vec<String>,
}

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

#[allow(dead_code, reason = "each test that includes this file uses a part of it")]
impl Recorder {
    /// The spans so far, in the order in which they were made.
    pub(crate) fn spans(&self) -> Vec<Fields> {
        self.0.lock().unwrap().spans.clone()
    }

    /// Spans that are over.
    pub(crate) fn closed(&self) -> usize {
        self.0.lock().unwrap().closed
    }

    /// Takes the lines that were logged so far.
    pub(crate) fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().lines)
    }
}

fn index(id: &Id) -> usize {
    id.into_u64() as usize - 1
}

impl Subscriber for Recorder {
    /// Asked each time, since other threads have other subscribers.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("kitex")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut records = self.0.lock().unwrap();
        let mut fields = Writer(Fields::new());
        fields.0.insert("name".into(), span.metadata().name().into());
        fields.0.insert("level".into(), span.metadata().level().to_string());
        if let Some(parent) = ENTERED.with_borrow(|entered| entered.last().copied()) {
            let name = records.spans[parent as usize - 1]["name"].clone();
            fields.0.insert("parent".into(), name);
        }
        span.record(&mut fields);
        records.spans.push(fields.0);
        records.references.push(1);
        Id::from_u64(records.spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut records = self.0.lock().unwrap();
        let mut fields = Writer(std::mem::take(&mut records.spans[index(id)]));
        values.record(&mut fields);
        records.spans[index(id)] = fields.0;
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Writer(Fields::new());
        event.record(&mut fields);
        let message = fields.0.remove("message").unwrap_or_default();
        let mut line = format!("{} {message}", event.metadata().level());
        fields.0.iter().for_each(|(name, value)| write!(line, " {name}={value}").unwrap());
        self.0.lock().unwrap().lines.push(line);
    }

    fn enter(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(id.into_u64()));
    }

    fn exit(&self, id: &Id) {
        let left = ENTERED.with_borrow_mut(Vec::pop);
        assert_eq!(left, Some(id.into_u64()));
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.0.lock().unwrap().references[index(id)] += 1;
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut records = self.0.lock().unwrap();
        records.references[index(&id)] -= 1;
        let closed = records.references[index(&id)] == 0;
        records.closed += usize::from(closed);
        closed
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
