//! Where in a trace a call stands, as W3C's Trace Context has it.

use std::fmt;

use kitex_codec::Str;
use kitex_core::{Context, Scope};

use super::sink::Noted;
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
        let (head, tail) = text.as_bytes().split_first_chunk()?;
        Self::of_bytes(head, tail)
    }

    /// The head is what version 00 consists of.
    fn of_bytes(head: &[u8; LEN], tail: &[u8]) -> Option<Self> {
        let dashes = [head[2], head[35], head[52]];
        let [version, flags, ..] =
            hex(&[head[0], head[1], head[53], head[54], b'0', b'0', b'0', b'0'])?.to_be_bytes();
        let ends = tail.is_empty() || (version != 0 && tail[0] == b'-');
        if dashes != [b'-'; 3] || version == 0xff || !ends {
            return None;
        }
        let word = |at: usize| hex(head[at..].first_chunk()?).map(u64::from);
        let trace_id = [word(3)? << 32 | word(11)?, word(19)? << 32 | word(27)?];
        let trace_id = u128::from(trace_id[0]) << 64 | u128::from(trace_id[1]);
        Self::new(trace_id, word(36)? << 32 | word(44)?, flags & SAMPLED != 0)
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
        let set = context.metadata.get_set(Scope::Transient, PARENT);
        let noted = context.extension::<Noted>().map(|noted| &noted.own);
        if let (None, Some(noted)) = (set, noted) {
            return Some(noted.clone());
        }
        let came = Came::in_header(context);
        match set {
            Some(set) if came.parent != Some(set.as_bytes()) => Self::set(set, context),
            _ => noted.cloned().or_else(|| came.read()),
        }
    }

    /// What somebody on this side has put in the place of what came.
    fn set(parent: &str, context: &Context) -> Option<Self> {
        let parent = TraceParent::parse(parent)?;
        Some(Self { parent, state: context.transient(STATE).map(Str::from).unwrap_or_default() })
    }
}

/// What the header of the call says, or that of the one on whose behalf it is made: a trace outlives the hop that other
/// transient pairs end with.
#[derive(Default)]
struct Came<'a> {
    parent: Option<&'a [u8]>,
    state: Option<&'a [u8]>,
}

impl<'a> Came<'a> {
    /// One walk for both: every call that is served takes it.
    fn in_header(context: &'a Context) -> Self {
        let mut came = Self::default();
        for (key, value) in context.metadata.wire().iter().filter(|(_, value)| !value.is_empty()) {
            if let Some(key) = key.strip_prefix(PREFIX) {
                match key {
                    _ if key == PARENT.as_bytes() => came.parent = Some(value),
                    _ if key == STATE.as_bytes() => came.state = Some(value),
                    _ => {}
                }
            }
        }
        came
    }

    fn read(self) -> Option<TraceContext> {
        let (head, tail) = self.parent?.split_first_chunk()?;
        // The head is digits, or it is refused; only what a version to come has behind it may be no text.
        let parent = std::str::from_utf8(tail).ok().and_then(|_| TraceParent::of_bytes(head, tail))?;
        let state = self.state.and_then(|state| Str::copy_from_utf8(state).ok()).unwrap_or_default();
        Some(TraceContext { parent, state })
    }
}

/// What stands before a transient key in a header.
const PREFIX: &[u8] = kitex_codec::string_key::TRANSIENT.as_bytes();

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

/// The number that eight lower-case hexadecimal digits stand for, read all at once.
fn hex(digits: &[u8; 8]) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let ascii = u64::from_be_bytes(*digits);
    if ascii & HIGH != 0 {
        return None;
    }
    // The high bit of each byte that is at least `least`: no sum of two that are below 0x80 goes beyond its byte.
    let from = |least: u8| ascii + u64::from(0x80 - least) * ONES;
    let figures = from(b'0') & !from(b'9' + 1) & HIGH;
    let letters = from(b'a') & !from(b'f' + 1) & HIGH;
    if figures | letters != HIGH {
        return None;
    }
    let number = (ascii & (0x0f * ONES)) + (letters >> 7) * 9;
    let number = (number | number >> 4) & 0x00ff_00ff_00ff_00ff;
    let number = (number | number >> 8) & 0x0000_ffff_0000_ffff;
    Some((number | number >> 16) as u32)
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

    /// As the standard has it, digit by digit.
    fn simple(text: &str) -> Option<TraceParent> {
        let fields: Vec<&str> = text.splitn(5, '-').collect();
        let [version, trace, span, flags, rest @ ..] = &fields[..] else { return None };
        let digit = |digit: char| matches!(digit, '0'..='9' | 'a'..='f');
        let number = |text: &str, len| {
            let good = text.len() == len && text.chars().all(digit);
            good.then(|| u128::from_str_radix(text, 16).ok()).flatten()
        };
        let version = number(version, 2)?;
        if version == 0xff || (version == 0 && !rest.is_empty()) {
            return None;
        }
        let span = u64::try_from(number(span, 16)?).ok()?;
        TraceParent::new(number(trace, 32)?, span, number(flags, 2)? & 1 == 1)
    }

    #[test]
    fn words_are_read_as_digits_are() {
        let random = crate::random::Random::seeded(3);
        let below = |bound: usize| (random.next() % bound as u64) as usize;
        let (mut taken, mut refused) = (0, 0);
        for _ in 0..200_000 {
            let mut text: Vec<u8> = GOOD.bytes().chain(*b"-tail").collect();
            text.truncate([LEN, LEN, LEN, below(text.len() + 1)][below(4)]);
            for _ in 0..below(4).min(text.len()) {
                let at = below(text.len());
                text[at] = match below(3) {
                    0 => below(128) as u8,
                    1 => b"09afAF/:`g-"[below(11)],
                    _ => b"0123456789abcdef"[below(16)],
                };
            }
            let text = String::from_utf8(text).unwrap();
            let read = TraceParent::parse(&text);
            assert_eq!(read, simple(&text), "{text}");
            *if read.is_some() { &mut taken } else { &mut refused } += 1;
        }
        assert!(taken > 50_000 && refused > 50_000, "{taken}, {refused}");
    }

    #[test]
    fn every_byte_at_every_place_is_read_as_a_digit_is() {
        for (at, byte) in (0..8).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
            let mut digits = *b"09afc3d1";
            digits[at] = byte;
            let text = std::str::from_utf8(&digits).ok().filter(|text| !text.contains('+'));
            let lower = text.filter(|text| text.to_lowercase() == *text);
            assert_eq!(hex(&digits), lower.and_then(|text| u32::from_str_radix(text, 16).ok()), "{digits:?}");
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
