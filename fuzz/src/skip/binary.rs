//! Where a value of Thrift Binary ends.

use super::Endless;

/// The end of a value found by recursion, as the wire is described.
pub(super) struct Reference<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) max_depth: usize,
}

impl Reference<'_> {
    /// The end of the value at `at` inside `depth` structs and containers.
    pub(super) fn end(&self, kind: u8, at: usize, depth: usize) -> Result<usize, Endless> {
        match kind {
            2 | 3 => self.pass(at, 1),
            6 => self.pass(at, 2),
            8 => self.pass(at, 4),
            4 | 10 => self.pass(at, 8),
            16 => self.pass(at, 16),
            11 => self.pass(at, 4).and_then(|_| self.pass(at + 4, self.count(at)?)),
            12 => self.structure(at, depth),
            13 => self.container(at, 2, depth),
            14 | 15 => self.container(at, 1, depth),
            _ => Err(Endless::Refused),
        }
    }

    fn pass(&self, at: usize, len: usize) -> Result<usize, Endless> {
        let end = at.saturating_add(len);
        if end <= self.bytes.len() { Ok(end) } else { Err(Endless::Short) }
    }

    /// The length or count at `at`, where there are four bytes.
    fn count(&self, at: usize) -> Result<usize, Endless> {
        let count = self.bytes[at..at + 4].iter().fold(0_u32, |count, byte| count << 8 | u32::from(*byte));
        usize::try_from(count.cast_signed()).map_err(|_| Endless::Refused)
    }

    fn enter(&self, depth: usize) -> Result<usize, Endless> {
        if depth < self.max_depth { Ok(depth + 1) } else { Err(Endless::Refused) }
    }

    fn structure(&self, mut at: usize, depth: usize) -> Result<usize, Endless> {
        let depth = self.enter(depth)?;
        loop {
            self.pass(at, 1)?;
            match self.bytes[at] {
                0 => return Ok(at + 1),
                5 | 7 | 9 | 17.. => return Err(Endless::Refused),
                kind => at = self.end(kind, self.pass(at, 3)?, depth)?,
            }
        }
    }

    /// A container whose header begins with `types` types: those of its elements, or of its keys and values.
    fn container(&self, at: usize, types: usize, depth: usize) -> Result<usize, Endless> {
        let mut end = self.pass(at, types + 4)?;
        let count = self.count(at + types)?;
        let depth = self.enter(depth)?;
        let kinds = &self.bytes[at..at + types];
        if count > 0 && kinds.iter().any(|kind| matches!(kind, 5 | 7 | 9 | 17..)) {
            return Err(Endless::Refused);
        }
        for _ in 0..count {
            for kind in kinds {
                end = self.end(*kind, end, depth)?;
            }
        }
        Ok(end)
    }
}
