//! Pieces of OTLP's messages.

use std::fmt::{self, Display, Write};
use std::time::SystemTime;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// Bytes of a text, at most: an attribute is to look at, and no payload.
const TEXT: usize = 4096;

/// As much of a text as is sent.
pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT)]
}

/// Takes as much of a text as is sent, piece by piece. Further pieces are errors, so that what is shown is written no further
/// than to there: neither the time nor the memory follows how long it is.
pub(super) struct Cut<'a> {
    bytes: &'a mut Vec<u8>,
    left: usize,
}

impl<'a> Cut<'a> {
    /// Writes behind what is there.
    pub(super) fn new(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes, left: TEXT }
    }
}

impl Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = &text[..text.floor_char_boundary(self.left)];
        self.bytes.extend_from_slice(taken.as_bytes());
        if taken.len() < text.len() {
            // Nothing of what comes behind what was left out, were it short enough.
            self.left = 0;
            return Err(fmt::Error);
        }
        self.left -= taken.len();
        Ok(())
    }
}

/// A value as it is shown, as far as it is sent.
pub(crate) fn shown(value: impl Display) -> String {
    let mut bytes = Vec::new();
    // Nothing but the end of what is sent makes it fail.
    let _ = write!(Cut::new(&mut bytes), "{value}");
    String::from_utf8(bytes).unwrap_or_default()
}

pub(crate) fn text(key: impl Into<String>, value: impl AsRef<str>) -> KeyValue {
    // Cut before it is copied: what is kept takes no more memory than it is long.
    attribute(key, Value::StringValue(cut(value.as_ref()).to_owned()))
}

pub(crate) fn int(key: impl Into<String>, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

pub(crate) fn float(key: impl Into<String>, value: f64) -> KeyValue {
    attribute(key, Value::DoubleValue(value))
}

pub(crate) fn boolean(key: impl Into<String>, value: bool) -> KeyValue {
    attribute(key, Value::BoolValue(value))
}

fn attribute(key: impl Into<String>, value: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// Nanoseconds since 1970; 0 for what is before.
pub(crate) fn unix_nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
