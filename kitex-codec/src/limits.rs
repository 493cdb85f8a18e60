//! What a peer may make this process do.

use crate::DecodeError;

/// Bounds on what is read and written. On by default; one struct for every protocol and both directions.
///
/// Each field's name appears in the error that it causes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one message, all headers included. 16 MiB.
    pub max_frame: usize,
    /// Bytes of a TTHeader's header info, that is of metadata with its lengths. 64 KiB; the format itself ends at
    /// 262 140.
    pub max_header: usize,
    /// Key-value pairs of one header. 1 024.
    pub max_header_entries: usize,
    /// Bytes of one string or binary. As large as a frame.
    pub max_string: usize,
    /// Elements of one list, set or map. Bounded by the frame alone.
    pub max_container: usize,
    /// Structs and containers inside one another, in reading, skipping and writing. 64. A field that a reader does not
    /// know has as many of its own, wherever it stands, as with Kitex (spec: kitex-wire 2.1).
    pub max_depth: usize,
    /// Heap that the values of one message may take is `heap_factor` times its frame, but at least
    /// `min_heap` and at most `max_heap`. 8.
    pub heap_factor: usize,
    /// Heap that every message is granted. 1 MiB.
    pub min_heap: usize,
    /// Heap that no message is granted more of. 256 MiB.
    pub max_heap: usize,
    /// Whether a `string` that is not UTF-8 is read, with U+FFFD for what is wrong in it, and not refused: for peers and
    /// stores of languages whose strings are any bytes. What is read so is not what was written. False.
    pub lossy_text: bool,
    /// Whether bytes behind the end of a struct that is decoded are an error, in memory or in a frame, and not ignored. To
    /// know it, such a struct is walked before it is read. False.
    pub refuse_trailing: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame: 16 << 20,
            max_header: 64 << 10,
            max_header_entries: 1024,
            max_string: 16 << 20,
            max_container: 16 << 20,
            max_depth: 64,
            heap_factor: 8,
            min_heap: 1 << 20,
            max_heap: 256 << 20,
            lossy_text: false,
            refuse_trailing: false,
        }
    }
}

impl Limits {
    /// What a message of `frame` bytes may spend.
    pub fn budget(&self, frame: usize) -> Budget {
        let heap = frame.saturating_mul(self.heap_factor).max(self.min_heap).min(self.max_heap);
        Budget { left: heap, granted: heap }
    }

    /// With levels enough for a walk over what a reader counts anew where it skips.
    pub(crate) fn of_a_walk(&self) -> Self {
        Self { max_depth: self.max_depth.saturating_mul(2), ..self.clone() }
    }

    /// Errors if a frame of `len` bytes is too large.
    pub(crate) fn check_frame(&self, len: usize) -> Result<(), DecodeError> {
        if len > self.max_frame {
            return Err(DecodeError::limit("Limits::max_frame", len, self.max_frame));
        }
        Ok(())
    }
}

/// What one message may still spend on the heap. Charged before memory is taken.
#[derive(Debug, Clone)]
pub struct Budget {
    left: usize,
    granted: usize,
}

impl Budget {
    /// Takes `bytes` off the budget; errors if it does not hold them.
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.exceeded(bytes)),
        }
    }

    /// Takes `bytes` off the budget if it holds them.
    #[inline]
    pub(crate) fn charge_if_held(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Bytes that may still be charged.
    pub fn left(&self) -> usize {
        self.left
    }

    #[cold]
    fn exceeded(&self, bytes: usize) -> DecodeError {
        let spent = self.granted - self.left;
        DecodeError::limit(
            "heap budget: Limits::{heap_factor, min_heap, max_heap}",
            spent.saturating_add(bytes),
            self.granted,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_held_between_its_bounds() {
        let limits = Limits::default();
        assert_eq!(limits.budget(0).left(), 1 << 20);
        assert_eq!(limits.budget(1 << 20).left(), 8 << 20);
        assert_eq!(limits.budget(usize::MAX).left(), 256 << 20);
    }

    #[test]
    fn what_is_over_the_budget_is_refused_and_named() {
        let mut budget = Limits { min_heap: 10, heap_factor: 0, ..Limits::default() }.budget(0);
        budget.charge(6).unwrap();
        let error = budget.charge(5).unwrap_err();
        assert!(error.to_string().contains("11 is over the limit of 10"), "{error}");
        budget.charge(4).unwrap();
    }

    #[test]
    fn a_charge_that_no_number_can_hold_is_refused() {
        let mut budget = Limits::default().budget(0);
        budget.charge(1).unwrap();
        assert!(budget.charge(usize::MAX).is_err());
    }
}
