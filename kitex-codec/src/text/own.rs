//! [`Own`]: the words of a text that has no memory of its own.
//!
//! The unsafe code of this module looks at words as the bytes that they are, and keeps references in words.
#![allow(unsafe_code)]

use std::ptr::{self, NonNull};

use super::INLINE;
use crate::grant::{Grant, Reference};

/// The last byte of a text of a message.
const COUNTED: u8 = 0xfe;

/// The last byte of a text of a message of which a list has others behind it.
const LISTED: u8 = 0xff;

/// What is left of a word beside its last byte: a text's length, which is less in all memory that there is.
const LENGTH: u64 = u64::MAX >> 8;

/// From `INLINE - len` on the mask of the first `len` bytes of a text, and of nothing behind them.
static MASKS: [u8; 2 * INLINE + 1] = {
    let mut masks = [0; 2 * INLINE + 1];
    let mut at = 0;
    while at < INLINE {
        masks[at] = 0xff;
        at += 1;
    }
    masks
};

/// A text in itself, or one of a message by a reference of a [`Grant`]. They are words because the compiler keeps those
/// in registers from where a text is read to where it stays, and bytes or a union it does not.
///
/// Of a text in itself these are up to [`INLINE`] bytes in the order of memory, zeros, and their number in the last byte.
/// Of one of a message these are where it stands, the head, and its length with [`COUNTED`] or [`LISTED`] as last byte.
pub(super) struct Own([u64; 3]);

/// The words of a text that is not one yet. They are not dropped, so that the compiler does not have to see to it on
/// every way out: whoever has them makes a text of them.
#[derive(Debug)]
#[must_use]
pub(crate) struct Words([u64; 3]);

// A text of a message can be sent and shared: its bytes never change, and the count is atomic.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Grant>();
};

impl Words {
    /// The first `len` bytes of `window` as a text that takes no memory; `None` if they are not ASCII or too many. Work
    /// on whole words has no loop over so few bytes.
    #[inline(always)]
    pub(crate) fn short_ascii(window: &[u8; INLINE + 1], len: usize) -> Option<Self> {
        let mask = MASKS.get(INLINE.checked_sub(len)?..)?.first_chunk::<{ INLINE + 1 }>()?;
        let ([a, b, c], [d, e, f]) = (window.as_chunks().0, mask.as_chunks().0) else { return None };
        let kept = |word: &[u8; 8], mask: &[u8; 8]| u64::from_ne_bytes(*word) & u64::from_ne_bytes(*mask);
        let (low, middle, high) = (kept(a, d), kept(b, e), kept(c, f));
        let ascii = (low | middle | high) & 0x8080_8080_8080_8080 == 0;
        ascii.then_some(Self([low, middle, high | last_byte(len as u8)]))
    }

    /// A text of the message that the grant is of; `None` if it is of other bytes. It is one of a list, until
    /// [`Own::count`].
    #[inline(always)]
    pub(crate) fn granted(text: &str, grant: &mut Grant) -> Option<Self> {
        grant.refer(text.as_bytes()).map(|reference| Self(referring(reference, LISTED)))
    }
}

impl From<Words> for Own {
    #[inline(always)]
    fn from(words: Words) -> Self {
        Self(words.0)
    }
}

/// A word with nothing but its last byte.
#[inline(always)]
fn last_byte(byte: u8) -> u64 {
    (u64::from(byte) << 56).to_le()
}

#[inline(always)]
fn referring(reference: Reference, last: u8) -> [u64; 3] {
    let start = reference.start.as_ptr().expose_provenance() as u64;
    let head = reference.head.as_ptr().expose_provenance() as u64;
    [start, head, (reference.len as u64).to_le() | last_byte(last)]
}

impl Own {
    pub(super) const EMPTY: Self = Self([0; 3]);

    /// `text` must be of at most [`INLINE`] bytes.
    #[inline]
    pub(super) fn short(text: &[u8]) -> Self {
        let mut bytes = [0; INLINE + 1];
        bytes[..text.len()].copy_from_slice(text);
        bytes[INLINE] = text.len() as u8;
        let word = |at| u64::from_ne_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        Self([word(0), word(8), word(16)])
    }

    #[inline]
    fn last(&self) -> u8 {
        (u64::from_le(self.0[2]) >> 56) as u8
    }

    /// Where a text of a message stands, and its length.
    #[inline]
    fn part(&self) -> (*const u8, usize) {
        (ptr::with_exposed_provenance(self.0[0] as usize), (u64::from_le(self.0[2]) & LENGTH) as usize)
    }

    /// What the text refers to, if it is one of a message.
    #[inline]
    pub(super) fn reference(&self) -> Option<Reference> {
        if self.last() < COUNTED {
            return None;
        }
        let (start, len) = self.part();
        let head = NonNull::new(ptr::with_exposed_provenance_mut(self.0[1] as usize))?;
        Some(Reference { start: NonNull::new(start.cast_mut())?, len, head })
    }

    #[inline]
    pub(super) fn text(&self) -> &[u8] {
        const { assert!(size_of::<Self>() == INLINE + 1) };
        let (start, len) = match self.last() {
            COUNTED.. => self.part(),
            len => ((&raw const self.0).cast(), usize::from(len)),
        };
        // SAFETY: so many bytes of a message are kept there by `self`. Of another text the words are as many bytes or
        // more, every one of which has a value, since nothing makes one with a larger length.
        unsafe { std::slice::from_raw_parts(start, len) }
    }

    /// The words of a text in itself of up to `most` bytes, the first byte the lowest, and its length.
    #[inline]
    pub(super) fn words(&self, most: usize) -> Option<([u64; 3], usize)> {
        let len = usize::from(self.last());
        (len <= most.min(INLINE)).then(|| (self.0.map(u64::from_le), len))
    }

    /// The text's bytes as a part of its message, if it is one of a message.
    pub(super) fn to_bytes(&self) -> Option<bytes::Bytes> {
        // SAFETY: `self` has not been dropped.
        self.reference().map(|reference| unsafe { reference.to_bytes() })
    }

    /// Makes the last text that a list has of a message one that is dropped for itself; false if it is none.
    pub(super) fn count(&mut self) -> bool {
        let listed = self.last() == LISTED;
        if listed {
            self.0[2] ^= last_byte(LISTED ^ COUNTED);
        }
        listed
    }
}

impl Clone for Own {
    #[inline]
    fn clone(&self) -> Self {
        match self.reference() {
            // SAFETY: `self` has not been dropped.
            Some(reference) => Self(referring(unsafe { reference.share() }, COUNTED)),
            None => Self(self.0),
        }
    }
}

impl Drop for Own {
    #[inline]
    fn drop(&mut self) {
        if self.last() >= COUNTED {
            // SAFETY: it is dropped here, and not used again.
            unsafe { drop_reference(self) };
        }
    }
}

/// # Safety
///
/// The text must not be used again.
#[inline(never)]
unsafe fn drop_reference(own: &Own) {
    match own.reference() {
        // SAFETY: the caller does not use it again.
        Some(reference) if own.last() == LISTED => unsafe { reference.release_later() },
        // SAFETY: as above.
        Some(reference) => unsafe { reference.release() },
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn short_ascii_is_taken_out_of_a_window() {
        fn short(window: &[u8; INLINE + 1], len: usize) -> Option<Own> {
            Words::short_ascii(window, len).map(Own::from)
        }
        let window = b"abcdefghijklmnopqrstuvw\xff";
        for len in 0..=INLINE {
            let text = short(window, len).unwrap();
            assert_eq!(text.text(), &window[..len]);
            let (words, found) = text.words(INLINE).unwrap();
            assert_eq!(found, len);
            let bytes = words.map(u64::to_le_bytes);
            assert_eq!(bytes.as_flattened()[..len], window[..len]);
            let behind = &bytes.as_flattened()[len..INLINE];
            assert!(behind.iter().all(|byte| *byte == 0), "nothing of what is behind it is kept");
            let mut other = *window;
            other[len] = 0xff;
            assert_eq!(short(&other, len).unwrap().text(), text.text());
            if len > 0 {
                other[len - 1] = 0x80;
                assert!(short(&other, len).is_none());
            }
        }
        assert!(short(&[b'a'; INLINE + 1], INLINE + 1).is_none());
        assert!(short(&[b'a'; INLINE + 1], usize::MAX).is_none());
    }

    #[test]
    fn a_text_of_a_message_is_a_part_of_it() {
        let message = Bytes::from("a message that has some text".to_owned());
        let mut grant = Grant::new(message.clone());
        let text = std::str::from_utf8(&message[10..]).unwrap();
        let mut own = Own::from(Words::granted(text, &mut grant).unwrap());
        let clone = own.clone();
        assert_eq!(own.text().as_ptr(), message[10..].as_ptr());
        assert_eq!((own.text(), clone.text()), (text.as_bytes(), text.as_bytes()));
        assert_eq!((own.last(), clone.last()), (LISTED, COUNTED));
        assert!(own.words(usize::MAX).is_none() && clone.words(usize::MAX).is_none());
        assert!(own.count() && !own.count());
        assert_eq!((own.last(), own.text()), (COUNTED, text.as_bytes()));
        assert_eq!(own.to_bytes().unwrap().as_ptr(), message[10..].as_ptr());
        drop((own, grant));
        assert_eq!(clone.text(), text.as_bytes(), "it is kept by what is left");
        drop(clone);
        assert!(message.is_unique());
    }

    #[test]
    fn what_is_in_itself_refers_to_nothing() {
        let mut own = Own::short(b"short");
        assert!(own.reference().is_none() && own.to_bytes().is_none() && !own.count());
        assert_eq!((own.clone().text(), Own::EMPTY.text()), (&b"short"[..], &b""[..]));
    }
}
