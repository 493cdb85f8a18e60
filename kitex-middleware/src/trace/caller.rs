//! The name of a caller, kept for a span that is seldom told.

use std::str::from_utf8;

/// Bytes of a name that is kept where it stands: nearly all are shorter.
const SHORT: usize = 47;

/// A copy of the name that a caller gives itself. One that is not told costs no allocation and no reference to the header
/// that it came in, whose count the call's other users change.
pub(super) struct CallerName {
    len: u8,
    short: [u8; SHORT],
    long: Option<Box<[u8]>>,
}

impl CallerName {
    pub(super) const NONE: Self = Self { len: 0, short: [0; SHORT], long: None };

    /// Takes a name, where there was none. Whether it is text is seen when it is told.
    #[inline]
    pub(super) fn set(&mut self, name: &[u8]) {
        match self.short.get_mut(..name.len()) {
            Some(short) => {
                short.copy_from_slice(name);
                self.len = name.len() as u8;
            }
            None => self.long = Some(name.into()),
        }
    }

    pub(super) fn get(&self) -> &str {
        let short = || self.short.get(..usize::from(self.len)).unwrap_or_default();
        from_utf8(self.long.as_deref().unwrap_or_else(short)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_length_is_kept() {
        for len in [0, 1, 46, 47, 48, 255, 256, 1000] {
            let text = "é".repeat(len / 2) + &"x".repeat(len % 2);
            let mut name = CallerName::NONE;
            assert_eq!(name.get(), "");
            name.set(text.as_bytes());
            assert_eq!((name.get(), name.long.is_some()), (&*text, len > SHORT));
        }
        let mut name = CallerName::NONE;
        name.set(b"caf\xe9");
        assert_eq!(name.get(), "");
    }
}
