//! Lists of texts.

use std::ops::Range;

use super::source::Source;
use crate::grant::Grant;
use crate::text::{self, Words, check_utf8};
use crate::{Budget, DecodeError, LINK_FROM, Str};

/// Texts of a list from which on it takes references of a message in advance.
const MANY: usize = 8;

/// Texts behind each other, read without a look at the source while they are such as there are many of. What is read
/// and spent are variables of the function meanwhile, and not looked up at every text.
struct Texts<'s, 'a> {
    source: &'s mut Source<'a>,
    rest: &'a [u8],
    budget: Budget,
    /// Bytes of the longest text that takes no memory.
    short: usize,
    /// Bytes of the texts that are made by the grant, or would be.
    granted: Range<usize>,
    grant: Option<Grant>,
}

impl<'a> Source<'a> {
    /// `count` texts, each behind its length. `length` gives that and what is behind it, if there is one; `other` reads
    /// it, and knows why there is none.
    #[inline(always)]
    pub(super) fn texts(
        &mut self,
        count: usize,
        length: impl Fn(&'a [u8]) -> Option<(usize, &'a [u8])>,
        other: impl Fn(&mut Self) -> Result<usize, DecodeError>,
    ) -> Result<Vec<Str>, DecodeError> {
        let mut texts = Texts::new(self, count);
        let quick = |texts: &mut Texts<'_, 'a>| texts.quick(&length);
        let mut list = text::list(count, &mut texts, quick, |texts| texts.other(&other))?;
        texts.end(&mut list);
        Ok(list)
    }
}

impl<'s, 'a> Texts<'s, 'a> {
    #[inline(always)]
    fn new(source: &'s mut Source<'a>, count: usize) -> Self {
        // Whoever writes longer ones again wants to link them.
        let until = LINK_FROM.min(source.limits.max_string.saturating_add(1));
        let from = if count < MANY { until } else { source.share_from };
        let (rest, budget, short) = (source.rest, source.budget.clone(), source.short);
        Self { source, rest, budget, short, granted: from..until, grant: None }
    }

    /// The next text, if it takes no memory or a reference that has been counted before.
    #[inline(always)]
    fn quick(&mut self, length: impl Fn(&'a [u8]) -> Option<(usize, &'a [u8])>) -> Option<Words> {
        let (len, behind) = length(self.rest)?;
        if len <= self.short {
            let text = Words::short_ascii(behind.first_chunk()?, len)?;
            self.budget.charge_if_held(len).then_some(())?;
            self.rest = &behind[len..];
            return Some(text);
        }
        if !self.granted.contains(&len) {
            return None;
        }
        let (bytes, behind) = behind.split_at_checked(len)?;
        let grant = self.grant.as_mut().filter(|_| len <= self.budget.left())?;
        let text = Words::granted(check_utf8(bytes).ok()?, grant)?;
        self.budget.charge_if_held(len).then_some(())?;
        self.rest = behind;
        Some(text)
    }

    /// The next text, whatever it is.
    #[inline(always)]
    fn other(
        &mut self,
        length: impl Fn(&mut Source<'a>) -> Result<usize, DecodeError>,
    ) -> Result<Str, DecodeError> {
        (self.source.rest, self.source.budget) = (self.rest, self.budget.clone());
        let len = length(self.source)?;
        let text = self.source.string_text(len)?;
        if self.grant.is_none() && self.granted.contains(&len) {
            self.grant = self.source.grant();
        }
        (self.rest, self.budget) = (self.source.rest, self.source.budget.clone());
        Ok(text)
    }

    #[inline(always)]
    fn end(self, list: &mut [Str]) {
        (self.source.rest, self.source.budget) = (self.rest, self.budget);
        if self.grant.is_some() {
            list.iter_mut().rev().any(Str::count);
        }
    }
}

#[cfg(test)]
mod tests;
