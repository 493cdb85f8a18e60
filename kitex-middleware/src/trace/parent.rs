//! Where in a trace a call stands, as W3C's Trace Context has it.

use std::fmt;

use kitex_codec::Str;
use kitex_core::{Context, Scope};

use super::{PARENT, STATE};

/// Where in a trace a call stands: the value of `traceparent`.
///
/// ```
/// use kitex_middleware::TraceParent;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent = TraceParent::parse(text).expect("the example of the standard is valid");
/// assert!(parent.is_sampled());
/// assert_eq!(parent.to_string(), text);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// Characters of a `traceparent` of version 00.
const LEN: usize = 55;

/// The one flag with a meaning in version 00.
const SAMPLED: u8 = 1;

impl TraceParent {
    /// A place in a trace. `None` if an id is zero, which the standard forbids.
    pub fn new(trace_id: u128, span_id: u64, sampled: bool) -> Option<Self> {
        let flags = if sampled { SAMPLED } else { 0 };
        (trace_id != 0 && span_id != 0).then_some(Self { trace_id, span_id, flags })
    }

    /// Reads a `traceparent`. `None` if it is none: then it counts as absent.
    ///
    /// A version that is not known yet is read by its first four fields.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (head, tail) = bytes.split_at_checked(LEN)?;
        let dashes = [head[2], head[35], head[52]];
        let version = hex(&head[..2])?;
        let ends = tail.is_empty() || (version != 0 && tail[0] == b'-');
        if dashes != [b'-'; 3] || version == 0xff || !ends {
            return None;
        }
        let span_id = u64::try_from(hex(&head[36..52])?).ok()?;
        let flags = hex(&head[53..])? as u8;
        Self::new(hex(&head[3..35])?, span_id, flags & SAMPLED != 0)
    }

    /// The id of the whole trace.
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// The id of the span that calls.
    pub fn span_id(&self) -> u64 {
        self.span_id
    }

    /// Whether the caller may have recorded the trace.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// As [`Display`](fmt::Display) has it, without its machinery: every outgoing call of a trace writes one.
    pub(super) fn text(&self) -> Str {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        for (at, part) in [3, 11, 19, 27].into_iter().zip([96, 64, 32, 0]) {
            text[at..at + 8].copy_from_slice(&digits((self.trace_id >> part) as u32));
        }
        text[36..44].copy_from_slice(&digits((self.span_id >> 32) as u32));
        text[44..52].copy_from_slice(&digits(self.span_id as u32));
        text[53..].copy_from_slice(&digits(u32::from(self.flags))[6..]);
        Str::from(std::str::from_utf8(&text).unwrap_or_default())
    }

    /// The same trace, further down.
    pub(super) fn child(self, span_id: u64) -> Self {
        Self { span_id, ..self }
    }
}

/// As it is sent: version 00, whatever version it came in.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

/// The trace that a call belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The place in the trace.
    pub parent: TraceParent,
    /// What tracing systems add for themselves: the value of `tracestate`, passed on as it came. May be empty.
    pub state: Str,
}

impl TraceContext {
    /// The trace of a call that is served, or that is made on behalf of one. `None` if it belongs to none.
    pub fn of(context: &Context) -> Option<Self> {
        let (parent, state) = (context.transient(PARENT), context.transient(STATE));
        let came = received(context, PARENT);
        if let Some(set) = parent.filter(|set| came != Some(set)) {
            return Self::parse(set, state);
        }
        let noted = context.extension::<Self>().cloned();
        noted.or_else(|| Self::parse(came?, received(context, STATE)))
    }

    fn parse(parent: &str, state: Option<&str>) -> Option<Self> {
        let parent = TraceParent::parse(parent)?;
        Some(Self { parent, state: state.map(Str::from).unwrap_or_default() })
    }
}

/// What the header of the call says, or that of the one on whose behalf it is made: a trace outlives the hop that other
/// transient pairs end with.
fn received<'a>(context: &'a Context, key: &str) -> Option<&'a str> {
    let prefix = Scope::Transient.prefix().as_bytes();
    let pairs = context.metadata.wire().iter();
    let found = pairs.filter(|(found, _)| found.strip_prefix(prefix) == Some(key.as_bytes())).last();
    found.and_then(|(_, value)| std::str::from_utf8(value).ok())
}

/// The lower-case hexadecimal digits of a number, all eight at once: each in a byte of a word.
fn digits(number: u32) -> [u8; 8] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let spread = u64::from(number);
    let spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff;
    let spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff;
    let spread = (spread | spread << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // Six more than nine does not fit into four bits.
    let letters = ((spread + 6 * ONES) >> 4) & ONES;
    let ascii = spread + u64::from(b'0') * ONES + letters * u64::from(b'a' - b'0' - 10);
    ascii.to_be_bytes()
}

/// The number that lower-case hexadecimal digits stand for.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_no_traceparent_counts_as_absent() {
        let zero_trace = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let zero_span = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
        let cases = [
            String::new(),
            GOOD[..54].to_owned(),
            format!("{GOOD}-"),
            format!("{GOOD}0"),
            GOOD.replacen("00", "ff", 1),
            GOOD.replacen("00", "0g", 1),
            GOOD.to_uppercase(),
            GOOD.replace('-', "_"),
            GOOD.replace("-01", "-0x"),
            format!("01{}.", &GOOD[2..]),
            format!("00-é{}", &GOOD[5..]),
            zero_trace.to_owned(),
            zero_span.to_owned(),
        ];
        for text in cases {
            assert_eq!(TraceParent::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn versions_to_come_are_read_by_their_first_four_fields() {
        let known = TraceParent::parse(GOOD);
        assert!(known.is_some());
        for text in [format!("01{}", &GOOD[2..]), format!("fe{}-more-to-come", &GOOD[2..])] {
            assert_eq!(TraceParent::parse(&text), known, "{text}");
        }
    }

    #[test]
    fn what_is_sent_is_what_is_shown_whatever_the_digits() {
        let ids = [(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210, 0x9a), (1, u64::MAX), (u128::MAX, 1 << 63)];
        for (trace, span) in ids {
            let parent = TraceParent::new(trace, span, true).unwrap();
            assert_eq!(parent.text(), parent.to_string().as_str());
        }
    }

    #[test]
    fn flags_without_a_meaning_are_not_passed_on() {
        let parent = TraceParent::parse(&GOOD.replace("-01", "-ff")).unwrap();
        assert_eq!(parent.to_string(), GOOD);
        assert_eq!(parent.text(), GOOD);
        let parent = TraceParent::parse(&GOOD.replace("-01", "-02")).unwrap();
        assert!(!parent.is_sampled());
    }
}
