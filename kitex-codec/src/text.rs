//! [`Str`]: UTF-8 that is checked once and shared.
//!
//! The unsafe code of this module turns checked bytes into `&str` without checking them again on every access.
#![allow(unsafe_code)]

mod own;

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use bytes::Bytes;

use crate::{DecodeError, DecodeReason};
use own::Own;
pub(crate) use own::Words;

/// Bytes of text that a [`Str`] holds in itself, without memory of its own.
pub const INLINE: usize = 23;

/// Bytes of text up to which a plain test for ASCII is tried before the one for UTF-8, which has a start to make.
const SHORT: usize = 128;

/// Immutable UTF-8 text. Cloning it never copies a long text: that is shared.
///
/// A text that came from the network may keep the memory it was read into alive; [`Str::detach`] gives it memory of
/// its own size, for those who keep it long. Texts of a list are counted together: if several threads drop them, and
/// not the last one last, a thread may keep the message of one such list until it drops texts of another, hands back
/// what it reads into, or ends.
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

/// Invariant: the text of `Own`, and the content of `Shared`, are UTF-8.
#[derive(Clone)]
enum Repr {
    Own(Own),
    Shared(Bytes),
}

impl Str {
    /// The empty text.
    pub const fn new() -> Self {
        Self(Repr::Own(Own::EMPTY))
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
            Repr::Own(own) => own.text(),
            Repr::Shared(bytes) => bytes,
        }
    }

    /// The text's bytes, shared if it is long.
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Repr::Own(own) => own.to_bytes().unwrap_or_else(|| Bytes::copy_from_slice(own.text())),
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
            Repr::Own(_) => None,
            Repr::Shared(bytes) => Some(bytes),
        }
    }

    /// The bytes of a text that takes no memory, of at most `most`, eight in a word, the first the lowest, and their number.
    /// The last byte is none of the text's.
    #[inline]
    pub(crate) fn short_words(&self, most: usize) -> Option<([u64; 3], usize)> {
        match &self.0 {
            Repr::Own(own) => own.words(most),
            Repr::Shared(_) => None,
        }
    }

    /// Makes the last text that a list has of a message one that is dropped for itself; false if it is none.
    pub(crate) fn count(&mut self) -> bool {
        match &mut self.0 {
            Repr::Own(own) => own.count(),
            Repr::Shared(_) => false,
        }
    }

    fn from_checked(bytes: Bytes) -> Self {
        if bytes.len() <= INLINE { Self(Repr::Own(Own::short(&bytes))) } else { Self(Repr::Shared(bytes)) }
    }
}

/// The text that `bytes` are, found with SIMD where they are many.
#[inline]
pub(crate) fn check_utf8(bytes: &[u8]) -> Result<&str, DecodeError> {
    if bytes.len() <= SHORT && is_ascii(bytes) {
        // Short text is mostly ASCII, and this test costs less than a call.
        // SAFETY: ASCII is UTF-8.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    simdutf8::basic::from_utf8(bytes).map_err(|_| DecodeError::new(DecodeReason::NotUtf8))
}

/// Tells in few instructions of bytes that are not many.
#[inline(always)]
fn is_ascii(bytes: &[u8]) -> bool {
    const BLOCK: usize = 32;
    let any =
        |block: &[u8; BLOCK]| block.as_chunks().0.iter().fold(0, |any, word| any | u64::from_ne_bytes(*word));
    // What is left behind the blocks has less than one; the last one has it, and bytes before it.
    match bytes.last_chunk() {
        Some(last) => {
            let blocks = bytes.as_chunks().0.iter().fold(any(last), |all, block| all | any(block));
            blocks & 0x8080_8080_8080_8080 == 0
        }
        None => bytes.is_ascii(),
    }
}

/// A list of `count` texts, which has no more memory than they need: those that `quick` gives, and where it gives none
/// those of `other`. Errors if that does.
#[inline(always)]
pub(crate) fn list<S, E>(
    count: usize,
    from: &mut S,
    mut quick: impl FnMut(&mut S) -> Option<Words>,
    mut other: impl FnMut(&mut S) -> Result<Str, E>,
) -> Result<Vec<Str>, E> {
    let mut list: Vec<Str> = Vec::with_capacity(count);
    for at in 0..count {
        // A push would ask whether there is room, and could unwind, for which the text would go through memory.
        // SAFETY: there is room for `count` texts, and `at` of them have been written.
        let place = unsafe { list.as_mut_ptr().add(at) };
        match quick(from) {
            // SAFETY: as above.
            Some(words) => unsafe { place.write(Str::from(words)) },
            None => {
                let text = other(from)?;
                // SAFETY: as above.
                unsafe { place.write(text) };
            }
        }
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
            Self(Repr::Own(Own::short(text.as_bytes())))
        } else {
            Self(Repr::Shared(Bytes::copy_from_slice(text.as_bytes())))
        }
    }
}

impl From<Words> for Str {
    #[inline(always)]
    fn from(words: Words) -> Self {
        Self(Repr::Own(Own::from(words)))
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
mod tests;
