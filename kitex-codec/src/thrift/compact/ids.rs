//! The id before, which the next field's is told from, of each struct that is open.

/// Structs inside one another for which no memory is taken.
const USUAL: usize = 15;

/// The last field's id of the innermost struct, and those to go back to.
#[derive(Debug, Default)]
pub(super) struct Ids {
    pub(super) last: i16,
    len: usize,
    usual: [i16; USUAL],
    deeper: Vec<i16>,
}

impl Ids {
    /// A struct begins.
    #[inline]
    pub(super) fn push(&mut self) {
        match self.usual.get_mut(self.len) {
            Some(place) => *place = self.last,
            None => self.deeper.push(self.last),
        }
        self.len += 1;
        self.last = 0;
    }

    /// A struct ends.
    #[inline]
    pub(super) fn pop(&mut self) {
        self.len = self.len.saturating_sub(1);
        self.last = match self.usual.get(self.len) {
            Some(last) => *last,
            None => self.deeper.pop().unwrap_or_default(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_struct_has_its_own_last_id() {
        let mut ids = Ids::default();
        for depth in 0..100 {
            ids.last = depth;
            ids.push();
            assert_eq!(ids.last, 0);
        }
        for depth in (0..100).rev() {
            ids.pop();
            assert_eq!(ids.last, depth);
        }
    }
}
