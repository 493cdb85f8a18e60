//! Choices taken from bytes: a shorter input, and smaller bytes, make a simpler value.

pub(super) struct Entropy<'a> {
    bytes: &'a [u8],
}

impl<'a> Entropy<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Entropy<'a> {
        Entropy { bytes }
    }

    /// The next byte; 0 behind the last.
    pub(super) fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u8) -> usize {
        usize::from(self.byte() % end)
    }

    /// A number of up to `bytes` bytes, which is an end of its range as often as anything else.
    pub(super) fn number(&mut self, bytes: u32) -> i64 {
        let least = i64::MIN >> (64 - 8 * bytes);
        match self.below(6) {
            0 => 0,
            1 => 1,
            2 => -1,
            3 => least,
            4 => -(least + 1),
            _ => {
                (0..bytes).fold(0, |number: i64, _| (number << 8) | i64::from(self.byte())) & !least
                    | (least & -i64::from(self.byte() & 1))
            }
        }
    }

    pub(super) fn text(&mut self) -> String {
        const LETTERS: [&str; 12] =
            ["a", "\"", "\\", "\0", "\n", "\u{1f}", "/", "é", "中", "😀", "\u{2028}", "text"];
        let mut text = String::new();
        for _ in 0..self.below(8) {
            text.push_str(LETTERS[self.below(12)]);
        }
        // Longer ones are held in another way.
        if self.below(8) == 7 { text.repeat(20) } else { text }
    }
}
