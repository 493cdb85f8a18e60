//! Where in a trace a call stands, as W3C's Trace Context has it.

use std::fmt;
use std::num::NonZeroU64;

/// Where in a trace a call stands: the value of `traceparent`.
///
/// ```
/// use kitex_core::TraceParent;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent = TraceParent::parse(text).expect("the example of the standard is valid");
/// assert!(parent.is_sampled());
/// assert_eq!(parent.to_string(), text);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    /// In two halves, so that a place is no more aligned, and so no larger, than other things of a call.
    trace_id: [u64; 2],
    span_id: NonZeroU64,
    /// Zero or one, and as wide as its neighbours: a place with a hole in it would be copied in pieces.
    sampled: u64,
}

/// Characters of a `traceparent` of version 00.
pub(crate) const LEN: usize = 55;

/// A `traceparent` of zeros, to be filled in.
pub(crate) const BLANK: &[u8; LEN] = b"00-00000000000000000000000000000000-0000000000000000-00";

/// The one flag with a meaning in version 00.
const SAMPLED: u8 = 1;

impl TraceParent {
    /// A place in a trace. `None` if an id is zero, which the standard forbids.
    #[inline]
    pub fn new(trace_id: u128, span_id: u64, sampled: bool) -> Option<Self> {
        Self::of_parts([(trace_id >> 64) as u64, trace_id as u64], span_id, sampled)
    }

    #[inline]
    pub(super) fn of_parts(trace_id: [u64; 2], span_id: u64, sampled: bool) -> Option<Self> {
        let span_id = NonZeroU64::new(span_id)?;
        (trace_id != [0; 2]).then_some(Self { trace_id, span_id, sampled: u64::from(sampled) })
    }

    #[inline]
    pub(super) fn parts(&self) -> ([u64; 2], u64) {
        (self.trace_id, self.span_id.get())
    }

    /// Reads a `traceparent`. `None` if it is none: then it counts as absent.
    ///
    /// A version that is not known yet is read by its first four fields.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of_bytes(text.as_bytes())
    }

    /// The same of a value that came in a header. The head, which is what version 00 consists of, is of digits or is
    /// refused; only what a version to come has behind it may be no text.
    #[inline(always)]
    pub(super) fn of_bytes(text: &[u8]) -> Option<Self> {
        let (head, tail) = text.split_first_chunk::<LEN>()?;
        let (halves, version, flags) = numbers(head)?;
        if !tail.is_empty() && !is_of_a_version_to_come(version, tail) {
            return None;
        }
        Self::of_parts([halves[0], halves[1]], halves[2], flags & SAMPLED != 0)
    }

    /// The id of the whole trace.
    #[inline]
    pub fn trace_id(&self) -> u128 {
        u128::from(self.trace_id[0]) << 64 | u128::from(self.trace_id[1])
    }

    /// The id of the span that calls.
    #[inline]
    pub fn span_id(&self) -> u64 {
        self.span_id.get()
    }

    /// Whether the caller may have recorded the trace.
    #[inline]
    pub fn is_sampled(&self) -> bool {
        self.sampled != 0
    }

    /// A place of the same trace, further down.
    #[inline]
    pub fn child(self, span_id: NonZeroU64) -> Self {
        Self { span_id, ..self }
    }

    /// Fills in a [`BLANK`], for what [`Display`](fmt::Display) has, without its machinery: every outgoing call of a trace
    /// writes one, where it is sent from.
    #[inline]
    pub(crate) fn fill_in(&self, text: &mut [u8; LEN]) {
        let [high, low] = self.trace_id;
        let digits = digits([high, low, self.span_id.get()]);
        text[3..35].copy_from_slice(&digits[..32]);
        text[36..52].copy_from_slice(&digits[32..]);
        text[LEN - 1] += self.sampled as u8;
    }
}

/// What stands behind the fields of version 00 begins a further one, and is text.
#[cold]
fn is_of_a_version_to_come(version: u8, tail: &[u8]) -> bool {
    version != 0 && tail.starts_with(b"-") && std::str::from_utf8(tail).is_ok()
}

/// As it is sent: version 00, whatever version it came in.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id(), self.span_id, self.sampled)
    }
}

/// The lower-case hexadecimal digits of numbers. Without a branch, and by words of two digits, so that sixteen are made
/// together.
#[inline]
fn digits(numbers: [u64; 3]) -> [u8; DIGITS] {
    let mut digits = [0; DIGITS];
    let bytes = numbers.map(u64::to_be_bytes);
    for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(bytes.as_flattened()) {
        let byte = u16::from(*byte);
        // The first digit is the byte's high half.
        let halves = (byte >> 4 | byte << 8) & 0x0f0f;
        // Six more than nine does not fit into four bits.
        let letters = ((halves + 0x0606) >> 4) & 0x0101;
        *pair = (halves + 0x3030 + letters * u16::from(b'a' - b'0' - 10)).to_le_bytes();
    }
    digits
}

/// Digits of the ids of a place.
const DIGITS: usize = 48;

/// What the fields of a `traceparent` say: the halves of the ids in their order, the version and the flags. `None` if they
/// are not fields of lower-case hexadecimal digits.
#[inline]
fn numbers(fields: &[u8; LEN]) -> Option<([u64; 3], u8, u8)> {
    let mut digits = [0; 48];
    digits[..32].copy_from_slice(&fields[3..35]);
    digits[32..].copy_from_slice(&fields[36..52]);
    // Without a branch, so that sixteen are looked at together.
    let mut wrong = 0_u8;
    for digit in &mut digits {
        let (figure, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        wrong |= u8::from(figure > 9) & u8::from(letter > 5);
        *digit = (*digit & 0x0f) + (*digit >> 6) * 9;
    }
    let word = |at: usize| digits[at..].first_chunk().map_or(0, together);
    let half = |at: usize| u64::from(word(at)) << 32 | u64::from(word(at + 8));
    let (version, flags) = (pair(fields[0], fields[1])?, pair(fields[53], fields[54])?);
    let are_fields = [fields[2], fields[35], fields[52]] == [b'-'; 3];
    (wrong == 0 && are_fields && version != 0xff).then(|| ([half(0), half(16), half(32)], version, flags))
}

/// The number of two digits.
#[inline(always)]
fn pair(high: u8, low: u8) -> Option<u8> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    Some(value(high)? << 4 | value(low)?)
}

/// The number of which each byte is a digit.
#[inline]
fn together(digits: &[u8; 8]) -> u32 {
    let number = u64::from_be_bytes(*digits);
    let number = (number | number >> 4) & 0x00ff_00ff_00ff_00ff;
    let number = (number | number >> 8) & 0x0000_ffff_0000_ffff;
    (number | number >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn text(parent: TraceParent) -> String {
        let mut text = *BLANK;
        parent.fill_in(&mut text);
        String::from_utf8(text.to_vec()).unwrap()
    }

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
        let mut state = 3_u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % bound
        };
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
        for (at, byte) in (0..LEN).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
            let mut text = *GOOD.as_bytes().first_chunk::<LEN>().unwrap();
            text[at] = byte;
            let read = TraceParent::of_bytes(&text);
            assert_eq!(read, std::str::from_utf8(&text).ok().and_then(simple), "{text:?}");
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
            assert_eq!(text(parent), parent.to_string());
            assert_eq!(parent.trace_id(), trace);
        }
    }

    #[test]
    fn flags_without_a_meaning_are_not_passed_on() {
        let parent = TraceParent::parse(&GOOD.replace("-01", "-ff")).unwrap();
        assert_eq!(parent.to_string(), GOOD);
        assert_eq!(text(parent), GOOD);
        let parent = TraceParent::parse(&GOOD.replace("-01", "-02")).unwrap();
        assert!(!parent.is_sampled());
    }
}
