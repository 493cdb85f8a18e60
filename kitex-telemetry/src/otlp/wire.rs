//! Spans in the bytes that OTLP has them in: what waits for export is one piece of memory each, and is written once.

use std::fmt::{Display, Write};

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use prost::bytes::BufMut;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, message};

use super::cut;
use super::value::Cut;

/// The field of `ScopeSpans` that spans are in.
const SPANS: u32 = 2;

/// Bytes that most spans of calls have.
const USUAL: usize = 384;

/// A span as it is sent: a field of `ScopeSpans`, so that many are sent by joining them.
#[derive(Debug)]
pub(crate) struct EncodedSpan(Vec<u8>);

impl EncodedSpan {
    /// Writes a span without making it first.
    pub(crate) fn write(fill: impl FnOnce(&mut Fields<'_>)) -> Self {
        let mut bytes = Vec::with_capacity(USUAL);
        Fields(&mut bytes).message(SPANS, fill);
        Self(bytes)
    }

    #[cfg(test)]
    pub(crate) fn read(&self) -> Span {
        use opentelemetry_proto::tonic::trace::v1::ScopeSpans;
        ScopeSpans::decode(&*self.0).expect("it is one field of it").spans.remove(0)
    }
}

impl From<&Span> for EncodedSpan {
    fn from(span: &Span) -> Self {
        let mut bytes = Vec::with_capacity(span.encoded_len() + 2 * VARINT);
        message::encode(SPANS, span, &mut bytes);
        Self(bytes)
    }
}

/// A request to take spans, which are of one resource and one scope.
pub(super) fn request(resource: &Resource, scope: &InstrumentationScope, spans: &[EncodedSpan]) -> Vec<u8> {
    let len: usize = spans.iter().map(|span| span.0.len()).sum();
    let mut request = Vec::with_capacity(len + resource.encoded_len() + scope.encoded_len() + 8 * VARINT);
    // Of `ExportTraceServiceRequest`, `ResourceSpans` and `ScopeSpans`, one within the other.
    Fields(&mut request).message(1, |resource_spans| {
        resource_spans.made(1, resource);
        resource_spans.message(2, |scope_spans| {
            scope_spans.made(1, scope);
            spans.iter().for_each(|span| scope_spans.0.extend_from_slice(&span.0));
        });
    });
    request
}

/// Bytes of a length or a key, at most, of what is sent here.
const VARINT: usize = 5;

/// The fields of one message, written behind what is there already. Those with the value that an absent one has are left
/// out, as protobuf has it.
pub(crate) struct Fields<'a>(&'a mut Vec<u8>);

impl Fields<'_> {
    pub(crate) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        encode_key(field, WireType::LengthDelimited, self.0);
        encode_varint(bytes.len() as u64, self.0);
        self.0.extend_from_slice(bytes);
    }

    /// As much of a text as is sent.
    pub(crate) fn text(&mut self, field: u32, text: &str) {
        self.bytes(field, cut(text).as_bytes());
    }

    /// A text, written as it is shown, of which no more is sent than of any.
    pub(crate) fn shown(&mut self, field: u32, value: impl Display) {
        self.message(field, |text| {
            // Nothing but the end of what is sent makes it fail.
            let _ = write!(Cut::new(text.0), "{value}");
        });
    }

    /// A number that is written even if it is zero, where its being there says something.
    pub(crate) fn number(&mut self, field: u32, number: i64) {
        encode_key(field, WireType::Varint, self.0);
        encode_varint(number as u64, self.0);
    }

    pub(crate) fn fixed64(&mut self, field: u32, number: u64) {
        if number != 0 {
            encode_key(field, WireType::SixtyFourBit, self.0);
            self.0.put_u64_le(number);
        }
    }

    pub(crate) fn fixed32(&mut self, field: u32, number: u32) {
        if number != 0 {
            encode_key(field, WireType::ThirtyTwoBit, self.0);
            self.0.put_u32_le(number);
        }
    }

    /// A message within this one.
    pub(crate) fn message(&mut self, field: u32, fill: impl FnOnce(&mut Fields<'_>)) {
        encode_key(field, WireType::LengthDelimited, self.0);
        let at = self.0.len();
        // The length of most is one byte; of others what follows is moved.
        self.0.push(0);
        fill(&mut Fields(self.0));
        let begin = at + 1;
        let len = self.0.len() - begin;
        let more = encoded_len_varint(len as u64) - 1;
        if more > 0 {
            self.0.resize(begin + len + more, 0);
            self.0.copy_within(begin..begin + len, begin + more);
        }
        encode_varint(len as u64, &mut &mut self.0[at..begin + more]);
    }

    /// A message that is there already.
    pub(crate) fn made(&mut self, field: u32, made: &impl Message) {
        message::encode(field, made, self.0);
    }

    /// An attribute that is a text.
    pub(crate) fn text_attribute(&mut self, field: u32, key: &str, value: &str) {
        self.attribute(field, key, |any| {
            encode_key(1, WireType::LengthDelimited, any.0);
            let value = cut(value);
            encode_varint(value.len() as u64, any.0);
            any.0.extend_from_slice(value.as_bytes());
        });
    }

    /// An attribute that is a text, written as it is shown.
    pub(crate) fn shown_attribute(&mut self, field: u32, key: &str, value: impl Display) {
        self.attribute(field, key, |any| any.shown(1, value));
    }

    /// An attribute that is a number.
    pub(crate) fn number_attribute(&mut self, field: u32, key: &str, value: i64) {
        self.attribute(field, key, |any| any.number(3, value));
    }

    fn attribute(&mut self, field: u32, key: &str, value: impl FnOnce(&mut Fields<'_>)) {
        self.message(field, |pair| {
            pair.text(1, key);
            pair.message(2, value);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fmt;

    use opentelemetry_proto::tonic::trace::v1::Status;

    use super::*;
    use crate::otlp::{int, text};

    #[test]
    fn what_is_written_is_what_a_message_would_be() {
        // Around the lengths at which a length takes one byte more.
        let sizes = (0..300).chain([4095, 4096, 16_300, 16_383, 16_384, 16_500]);
        for size in sizes {
            let (long, name) = ("x".repeat(size.min(4096)), "y".repeat(size));
            let made = Span {
                trace_id: vec![7; 16],
                name: cut(&name).to_owned(),
                kind: 3,
                start_time_unix_nano: size as u64,
                attributes: vec![
                    text("long", long.clone()),
                    int("negative", -1),
                    int("none", 0),
                    text("e", ""),
                ],
                status: Some(Status { code: 2, message: long.clone() }),
                flags: 0x301,
                ..Span::default()
            };
            let written = EncodedSpan::write(|span| {
                span.bytes(1, &[7; 16]);
                span.text(5, &name);
                span.number(6, 3);
                span.fixed64(7, size as u64);
                span.text_attribute(9, "long", &long);
                span.number_attribute(9, "negative", -1);
                span.number_attribute(9, "none", 0);
                span.text_attribute(9, "e", "");
                span.message(15, |status| {
                    status.text(2, &long);
                    status.number(3, 2);
                });
                span.fixed32(16, 0x301);
            });
            assert_eq!((written.read(), EncodedSpan::from(&made).read()), (made.clone(), made), "{size}");
        }
    }

    #[test]
    fn what_is_shown_is_a_text() {
        let written =
            EncodedSpan::write(|span| span.shown_attribute(9, "address", std::net::Ipv4Addr::LOCALHOST));
        assert_eq!(written.read().attributes, [text("address", "127.0.0.1")]);
    }

    /// Shows a text as often as it is asked to, and counts how often it was.
    struct Repeated<'a>(&'a str, usize, &'a Cell<usize>);

    impl Display for Repeated<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let Self(text, times, written) = self;
            (0..*times).try_for_each(|_| {
                written.set(written.get() + 1);
                f.write_str(text)
            })
        }
    }

    #[test]
    fn what_is_shown_is_written_no_further_than_it_is_sent() {
        for (part, times) in [("a", 4096), ("a", 4097), ("a", 1 << 20), ("€", 1 << 20), ("€a", 4096)] {
            let written = Cell::new(0);
            let span = EncodedSpan::write(|span| span.shown(5, Repeated(part, times, &written)));
            assert!(span.0.capacity() <= 16 << 10, "{} bytes", span.0.capacity());
            let whole = part.repeat(times);
            assert_eq!(span.read().name, cut(&whole));
            assert!(written.get() <= 4097, "{} parts", written.get());
        }
        let whole = "€".repeat(1 << 20);
        let span = EncodedSpan::write(|span| span.shown(5, &whole));
        assert_eq!((span.read().name.len(), span.0.capacity() <= 16 << 10), (4095, true));
    }
}
