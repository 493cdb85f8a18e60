//! Spans and events of `tracing` within calls.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use kitex_middleware::TraceParent;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::held::Held;
use super::{Outlet, current, span};
use crate::otlp::{EncodedSpan, boolean, cut, float, int, shown, text, unix_nanos};

/// Attributes of one span or event, and events of one span, at most.
const LIMIT: usize = 128;

/// A layer for a `tracing` subscriber: spans and events within a call go along with the call's own span, or are dropped
/// with it. Those outside of calls are none of its business. From [`Telemetry::layer`](crate::Telemetry::layer).
#[derive(Debug, Clone)]
pub(crate) struct SpanLayer {
    outlet: Arc<Outlet>,
}

/// A span that has not ended, kept with that of `tracing`.
struct Open {
    place: TraceParent,
    span: Span,
    held: Arc<Held>,
}

impl Open {
    fn event(&mut self, told: Event) {
        if self.span.events.len() < LIMIT {
            self.span.events.push(told);
        } else {
            self.span.dropped_events_count += 1;
        }
    }
}

impl SpanLayer {
    pub(crate) fn new(outlet: Arc<Outlet>) -> Self {
        Self { outlet }
    }

    /// The spans of calls come by another way.
    pub(crate) fn wants(metadata: &Metadata<'_>) -> bool {
        !(metadata.is_span() && metadata.target() == "kitex")
    }

    /// The call, and the span within it, that something new is below.
    fn parent<S>(&self, above: Option<SpanRef<'_, S>>) -> Option<(TraceParent, Arc<Held>)>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let near = above.into_iter().flat_map(|span| span.scope()).find_map(|span| {
            let extensions = span.extensions();
            extensions.get::<Open>().map(|open| (open.place, Arc::clone(&open.held)))
        });
        match near {
            // Otherwise it reaches into another call on this thread, to which belongs what happens there.
            Some((place, held)) if current::is_idle() || current::is_within(place.trace_id()) => {
                Some((place, held))
            }
            _ => current::current(&self.outlet),
        }
    }
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(own) = context.span(id) else { return };
        let Some((parent, held)) = self.parent(own.parent()) else { return };
        let place = TraceParent::new(parent.trace_id(), span_id(), parent.is_sampled());
        let Some(place) = place else { return };
        let mut span = span::at(place, parent.span_id());
        attributes.metadata().name().clone_into(&mut span.name);
        span.kind = SpanKind::Internal as i32;
        span.start_time_unix_nano = unix_nanos(SystemTime::now());
        attributes.record(&mut Fields(&mut span.attributes, None));
        own.extensions_mut().insert(Open { place, span, held });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(own) = context.span(id) else { return };
        if let Some(open) = own.extensions_mut().get_mut::<Open>() {
            values.record(&mut Fields(&mut open.span.attributes, None));
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let around = context.event_span(event);
        if around.is_none() && current::is_idle() {
            return;
        }
        let mut told = Event { time_unix_nano: unix_nanos(SystemTime::now()), ..Event::default() };
        told.attributes.push(text("level", event.metadata().level().as_str()));
        event.record(&mut Fields(&mut told.attributes, Some(&mut told.name)));
        if told.name.is_empty() {
            event.metadata().name().clone_into(&mut told.name);
        }
        for span in around.into_iter().flat_map(|span| span.scope()) {
            if let Some(open) = span.extensions_mut().get_mut::<Open>() {
                return open.event(told);
            }
        }
        if let Some((_, held)) = current::current(&self.outlet) {
            held.event(told);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(own) = context.span(&id) else { return };
        let Some(Open { mut span, held, .. }) = own.extensions_mut().remove::<Open>() else { return };
        span.end_time_unix_nano = unix_nanos(SystemTime::now()).max(span.start_time_unix_nano);
        held.span(EncodedSpan::from(&span));
    }
}

/// An id that others do not have: counted, and spread by random keys of this process.
fn span_id() -> u64 {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    KEYS.hash_one(NEXT.fetch_add(1, Ordering::Relaxed)).max(1)
}

/// Writes fields as attributes, and the message aside.
struct Fields<'a>(&'a mut Vec<KeyValue>, Option<&'a mut String>);

impl Fields<'_> {
    fn put(&mut self, attribute: KeyValue) {
        if let Some(there) = self.0.iter_mut().find(|there| there.key == attribute.key) {
            *there = attribute;
        } else if self.0.len() < LIMIT {
            self.0.push(attribute);
        }
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(float(field.name(), value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(int(field.name(), value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(match i64::try_from(value) {
            Ok(value) => int(field.name(), value),
            Err(_) => text(field.name(), value.to_string()),
        });
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(boolean(field.name(), value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match &mut self.1 {
            Some(message) if field.name() == "message" => cut(value).clone_into(message),
            _ => self.put(text(field.name(), value)),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &shown(format_args!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Mutex;

    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// Keeps what events are made of: their attributes, and their messages.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<(Vec<KeyValue>, String)>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            let (attributes, message) = &mut *self.0.lock().unwrap();
            event.record(&mut Fields(attributes, Some(message)));
        }
    }

    /// Ten million bytes that are shown one by one, and how many of them were.
    struct Large<'a>(&'a Cell<usize>);

    impl fmt::Debug for Large<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (0..10_000_000).try_for_each(|_| {
                self.0.set(self.0.get() + 1);
                f.write_str("x")
            })
        }
    }

    #[test]
    fn of_a_large_text_no_more_is_held_than_is_sent() {
        let (kept, large, written) = (Kept::default(), "x".repeat(10_000_000), Cell::new(0));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(kept.clone()), || {
            tracing::info!(text = large, quoted = ?large, shown = ?Large(&written), "{:?}", Large(&Cell::new(0)));
        });
        let (attributes, message) = &*kept.0.lock().unwrap();
        let values = attributes.iter().map(|attribute| match &attribute.value.as_ref().unwrap().value {
            Some(Value::StringValue(text)) => (attribute.key.as_str(), text.len(), text.capacity()),
            other => unreachable!("{other:?}"),
        });
        let expected = ["text", "quoted", "shown"].map(|key| (key, 4096, 4096));
        assert_eq!(values.collect::<Vec<_>>(), expected);
        assert_eq!((message.len(), message.capacity(), written.get()), (4096, 4096, 4097));
    }
}
