//! [`Str`]: UTF-8 that is checked once and shared.
//!
//! The unsafe code of this module turns checked bytes into `&str` without checking them again on every access, and looks
//! at words as the bytes that they are.
#![allow(unsafe_code)]

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use bytes::Bytes;

use crate::{DecodeError, DecodeReason};

/// Bytes of text that a [`Str`] holds in itself, without memory of its own.
pub const INLINE: usize = 23;

/// Bytes of text up to which a plain test for ASCII is tried before the one for UTF-8, which has a start to make.
const SHORT: usize = 128;

/// Immutable UTF-8 text. Cloning it never copies a long text: that is shared.
///
/// A text that came from the network may keep the memory it was read into alive; [`Str::detach`] gives it memory of
/// its own size, for those who keep it long.
///
/// ```
/// use kitex_codec::Str;
///
/// let greeting = Str::from("hello");
/// assert_eq!(greeting.to_uppercase(), "HELLO");
/// assert_eq!(greeting, "hello");
/// ```
#[derive(Clone)]
pub struct Str(Repr);

/// Invariant: the text of `Inline`, and the content of `Shared`, are UTF-8.
#[derive(Clone)]
enum Repr {
    Inline(Short),
    Shared(Bytes),
}

/// Up to [`INLINE`] bytes in the order of memory, zeros, and their number in the last byte. They are words because the
/// compiler keeps those in registers from where a text is read to where it stays, and bytes it does not.
#[derive(Clone, Copy)]
struct Short([u64; 3]);

impl Short {
    const EMPTY: Self = Self([0; 3]);

    /// `text` must be of at most [`INLINE`] bytes.
    #[inline]
    fn new(text: &[u8]) -> Self {
        let mut bytes = [0; INLINE + 1];
        bytes[..text.len()].copy_from_slice(text);
        bytes[INLINE] = text.len() as u8;
        let word = |at| u64::from_ne_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        Self([word(0), word(8), word(16)])
    }

    #[inline]
    fn memory(&self) -> &[u8; INLINE + 1] {
        const { assert!(size_of::<Self>() == INLINE + 1) };
        // SAFETY: the words are as many bytes, every one of which has a value, and bytes need no alignment.
        unsafe { &*std::ptr::from_ref(&self.0).cast() }
    }

    #[inline]
    fn len(&self) -> usize {
        let len = (u64::from_le(self.0[2]) >> 56) as usize;
        // SAFETY: both functions that make one see to it.
        unsafe { std::hint::assert_unchecked(len <= INLINE) };
        len
    }

    #[inline]
    fn text(&self) -> &[u8] {
        &self.memory()[..self.len()]
    }
}

impl Str {
    /// The empty text.
    pub const fn new() -> Self {
        Self(Repr::Inline(Short::EMPTY))
    }

    /// A text that lives as long as the program; takes no memory.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Repr::Shared(Bytes::from_static(text.as_bytes())))
    }

    /// Checks `bytes` and shares them; short ones are copied.
    pub fn from_utf8(bytes: Bytes) -> Result<Self, DecodeError> {
        check_utf8(&bytes)?;
        Ok(Self::from_checked(bytes))
    }

    /// Checks `bytes` and copies them.
    pub fn copy_from_utf8(bytes: &[u8]) -> Result<Self, DecodeError> {
        check_utf8(bytes).map(Self::from)
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: every constructor takes a `str` or has checked the bytes, and they never change.
        unsafe { std::str::from_utf8_unchecked(self.as_bytes()) }
    }

    /// The text's bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline(short) => short.text(),
            Repr::Shared(bytes) => bytes,
        }
    }

    /// The text's bytes, shared if it is long.
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Repr::Inline(_) => Bytes::copy_from_slice(self.as_bytes()),
            Repr::Shared(bytes) => bytes.clone(),
        }
    }

    /// The same text in memory that it shares with nobody.
    pub fn detach(&self) -> Self {
        Self::from(self.as_str())
    }

    /// The shared bytes, if this text is long enough to have some.
    pub(crate) fn shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Inline(_) => None,
            Repr::Shared(bytes) => Some(bytes),
        }
    }

    /// The first `len` bytes of `window` as a text that takes no memory; `None` if they are not ASCII or too many. Work
    /// on whole words has no loop over so few bytes.
    #[inline]
    pub(crate) fn short_ascii(window: &[u8; INLINE + 1], len: usize) -> Option<Self> {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&window[at..at + 8]);
            let kept = 8 * len.saturating_sub(at).min(8) as u32;
            u64::from_le_bytes(word) & u64::MAX.checked_shr(64 - kept).unwrap_or(0)
        };
        let (low, middle, high) = (word(0), word(8), word(16));
        let ascii = len <= INLINE && (low | middle | high) & 0x8080_8080_8080_8080 == 0;
        let counted = high | (len as u64) << 56;
        ascii.then(|| Self(Repr::Inline(Short([low.to_le(), middle.to_le(), counted.to_le()]))))
    }

    /// The bytes of a text that takes no memory, eight in a word, the first the lowest, and their number. The last byte
    /// is none of the text's.
    #[inline]
    pub(crate) fn short_words(&self) -> Option<([u64; 3], usize)> {
        match &self.0 {
            Repr::Inline(short) => Some((short.0.map(u64::from_le), short.len())),
            Repr::Shared(_) => None,
        }
    }

    fn from_checked(bytes: Bytes) -> Self {
        if bytes.len() <= INLINE { Self(Repr::Inline(Short::new(&bytes))) } else { Self(Repr::Shared(bytes)) }
    }
}

/// The text that `bytes` are, found with SIMD where they are many.
#[inline]
pub(crate) fn check_utf8(bytes: &[u8]) -> Result<&str, DecodeError> {
    if bytes.len() <= SHORT && bytes.is_ascii() {
        // Short text is mostly ASCII, and this test costs less than a call.
        // SAFETY: ASCII is UTF-8.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    simdutf8::basic::from_utf8(bytes).map_err(|_| DecodeError::new(DecodeReason::NotUtf8))
}

/// A list of `count` texts, which has no more memory than they need. Errors if reading one does.
#[inline(always)]
pub(crate) fn list<E>(count: usize, mut read: impl FnMut() -> Result<Str, E>) -> Result<Vec<Str>, E> {
    let mut list: Vec<Str> = Vec::with_capacity(count);
    for at in 0..count {
        let text = read()?;
        // A push would ask whether there is room, and could unwind, for which the text would go through memory.
        // SAFETY: there is room for `count` texts, and `at` of them have been written.
        unsafe { list.as_mut_ptr().add(at).write(text) };
        // SAFETY: one more has been written.
        unsafe { list.set_len(at + 1) };
    }
    Ok(list)
}

impl Default for Str {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Str {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Str {
    #[inline]
    fn from(text: &str) -> Self {
        if text.len() <= INLINE {
            Self(Repr::Inline(Short::new(text.as_bytes())))
        } else {
            Self(Repr::Shared(Bytes::copy_from_slice(text.as_bytes())))
        }
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self::from_checked(Bytes::from(text))
    }
}

impl From<&String> for Str {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Str> for Str {
    fn from(text: &Str) -> Self {
        text.clone()
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::from(text),
            Cow::Owned(text) => Self::from(text),
        }
    }
}

impl From<Str> for String {
    fn from(text: Str) -> Self {
        text.as_str().to_owned()
    }
}

impl From<Str> for Bytes {
    fn from(text: Str) -> Self {
        text.to_bytes()
    }
}

impl FromIterator<char> for Str {
    fn from_iter<I: IntoIterator<Item = char>>(chars: I) -> Self {
        Self::from(chars.into_iter().collect::<String>())
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for Str {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Str {}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Str {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other)
    }
}

impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_small_as_shared_bytes() {
        assert_eq!(size_of::<Str>(), size_of::<Bytes>());
    }

    #[test]
    fn every_length_comes_back() {
        for len in 0..100 {
            let text = "é".repeat(len);
            assert_eq!(Str::from(text.as_str()), text);
            assert_eq!(Str::from_utf8(Bytes::from(text.clone())).unwrap(), text);
            assert_eq!(Str::copy_from_utf8(text.as_bytes()).unwrap().detach(), text);
        }
    }

    #[test]
    fn short_ascii_is_taken_out_of_a_window() {
        let window = b"abcdefghijklmnopqrstuvw\xff";
        for len in 0..=INLINE {
            let text = Str::short_ascii(window, len).unwrap();
            assert_eq!(text.as_bytes(), &window[..len]);
            let (words, short) = text.short_words().unwrap();
            assert_eq!(short, len);
            let bytes = words.map(u64::to_le_bytes);
            assert_eq!(bytes.as_flattened()[..len], window[..len]);
            let behind = &bytes.as_flattened()[len..INLINE];
            assert!(behind.iter().all(|byte| *byte == 0), "nothing of what is behind it is kept");
            let mut other = *window;
            other[len] = 0xff;
            assert_eq!(Str::short_ascii(&other, len).unwrap(), text);
            if len > 0 {
                other[len - 1] = 0x80;
                assert!(Str::short_ascii(&other, len).is_none());
            }
        }
        assert!(Str::short_ascii(&[b'a'; INLINE + 1], INLINE + 1).is_none());
    }

    #[test]
    fn a_list_holds_what_was_read_and_drops_it_when_reading_fails() {
        let shared = Bytes::from(vec![b'x'; 100]);
        let read = |count: usize, readable: usize| {
            let mut left = readable;
            list(count, || {
                left = left.checked_sub(1).ok_or(())?;
                Str::from_utf8(shared.clone()).map_err(drop)
            })
        };
        for count in 0..10 {
            let list = read(count, count).unwrap();
            assert_eq!((list.len(), list.capacity()), (count, count));
            assert!(list.iter().all(|text| text.as_bytes() == shared));
        }
        assert!(read(10, 9).is_err());
        assert!(shared.is_unique(), "nothing is left of a list that was not read");
    }

    #[test]
    fn what_is_not_utf8_is_refused_at_every_length() {
        for len in 0..100 {
            let mut bytes = vec![b'a'; len];
            bytes.push(0xff);
            let error = Str::from_utf8(Bytes::from(bytes)).unwrap_err();
            assert_eq!(error.reason(), &DecodeReason::NotUtf8);
        }
    }

    #[test]
    fn a_long_text_is_shared_and_a_detached_one_is_not() {
        let bytes = Bytes::from(vec![b'x'; 100]);
        let text = Str::from_utf8(bytes.clone()).unwrap();
        assert_eq!(text.as_bytes().as_ptr(), bytes.as_ptr());
        assert_eq!(text.clone().as_bytes().as_ptr(), bytes.as_ptr());
        assert_ne!(text.detach().as_bytes().as_ptr(), bytes.as_ptr());
    }
}
